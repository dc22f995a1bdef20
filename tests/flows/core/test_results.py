"""Results of a campaign, packed: nothing is lost, and there is room for those of a whole archive."""

from __future__ import annotations

import sys

import pytest

from flows.core.results import Packed, Results
from services.contract import VANISHED, Caveat, FailureKind, ObservationResult, Outcome, StageResult
from services.execution.survey import Change, Standing


def result(obsid: str, outcome: Outcome = Outcome.SUCCEEDED, **more: object) -> ObservationResult:
    """Of both instruments, about as large as they are."""
    bands = {"ch5-10": {"rate": 1 / (3 + hash(obsid) % 97), "error": 0.1, "exposure": 9942.37084, "rows": 129}}
    stages = [
        StageResult(
            stage=stage,
            obsid=obsid,
            outcome=outcome,
            manifest=f"{obsid}/{stage}/{hash((obsid, stage)) % 2**256:064x}/manifest.json",
            fingerprint=f"{hash((obsid, stage)) % 2**256:064x}",
            summary={"target": "SIM X-1", "bands": bands},
            **more,
        )
        for stage in ("pca_prep", "pca_extract", "hexte_back", "hexte_dead")
    ]
    return ObservationResult.of(obsid, stages)


FAILED = {"kind": FailureKind.DATA, "code": "not_in_archive", "message": "It is not there: ‘å’."}
GONE = {"caveats": (Caveat(code=VANISHED, message="These are its last products."),), "reused": True}
MANY = [
    result("1"),
    result("2", Outcome.FAILED, **FAILED),
    result("3", reused=True),
    result("4", **GONE),
    result("5", Outcome.NO_WORK, code="no_good_time", message="night"),
]


def test_nothing_is_lost() -> None:
    packed = Results(MANY)
    assert list(packed) == MANY
    assert (packed[1], packed[1:3], packed[-1]) == (MANY[1], MANY[1:3], MANY[-1])
    assert (packed.get("3"), packed.get("6"), len(packed)) == (MANY[2], None, 5)
    assert ObservationResult.model_validate_json(packed.text("2")) == MANY[1]
    assert packed.obsids == ("1", "2", "3", "4", "5")
    standing = Standing(obsid="1", changes=(Change.DATA,), result=MANY[0])
    assert list(Packed(Standing, [standing])) == [standing]


def test_what_is_asked_of_all_is_known_also_of_parts_put_together() -> None:
    parts = Results(MANY[:2])
    parts.extend(Results(MANY[2:]))
    for packed in (Results(MANY), parts):
        assert [packed.number(outcome) for outcome in Outcome] == [3, 1, 1]
        assert (packed.reused(), packed.reused(Outcome.SUCCEEDED), packed.reused(Outcome.FAILED)) == (2, 2, 0)
        assert (packed.absent, packed.vanished) == (["2"], ["4"])
        assert [one.obsid for one in packed.ended(Outcome.SUCCEEDED)] == ["1", "3", "4"]
        assert (packed.outcome("5"), packed.outcome("6")) == (Outcome.NO_WORK, None)
        assert [(group.outcome, group.obsids) for group in packed.groups] == [
            (Outcome.FAILED, ["2"]),
            (Outcome.NO_WORK, ["5"]),
            (Outcome.SUCCEEDED, ["1", "3", "4"]),
        ]
    with pytest.raises(ValueError, match="1 has a result already"):
        parts.extend(Results(MANY[:1]))
    with pytest.raises(ValueError, match="1 has a result already"):
        parts.add(MANY[0])
    assert Results.of(parts) is parts


def test_there_is_room_for_a_whole_archive() -> None:
    packed = Results(result(f"20402-01-{n:02}-00") for n in range(100))
    assert max(sys.getsizeof(one) for one in packed._packed.values()) < 1000  # of 13 kB
