"""The same seed gives the same data of HEXTE: see `test_same_observations`."""

from __future__ import annotations

import json

import pytest

from tests.rossi.simulate.contents import CASES, HEXTE, KNOWN, differences


@pytest.mark.parametrize("case", HEXTE)
def test_what_clusters_count_is_what_it_was(case: str) -> None:
    """Where it shall be another, `tests.rossi.simulate.contents` says how that is made known."""
    assert differences(CASES[case](), json.loads(KNOWN.read_text())[case]) == []
