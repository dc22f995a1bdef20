"""The same seed gives the same observations, today and in later versions, on every machine."""

from __future__ import annotations

import json

import pytest

from tests.rossi.simulate.contents import CASES, KNOWN, OBSERVATIONS, differences


@pytest.mark.parametrize("case", OBSERVATIONS)
def test_an_observation_is_what_it_was(case: str) -> None:
    """Where it shall be another, `tests.rossi.simulate.contents` says how that is made known."""
    assert differences(CASES[case](), json.loads(KNOWN.read_text())[case]) == []
