"""Outcomes grouped by what went wrong: sentences don't count."""

from services.contract import FailureKind, ObservationResult, Outcome, StageResult
from services.contract.reasons import Reasons


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
    results = [*done, other, *cut, result("1", Outcome.NO_WORK, "night", "no_good_time")]
    halves = Reasons(results[:6])
    halves.extend(Reasons(results[6:]))
    groups = Reasons(results).groups
    assert halves.groups == groups
    assert [(group.outcome, group.stage, group.code, group.kind, len(group.obsids)) for group in groups] == [
        (Outcome.FAILED, "prep", "damaged_file", FailureKind.DATA, 4),
        (Outcome.FAILED, "prep", "missing_input", FailureKind.DATA, 1),
        (Outcome.NO_WORK, "prep", "no_good_time", None, 1),
        (Outcome.SUCCEEDED, "", "", None, 5),
    ]
    assert [group.text for group in groups] == [
        "0: cut after 0 bytes. (2 other messages)",
        "0: cut after 0 bytes.",
        "night",
        "",
    ]
