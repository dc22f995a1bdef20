"""Outcomes grouped by what went wrong: sentences don't count."""

from services.contract import FailureKind, ObservationResult, Outcome, StageResult
from services.contract.reasons import Reason, by_reason


def result(obsid: str, outcome: Outcome, message: str = "", code: str = "") -> ObservationResult:
    kind = FailureKind.DATA if outcome is Outcome.FAILED else None
    stage = StageResult(stage="prep", obsid=obsid, outcome=outcome, kind=kind, code=code, message=message)
    return ObservationResult(obsid=obsid, outcome=outcome, stages=(stage,))


def test_groups() -> None:
    cut = [
        result(f"20402-01-0{n}-00", Outcome.FAILED, f"{n}: cut after {n} bytes.", "damaged_file") for n in (0, 1, 1, 2)
    ]
    other = result("20402-01-09-00", Outcome.FAILED, "0: cut after 0 bytes.", "missing_input")
    done = [result(f"20402-02-0{n}-00", Outcome.SUCCEEDED) for n in range(5)]
    groups = by_reason([*done, other, *cut, result("1", Outcome.NO_WORK, "night", "no_good_time")])
    assert [(group.reason, len(group.obsids), group.kind) for group in groups] == [
        (Reason(Outcome.FAILED, "prep", "damaged_file"), 4, FailureKind.DATA),
        (Reason(Outcome.FAILED, "prep", "missing_input"), 1, FailureKind.DATA),
        (Reason(Outcome.NO_WORK, "prep", "no_good_time"), 1, None),
        (Reason(Outcome.SUCCEEDED), 5, None),
    ]
    assert [group.text for group in groups] == [
        "0: cut after 0 bytes. (2 other messages)",
        "0: cut after 0 bytes.",
        "night",
        "",
    ]
