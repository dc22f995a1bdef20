"""The native engine: rossi's own numbers, in memory from end to end."""

from collections.abc import Callable, Mapping
from typing import Any

from services.contract import Inputs, Outputs
from services.engines.native.hexte_back import hexte_back
from services.engines.native.hexte_dead import hexte_dead
from services.engines.native.pca_extract import pca_extract
from services.engines.native.pca_fast import pca_fast
from services.engines.native.pca_prep import pca_prep
from services.engines.native.validation import hexte_validate, pca_validate

STAGES: Mapping[str, Callable[[Any, Inputs], Outputs]] = {
    "pca_prep": pca_prep,
    "pca_extract": pca_extract,
    "pca_fast": pca_fast,
    "pca_validate": pca_validate,
    "hexte_back": hexte_back,
    "hexte_dead": hexte_dead,
    "hexte_validate": hexte_validate,
}
