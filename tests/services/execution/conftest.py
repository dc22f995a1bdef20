"""A shard of fake stages, worked off with threads around the computing or without."""

import pytest

from services.execution import overlap
from services.execution.request import Shard
from tests.services.execution.shards import OBSIDS
from tests.services.fakes import configured, make_archive, use_fakes


@pytest.fixture(params=[True, False], ids=["near", "far"])
def near(request, monkeypatch):
    """Whether archive and store count as folders that answer at once."""
    monkeypatch.setattr(overlap, "is_near", lambda _: request.param)
    return request.param


@pytest.fixture
def shard(tmp_path, monkeypatch, near):
    use_fakes(monkeypatch)
    archive = make_archive(tmp_path / "archive", **{f"o{obsid.replace('-', '_')}": "banana" for obsid in OBSIDS})
    stages = configured(count={}, tally={}, double={}, treble={})
    return Shard(
        number=0, obsids=OBSIDS, stages=stages, archive=str(archive), store=str(tmp_path / "store"), prefix="r"
    )
