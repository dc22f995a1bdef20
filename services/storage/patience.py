"""Waiting for an archive or a store that is away, instead of failing everything that is asked of it meanwhile.

Requests are repeated elsewhere, for seconds. What this waits for is a server that restarts, a disk to be mounted, a
network to come back: the work stands still until then, and whoever watches is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rossi.errors import RossiError
from services.contract import FailureKind, ObservationResult
from services.storage import ArchiveSource, ObjectStore, StoreError

#: The first pause and the longest [s]; each is twice as long as the one before.
FIRST, LONGEST = 5.0, 60.0
#: How long it is waited in all [s]: over a restart, not over a night.
PATIENCE = 3600.0
#: Looked for in a store to see whether it answers; nothing is ever there.
_PROBE = "probe"

_log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Away(StoreError):
    """An archive or a store is away for longer than anybody waits."""

    code = "away"


@dataclass(frozen=True, slots=True)
class Pause:
    """Work stands still.

    Parameters
    ----------
    reason : str
    seconds : float
        Until the next look.
    """

    reason: str
    seconds: float

    def __str__(self) -> str:
        return f"Paused for {self.seconds:.0f} s, as something is away: {self.reason}"


def never(_: object) -> bool:
    """Whatever the result."""
    return False


def lost(result: ObservationResult) -> bool:
    """Return whether an observation may have failed because the archive or the store is away."""
    return any(stage.kind is FailureKind.RETRYABLE for stage in result.stages)


def patiently(
    work: Callable[[], Result],
    archive: ArchiveSource | None,
    store: ObjectStore | None,
    on_pause: Callable[[Pause], None] | None = None,
    is_lost: Callable[[Result], bool] = never,
) -> Result:
    """Return what `work` returns; where a place is away, it is called again when that is back.

    Parameters
    ----------
    work : callable
        May raise `StoreError`.
    archive, store
        What is looked at, where it is given.
    on_pause : callable, optional
        Told of every pause.
    is_lost : callable
        Whether a result, too, may be the fault of a place that is away.

    Raises
    ------
    Away
        If a place still is after `PATIENCE`.
    StoreError
        Of `work`, if no place is away.
    """
    waited, pause = 0.0, FIRST
    while True:
        try:
            result = work()
            if not is_lost(result) or (problem := _away(archive, store)) is None:
                return result
        except StoreError:
            if (problem := _away(archive, store)) is None:
                raise
        while problem is not None:
            if waited >= PATIENCE:
                raise Away(f"{problem} It was waited for {waited / 60:.0f} min; what is done is kept, run it again.")
            tell(Pause(str(problem), pause), on_pause)
            begin = time.monotonic()
            time.sleep(pause)
            problem = _away(archive, store)
            waited += max(pause, time.monotonic() - begin)  # to look may take minutes, too
            pause = min(2 * pause, LONGEST)


def _away(archive: ArchiveSource | None, store: ObjectStore | None) -> StoreError | None:
    looks: list[Callable[[], object]] = []
    looks += [lambda: archive.directories("")] if archive is not None else []
    looks += [lambda: store.head(_PROBE)] if store is not None else []
    for look in looks:
        try:
            look()
        except StoreError as error:
            return error
        except RossiError:  # wrong, which no waiting mends
            continue
    return None


def tell(pause: Pause, on_pause: Callable[[Pause], None] | None = None) -> None:
    """Tell whoever wants to know, or else the log, of a pause."""
    if on_pause is None:
        _log.warning("%s", pause)
    else:
        on_pause(pause)
