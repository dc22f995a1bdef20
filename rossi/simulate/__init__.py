"""Simulated archives: whole observation directories with known truth, for training, demonstrations and tests."""

from rossi.simulate.archive import simulate_archive
from rossi.simulate.calibration import BREAKDOWN_FILE, MODEL_FILE
from rossi.simulate.observation import simulate_observation
from rossi.simulate.spec import ObservationSpec, PcuOn
from rossi.simulate.truth import TrueObservation, Truth, true_observation

__all__ = [
    "BREAKDOWN_FILE",
    "MODEL_FILE",
    "ObservationSpec",
    "PcuOn",
    "TrueObservation",
    "Truth",
    "simulate_archive",
    "simulate_observation",
    "true_observation",
]
