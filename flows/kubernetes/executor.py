"""A cluster that works a campaign off: what `flows.core.executor.Executor` asks for, by two Jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from flows.core.processes import Processes
from flows.core.results import Packed, Results
from flows.core.settings import Settings
from flows.core.watcher import Stopped, Watcher
from flows.kubernetes.cluster import open_cluster
from flows.kubernetes.jobs import cancel_flow_run
from flows.kubernetes.run import JobGone, Submitted, await_results, submit, withdraw
from flows.kubernetes.work import Merging, Reduction, Result, Work
from services.contract import StageResult
from services.execution.survey import Standing
from services.merge.config import Merge
from services.storage import open_store

Whole = TypeVar("Whole")


class Pods:
    """Pods work observations off, and then merge the sources; Ctrl-C deletes their Job.

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
        self._submitted: list[Submitted] = []

    def reduce(self, obsids: Sequence[str], watcher: Watcher) -> Results:
        """See `Executor.reduce`.

        Raises
        ------
        JobGone
            Somebody has deleted the Job.
        Unavailable
            The API server was away for too long; the Job goes on.
        """
        return self._work_off(Reduction(self._settings, obsids), watcher, watcher.finished)

    def survey(self, obsids: Sequence[str], watcher: Watcher) -> Packed[Standing]:
        """See `Executor.survey`."""
        return self._here.survey(obsids, watcher)

    def merge(self, merges: Sequence[Merge], whole: str, watcher: Watcher) -> list[StageResult]:
        """See `Executor.merge`; raises as `reduce` does."""
        return self._work_off(Merging(self._settings, merges, whole), watcher, watcher.merged)

    def _work_off(self, work: Work[Result, Whole], watcher: Watcher, on_result: Callable[[Result], None]) -> Whole:
        if self._stopped.is_set():
            raise Stopped("The work was stopped.")
        cluster = open_cluster(self._settings.kubernetes)
        try:
            job = watcher.step("submit", partial(submit, work, cluster, self._flow_run, watcher.warned))
            self._submitted.append(job)
            wait: Any = partial(await_results, work, job, cluster, on_result, watcher.waiting)
            found: Whole = watcher.step("job", wait, job.name)
        except KeyboardInterrupt:
            withdraw(work, cluster)
            raise
        except JobGone as gone:
            if self._stopped.is_set():
                raise Stopped(str(gone)) from None
            raise
        return found

    def settle(self) -> None:
        """See `Executor.settle`; the next campaign of the same work makes new Jobs."""
        for job in self._submitted:
            job.settle(open_store(self._settings.store))

    def stop(self) -> None:
        """See `Executor.stop`; deletes the Job, also that of a process that has gone, by the flow run."""
        self._stopped.set()
        self._here.stop()
        cluster = open_cluster(self._settings.kubernetes)
        if self._flow_run:
            cancel_flow_run(cluster, self._flow_run)
        else:
            for job in self._submitted:
                cluster.delete_job(job.name)
