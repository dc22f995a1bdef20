"""A shard in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from flows.core.logs import configure_logs
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


class Interrupted(Exception):
    """The worker process was asked to stop."""


def _to_stderr(pause: Pause) -> None:
    print(pause, file=sys.stderr, flush=True)


def run_in_process(
    shard: Shard, on_result: Callable[[ObservationResult], None], on_pause: Callable[[Pause], None] = _to_stderr
) -> list[ObservationResult]:
    """Work a shard off in a process of its own.

    An observation that kills the process (out of memory, a crash in compiled code) becomes a failure that may be
    tried again, and a new process goes on with the rest.

    Parameters
    ----------
    shard : Shard
    on_result : callable
        Called in this process with every observation's result as soon as it is there.
    on_pause : callable
        Called when the work stands still because the archive or the store is away.

    Raises
    ------
    ConfigError
        No observation could succeed.
    Interrupted
    """
    return _processes(run_shard, shard, on_result, _died, on_pause)


def survey_in_process(
    shard: Shard, on_result: Callable[[Standing], None], on_pause: Callable[[Pause], None] = _to_stderr
) -> list[Standing]:
    """Find out what would have to be done for a shard, in a process of its own; see `run_in_process`."""

    def unknown(_: Shard, obsid: str, __: int) -> Standing:
        return Standing(obsid=obsid, changes=(Change.NEW,))

    return _processes(survey_shard, shard, on_result, unknown, on_pause)


def stop_all() -> None:
    """Stop every shard that runs in a process of this one."""
    for process in multiprocessing.active_children():
        process.terminate()


def _processes(
    work: Callable[..., list[Any]],
    shard: Shard,
    on_result: Callable[[Result], None],
    died: Callable[[Shard, str, int], Result],
    on_pause: Callable[[Pause], None],
) -> list[Result]:
    results: list[Result] = []

    def keep(said: Result | Pause) -> None:
        if not isinstance(said, Pause):
            results.append(said)
            on_result(said)
        else:
            on_pause(said)

    while remaining := shard.obsids[len(results) :]:
        exit_code = _one_process(work, shard.model_copy(update={"obsids": remaining}), keep)
        if exit_code in _STOPPED:
            raise Interrupted(f"shard {shard.number} was stopped with {len(remaining)} observations to do")
        if len(results) < len(shard.obsids):
            keep(died(shard, shard.obsids[len(results)], exit_code))
    return results


def _one_process(work: Callable[..., list[Any]], shard: Shard, keep: Callable[[Any], None]) -> int:
    # Not forked from this process: it has threads, and Prefect, which a worker must not carry.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, shard, sender), daemon=True)
    _start(process)
    sender.close()
    try:
        with receiver:
            _receive(receiver, keep)
    except BaseException:
        process.terminate()
        raise
    finally:
        process.join()
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
