"""What an exception makes of a stage, and the record of it in the store."""

from __future__ import annotations

import datetime
import hashlib
import logging
import tempfile

from rossi.errors import FullDisk, RossiError, is_full
from services.contract import ObservationResult, Outcome, StageResult
from services.contract.outcome import KINDS, ExitCode
from services.execution.request import Shard
from services.storage import ObjectStore
from services.storage.base import key_of
from services.storage.publication import FAILURES

_log = logging.getLogger(__name__)


class Unexpected(RossiError):
    """Something that nobody foresaw; its traceback is in the log."""

    code = "unexpected"


class ProcessLost(RossiError):
    """The process that worked on an observation is gone."""

    code = "process_lost"


def failed(stage: str, obsid: str, error: Exception, source: str = "") -> StageResult:
    """Return the result that an exception means."""
    known = _known(error)
    return StageResult(
        stage=stage,
        obsid=obsid,
        outcome=Outcome.FAILED,
        kind=KINDS[ExitCode(known.exit_code)],
        code=known.code,
        message=str(known),
        detail="\n".join(getattr(error, "__notes__", ())),
        source=source,
    )


def _known(error: Exception) -> RossiError:
    if isinstance(error, RossiError):
        return error
    if isinstance(error, OSError) and is_full(error):
        place = error.filename or tempfile.gettempdir()
        return FullDisk(
            f"{place}: the disk of the machine that works is full ({error.strerror}); make room there, or name another "
            "folder in TMPDIR; on a cluster raise kubernetes.scratch or free the node's disk. Then run it again."
        )
    return Unexpected(f"{type(error).__name__}: {error}")


def lost_observation(shard: Shard, obsid: str, message: str, store: ObjectStore | None = None) -> ObservationResult:
    """Return the result of an observation whose process is gone; recorded, where a store is given."""
    failure = failed(next(iter(shard.stages)), obsid, ProcessLost(message))
    if store is not None:
        record_failure(store, shard.prefix, failure)
    return ObservationResult(obsid=obsid, outcome=Outcome.FAILED, stages=(failure,))


def record_failure(store: ObjectStore, prefix: str, result: StageResult) -> None:
    """Leave a failure's result in the store; best effort, as it is the failure itself that counts.

    The record's name, ``<time>-<sha256>.json``, tells when it was made and whether it is intact.
    """
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    document = result.model_dump_json(indent=1).encode()
    name = f"{now}-{hashlib.sha256(document).hexdigest()}.json"
    key = key_of(prefix, result.obsid, result.stage, FAILURES, name)
    try:
        store.put(key, document)
    except Exception as error:  # whatever it is, the run goes on
        _log.warning("%s %s: the failure could not be recorded: %s", result.obsid, result.stage, error)
