"""Who works a campaign's observations off: this process, processes of this machine, or pods of a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar

from flows.core.plan import plan_batches, plan_shards
from flows.core.results import Model, Packed, Results
from flows.core.settings import Settings
from flows.core.shard_log import logged
from flows.core.watcher import Stopped, Watcher
from services.contract import ObservationResult, StageResult
from services.execution.request import Shard
from services.execution.survey import Standing, survey_shard
from services.execution.worker import run_shard
from services.merge.config import Merge
from services.storage.patience import Pause

Result = TypeVar("Result")
AllOf = TypeVar("AllOf", bound=Packed[Any])
OnResult: TypeAlias = Callable[[Result], None]
OnPause: TypeAlias = Callable[[Pause], None]


class Executor(Protocol):
    """Somebody who works observations off, for one run."""

    def reduce(self, obsids: Sequence[str], watcher: Watcher) -> Results:
        """Work observations off; returns how each ended, in the order asked for.

        Raises
        ------
        ConfigError
            If none could succeed.
        Stopped
            After `stop`, or if a worker was asked to end.
        """
        ...

    def survey(self, obsids: Sequence[str], watcher: Watcher) -> Packed[Standing]:
        """Find out what would have to be done for observations, without doing it; raises as `reduce` does."""
        ...

    def merge(self, merges: Sequence[Merge], whole: str, watcher: Watcher) -> list[StageResult]:
        """Merge sources; returns how each ended, in the order asked for. Raises as `reduce` does.

        Parameters
        ----------
        merges : sequence of Merge
        whole : str
            What these are a part of: the same for a run that takes up what another one has begun, though less is left.
        watcher : Watcher
        """
        ...

    def settle(self) -> None:
        """Remember that the results were merged."""
        ...

    def stop(self) -> None:
        """End the work at once, for somebody has cancelled the run; from any thread, as often as one likes."""
        ...


class Inline:
    """Works shards off in this process, one after the other (an `Executor`)."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._stopped = settings, threading.Event()

    def reduce(self, obsids: Sequence[str], watcher: Watcher) -> Results:
        """See `Executor.reduce`."""

        def one(shard: Shard) -> Results:
            return Results(logged(self._reduce, shard, watcher))

        return self._shards("shard", obsids, watcher, one, Results())

    def survey(self, obsids: Sequence[str], watcher: Watcher) -> Packed[Standing]:
        """See `Executor.survey`."""

        def one(shard: Shard) -> Packed[Standing]:
            found = self._survey(shard, lambda _: watcher.checked(), lambda pause: watcher.warned(str(pause)))
            return Packed(Standing, found)

        return self._shards("survey", obsids, watcher, one, Packed(Standing))

    def merge(self, merges: Sequence[Merge], whole: str, watcher: Watcher) -> list[StageResult]:  # noqa: ARG002
        """See `Executor.merge`."""

        def one(batch: Sequence[Merge]) -> list[StageResult]:
            return self._merge(batch, watcher.merged, lambda pause: watcher.warned(str(pause)))

        batches = plan_batches(self._settings, merges)
        works = {_batch_name(number, batch): partial(one, batch) for number, batch in enumerate(batches)}
        done = {result.source: result for results in self._each("merge", works, watcher) for result in results}
        return [done[merge.name] for merge in merges]

    def settle(self) -> None:
        """See `Executor.settle`; nothing is left to be remembered."""

    def stop(self) -> None:
        """See `Executor.stop`; the observation at hand is worked off."""
        self._stopped.set()

    def _shards(
        self,
        kind: str,
        obsids: Sequence[str],
        watcher: Watcher,
        work: Callable[[Shard], Packed[Model]],
        whole: AllOf,
    ) -> AllOf:
        """Do a step for each shard; returns what these gave, added to `whole`."""
        shards = plan_shards(self._settings, obsids)
        works = {f"{kind}-{shard.number}": partial(work, shard) for shard in shards}
        for part in self._each(kind, works, watcher):
            whole.extend(part)
        return whole

    def _each(self, kind: str, works: Mapping[str, Callable[[], Result]], watcher: Watcher) -> Iterator[Result]:
        """Do steps of a kind, by name; iterates over what each gave, in order."""
        return (watcher.step(kind, work, name) for name, work in works.items())

    def _reduce(
        self, shard: Shard, on_result: OnResult[ObservationResult], on_pause: OnPause
    ) -> list[ObservationResult]:
        return run_shard(shard, self._unless_stopped(on_result), on_pause)

    def _survey(self, shard: Shard, on_result: OnResult[Standing], on_pause: OnPause) -> list[Standing]:
        return survey_shard(shard, self._unless_stopped(on_result), on_pause)

    def _merge(self, batch: Sequence[Merge], on_result: OnResult[StageResult], on_pause: OnPause) -> list[StageResult]:
        from services.merge.batch import merge_batch

        return merge_batch((one.request() for one in batch), self._unless_stopped(on_result), on_pause)

    def _unless_stopped(self, on_result: OnResult[Result]) -> OnResult[Result]:
        def tell(result: Result) -> None:
            on_result(result)
            self._go_on()

        return tell

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise Stopped("The work was stopped.")


def _batch_name(number: int, batch: Sequence[Merge]) -> str:
    return f"merge-{batch[0].name or number}" if len(batch) == 1 else f"merge-{number}-of-{len(batch)}"
