"""A machine for all files here that look at one; `tests.conftest` gives them to one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LONG
from tests.flows.machine import Up, machine
from tests.flows.support import Archive


@pytest.fixture(scope="session")
def up(archive: Archive, prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A machine on which everything was started; in the long form with a database that it has to make first."""
    made = None if LONG else prefect_database
    with machine(archive, tmp_path_factory.mktemp("machine"), database=made) as started:
        yield started
