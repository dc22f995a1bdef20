"""Failures grouped by reason: what differs from observation to observation does not split a group."""

import pytest

from services.contract import FailureKind, ObservationResult, Outcome, StageResult
from services.contract.reasons import by_reason, plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AO2/P20402/20402-01-45-03/ is not in the archive.", "AO3/P30188/30188-06-01-00S/ is not in the archive."),
        ("pca/FS4a_6f06220-6f066d0.gz: gzip ends after 512 bytes.", "pca/FS4a_8f0d180.gz: gzip ends after 77 bytes."),
        ("All 12 rows are outside.", "All 9 rows are outside."),
        ("ReadTimeout: s3://b/k/1 after 60.5 s", "ReadTimeout: s3://b/k/2 after 1e2 s"),
    ],
)
def test_same_reason(one: str, other: str) -> None:
    assert plain(one) == plain(other)
    assert any(letter.isalpha() for letter in plain(one))


def test_different_reasons_stay_apart() -> None:
    assert plain("The filter file is missing.") != plain("The Standard2 data are missing.")
    assert "Standard2" in plain("The Standard2 data are missing.")


def result(obsid: str, outcome: Outcome, message: str = "") -> ObservationResult:
    kind = FailureKind.DATA if outcome is Outcome.FAILED else None
    stage = StageResult(stage="prep", obsid=obsid, outcome=outcome, kind=kind, message=message)
    return ObservationResult(obsid=obsid, outcome=outcome, stages=(stage,))


def test_groups() -> None:
    failed = [result(f"20402-01-0{n}-00", Outcome.FAILED, f"20402-01-0{n}-00: cut after {n} bytes.") for n in range(3)]
    other = result("20402-01-09-00", Outcome.FAILED, "no power")
    done = [result(f"20402-02-0{n}-00", Outcome.SUCCEEDED) for n in range(5)]
    groups = by_reason([*done, other, *failed, result("1", Outcome.NO_WORK, "night")])
    assert [(reason.outcome, len(those)) for reason, those in groups] == [
        (Outcome.FAILED, 3),
        (Outcome.FAILED, 1),
        (Outcome.NO_WORK, 1),
        (Outcome.SUCCEEDED, 5),
    ]
    assert groups[0][0].text == "cut after … bytes"
