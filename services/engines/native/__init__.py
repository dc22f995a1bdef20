"""The native engine: rossi's own numbers, in memory from end to end."""

from services.engines.native.pca_extract import pca_extract
from services.engines.native.pca_prep import pca_prep

__all__ = ["pca_extract", "pca_prep"]
