"""What has changed is found without computing or writing anything."""

from dataclasses import replace
from pathlib import Path

import pytest

import services.storage.publication
from services.contract import FailureKind, ObservationResult, Outcome, StageResult
from services.execution.failures import record_failure
from services.execution.request import Shard
from services.execution.survey import Change, Standing, survey_observation, survey_shard
from services.execution.worker import run_observation
from services.storage import open_archive, open_store
from services.storage.publication import publish, read_manifest
from tests.services.fakes import COUNT, STAGES, FakeEngine, configured, make_archive, use_fakes

OBSID = "20402-01-45-03"


@pytest.fixture
def shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shard:
    """One chain of two stages over one observation."""
    use_fakes(monkeypatch)
    make_archive(tmp_path / "archive", o20402_01_45_03="banana")
    places = {"archive": str(tmp_path / "archive"), "store": str(tmp_path / "store"), "prefix": "run/1"}
    return Shard(number=0, obsids=(OBSID,), stages={"count": {}, "double": {}}, **places)


def run(shard: Shard, obsid: str = OBSID) -> ObservationResult:
    return run_observation(obsid, shard, archive=open_archive(shard.archive), store=open_store(shard.store))


def survey(shard: Shard, obsid: str = OBSID) -> Standing:
    before = sorted(Path(shard.store).rglob("*"))
    standing = survey_observation(obsid, shard, archive=open_archive(shard.archive), store=open_store(shard.store))
    assert sorted(Path(shard.store).rglob("*")) == before
    return standing


def with_stages(shard: Shard, **stages: dict[str, object]) -> Shard:
    return shard.model_copy(update={"stages": configured(**stages)})


def test_new(shard: Shard) -> None:
    assert survey(shard) == Standing(obsid=OBSID, changes=(Change.NEW,))


def test_done(shard: Shard) -> None:
    done = run(shard)
    standing = survey(shard)
    assert standing.changes == ()
    again = run(shard)
    assert again.reused
    assert standing.result == again.model_copy(
        update={
            "stages": tuple(
                s.model_copy(update={"seconds": t.seconds})
                for s, t in zip(again.stages, standing.result.stages, strict=True)
            )
        }
    )
    assert done.outcome is Outcome.SUCCEEDED


def test_no_work_is_done(shard: Shard) -> None:
    idle = with_stages(shard, count={"ends": "no time"}, double={})
    assert run(idle).outcome is Outcome.NO_WORK
    assert survey(idle).changes == ()
    assert survey(idle).result.outcome is Outcome.NO_WORK


def test_new_configuration_of_the_last_stage(shard: Shard) -> None:
    run(shard)
    other = with_stages(shard, count={}, double={"factor": 3})
    assert survey(other).changes == (Change.CONFIGURATION,)


def test_new_data(shard: Shard) -> None:
    run(shard)
    (path,) = Path(shard.archive).rglob("1.txt")
    path.write_text("bananas")
    assert survey(shard).changes == (Change.DATA,)


@pytest.mark.parametrize("version", ["99", ""])
def test_another_version(shard: Shard, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    run(shard)
    other = {**services.storage.publication.versions(), "rossi": version}
    for module in ("services.storage.publication", "services.execution.survey"):
        monkeypatch.setattr(f"{module}.versions", lambda: other)
    assert survey(shard).changes == (Change.VERSION,)


def test_new_data_and_another_version(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    run(shard)
    (path,) = Path(shard.archive).rglob("1.txt")
    path.write_text("bananas")
    other = {**services.storage.publication.versions(), "rossi": "99"}
    monkeypatch.setattr("services.execution.survey.versions", lambda: other)
    assert survey(shard).changes == (Change.DATA, Change.VERSION)


def test_only_the_newest_products_are_compared_with(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(shard.store)
    newest = read_manifest(store, run(shard).stages[0].manifest)
    older = {"created": "2020-01-01T00:00:00+00:00", "fingerprint": "f" * 64, "inputs": (), "seal": ""}
    publish(store, f"{shard.prefix}/{OBSID}/count/{'f' * 64}", newest.model_copy(update=older), {})
    other = {**services.storage.publication.versions(), "rossi": "99"}
    for module in ("services.storage.publication", "services.execution.survey"):
        monkeypatch.setattr(f"{module}.versions", lambda: other)
    monkeypatch.setitem(STAGES, "count", replace(COUNT, version=2))
    assert survey(shard).changes == (Change.VERSION,)


def test_another_version_of_a_stage(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    run(shard)
    monkeypatch.setitem(STAGES, "count", replace(COUNT, version=2))
    assert survey(shard).changes == (Change.VERSION,)


def test_engine_of_another_version(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeEngine, "versions", lambda *_: {"heasoft": "6.35"})
    run(shard)
    assert survey(shard).changes == ()
    monkeypatch.setattr(FakeEngine, "versions", lambda *_: {"heasoft": "6.36"})
    assert survey(shard).changes == (Change.VERSION,)


def test_failure_with_nothing_changed_since(shard: Shard) -> None:
    bad = with_stages(shard, count={"ends": "bad data"}, double={})
    failed = run(bad)
    standing = survey(bad)
    assert standing.changes == (Change.FAILED,)
    assert standing.kind is FailureKind.DATA
    assert standing.result.message == failed.message


def test_a_failure_of_other_work_does_not_count(shard: Shard) -> None:
    manifest = run(shard).stages[0]
    other = manifest.model_copy(update={"outcome": Outcome.FAILED, "kind": FailureKind.DATA, "fingerprint": "f" * 64})
    record_failure(open_store(shard.store), shard.prefix, other)
    (path,) = Path(shard.archive).rglob("1.txt")
    path.write_text("bananas")
    assert survey(shard).changes == (Change.DATA,)


def test_failure_that_may_go_away(shard: Shard) -> None:
    bug = with_stages(shard, count={"ends": "bug"}, double={})
    run(bug)
    assert survey(bug).kind is FailureKind.RETRYABLE


def test_failure_with_mended_data(shard: Shard) -> None:
    (path,) = Path(shard.archive).rglob("1.txt")
    path.write_text("corrupt")
    run(shard)
    assert survey(shard).changes == (Change.FAILED,)
    path.write_text("banana")
    assert survey(shard).changes == (Change.SINCE_FAILURE,)
    assert survey(shard).result is None


@pytest.mark.parametrize("obsid", ["20402-01-45-99", "20402-1"])
def test_what_is_not_in_the_archive(shard: Shard, obsid: str) -> None:
    assert survey(shard, obsid).changes == (Change.NEW,)
    failed = run(shard, obsid)
    standing = survey(shard, obsid)
    assert standing.changes == (Change.FAILED,)
    assert standing.result.message == failed.message
    assert standing.kind is FailureKind.DATA


@pytest.mark.parametrize("code", ["aaa", "zzz"])
def test_an_observation_that_failed_otherwise_before(shard: Shard, code: str) -> None:
    absent = "20402-01-45-99"
    before = StageResult(
        stage="count", obsid=absent, outcome=Outcome.FAILED, kind=FailureKind.DATA, code=code, message="x"
    )
    record_failure(open_store(shard.store), shard.prefix, before)
    assert survey(shard, absent).changes == (Change.NEW,)


def test_a_name_that_can_not_be_a_key_leaves_no_record(shard: Shard) -> None:
    assert run(shard, "no such thing").outcome is Outcome.FAILED
    assert survey(shard, "no such thing").changes == (Change.NEW,)


def test_all_observations_of_a_shard(shard: Shard) -> None:
    run(shard)
    both, told = shard.model_copy(update={"obsids": (OBSID, "20402-01-45-99")}), list[Standing]()
    standings = survey_shard(both, told.append)
    assert [(one.obsid, one.changes) for one in standings] == [(OBSID, ()), ("20402-01-45-99", (Change.NEW,))]
    assert told == standings == survey_shard(both)
