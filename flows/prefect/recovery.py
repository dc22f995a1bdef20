"""Runs whose flow process has gone are taken up again by whoever serves the flows.

Prefect leaves such a run *Running* for ever; or, where the serving process is asked to end, cancels it, which would
delete its Job. A run that is taken up finds what is done in the store, and goes on with its Job on a cluster.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.runner import Runner
from prefect.states import Cancelled, Crashed, Scheduled

from flows.prefect.signs_of_life import LOOK, SILENCE, duration

#: Seconds that the server has to answer when this process is to end; a container is killed after ten.
_LAST = 3.0
#: A run that so often lost its process is left alone: it may be what ends them.
_MOST = 10
_UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


class Rescuer:
    """Looks, in a thread of its own, for runs that show no sign of life (`flows.prefect.progress_reporter`).

    A sign is what changes in the server's record of a run, by this process's clock: neither another clock nor a server
    that was away makes a run look dead.

    Parameters
    ----------
    deployments : collection of UUID
    cancel : callable
        Undoes what a run that was being cancelled has left: its Job.
    at_work : callable
        The runs whose processes live here: one that is slow, or can't reach the server, is not begun twice.
    silence : float
        Seconds without a sign of life.
    """

    def __init__(
        self,
        deployments: Collection[UUID],
        cancel: Callable[[FlowRun], object],
        at_work: Callable[[], Collection[UUID]] = frozenset,
        silence: float = SILENCE,
    ) -> None:
        states = FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNDER_WAY))
        mine = FlowRunFilterDeploymentId(any_=list(deployments))
        self._which = FlowRunFilter(deployment_id=mine, state=states)
        self._cancel, self.at_work, self._silence = cancel, at_work, silence
        self._signs: dict[UUID, tuple[object, float]] = {}

    def start(self) -> None:
        """Begin; the thread ends with the process."""
        threading.Thread(target=self._run, name="rescuer", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                with get_client(sync_client=True) as client:
                    self.look(client)
            except Exception as error:  # the server is away: nothing is known of anybody
                self._signs.clear()
                print(f"Runs can't be looked after just now: {error}", flush=True)
            time.sleep(LOOK)

    def look(self, client: SyncPrefectClient) -> None:
        """Look once, and take up what has been silent for too long."""
        now = time.monotonic()
        signs: dict[UUID, tuple[object, float]] = {}
        runs, mine = client.read_flow_runs(flow_run_filter=self._which, limit=200), self.at_work()
        for run in runs:
            sign = _sign(run)
            before = self._signs.get(run.id, (sign, now))
            signs[run.id] = before if before[0] == sign and run.id not in mine else (sign, now)
            # Asked once more, for another process that serves the flows may just have taken it up.
            if now - signs[run.id][1] > self._silence and _sign(client.read_flow_run(run.id)) == sign:
                self._take_up(client, run)
        self._signs = signs

    def _take_up(self, client: SyncPrefectClient, run: FlowRun) -> None:
        if run.state is not None and run.state.is_cancelling():
            self._cancel(run)
            client.set_flow_run_state(run.id, Cancelled(message="Cancelled after its process had gone."), force=True)
        elif run.run_count > _MOST:
            message = f"Its process has gone {run.run_count} times; it may need more memory than there is."
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)
        else:
            take_up(client, run.id, f"No sign of life for {duration(self._silence)}: taken up again.")
        print(f"Run {run.name} showed no sign of life.", flush=True)


def _sign(run: FlowRun) -> object:
    """What changes in the server's record of a run whose process lives."""
    return run.updated, run.state and run.state.id


def take_up(client: SyncPrefectClient, run: UUID, why: str) -> None:
    """Have a run begun once more by whoever serves its flow."""
    client.set_flow_run_state(run, Scheduled(message=why), force=True)


def hand_over(client: SyncPrefectClient, runs: Iterable[UUID]) -> int:
    """Have runs begun once more by whoever serves their flows next; returns how many.

    One that has just ended is left so, and one that somebody is cancelling to `Rescuer`, which cancels it.
    """
    taken = 0
    for run in runs:
        state = client.read_flow_run(run).state
        if state is None or not (state.is_final() or state.is_cancelling()):
            take_up(client, run, "The process that serves the flows ends; the next one goes on.")
            taken += 1
    return taken


class LastingRunner(Runner):
    """A runner that leaves its runs to its successor when it is asked to end."""

    def at_work(self) -> set[UUID]:
        """Return the runs whose processes it has started and that have not ended."""
        return self._process_manager.flow_run_ids()

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Kill the runs' processes, which can't tell of an end then, and have the runs begun once more."""
        mine = [self._process_manager.get(run) for run in self._process_manager.flow_run_ids()]
        runs, taken = self._process_manager.flow_run_ids(), 0
        for handle in filter(None, mine):
            try:
                handle.hard_kill()
            except OSError:
                continue
        try:
            with get_client(sync_client=True, httpx_settings={"timeout": _LAST}) as client:
                taken = hand_over(client, runs)
        except Exception as error:  # found by their silence
            print(f"The Prefect server does not hear that runs were interrupted: {error}", flush=True)
        print(f"Stopped; {taken} runs go on with the next start.", flush=True)
        os._exit(0)  # Prefect's own end would call them cancelled or crashed
