"""The heasoft engine: NASA's own tasks through heasoftpy, each call in a sandbox of its own."""

from services.engines.heasoft.hexte_back import hexte_back
from services.engines.heasoft.hexte_dead import hexte_dead
from services.engines.heasoft.pca_extract import pca_extract
from services.engines.heasoft.pca_prep import pca_prep
from services.engines.heasoft.preflight import installed


def versions(stage: str) -> dict[str, str]:
    """Return the versions of HEASoft and heasoftpy; raises a `ConfigError` where something is missing for a stage."""
    return installed(stage).versions


__all__ = ["hexte_back", "hexte_dead", "pca_extract", "pca_prep", "versions"]
