"""Shards in processes of their own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from flows.core.executor import Inline, OnPause, OnResult
from flows.core.logs import configure_logs
from flows.core.plan import plan_shards
from flows.core.settings import Settings
from flows.core.watcher import Stopped, Watcher
from rossi.errors import RossiError
from services.contract import ObservationResult
from services.execution.failures import lost_observation
from services.execution.request import Shard
from services.execution.survey import Change, Standing, survey_shard
from services.execution.worker import run_shard
from services.storage import open_store
from services.storage.patience import Pause

Result = TypeVar("Result")

#: Imported once in the server that worker processes are forked from, so that a shard starts without delay.
_PRELOAD = [run_shard.__module__, survey_shard.__module__]

#: How a process ends that was asked to stop; every other signal (memory, defect) is the observation's fault.
_STOPPED = frozenset({-signal.SIGINT, -signal.SIGTERM})


class Processes(Inline):
    """Works shards off in processes of their own, so many at a time (an `Executor`).

    An observation that kills its process (out of memory, a crash in compiled code) becomes a failure that may be tried
    again, and a new process goes on with the rest.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._running: set[BaseProcess] = set()
        self._lock = threading.Lock()

    def stop(self) -> None:
        """See `Executor.stop`."""
        with self._lock:
            self._stopped.set()
            for process in self._running:
                process.terminate()

    def _each(
        self, kind: str, obsids: Sequence[str], watcher: Watcher, work: Callable[[Shard], list[Result]]
    ) -> list[Result]:
        """Work all shards off, so many at a time; the first that can't be worked off at all ends the others."""
        shards = plan_shards(self._settings, obsids)
        with ThreadPoolExecutor(self._settings.campaign.workers, thread_name_prefix=kind) as pool:
            try:
                futures = [
                    pool.submit(copy_context().run, watcher.step, kind, partial(work, shard), f"{kind}-{shard.number}")
                    for shard in shards
                ]
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.stop()
                raise
        return [result for future in futures for result in future.result()]

    def _reduce(
        self, shard: Shard, on_result: OnResult[ObservationResult], on_pause: OnPause
    ) -> list[ObservationResult]:
        return self._one_after_the_other(run_shard, shard, on_result, on_pause, _died)

    def _survey(self, shard: Shard, on_result: OnResult[Standing], on_pause: OnPause) -> list[Standing]:
        def unknown(_: Shard, obsid: str, __: int) -> Standing:
            return Standing(obsid=obsid, changes=(Change.NEW,))

        return self._one_after_the_other(survey_shard, shard, on_result, on_pause, unknown)

    def _one_after_the_other(
        self,
        work: Callable[..., list[Any]],
        shard: Shard,
        on_result: OnResult[Result],
        on_pause: OnPause,
        died: Callable[[Shard, str, int], Result],
    ) -> list[Result]:
        results: list[Result] = []

        def keep(said: Result | Pause) -> None:
            if isinstance(said, Pause):
                on_pause(said)
            else:
                results.append(said)
                on_result(said)

        while remaining := shard.obsids[len(results) :]:
            exit_code = self._one_process(work, shard.model_copy(update={"obsids": remaining}), keep)
            if exit_code in _STOPPED:
                raise Stopped(f"shard {shard.number} was stopped with {len(remaining)} observations to do")
            if len(results) < len(shard.obsids):
                keep(died(shard, shard.obsids[len(results)], exit_code))
        return results

    def _one_process(self, work: Callable[..., list[Any]], shard: Shard, keep: Callable[[Any], None]) -> int:
        # Not forked from this process: it has threads, and Prefect, which a worker must not carry.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOAD)
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(work, shard, sender), daemon=True)
        with self._lock:
            self._go_on()
            _start(process)
            self._running.add(process)
        sender.close()
        try:
            with receiver:
                _receive(receiver, keep)
        except BaseException:
            process.terminate()
            raise
        finally:
            process.join()
            with self._lock:
                self._running.remove(process)
        return process.exitcode or 0


def _start(process: BaseProcess) -> None:
    """Start a process that Ctrl-C doesn't reach: it is for this one, which then stops the others."""
    resource_tracker.ensure_running()  # would unblock the signal again
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _plain_main():
            process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _plain_main(lock: threading.Lock = threading.Lock()) -> Iterator[None]:  # noqa: B008
    """Hide the main module, which new processes import: Prefect's engine takes them seconds and 100 MB."""
    with lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _receive(receiver: Connection, keep: Callable[[Any], None]) -> None:
    while True:
        try:
            item = receiver.recv()
        except EOFError:
            return
        if isinstance(item, BaseException):
            raise item
        keep(item)


def _work(work: Callable[..., list[Any]], shard: Shard, sender: Connection) -> None:
    """What the process does; a parent that has gone is noticed when the next result is sent."""
    configure_logs()
    try:
        work(shard, on_result=sender.send, on_pause=sender.send)
    except RossiError as error:
        sender.send(error)
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        logging.getLogger(__name__).exception("shard %d", shard.number)
        # Not every exception survives being sent to another process.
        sender.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _died(shard: Shard, obsid: str, exit_code: int) -> ObservationResult:
    how = f"killed by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"ended with code {exit_code}"
    message = f"{obsid}: the process that worked on it was {how}; it may need more memory than there is."
    return lost_observation(shard, obsid, message, open_store(shard.store))
