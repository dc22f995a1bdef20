"""Selecting the events of some detectors, as the recorded calls do it."""

import numpy as np
import pytest

from services.engines.heasoft.hexte_extract import detector_patterns
from tests.rossi.hexte.synthetic import events


@pytest.mark.parametrize(
    ("mask", "detectors", "patterns"),
    [
        ("0F", (0, 1, 3), [f"bxxx{bits}{'x' * 27}" for bits in ("00", "01", "11")]),
        ("1F", (2,), [f"b{'x' * 11}10{'x' * 27}"]),
    ],
)
def test_patterns_of_detectors(mask, detectors, patterns):
    table = events(np.arange(4.0), np.zeros(4), np.ones(4), np.zeros(4, int), mask=mask).table(hdu=1)
    assert detector_patterns(table, detectors) == patterns
