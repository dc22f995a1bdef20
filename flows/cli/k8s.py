"""``rossi k8s``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import Archive, Config, Prefix, PrintConfig, Store, settings_from

if TYPE_CHECKING:
    from flows.core.settings import Settings
    from flows.kubernetes.state import JobState

#: Of an ObsID.
_HYPHENS = 3
app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")

Context = Annotated[str | None, typer.Option(help="Context of the kubeconfig.")]
Namespace = Annotated[str | None, typer.Option(help="Namespace of the Jobs.")]
Image = Annotated[str | None, typer.Option(help="Image of the workers.")]
Parallelism = Annotated[int | None, typer.Option(help="Pods that work at the same time.")]
Job = Annotated[str, typer.Option(help="Name of the Job; else the one that runs, or the newest.")]


@app.callback()
def group() -> None:
    """Campaigns on a Kubernetes cluster.

    `rossi campaign --executor kubernetes` does all of it, and has a second Job merge; these are for looking, and for
    doing it in parts.

    Example: `rossi k8s status`, `rossi k8s logs 20402-01-45-03`, `rossi k8s cancel`
    """


@app.command()
def render(
    archive: Archive = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    namespace: Namespace = None,
    image: Image = None,
    parallelism: Parallelism = None,
    print_config: PrintConfig = False,
) -> None:
    """Print the Job that `apply` would make, as YAML. The archive is asked, but neither the cluster nor the store.

    Example: `rossi k8s render --archive archive --store s3://rossi/run | kubectl apply --dry-run=server -f -`
    """
    import yaml

    from flows.core.plan import plan_shards
    from flows.kubernetes.job import identity, make_job
    from services.execution.ledger import work_key

    kubernetes = {"namespace": namespace, "image": image, "parallelism": parallelism}
    settings = _settings(config, print_config, kubernetes, archive=archive, store=store, prefix=prefix)
    obsids = _query(settings)
    shards = plan_shards(settings, obsids)
    job = make_job(settings, identity(settings, obsids), work_key(settings.prefix, shards), len(shards))
    print(yaml.safe_dump(job, sort_keys=False), end="")


@app.command()
def apply(
    archive: Archive = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    context: Context = None,
    namespace: Namespace = None,
    image: Image = None,
    parallelism: Parallelism = None,
    print_config: PrintConfig = False,
) -> None:
    """Make the Job and print its name, and don't wait for it. The work list is written to the store.

    `rossi campaign --executor kubernetes` with the same configuration finds the Job, waits, and merges.

    Example: `rossi k8s apply --archive archive --store s3://rossi/run`
    """
    from flows.kubernetes.cluster import open_cluster
    from flows.kubernetes.run import submit
    from flows.kubernetes.state import JobState
    from flows.kubernetes.waiting import waiting_pods
    from flows.kubernetes.work import Reduction

    def tell(message: str) -> None:
        typer.echo(message, err=True)

    kubernetes = {"context": context, "namespace": namespace, "image": image, "parallelism": parallelism}
    settings = _settings(config, print_config, kubernetes, archive=archive, store=store, prefix=prefix)
    cluster = open_cluster(settings.kubernetes)
    submitted = submit(Reduction(settings, _query(settings)), cluster, on_warning=tell)
    if submitted.adopted and (job := cluster.read_job(submitted.name)) is not None:
        tell(_about(JobState.of(job)))
        for reason, number in waiting_pods(cluster, job).reasons:
            tell(f"{number} of its pods can't start. {reason}")
    print(submitted.name)


@app.command()
def status(config: Config = None, context: Context = None, namespace: Namespace = None) -> None:
    """List the Jobs of campaigns. Of each: how many shards are done, how many pods can't start, and why.

    Example: `rossi k8s status --namespace rossi`
    """
    from flows.cli.display import show_jobs
    from flows.kubernetes.cluster import open_cluster
    from flows.kubernetes.jobs import campaign_jobs
    from flows.kubernetes.state import JobState
    from flows.kubernetes.waiting import waiting_pods

    settings = settings_from(config, kubernetes={"context": context, "namespace": namespace})
    cluster = open_cluster(settings.kubernetes)
    show_jobs([(JobState.of(job), waiting_pods(cluster, job)) for job in campaign_jobs(cluster)])


@app.command()
def logs(
    item: Annotated[
        str, typer.Argument(metavar="OBSID", help="Observation, e.g. 20402-01-45-03; or a source, e.g. gx-339-4.")
    ],
    job: Job = "",
    store: Store = None,
    config: Config = None,
    context: Context = None,
    namespace: Namespace = None,
) -> None:
    """Show what pods said of an observation, or of a source. A source is named as its folder is.

    Example: `rossi k8s logs 20402-01-45-03 --store s3://rossi/run`
    """
    from flows.core.settings import require
    from flows.kubernetes import jobs
    from flows.kubernetes.cluster import open_cluster
    from flows.kubernetes.job import JobKind
    from services.storage import open_store

    settings = settings_from(config, store=store, kubernetes={"context": context, "namespace": namespace})
    require(settings, "store")
    cluster = open_cluster(settings.kubernetes)
    kind = JobKind.REDUCE if item[:1].isdecimal() and item.count("-") == _HYPHENS else JobKind.MERGE
    found = jobs.logs(cluster, open_store(settings.store), jobs.find_job(cluster, job, kind), item)
    for pod, lines in found:
        typer.echo(f"{pod}:", err=True)
        print("\n".join(lines))
    if not any(lines for _, lines in found):
        typer.echo(f"No pod has said anything about {item} yet, or those that did are gone.", err=True)


@app.command()
def cancel(
    job: Annotated[str, typer.Argument(help="Name of the Job; else the one that runs.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Keep the Job listed until its pods have ended.")] = False,
    config: Config = None,
    context: Context = None,
    namespace: Namespace = None,
) -> None:
    """Delete a Job and its pods. What was finished is kept, and the same campaign goes on from there.

    Example: `rossi k8s cancel`
    """
    from flows.kubernetes.cluster import open_cluster
    from flows.kubernetes.jobs import find_job

    settings = settings_from(config, kubernetes={"context": context, "namespace": namespace})
    cluster = open_cluster(settings.kubernetes)
    name = find_job(cluster, job)["metadata"]["name"]
    cluster.delete_job(name, wait=wait)
    print(f"{name} is cancelled.")


def _about(state: JobState) -> str:
    if state.ending is None:
        return "The Job is there already."
    return (
        f"The Job is there already, and has ended ({state.word}): `rossi campaign --executor kubernetes` merges what "
        f"it gave, after which failures are tried again; `rossi k8s cancel {state.name}` removes it without that."
    )


def _settings(config: Any, print_config: bool, kubernetes: dict[str, Any], **places: str | None) -> Settings:
    from flows.core.settings import require

    campaign = {"executor": "kubernetes"}
    settings = settings_from(config, print_config, campaign=campaign, kubernetes=kubernetes, **places)
    require(settings, "archive", "store")
    return settings


def _query(settings: Settings) -> Sequence[str]:
    from rossi.errors import ConfigError
    from services.query.stage import look
    from services.storage import open_archive, open_store

    rows = look(settings.query, open_archive(settings.archive)).rows
    obsids = tuple(row.obsid for row in rows)
    if rows and settings.sources.names:
        from flows.core.grouping import grouped

        obsids = grouped(settings, rows, open_store(settings.store)).obsids
    if not obsids:
        raise ConfigError(f"{settings.archive}: no observation matches [query]; `rossi query` shows what there is.")
    return obsids
