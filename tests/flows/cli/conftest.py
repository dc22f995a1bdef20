"""The command; campaigns of these tests are told to a server that runs already, so none is started."""

from __future__ import annotations

import pytest

from tests.flows.support import Rossi


@pytest.fixture
def rossi(plain: Rossi) -> Rossi:
    """The command, in a folder with a configuration for the archive."""
    return plain
