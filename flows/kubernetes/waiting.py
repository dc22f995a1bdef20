"""Pods that can't start, and why: Kubernetes keeps them *Pending* for ever, or makes none, and says so only if asked.

The reasons stand in three places: a container that waits (image, secret), a pod without a node (selector, claim,
processors), and events: of the Job, where no pod may be made (quota, limit, service account, priority class), or of a
pod whose volumes can't be mounted.
"""

from __future__ import annotations

import contextvars
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flows.kubernetes.cluster import Cluster, Refused, Resource, Which
from flows.kubernetes.state import JobState, Object
from rossi.errors import RossiError

#: Seconds between two looks, and for which a reason must hold: pods wait for a node or an image now and then.
PERIOD = 10.0
HOLDS = 15.0
#: So many looks there are at least before a campaign is given up.
_LOOKS = 6
#: So many reasons are told; a cluster that finds more is looked at by its operator.
_TOLD = 20
#: What every container waits for at first.
_NORMAL = frozenset({"", "ContainerCreating", "PodInitializing"})
#: Kubernetes says these two in turn of the same image.
_SAME = {"ErrImagePull": "ImagePullBackOff"}
#: An event told about a pod that has a node all the same: what the pod's condition says is newer.
_OLD_NEWS = frozenset({"FailedScheduling"})
_POD = re.compile(r'(Error creating: )?pods "[^"]*" is forbidden: |_[\w-]+\([0-9a-f-]{36}\)')
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why pods don't start.

    Parameters
    ----------
    name : str
        Kubernetes' word: ``ImagePullBackOff``, ``Unschedulable``, ``FailedCreate`` ...
    said : str
        Its sentence.
    about : str
        What tells it from others of this name, where the sentence changes: the image.
    """

    name: str
    said: str
    about: str = ""

    @property
    def kind(self) -> str:
        """What two of the same kind have in common: not their numbers (of nodes, or of what is used of a quota)."""
        return f"{self.name} {self.about or re.sub('[0-9]+', '#', self.said)}"

    def __str__(self) -> str:
        """A sentence's part."""
        return f"{self.name}: {self.said}" if self.said else self.name


@dataclass(frozen=True, slots=True)
class Waiting:
    """The pods of a Job that can't start.

    Parameters
    ----------
    pods : int
        How many, those that could not even be made included.
    reasons : tuple of Reason
        One of each kind, with the number of pods that wait for it.
    """

    pods: int
    reasons: tuple[tuple[Reason, int], ...]


def waiting_pods(cluster: Cluster, job: Object, *, events: bool = True) -> Waiting:
    """Ask which pods of a Job can't start, and why; those that wait as all do at first are left out.

    Parameters
    ----------
    cluster : Cluster
    job : Object
    events : bool
        Whether events may be asked for.
    """
    state = JobState.of(job)
    if state.ending is not None:
        return Waiting(0, ())
    which = Which(labels=f"batch.kubernetes.io/job-name={state.name}", fields="status.phase=Pending")
    pods, _ = cluster.list(Resource.POD, which)
    missing = max(0, state.wanted - state.active)
    told: list[Object] = []
    if events and (pods or missing):
        told = sorted(cluster.list(Resource.EVENT, Which(fields="type=Warning"))[0], key=_when)
    found = [reason for pod in pods if (reason := _of_pod(pod, told)) is not None]
    found += list(_told(told, "Job", state.name, state.uid))[-1:] * missing
    first = {reason.kind: reason for reason in reversed(found)}
    counts = Counter(reason.kind for reason in found)
    return Waiting(len(found), tuple((first[kind], number) for kind, number in counts.items()))


def _of_pod(pod: Object, events: Sequence[Object]) -> Reason | None:
    status, meta = pod["status"], pod["metadata"]
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        waits = (container.get("state") or {}).get("waiting") or {}
        name = str(waits.get("reason") or "")
        if name not in _NORMAL:
            said, image = _clean(waits.get("message"), meta["name"]), str(container.get("image", ""))
            about = image if "Image" in name else ""
            said = said if about in said else f"image {image}: {said}"
            return Reason(_SAME.get(name, name), said, about)
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            said = _clean(condition.get("message"), meta["name"])
            return Reason(str(condition.get("reason") or "Unschedulable"), said)
    return next(reversed(list(_told(events, "Pod", meta["name"], meta.get("uid", "")))), None)


def _told(events: Sequence[Object], kind: str, name: str, uid: str) -> Iterator[Reason]:
    """Iterate over what events say of an object, the newest last."""
    for event in events:
        about = event.get("involvedObject") or {}
        is_about = (about.get("kind"), about.get("name"), about.get("uid")) == (kind, name, uid)
        if is_about and event.get("reason") not in _OLD_NEWS:
            yield Reason(str(event.get("reason") or "Warning"), _clean(event.get("message"), name))


def _when(event: Object) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next(filter(None, times), ""))


def _clean(message: object, name: str) -> str:
    """Leave out what differs from pod to pod."""
    return " ".join(_POD.sub("", str(message or "")).replace(name, "the pod").split())


class WaitingPods:
    """Tells why pods of a Job don't start, from a thread of its own, and gives up where none ever does.

    Each reason is logged once.

    Parameters
    ----------
    cluster : Cluster
    job, uid : str
    on_waiting : callable
        Told, whenever that changes, why pods wait now; empty if none do.
    start_minutes : float
        Without a pod that has begun after this time, the Job is deleted.
    """

    def __init__(
        self,
        cluster: Cluster,
        job: str,
        uid: str,
        on_waiting: Callable[[str], None],
        start_minutes: float,
    ) -> None:
        self._cluster, self._job, self._uid = cluster, job, uid
        self._on_waiting, self._minutes = on_waiting, start_minutes
        self._period = min(PERIOD, 60 * start_minutes / _LOOKS)
        self._holds = min(HOLDS, 1.5 * self._period)
        self._stop = threading.Event()
        self._begun, self._events = False, True
        self._since: dict[str, float] = {}
        self._told: set[str] = set()
        self._kinds: set[str] = set()
        #: Why the Job was given up; empty if it was not.
        self.hopeless = ""

    def start(self) -> None:
        """Begin; the thread ends with the process, or soon after `finish`."""
        work = contextvars.copy_context().run  # so that what is logged belongs to whoever waits
        threading.Thread(target=work, args=(self._run,), name="waiting pods", daemon=True).start()

    def finish(self) -> None:
        """Stop."""
        self._stop.set()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stop.wait(self._period):
            try:
                self._look(time.monotonic() - began > 60 * self._minutes)
            except Refused as error:  # the rest is told all the same
                _log.warning("Why pods wait can't be told in full, add the verb to the Role: %s", error)
                self._events = False
            except RossiError as error:  # the Job's own watch has the patience
                _log.debug("The waiting pods can't be listed: %s", error)

    def _look(self, late: bool) -> None:
        job = self._cluster.read_job(self._job)
        if job is None or job["metadata"].get("uid") != self._uid:
            return
        self._begun = self._begun or JobState.of(job).begun
        waiting = waiting_pods(self._cluster, job, events=self._events)
        held = self._held(waiting)
        for reason, number in held:
            self._say(reason, number)
        kinds = {reason.kind for reason, _ in held}
        if kinds != self._kinds:  # not for the same ones with other numbers, or in other words
            self._on_waiting("; ".join(str(reason) for reason, _ in held))
            self._kinds = kinds
        if late and not self._begun and not self._stop.is_set():
            why = "; ".join(str(reason) for reason, _ in waiting.reasons) or "the cluster gives no reason"
            self.hopeless = (
                f"Job {self._job}: nothing has started in {self._minutes:g} minutes ({why}). The Job was deleted; "
                "correct that in the cluster or in [kubernetes], or raise kubernetes.start_minutes where nodes take "
                "longer, and run the campaign again."
            )
            self._cluster.delete_job(self._job)

    def _held(self, waiting: Waiting) -> list[tuple[Reason, int]]:
        """Return what has been so for some time."""
        now = time.monotonic()
        self._since = {reason.kind: self._since.get(reason.kind, now) for reason, _ in waiting.reasons}
        return [(reason, number) for reason, number in waiting.reasons if now - self._since[reason.kind] >= self._holds]

    def _say(self, reason: Reason, number: int) -> None:
        if reason.kind in self._told or len(self._told) >= _TOLD:
            return
        self._told.add(reason.kind)
        _log.warning("Job %s: %d pod%s can't start. %s", self._job, number, "s" * (number != 1), reason)
