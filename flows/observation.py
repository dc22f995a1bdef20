"""The flow for looking closely: one observation, each stage a task with its own log, caveats and products."""

from __future__ import annotations

import datetime
import logging
from functools import partial
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.core.plan import make_shard
from flows.core.preflight import check
from flows.core.settings import require
from flows.core.summary import advice
from flows.core.watcher import Watcher
from flows.prefect.form import ObservationForm
from flows.prefect.progress_reporter import ProgressReporter
from flows.prefect.signature import asks_for
from flows.prefect.stage_page import show_stage
from flows.prefect.steps import as_task
from rossi.errors import RossiError
from services.contract import ObservationResult, Outcome, Stage, StageResult
from services.execution.executor import execute
from services.execution.request import StageRequest
from services.execution.worker import run_observation
from services.storage import open_archive, open_store

#: Fields of a campaign's form that mean nothing for one observation.
_MEANINGLESS = ("targets", "obsids", "start", "stop", "executor", "workers")
_log = logging.getLogger(__name__)


def observation_name() -> str:
    """Name of the flow run that begins."""
    given = flow_run.parameters
    return str(given.get("name") or f"{given.get('obsid')}-{datetime.datetime.now(datetime.UTC).date()}")


@flow(name="reduce_observation", flow_run_name=observation_name, retries=0, persist_result=False)
@asks_for(ObservationForm, without=_MEANINGLESS)
def reduce_observation(form: ObservationForm) -> State[Any]:
    """Reduce one observation, each stage a task, for looking closely."""
    try:
        settings = form.to_settings()
        require(settings, "archive", "store")
        check(settings)
        shard = make_shard(settings, [form.obsid])
        archive, store = open_archive(settings.archive), open_store(settings.store)
        with ProgressReporter(Watcher(), lambda: None):  # so that it shows signs of life
            return _end(run_observation(form.obsid, shard, archive=archive, store=store, run=_run, stepwise=True))
    except RossiError as error:
        return Failed(message=str(error))


def _run(stage: Stage[Any], request: StageRequest[Any], **places: Any) -> StageResult:
    return as_task("stage", partial(_run_and_show, stage, request, places), stage.name)


def _run_and_show(stage: Stage[Any], request: StageRequest[Any], places: dict[str, Any]) -> StageResult:
    result = execute(stage, request, **places)
    how = f"{result.outcome.value.replace('_', ' ')}{', was done before' if result.reused else ''}"
    _log.info("%s %s: %s in %.2f s %s", request.obsid, stage.name, how, result.seconds, result.message)
    for caveat in result.caveats:
        _log.warning("%s %s: %s", request.obsid, stage.name, caveat.message)
    show_stage(result, places["store"], request.store)
    return result


def _end(result: ObservationResult) -> State[Any]:
    match result.outcome:
        case Outcome.FAILED:
            return Failed(message=f"{result.message} What to do: {advice(result.last.kind)}.")
        case Outcome.NO_WORK:
            return Completed(message=f"No work: {result.message}", name="NoWork")
    return Completed(message=f"{result.obsid}: {', '.join(stage.stage for stage in result.stages)} done.")
