"""Running one stage for one observation: inputs in, the engine, outputs out, manifest last."""

from __future__ import annotations

import gc
import logging
import time
from dataclasses import replace
from functools import partial
from typing import Any

from rossi.errors import ConfigError, MissingInput, NoGoodTime, RossiError, is_full
from services.contract import ARCHIVE, Caveat, Outcome, Outputs, Stage, StageResult
from services.contract.barycentre import is_wanted
from services.engines import ENGINES
from services.execution.completeness import examine, what_is_missing
from services.execution.failures import failed, record_failure
from services.execution.inputs import Chosen, Sources, choose, read
from services.execution.making import Memory, Work, carry_out
from services.execution.observation import read_obsid
from services.execution.request import StageRequest
from services.storage import ArchiveSource, ObjectStore, open_archive, open_store
from services.storage.opening import puts_together

_log = logging.getLogger(__name__)


def execute(
    stage: Stage[Any],
    request: StageRequest[Any],
    *,
    archive: ArchiveSource | None = None,
    store: ObjectStore | None = None,
    memory: Memory | None = None,
) -> StageResult:
    """Run a stage for one observation, unless its result is in the store already.

    Parameters
    ----------
    stage : Stage
    request : StageRequest
    archive, store : optional
        Opened already; else the request's URLs are opened.
    memory : Memory, optional
        What this process made: read instead of the store, and added to.

    Returns
    -------
    StageResult
        Whatever happens; a failure is recorded below ``<prefix>/<obsid>/<stage>/failures/`` if the store allows it.
    """
    start, digest = time.perf_counter(), ""
    try:
        store = store or open_store(request.store)
        if archive is None and any(i.source == ARCHIVE for i in stage.inputs_for(request.config)):
            archive = open_archive(request.archive, request.cache)
        sources = Sources(archive, store, Memory() if memory is None else memory)
        work, chosen = find_work(stage, request, sources)
        digest = work.fingerprint
        together = puts_together(request.store)
        make = partial(_make, work, request, chosen, sources)
        result = carry_out(work, store, make, sources.memory, together=together)
    except NoGoodTime as error:  # of an earlier stage
        told = {"outcome": Outcome.NO_WORK, "code": error.code, "message": str(error)}
        result = StageResult(stage=request.stage, obsid=request.obsid, **told)
    except Exception as error:
        result = failure(request, error, digest, store, time.perf_counter() - start)
    result = result.model_copy(update={"seconds": time.perf_counter() - start})
    _report(result)
    return result


def failure(
    request: StageRequest[Any], error: Exception, digest: str, store: ObjectStore | None, seconds: float
) -> StageResult:
    """Return the result of a stage that an exception has ended, of which a record is left in the store.

    Parameters
    ----------
    request : StageRequest
    error : Exception
    digest : str
        Fingerprint of the work, empty if it was not known yet.
    store : ObjectStore or None
    seconds : float [s]
        What the stage took.
    """
    if not isinstance(error, RossiError) and not is_full(error):
        _log.error("%s %s: unexpected error", request.obsid, request.stage, exc_info=error)
    told = {"fingerprint": digest, "seconds": seconds}
    result = failed(request.stage, request.obsid, error).model_copy(update=told)
    if store is not None:
        record_failure(store, request.prefix, result)
    return result.model_copy(update={"detail": ""})


def find_work(stage: Stage[Any], request: StageRequest[Any], sources: Sources) -> tuple[Work, Chosen]:
    """Find out what a stage would do, and with which inputs; none is read, nothing is computed.

    Raises
    ------
    ConfigError
        If the configuration can't be used for any observation.
    DataError
        If there is no such observation, or files of it are missing.
    NoGoodTime
        If a stage whose outputs are needed had no work.
    """
    if request.stage != stage.name:
        raise ConfigError(f"The request is for stage {request.stage!r}, but this is {stage.name!r}.")
    if stage.name in sources.memory.first:
        return sources.memory.first[stage.name]
    read_obsid(sources.archive, request.obsid)
    chosen = choose(stage.inputs_for(request.config), request, sources)
    versions = ENGINES[request.engine].versions(stage.name)
    shared = (stage, request.config, chosen.records, request.prefix, request.obsid, request.engine, versions)
    work = Work(*shared)
    if not chosen.upstream:
        sources.memory.first[stage.name] = work, chosen
    return work, chosen


def _make(work: Work, request: StageRequest[Any], chosen: Chosen, sources: Sources) -> Outputs:
    """Read the inputs, and have the engine carry the stage out."""
    declared = chosen.inputs
    examined = examine(declared, work.obsid, read(declared, request, chosen, sources), chosen.left_out)
    told = (*chosen.caveats, *examined.caveats)
    lost = what_is_missing(told, {name: manifest.caveats for name, (_, manifest) in chosen.upstream.items()})
    try:
        outputs = ENGINES[request.engine].run(work.stage.name, work.config, examined.inputs)
        if is_wanted(work.config):
            from services.execution.barycentre import at_barycentre

            outputs = at_barycentre(work.config, examined.inputs, outputs)
    except NoGoodTime as error:  # which says nothing where a part of the observation is lost
        if lost:
            message = f"{error} But the copy of the observation is not whole: {lost} Fetch it again."
            raise MissingInput(message) from None
        outputs = Outputs({}, (Caveat(code=error.code, message=str(error)),), outcome=Outcome.NO_WORK)
    if any(one.on_disk for one in declared):
        gc.collect()  # figures leave circles, which would keep the files on disk
    return replace(outputs, caveats=(*told, *outputs.caveats))


def _report(result: StageResult) -> None:
    level = logging.WARNING if result.outcome is Outcome.FAILED else logging.INFO
    how = f"{result.outcome}, reused" if result.reused else result.outcome
    _log.log(level, "%s %s: %s in %.3f s %s", result.obsid, result.stage, how, result.seconds, result.message)
    for caveat in result.caveats:
        _log.info("%s %s: %s: %s", result.obsid, result.stage, caveat.code, caveat.message)
