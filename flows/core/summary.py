"""How a campaign ended, in one line."""

from __future__ import annotations

from collections import Counter

from flows.core.result import CampaignResult, campaign_code
from flows.core.results import Results
from rossi.facts import counted, some_of
from services.contract import ExitCode, FailureKind, Outcome
from services.execution.vanished import vanished_line

#: What to do about a failure of each kind.
ADVICE = {
    FailureKind.DATA: "look at the files that the message names; when they are mended, run retry_failed with 'data'",
    FailureKind.CONFIG: "correct the setting that the message names, and run it again",
    FailureKind.RETRYABLE: "run retry_failed; if it happens again, look at the store and at the workers' memory",
}


def advice(kind: FailureKind | None) -> str:
    """What to do about a failure."""
    return ADVICE[kind or FailureKind.RETRYABLE]


def failure_line(result: CampaignResult) -> str:
    """One line for a campaign that did not do its work, with what to do; empty if it did."""
    if campaign_code(result) is ExitCode.OK:
        return ""
    if wrong := unmerged_line(result):
        return wrong
    kinds = Counter(one.last.kind for one in result.results.ended(Outcome.FAILED))
    what = advice(kinds.most_common(1)[0][0])
    return f"All {kinds.total()} observations failed. {_most(result.results)} What to do: {what}."


def summary_line(result: CampaignResult) -> str:
    """One line for a campaign that did its work."""
    results = result.results
    reused, left = results.reused(), len(result.asked) - len(results)
    names = {Outcome.SUCCEEDED: "done", Outcome.NO_WORK: "no work", Outcome.FAILED: "failed"}
    parts = [f"{results.number(outcome)} {name}" for outcome, name in names.items()]
    parts += [f"{left} not finished"] if left else []
    there = f"; {reused} of them were there already" if reused else ""
    line = f"{counted(len(result.asked))}: {', '.join(parts)}{there}."
    line = " ".join(filter(None, (line, sources_line(result), vanished_line(results.vanished))))
    first = next(results.ended(Outcome.FAILED), None)
    return line if first is None else f"{line} {_most(results)} What to do: {advice(first.last.kind)}."


def unmerged_line(result: CampaignResult) -> str:
    """Tell which sources could not be merged, with what to do; empty if all were."""
    wrong = [(one.merge, one.name) for one in result.unmerged]
    if result.front is not None and result.front.outcome is Outcome.FAILED:
        wrong.append((result.front, "all sources to a front page"))
    if not wrong:
        return ""
    (first, name), number = wrong[0], len(wrong)
    of = f" of {name}" if name and result.front is not None else ""
    more = f" So did {counted(number - 1, 'other')}." if number > 1 else ""
    return f"The merge{of} failed: {first.message}{more} What to do: {advice(first.kind)}."


def sources_line(result: CampaignResult) -> str:
    """Tell how many sources were merged, and what belongs to none; empty for one source that has everything."""
    said = []
    if len(result.merges) > 1:
        new = sum(not one.merge.reused and one.merge.outcome is not Outcome.FAILED for one in result.merges)
        said.append(f"{counted(len(result.merges), 'source')}, {new} of them merged anew.")
    if result.apart:
        belong = "belongs" if len(result.apart) == 1 else "belong"
        said.append(f"{counted(len(result.apart))} {belong} to no source: {some_of(result.apart)}.")
    return " ".join(said)


def _most(results: Results) -> str:
    """Tell of a failure of the most frequent kind, in its own words: they name the files."""
    most = results.groups[0].obsids
    example = results.get(most[0])
    message = example.message if example is not None else ""
    return f"{'Most often' if len(most) < results.number(Outcome.FAILED) else 'Why'}: {most[0]} {message}"
