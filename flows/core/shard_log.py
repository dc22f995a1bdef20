"""What a shard says in the log while it works."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from flows.core.watcher import Watcher
from rossi.facts import counted
from services.contract import ObservationResult, Outcome
from services.execution.request import Shard
from services.storage.patience import Pause

#: Works a shard off, and tells of each result and of pauses.
Work = Callable[[Shard, Callable[[ObservationResult], None], Callable[[Pause], None]], list[ObservationResult]]

#: Seconds after which a shard that goes well says so again.
_REPEAT = 15.0
_log = logging.getLogger(__name__)


def logged(work: Work, shard: Shard, watcher: Watcher) -> list[ObservationResult]:
    """Work a shard off, and write what happens to its observations into the log, by ObsID.

    Failures and observations without work have a line each; what goes well is told every quarter of a minute.
    """
    counts, began = Counter[Outcome](), time.monotonic()
    spoke = began
    _log.info("%s, %s to %s", counted(len(shard.obsids)), shard.obsids[0], shard.obsids[-1])

    def finished(result: ObservationResult) -> None:
        nonlocal spoke
        counts[result.outcome] += 1
        if result.outcome is Outcome.FAILED:
            _log.warning("%s failed: %s", result.obsid, result.message)
        elif result.outcome is Outcome.NO_WORK:
            _log.info("%s no work: %s", result.obsid, result.message)
        elif time.monotonic() - spoke > _REPEAT:
            _log.info("%s done, %d of %d", result.obsid, counts.total(), len(shard.obsids))
        else:
            watcher.finished(result)
            return
        spoke = time.monotonic()
        watcher.finished(result)

    results = work(shard, finished, lambda pause: watcher.warned(str(pause)))
    seconds = time.monotonic() - began
    _log.info("%d done, %d no work, %d failed in %.0f s", *(counts[outcome] for outcome in Outcome), seconds)
    return results
