"""What Prefect hears of a run while it works, and how a run ends that somebody cancelled; the server is left out."""

from __future__ import annotations

import pytest

from flows.core.watcher import Stopped, Watcher
from flows.prefect.progress_reporter import ProgressReporter
from services.contract import ObservationResult, Outcome, StageResult
from tests.flows.conformance import Recorder


def done(obsid: str) -> ObservationResult:
    stage = StageResult(stage="pca_prep", obsid=obsid, outcome=Outcome.SUCCEEDED)
    return ObservationResult(obsid=obsid, outcome=Outcome.SUCCEEDED, stages=(stage,))


def test_pods_that_wait() -> None:
    reporter = ProgressReporter(Watcher(), lambda: None)
    reporter.planned(12)
    assert "pods wait" not in reporter.text()
    reporter.waiting("Unschedulable: no node")
    assert reporter.text().startswith("0 of 12 observations: ")
    assert reporter.text().endswith("; pods wait: Unschedulable: no node")


def test_who_watches_is_told_first_and_a_cancelled_run_ends_at_the_next_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProgressReporter, "_run", lambda _: None)
    recorder = Recorder()
    with (
        pytest.raises(Stopped, match=r"^Cancelled; 1 of 3 observations: 1 done.* The same run again goes on") as ended,
        ProgressReporter(recorder, lambda: None) as reporter,
    ):
        reporter.planned(3)
        reporter.finished(done("20402-01-45-03"))
        reporter.waiting("no node")
        reporter.cancelled.set()
        with pytest.raises(Stopped):
            reporter.warned("Paused for 5 s")
        reporter.finished(done("20402-01-45-04"))
    assert isinstance(ended.value.__cause__, Stopped)
    assert [result.obsid for result in recorder.told] == ["20402-01-45-03"]
    assert recorder.said == ["planned 3", "Pods can't start: no node"]


def test_other_errors_are_their_own_unless_somebody_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProgressReporter, "_run", lambda _: None)
    with pytest.raises(ZeroDivisionError), ProgressReporter(Watcher(), lambda: None):
        raise ZeroDivisionError
    with ProgressReporter(Watcher(), lambda: None) as reporter:  # too late: it has come to its end
        reporter.cancelled.set()
