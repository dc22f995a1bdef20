"""How a campaign ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict

from flows.core.results import Results
from services.contract import ExitCode, FailureKind, Frozen, ObservationResult, Outcome, StageResult

#: From the worst to the least.
_WORST = (FailureKind.CONFIG, FailureKind.RETRYABLE, FailureKind.DATA)


class Merged(Frozen):
    """A source whose observations were merged.

    Parameters
    ----------
    name : str
        Empty where it is not known.
    slug : str
        Empty where it is the only one.
    obsids : tuple of str
        Its observations.
    merge : StageResult
    """

    name: str = ""
    slug: str = ""
    obsids: tuple[str, ...] = ()
    merge: StageResult


class CampaignResult(Frozen):
    """How a campaign ended.

    Parameters
    ----------
    asked : tuple of str
        ObsIDs.
    results : Results
    merges : tuple of Merged
        A source each.
    front : StageResult or None
        The front page, where there are several sources.
    todo : tuple of str
        Those that were worked on.
    apart : tuple of str
        Those that belong to no source, and are merged nowhere.
    some : bool
        Whether only some of the archive's sources were asked for.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    asked: tuple[str, ...]
    results: Annotated[Results, BeforeValidator(Results.of)]
    merges: tuple[Merged, ...]
    front: StageResult | None = None
    todo: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    some: bool = False

    @property
    def top(self) -> StageResult:
        """What a reader begins with: the front page of all sources, else the first source that was merged."""
        front = [self.front] if self.front is not None and not self.some else []
        every = [*front, *(one.merge for one in self.merges)]
        return next((one for one in every if one.manifest), every[0])

    @property
    def unmerged(self) -> tuple[Merged, ...]:
        """Sources whose merge failed."""
        return tuple(one for one in self.merges if one.merge.outcome is Outcome.FAILED)

    @property
    def reused(self) -> bool:
        """Whether everything was merged before."""
        return all(one.merge.reused for one in self.merges) and (self.front is None or self.front.reused)


def failure_code(results: Iterable[ObservationResult]) -> ExitCode:
    """Exit code that tells of the worst failure: configuration, then what may go away by itself, then the data."""
    return _code(stage for result in results if result.outcome is Outcome.FAILED for stage in result.stages)


def campaign_code(campaign: CampaignResult, strict: bool = False) -> ExitCode:
    """Exit code of a campaign.

    A campaign has done its work when every observation is accounted for, even if some failed: those are listed in the
    report. It has not when all failed, when a source could not be merged, or, if `strict`, when any failed.
    """
    merges = [*(one.merge for one in campaign.merges), *([campaign.front] if campaign.front else [])]
    if wrong := [merge for merge in merges if merge.outcome is Outcome.FAILED]:
        return _code(wrong)
    failed = campaign.results.number(Outcome.FAILED)
    if failed == len(campaign.asked):
        return failure_code(campaign.results)
    return ExitCode.DATA_ERROR if failed and strict else ExitCode.OK


def _code(stages: Iterable[StageResult]) -> ExitCode:
    kinds = {stage.kind or FailureKind.RETRYABLE for stage in stages if stage.outcome is Outcome.FAILED}
    return next((kind.exit_code for kind in _WORST if kind in kinds), ExitCode.OK)
