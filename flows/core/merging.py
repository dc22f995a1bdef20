"""The end of a campaign, whoever runs it: what the observations gave is joined, source by source."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from flows.core.executor import Executor
from flows.core.grouping import Grouping, Unit
from flows.core.neighbours import Sky
from flows.core.plan import make_shard
from flows.core.result import Merged
from flows.core.results import Results
from flows.core.settings import Settings
from flows.core.watcher import Watcher
from rossi.errors import DataError
from services.contract import StageResult
from services.execution.failures import failed
from services.execution.vanished import find_last
from services.merge.config import Merge, MergeRequest
from services.storage import ObjectStore, open_store
from services.storage.base import key_of
from services.storage.patience import patiently
from services.storage.releases import newest_release

#: Parallel requests: an answer of S3 takes tens of milliseconds, nearly all of it waiting.
_REQUESTS = 16


def keep_vanished(settings: Settings, asked: Sequence[str], results: Results) -> Results:
    """Put the last products of observations that are not in the archive any more in the place of their failures.

    Raises
    ------
    StoreError
        If they are so many that nothing is to be published.
    """
    plan, store = make_shard(settings, asked), open_store(settings.store)
    last = find_last(results.absent, len(results), plan, store, settings.campaign.vanished)
    return Results(last.get(result.obsid, result) for result in results) if last else results


def merge_sources(
    settings: Settings,
    grouping: Grouping,
    results: Results,
    executor: Executor,
    watcher: Watcher,
) -> tuple[Merged, ...]:
    """Merge each source in which something has changed; what goes wrong with one is a failure of that one.

    Parameters
    ----------
    settings : Settings
    grouping : Grouping
    results : Results
    executor : Executor
    watcher : Watcher
    """
    units = grouping.units
    sky = Sky.of(settings, grouping)
    merges = [merge_of(settings, unit, grouping, results, sky) for unit in units]
    store = open_store(settings.store)
    look = partial(_found_again, store, settings.prefix, merges)
    there = patiently(look, None, store, lambda pause: watcher.warned(str(pause)))
    changed = [merge for merge, known in zip(merges, there, strict=True) if known is None]
    watcher.merging(len(changed))
    whole = hashlib.sha256("".join(merge.fingerprint for merge in merges).encode()).hexdigest()
    made = iter(executor.merge(changed, whole, watcher) if changed else [])
    return tuple(
        Merged(
            name=unit.source.name if unit.source else grouping.rule.only,
            slug=unit.source.slug if unit.source and grouping.several else "",
            obsids=unit.obsids,
            merge=known or next(made),
        )
        for unit, known in zip(units, there, strict=True)
    )


def merge_of(settings: Settings, unit: Unit, grouping: Grouping, results: Results, sky: Sky) -> Merge:
    """Return what is to be merged of a source; of several sources, each report is headed by its source."""
    from services.merge.stage import work_of

    headed = {"title": unit.source.name} if unit.source and grouping.several else {}
    asked = MergeRequest(
        store=settings.store,
        prefix=settings.prefix,
        asked=unit.obsids,
        results=(),
        config=settings.merge.model_copy(update=headed),
        source=unit.source,
        neighbours=sky.near(unit, grouping),
    )
    text = partial(_text, asked, results)
    digest = work_of(MergeRequest.model_validate_json(text())).fingerprint
    return Merge(asked.name, len(unit.obsids), digest, text)


def _text(asked: MergeRequest, results: Results) -> bytes:
    """Return a request in JSON, with the results as they are kept: within texts, quotation marks look otherwise."""
    told = b",".join(results.text(obsid) for obsid in asked.asked if results.outcome(obsid))
    return asked.model_dump_json().encode().replace(b'"results":[]', b'"results":[' + told + b"]", 1)


def _found_again(store: ObjectStore, prefix: str, merges: Sequence[Merge]) -> list[StageResult | None]:
    from services.merge.stage import find_merge

    with ThreadPoolExecutor(_REQUESTS) as pool:
        return list(pool.map(lambda merge: find_merge(store, prefix, merge.fingerprint), merges))


def put_above(settings: Settings, grouping: Grouping, results: Results, merges: Sequence[Merged]) -> StageResult:
    """Publish the front page and the tables of an archive; see `services.merge.front_stage`.

    Where only some sources were asked for, the others stay on it as they are in the newest release.
    """
    from services.merge.front_renewal import renew_front
    from services.merge.front_stage import NAME, Everything, FrontConfig, run_front

    rule, told = grouping.rule, settings.merge
    config = FrontConfig(
        title=told.title, description=told.description, by=rule.by, radius=rule.radius, hardness=told.hardness
    )
    by_slug = {one.slug: one.merge for one in merges}
    try:
        archive = Everything(grouping.observations, grouping.found, results, by_slug)
        store = open_store(settings.store)
        if not grouping.chosen:
            before = ""
            with suppress(DataError):  # of a damaged release everything is made anew
                before = _front_before(store, settings)
            return run_front(config, archive, store, settings.prefix, before)
        return renew_front(config, archive, _front_before(store, settings), store, settings.prefix)
    except DataError as error:  # the sources' reports are there all the same
        return failed(NAME, "", error)


def _front_before(store: ObjectStore, settings: Settings) -> str:
    """Return the key of the manifest of the front page in the newest release; empty for none."""
    newest = newest_release(store, settings.prefix)
    return key_of(settings.prefix, newest.front) if newest is not None and newest.front else ""
