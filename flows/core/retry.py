"""Which observations of a campaign failed, so that they are tried again: the store's records say it.

Not fingerprints, by which `flows.core.selection.changed` goes: whatever mends a failure (other files, calibration,
another version) changes them, so that what was mended would count as new. And it needs nothing but the store: neither
the other observations' files nor the time to read them. Whether a product is the newest that there could be is not the
question here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any

from flows.core.executor import Executor
from flows.core.grouping import Grouping, grouped
from flows.core.plan import make_shard
from flows.core.results import Results, packed, unpacked
from flows.core.selection import NothingToDo, Selection
from flows.core.settings import Settings
from flows.core.watcher import Watcher
from rossi.errors import DataError
from rossi.facts import counted
from services.contract import FailureKind, ObservationResult, Outcome, Stage, StageResult
from services.execution.making import result_of
from services.execution.request import Shard, StageRequest
from services.execution.worker import run_stages
from services.query.stage import NAME as QUERY
from services.query.stage import look
from services.query.vanished import rows_of
from services.query.worklist import WorkRow, blank
from services.storage import ObjectStore, open_archive, open_store
from services.storage.gone import is_gone, told_to_go
from services.storage.inventory import Entry, Failure, all_sets, recorded_failures
from services.storage.patience import patiently

_log = logging.getLogger(__name__)


class Retry(StrEnum):
    """Which failures are tried again."""

    TRANSIENT = "transient"
    DATA = "data"
    ALL = "all"

    def covers(self, kind: FailureKind | None) -> bool:
        """Whether a failure of this kind is meant."""
        return self is Retry.ALL or (kind is FailureKind.DATA) == (self is Retry.DATA)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a stage made of an observation; packed, as there are half a million of them."""

    age: tuple[str, str]
    when: str
    result: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What a store knows of a campaign.

    Parameters
    ----------
    grouping : Grouping or None
        The observations that it is about, by source; None if there are none.
    results : Results
        How they ended with these settings; those that did not end, and have not failed so far, are missing.
    """

    grouping: Grouping | None
    results: Results

    @property
    def asked(self) -> tuple[str, ...]:
        """Their ObsIDs."""
        return self.grouping.obsids if self.grouping is not None else ()

    def failed(self, which: Retry = Retry.ALL) -> tuple[str, ...]:
        """The ObsIDs of the failures of a kind."""
        failures = self.results.ended(Outcome.FAILED)
        return tuple(result.obsid for result in failures if which.covers(result.last.kind))


def failed(
    settings: Settings,
    executor: Executor,  # noqa: ARG001
    watcher: Watcher,
    *,
    which: Retry = Retry.ALL,
) -> Selection:
    """Select what failed, and nothing else; the others' products are merged as they are.

    Raises
    ------
    NothingToDo
        If none failed.
    DataError
        If the store has nothing of these observations.
    """
    store = open_store(settings.store)
    known = read_known(store, settings)
    listed = bool(known.asked)
    if not listed and not settings.query.is_open:
        known = read_known(store, settings, watcher.step("query", partial(_find, settings, watcher)))
    if known.grouping is None or not (listed or known.results):
        place = f"{settings.store}, prefix {settings.prefix}" if settings.prefix else settings.store
        raise DataError(
            f"{place}: no campaign has left anything there; check --store and --prefix, and the observations asked for."
        )
    todo = known.failed(which)
    if not todo:
        raise NothingToDo(_none_failed(known, which))
    again = set(todo)
    for result in islice((one for one in known.results.ended(Outcome.FAILED) if one.obsid in again), 1000):
        _log.info("%s is tried again: %s", result.obsid, result.message)
    return Selection(known.grouping, todo, Results(one for one in known.results if one.obsid not in again))


def _find(settings: Settings, watcher: Watcher) -> tuple[WorkRow, ...]:
    """Ask the archive what is meant; no list is published, since nothing new is worked on."""
    archive = open_archive(settings.archive, settings.cache)
    asked = partial(look, settings.query, archive)
    return patiently(asked, archive, None, lambda pause: watcher.warned(str(pause))).rows


def _none_failed(known: Known, which: Retry) -> str:
    kind = "" if which is Retry.ALL else f", as far as {which} failures go"
    line = f"Of {counted(len(known.asked))} none failed with these settings{kind}; there is nothing to try again."
    waiting = len(known.asked) - len(known.results)
    return line + (f" Not finished: {waiting}; the campaign, run once more, goes on with these." if waiting else "")


def read_known(store: ObjectStore, settings: Settings, rows: Sequence[WorkRow] = ()) -> Known:
    """Find out what a store knows of the campaign that the settings describe.

    Products of other settings do not count. Of a product set and a failure the later one does.

    Parameters
    ----------
    store : ObjectStore
    settings : Settings
    rows : sequence of WorkRow
        Of the observations; else of those of the newest work list of the same [query], or where that says nothing, and
        there is none, of all that left anything.
    """
    made, lists = _made(store, settings)
    failures = {(f.result.obsid, f.result.stage): f for f in recorded_failures(store, settings.prefix)}
    rows = rows or _listed(store, settings, lists, {obsid for obsid, _ in (*made, *failures) if obsid})
    grouping = grouped(settings, rows, store) if rows else None
    asked = grouping.obsids if grouping is not None else ()
    shard = make_shard(settings, asked)
    ended = (_ended(obsid, shard, made, failures) for obsid in asked)
    return Known(grouping, Results(result for result in ended if result is not None))


def _made(store: ObjectStore, settings: Settings) -> tuple[dict[tuple[str, str], _Made], list[Entry]]:
    """Return the newest that each stage made of each observation with these settings, and the work lists."""
    wanted = {name: config.model_dump(mode="json") for name, config in settings.stages.items()}
    made: dict[tuple[str, str], _Made] = {}
    lists = []
    for entry in all_sets(store, settings.prefix):
        stage, about = entry.manifest.stage, (entry.manifest.obsid, entry.manifest.stage)
        if stage == QUERY:
            lists.append(entry)
        fits = (entry.manifest.engine, entry.manifest.config) == (settings.campaign.engine, wanted.get(stage))
        if fits and (about not in made or made[about].age < entry.age):
            made[about] = _Made(entry.age, entry.when, packed(result_of(entry.manifest, entry.key, reused=True)))
    return made, sorted(lists, key=lambda entry: entry.age)


def _listed(store: ObjectStore, settings: Settings, lists: Sequence[Entry], left: set[str]) -> list[WorkRow]:
    """Return what was last asked for, or else all that left anything, without what was told to go since."""
    question = settings.query.model_dump(mode="json")
    same = [entry for entry in lists if entry.manifest.config == question]
    if not same and not settings.query.is_open:
        return []
    newest = next(iter((same or lists)[-1:]), None)
    listed = {row.obsid: row for row in rows_of(store, newest.key)} if newest else {}
    rows = list(listed.values()) if same else [listed.get(obsid) or blank(obsid) for obsid in sorted(left)]
    told, since = told_to_go(store, settings.prefix), newest.manifest.created if newest else ""
    return [row for row in rows if not is_gone(told, row.obsid, since)]


def _ended(
    obsid: str, shard: Shard, made: dict[tuple[str, str], _Made], failures: dict[tuple[str, str], Failure]
) -> ObservationResult | None:
    """Return how an observation ended; None if it did not, and nothing of it failed."""
    unfinished = []

    def one(stage: Stage[Any], _: StageRequest[Any]) -> StageResult | None:
        entry, failure = made.get((obsid, stage.name)), failures.get((obsid, stage.name))
        if failure is not None and (entry is None or failure.when > entry.when):
            return failure.result
        if entry is None:
            unfinished.append(stage.name)
            return None
        return StageResult.model_validate_json(unpacked(entry.result))

    stages = run_stages(obsid, shard, one)
    known = stages and (not unfinished or any(stage.outcome is Outcome.FAILED for stage in stages))
    return ObservationResult.of(obsid, stages) if known else None
