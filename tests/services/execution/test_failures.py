"""What an exception means, what is told of it, and words that a process does not take."""

import hashlib
import re

import pytest

from rossi.errors import DataError, NoGoodTime, RossiError
from services.contract import (
    FailureKind,
    ObservationResult,
    Outcome,
    StageResult,
)
from services.execution import entry
from services.execution import portion as portion_module
from services.execution.failures import failed, lost_observation
from services.execution.front_door import _error
from services.execution.request import Shard
from services.execution.vanished import stop_if_many, vanished_line
from services.storage import StoreError
from services.storage.memory import MemoryStore
from tests.services.fakes import FaultyStore, configured, use_fakes

OBSID = "20402-01-45-03"


def result(obsid: str = "a", kind: FailureKind | None = None, message: str = "") -> StageResult:
    outcome = Outcome.SUCCEEDED if kind is None else Outcome.FAILED
    return StageResult(stage="s", obsid=obsid, outcome=outcome, kind=kind, message=message)


@pytest.mark.parametrize(("vanished", "stops"), [(0, False), (29, False), (30, True)])
def test_how_many_may_vanish(vanished, stops):
    names = [f"o{n}" for n in range(vanished)]
    if not stops:
        stop_if_many(names, 100, 0.29, "/data")
        return
    with pytest.raises(StoreError, match=r"30 of 100 observations .*all of /data is mounted.*vanished, now 0.29,"):
        stop_if_many(names, 100, 0.29, "/data")


def test_what_an_exception_means():
    error = DataError("Bad.")
    error.add_note("one")
    error.add_note("two")
    made = failed("s", OBSID, error, source="src")
    assert (made.kind, made.code, made.message, made.detail, made.source) == (
        *(FailureKind.DATA, "bad_data", "Bad.", "one\ntwo", "src"),
    )
    assert failed("s", OBSID, ValueError("x")).message == "ValueError: x"


def test_what_vanished_is_named():
    assert vanished_line([]) == ""
    assert vanished_line(["a", "b"]) == "2 vanished from the archive, their last products are merged: a, b."


def test_a_failure_is_recorded_by_time_and_content(monkeypatch, caplog):
    use_fakes(monkeypatch)
    shard = Shard(
        number=0, obsids=(OBSID,), stages=configured(count={}, double={}), archive="a", store="s", prefix="/run/"
    )
    store = MemoryStore()
    lost = lost_observation(shard, OBSID, "Gone.", store)
    (stage,) = lost.stages
    assert (lost.outcome, stage.stage, stage.kind, stage.code) == (
        *(Outcome.FAILED, "count", FailureKind.RETRYABLE, "process_lost"),
    )
    (info,) = store.list()
    name = re.fullmatch(rf"run/{OBSID}/count/failures/(\d{{8}}T\d{{6}})-([0-9a-f]{{64}})\.json", info.key)
    content = store.get(info.key)
    assert hashlib.sha256(content).hexdigest() == name[2]
    assert StageResult.model_validate_json(content) == stage
    assert lost_observation(shard, OBSID, "Gone.") == lost and len(list(store.list())) == 1
    refusing = FaultyStore(store, lambda method, _: method == "put")
    assert lost_observation(shard, OBSID, "Gone.", refusing) == lost
    assert "the failure could not be recorded: the server broke off" in caplog.text


@pytest.mark.parametrize(
    ("kinds", "error"),
    [
        ([None, None], NoGoodTime),
        ([None, FailureKind.DATA], DataError),
        ([FailureKind.DATA, FailureKind.RETRYABLE], RossiError),
    ],
)
def test_why_nothing_could_be_reduced(kinds, error):
    outcomes = [Outcome.NO_WORK if kind is None else Outcome.FAILED for kind in kinds]
    stages = [
        StageResult(stage=name, obsid=OBSID, outcome=outcome, kind=kind, message=name)
        for name, outcome, kind in zip("ab", outcomes, kinds, strict=True)
    ]
    assert type(_error(ObservationResult.of(OBSID, stages))) is error


def test_words_of_a_process(monkeypatch, capsys):
    for name in ("ROSSI_RUN", "ROSSI_ATTEMPT"):
        monkeypatch.delenv(name, raising=False)
    needed = ["--store", "s", "--work", "w"]
    given = portion_module._parser("p", "what", "behind").parse_args(needed)
    assert (given.store, given.work, given.index, given.index_from, given.run, given.attempt) == (
        "s",
        "w",
        None,
        "",
        "by-hand",
        0,
    )
    monkeypatch.setenv("ROSSI_RUN", "job")
    monkeypatch.setenv("ROSSI_ATTEMPT", "2")
    given = portion_module._parser("p", "what", "behind").parse_args([*needed, "--index", "3"])
    assert (given.index, given.run, given.attempt) == (3, "job", 2)
    for words in (
        [*needed[:2]],
        [*needed[2:]],
        [*needed, "--ind", "3"],
        [*needed, "--index", "-1"],
        [*needed, "--attempt", "x"],
    ):
        with pytest.raises(SystemExit, match="2"):
            portion_module._parser("p", "what", "behind").parse_args(words)
    asked = entry._parser("count", "an example\n  in lines").parse_args([])
    assert (asked.request, asked.print_config) == ("", False)
    with pytest.raises(SystemExit, match="2"):
        entry._parser("count", "").parse_args(["--req", "x"])
    capsys.readouterr()
    with pytest.raises(SystemExit, match="0"):
        entry._parser("count", "an example\n  in lines").parse_args(["--help"])
    assert "  an example\n  in lines\n\nExit codes: 0 done" in capsys.readouterr().out
