"""Working off a shard: a list of observations, all their stages, in one process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rossi.errors import ConfigError
from services.contract import FailureKind, ObservationResult, Outcome, Stage, StageResult
from services.execution.executor import execute
from services.execution.making import Memory
from services.execution.request import Shard, StageRequest
from services.execution.stages import load_stage
from services.storage import ArchiveSource, ObjectStore, open_archive, open_store
from services.storage.held import HeldArchive
from services.storage.patience import Pause, lost, patiently


def run_observation(
    obsid: str, shard: Shard, *, archive: ArchiveSource, store: ObjectStore, run: Callable[..., StageResult] = execute
) -> ObservationResult:
    """Run the shard's stages in order for one observation, each with `run`, which is called as `execute` is.

    A stage that reads from one without success is left out; what an instrument lacks does not concern the other.

    Raises
    ------
    ConfigError
        If what was asked for makes no sense for any observation. Every other failure is the observation's own.
    """
    memory: Memory = {}
    held = HeldArchive(archive)

    def one(stage: Stage[Any], request: StageRequest[Any]) -> StageResult:
        result = run(stage, request, archive=held, store=store, memory=memory)
        if result.kind is FailureKind.CONFIG:
            raise ConfigError(result.message)
        return result

    return ObservationResult.of(obsid, run_stages(obsid, shard, one))


def run_stages(
    obsid: str, shard: Shard, run: Callable[[Stage[Any], StageRequest[Any]], StageResult | None]
) -> list[StageResult]:
    """Call `run` for the shard's stages in order, but for those that read from one without success.

    Parameters
    ----------
    obsid : str
    shard : Shard
    run : callable
        Returns how the stage ended, None if that is not known.

    Returns
    -------
    list of StageResult
        Of the stages whose end is known.
    """
    manifests: dict[str, str] = {}
    results: list[StageResult] = []
    for name, config in shard.stages.items():
        stage = load_stage(name)
        reads = stage.reads(config)
        if any(source in shard.stages and source not in manifests for source in reads):
            continue
        result = run(stage, shard.request(name, obsid, manifests))
        if result is None:
            continue
        results.append(result.model_copy(update={"reads": reads}))
        if result.outcome is Outcome.SUCCEEDED:
            manifests = {**manifests, name: result.manifest}
    return results


def open_places(shard: Shard) -> tuple[ArchiveSource, ObjectStore]:
    """Open a shard's archive and store.

    Raises
    ------
    ConfigError
        If one of them can't be used.
    """
    if not shard.stages:
        raise ConfigError(f"Shard {shard.number} names no stage.")
    return open_archive(shard.archive, shard.cache), open_store(shard.store)


def run_shard(
    shard: Shard,
    on_result: Callable[[ObservationResult], None] | None = None,
    on_pause: Callable[[Pause], None] | None = None,
) -> list[ObservationResult]:
    """Run all observations of a shard, one after the other.

    Parameters
    ----------
    shard : Shard
    on_result : callable, optional
        Told each observation's result when it is there.
    on_pause : callable, optional
        Told when the work stands still because the archive or the store is away.

    Raises
    ------
    ConfigError
        If the shard's configuration, archive or store can't be used: nothing else could succeed either.
    StoreError
        If the archive or the store stays away.
    """
    archive, store = open_places(shard)
    results = []
    for obsid in shard.obsids:
        run = partial(run_observation, obsid, shard, archive=archive, store=store)
        results.append(patiently(run, archive, store, on_pause, lost))
        if on_result is not None:
            on_result(results[-1])
    return results
