"""A run of a campaign as a flow run of Prefect: its place in the queue, its pages, and the state in which it ends."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from prefect import Flow, flow
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed

from flows.core.executor import Executor
from flows.core.preflight import check
from flows.core.result import CampaignResult
from flows.core.run import Select, run
from flows.core.selection import NothingToDo
from flows.core.settings import Settings, require
from flows.core.summary import failure_line, summary_line
from flows.core.turns import turn
from flows.core.watcher import Stopped, Watcher
from flows.executors import open_executor
from flows.prefect.artifacts import figure_url, reason_rows, source_rows, summary_page
from flows.prefect.form import Form, form_of, run_name
from flows.prefect.limits import Taken, one_at_a_time
from flows.prefect.notify import VANISHED
from flows.prefect.progress_reporter import ProgressReporter
from rossi.errors import RossiError
from services.storage import open_store

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

#: Name of the state of a run that found nothing to do.
NOTHING = "NothingToDo"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Caller:
    """Whoever started a run from a command; Prefect's own parameters and results stay small.

    Parameters
    ----------
    watcher : Watcher
    result : CampaignResult or None
    error : RossiError or None
        Why it could not go on.
    """

    watcher: Watcher = field(default_factory=Watcher)
    result: CampaignResult | None = None
    error: RossiError | None = None


#: The caller of the flow run in this context; None where Prefect started it.
CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


def campaign_flow(name: str, task: str = "") -> Callable[[Callable[..., State[Any]]], Flow[..., State[Any]]]:
    """Make a flow of a function; its runs are named after what they work on.

    Parameters
    ----------
    name : str
    task : str
        What is done, where it is no campaign.
    """
    return flow(
        name=name,
        flow_run_name=lambda: run_name(form_of(flow_run.parameters, Form), _today(), task),
        on_cancellation=[_on_cancellation],
        retries=0,
        persist_result=False,
    )


def carry_out(form: Form, select: Select, *, dry_run: bool = False) -> State[Any]:
    """Work off what is selected, merge and publish; returns the state in which the flow run ends, with one line.

    Parameters
    ----------
    form : Form
    select : callable
        Finds out what is to be done.
    dry_run : bool
        Only say it.
    """
    caller = CALLER.get() or Caller()
    try:
        settings = form.to_settings()
        executor = open_executor(settings, str(flow_run.get_id() or ""))
        with ProgressReporter(caller.watcher, executor.stop) as reporter:
            require(settings, "archive", "store")
            check(settings)
            with one_at_a_time(settings, reporter.go_on), turn(settings, _who(), reporter.warned, reporter.go_on):
                if dry_run:
                    return _would_do(settings, select, executor, reporter)
                result = caller.result = run(settings, select, executor, reporter)
                _publish(result, settings, reporter)
    except NothingToDo as nothing:
        return Completed(message=str(nothing), name=NOTHING)
    except (Taken, Stopped) as ended:
        return Cancelled(message=str(ended))
    except RossiError as error:
        caller.error = error
        return Failed(message=str(error))
    return _end(result)


def _who() -> str:
    return f"flow run {flow_run.get_name() or 'of a campaign'}"


def _would_do(settings: Settings, select: Select, executor: Executor, reporter: ProgressReporter) -> State[Any]:
    selection = select(settings, executor, reporter)
    counts = f"{len(selection.todo)} of {len(selection.asked)} observations"
    return Completed(message=f"{counts} would be reduced; nothing was done.", name="DryRun")


def _end(result: CampaignResult) -> State[Any]:
    if line := failure_line(result):
        return Failed(message=line)
    if not result.todo and result.reused:
        return Completed(message=f"Nothing has changed. {summary_line(result)}", name=NOTHING)
    return Completed(message=summary_line(result), name=VANISHED if result.results.vanished else None)


def _publish(result: CampaignResult, settings: Settings, reporter: ProgressReporter) -> None:
    try:
        reporter.step("publish", partial(_show, result, settings.store))
    except Exception as error:  # the products are in the store, whatever becomes of Prefect's pages
        _log.warning("The pages of this run could not be made: %s", error)


def _show(result: CampaignResult, url: str) -> None:
    """Show in Prefect's own pages how it ended, and where the products are."""
    store = open_store(url)
    create_table_artifact(reason_rows(result.results), key="outcomes", description="Outcomes by reason")
    if len(result.merges) > 1:
        create_table_artifact(source_rows(result, store, url), key="sources", description="Sources")
    create_markdown_artifact(summary_page(result, store, url), key="campaign", description="Summary and products")
    if figure := figure_url(result, store, url):
        create_image_artifact(figure, key="light-curve", description="Light curves of all observations")


def stop_run(parameters: Mapping[str, Any], run: str) -> None:
    """End what a flow run has left that somebody cancelled: its Job, if it has one."""
    open_executor(form_of(parameters, Form).to_settings(), run).stop()


def _on_cancellation(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    stop_run(flow_run.parameters, str(flow_run.id))


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()
