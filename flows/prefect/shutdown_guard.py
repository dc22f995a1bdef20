"""When all is done and stored, Prefect may take some time to hear of it, but not for ever.

A server that takes connections and never answers is asked by Prefect again and again, a minute each time, by a dozen
calls one after the other.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

#: Seconds that Prefect has to hear how a campaign ended: a server that restarts needs one or two minutes.
PATIENCE = 180.0
#: Seconds between two calls to leave off; each ends one attempt to reach the server.
_AGAIN = 5.0
#: Seconds that Prefect's threads have at the end of the process for what they still hold.
LAST = 60.0
#: Nobody else uses it; Ctrl-C's own is ignored by what a script starts in the background.
_SIGNAL = signal.SIGUSR1


class _Enough(BaseException):
    """Prefect has had its time."""


@contextmanager
def leave_off_after(done: Callable[[], bool]) -> Iterator[None]:
    """Leave off talking to Prefect some minutes after all is done.

    Nothing is done outside of the main thread, where alone signals arrive.

    Parameters
    ----------
    done : callable
        Whether all is done, so that nothing is lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(done, over), name="shutdown guard", daemon=True)
    before = signal.signal(_SIGNAL, _leave_off)
    thread.start()
    try:
        yield
    except _Enough:
        print("Prefect did not hear how it ended: its pages show the run as running. All is stored.", file=sys.stderr)
    finally:
        signal.signal(_SIGNAL, signal.SIG_IGN)
        over.set()
        thread.join()
        signal.signal(_SIGNAL, before)


def end_soon(code: int) -> None:
    """Let this process end in a minute, with this exit code, even if threads of Prefect's go on waiting for its server.

    Parameters
    ----------
    code : int
    """

    def end() -> None:
        time.sleep(LAST)
        sys.stdout.flush()
        os._exit(code)

    threading.Thread(target=end, name="end", daemon=True).start()


def _leave_off(_signum: int, _frame: object) -> NoReturn:
    raise _Enough


def _watch(done: Callable[[], bool], over: threading.Event) -> None:
    while not done():
        if over.wait(1.0):
            return
    wait = PATIENCE
    while not over.wait(wait):
        signal.pthread_kill(threading.main_thread().ident or 0, _SIGNAL)
        wait = _AGAIN
