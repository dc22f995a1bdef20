"""The native engine: rossi's own numbers, in memory from end to end."""

from services.engines.native.pca import pca_extract, pca_prep

__all__ = ["pca_extract", "pca_prep"]
