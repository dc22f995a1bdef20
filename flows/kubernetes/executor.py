"""A cluster that works a campaign off: what `flows.core.executor.Executor` asks for, by one Job."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from flows.core.processes import Processes
from flows.core.settings import Settings
from flows.core.watcher import Stopped, Watcher
from flows.kubernetes.cluster import open_cluster
from flows.kubernetes.jobs import cancel_flow_run
from flows.kubernetes.run import JobGone, Submitted, await_results, submit, withdraw
from services.contract import ObservationResult, StageResult
from services.execution.survey import Standing
from services.merge.config import MergeRequest
from services.storage import open_store


class Pods:
    """Pods work observations off; Ctrl-C deletes their Job.

    When this process ends otherwise the Job goes on, and the next run of the same campaign goes on with it. Surveys
    are made by processes of this machine.

    Parameters
    ----------
    settings : Settings
    flow_run : str
        Of Prefect; the Job carries it, so that whoever cancels the run finds it.
    """

    def __init__(self, settings: Settings, flow_run: str = "") -> None:
        self._settings, self._flow_run = settings, flow_run
        self._here, self._stopped = Processes(settings), threading.Event()
        self._submitted: Submitted | None = None

    def reduce(self, obsids: Sequence[str], watcher: Watcher) -> list[ObservationResult]:
        """See `Executor.reduce`.

        Raises
        ------
        JobGone
            Somebody has deleted the Job.
        Unavailable
            The API server was away for too long; the Job goes on.
        """
        settings, cluster = self._settings, open_cluster(self._settings.kubernetes)
        try:
            make = partial(submit, settings, obsids, cluster, self._flow_run, watcher.warned)
            job = self._submitted = watcher.step("submit", make)
            wait = partial(await_results, settings, job, cluster, watcher.finished, watcher.waiting)
            return watcher.step("job", wait, job.name)
        except KeyboardInterrupt:
            withdraw(settings, obsids, cluster)
            raise
        except JobGone as gone:
            if self._stopped.is_set():
                raise Stopped(str(gone)) from None
            raise

    def survey(self, obsids: Sequence[str], watcher: Watcher) -> list[Standing]:
        """See `Executor.survey`."""
        return self._here.survey(obsids, watcher)

    def merge(self, requests: Sequence[MergeRequest], watcher: Watcher) -> list[StageResult]:
        """See `Executor.merge`; processes of this machine do it."""
        return self._here.merge(requests, watcher)

    def settle(self) -> None:
        """See `Executor.settle`; the next campaign of the same work makes a new Job."""
        if self._submitted is not None:
            self._submitted.settle(open_store(self._settings.store))

    def stop(self) -> None:
        """See `Executor.stop`; deletes the Job, also that of a process that has gone, by the flow run."""
        self._stopped.set()
        self._here.stop()
        cluster = open_cluster(self._settings.kubernetes)
        if self._flow_run:
            cancel_flow_run(cluster, self._flow_run)
        elif self._submitted is not None:
            cluster.delete_job(self._submitted.name)
