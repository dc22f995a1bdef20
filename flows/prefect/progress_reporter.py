"""What Prefect hears of a run while it works: progress and signs of life; and whether somebody cancelled it.

That is told by a thread of its own. A Prefect server that is slow, restarts or is gone delays it, never the work.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, create_table_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run

from flows.core.watcher import Result, Stopped, Watcher
from flows.prefect.artifacts import change_rows
from flows.prefect.signs_of_life import LIFE, duration
from flows.prefect.steps import as_task
from services.contract import ObservationResult, Outcome, StageResult
from services.execution.survey import Standing

#: Seconds between two looks at the server; somebody who cancels waits this long at most for the workers to be told.
PERIOD = 1.0
#: Seconds between two words of progress: each leaves an event that Prefect keeps for a week.
_SHOWN = 5.0
#: Seconds that the server has to answer.
_PATIENCE = 10.0
_log = logging.getLogger(__name__)


class ProgressReporter(Watcher):
    """A campaign's watcher that tells the Prefect server; used as a context around the work.

    Parameters
    ----------
    inner : Watcher
        Told everything first.
    stop : callable
        Stops the workers; called as often as needed once the run is cancelled.
    """

    def __init__(self, inner: Watcher, stop: Callable[[], None]) -> None:
        self._inner, self._stop = inner, stop
        self._total, self._counts, self._began = 0, Counter[Outcome](), time.monotonic()
        self._to_check, self._checked = 0, 0
        self._to_merge, self._merged = 0, 0
        self._waiting = ""
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._artifact: UUID | None = None
        self._told: tuple[object, ...] = ()
        self._next_word, self._worked = 0.0, 0.0
        self._alive = self._began
        self.cancelled = threading.Event()

    def __enter__(self) -> ProgressReporter:
        """Start the thread."""
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="progress reporter", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Show the last state, and end the thread; a server that does not answer is not waited for long.

        Raises
        ------
        Stopped
            If the run was cancelled and did not come to its end.
        """
        self._ended.set()
        self._thread.join(_PATIENCE)
        if error is not None and self.cancelled.is_set():
            sofar = self.text().partition(";")[0]
            raise Stopped(f"Cancelled; {sofar}. The same run again goes on from there.") from error

    def step(self, kind: str, work: Callable[[], Result], name: str = "") -> Result:
        """See `Watcher.step`; it is a task of Prefect."""
        return as_task(kind, work, name)

    def checking(self, observations: int) -> None:
        """See `Watcher.checking`."""
        self._inner.checking(observations)
        self._to_check = observations

    def checked(self) -> None:
        """See `Watcher.checked`."""
        self.go_on()
        with self._lock:
            self._checked += 1
            self._inner.checked()

    def surveyed(self, standings: Sequence[Standing], chosen: Sequence[Standing]) -> None:
        """See `Watcher.surveyed`; a table of Prefect's."""
        self._inner.surveyed(standings, chosen)
        what = "What has changed, and what is reduced because of it"
        create_table_artifact(change_rows(standings, chosen), key="changes", description=what)

    def planned(self, observations: int) -> None:
        """See `Watcher.planned`."""
        self._inner.planned(observations)
        self._total, self._began = observations, time.monotonic()

    def finished(self, result: ObservationResult) -> None:
        """See `Watcher.finished`; stops the shard of a run that was cancelled."""
        self.go_on()
        with self._lock:
            self._counts[result.outcome] += 1
            self._inner.finished(result)

    def waiting(self, why: str) -> None:
        """See `Watcher.waiting`."""
        self._waiting = why
        self._inner.waiting(why)

    def merging(self, sources: int) -> None:
        """See `Watcher.merging`."""
        self._worked, self._to_merge = time.monotonic() - self._began, sources
        self._inner.merging(sources)

    def merged(self, result: StageResult) -> None:
        """See `Watcher.merged`; stops the merges of a run that was cancelled."""
        self.go_on()
        with self._lock:
            self._merged += 1
            self._inner.merged(result)

    def warned(self, message: str) -> None:
        """See `Watcher.warned`; stops the shard of a run that was cancelled."""
        self.go_on()
        _log.warning("%s", message)
        with self._lock:
            self._inner.warned(message)

    def go_on(self) -> None:
        """Raise `Stopped` if the run was cancelled."""
        if self.cancelled.is_set():
            raise Stopped("The run was cancelled.")

    @property
    def done(self) -> int:
        """How many observations are done."""
        return self._counts.total()

    @property
    def _at_merge(self) -> bool:
        return bool(self._worked) and not self._ended.is_set()

    def text(self) -> str:
        """How far the run is, in one line."""
        if self._to_check and not self._total:
            return f"{self._checked} of {self._to_check} observations looked at"
        counts, seconds = self._counts, self._worked or time.monotonic() - self._began
        rate = self.done / seconds if seconds > 0 else 0.0
        left = self._total - self.done
        end = f", about {duration(left / rate)} to go" if rate and left > 0 else ""
        waits = f"; pods wait: {self._waiting}" if self._waiting else ""
        return (
            f"{self.done} of {self._total} observations: {counts[Outcome.SUCCEEDED]} done, "
            f"{counts[Outcome.NO_WORK]} no work, {counts[Outcome.FAILED]} failed; "
            f"{rate:.1f} a second{end}{self._merge_text()}{waits}"
        )

    def _merge_text(self) -> str:
        if not self._at_merge:
            return ""
        return f", {self._merged} of {self._to_merge} sources merged" if self._to_merge > 1 else ", merging"

    def _run(self) -> None:
        # One client for all: each new one asks for a token first.
        with get_client(sync_client=True, httpx_settings={"timeout": _PATIENCE}) as client:
            last = False
            while not last:
                last = self._ended.wait(PERIOD)
                for look in (self._look_for_cancellation, self._show):
                    try:
                        look(client)
                    except ObjectNotFound:
                        continue  # a server that lost its database
                    except Exception as error:  # whatever it is, the work goes on
                        _log.debug("the Prefect server does not hear: %s", error)

    def _look_for_cancellation(self, client: SyncPrefectClient) -> None:
        if self._ended.is_set() or not flow_run.id:
            return
        if not self.cancelled.is_set():
            run = client.read_flow_run(UUID(flow_run.id))
            if run.state is None or not (run.state.is_cancelling() or run.state.is_final()):
                self._show_life(client, run)
                return
            self.cancelled.set()
        self._stop()

    def _show_life(self, client: SyncPrefectClient, run: FlowRun) -> None:
        if time.monotonic() - self._alive > LIFE:
            client.update_flow_run(run.id, name=run.name)
            self._alive = time.monotonic()

    def _show(self, client: SyncPrefectClient) -> None:
        total = self._total or self._to_check
        if not flow_run.id or not total:
            return
        percent, text = 100.0 * (self.done if self._total else self._checked) / total, self.text()
        now = self._checked, self._total, self.done, self._at_merge, self._merged, self._waiting
        if self._artifact is None:
            self._artifact = cast("UUID", create_progress_artifact(percent, key="progress", description=text))
        elif now == self._told or (time.monotonic() < self._next_word and not self._ended.is_set()):
            return
        else:
            client.update_artifact(self._artifact, ArtifactUpdate(data=percent, description=text))
        self._told, self._next_word = now, time.monotonic() + _SHOWN
