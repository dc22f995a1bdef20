"""What would have to be done for an observation, and why: found by fingerprints, without doing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from rossi.errors import DataError
from services.contract import (
    CALIBRATION,
    FailureKind,
    Frozen,
    InputRecord,
    Manifest,
    ObservationResult,
    Stage,
    StageResult,
)
from services.execution.executor import find_work
from services.execution.failures import failed
from services.execution.inputs import Sources
from services.execution.known import look
from services.execution.making import Work, result_of, stage_folder
from services.execution.request import Shard, StageRequest
from services.execution.worker import run_stages
from services.storage import ArchiveSource, ObjectStore, open_archive, open_store
from services.storage.base import is_key
from services.storage.held import HeldArchive
from services.storage.patience import Pause, patiently
from services.storage.publication import FAILURES, MANIFEST, read_manifest, versions


class Change(StrEnum):
    """Why there is something to do."""

    NEW = "new observation"
    DATA = "new data"
    CALIBRATION = "new calibration"
    CONFIGURATION = "new configuration"
    VERSION = "new version"
    SINCE_FAILURE = "changed since it failed"
    FAILED = "failed before"


class Standing(Frozen):
    """How far an observation is.

    Parameters
    ----------
    obsid : str
    changes : tuple of Change
        Why there is something to do; empty if all is done.
    result : ObservationResult or None
        What a run would give if there is nothing to do; for one that failed before and where nothing changed, its
        failure. None where it must be run to be known.
    """

    obsid: str
    changes: tuple[Change, ...] = ()
    result: ObservationResult | None = None

    @property
    def kind(self) -> FailureKind | None:
        """How it failed before, where that is all that is known."""
        return self.result.last.kind if self.result and Change.FAILED in self.changes else None


@dataclass(frozen=True, slots=True)
class Past:
    """What the store has of one stage of one observation."""

    manifests: tuple[Manifest, ...]
    failures: tuple[StageResult, ...]


def survey_shard(
    shard: Shard,
    on_result: Callable[[Standing], None] | None = None,
    on_pause: Callable[[Pause], None] | None = None,
) -> list[Standing]:
    """Look at all observations of a shard.

    Raises
    ------
    ConfigError
        If the shard's configuration, archive or store can't be used.
    StoreError
    """
    archive, store = open_archive(shard.archive, shard.cache), open_store(shard.store)
    standings = []
    for obsid in shard.obsids:
        look = partial(survey_observation, obsid, shard, archive=archive, store=store)
        standings.append(patiently(look, archive, store, on_pause))
        if on_result is not None:
            on_result(standings[-1])
    return standings


def survey_observation(obsid: str, shard: Shard, *, archive: ArchiveSource, store: ObjectStore) -> Standing:
    """Find out how far an observation is; nothing is computed, nothing is written.

    Raises
    ------
    ConfigError
        If what was asked for makes no sense for any observation.
    StoreError
    """
    changes: dict[Change, None] = {}
    sources = Sources(HeldArchive(archive), store)
    look(obsid, shard, sources)

    def one(stage: Stage[Any], request: StageRequest[Any]) -> StageResult | None:
        result, found = _survey_stage(stage, request, sources)
        changes.update(dict.fromkeys(found))
        return result

    results = run_stages(obsid, shard, one)
    unknown = any(change is not Change.FAILED for change in changes) or not results
    if unknown:
        return Standing(obsid=obsid, changes=tuple(changes))
    result = ObservationResult.of(obsid, results).model_copy(update={"together": sources.memory.together})
    return Standing(obsid=obsid, changes=tuple(changes), result=result)


def _survey_stage(
    stage: Stage[Any], request: StageRequest[Any], sources: Sources
) -> tuple[StageResult | None, tuple[Change, ...]]:
    """Return what running the stage would give, if that is known, and why it would have to be run."""
    try:
        work, _ = find_work(stage, request, sources)
    except DataError as error:
        return _failed_early(stage, request, error, sources.store)
    if (there := sources.memory.find(sources.store, work.key)) is not None:
        return result_of(there, work.key, reused=True), ()
    before = past(sources.store, work.folder)
    if before.manifests and not any(one.fingerprint == work.fingerprint for one in before.failures):
        return None, _differences(stage, before.manifests[-1], work)
    return _judge(before, work.fingerprint)


def _judge(before: Past, digest: str) -> tuple[StageResult | None, tuple[Change, ...]]:
    """Judge a stage without a result for this fingerprint by its failures."""
    if not before.failures:
        return None, (Change.NEW,)
    # Without a fingerprint: the process died before it could tell.
    same = [one for one in before.failures if one.fingerprint in ("", digest)]
    return (same[-1], (Change.FAILED,)) if same else (None, (Change.SINCE_FAILURE,))


def _failed_early(
    stage: Stage[Any], request: StageRequest[Any], error: DataError, store: ObjectStore
) -> tuple[StageResult | None, tuple[Change, ...]]:
    """Judge an observation whose inputs can't even be chosen: known, if it failed so before, of the same kind."""
    before = past(store, stage_folder(request.prefix, request.obsid, request.stage))
    if any((one.fingerprint, one.code) == ("", error.code) for one in before.failures):
        return failed(stage.name, request.obsid, error), (Change.FAILED,)
    return None, (Change.DATA if before.manifests else Change.NEW,)


def past(store: ObjectStore, folder: str) -> Past:
    """Return what the store has below `stage_folder`, each in the order of time."""
    manifests: list[Manifest] = []
    failures: list[tuple[str, StageResult]] = []
    if not is_key(folder):  # an ObsID that is none
        return Past((), ())
    for info in store.list(f"{folder}/"):
        parts = info.key.split("/")
        if parts[-1] == MANIFEST:
            manifests.append(read_manifest(store, info.key))
        elif parts[-2] == FAILURES:
            failures.append((parts[-1], StageResult.model_validate_json(store.get(info.key))))
    ordered = sorted(failures, key=lambda one: one[0])  # a name begins with the time
    return Past(tuple(sorted(manifests, key=lambda manifest: manifest.created)), tuple(result for _, result in ordered))


def _differences(stage: Stage[Any], manifest: Manifest, work: Work) -> tuple[Change, ...]:
    """Tell in what a run would differ from the newest one; in nothing else than the version if nothing is seen."""
    calibration = {declared.name for declared in stage.inputs if declared.source == CALIBRATION}

    def identities(these: Sequence[InputRecord], *, calibrated: bool) -> list[tuple[str, str, str]]:
        return sorted((r.input, r.path, r.identity) for r in these if (r.input in calibration) == calibrated)

    found = []
    if identities(manifest.inputs, calibrated=False) != identities(work.records, calibrated=False):
        found.append(Change.DATA)
    if identities(manifest.inputs, calibrated=True) != identities(work.records, calibrated=True):
        found.append(Change.CALIBRATION)
    if (manifest.engine, manifest.config) != (work.engine, work.settings):
        found.append(Change.CONFIGURATION)
    expected = {**versions(), **work.versions}
    if not found or any(manifest.versions.get(name) != expected[name] for name in ("rossi", *work.versions)):
        found.append(Change.VERSION)
    return tuple(found)
