"""Putting what the stages of observations made: payload first, then manifests in their order, then what repeats these.

Of several observations each step is done for all before the next one: a disk is then waited for once, not for each.
What can't be done for all is done for each, which tells whose failure it is.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rossi.errors import ConfigError
from services.contract import FailureKind, ObservationResult, Outcome, StageResult
from services.execution.executor import failure
from services.execution.inputs import Sources
from services.execution.known import put_known
from services.execution.making import Made, put, result_of
from services.execution.request import Shard
from services.storage import ObjectStore
from services.storage.publication import Seen, put_payloads

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


def settle(
    drafts: Sequence[Draft], store: ObjectStore, seen: Seen | None = None
) -> tuple[list[ObservationResult], ConfigError | None]:
    """Put what the stages of observations made.

    Parameters
    ----------
    drafts : sequence of Draft
    store : ObjectStore
    seen : Seen, optional
        See `services.storage.publication.Ready.put`.

    Returns
    -------
    list of ObservationResult
        How they ended, in order.
    ConfigError or None
        What ended it before the last one: nothing could be put of any observation.
    """
    problem = None
    ended: list[ObservationResult] = []
    _put_payloads(drafts, store, seen)
    _put_manifests(drafts, store)
    for draft in drafts:
        try:
            ended.append(_put_rest(draft, seen))
        except ConfigError as error:
            problem = error
            break
    known = [(draft.key, result, draft.sources.memory) for draft, result in zip(drafts, ended, strict=False)]
    return put_known(known, store), problem


def _put_payloads(drafts: Sequence[Draft], store: ObjectStore, seen: Seen | None) -> None:
    """Put the payload of all stages at the same time; where that fails each is put again, and tells what is wrong."""
    memories = [draft.sources.memory for draft in drafts]
    try:
        put_payloads([products for memory in memories for products in memory.waiting.values()], store, seen)
    except Exception as error:
        _log.debug("not put together: %s", error)
    else:
        for memory in memories:
            memory.waiting = {name: replace(products, payload=()) for name, products in memory.waiting.items()}


def _put_manifests(drafts: Sequence[Draft], store: ObjectStore) -> None:
    """Put the manifests of all stages whose payload is there; what is not created goes on waiting."""
    memories = [draft.sources.memory for draft in drafts]
    waiting = [(memory, name) for memory in memories for name, some in memory.waiting.items() if not some.payload]
    if len(waiting) < 2:
        return
    products = [memory.waiting[name] for memory, name in waiting]
    try:
        created = store.put_in_order([(one.key, one.document) for one in products])
    except Exception as error:
        _log.debug("not put together: %s", error)
        return
    for (memory, name), is_mine in zip(waiting, created, strict=True):
        if is_mine:
            del memory.waiting[name]


def _put_rest(draft: Draft, seen: Seen | None) -> ObservationResult:
    """Put what waits of an observation, but for what was made of a stage that can't be put."""
    assert draft.result is not None
    waiting, gone = draft.sources.memory.waiting, set[str]()
    if not waiting:
        return draft.result
    stages: list[StageResult] = []
    for result in draft.result.stages:
        if gone.intersection(result.reads):
            continue
        ended = _put(result, draft, seen) if result.stage in waiting else result
        waiting.pop(result.stage, None)  # not before: who is interrupted puts it again
        if ended.kind is FailureKind.CONFIG:
            raise ConfigError(ended.message)
        if ended.outcome is not Outcome.SUCCEEDED:
            gone.add(ended.stage)
        stages.append(ended)
    return ObservationResult.of(draft.result.obsid, stages)


def _put(result: StageResult, draft: Draft, seen: Seen | None) -> StageResult:
    products, store = draft.sources.memory.waiting[result.stage], draft.sources.store
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
