"""What a Job works off: observations that are to be reduced, or sources that are to be merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from flows.core.plan import make_shard, plan_batches, plan_shards
from flows.core.results import Results
from flows.core.settings import Settings
from flows.kubernetes.job import JobKind, identity, merge_identity
from rossi.facts import counted
from services.contract import ObservationResult, StageResult
from services.execution.failures import ProcessLost, failed, lost_observation
from services.execution.ledger import put_work
from services.merge.config import NAME, Merge
from services.storage import ObjectStore

Result = TypeVar("Result", ObservationResult, StageResult)
Whole_co = TypeVar("Whole_co", covariant=True)


class Work(Protocol[Result, Whole_co]):
    """What a Job works off.

    The names of its items are those in its work list, in which parts are what one pod works off.
    """

    @property
    def settings(self) -> Settings:
        """Settings of the campaign."""
        ...

    @property
    def kind(self) -> JobKind:
        """Which Jobs there are."""
        ...

    @property
    def model(self) -> type[Result]:
        """Model of the results."""
        ...

    @property
    def identity(self) -> str:
        """What makes it this work; the same work has a Job of the same name."""
        ...

    def put(self, store: ObjectStore) -> tuple[str, int]:
        """Write its work list; returns the key, and the number of parts."""
        ...

    def said(self, parts: int) -> str:
        """Tell what it is, in so many parts."""
        ...

    def packed(self, results: Sequence[Result]) -> Sequence[Result]:
        """Return results of a part as they can be kept."""
        ...

    def lost(self, name: str, why: str) -> Result:
        """Return the result of an item that has none."""
        ...

    def wants(self, result: Result) -> bool:
        """Whether somebody is to be told of a result."""
        ...

    def gathered(self, parts: Sequence[Sequence[Result]]) -> Whole_co:
        """Return the results of all parts, in the order asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Reduction:
    """Observations that are to be reduced (a `Work`)."""

    settings: Settings
    obsids: Sequence[str]
    kind: ClassVar[JobKind] = JobKind.REDUCE
    model: ClassVar[type[ObservationResult]] = ObservationResult

    @property
    def identity(self) -> str:
        """See `Work.identity`."""
        return identity(self.settings, self.obsids)

    def put(self, store: ObjectStore) -> tuple[str, int]:
        """See `Work.put`."""
        shards = plan_shards(self.settings, self.obsids)
        return put_work(store, self.settings.prefix, shards), len(shards)

    def said(self, parts: int) -> str:
        """See `Work.said`."""
        return f"{counted(len(self.obsids))} in {counted(parts, 'shard')}"

    def packed(self, results: Sequence[ObservationResult]) -> Results:
        """See `Work.packed`."""
        return Results(results)

    def lost(self, name: str, why: str) -> ObservationResult:
        """See `Work.lost`."""
        return lost_observation(make_shard(self.settings, (name,)), name, f"{name} {why}")

    def wants(self, _: ObservationResult) -> bool:
        """See `Work.wants`."""
        return True

    def gathered(self, parts: Sequence[Sequence[ObservationResult]]) -> Results:
        """See `Work.gathered`."""
        whole = Results()
        for part in parts:
            whole.extend(self.packed(part) if not isinstance(part, Results) else part)
        return whole


@dataclass(frozen=True, slots=True)
class Merging:
    """Sources that are to be merged (a `Work`).

    Parameters
    ----------
    settings : Settings
    merges : sequence of Merge
    whole : str
        See `Executor.merge`: a run that goes on with the Job of another one wants what is left of its sources.
    """

    settings: Settings
    merges: Sequence[Merge]
    whole: str
    kind: ClassVar[JobKind] = JobKind.MERGE
    model: ClassVar[type[StageResult]] = StageResult

    @property
    def identity(self) -> str:
        """See `Work.identity`."""
        return merge_identity(self.settings, self.whole)

    def put(self, store: ObjectStore) -> tuple[str, int]:
        """See `Work.put`."""
        from services.merge.batches import put_batches

        batches = plan_batches(self.settings, self.merges)
        return put_batches(store, self.settings.prefix, batches), len(batches)

    def said(self, parts: int) -> str:
        """See `Work.said`."""
        return f"{counted(len(self.merges), 'source')} to be merged, in {counted(parts, 'part')}"

    def packed(self, results: Sequence[StageResult]) -> Sequence[StageResult]:
        """See `Work.packed`; they are few."""
        return results

    def lost(self, name: str, why: str) -> StageResult:
        """See `Work.lost`."""
        return failed(NAME, "", ProcessLost(f"The merge of {name or 'all observations'} {why}"), name)

    def wants(self, result: StageResult) -> bool:
        """See `Work.wants`."""
        return any(merge.name == result.source for merge in self.merges)

    def gathered(self, parts: Sequence[Sequence[StageResult]]) -> list[StageResult]:
        """See `Work.gathered`."""
        found = {result.source: result for part in parts for result in part}
        absent = "is not what the Job was made for; run the campaign again."
        return [found.get(merge.name) or self.lost(merge.name, absent) for merge in self.merges]
