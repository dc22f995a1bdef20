import pytest

from rossi.errors import ConfigError
from services import worker
from services.contract import Outcome, Shard
from tests.services.fakes import STAGES, make_archive


@pytest.fixture
def shard(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "load_stage", STAGES.__getitem__)
    archive = make_archive(
        tmp_path / "archive", o20402_01_45_03="banana", o20402_01_45_04="corrupt", o91401_02_03_00="ananas"
    )
    return Shard(
        number=1,
        obsids=("20402-01-45-03", "20402-01-45-04", "wrong", "99999-01-01-00", "91401-02-03-00"),
        stages={"count": {}, "double": {"factor": 3}},
        archive=str(archive),
        store=str(tmp_path / "store"),
        prefix="run",
    )


def test_every_observation_is_accounted_for(shard):
    told = []
    results = worker.run_shard(shard, told.append)
    assert [r.obsid for r in results] == list(shard.obsids)
    assert told == results
    assert [r.outcome for r in results] == ["succeeded", "failed", "failed", "failed", "succeeded"]
    assert [len(r.stages) for r in results] == [2, 1, 1, 1, 2]
    assert results[1].last.message == "pca/1.txt: the file is corrupt."


def test_again_does_only_what_failed(shard):
    worker.run_shard(shard)
    again = worker.run_shard(shard)
    assert [r.reused for r in again] == [True, False, False, False, True]


def test_other_settings_of_a_later_stage_repeat_only_that(shard):
    worker.run_shard(shard)
    changed = shard.model_copy(update={"stages": {"count": {}, "double": {"factor": 4}}})
    first = worker.run_shard(changed)[0]
    assert [stage.reused for stage in first.stages] == [True, False]


def test_no_work_ends_an_observation(shard):
    idle = shard.model_copy(update={"stages": {"count": {"ends": "no time"}, "double": {}}})
    result = worker.run_shard(idle)[0]
    assert (result.outcome, len(result.stages)) == (Outcome.NO_WORK, 1)


def test_unexpected_errors_stop_nothing(shard):
    broken = shard.model_copy(update={"stages": {"count": {"ends": "bug"}}})
    assert [r.outcome for r in worker.run_shard(broken)] == ["failed"] * 5


@pytest.mark.parametrize(
    "change",
    [
        {"stages": {"count": {"lettre": "a"}}},
        {"stages": {"count": {}, "double": {"factor": "two"}}},
        {"stages": {"count": {"ends": "bad config"}}},
        {"stages": {}},
        {"archive": "/nowhere"},
        {"store": "/dev/null/store"},
    ],
)
def test_what_no_observation_could_survive_stops_the_shard(shard, change):
    told = []
    with pytest.raises(ConfigError):
        worker.run_shard(shard.model_copy(update=change), told.append)
    assert told == []


@pytest.mark.parametrize("name", ["nonsense", "storage", "../x", "query"])
def test_unknown_stages(name):
    with pytest.raises(ConfigError, match=name):
        worker.load_stage(name)
