"""How a flow run ends: one line for its page, and the result for whoever started it from a command."""

from __future__ import annotations

import logging
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass

from prefect.exceptions import FailedRun

from flows.core.result import CampaignResult, campaign_code, with_outcome
from rossi.errors import RossiError
from services.contract import ExitCode, FailureKind, ObservationResult, Outcome
from services.contract.reasons import by_reason
from services.execution.vanished import vanished_line

#: What to do about a failure of each kind.
ADVICE = {
    FailureKind.DATA: "look at the files that the message names; when they are mended, run retry_failed with 'data'",
    FailureKind.CONFIG: "correct the setting that the message names, and run it again",
    FailureKind.RETRYABLE: "run retry_failed; if it happens again, look at the store and at the workers' memory",
}


@dataclass(slots=True)
class Ending:
    """What a run left for the process that started it; Prefect's own results stay small.

    Parameters
    ----------
    result : CampaignResult or None
    error : RossiError or None
        Why it could not go on.
    """

    result: CampaignResult | None = None
    error: RossiError | None = None


def without_traceback(record: logging.LogRecord) -> bool:
    """Leave out that a run has ended as *Failed* by its own word: the sentence is in its log, this adds a traceback."""
    return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


def without_nothing(record: logging.LogRecord) -> bool:
    """Leave out that a task has ended as *Failed* by its own word, which Prefect follows with ``NoneType: None``.

    The sentence is in the task's last line, *Finished in state*.
    """
    return record.exc_info != (None, None, None)


logging.getLogger("prefect.flow_runs").addFilter(without_traceback)
logging.getLogger("prefect.task_runs").addFilter(without_nothing)

#: The ending of the flow run in this context: filled in by the flow, read by the command.
ENDING: ContextVar[Ending | None] = ContextVar("ending", default=None)


def advice(kind: FailureKind | None) -> str:
    """What to do about a failure."""
    return ADVICE[kind or FailureKind.RETRYABLE]


def failure_line(result: CampaignResult) -> str:
    """One line for a campaign that did not do its work, with what to do; empty if it did."""
    if campaign_code(result) is ExitCode.OK:
        return ""
    if result.merge.outcome is Outcome.FAILED:
        return f"The merge failed: {result.merge.message} What to do: {advice(result.merge.kind)}."
    failed = with_outcome(result.results, Outcome.FAILED)
    kinds = Counter(one.last.kind for one in failed)
    return f"All {len(failed)} observations failed. {_most(failed)} What to do: {advice(kinds.most_common(1)[0][0])}."


def summary_line(result: CampaignResult) -> str:
    """One line for a campaign that did its work."""
    counts = {outcome: with_outcome(result.results, outcome) for outcome in Outcome}
    reused = sum(one.reused for one in result.results)
    line = (
        f"{counted(len(result.asked))}: {len(counts[Outcome.SUCCEEDED])} done, {len(counts[Outcome.NO_WORK])} "
        f"no work, {len(counts[Outcome.FAILED])} failed{f'; {reused} of them were there already' * bool(reused)}."
    )
    line = " ".join(filter(None, (line, vanished_line(result.results))))
    failed = counts[Outcome.FAILED]
    return f"{line} {_most(failed)} What to do: {advice(failed[0].last.kind)}." if failed else line


def counted(observations: int) -> str:
    """So many observations, in words."""
    return f"{observations} observation{'s' * (observations != 1)}"


def _most(failed: list[ObservationResult]) -> str:
    """Tell of one of the most frequent kind, in its own words: they name the files."""
    most = by_reason(failed)[0].obsids
    example = next(one for one in failed if one.obsid == most[0])
    return f"{'Most often' if len(most) < len(failed) else 'Why'}: {example.obsid} {example.message}"
