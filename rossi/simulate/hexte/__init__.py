"""The HEXTE files of a simulated observation, and the calibration files that belong to them."""

from rossi.simulate.hexte.calibration import (
    AREA_FILES,
    BACKEST_FILE,
    COLLIMATOR_FILES,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    EARLY_AREA_FILE,
    MATRIX_FILES,
    hexte_calibration_files,
)
from rossi.simulate.hexte.observation import hexte_files
from rossi.simulate.hexte.truth import ClusterRates, TrueCluster, true_clusters

__all__ = [
    "AREA_FILES",
    "BACKEST_FILE",
    "COLLIMATOR_FILES",
    "DEAD_TIME_FILE_A",
    "DEAD_TIME_FILE_B",
    "EARLY_AREA_FILE",
    "MATRIX_FILES",
    "ClusterRates",
    "TrueCluster",
    "hexte_calibration_files",
    "hexte_files",
    "true_clusters",
]
