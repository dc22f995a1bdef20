"""What is kept of runs: the last of each item, plans, and parts that end, are stopped and are taken up."""

import re
from types import SimpleNamespace

import pytest

from services.contract import (
    ExitCode,
    FailureKind,
    Outcome,
    StageResult,
)
from services.execution.ledger import Ledger, is_final, list_key, put_list, read_plan
from services.execution.portion import Portion, _number, work_off_portion
from services.storage.memory import MemoryStore


def result(obsid: str = "a", kind: FailureKind | None = None, message: str = "") -> StageResult:
    outcome = Outcome.SUCCEEDED if kind is None else Outcome.FAILED
    return StageResult(stage="s", obsid=obsid, outcome=outcome, kind=kind, message=message)


def ledger(store: MemoryStore) -> Ledger[StageResult]:
    return Ledger(store, "w", "job", 7, StageResult)


def test_the_last_that_is_known_of_each_item():
    store = MemoryStore()
    written = ledger(store)
    lost, again = result("0", FailureKind.RETRYABLE, "lost"), result("0", FailureKind.RETRYABLE, "again")
    written.keep(0, 0, lost, final=False)
    written.keep(0, 2, again, final=False)
    written.keep(1, 0, lost, final=False)
    written.keep(1, 1, result("1"), final=True)
    written.keep(12, 0, result("12"), final=True)
    assert sorted(info.key for info in store.list()) == [
        *("w/runs/job/00007/done/00001.json", "w/runs/job/00007/done/00012.json"),
        *("w/runs/job/00007/tried/000/00000.json", "w/runs/job/00007/tried/000/00001.json"),
        "w/runs/job/00007/tried/002/00000.json",
    ]
    known = ledger(store)
    assert known.results(2) == [None, None]  # nobody has looked
    known.look()
    assert known.results(13) == [again, result("1"), *[None] * 10, result("12")]
    assert (known.done(0), known.done(1), known.done(2)) == (None, result("1"), None)
    known.close([result("x"), result("y")])
    known.look()
    assert known.results(2) == known.whole() == [result("x"), result("y")]


def test_an_item_that_killed_its_process():
    """Attempts after the first say what they begin; one that was begun and has not ended took its process along."""
    store = MemoryStore()
    written = ledger(store)
    written.begin(3, 0)
    assert list(store.list()) == []
    written.begin(3, 1)
    written.begin(4, 1)
    written.keep(4, 1, result("4", FailureKind.RETRYABLE), final=False)
    written.look()
    assert [[written.killed_its_process(position, n) for n in (0, 1, 2, 3)] for position in (3, 4, 5)] == [
        [False, False, True, True],
        [False] * 4,
        [False] * 4,
    ]


def test_results_that_nobody_tries_again():
    kinds = (None, FailureKind.DATA, FailureKind.CONFIG, FailureKind.RETRYABLE)
    assert [is_final(result(kind=kind)) for kind in kinds] == [True, True, True, False]
    no_work = result().model_copy(update={"outcome": Outcome.NO_WORK})
    assert is_final(no_work)


def test_a_list_follows_from_its_content():
    store = MemoryStore()
    keys = {list_key(prefix, content) for prefix in ("", "/run/1/") for content in (b"a", b"b")}
    assert len(keys) == 4
    assert all(re.fullmatch(r"(run/1/)?campaigns/[0-9a-f]{32}", key) for key in keys)
    made = []
    for _ in range(2):
        put_list(store, "w", [("x", "y"), ("z",)], [("w/a", lambda: made.append(1) or b"1"), ("w/b", lambda: b"2")])
    assert (made, store.get("w/a"), store.get("w/b")) == ([1], b"1", b"2")
    assert read_plan(store, "w").names == (("x", "y"), ("z",))


def portion(ends: list[StageResult], ran: list[int], stop: list[int] = ()) -> Portion[StageResult]:
    def run(position: int) -> StageResult:
        ran.append(position)
        return ends[position]

    names = tuple(f"item {n}" for n in range(len(ends)))
    return Portion(7, names, run, lambda position: result(str(position), FailureKind.DATA, "killed"), "item", "part")


@pytest.mark.parametrize(
    ("kinds", "code", "closed"),
    [
        ([None, None], ExitCode.OK, True),
        ([None, FailureKind.DATA], ExitCode.DATA_ERROR, True),
        ([FailureKind.DATA, FailureKind.RETRYABLE], ExitCode.RETRYABLE, False),
    ],
)
def test_how_a_part_ends(kinds, code, closed, caplog):
    caplog.set_level("INFO")
    store, ran = MemoryStore(), []
    ends = [result(str(n), kind, f"why {n}" if kind else "") for n, kind in enumerate(kinds)]
    assert work_off_portion(portion(ends, ran), ledger(store)) == code
    assert ran == [0, 1]
    assert (ledger(store).whole() == ends) is closed
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0] == "item 0: item 1 of 2" and messages[1] == "item 1: item 2 of 2"
    assert [f"item {n}: why {n}" for n, kind in enumerate(kinds) if kind] == messages[2:-1]
    failures, undone = sum(map(bool, kinds)), kinds.count(FailureKind.RETRYABLE)
    assert messages[-1] == f"part 7, attempt 0: 2 items, {failures} failed, {undone} to be tried again"


def test_a_part_that_is_stopped_and_taken_up():
    store, ran = MemoryStore(), []
    ends = [result(str(n)) for n in range(3)]
    stop = SimpleNamespace(asked=False)
    first = portion(ends, ran)

    def run(position: int) -> StageResult:
        stop.asked = position == 1
        return first.run(position)

    stopped = Portion(7, first.names, run, first.lost)
    assert work_off_portion(stopped, ledger(store), 0, stop) == ExitCode.RETRYABLE
    assert (ran, ledger(store).whole()) == ([0, 1], None)
    written = ledger(store)
    written.begin(2, 1)
    assert work_off_portion(first, ledger(store), 2) == ExitCode.DATA_ERROR  # it killed the process of attempt 1
    assert ran == [0, 1]
    assert [one.message for one in ledger(store).whole()] == ["", "", "killed"]


def test_the_number_of_a_part(monkeypatch):
    monkeypatch.setenv("PART", "4")
    assert (_number(3, "PART"), _number(0, ""), _number(None, "PART")) == (3, 0, 4)
    for variable, words in (("", "Say which shard"), ("NONE", "NONE is ''")):
        with pytest.raises(Exception, match=words):
            _number(None, variable)
