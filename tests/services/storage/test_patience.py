"""An archive or a store that is away holds the work up instead of failing it."""

import itertools

import pytest

from services.contract import FailureKind, Outcome
from services.execution import worker
from services.execution.request import Shard
from services.execution.survey import survey_shard
from services.storage import StoreError, open_archive, open_store, patience
from services.storage.patience import Away, patiently
from tests.services.fakes import make_archive, use_fakes

OBSIDS = ("20402-01-45-03", "91401-02-03-00", "91401-02-03-01")


class AwayPlace:
    """An archive or a store that does not answer from one request to another; it counts what it is asked."""

    def __init__(self, place, first=0, back=0):
        self.place, self.first, self.back, self.asked = place, first, back, 0

    def __getattr__(self, name):
        function = getattr(self.place, name)

        def ask(*args):
            self.asked += 1
            if self.first <= self.asked < self.back:
                raise StoreError(f"nobody answers to {name}")
            return function(*args)

        return ask


@pytest.fixture
def pauses(monkeypatch):
    """How long it was waited, without waiting."""
    found = []
    monkeypatch.setattr(patience.time, "sleep", found.append)
    return found


@pytest.fixture
def shard(tmp_path, monkeypatch):
    use_fakes(monkeypatch)
    archive = make_archive(tmp_path / "archive", **{f"o{o.replace('-', '_')}": "banana" for o in OBSIDS})
    return Shard(number=1, obsids=OBSIDS, stages={"count": {}}, archive=str(archive), store=str(tmp_path / "store"))


def opened(monkeypatch, shard, **away):
    places = {"archive": open_archive(shard.archive), "store": open_store(shard.store)}
    places |= {name: AwayPlace(places[name], *when) for name, when in away.items()}
    monkeypatch.setattr(worker, "open_places", lambda _: (places["archive"], places["store"]))
    return places


@pytest.mark.parametrize("place", ["archive", "store"])
def test_work_waits_and_then_goes_on(shard, monkeypatch, pauses, place):
    opened(monkeypatch, shard, **{place: (4, 30)})
    told = []
    results = worker.run_shard(shard, on_pause=told.append)
    assert [result.outcome for result in results] == [Outcome.SUCCEEDED] * 3
    assert pauses
    assert pauses == [min(5.0 * 2**n, 60.0) for n in range(len(pauses))]
    assert [pause.seconds for pause in told] == pauses
    assert "as something is away: nobody answers" in str(told[0])


def test_what_stays_away_ends_the_shard(shard, monkeypatch, pauses):
    opened(monkeypatch, shard, store=(4, 10**9))
    with pytest.raises(Away, match=r"nobody answers .* It was waited for \d+ min; what is done is kept"):
        worker.run_shard(shard)
    assert patience.PATIENCE <= sum(pauses) < patience.PATIENCE + 61


def test_a_failure_of_one_observation_is_not_waited_for(shard, monkeypatch, pauses):
    archive = opened(monkeypatch, shard)["archive"]

    def broken(files, contents=None):
        raise StoreError("the transfer broke off")

    monkeypatch.setattr(archive, "identify", broken)
    results = worker.run_shard(shard)
    assert [result.last.kind for result in results] == [FailureKind.RETRYABLE] * 3
    assert pauses == []


def test_an_archive_that_is_unmounted_for_a_while(shard, monkeypatch, tmp_path):
    (tmp_path / "archive").rename(tmp_path / "elsewhere")
    archive = tmp_path / "archive"
    archive.symlink_to(tmp_path / "elsewhere")
    opened(monkeypatch, shard)
    archive.unlink()
    monkeypatch.setattr(patience.time, "sleep", lambda _: archive.symlink_to(tmp_path / "elsewhere"))
    told = []
    results = worker.run_shard(shard, on_pause=told.append)
    assert [result.outcome for result in results] == [Outcome.SUCCEEDED] * 3
    assert "the archive is away" in str(told[0])


def test_looking_for_changes_waits_too(shard, monkeypatch, pauses):
    store = AwayPlace(open_store(shard.store), 2, 6)
    monkeypatch.setattr("services.execution.survey.open_store", lambda _: store)
    monkeypatch.setattr("services.execution.survey.open_archive", lambda *_: open_archive(shard.archive))
    assert len(survey_shard(shard)) == 3
    assert pauses


def test_other_errors_are_not_waited_for(tmp_path, pauses):
    def work():
        raise StoreError("no")

    with pytest.raises(StoreError, match="no"):
        patiently(work, None, open_store(str(tmp_path)))
    assert pauses == []


def test_the_time_that_looking_takes_counts(tmp_path, pauses, monkeypatch):
    monkeypatch.setattr(patience.time, "monotonic", itertools.count(1.0, 900.0).__next__)
    store = AwayPlace(open_store(str(tmp_path)), 0, 10**9)
    with pytest.raises(Away, match="nobody answers"):
        patiently(lambda: store.head("x"), None, store)
    assert sum(pauses) < 100
