"""Shards in processes of their own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias, TypeVar

from flows.core.executor import Inline, OnPause, OnResult
from flows.core.logs import configure_logs
from flows.core.settings import Settings
from flows.core.watcher import Stopped, Watcher
from rossi.errors import RossiError
from services.contract import EngineName, ObservationResult, StageResult
from services.execution.failures import ProcessLost, lost_observation
from services.execution.request import Shard
from services.execution.survey import Change, Standing, survey_shard
from services.execution.worker import run_shard
from services.merge.config import Merge, MergeRequest
from services.storage import open_store
from services.storage.patience import Pause

Item = TypeVar("Item")
Result = TypeVar("Result")
#: What a process does, with whom it tells of each item.
Work: TypeAlias = Callable[..., list[Any]]

#: How a process ends that was asked to stop; every other signal (memory, defect) is the observation's fault.
_STOPPED = frozenset({-signal.SIGINT, -signal.SIGTERM})


@dataclass(frozen=True, slots=True)
class _Begun:
    """What a process works on from now on."""

    item: Any


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

    @property
    def _preload(self) -> list[str]:
        """What is imported once in the server that processes are forked from, so that a shard starts without delay."""
        engine, stages = self._settings.campaign.engine, self._settings.stages
        computing = stages if engine is EngineName.NATIVE else ()
        return [
            run_shard.__module__,
            survey_shard.__module__,
            *(f"services.engines.native.{name}" for name in computing),
        ]

    def _each(self, kind: str, works: Mapping[str, Callable[[], Result]], watcher: Watcher) -> Iterator[Result]:
        """Do all steps, so many at a time; the first that can't be done at all ends the others."""
        with ThreadPoolExecutor(self._settings.campaign.workers, thread_name_prefix=kind) as pool:
            try:
                futures = [
                    pool.submit(copy_context().run, watcher.step, kind, work, name) for name, work in works.items()
                ]
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.stop()
                raise
        return (future.result() for future in futures)

    def _reduce(
        self, shard: Shard, on_result: OnResult[ObservationResult], on_pause: OnPause
    ) -> list[ObservationResult]:
        def work(obsids: Sequence[str]) -> Work:
            return partial(_run_shard, _part(shard, obsids))

        return self._one_after_the_other(work, shard.obsids, on_result, on_pause, partial(_died, shard))

    def _survey(self, shard: Shard, on_result: OnResult[Standing], on_pause: OnPause) -> list[Standing]:
        def unknown(obsid: str, _: str) -> Standing:
            return Standing(obsid=obsid, changes=(Change.NEW,))

        def work(obsids: Sequence[str]) -> Work:
            return partial(survey_shard, _part(shard, obsids))

        return self._one_after_the_other(work, shard.obsids, on_result, on_pause, unknown)

    def _merge(self, batch: Sequence[Merge], on_result: OnResult[StageResult], on_pause: OnPause) -> list[StageResult]:
        def work(merges: Sequence[Merge]) -> Work:
            return partial(_merge_batch, [merge.text() for merge in merges])

        return self._one_after_the_other(work, batch, on_result, on_pause, _merge_died)

    def _one_after_the_other(
        self,
        work: Callable[[Sequence[Item]], Work],
        items: Sequence[Item],
        on_result: OnResult[Result],
        on_pause: OnPause,
        died: Callable[[Item, str], Result],
    ) -> list[Result]:
        """Have items worked off by a process, and by a new one where that died, without what killed it.

        A process that overlaps its work tells which item it has begun: what it has not told the results of before that
        one was in the middle of being put, and is done first by the next process.
        """
        results: list[Result] = []
        begun = 0  # the item that is worked on

        def keep(said: Result | Pause | _Begun) -> None:
            nonlocal begun
            if isinstance(said, Pause):
                on_pause(said)
            elif isinstance(said, _Begun):
                begun = items.index(said.item)
            else:
                results.append(said)
                on_result(said)

        end, how = len(items), ""
        while len(results) < len(items):
            if len(results) == end:
                keep(died(items[end], how))
                end = len(items)
                continue
            begun = len(results)
            exit_code = self._one_process(work(items[begun:end]), keep)
            if exit_code in _STOPPED:
                raise Stopped(f"a process was stopped with {len(items) - len(results)} of {len(items)} to do")
            if len(results) < end:
                end, how = max(begun, len(results)), _how(exit_code)
        return results

    def _one_process(self, work: Work, keep: Callable[[Any], None]) -> int:
        # Not forked from this process: it has threads, and Prefect, which a worker must not carry.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(self._preload)
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(work, sender), daemon=True)
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


def _work(work: Work, sender: Connection) -> None:
    """What the process does; a parent that has gone is noticed when the next result is sent."""
    configure_logs()
    try:
        work(on_result=sender.send, on_pause=sender.send)
    except RossiError as error:
        sender.send(error)
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        logging.getLogger(__name__).exception("a worker process ends")
        # Not every exception survives being sent to another process.
        sender.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _run_shard(shard: Shard, *, on_result: Callable[[Any], None], on_pause: OnPause) -> list[Any]:
    return run_shard(shard, on_result, on_pause, lambda obsid: on_result(_Begun(obsid)))


def _part(shard: Shard, obsids: Sequence[str]) -> Shard:
    return shard.model_copy(update={"obsids": tuple(obsids)})


def _merge_batch(requests: Sequence[bytes], **told: Any) -> list[Any]:
    from services.merge.batch import merge_batch

    return merge_batch(map(MergeRequest.model_validate_json, requests), **told)


def _how(exit_code: int) -> str:
    return f"killed by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"ended with code {exit_code}"


def _merge_died(merge: Merge, how: str) -> StageResult:
    from services.merge.batch import record_failed

    request = merge.request()
    of = f" {request.source.name}" if request.source is not None else ""
    message = f"The process that merged{of} was {how}; it may need more memory than there is."
    return record_failed(request, ProcessLost(message))


def _died(shard: Shard, obsid: str, how: str) -> ObservationResult:
    message = f"{obsid}: the process that worked on it was {how}; it may need more memory than there is."
    return lost_observation(shard, obsid, message, open_store(shard.store))
