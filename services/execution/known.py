"""What the store has of an observation already, found with one request for all its stages.

Whether a stage is done is told by the fingerprint of its own work in any case: here it is only learnt which manifests
there are, before each is looked for. Of observations that the store has nothing of, one request tells for many.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence

from rossi.errors import RossiError
from services.contract import ObservationResult, Outcome
from services.engines import ENGINES
from services.execution.executor import find_work
from services.execution.inputs import Sources, first_records
from services.execution.making import Made, Memory, stage_folder
from services.execution.request import Shard
from services.execution.stages import load_stage
from services.storage import ObjectStore
from services.storage.base import is_key
from services.storage.publication import MANIFEST, fingerprint, manifest_key
from services.storage.together import find_together, together, together_key

_log = logging.getLogger(__name__)


def begun(shard: Shard, store: ObjectStore) -> frozenset[str]:
    """Return the observations of a shard of which the store may have something; what it can't tell is all of them."""
    names = [obsid for obsid in shard.obsids if is_key(obsid)]
    try:
        found = store.occupied(stage_folder(shard.prefix, "", ""), names) if len(names) > 1 else names
    except RossiError as error:  # which comes again with what is asked for each
        _log.debug("what the store has is not known: %s", error)
        found = names
    return frozenset(found)


def look(
    obsid: str, shard: Shard, sources: Sources, *, done: bool = True, new: Callable[[], bool] = lambda: False
) -> str:
    """Learn what the store has of an observation; `sources.memory` gets it.

    Where the manifests are not together under the key for this work, it is learnt which of them there are.

    Parameters
    ----------
    obsid : str
    shard : Shard
    sources : Sources
    done : bool
        Whether they probably are together, so that this is looked at first. Either way, one request tells what was
        expected, and two what was not.
    new : callable
        Called when the store's turn has come; says whether it is known to have nothing of the observation.

    Returns
    -------
    str
        Where the manifests are to be put together when all stages are done; empty where they are, or where that can't
        be told. Whatever is wrong is told by the stage that it concerns.
    """
    if len(shard.stages) < 2:
        return ""
    try:
        key = together_key(shard.prefix, obsid, _digest(obsid, shard, sources))
        if new():
            sources.memory.there = frozenset()
            return key
        if done and _recognised(key, shard, sources):
            return ""
        there = frozenset(info.key for info in sources.store.list(f"{stage_folder(shard.prefix, obsid, '')}/"))
        if key in there and not done and _recognised(key, shard, sources):
            return ""
        sources.memory.there = frozenset(one for one in there if one.endswith(f"/{MANIFEST}"))
    except RossiError:
        return ""
    return key


def _recognised(key: str, shard: Shard, sources: Sources) -> bool:
    manifests = find_together(sources.store, key)
    sources.memory.together = "" if manifests is None else key
    for one in manifests or ():
        base = f"{stage_folder(shard.prefix, one.obsid, one.stage)}/{one.fingerprint}"
        sources.memory[manifest_key(base)] = Made(one)
    return manifests is not None


def put_known(ended: Sequence[tuple[str, ObservationResult, Memory]], store: ObjectStore) -> list[ObservationResult]:
    """Put the manifests of observations together, of each if all its stages are done; best effort, nothing needs it.

    Parameters
    ----------
    ended : sequence of (str, ObservationResult, Memory)
        Where the manifests are to be, see `look`, how the observation ended, and what is known of it.
    store : ObjectStore

    Returns
    -------
    list of ObservationResult
        Which name the objects where they are together, if they are.
    """
    done = [
        (memory, key, together([memory[one.manifest].document for one in result.stages]))
        for key, result, memory in ended
        if key and result.outcome is not Outcome.FAILED and all(one.manifest in memory for one in result.stages)
    ]
    try:
        if done:
            store.put_in_order([(key, document) for _, key, document in done])
        for memory, key, _ in done:
            memory.together = key
    except RossiError as error:
        _log.warning("manifests could not be put together: %s", error)
    return [result.model_copy(update={"together": memory.together}) for _, result, memory in ended]


def _digest(obsid: str, shard: Shard, sources: Sources) -> str:
    """Return what tells the work of all stages from any other, found without the results of any."""
    digest = hashlib.sha256()
    for name, config in shard.stages.items():
        stage, request = load_stage(name), shard.request(name, obsid, {})
        if stage.reads(config):
            records = first_records(stage.inputs_for(config), request, sources)
            engine = {"name": shard.engine, **ENGINES[shard.engine].versions(name)}
            found = fingerprint(name, stage.version, config.model_dump(mode="json"), records, engine)
        else:
            found = find_work(stage, request, sources)[0].fingerprint
        digest.update(found.encode())
    return digest.hexdigest()
