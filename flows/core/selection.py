"""What a run works on: everything that the query finds, what has changed, or what failed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from flows.core.executor import Executor
from flows.core.grouping import Grouping, grouped
from flows.core.results import Results
from flows.core.settings import Settings
from flows.core.watcher import Watcher
from rossi.errors import ConfigError
from services.contract import FailureKind, ObservationResult
from services.execution.survey import Change, Standing
from services.execution.vanished import stop_if_many
from services.query.stage import run_query
from services.storage import open_archive, open_store
from services.storage.patience import patiently

_log = logging.getLogger(__name__)


class NothingToDo(Exception):
    """Nothing is selected; says so in a sentence."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run works on.

    Parameters
    ----------
    grouping : Grouping
        The observations that merged products and reports are to account for, by source.
    todo : tuple of str
        Those of them that are worked on.
    known : iterable of ObservationResult
        What is known of the others; `Results` where these are many.
    """

    grouping: Grouping
    todo: tuple[str, ...]
    known: Iterable[ObservationResult] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """ObsIDs of these observations."""
        return self.grouping.obsids


def everything(settings: Settings, executor: Executor, watcher: Watcher) -> Selection:  # noqa: ARG001
    """Select whatever the query finds; what is done already costs a look."""
    grouping = watcher.step("query", partial(_query, settings, watcher))
    return Selection(grouping, grouping.obsids)


def changed(settings: Settings, executor: Executor, watcher: Watcher, *, failures: bool = False) -> Selection:
    """Select what is new or has changed since it was made, by fingerprints.

    Parameters
    ----------
    settings : Settings
    executor : Executor
    watcher : Watcher
    failures : bool
        Also what failed because of its data and where nothing has changed since.
    """

    def is_due(standing: Standing) -> bool:
        unchanged = set(standing.changes) == {Change.FAILED}
        return bool(standing.changes) and (failures or not unchanged or standing.kind is not FailureKind.DATA)

    grouping = everything(settings, executor, watcher).grouping
    asked = grouping.obsids
    watcher.checking(len(asked))
    standings, known, chosen = executor.survey(asked, watcher), Results(), list[Standing]()
    for standing in standings:
        if is_due(standing):
            chosen.append(standing.model_copy(update={"result": None}))
        elif standing.result is not None:
            known.add(standing.result)
    _say(len(standings), chosen)
    watcher.surveyed(standings, chosen)
    todo = {standing.obsid for standing in chosen}
    return Selection(grouping, tuple(obsid for obsid in asked if obsid in todo), known)


def _query(settings: Settings, watcher: Watcher) -> Grouping:
    archive, store = open_archive(settings.archive, settings.cache), open_store(settings.store)
    find = partial(run_query, settings.query, archive, store, settings.prefix)
    worklist, _ = patiently(find, archive, store, lambda pause: watcher.warned(str(pause)))
    stop_if_many(worklist.vanished, len(worklist.obsids), settings.campaign.vanished, settings.archive)
    if not worklist.obsids:
        raise ConfigError(f"{settings.archive}: no observation matches [query]; `rossi query` shows what there is.")
    grouping = grouped(settings, worklist.rows, store)
    _log.info("%d observations: %s ...", len(grouping.obsids), ", ".join(grouping.obsids[:5]))
    for remark in grouping.found.remarks:
        _log.info("%s", remark.message)
    return grouping


def _say(asked: int, chosen: Sequence[Standing]) -> None:
    counts = Counter(change for standing in chosen for change in standing.changes)
    reasons = "; ".join(f"{number} {change}" for change, number in counts.most_common())
    _log.info("%d of %d observations to reduce%s", len(chosen), asked, f": {reasons}" if reasons else "")
    for standing in chosen[:1000]:
        _log.info("%s: %s", standing.obsid, ", ".join(standing.changes))
