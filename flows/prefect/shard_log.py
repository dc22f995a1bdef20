"""What a shard says in the run's log while it works."""

from __future__ import annotations

import time
from collections import Counter

from prefect.logging import get_run_logger

from flows.prefect.progress import Watcher
from services.contract import ObservationResult, Outcome
from services.execution.request import Shard
from services.storage.patience import Pause

#: Seconds after which a shard that goes well says so again.
_REPEAT = 15.0


class Speaker:
    """Writes what happens to a shard's observations into the run's log, by ObsID.

    Failures and observations without work have a line each; what goes well is told every quarter of a minute.
    """

    def __init__(self, shard: Shard, watcher: Watcher) -> None:
        self._shard, self._watcher, self._log = shard, watcher, get_run_logger()
        self._counts, self._began = Counter[Outcome](), time.monotonic()
        self._spoke = self._began
        self._log.info("%d observations, %s to %s", len(shard.obsids), shard.obsids[0], shard.obsids[-1])

    def finished(self, result: ObservationResult) -> None:
        """Tell of one observation."""
        self._counts[result.outcome] += 1
        if result.outcome is Outcome.FAILED:
            self._log.warning("%s failed: %s", result.obsid, result.message)
        elif result.outcome is Outcome.NO_WORK:
            self._log.info("%s no work: %s", result.obsid, result.message)
        elif time.monotonic() - self._spoke > _REPEAT:
            self._log.info("%s done, %d of %d", result.obsid, self._counts.total(), len(self._shard.obsids))
        else:
            self._watcher.finished(result)
            return
        self._spoke = time.monotonic()
        self._watcher.finished(result)

    def paused(self, pause: Pause) -> None:
        """Tell that the shard stands still."""
        self._log.warning("%s", pause)
        self._watcher.warned(str(pause))

    def summary(self) -> None:
        """Tell how the shard ended."""
        counts, seconds = self._counts, time.monotonic() - self._began
        self._log.info("%d done, %d no work, %d failed in %.0f s", *(counts[outcome] for outcome in Outcome), seconds)
