"""The native engine: rossi's own numbers, in memory from end to end."""

from services.engines.native.hexte_back import hexte_back
from services.engines.native.hexte_dead import hexte_dead
from services.engines.native.pca_extract import pca_extract
from services.engines.native.pca_prep import pca_prep

__all__ = ["hexte_back", "hexte_dead", "pca_extract", "pca_prep"]
