"""Working off a shard: a list of observations, all their stages, in one process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from rossi.errors import ConfigError
from services.contract import FailureKind, ObservationResult, Outcome, Stage, StageResult
from services.execution.executor import execute
from services.execution.inputs import Sources
from services.execution.known import look
from services.execution.making import Memory
from services.execution.overlap import Overlap
from services.execution.request import Shard, StageRequest
from services.execution.settling import Draft, settle
from services.execution.stages import load_stage
from services.storage import ArchiveSource, ObjectStore, open_archive, open_store
from services.storage.held import HeldArchive
from services.storage.patience import Pause


def run_observation(
    obsid: str,
    shard: Shard,
    *,
    archive: ArchiveSource,
    store: ObjectStore,
    run: Callable[..., StageResult] = execute,
    sources: Sources | None = None,
    stepwise: bool = False,
) -> ObservationResult:
    """Run the shard's stages in order for one observation, each with `run`, which is called as `execute` is.

    A stage that reads from one without success is left out; what an instrument lacks does not concern the other.

    Parameters
    ----------
    obsid : str
    shard : Shard
    archive : ArchiveSource
    store : ObjectStore
    run : callable
    sources : Sources, optional
        What is known of the observation already, if somebody has looked, who also puts what is made; else it is looked
        here, and put.
    stepwise : bool
        Whether products of a stage are put before the next one begins, for somebody to look at; else all in the end.

    Raises
    ------
    ConfigError
        If what was asked for makes no sense for any observation. Every other failure is the observation's own.
    """
    mine = sources is None
    if sources is None:
        sources = Sources(HeldArchive(archive), store, Memory(behind=not stepwise))
    draft = Draft(shard, sources, look(obsid, shard, sources) if mine else "")

    def one(stage: Stage[Any], request: StageRequest[Any]) -> StageResult:
        result = run(stage, request, archive=draft.sources.archive, store=store, memory=draft.sources.memory)
        if result.kind is FailureKind.CONFIG:
            raise ConfigError(result.message)
        return result

    draft.result = ObservationResult.of(obsid, run_stages(obsid, shard, one))
    if not mine:
        return draft.result
    results, problem = settle([draft], store)
    if problem is not None:
        raise problem
    return results[0]


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
    on_begin: Callable[[str], None] | None = None,
) -> list[ObservationResult]:
    """Run all observations of a shard, one after the other; see `services.execution.overlap`.

    Parameters
    ----------
    shard : Shard
    on_result : callable, optional
        Told each observation's result when it is there.
    on_pause : callable, optional
        Told when the work stands still because the archive or the store is away.
    on_begin : callable, optional
        Told each observation that is now computed; the results of some before it may not be there yet.

    Raises
    ------
    ConfigError
        If the shard's configuration, archive or store can't be used: nothing else could succeed either.
    StoreError
        If the archive or the store stays away.
    """
    archive, store = open_places(shard)
    begin = (lambda position: on_begin(shard.obsids[position])) if on_begin else lambda _: None
    overlap = Overlap(shard, archive, store, run_observation, on_pause=on_pause, on_begin=begin)
    results = []
    with closing(overlap.work(range(len(shard.obsids)))) as ended:
        for _, result in ended:
            results.append(result)
            if on_result is not None:
                on_result(result)
    return results
