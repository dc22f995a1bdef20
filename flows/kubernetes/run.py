"""A campaign's shards, or its merges, worked off by one Indexed Job, and their results found again in the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flows.core.settings import Settings
from flows.kubernetes.cluster import Cluster, Conflict, Resource, Unavailable, Which
from flows.kubernetes.follow import Changed, Listed, follow, patiently
from flows.kubernetes.job import (
    CAMPAIGN,
    FLOW_RUN,
    PLACE,
    PODS,
    SELECTOR,
    WORK,
    job_name,
    make_job,
    place_label,
    pods_digest,
)
from flows.kubernetes.pods import FailingPods, remedy
from flows.kubernetes.state import ALL_TRIED, Ending, JobState, Object
from flows.kubernetes.waiting import WaitingPods
from flows.kubernetes.work import Result, Work
from rossi.errors import ConfigError, RossiError
from services.execution.ledger import Ledger, is_settled, read_plan, settle
from services.storage import ObjectStore, StoreError, open_store

AnyWork = Work[Any, Any]
Whole = TypeVar("Whole")

#: Parts whose results are fetched at the same time, and of which they are in memory before they are packed.
_THREADS, _AT_ONCE = 8, 64
#: Seconds in which the API server must have answered once; later it may be away for longer.
_FIRST_PATIENCE = 20.0
#: Seconds between two looks at a Job that is being deleted.
_LOOK_AGAIN = 1.0
#: What a Job says when a pod ended with an exit code that ends everything.
_BY_POLICY = "PodFailurePolicy"
_OTHER = (
    "Job {name} works with other settings of [kubernetes] than now; `rossi k8s cancel {name}` and the same command "
    "again make one with these, which finds what is done."
)
_BESIDE = (
    "Job {name} of another campaign works on the same place of the store; neither makes again what the other one has "
    "finished, but what both are at may be made twice. `rossi k8s cancel {name}` ends it."
)
_log = logging.getLogger(__name__)


class JobGone(RossiError):
    """The Job was deleted; what was finished is kept."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A Job that works on a campaign.

    Parameters
    ----------
    name, uid : str
    work : str
        Key of its work list.
    parts : int
    adopted : bool
        Whether it was there already.
    """

    name: str
    uid: str
    work: str
    parts: int
    adopted: bool

    @classmethod
    def of(cls, job: Object, *, adopted: bool) -> Submitted:
        """Read it from a Job."""
        meta = job["metadata"]
        return cls(meta["name"], meta["uid"], meta["annotations"][WORK], job["spec"]["completions"], adopted)

    def settle(self, store: ObjectStore) -> None:
        """Remember that the results were merged; the next campaign of the same work makes a new Job."""
        settle(store, self.work, self.uid)


def submit(
    work: AnyWork,
    cluster: Cluster,
    flow_run: str = "",
    on_warning: Callable[[str], None] = lambda _: None,
) -> Submitted:
    """Have a Job for some work of a campaign: the one that there is, or a new one.

    A Job that ended is taken for new as long as nobody has merged its results; else it is replaced, so that what
    failed is tried again. So is one that a wrong configuration has ended, or of which nothing could start and which
    was made with other settings.

    Parameters
    ----------
    work : Work
    cluster : Cluster
    flow_run : str
        Of Prefect.
    on_warning : callable
        Told what is not as somebody expects who wants a new Job.

    Raises
    ------
    ConfigError
        If the cluster does not let us, or the Job of this name is none of ours.
    """
    settings, campaign = work.settings, work.identity
    store, patience = open_store(settings.store), 60 * settings.kubernetes.patience_minutes
    name = job_name(settings, campaign, work.kind)
    job = patiently(lambda: cluster.read_job(name), _FIRST_PATIENCE)
    for other in patiently(lambda: _beside(cluster, settings, name), patience):
        on_warning(_BESIDE.format(name=other))
    mine = ""
    while True:
        if job is None:
            if (made := _make(work, cluster, campaign, flow_run)) is not None:
                _log.info("Job %s: %s.", name, work.said(made.parts))
                return made
        elif "deletionTimestamp" in job["metadata"]:
            if job["metadata"]["uid"] != mine:
                on_warning(f"Job {name} is being deleted; a new one is made when its pods have ended.")
            _await_deletion(cluster, job, patience)
        else:
            there, state = _ours(job, campaign), JobState.of(job)
            settled = state.ending is not None and is_settled(store, there.work, there.uid)
            if not settled and (why := _useless(job, state, settings)) is None:
                _log.info("Job %s is there already; going on with it.%s", name, _ended(state))
                if _differs(job, settings) and state.ending is None:
                    on_warning(_OTHER.format(name=name))
                if flow_run:
                    patiently(lambda: cluster.label_job(name, {FLOW_RUN: flow_run}), patience)
                return there
            if not settled:
                on_warning(f"Job {name} {why}; a new one takes its place, and finds what is done.")
            patiently(lambda: cluster.delete_job(name, wait=True), patience)
            mine = there.uid
        job = patiently(lambda: cluster.read_job(name), patience)


def _beside(cluster: Cluster, settings: Settings, name: str) -> list[str]:
    """Return the names of other Jobs that work on the same place: nobody holds a lease for them whose flow is gone."""
    labels = f"{SELECTOR},{PLACE}={place_label(settings)}"
    states = map(JobState.of, cluster.list(Resource.JOB, Which(labels=labels))[0])
    return [state.name for state in states if state.ending is None and not state.deleting and state.name != name]


def _make(work: AnyWork, cluster: Cluster, campaign: str, flow_run: str) -> Submitted | None:
    """Make a Job; None if one of its name is there, which is ours, if an answer was lost."""
    settings = work.settings
    key, parts = work.put(open_store(settings.store))
    manifest = make_job(settings, campaign, key, parts, flow_run, work.kind)
    try:
        made = patiently(lambda: cluster.create_job(manifest), 60 * settings.kubernetes.patience_minutes)
    except Conflict:
        return None
    return Submitted.of(made, adopted=False)


def _await_deletion(cluster: Cluster, job: Object, patience: float) -> None:
    name, begun = job["metadata"]["name"], time.monotonic()
    while (now := patiently(lambda: cluster.read_job(name), patience)) is not None:
        if now["metadata"]["uid"] != job["metadata"]["uid"]:
            return
        if time.monotonic() - begun > patience:
            raise Unavailable(f"Job {name} is being deleted, but does not go; its pods may be on a lost node.")
        time.sleep(_LOOK_AGAIN)


def _differs(job: Object, settings: Settings) -> bool:
    return job["metadata"]["annotations"].get(PODS) not in {None, pods_digest(settings.kubernetes)}


def _useless(job: Object, state: JobState, settings: Settings) -> str | None:
    """Say why nothing will come of a Job; None if something may."""
    if state.reason == _BY_POLICY:
        return "was ended by a wrong configuration"
    if state.ending is None and not state.begun and _differs(job, settings):
        return "was made with other settings of [kubernetes], and nothing of it has started"
    return None


def _ended(state: JobState) -> str:
    return f" It has ended ({state.word}); its results are taken." if state.ending else ""


def withdraw(work: AnyWork, cluster: Cluster) -> bool:
    """Delete the Job of some work, if there is one."""
    name = job_name(work.settings, work.identity, work.kind)
    return patiently(lambda: cluster.delete_job(name), _FIRST_PATIENCE)


def _ours(job: Object, campaign: str) -> Submitted:
    annotations = job["metadata"].get("annotations") or {}
    if annotations.get(CAMPAIGN) != campaign or WORK not in annotations:
        raise ConfigError(
            f"Job {job['metadata']['name']} is there but belongs to something else; delete it, or give the campaign "
            "another name in [campaign]."
        )
    return Submitted.of(job, adopted=True)


def await_results(
    work: Work[Result, Whole],
    submitted: Submitted,
    cluster: Cluster,
    on_result: Callable[[Result], None],
    on_waiting: Callable[[str], None] = lambda _: None,
) -> Whole:
    """Watch a Job until it ends, and return how every observation, or source, ended.

    Parameters
    ----------
    work : Work
    submitted : Submitted
    cluster : Cluster
    on_result : callable
        Told every result, those of a part when it has ended.
    on_waiting : callable
        Told why pods can't start, whenever that changes.

    Raises
    ------
    ConfigError
        Nothing could succeed, or no pod could start; the Job is deleted then.
    JobGone
        Somebody has deleted the Job.
    Unavailable
        The API server was away for too long; the Job goes on.
    """
    config = work.settings.kubernetes
    patience = 60 * config.patience_minutes
    gathering = Gathering(open_store(work.settings.store), work, submitted, on_result)
    pods = FailingPods(cluster, submitted.name, config, patience)
    starting = WaitingPods(cluster, submitted.name, submitted.uid, on_waiting, config.start_minutes)
    pods.start()
    starting.start()
    try:
        state = _watch(cluster, submitted, patience, gathering.take)
    except JobGone:
        if starting.hopeless:
            raise ConfigError(starting.hopeless) from None
        raise
    finally:
        starting.finish()
        pods.finish()
    if state.reason == _BY_POLICY:
        submitted.settle(gathering.store)
        said = [end.said for end in pods.ends.values() if end.exit_code == 21]
        raise ConfigError(_sentence(said[0]) if said and said[0] else f"Job {state.name} failed: {state.message}")
    if state.ending is Ending.FAILED and state.reason != ALL_TRIED:
        _log.warning("Job %s: %s %s", state.name, state.reason, state.message)
    whys = {i: f"its pod failed ({end.why}){remedy(end, config)}" for i, end in pods.ends.items() if i in state.failed}
    return work.gathered(gathering.all(whys, f"the Job ended before it ({state.reason or 'no reason given'})"))


def _sentence(said: str) -> str:
    return said.splitlines()[-1].removeprefix("ERROR ")


def _watch(cluster: Cluster, submitted: Submitted, patience: float, on_state: Callable[[JobState], None]) -> JobState:
    for change in follow(cluster, Resource.JOB, Which(fields=f"metadata.name={submitted.name}"), patience):
        match change:
            case Listed(objects):
                jobs = objects
            case Changed(kind, job):
                jobs = [] if kind == "DELETED" else [job]
        states = [state for state in map(JobState.of, jobs) if state.uid == submitted.uid]
        if not states:
            raise JobGone(
                f"Job {submitted.name} was deleted; what was finished is kept, the same campaign goes on from there."
            )
        if not states[0].deleting:
            on_state(states[0])
        if states[0].ending is not None:
            return states[0]
    raise AssertionError("a Job is followed until it ends")


class Gathering(Generic[Result]):
    """The results of a Job's parts, fetched as these end."""

    def __init__(
        self,
        store: ObjectStore,
        work: Work[Result, Any],
        submitted: Submitted,
        on_result: Callable[[Result], None],
    ) -> None:
        self.store = store
        self._work: Work[Result, Any] = work
        self._submitted = submitted
        self._on_result: Callable[[Result], None] = on_result
        self._results: dict[int, Sequence[Result]] = {}
        self._asked: set[int] = set()

    def take(self, state: JobState) -> None:
        """Fetch the results of those parts that have ended since."""
        new = sorted(state.ended - self._asked)
        self._asked |= set(new)
        with ThreadPoolExecutor(_THREADS) as threads:
            for start in range(0, len(new), _AT_ONCE):
                some = new[start : start + _AT_ONCE]
                for index, results in zip(some, threads.map(self._whole, some), strict=True):
                    if results is not None:
                        self._keep(index, results)

    def all(self, whys: dict[int, str], else_why: str) -> list[Sequence[Result]]:
        """Return the results of all parts; an item that has none has failed, for the reason given."""
        parts = read_plan(self.store, self._submitted.work).names
        missing = [index for index in range(len(parts)) if index not in self._results]
        with ThreadPoolExecutor(_THREADS) as threads:
            pieces = threads.map(lambda index: self._pieces(index, len(parts[index])), missing)
            for index, found in zip(missing, pieces, strict=True):
                why = f"was not finished: {whys.get(index, else_why)}; run the campaign again."
                known = zip(parts[index], found, strict=True)
                self._keep(index, [one or self._work.lost(name, why) for name, one in known])
        return [self._results.pop(index) for index in range(len(parts))]

    def _keep(self, index: int, results: Sequence[Result]) -> None:
        self._results[index] = self._work.packed(results)
        for result in results:
            if self._work.wants(result):
                self._on_result(result)

    def _ledger(self, index: int) -> Ledger[Result]:
        return Ledger(self.store, self._submitted.work, self._submitted.uid, index, self._work.model)

    def _whole(self, index: int) -> list[Result] | None:
        try:
            return self._ledger(index).whole()
        except StoreError:  # once more when the Job has ended
            return None

    def _pieces(self, index: int, items: int) -> list[Result | None]:
        ledger = self._ledger(index)
        ledger.look()
        return ledger.results(items)
