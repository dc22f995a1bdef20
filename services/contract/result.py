"""How stages and observations ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.contract.outcome import Caveat, FailureKind, Frozen, Outcome


class StageResult(Frozen):
    """How one stage ended for one observation.

    Parameters
    ----------
    manifest : str
        Key of the manifest; empty for failures.
    reused : bool
        True when the manifest was there already and nothing was done.
    code : str
        For `failed`: what went wrong, see `rossi.errors.RossiError`; empty in records of the layout before. For
        `no_work`: the caveat's that says why.
    message : str
        The same as one sentence for the user.
    detail : str
        What an external task said, all of it; only in the record of a failure.
    reads : tuple of str
        The stages that this one went on from.
    source : str
        Slug of the source that it is about, for what is made of one source's observations.
    """

    stage: str
    obsid: str
    outcome: Outcome
    manifest: str = ""
    fingerprint: str = ""
    reused: bool = False
    kind: FailureKind | None = None
    code: str = ""
    message: str = ""
    detail: str = ""
    caveats: tuple[Caveat, ...] = ()
    summary: dict[str, Any] = {}
    seconds: float = 0.0
    reads: tuple[str, ...] = ()
    source: str = ""


class ObservationResult(Frozen):
    """How all stages ended for one observation.

    Stages form chains, one an instrument: a stage goes on from those that it reads from, and is not run unless all of
    these succeeded.

    Parameters
    ----------
    obsid : str
    outcome : Outcome
    stages : tuple of StageResult
    together : str
        Key of the object that repeats the manifests of all stages; empty where none is known.
    """

    obsid: str
    outcome: Outcome
    stages: tuple[StageResult, ...]
    together: str = ""

    @classmethod
    def of(cls, obsid: str, stages: Sequence[StageResult]) -> ObservationResult:
        """Return the result that those of the stages mean: one failure is one, else one chain's success is one."""
        outcome = Outcome.NO_WORK
        if any(stage.outcome is Outcome.FAILED for stage in stages):
            outcome = Outcome.FAILED
        elif any(stage.outcome is Outcome.SUCCEEDED for stage in _ends(stages)):
            outcome = Outcome.SUCCEEDED
        return cls(obsid=obsid, outcome=outcome, stages=tuple(stages))

    @property
    def ends(self) -> tuple[StageResult, ...]:
        """The stage with which each chain ended, in the order in which they ran."""
        return _ends(self.stages)

    @property
    def last(self) -> StageResult:
        """The stage that decided the outcome: of several, the first."""
        stages = self.stages if self.outcome is Outcome.FAILED else self.ends
        return next((stage for stage in stages if stage.outcome is self.outcome), self.stages[-1])

    @property
    def message(self) -> str:
        """What each stage without success says, with its name; once what several say. Empty if all succeeded."""
        said: dict[str, list[str]] = {}
        for stage in self.stages:
            if stage.outcome is not Outcome.SUCCEEDED:
                said.setdefault(stage.message, []).append(stage.stage)
        return "; ".join(f"{', '.join(stages)}: {message}" for message, stages in said.items())

    @property
    def reused(self) -> bool:
        """True when nothing had to be done."""
        return all(stage.reused for stage in self.stages)


def _ends(stages: Sequence[StageResult]) -> tuple[StageResult, ...]:
    went_on = {name for stage in stages for name in stage.reads}
    return tuple(stage for stage in stages if stage.stage not in went_on)
