"""The Prefect flow of a campaign: query, plan shards, run them on local processes, merge, publish.

Nothing retries here: what may be tried again is tried again by S3's client, or by running the campaign once more, which
finds everything that is done.
"""

from __future__ import annotations

import datetime
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from prefect import Task, flow, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from flows.core.instruments import Instrument
from flows.core.merging import keep_vanished, merge_results
from flows.core.plan import plan_shards
from flows.core.preflight import check
from flows.core.processes import Interrupted, run_in_process, stop_all
from flows.core.result import CampaignResult
from flows.core.runs import record_run
from flows.core.settings import Executor, Settings, require
from flows.core.turns import turn
from flows.prefect.artifacts import figure_url, reason_rows, summary_page
from flows.prefect.form import FIELDS, Form, form_of, run_name
from flows.prefect.limits import Taken, one_at_a_time
from flows.prefect.notify import VANISHED
from flows.prefect.progress import WATCHER
from flows.prefect.progress_reporter import Pulse, Stopped
from flows.prefect.run_message import ENDING, Ending, failure_line, summary_line
from flows.prefect.shard_log import Speaker
from flows.prefect.shutdown_guard import farewell
from rossi.errors import ConfigError, RossiError
from services.contract import ObservationResult, Shard, StageResult
from services.contract.extraction import Channels
from services.execution.vanished import named, stop_if_many, vanished_of
from services.pca_extract.stage import Band
from services.query.stage import run_query
from services.storage import open_archive, open_store
from services.storage.patience import Pause, patiently

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun
    from prefect.flows import Flow

    from flows.kubernetes.run import Submitted

Result = TypeVar("Result")
P = ParamSpec("P")
#: A task's inputs and result are no business of Prefect's: the product store knows what is done.
OPTIONS: Any = {"retries": 0, "cache_policy": NO_CACHE, "persist_result": False}
#: Name of the state of a run that found nothing to do.
NOTHING = "NothingToDo"
#: Threads that wait for shards' processes: how many run at a time is up to the configuration.
MOST_TASKS = 64
FLOW_OPTIONS: Any = {"retries": 0, "persist_result": False, "task_runner": ThreadPoolTaskRunner(MOST_TASKS)}


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run works on.

    Parameters
    ----------
    asked : tuple of str
        ObsIDs that the merged products and the report are to account for.
    todo : tuple of str
        Those of them that are worked on.
    known : tuple of ObservationResult
        What is known of the others.
    """

    asked: tuple[str, ...]
    todo: tuple[str, ...]
    known: tuple[ObservationResult, ...] = ()


def told(work: Callable[P, Result]) -> Callable[P, Result]:
    """Have a task end with the sentence of an error that rossi understands; Prefect would log a traceback."""

    @wraps(work)
    def tell(*args: P.args, **kwargs: P.kwargs) -> Result:
        try:
            return work(*args, **kwargs)
        except RossiError as error:
            return cast("Result", Failed(message=str(error), data=error))  # a state, which raises it again

    return tell


def ask(job: Task[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run a task; raises what it was `told`."""
    answer: Any = cast("Any", job)(*args, **kwargs)  # not its state: after Ctrl-C, Prefect has none to return
    return cast("Result", answer.result() if isinstance(answer, State) else answer)


@task(name="query", **OPTIONS)
@told
def query(settings: Settings) -> tuple[str, ...]:
    """Find the observations; returns their ObsIDs."""
    archive, store = open_archive(settings.archive, settings.cache), open_store(settings.store)
    look = partial(run_query, settings.query, archive, store, settings.prefix)
    worklist, _ = patiently(look, archive, store, _held_up)
    stop_if_many(worklist.vanished, len(worklist.obsids), settings.campaign.vanished, settings.archive)
    if not worklist.obsids:
        raise ConfigError(f"{settings.archive}: no observation matches [query]; `rossi query` shows what there is.")
    get_run_logger().info("%d observations: %s ...", len(worklist.obsids), ", ".join(worklist.obsids[:5]))
    return worklist.obsids


@task(name="shard", task_run_name="shard-{shard.number}", **OPTIONS)
@told
def work(shard: Shard) -> list[ObservationResult]:
    """Work one shard off in a process of its own."""
    speaker = Speaker(shard, WATCHER.get())
    try:
        results = run_in_process(shard, speaker.finished, speaker.paused)
    except (Interrupted, Stopped) as stopped:
        return cast("list[ObservationResult]", Cancelled(message=str(stopped)))  # a state, not a result
    speaker.summary()
    return results


@task(name="submit", **OPTIONS)
@told
def submit_job(settings: Settings, obsids: Sequence[str]) -> Submitted:
    """Have a Job on the cluster that works on these observations."""
    from flows.kubernetes.cluster import open_cluster
    from flows.kubernetes.run import submit

    run, warn = str(flow_run.get_id() or ""), WATCHER.get().warned
    return submit(settings, obsids, open_cluster(settings.kubernetes), run, get_run_logger(), warn)


@task(name="job", task_run_name="{submitted.name}", **OPTIONS)
@told
def watch_job(settings: Settings, submitted: Submitted) -> list[ObservationResult]:
    """Watch the Job until it ends."""
    from flows.kubernetes.cluster import open_cluster
    from flows.kubernetes.run import await_results

    cluster = open_cluster(settings.kubernetes)
    watcher = WATCHER.get()
    return await_results(settings, submitted, cluster, watcher.finished, get_run_logger(), watcher.waiting)


@task(name="merge", **OPTIONS)
@told
def merge(settings: Settings, asked: Sequence[str], results: Sequence[ObservationResult]) -> StageResult:
    """Join what the observations gave, with the report."""
    join = partial(merge_results, settings, asked, results)
    return patiently(join, None, open_store(settings.store), _held_up)


def _held_up(pause: Pause) -> None:
    _tell(str(pause))


@task(name="publish", **OPTIONS)
@told
def publish(result: CampaignResult, url: str) -> None:
    """Show in Prefect's own pages how it ended, and where the products are."""
    store = open_store(url)
    create_table_artifact(reason_rows(result.results), key="outcomes", description="Outcomes by reason")
    create_markdown_artifact(summary_page(result, store, url), key="campaign", description="Summary and products")
    if figure := figure_url(result, store, url):
        create_image_artifact(figure, key="light-curve", description="Light curves of all observations")


def campaign_name() -> str:
    """Name of the flow run that begins."""
    return run_name(form_of(flow_run.parameters), datetime.datetime.now(datetime.UTC).date())


def delete_job(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """Delete the Job of a flow run that was cancelled in Prefect."""
    delete_job_of(form_of(flow_run.parameters), str(flow_run.id))


def delete_job_of(form: Form, run: str) -> None:
    """Delete the Job of a flow run, if it has one."""
    settings = form.to_settings()
    if settings.campaign.executor is Executor.KUBERNETES:
        from flows.kubernetes.cluster import open_cluster
        from flows.kubernetes.jobs import cancel_flow_run

        cancel_flow_run(open_cluster(settings.kubernetes), run)


@flow(name="campaign", flow_run_name=campaign_name, on_cancellation=[delete_job], **FLOW_OPTIONS)
def campaign(
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
    """Reduce every observation that the query finds, and merge them. What is done already is not done again."""
    return carry_out(form_of(locals()), _everything)


def _everything(settings: Settings) -> Selection:
    obsids = ask(query, settings)
    return Selection(obsids, obsids)


def carry_out(form: Form, select: Callable[[Settings], Selection], *, dry_run: bool = False) -> State[Any]:
    """Work off what is selected, merge and publish; returns the state in which the flow run ends, with one line.

    Parameters
    ----------
    form : Form
    select : callable
        Finds out what is to be done.
    dry_run : bool
        Only say it.
    """
    ending = ENDING.get() or Ending()
    run = str(flow_run.get_id() or "")

    def stop() -> None:
        stop_all()
        delete_job_of(form, run)

    pulse = Pulse(WATCHER.get(), stop)
    WATCHER.set(pulse)
    try:
        with pulse:
            settings = form.to_settings()
            require(settings, "archive", "store")
            check(settings)
            with one_at_a_time(settings, pulse.go_on), turn(settings, _who(), _tell, pulse.go_on):
                selection = select(settings)
                if dry_run:
                    return Completed(message=_would_do(selection), name="DryRun")
                if not selection.asked:
                    return _remembered(settings, Completed(message="There is nothing to try again.", name=NOTHING))
                result = ending.result = _reduce(settings, selection, pulse)
                _publish(result, settings)
    except RossiError as error:
        stop_all()
        ending.error = error
        return Failed(message=str(error))
    except Taken as taken:
        return Cancelled(message=str(taken))
    except BaseException:
        stop_all()
        if not pulse.cancelled.is_set():
            raise
        sofar = pulse.text().partition(";")[0]
        return Cancelled(message=f"Cancelled; {sofar}. The same run again goes on from there.")
    return _remembered(settings, _end(result, selection))


def _who() -> str:
    return f"flow run {flow_run.get_name() or 'of a campaign'}"


def _tell(message: str) -> None:
    get_run_logger().warning("%s", message)
    WATCHER.get().warned(message)


def _remembered(settings: Settings, state: State[Any]) -> State[Any]:
    """Have the store remember how the run ended."""
    try:
        record_run(open_store(settings.store), settings.prefix, state.message or "", good=state.is_completed())
    except RossiError as error:  # nothing is lost but a number
        get_run_logger().warning("The store can't remember this run: %s", error)
    return state


def _would_do(selection: Selection) -> str:
    return f"{len(selection.todo)} of {len(selection.asked)} observations would be reduced; nothing was done."


def _end(result: CampaignResult, selection: Selection) -> State[Any]:
    if line := failure_line(result):
        return Failed(message=line)
    if not selection.todo and result.merge.reused:
        return Completed(message=f"Nothing has changed. {summary_line(result)}", name=NOTHING)
    return Completed(message=summary_line(result), name=VANISHED if vanished_of(result.results) else None)


def _reduce(settings: Settings, selection: Selection, pulse: Pulse) -> CampaignResult:
    pulse.planned(len(selection.todo))
    settle: Callable[[], None] = lambda: None  # noqa: E731
    if settings.campaign.executor is Executor.KUBERNETES:
        done, settle = _on_cluster(settings, selection.todo)
    else:
        done = in_parallel(work, settings, plan_shards(settings, selection.todo))
    results = keep_vanished(settings, selection.asked, [*selection.known, *done])
    if vanished := vanished_of(results):
        said = "%d observations are not in the archive any more, their last products are merged: %s"
        get_run_logger().warning(said, len(vanished), named(vanished))
    pulse.merging()
    merged = ask(merge, settings, quote(selection.asked), quote(results))
    settle()
    return CampaignResult(asked=selection.asked, results=tuple(results), merge=merged)


def _publish(result: CampaignResult, settings: Settings) -> None:
    unread: Any = quote(result)
    try:
        ask(publish, unread, settings.store)
    except Exception as error:  # the products are in the store, whatever becomes of Prefect's pages
        get_run_logger().warning("The pages of this run could not be made: %s", error)


def _on_cluster(settings: Settings, obsids: Sequence[str]) -> tuple[list[ObservationResult], Callable[[], None]]:
    """Return the results, and what is to be called when they are merged.

    Ctrl-C deletes the Job; when this process ends otherwise the Job goes on, and the next one goes on with it.
    """
    unread: Any = quote(obsids)
    try:
        submitted = ask(submit_job, settings, unread)
        return ask(watch_job, settings, submitted), lambda: submitted.settle(open_store(settings.store))
    except KeyboardInterrupt:
        from flows.kubernetes.cluster import open_cluster
        from flows.kubernetes.run import withdraw

        withdraw(settings, obsids, open_cluster(settings.kubernetes))
        raise


def in_parallel(job: Task[[Shard], list[Result]], settings: Settings, shards: Sequence[Shard]) -> list[Result]:
    """Run a task for every shard, so many at a time; the first that can't be worked off at all ends it."""
    ended: queue.SimpleQueue[PrefectFuture[list[Result]]] = queue.SimpleQueue()
    numbers: dict[PrefectFuture[list[Result]], int] = {}
    results: dict[int, list[Result]] = {}
    waiting = list(reversed(shards))
    while waiting or numbers:
        while waiting and len(numbers) < min(settings.campaign.workers, MOST_TASKS):
            shard = waiting.pop()
            unread: Any = quote(shard)  # Prefect would look through it for what other tasks gave, and draw lines
            future = job.submit(unread)
            numbers[future] = shard.number
            future.add_done_callback(ended.put)
        future = ended.get()
        results[numbers.pop(future)] = future.result()
    return [result for number in sorted(results) for result in results[number]]


def run_campaign(settings: Settings) -> CampaignResult:
    """Run the flow for a command.

    Raises
    ------
    RossiError
        Why it could not go on.
    KeyboardInterrupt
        If it was cancelled in Prefect's pages.
    """
    ending = Ending()
    ENDING.set(ending)
    try:
        with farewell(lambda: ending.result is not None):
            state = campaign(**Form.of(settings).model_dump(mode="json"), return_state=True)
    except Exception:
        if ending.result is None:
            raise
        return ending.result  # all is done and stored; only Prefect did not hear of it
    if ending.error is not None:
        raise ending.error
    if ending.result is not None:
        return ending.result
    if state.is_cancelled():
        raise KeyboardInterrupt
    raise RuntimeError(f"The flow run ended as {state.name}: {state.message}")
