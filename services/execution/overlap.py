"""Observations one after the other, while the next ones are fetched and the last ones are put.

Computing happens in one place, the thread that asks. Around it threads wait for answers: some look what the store has
of the next observations and fetch what is to be read of them, some put what was made, of each observation in its order,
payload first and manifests last. Neither side holds more than so many observations and so many bytes. An observation
has ended when all of it was put; results come in the order of the observations. Where archive or store are folders that
answer at once there is nothing to wait for, and the same happens in the one thread (`services.execution.beside`).

What goes wrong ahead is left to whoever works on the observation, who asks again. What goes wrong behind is the
observation's failure, as if it had not been put off.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from threading import Lock, Timer
from typing import TypeAlias

from rossi.errors import ConfigError, RossiError
from services.contract import ARCHIVE, ObservationResult
from services.execution.beside import Beside
from services.execution.inputs import Sources, archive_files
from services.execution.known import begun, look
from services.execution.making import Memory
from services.execution.observation import folder_of
from services.execution.request import Shard
from services.execution.settling import Draft, settle
from services.storage import ArchiveFile, ArchiveSource, ObjectStore
from services.storage.held import HeldArchive
from services.storage.opening import is_near
from services.storage.patience import Pause, lost, patiently, tell
from services.storage.publication import Seen

#: Observations that are looked at and fetched before their turn, and those of which products wait to be put.
AHEAD, BEHIND = 8, 12
#: Observations whose products are put together in a folder, and how long the first of them waits [s].
GATHERED, LONG = 8, 1.0
#: What either side holds [byte]. A longer observation is fetched in its turn; a larger one is put before the next.
HELD = 48 << 20

#: How observations ended, and what kept those behind them from being put.
_Ended: TypeAlias = tuple[list[ObservationResult], ConfigError | None]

_log = logging.getLogger(__name__)


def look_ahead(
    obsid: str,
    shard: Shard,
    archive: ArchiveSource,
    store: ObjectStore,
    room: int,
    *,
    done: bool = True,
    new: Callable[[], bool] = lambda: False,
) -> Draft:
    """Find out what the store has of an observation, and fetch what is needed for the rest, as far as there is room.

    Parameters
    ----------
    obsid : str
    shard : Shard
    archive : ArchiveSource
    store : ObjectStore
    room : int [byte]
    done : bool
        Whether it is likely that there is nothing to do.
    new : callable
        See `services.execution.known.look`.
    """
    held = HeldArchive(archive, room)
    draft = Draft(shard, Sources(held, store, Memory(behind=True)))
    try:
        draft.key = look(obsid, shard, draft.sources, done=done, new=new)
        if draft.key:
            held.fetch_ahead(_wanted(obsid, draft.sources.memory))
    except Exception as error:  # it comes again when it is the observation's turn
        _log.debug("%s: not fetched ahead: %s", obsid, error)
    return draft


def _wanted(obsid: str, memory: Memory) -> Iterator[ArchiveFile]:
    """Iterate over the files that those stages will read that go on from no other and are not done."""
    for work, chosen in memory.first.values():
        if work.key not in (memory.there or ()):
            declared = [one for one in chosen.inputs if one.source == ARCHIVE and not one.on_disk]
            yield from archive_files(folder_of(obsid), chosen.records, {one.name for one in declared})


@dataclass(frozen=True, slots=True)
class _Reduced:
    """An observation whose products wait."""

    position: int
    draft: Draft
    size: int
    pauses: int


@dataclass(frozen=True, slots=True)
class _Behind:
    """Observations that are being put."""

    ones: tuple[_Reduced, ...]
    ended: Future[_Ended]


class _Gathered:
    """Observations whose products wait for those of others, to be put together with them; but not for long.

    Parameters
    ----------
    most : int
        So many are enough.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._ones: list[_Reduced] = []
        self._lock = Lock()
        self._timer: Timer | None = None

    def add(self, one: _Reduced, late: Callable[[], None]) -> bool:
        """Add one; return whether there are enough. Where there are not for a while, `late` is called, in a thread."""
        with self._lock:
            self._ones.append(one)
            if len(self._ones) >= self._most or sum(one.size for one in self._ones) * 2 > HELD:
                return True
            if self._timer is None:
                self._timer = Timer(LONG, late)
                self._timer.daemon = True
                self._timer.start()
            return False

    @contextmanager
    def taken(self) -> Iterator[tuple[_Reduced, ...]]:
        """Take all; who takes some next waits until these have been dealt with."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._ones, ones = None, [], tuple(self._ones)
            yield ones


@dataclass
class Overlap:
    """Works observations of a shard off.

    Parameters
    ----------
    shard : Shard
    archive : ArchiveSource
    store : ObjectStore
    run : callable
        Called as `run_observation` is.
    keep : callable
        Told position and result of each observation as soon as it has ended; from any thread.
    on_pause : callable, optional
    on_begin : callable
        Told the position of each observation that is now computed.
    go_on : callable
        Whether to begin another one.
    """

    shard: Shard
    archive: ArchiveSource
    store: ObjectStore
    run: Callable[..., ObservationResult]
    keep: Callable[[int, ObservationResult], None] = lambda _position, _result: None
    on_pause: Callable[[Pause], None] | None = None
    on_begin: Callable[[int], None] = lambda _: None
    go_on: Callable[[], bool] = lambda: True
    _pauses: int = field(default=0, init=False)
    _seen: Seen = field(default_factory=Seen, init=False)
    _last_was_done: bool = field(default=True, init=False)

    def work(self, positions: Iterable[int]) -> Generator[tuple[int, ObservationResult], None, None]:
        """Iterate over positions and results, in order.

        Raises
        ------
        ConfigError
            If nothing could succeed.
        StoreError
            If the archive or the store stays away.
        """
        readers = Beside(AHEAD, "ahead", near=is_near(self.shard.archive))
        writers = Beside(BEHIND, "behind", near=is_near(self.shard.store))
        try:
            yield from self._work(positions, readers, writers)
        finally:  # where all went well nothing is left of either
            readers.shutdown(cancel_futures=True)
            writers.shutdown(cancel_futures=True)

    def _work(
        self, positions: Iterable[int], readers: Beside, writers: Beside
    ) -> Generator[tuple[int, ObservationResult], None, None]:
        waiting: deque[_Behind] = deque()
        gathered = _Gathered(GATHERED if is_near(self.shard.store) else 1)
        problem: RossiError | None = None

        def hand_over(submit: Callable[..., Future[_Ended]]) -> None:
            with gathered.taken() as ones:
                if not ones:
                    return
                try:
                    waiting.append(_Behind(ones, submit(self._settle, ones)))
                except (KeyboardInterrupt, SystemExit):  # of this thread, which then goes on from where it was
                    self._settle(ones)
                    raise

        try:
            for position, draft in self._ahead(positions, readers):
                if not self.go_on():
                    break
                self.on_begin(position)
                pauses = self._pauses
                try:
                    draft.reduced(self._run(position, draft))
                except RossiError as error:
                    problem = error
                    break
                if gathered.add(
                    _Reduced(position, draft, draft.size, pauses), partial(hand_over, writers.threads.submit)
                ):
                    hand_over(writers.submit)
                while waiting and (waiting[0].ended.done() or _is_full(waiting)):
                    yield from self._ended(waiting.popleft())
        finally:  # whatever it is that ends this, what was made is put
            hand_over(writers.submit)
        while waiting:
            yield from self._ended(waiting.popleft())
        if problem is not None:
            raise problem

    def _ahead(self, positions: Iterable[int], readers: Beside) -> Iterator[tuple[int, Draft]]:
        left, waiting = iter(positions), deque[tuple[int, Future[Draft]]]()
        there = readers.submit(begun, self.shard, self.store)
        while True:
            for position in islice(left, AHEAD - len(waiting)):
                obsid = self.shard.obsids[position]
                places = (self.shard, self.archive, self.store, HELD // AHEAD)
                new = partial(_is_new, obsid, there)
                future = readers.submit(look_ahead, obsid, *places, done=self._last_was_done, new=new)
                waiting.append((position, future))
            if not waiting:
                return
            position, future = waiting.popleft()
            draft = future.result()
            self._last_was_done = not draft.key
            yield position, draft

    def _run(self, position: int, draft: Draft | None = None) -> ObservationResult:
        known = {} if draft is None else {"sources": draft.sources}
        return self.run(self.shard.obsids[position], self.shard, archive=self.archive, store=self.store, **known)

    def _settle(self, ones: Sequence[_Reduced]) -> _Ended:
        results, problem = settle([one.draft for one in ones], self.store, self._seen)
        for one, result in zip(ones, results, strict=False):
            if not lost(result):
                self.keep(one.position, result)
        return results, problem

    def _ended(self, some: _Behind) -> Iterator[tuple[int, ObservationResult]]:
        """Wait for the end of observations; one that was lost as a place was away is worked on again, now."""
        results, problem = some.ended.result()
        for one, result in zip(some.ones, results, strict=False):
            if lost(result):
                known = len(some.ones) == 1 and one.pauses == self._pauses
                yield one.position, self._again(one.position, [result] if known else [])
            else:
                yield one.position, result
        if problem is not None:
            raise problem

    def _again(self, position: int, known: list[ObservationResult]) -> ObservationResult:
        def again() -> ObservationResult:
            return known.pop() if known else self._run(position)

        result = patiently(again, self.archive, self.store, self._pause, lost)
        self.keep(position, result)
        return result

    def _pause(self, pause: Pause) -> None:
        self._pauses += 1
        tell(pause, self.on_pause)


def _is_new(obsid: str, begun: Future[frozenset[str]]) -> bool:
    return obsid not in begun.result()


def _is_full(waiting: Iterable[_Behind]) -> bool:
    sizes = [one.size for some in waiting for one in some.ones]
    return len(sizes) > BEHIND or sum(sizes) > HELD
