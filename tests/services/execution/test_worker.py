import pytest

from rossi.errors import ConfigError
from services.contract import FailureKind, ObservationResult, Outcome, StageResult
from services.contract.configuration import validate
from services.execution import worker
from services.execution.request import Shard
from services.execution.stages import load_stage
from tests.services.fakes import configured, make_archive, use_fakes


@pytest.fixture
def shard(tmp_path, monkeypatch):
    use_fakes(monkeypatch)
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
    changed = shard.model_copy(update={"stages": configured(count={}, double={"factor": 4})})
    first = worker.run_shard(changed)[0]
    assert [stage.reused for stage in first.stages] == [True, False]


def test_no_work_ends_an_observation(shard):
    idle = shard.model_copy(update={"stages": configured(count={"ends": "no time"}, double={})})
    result = worker.run_shard(idle)[0]
    assert (result.outcome, len(result.stages)) == (Outcome.NO_WORK, 1)


BOTH = {"count": {}, "tally": {}, "double": {}, "treble": {}}


@pytest.mark.parametrize(
    ("first", "second", "outcome", "ran", "ends"),
    [
        ("well", "well", "succeeded", ["count", "tally", "double", "treble"], ["double", "treble"]),
        ("bad data", "well", "failed", ["count", "tally", "treble"], ["count", "treble"]),
        ("well", "bug", "failed", ["count", "tally", "double"], ["tally", "double"]),
        ("no time", "well", "succeeded", ["count", "tally", "treble"], ["count", "treble"]),
        ("no time", "bad data", "failed", ["count", "tally"], ["count", "tally"]),
        ("no time", "no time", "no_work", ["count", "tally"], ["count", "tally"]),
    ],
)
def test_one_instrument_goes_on_without_the_other(shard, first, second, outcome, ran, ends):
    stages = {**BOTH, "count": {"ends": first}, "tally": {"ends": second}}
    both = shard.model_copy(update={"stages": configured(**stages), "obsids": shard.obsids[:1]})
    (result,) = worker.run_shard(both)
    assert result.outcome == outcome
    assert [s.stage for s in result.stages] == ran
    assert [s.stage for s in result.ends] == ends
    assert result.last.outcome == outcome
    said = {"no time, no time": "count, tally: "}.get(f"{first}, {second}")
    for name, how in (("count", first), ("tally", second)):
        assert ((said or f"{name}: ") in result.message) == (how != "well")
    (again,) = worker.run_shard(both)
    assert again.reused == (outcome != "failed")


def test_a_stage_whose_upstream_is_not_in_the_shard_stops_everything(shard):
    with pytest.raises(ConfigError, match="Stage treble reads from stage tally"):
        worker.run_shard(shard.model_copy(update={"stages": configured(count={}, treble={})}))


def test_a_wrong_setting_of_one_instrument_stops_everything(shard):
    with pytest.raises(ConfigError, match="Letter 'a'"):
        worker.run_shard(shard.model_copy(update={"stages": configured(**{**BOTH, "tally": {"ends": "bad config"}})}))


def test_a_failure_that_no_chain_ends_with_is_one_all_the_same():
    stages = [
        StageResult(stage="count", obsid="x", outcome=Outcome.FAILED, kind=FailureKind.DATA, message="gone"),
        StageResult(stage="double", obsid="x", outcome=Outcome.SUCCEEDED, reads=("count",)),
    ]
    result = ObservationResult.of("x", stages)
    assert (result.outcome, result.last.stage, result.message) == (Outcome.FAILED, "count", "count: gone")


def test_unexpected_errors_stop_nothing(shard):
    broken = shard.model_copy(update={"stages": configured(count={"ends": "bug"})})
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
        worker.run_shard(validate(Shard, shard.model_dump() | change, "shard"), told.append)
    assert told == []


@pytest.mark.parametrize("name", ["nonsense", "storage", "../x", "query"])
def test_unknown_stages(name):
    with pytest.raises(ConfigError, match=name):
        load_stage(name)
