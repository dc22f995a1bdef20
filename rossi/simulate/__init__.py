"""Simulated archives: whole observation directories with known truth, for training, demonstrations and tests."""

from rossi.simulate.archive import simulate_archive
from rossi.simulate.calibration import BREAKDOWN_FILE, MODEL_FILE
from rossi.simulate.hexte import BACKEST_FILE, DEAD_TIME_FILE_A, DEAD_TIME_FILE_B, TrueCluster
from rossi.simulate.observation import simulate_observation
from rossi.simulate.signals import Burst, Configurations, FastSpec, Pulse, Qpo
from rossi.simulate.spec import ObservationSpec, PcuOn
from rossi.simulate.truth import TrueObservation, Truth, true_observation

__all__ = [
    "BACKEST_FILE",
    "BREAKDOWN_FILE",
    "DEAD_TIME_FILE_A",
    "DEAD_TIME_FILE_B",
    "MODEL_FILE",
    "Burst",
    "Configurations",
    "FastSpec",
    "ObservationSpec",
    "PcuOn",
    "Pulse",
    "Qpo",
    "TrueCluster",
    "TrueObservation",
    "Truth",
    "simulate_archive",
    "simulate_observation",
    "true_observation",
]
