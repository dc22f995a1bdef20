"""Observations one after the other, while the next ones are fetched and the last ones are put.

Computing happens in one place, the thread that asks. Around it threads wait for answers: some look what the store has
of the next observations and fetch what is to be read of them, some put what was made, of each observation in its order,
payload first and manifests last. Neither side holds more than so many observations and so many bytes. An observation
has ended when all of it was put; results come in the order of the observations.

What goes wrong ahead is left to whoever works on the observation, who asks again. What goes wrong behind is the
observation's failure, as if it had not been put off.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from rossi.archive import ObsID
from rossi.errors import ConfigError, RossiError
from services.contract import ARCHIVE, FailureKind, ObservationResult, Outcome, StageResult
from services.execution.executor import failure, find_work
from services.execution.inputs import Sources, archive_files
from services.execution.known import begun, look, put_known
from services.execution.making import Made, Memory, put, result_of
from services.execution.request import Shard
from services.execution.stages import load_stage
from services.storage import ArchiveFile, ArchiveSource, ObjectStore
from services.storage.held import HeldArchive
from services.storage.patience import Pause, lost, patiently, tell
from services.storage.publication import Seen, put_payloads

#: Observations that are looked at and fetched before their turn, and those of which products wait to be put.
AHEAD, BEHIND = 8, 12
#: What either side holds [byte]. A longer observation is fetched in its turn; a larger one is put before the next.
HELD = 48 << 20

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Draft:
    """An observation before all of it is in the store.

    Parameters
    ----------
    shard : Shard
    sources : Sources
    key : str
        Where its manifests are to be put together; see `services.execution.known`.
    result : ObservationResult or None
        How its stages ended, if all is put.
    """

    shard: Shard
    sources: Sources
    key: str = ""
    result: ObservationResult | None = None

    @property
    def size(self) -> int:
        """Of what waits to be put [byte]."""
        return sum(products.size for products in self.sources.memory.waiting.values())

    def reduced(self, result: ObservationResult) -> None:
        """Note how its stages ended; what only they need is forgotten."""
        self.result = result
        self.sources.memory.forget_files()
        self.sources = Sources(None, self.sources.store, self.sources.memory)


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
            held.fetch_ahead(_wanted(obsid, shard, draft.sources))
    except Exception as error:  # it comes again when it is the observation's turn
        _log.debug("%s: not fetched ahead: %s", obsid, error)
    return draft


def _wanted(obsid: str, shard: Shard, sources: Sources) -> Iterator[ArchiveFile]:
    """Iterate over the files that those stages will read that go on from no other and are not done."""
    for name, config in shard.stages.items():
        stage = load_stage(name)
        if stage.reads(config):
            continue
        work, chosen = find_work(stage, shard.request(name, obsid, {}), sources)
        if work.key not in (sources.memory.there or ()):
            declared = [one for one in stage.inputs_for(config) if one.source == ARCHIVE and not one.on_disk]
            yield from archive_files(ObsID(obsid).path, chosen.records, {one.name for one in declared})


def settle(draft: Draft, seen: Seen | None = None) -> ObservationResult:
    """Put what an observation's stages made: the payload of all, then manifests in their order; return how it ended.

    Parameters
    ----------
    draft : Draft
    seen : Seen, optional
        See `services.storage.publication.Ready.put`.

    Raises
    ------
    ConfigError
        If nothing could be put of any observation.
    """
    assert draft.result is not None
    memory, store, gone = draft.sources.memory, draft.sources.store, set[str]()
    stages: list[StageResult] = []
    _put_payloads(memory, store, seen)
    for result in draft.result.stages:
        if gone.intersection(result.reads):
            continue
        ended = _put(result, draft, seen) if result.stage in memory.waiting else result
        if ended.kind is FailureKind.CONFIG:
            raise ConfigError(ended.message)
        if ended.outcome is not Outcome.SUCCEEDED:
            gone.add(ended.stage)
        stages.append(ended)
    return put_known(draft.key, ObservationResult.of(draft.result.obsid, stages), Sources(None, store, memory))


def _put_payloads(memory: Memory, store: ObjectStore, seen: Seen | None) -> None:
    """Put the payload of all stages at the same time; where that fails each is put again, and tells what is wrong."""
    try:
        put_payloads(memory.waiting.values(), store, seen)
    except Exception as error:
        _log.debug("not put together: %s", error)
    else:
        memory.waiting = {name: replace(products, payload=()) for name, products in memory.waiting.items()}


def _put(result: StageResult, draft: Draft, seen: Seen | None) -> StageResult:
    products, store = draft.sources.memory.waiting.pop(result.stage), draft.sources.store
    kept = {"seconds": result.seconds, "reads": result.reads}
    try:
        manifest = put(products, store, seen)
    except Exception as error:
        request = draft.shard.request(result.stage, result.obsid, {})
        return failure(request, error, result.fingerprint, store, result.seconds).model_copy(update=kept)
    if manifest is products.manifest:
        return result
    draft.sources.memory[products.key] = Made(manifest)
    return result_of(manifest, products.key, reused=False).model_copy(update=kept)


@dataclass(slots=True)
class _Behind:
    """An observation that is being put."""

    position: int
    size: int
    pauses: int
    result: Future[ObservationResult]


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
        readers = ThreadPoolExecutor(AHEAD, thread_name_prefix="ahead")
        writers = ThreadPoolExecutor(BEHIND, thread_name_prefix="behind")
        try:
            yield from self._work(positions, readers, writers)
        finally:  # where all went well nothing is left of either
            readers.shutdown(cancel_futures=True)
            writers.shutdown(cancel_futures=True)

    def _work(
        self, positions: Iterable[int], readers: ThreadPoolExecutor, writers: ThreadPoolExecutor
    ) -> Generator[tuple[int, ObservationResult], None, None]:
        waiting: deque[_Behind] = deque()
        problem: RossiError | None = None
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
            waiting.append(_Behind(position, draft.size, pauses, writers.submit(self._settle, position, draft)))
            while waiting and (waiting[0].result.done() or _is_full(waiting)):
                yield self._ended(waiting.popleft())
        while waiting:
            yield self._ended(waiting.popleft())
        if problem is not None:
            raise problem

    def _ahead(self, positions: Iterable[int], readers: ThreadPoolExecutor) -> Iterator[tuple[int, Draft]]:
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

    def _settle(self, position: int, draft: Draft) -> ObservationResult:
        result = settle(draft, self._seen)
        if not lost(result):
            self.keep(position, result)
        return result

    def _ended(self, one: _Behind) -> tuple[int, ObservationResult]:
        """Wait for the end of an observation; one that was lost as a place was away is worked on again, now."""
        result = one.result.result()
        if lost(result):
            known = [result] if one.pauses == self._pauses else []

            def again() -> ObservationResult:
                return known.pop() if known else self._run(one.position)

            result = patiently(again, self.archive, self.store, self._pause, lost)
            self.keep(one.position, result)
        return one.position, result

    def _pause(self, pause: Pause) -> None:
        self._pauses += 1
        tell(pause, self.on_pause)


def _is_new(obsid: str, begun: Future[frozenset[str]]) -> bool:
    return obsid not in begun.result()


def _is_full(waiting: Iterable[_Behind]) -> bool:
    sizes = [one.size for one in waiting]
    return len(sizes) > BEHIND or sum(sizes) > HELD
