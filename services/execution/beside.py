"""Work beside the computing: in threads, or in the thread that asks, while that is the quicker way.

Threads are for waiting. Where an answer comes at once, handing work over and back costs more than the work: all
threads want the interpreter, which one has at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

#: Work goes to threads when it has waited so many times as long as it has computed, and so long in all [s]: processes
#: wait for each other, too.
_TIMES, _IN_ALL = 3, 0.1


class Beside(Executor):
    """Does what is submitted in threads; or at once, in the thread that submits, until that turns out to be waiting.

    Parameters
    ----------
    threads : int
    name : str
        What the threads' names begin with.
    near : bool
        Whether answers probably come at once.

    Attributes
    ----------
    threads : ThreadPoolExecutor
        For what is not to be done in the thread that submits in any case.
    """

    def __init__(self, threads: int, name: str, *, near: bool) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._near = near
        self._computed = self._took = 0.0

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`; what is no `Exception` comes out here where there is no thread."""
        if not self._near:
            return self.threads.submit(work, *args, **options)
        future: Future[Any] = Future()
        began, computed = time.perf_counter(), time.thread_time()
        try:
            future.set_result(work(*args, **options))
        except Exception as error:
            future.set_exception(error)
        self._computed += time.thread_time() - computed
        self._took += time.perf_counter() - began
        waited = self._took - self._computed
        self._near = waited < _IN_ALL or waited < _TIMES * self._computed
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor.shutdown`."""
        self.threads.shutdown(wait, cancel_futures=cancel_futures)
