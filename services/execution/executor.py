"""Running one stage for one observation: inputs in, `run`, outputs out, manifest last.

How products are kept so that nothing is done twice and nothing half-done is ever read is told in
`services.storage.publication`, whose functions can be imported from here too.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
import tempfile
import time
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from rossi.errors import ConfigError, DataError, NoGoodTime, RossiError, is_full
from services.contract import (
    ARCHIVE,
    Caveat,
    FailureKind,
    Inputs,
    Manifest,
    Outcome,
    Outputs,
    Stage,
    StageRequest,
    StageResult,
)
from services.contract.configuration import validate
from services.contract.engine import EngineName
from services.engines import engine_versions, implementation
from services.execution.completeness import examine, what_is_missing
from services.execution.inputs import Chosen, Made, Memory, Sources, choose, read
from services.execution.observation import NOT_IN_ARCHIVE, NotInArchive, read_obsid
from services.storage import ArchiveSource, CacheConfig, ObjectStore, open_archive, open_store
from services.storage.publication import (
    FAILURES,
    fetch_outputs,
    find_manifest,
    fingerprint,
    manifest_key,
    new_manifest,
    output_key,
    publish,
    read_manifest,
)

__all__ = [
    "execute",
    "failed",
    "fetch_outputs",
    "find_manifest",
    "fingerprint",
    "manifest_key",
    "new_manifest",
    "output_key",
    "publish",
    "read_manifest",
    "record_failure",
    "result_of",
]

_log = logging.getLogger(__name__)


def execute(
    stage: Stage[Any],
    request: StageRequest,
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
    memory : mutable mapping, optional
        What this process made, by the key of its manifest: read instead of the store, and added to.

    Returns
    -------
    StageResult
        Whatever happens; a failure is recorded below ``<prefix>/<obsid>/<stage>/failures/`` if the store allows it.
    """
    start, digests = time.perf_counter(), [""]
    try:
        store = store or open_store(request.store)
        if archive is None and any(i.source == ARCHIVE for i in stage.inputs):
            archive = open_archive(request.archive, validate(CacheConfig, request.cache, "cache"))
        result = _execute(stage, request, Sources(archive, store, {} if memory is None else memory), digests)
    except NoGoodTime as error:  # of an earlier stage
        result = StageResult(stage=request.stage, obsid=request.obsid, outcome=Outcome.NO_WORK, message=str(error))
    except Exception as error:
        if not isinstance(error, RossiError) and not is_full(error):
            _log.exception("%s %s: unexpected error", request.obsid, request.stage)
        result = failed(request.stage, request.obsid, error).model_copy(update={"fingerprint": digests[-1]})
    result = result.model_copy(update={"seconds": time.perf_counter() - start})
    if result.outcome is Outcome.FAILED and store is not None:
        record_failure(store, request.prefix, result)
    result = result.model_copy(update={"detail": ""})
    _report(result)
    return result


def failed(stage: str, obsid: str, error: Exception) -> StageResult:
    """Return the result that an exception means."""
    kind = FailureKind.RETRYABLE
    if isinstance(error, DataError):
        kind = FailureKind.DATA
    elif isinstance(error, ConfigError):
        kind = FailureKind.CONFIG
    message = _sentence(error)
    absent = (Caveat(code=NOT_IN_ARCHIVE, message=message),) if isinstance(error, NotInArchive) else ()
    detail = "\n".join(getattr(error, "__notes__", ()))
    outcome = Outcome.FAILED
    return StageResult(
        stage=stage, obsid=obsid, outcome=outcome, message=message, detail=detail, kind=kind, caveats=absent
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, RossiError):
        return str(error)
    if isinstance(error, OSError) and is_full(error):
        place = error.filename or tempfile.gettempdir()
        return (
            f"{place}: the disk of the machine that works is full ({error.strerror}); make room there, or name another "
            "folder in TMPDIR; on a cluster raise kubernetes.scratch or free the node's disk. Then run it again."
        )
    return f"{type(error).__name__}: {error}"


def record_failure(store: ObjectStore, prefix: str, result: StageResult) -> None:
    """Leave a failure's result in the store; best effort, as it is the failure itself that counts.

    The record's name, ``<time>-<sha256>.json``, tells when it was made and whether it is intact.
    """
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    document = result.model_dump_json(indent=1).encode()
    name = f"{now}-{hashlib.sha256(document).hexdigest()}.json"
    key = "/".join(filter(None, (prefix.strip("/"), result.obsid, result.stage, FAILURES, name)))
    try:
        store.put(key, document)
    except Exception as error:  # whatever it is, the run goes on
        _log.warning("%s %s: the failure could not be recorded: %s", result.obsid, result.stage, error)


def result_of(manifest: Manifest, key: str, *, reused: bool) -> StageResult:
    """Return the result that a published manifest means."""
    return StageResult(
        stage=manifest.stage,
        obsid=manifest.obsid,
        outcome=manifest.outcome,
        manifest=key,
        fingerprint=manifest.fingerprint,
        reused=reused,
        message=manifest.caveats[-1].message if manifest.outcome is Outcome.NO_WORK else "",
        caveats=manifest.caveats,
        summary=manifest.summary,
        seconds=manifest.seconds,
    )


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage would do for one observation: everything that its fingerprint says.

    Parameters
    ----------
    config : BaseModel
    settings : dict
        The same, JSON-compatible.
    engine : dict
        Versions of what the engine computes with.
    chosen : Chosen
        The inputs.
    fingerprint : str
    folder : str
        Of all that the stage made for the observation.
    """

    config: BaseModel
    settings: dict[str, Any]
    engine: dict[str, str]
    chosen: Chosen
    fingerprint: str
    folder: str

    @property
    def base(self) -> str:
        """Where the products are, or will be."""
        return f"{self.folder}/{self.fingerprint}"

    @property
    def key(self) -> str:
        """Of the products' manifest."""
        return manifest_key(self.base)


def stage_folder(request: StageRequest) -> str:
    """Return the folder of all that a stage made for an observation."""
    return "/".join(filter(None, (request.prefix.strip("/"), request.obsid, request.stage)))


def find_work(stage: Stage[Any], request: StageRequest, sources: Sources) -> Work:
    """Find out what a stage would do; no input is read, nothing is computed.

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
    config = validate(stage.config, request.config, stage.name)
    read_obsid(sources.archive, request.obsid)
    chosen = choose(stage.inputs_for(config), request, sources)
    settings = config.model_dump(mode="json")
    engine = engine_versions(_engine_of(config), stage.name)
    digest = fingerprint(stage.name, stage.version, settings | engine, chosen.records)
    return Work(config, settings, engine, chosen, digest, stage_folder(request))


def _execute(stage: Stage[Any], request: StageRequest, sources: Sources, digests: list[str]) -> StageResult:
    """Run a stage; adds its fingerprint to `digests` as soon as it is known, so that a failure can name it."""
    work = find_work(stage, request, sources)
    digests.append(work.fingerprint)
    there = find_manifest(sources.store, work.key)
    if there is not None:
        sources.memory[work.key] = Made(there)
        return result_of(there, work.key, reused=True)
    start = time.perf_counter()
    declared, chosen = stage.inputs_for(work.config), work.chosen
    examined = examine(declared, request.obsid, read(declared, request, chosen, sources))
    told = (*chosen.caveats, *examined.caveats)
    lost = what_is_missing(told, {name: manifest.caveats for name, (_, manifest) in chosen.upstream.items()})
    outputs, outcome = _run(stage, work.config, examined.inputs, lost)
    outputs = replace(outputs, caveats=(*told, *outputs.caveats))
    seconds = time.perf_counter() - start
    made = (work.fingerprint, work.settings, work.chosen.records, outputs, outcome, seconds)
    mine = new_manifest(stage.name, request.obsid, *made)
    mine = mine.model_copy(update={"versions": mine.versions | work.engine})
    manifest = publish(sources.store, work.base, mine, outputs.files)
    if manifest == mine.model_copy(update={"outputs": manifest.outputs, "seal": manifest.seal}):
        sources.memory[work.key] = Made(manifest, outputs.files)
    return result_of(manifest, work.key, reused=False)


def _engine_of(config: BaseModel) -> EngineName:
    """Return the engine that a configuration names; that of a stage which needs none does not."""
    return getattr(config, "engine", EngineName.NATIVE)


def _run(stage: Stage[Any], config: BaseModel, inputs: Inputs, lost: str) -> tuple[Outputs, Outcome]:
    """Run a stage; that nothing came of it says nothing where a part of the observation is lost."""
    try:
        outputs = (stage.run or implementation(_engine_of(config), stage.name))(config, inputs)
    except NoGoodTime as error:
        if lost:
            raise DataError(f"{error} But the copy of the observation is not whole: {lost} Fetch it again.") from None
        return Outputs({}, (Caveat(code="no_good_time", message=str(error)),)), Outcome.NO_WORK
    if unknown := outputs.files.keys() - {output.name for output in stage.outputs}:
        raise ValueError(f"Stage {stage.name} made outputs that it does not declare: {', '.join(sorted(unknown))}.")
    for declared in stage.outputs:
        files = outputs.files.get(declared.name, ())
        if len(files) < declared.at_least:
            raise DataError(
                f"Stage {stage.name} made {len(files)} files of output {declared.name} ({declared.meaning}), "
                f"{declared.at_least} expected."
            )
        if empty := [file.name for file in files if not file.data]:
            raise DataError(f"Stage {stage.name} left {empty[0]} empty (output {declared.name}: {declared.meaning}).")
    return outputs, Outcome.SUCCEEDED


def _report(result: StageResult) -> None:
    level = logging.WARNING if result.outcome is Outcome.FAILED else logging.INFO
    how = f"{result.outcome}, reused" if result.reused else result.outcome
    _log.log(level, "%s %s: %s in %.3f s %s", result.obsid, result.stage, how, result.seconds, result.message)
    for caveat in result.caveats:
        _log.info("%s %s: %s: %s", result.obsid, result.stage, caveat.code, caveat.message)
