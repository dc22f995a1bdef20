"""The Prefect flow of a campaign: query, plan shards, run them on local processes or a cluster, merge, publish.

Nothing retries here: what may be tried again is tried again by S3's client, or by running the campaign once more, which
finds everything that is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from prefect import flow, get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from flows.config import Executor, Settings, require
from flows.plan import plan_shards
from flows.progress import WATCHER
from flows.result import CampaignResult, with_outcome
from flows.shards import run_in_process, stop_all
from rossi.errors import ConfigError, DataError
from services.contract import FailureKind, ObservationResult, Outcome, Shard, StageResult
from services.merge.config import MergeRequest
from services.merge.stage import run_merge
from services.query.stage import run_query
from services.storage import open_archive, open_store

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.flows import Flow

    from flows.kubernetes.run import Submitted

#: A task's inputs and result are no business of Prefect's: the product store knows what is done.
_OPTIONS: Any = {"retries": 0, "cache_policy": NO_CACHE, "persist_result": False}


@task(name="query", **_OPTIONS)
def query(settings: Settings) -> tuple[str, ...]:
    """Find the observations; returns their ObsIDs."""
    archive, store = open_archive(settings.archive, settings.cache), open_store(settings.store)
    worklist, _ = run_query(settings.query, archive, store, settings.prefix)
    if not worklist.obsids:
        raise ConfigError(f"{settings.archive}: no observation matches [query]; `rossi query` shows what there is.")
    return worklist.obsids


@task(name="shard", task_run_name="shard-{shard.number}", **_OPTIONS)
def work(shard: Shard) -> list[ObservationResult]:
    """Work one shard off in a process of its own."""
    return run_in_process(shard, WATCHER.get().finished)


@task(name="submit", **_OPTIONS)
def submit_job(settings: Settings, obsids: Sequence[str]) -> Submitted:
    """Have a Job on the cluster that works on these observations."""
    from flows.kubernetes.cluster import open_cluster
    from flows.kubernetes.run import submit

    run = str(runtime.flow_run.get_id() or "")
    return submit(settings, obsids, open_cluster(settings.kubernetes), run, get_run_logger())


@task(name="job", task_run_name="{submitted.name}", **_OPTIONS)
def watch_job(settings: Settings, submitted: Submitted) -> list[ObservationResult]:
    """Watch the Job until it ends."""
    from flows.kubernetes.cluster import open_cluster
    from flows.kubernetes.run import await_results

    cluster = open_cluster(settings.kubernetes)
    return await_results(settings, submitted, cluster, WATCHER.get().finished, get_run_logger())


@task(name="merge", **_OPTIONS)
def merge(settings: Settings, asked: Sequence[str], results: Sequence[ObservationResult]) -> StageResult:
    """Join what the observations gave, with the report."""
    request = MergeRequest(
        store=settings.store,
        prefix=settings.prefix,
        asked=tuple(asked),
        results=tuple(results),
        config=settings.merge,
    )
    try:
        return run_merge(request, open_store(settings.store))
    except DataError as error:  # what was reduced is there all the same
        return StageResult(stage="merge", obsid="", outcome=Outcome.FAILED, kind=FailureKind.DATA, message=str(error))


@task(name="publish", **_OPTIONS)
def publish(result: CampaignResult, store: str) -> None:
    """Show in Prefect's own pages how it ended, and where the products are."""
    failed = with_outcome(result.results, Outcome.FAILED)
    counts = "".join(f"| {outcome.value} | {len(with_outcome(result.results, outcome))} |\n" for outcome in Outcome)
    page = (
        f"| outcome | observations |\n|---|---|\n{counts}\nReport and products: `{result.merge.manifest}` in `{store}`"
    )
    create_markdown_artifact(key="campaign", markdown=page)
    if failed:
        rows = [{"obsid": one.obsid, "stage": one.last.stage, "message": one.message} for one in failed[:1000]]
        create_table_artifact(key="campaign-failures", table=rows)


def delete_job(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """Delete the Job of a flow run that was cancelled in Prefect."""
    settings = Settings.model_validate(flow_run.parameters["settings"])
    if settings.campaign.executor is Executor.KUBERNETES:
        from flows.kubernetes.cluster import open_cluster
        from flows.kubernetes.jobs import cancel_flow_run

        cancel_flow_run(open_cluster(settings.kubernetes), str(flow_run.id))


@flow(name="campaign", retries=0, persist_result=False, on_cancellation=[delete_job])
def campaign(settings: Settings) -> CampaignResult:
    """Reduce every observation that the query finds, and merge them.

    Raises
    ------
    ConfigError
        No observation could succeed.
    """
    require(settings, "archive", "store")
    obsids = query(settings)
    WATCHER.get().planned(len(obsids))
    results, settle = _on_cluster(settings, obsids) if _is_remote(settings) else _here(settings, obsids)
    WATCHER.get().merging()
    merged = merge(settings, quote(obsids), quote(results))
    settle()
    result = CampaignResult(asked=obsids, results=tuple(results), merge=merged)
    unread: Any = quote(result)
    publish(unread, settings.store)
    return result


def _is_remote(settings: Settings) -> bool:
    return settings.campaign.executor is Executor.KUBERNETES


def _here(settings: Settings, obsids: Sequence[str]) -> tuple[list[ObservationResult], Callable[[], None]]:
    try:
        futures = [work.submit(shard) for shard in plan_shards(settings, obsids)]
        wait(futures)
        return [result for future in futures for result in future.result()], lambda: None
    except BaseException:
        stop_all()
        raise


def _on_cluster(settings: Settings, obsids: Sequence[str]) -> tuple[list[ObservationResult], Callable[[], None]]:
    """Return the results, and what is to be called when they are merged.

    Ctrl-C deletes the Job; when this process ends otherwise the Job goes on, and the next one goes on with it.
    """
    unread: Any = quote(obsids)
    try:
        submitted = submit_job(settings, unread)
        return watch_job(settings, submitted), lambda: submitted.settle(open_store(settings.store))
    except KeyboardInterrupt:
        from flows.kubernetes.cluster import open_cluster
        from flows.kubernetes.run import withdraw

        withdraw(settings, obsids, open_cluster(settings.kubernetes))
        raise


def run_campaign(settings: Settings) -> CampaignResult:
    """Run the flow with as many shards at a time as the configuration says."""
    runner: Any = ThreadPoolTaskRunner(max_workers=settings.campaign.workers)
    configured = campaign.with_options(task_runner=runner, flow_run_name=settings.campaign.name)
    return configured(settings)
