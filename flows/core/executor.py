"""Who works a campaign's observations off: this process, processes of this machine, or pods of a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

from flows.core.plan import plan_shards
from flows.core.settings import Settings
from flows.core.shard_log import logged
from flows.core.watcher import Stopped, Watcher
from services.contract import ObservationResult
from services.execution.request import Shard
from services.execution.survey import Standing, survey_shard
from services.execution.worker import run_shard
from services.storage.patience import Pause

Result = TypeVar("Result")
OnResult: TypeAlias = Callable[[Result], None]
OnPause: TypeAlias = Callable[[Pause], None]


class Executor(Protocol):
    """Somebody who works observations off, for one run."""

    def reduce(self, obsids: Sequence[str], watcher: Watcher) -> list[ObservationResult]:
        """Work observations off; returns how each ended, in the order asked for.

        Raises
        ------
        ConfigError
            If none could succeed.
        Stopped
            After `stop`, or if a worker was asked to end.
        """
        ...

    def survey(self, obsids: Sequence[str], watcher: Watcher) -> list[Standing]:
        """Find out what would have to be done for observations, without doing it; raises as `reduce` does."""
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

    def reduce(self, obsids: Sequence[str], watcher: Watcher) -> list[ObservationResult]:
        """See `Executor.reduce`."""
        return self._each("shard", obsids, watcher, lambda shard: logged(self._reduce, shard, watcher))

    def survey(self, obsids: Sequence[str], watcher: Watcher) -> list[Standing]:
        """See `Executor.survey`."""

        def one(shard: Shard) -> list[Standing]:
            return self._survey(shard, lambda _: watcher.checked(), lambda pause: watcher.warned(str(pause)))

        return self._each("survey", obsids, watcher, one)

    def settle(self) -> None:
        """See `Executor.settle`; nothing is left to be remembered."""

    def stop(self) -> None:
        """See `Executor.stop`; the observation at hand is worked off."""
        self._stopped.set()

    def _each(
        self, kind: str, obsids: Sequence[str], watcher: Watcher, work: Callable[[Shard], list[Result]]
    ) -> list[Result]:
        shards = plan_shards(self._settings, obsids)
        steps = (watcher.step(kind, partial(work, shard), f"{kind}-{shard.number}") for shard in shards)
        return [result for results in steps for result in results]

    def _reduce(
        self, shard: Shard, on_result: OnResult[ObservationResult], on_pause: OnPause
    ) -> list[ObservationResult]:
        return run_shard(shard, self._unless_stopped(on_result), on_pause)

    def _survey(self, shard: Shard, on_result: OnResult[Standing], on_pause: OnPause) -> list[Standing]:
        return survey_shard(shard, self._unless_stopped(on_result), on_pause)

    def _unless_stopped(self, on_result: OnResult[Result]) -> OnResult[Result]:
        def tell(result: Result) -> None:
            on_result(result)
            self._go_on()

        return tell

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise Stopped("The work was stopped.")
