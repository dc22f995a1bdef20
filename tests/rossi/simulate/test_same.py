"""The same seed gives the same plans and calibration and fast data: see `test_same_observations`."""

from __future__ import annotations

import json

import pytest

from tests.rossi.simulate.contents import CASES, HEXTE, KNOWN, OBSERVATIONS, differences


@pytest.mark.parametrize("case", [case for case in CASES if case not in OBSERVATIONS | HEXTE])
def test_what_is_simulated_is_what_it_was(case: str) -> None:
    """Where it shall be another, `tests.rossi.simulate.contents` says how that is made known."""
    assert differences(CASES[case](), json.loads(KNOWN.read_text())[case]) == []
