"""Golden files of fast timing."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def timing_golden() -> Path:
    """The part that the project ships."""
    return Path(__file__).parents[2] / "golden" / "timing"


@pytest.fixture(scope="session")
def timing_shared(shared) -> Path:
    """All of them."""
    return shared / "data" / "golden" / "timing"
