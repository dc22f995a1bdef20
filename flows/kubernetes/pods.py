"""Watching a Job's pods for what those that fail have said."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Iterable

from flows.core.cluster import KubernetesConfig
from flows.kubernetes.cluster import Cluster, Resource, Which
from flows.kubernetes.follow import Changed, Listed, follow
from flows.kubernetes.state import Object, PodEnd
from rossi.errors import RossiError

#: So many failing pods have their logs shown; with more, their number says enough, and Prefect keeps every line.
_SHOWN = 50
_log = logging.getLogger(__name__)


def remedy(end: PodEnd, config: KubernetesConfig) -> str:
    """Say which setting to raise, for a pod that took too much of something; empty for others."""
    if end.why == "OOMKilled":
        return f"; raise kubernetes.memory_limit, which is {config.memory_limit}"
    if end.why.startswith("Evicted") and "EmptyDir" in end.why:
        return f"; raise kubernetes.scratch, which is {config.scratch}"
    if "ephemeral-storage" in end.why:
        return "; the node's disk is full: free it, or have the workers run on other nodes (kubernetes.node_selector)"
    return ""


class FailingPods:
    """The failing pods of a Job, followed in a thread of their own; the last lines of each are logged.

    Parameters
    ----------
    cluster : Cluster
    job : str
    config : KubernetesConfig
    patience : float [s]
        How long the API server may be away.
    """

    def __init__(self, cluster: Cluster, job: str, config: KubernetesConfig, patience: float) -> None:
        self._cluster = cluster
        self._which = Which(labels=f"batch.kubernetes.io/job-name={job}")
        self._config, self._lines = config, config.log_lines
        self._patience = patience
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._seen: set[str] = set()
        #: The last failure of each index.
        self.ends: dict[int, PodEnd] = {}

    def start(self) -> None:
        """Begin; the thread ends with the process, or soon after `finish`."""
        work = contextvars.copy_context().run  # so that what is logged belongs to whoever waits
        threading.Thread(target=work, args=(self._run,), name="failing pods", daemon=True).start()

    def finish(self) -> None:
        """Look once more, since the thread may be late, and stop."""
        self._stop.set()
        try:
            self._look(self._cluster.list(Resource.POD, self._which)[0])
        except RossiError as error:
            _log.warning("The pods of the Job can't be listed any more: %s", error)

    def _run(self) -> None:
        try:
            for change in follow(self._cluster, Resource.POD, self._which, self._patience, self._stop):
                match change:
                    case Listed(objects):
                        self._look(objects)
                    case Changed(_, pod):
                        self._look([pod])
        except RossiError as error:  # the Job's own state is what counts
            _log.warning("The pods of the Job are not watched any more: %s", error)

    def _look(self, pods: Iterable[Object]) -> None:
        for end in filter(None, map(PodEnd.of, pods)):
            with self._lock:
                if end.uid in self._seen:
                    continue
                self._seen.add(end.uid)
                self.ends[end.index] = end
                shown = len(self._seen)
            if shown <= _SHOWN:
                self._show(end)
            elif shown == _SHOWN + 1:
                _log.warning("More than %d pods failed; the logs of others are not shown.", _SHOWN)

    def _show(self, end: PodEnd) -> None:
        try:
            log = self._cluster.pod_log(end.name, self._lines)
        except RossiError:
            log = None
        lines = (log or end.said).strip().splitlines()[-self._lines :]
        said = "".join(f"\n    {line}" for line in lines) or " It said nothing."
        why = f"{end.why.rstrip('.')}{remedy(end, self._config)}"
        _log.warning("Pod %s of shard %d: %s.%s", end.name, end.index, why, said)
