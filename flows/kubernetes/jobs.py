"""Looking for the Jobs of campaigns on a cluster: for people, who know neither names nor indices."""

from __future__ import annotations

from collections.abc import Sequence

from flows.kubernetes.cluster import Cluster, Resource, Which
from flows.kubernetes.job import FLOW_RUN, KIND, SELECTOR, WORK, JobKind
from flows.kubernetes.state import INDEX, JobState, Object
from rossi.errors import ConfigError
from services.execution.ledger import read_plan
from services.storage import ObjectStore


def campaign_jobs(cluster: Cluster) -> list[Object]:
    """Return all Jobs of campaigns, the newest last."""
    jobs, _ = cluster.list(Resource.JOB, Which(labels=SELECTOR))
    return sorted(jobs, key=lambda job: str(job["metadata"].get("creationTimestamp", "")))


def kind_of(job: Object) -> JobKind:
    """Return what a Job works off."""
    return JobKind((job["metadata"].get("labels") or {}).get(KIND, JobKind.REDUCE))


def find_job(cluster: Cluster, name: str = "", kind: JobKind | None = None) -> Object:
    """Return the Job of a name; without one, the one that runs, else the newest, of a kind if one is given.

    Raises
    ------
    ConfigError
        If there is none, or several run.
    """
    jobs = campaign_jobs(cluster)
    if name:
        jobs = [job for job in jobs if job["metadata"]["name"] == name]
    elif kind is not None:
        jobs = [job for job in jobs if kind_of(job) is kind]
    if not jobs:
        what = f"Job {name}" if name else "Job of a campaign"
        raise ConfigError(f"There is no {what} in namespace {cluster.namespace}; `rossi k8s apply` makes one.")
    running = [job for job in jobs if JobState.of(job).ending is None]
    if len(running) > 1:
        names = ", ".join(job["metadata"]["name"] for job in running)
        raise ConfigError(f"Several Jobs run in namespace {cluster.namespace}; name one of {names}.")
    return (running or jobs)[-1]


def cancel_flow_run(cluster: Cluster, flow_run: str) -> list[str]:
    """Delete the Jobs that a Prefect flow run made or took over; returns their names."""
    jobs, _ = cluster.list(Resource.JOB, Which(labels=f"{SELECTOR},{FLOW_RUN}={flow_run}"))
    names = [job["metadata"]["name"] for job in jobs if JobState.of(job).ending is None]
    return [name for name in names if cluster.delete_job(name)]


def logs(cluster: Cluster, store: ObjectStore, job: Object, item: str) -> list[tuple[str, list[str]]]:
    """Return what pods said about one observation, or the merge of one source, by its slug.

    Returns
    -------
    list of (str, list of str)
        The pods' names, and the lines from its beginning to the next one's.

    Raises
    ------
    ConfigError
        If the Job does not work on it.
    """
    name, work = job["metadata"]["name"], job["metadata"]["annotations"][WORK]
    parts = read_plan(store, work).names
    index = next((index for index, names in enumerate(parts) if item in names), None)
    if index is None:
        raise ConfigError(f"Job {name} does not work on {item}; `rossi k8s status` lists the Jobs.")
    labels = f"batch.kubernetes.io/job-name={name},{INDEX}={index}"
    pods, _ = cluster.list(Resource.POD, Which(labels=labels))
    names = [pod["metadata"]["name"] for pod in sorted(pods, key=_age)]
    found = ((pod, cluster.pod_log(pod)) for pod in names)
    return [(pod, _about(item, parts[index], log.splitlines())) for pod, log in found if log is not None]


def _age(pod: Object) -> str:
    return str(pod["metadata"].get("creationTimestamp", ""))


def _about(item: str, others: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Pick the lines that concern one observation, or source; those that name none belong to the one named before."""
    kept = []
    names = frozenset(others)
    current = ""
    for line in lines:
        named = next((word.rstrip(":") for word in line.split()[1:2] if word.rstrip(":") in names), None)
        current = named or current
        if current == item:
            kept.append(line)
    return kept
