"""Running the failures of a campaign again, and merging once more; everything else is taken from the store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flows.core.merging import keep_vanished, merge_results
from flows.core.plan import plan_shards
from flows.core.processes import run_in_process, stop_all
from flows.core.result import CampaignResult
from flows.core.settings import Settings
from services.contract import ObservationResult, Outcome, StageResult
from services.contract.configuration import validate
from services.execution.executor import result_of
from services.execution.worker import load_stage
from services.query.stage import NAME as QUERY
from services.query.vanished import rows_of
from services.storage import ObjectStore
from services.storage.gone import is_gone, told_to_go
from services.storage.inventory import Entry, Failure, all_sets, recorded_failures

OnResult = Callable[[ObservationResult], None]


@dataclass(frozen=True, slots=True)
class Known:
    """What a store knows of a campaign.

    Parameters
    ----------
    asked : tuple of str
        The ObsIDs of the newest work list; without one, all that left anything.
    results : dict of ObsID to ObservationResult
        How they ended with these settings; those that did not end, and have not failed so far, are missing.
    """

    asked: tuple[str, ...]
    results: dict[str, ObservationResult]

    @property
    def failed(self) -> tuple[str, ...]:
        """The ObsIDs of the failures."""
        return tuple(obsid for obsid, result in self.results.items() if result.outcome is Outcome.FAILED)


def look(store: ObjectStore, settings: Settings) -> Known:
    """Find out what a store knows of the campaign that the settings describe.

    Products of other settings do not count. Of a product set and a failure the later one does.
    """
    sets = all_sets(store, settings.prefix)
    made = {(e.manifest.obsid, e.manifest.stage): e for e in sets if _fits(e, settings)}
    failures = {(f.result.obsid, f.result.stage): f for f in recorded_failures(store, settings.prefix)}
    lists = [entry for entry in sets if entry.manifest.stage == QUERY]
    listed = (
        [row.obsid for row in rows_of(store, lists[-1].key)]
        if lists
        else sorted({obsid for obsid, _ in (*made, *failures)})
    )
    told, since = told_to_go(store, settings.prefix), lists[-1].manifest.created if lists else ""
    asked = [obsid for obsid in listed if not is_gone(told, obsid, since)]
    results = {}
    for obsid in asked:
        stages = _stages(obsid, settings, made, failures)
        if stages:
            results[obsid] = ObservationResult.of(obsid, stages)
    return Known(tuple(asked), results)


def retry(settings: Settings, known: Known, on_result: OnResult) -> CampaignResult:
    """Run the failures again and merge everything.

    Parameters
    ----------
    settings : Settings
    known : Known
        See `look`.
    on_result : callable
        Told each result, from several threads.

    Returns
    -------
    CampaignResult
        Its results are of all observations that ended, these and the others.

    Raises
    ------
    ConfigError
        If no observation could succeed.
    """
    shards = plan_shards(settings, known.failed)
    try:
        with ThreadPoolExecutor(settings.campaign.workers) as pool:
            done = [result for some in pool.map(lambda s: run_in_process(s, on_result), shards) for result in some]
    except BaseException:
        stop_all()
        raise
    ended = tuple((known.results | {result.obsid: result for result in done}).values())
    results = keep_vanished(settings, known.asked, ended)
    return CampaignResult(asked=known.asked, results=results, merge=merge_results(settings, known.asked, results))


def _fits(entry: Entry, settings: Settings) -> bool:
    return settings.stages.get(entry.manifest.stage) == entry.manifest.config


def _stages(
    obsid: str,
    settings: Settings,
    made: dict[tuple[str, str], Entry],
    failures: dict[tuple[str, str], Failure],
) -> list[StageResult]:
    """Return how the stages of one observation ended, as `services.execution.worker.run_observation` does."""
    results: list[StageResult] = []
    succeeded: set[str] = set()
    unfinished = False
    for name, config in settings.stages.items():
        stage = load_stage(name)
        reads = stage.reads(validate(stage.config, config, name))
        if any(source in settings.stages and source not in succeeded for source in reads):
            continue
        entry, failure = made.get((obsid, name)), failures.get((obsid, name))
        if failure is not None and (entry is None or failure.when > entry.when):
            results.append(failure.result.model_copy(update={"reads": reads}))
        elif entry is not None:
            result = result_of(entry.manifest, entry.key, reused=True)
            results.append(result.model_copy(update={"reads": reads}))
            succeeded |= {name} if result.outcome is Outcome.SUCCEEDED else set()
        else:
            unfinished = True
    failed = any(result.outcome is Outcome.FAILED for result in results)
    return results if failed or not unfinished else []
