"""Simulated archives: whole observation directories with known truth, for training, demonstrations and tests."""

from rossi.simulate.archive import simulate_archive
from rossi.simulate.calibration import BREAKDOWN_FILE, MODEL_FILE, PCA_COLLIMATOR_FILES
from rossi.simulate.hexte import (
    AREA_FILES,
    BACKEST_FILE,
    COLLIMATOR_FILES,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    EARLY_AREA_FILE,
    MATRIX_FILES,
    TrueCluster,
)
from rossi.simulate.observation import simulate_observation
from rossi.simulate.signals import Burst, Configurations, FastSpec, Pulse, Qpo
from rossi.simulate.spec import ObservationSpec, PcuOn
from rossi.simulate.spectrum import SourceSpectrum, crab
from rossi.simulate.truth import TrueObservation, Truth, true_observation

__all__ = [
    "AREA_FILES",
    "BACKEST_FILE",
    "BREAKDOWN_FILE",
    "COLLIMATOR_FILES",
    "DEAD_TIME_FILE_A",
    "DEAD_TIME_FILE_B",
    "EARLY_AREA_FILE",
    "MATRIX_FILES",
    "MODEL_FILE",
    "PCA_COLLIMATOR_FILES",
    "Burst",
    "Configurations",
    "FastSpec",
    "ObservationSpec",
    "PcuOn",
    "Pulse",
    "Qpo",
    "SourceSpectrum",
    "TrueCluster",
    "TrueObservation",
    "Truth",
    "crab",
    "simulate_archive",
    "simulate_observation",
    "true_observation",
]
