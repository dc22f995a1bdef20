"""A campaign from its beginning to its end, whoever works and whoever watches.

Nothing retries here: what may be tried again is tried again by the archive's and the store's clients, by the cluster,
or by running the campaign once more, which finds everything that is done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from flows.core.executor import Executor
from flows.core.merging import keep_vanished, merge_sources, put_above
from flows.core.publishing import publish_results
from flows.core.result import CampaignResult
from flows.core.results import Results
from flows.core.runs import record_run
from flows.core.selection import NothingToDo, Selection
from flows.core.settings import Settings
from flows.core.summary import failure_line, summary_line
from flows.core.watcher import Watcher
from rossi.errors import DataError, RossiError
from rossi.facts import counted, some_of
from services.storage import open_store
from services.storage.patience import patiently

#: Chooses what is worked on; those of `flows.core.selection`.
Select = Callable[[Settings, Executor, Watcher], Selection]
_log = logging.getLogger(__name__)


def run(settings: Settings, select: Select, executor: Executor, watcher: Watcher) -> CampaignResult:
    """Work off what is selected, merge it with what is known by source, and have the store remember how that ended.

    Parameters
    ----------
    settings : Settings
        Checked (`flows.core.preflight`).
    select : callable
    executor : Executor
    watcher : Watcher

    Raises
    ------
    NothingToDo
        If nothing was selected.
    ConfigError
        If no observation could succeed.
    StoreError
        If so many observations vanished from the archive that nothing is published, or the store stays away.
    Stopped
        If somebody stopped the work; what is finished is in the store.
    """
    try:
        selection = select(settings, executor, watcher)
    except NothingToDo as nothing:
        _remember(settings, str(nothing), good=True)
        raise
    watcher.planned(len(selection.todo))
    results = Results.of(selection.known)
    if selection.todo:
        results.extend(executor.reduce(selection.todo, watcher))
    results = keep_vanished(settings, selection.asked, results)
    if results.vanished:
        said = "%s no longer in the archive; what is merged are the last products: %s"
        _log.warning(said, counted(len(results.vanished)), some_of(results.vanished))
    result = _merged(settings, selection, results, executor, watcher)
    _publish(settings, result, watcher)
    executor.settle()
    failure = failure_line(result)
    _remember(settings, failure or summary_line(result), good=not failure)
    return result


def _merged(
    settings: Settings,
    selection: Selection,
    results: Results,
    executor: Executor,
    watcher: Watcher,
) -> CampaignResult:
    grouping = selection.grouping
    merges, front = merge_sources(settings, grouping, results, executor, watcher), None
    if grouping.several:
        publish = partial(put_above, settings, grouping, results, merges)
        wait = partial(patiently, publish, None, open_store(settings.store), lambda p: watcher.warned(str(p)))
        front = watcher.step("front", wait)
    return CampaignResult(
        asked=selection.asked,
        results=results,
        merges=merges,
        front=front,
        todo=selection.todo,
        apart=grouping.apart,
        some=grouping.chosen,
    )


def _publish(settings: Settings, result: CampaignResult, watcher: Watcher) -> None:
    """Have readers take what was made; if that can't be done they go on with what was published before."""
    store = open_store(settings.store)
    try:
        release = partial(publish_results, store, settings, result)
        patiently(release, None, store, lambda pause: watcher.warned(str(pause)))
    except DataError as error:
        watcher.warned(f"Nothing is published, readers go on with the release before: {error}")


def _remember(settings: Settings, line: str, *, good: bool) -> None:
    try:
        record_run(open_store(settings.store), settings.prefix, line, good=good)
    except RossiError as error:  # nothing is lost but a number
        _log.warning("The store can't remember this run: %s", error)
