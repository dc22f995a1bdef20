"""How a campaign ended."""

from __future__ import annotations

from collections.abc import Sequence

from services.contract import ExitCode, FailureKind, Frozen, ObservationResult, Outcome, StageResult

#: From the worst to the least.
_WORST = (FailureKind.CONFIG, FailureKind.RETRYABLE, FailureKind.DATA)


class CampaignResult(Frozen):
    """How a campaign ended.

    Parameters
    ----------
    asked : tuple of str
        ObsIDs.
    results : tuple of ObservationResult
    merge : StageResult
    todo : tuple of str
        Those that were worked on.
    """

    asked: tuple[str, ...]
    results: tuple[ObservationResult, ...]
    merge: StageResult
    todo: tuple[str, ...] = ()


def with_outcome(results: Sequence[ObservationResult], outcome: Outcome) -> list[ObservationResult]:
    """The results that ended in one way."""
    return [result for result in results if result.outcome is outcome]


def failure_code(results: Sequence[ObservationResult]) -> ExitCode:
    """Exit code that tells of the worst failure: configuration, then what may go away by itself, then the data."""
    kinds = {stage.kind for result in with_outcome(results, Outcome.FAILED) for stage in result.stages}
    return next((kind.exit_code for kind in _WORST if kind in kinds), ExitCode.OK)


def campaign_code(campaign: CampaignResult, strict: bool = False) -> ExitCode:
    """Exit code of a campaign.

    A campaign has done its work when every observation is accounted for, even if some failed: those are listed in the
    report. It has not when all failed, or, if `strict`, when any did.
    """
    if campaign.merge.outcome is Outcome.FAILED:
        return (campaign.merge.kind or FailureKind.RETRYABLE).exit_code
    failed = with_outcome(campaign.results, Outcome.FAILED)
    if len(failed) == len(campaign.asked):
        return failure_code(failed)
    return ExitCode.DATA_ERROR if failed and strict else ExitCode.OK
