"""The end of a campaign, whoever runs it: what the observations gave is joined, source by source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from flows.core.executor import Executor
from flows.core.grouping import Grouping, Unit
from flows.core.neighbours import Sky
from flows.core.plan import make_shard
from flows.core.result import Merged
from flows.core.settings import Settings
from flows.core.watcher import Watcher
from rossi.errors import DataError
from services.contract import ObservationResult, StageResult
from services.execution.failures import failed
from services.execution.vanished import keep_last
from services.merge.config import MergeRequest
from services.storage import ObjectStore, open_store
from services.storage.patience import patiently

#: Parallel requests: an answer of S3 takes tens of milliseconds, nearly all of it waiting.
_REQUESTS = 16


def keep_vanished(
    settings: Settings, asked: Sequence[str], results: Sequence[ObservationResult]
) -> tuple[ObservationResult, ...]:
    """Put the last products of observations that are not in the archive any more in the place of their failures.

    Raises
    ------
    StoreError
        If they are so many that nothing is to be published.
    """
    plan = make_shard(settings, asked)
    return keep_last(results, plan, open_store(settings.store), settings.campaign.vanished)


def merge_sources(
    settings: Settings,
    grouping: Grouping,
    results: Mapping[str, ObservationResult],
    executor: Executor,
    watcher: Watcher,
) -> tuple[Merged, ...]:
    """Merge each source in which something has changed; what goes wrong with one is a failure of that one.

    Parameters
    ----------
    settings : Settings
    grouping : Grouping
    results : mapping of ObsID to ObservationResult
    executor : Executor
    watcher : Watcher
    """
    units = grouping.units
    sky = Sky.of(settings, grouping)
    requests = [request_of(settings, unit, grouping, results, sky) for unit in units]
    store = open_store(settings.store)
    look = partial(_found_again, store, requests)
    there = patiently(look, None, store, lambda pause: watcher.warned(str(pause)))
    changed = [request for request, known in zip(requests, there, strict=True) if known is None]
    watcher.merging(len(changed))
    made = iter(executor.merge(changed, watcher) if changed else [])
    return tuple(
        Merged(
            name=unit.source.name if unit.source else grouping.rule.only,
            slug=unit.source.slug if unit.source and grouping.several else "",
            obsids=unit.obsids,
            merge=known or next(made),
        )
        for unit, known in zip(units, there, strict=True)
    )


def request_of(
    settings: Settings, unit: Unit, grouping: Grouping, results: Mapping[str, ObservationResult], sky: Sky
) -> MergeRequest:
    """Return what the merge of a source is asked for; of several sources, each report is headed by its source."""
    headed = {"title": unit.source.name} if unit.source and grouping.several else {}
    return MergeRequest(
        store=settings.store,
        prefix=settings.prefix,
        asked=unit.obsids,
        results=tuple(results[obsid] for obsid in unit.obsids if obsid in results),
        config=settings.merge.model_copy(update=headed),
        source=unit.source,
        neighbours=sky.near(unit, grouping),
    )


def _found_again(store: ObjectStore, requests: Sequence[MergeRequest]) -> list[StageResult | None]:
    from services.merge.stage import find_merge

    with ThreadPoolExecutor(_REQUESTS) as pool:
        return list(pool.map(partial(find_merge, store), requests))


def put_above(
    settings: Settings, grouping: Grouping, results: Mapping[str, ObservationResult], merges: Sequence[Merged]
) -> StageResult:
    """Publish the front page and the tables of an archive; see `services.merge.front_stage`."""
    from services.merge.front_stage import NAME, Everything, FrontConfig, run_front

    rule, told = grouping.rule, settings.merge
    config = FrontConfig(
        title=told.title, description=told.description, by=rule.by, radius=rule.radius, hardness=told.hardness
    )
    by_slug = {one.slug: one.merge for one in merges}
    try:
        archive = Everything(grouping.observations, grouping.found, results, by_slug)
        return run_front(config, archive, open_store(settings.store), settings.prefix)
    except DataError as error:  # the sources' reports are there all the same
        return failed(NAME, "", error)
