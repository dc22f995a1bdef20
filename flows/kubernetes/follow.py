"""Following objects of a cluster for hours: list, watch, and go on after whatever interrupts it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from flows.core.watcher import Stopped
from flows.kubernetes.cluster import Cluster, Gone, Refused, Resource, Unavailable, Which
from flows.kubernetes.state import Object

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 20.0
#: Just after its start an API server may not know anybody's rights yet.
_REFUSALS = 5

Answer = TypeVar("Answer")


class Backoff:
    """How long to wait before a request is made once more, and when to give up.

    Parameters
    ----------
    patience : float [s]
        Time without an answer after which the error is raised.
    stop : threading.Event, optional
        Ends a pause with `Stopped`.
    """

    def __init__(self, patience: float, stop: threading.Event | None = None) -> None:
        self._patience = patience
        self._stop = stop or threading.Event()
        self.reset()

    def reset(self) -> None:
        """There was an answer."""
        self._since: float | None = None
        self._pause = _FIRST_PAUSE
        self._refusals = 0

    def wait(self, error: Exception | None = None) -> None:
        """Wait, longer each time; raises the error when patience is at an end."""
        now = time.monotonic()
        self._since = self._since or now
        self._refusals += isinstance(error, Refused)
        if error is not None and (now - self._since > self._patience or self._refusals > _REFUSALS):
            raise error
        if self._stop.wait(self._pause * random.uniform(0.5, 1.0)):
            raise Stopped("Nobody wants to know any more.")
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


def patiently(request: Callable[[], Answer], patience: float) -> Answer:
    """Make a request until it is answered.

    Parameters
    ----------
    request : callable
        Safe to make twice.
    patience : float [s]
    """
    backoff = Backoff(patience)
    while True:
        try:
            return request()
        except Unavailable as error:
            backoff.wait(error)


@dataclass(frozen=True, slots=True)
class Listed:
    """All objects there are, after which changes follow."""

    objects: list[Object]


@dataclass(frozen=True, slots=True)
class Changed:
    """One object was added, changed or deleted."""

    kind: str
    object: Object


def follow(
    cluster: Cluster, resource: Resource, which: Which, patience: float, stop: threading.Event | None = None
) -> Iterator[Listed | Changed]:
    """Iterate over the objects and their changes, for ever.

    Changes may be left out or told twice: whoever reads them looks at an object's state, not at the events' number.

    Parameters
    ----------
    cluster : Cluster
    resource : Resource
    which : Which
    patience : float [s]
        How long the API server may be away.
    stop : threading.Event, optional
        Ends the iteration, though not before the next event.

    Raises
    ------
    Unavailable
        If the API server was away for too long.
    Refused
        If it does not let us, several times in a row.
    """
    backoff = Backoff(patience, stop)
    version = ""
    try:
        while stop is None or not stop.is_set():
            begun = time.monotonic()
            events = 0
            try:
                if not version:
                    objects, version = cluster.list(resource, which)
                    yield Listed(objects)
                for event in cluster.watch(resource, which, version):
                    backoff.reset()
                    events += 1
                    version = event["object"]["metadata"].get("resourceVersion") or version
                    if event["type"] != "BOOKMARK":
                        yield Changed(event["type"], event["object"])
                if not events and time.monotonic() - begun < 1.0:  # a server that hangs up at once
                    backoff.wait()
            except Gone:
                version = ""
                if not events:
                    backoff.wait()
            except (Unavailable, Refused) as error:
                backoff.wait(error)
    except Stopped:
        return
