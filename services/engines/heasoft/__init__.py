"""The heasoft engine: NASA's own tasks through heasoftpy, each call in a sandbox of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from services.contract import Inputs, Outputs
from services.engines.heasoft.hexte_back import hexte_back
from services.engines.heasoft.hexte_dead import hexte_dead
from services.engines.heasoft.pca_extract import pca_extract
from services.engines.heasoft.pca_fast import pca_fast
from services.engines.heasoft.pca_prep import pca_prep
from services.engines.native.hexte_validate import hexte_validate
from services.engines.native.pca_validate import pca_validate

STAGES: Mapping[str, Callable[[Any, Inputs], Outputs]] = {
    "pca_prep": pca_prep,
    "pca_extract": pca_extract,
    "pca_fast": pca_fast,
    "pca_validate": pca_validate,
    "hexte_back": hexte_back,
    "hexte_dead": hexte_dead,
    "hexte_validate": hexte_validate,
}
