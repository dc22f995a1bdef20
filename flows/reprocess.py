"""Flows that look first and then reduce only what has to be: after a change, or what failed."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Cancelled
from pydantic import Field

from flows.campaign import FLOW_OPTIONS, OPTIONS, Selection, ask, carry_out, in_parallel, query, told
from flows.core.plan import plan_shards
from flows.core.processes import Interrupted, survey_in_process
from flows.core.settings import Executor, Settings
from flows.prefect.form import FIELDS, Retry, form_of, run_name
from flows.prefect.progress import WATCHER
from flows.prefect.progress_reporter import Stopped
from services.contract import FailureKind
from services.contract.extraction import Channels
from services.execution.request import Shard
from services.execution.stages import Instrument
from services.execution.survey import Change, Standing
from services.pca_extract.stage import Band

#: ObsIDs that a row of the table of changes names.
_EXAMPLES = 8
_DRY: Any = Field(False, description="Only say what would be done, and do nothing.")
_RETRY: Any = Field(
    Retry.TRANSIENT,
    description="Which failures: transient (store, memory, a lost worker), data (files that have been mended), or all.",
)
_FAILURES: Any = Field(
    False, description="Try those again, too, that failed because of their data and where nothing has changed since."
)


@task(name="survey", task_run_name="survey-{shard.number}", **OPTIONS)
@told
def survey(shard: Shard) -> list[Standing]:
    """Find out what would have to be done for a shard."""
    watcher = WATCHER.get()
    try:
        return survey_in_process(shard, lambda _: watcher.checked(), lambda pause: watcher.warned(str(pause)))
    except (Interrupted, Stopped) as stopped:
        return cast("list[Standing]", Cancelled(message=str(stopped)))  # a state, not a result


def reprocess_name() -> str:
    """Name of the flow run that begins."""
    return run_name(form_of(flow_run.parameters), _today(), "reprocess")


def retry_name() -> str:
    """Name of the flow run that begins."""
    return run_name(form_of(flow_run.parameters), _today(), "retry")


@flow(name="reprocess_archive", flow_run_name=reprocess_name, **FLOW_OPTIONS)
def reprocess_archive(
    dry_run: bool = _DRY,
    failures: bool = _FAILURES,
    name: str = FIELDS["name"],
    targets: list[str] = FIELDS["targets"],
    obsids: list[str] = FIELDS["obsids"],
    start: datetime.date | None = FIELDS["start"],
    stop: datetime.date | None = FIELDS["stop"],
    instruments: list[Instrument] = FIELDS["instruments"],
    bands: list[Band] = FIELDS["bands"],
    hexte_bands: list[Channels] = FIELDS["hexte_bands"],
    executor: Executor = FIELDS["executor"],
    workers: int | None = FIELDS["workers"],
    archive: str = FIELDS["archive"],
    store: str = FIELDS["store"],
    prefix: str = FIELDS["prefix"],
    settings: dict[str, Any] = FIELDS["settings"],
) -> State[Any]:
    """Reduce what is new or has changed: observations, calibration, configuration, version. Merge it with the rest."""

    def due(standing: Standing) -> bool:
        unchanged = set(standing.changes) == {Change.FAILED}
        return bool(standing.changes) and (failures is True or not unchanged or standing.kind is not FailureKind.DATA)

    return carry_out(form_of(locals()), lambda chosen: _select(chosen, due), dry_run=dry_run is True)


@flow(name="retry_failed", flow_run_name=retry_name, **FLOW_OPTIONS)
def retry_failed(
    which: Retry = _RETRY,
    dry_run: bool = _DRY,
    name: str = FIELDS["name"],
    targets: list[str] = FIELDS["targets"],
    obsids: list[str] = FIELDS["obsids"],
    start: datetime.date | None = FIELDS["start"],
    stop: datetime.date | None = FIELDS["stop"],
    instruments: list[Instrument] = FIELDS["instruments"],
    bands: list[Band] = FIELDS["bands"],
    hexte_bands: list[Channels] = FIELDS["hexte_bands"],
    executor: Executor = FIELDS["executor"],
    workers: int | None = FIELDS["workers"],
    archive: str = FIELDS["archive"],
    store: str = FIELDS["store"],
    prefix: str = FIELDS["prefix"],
    settings: dict[str, Any] = FIELDS["settings"],
) -> State[Any]:
    """Try the observations again that failed, and nothing else; merge them with what is there."""
    meant = which if isinstance(which, Retry) else Retry.TRANSIENT

    def due(standing: Standing) -> bool:
        return Change.FAILED in standing.changes and meant.covers(standing.kind)

    def select(chosen: Settings) -> Selection:
        selection = _select(chosen, due)
        return selection if selection.todo or dry_run is True else Selection((), ())

    return carry_out(form_of(locals()), select, dry_run=dry_run is True)


def _select(settings: Settings, due: Callable[[Standing], bool]) -> Selection:
    """Ask how far every observation is, and choose what is worked on."""
    asked = ask(query, settings)
    WATCHER.get().checking(len(asked))
    standings = in_parallel(survey, settings, plan_shards(settings, asked))
    chosen = [standing for standing in standings if due(standing)]
    _say(standings, chosen)
    todo = {standing.obsid for standing in chosen}
    known = tuple(s.result for s in standings if s.result and s.obsid not in todo)
    # What is neither done nor chosen is not asked for now: a campaign or the next reprocessing will.
    accounted = todo | {result.obsid for result in known}
    return Selection(tuple(o for o in asked if o in accounted), tuple(o for o in asked if o in todo), known)


def _say(standings: Sequence[Standing], chosen: Sequence[Standing]) -> None:
    """Tell what is to be done, and why, in the log and as a table."""
    todo = {standing.obsid for standing in chosen}
    groups: dict[str, list[str]] = {}
    for standing in standings:
        why = ", ".join(standing.changes) or "nothing changed"
        groups.setdefault(why, []).append(standing.obsid)
    rows = [
        {
            "why": why,
            "observations": len(those),
            "to be reduced": sum(obsid in todo for obsid in those),
            "which": ", ".join(those[:_EXAMPLES]) + (" ..." if len(those) > _EXAMPLES else ""),
        }
        for why, those in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]
    counts = Counter(change for standing in chosen for change in standing.changes)
    reasons = "; ".join(f"{number} {change}" for change, number in counts.most_common())
    get_run_logger().info(
        "%d of %d observations to reduce%s", len(chosen), len(standings), f": {reasons}" * bool(counts)
    )
    for standing in chosen[:1000]:
        get_run_logger().info("%s: %s", standing.obsid, ", ".join(standing.changes))
    create_table_artifact(rows, key="changes", description="What has changed, and what is reduced because of it")


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()
