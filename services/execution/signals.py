"""Ending on SIGTERM in time, with the exit code that says: try again."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

#: Seconds that what runs gets to notice; a scheduler that wants the machine back waits at least ten. Nothing half-done
#: is ever visible, so this only saves work.
PATIENCE = 8.0
#: `services.contract.ExitCode.RETRYABLE`, without what its import takes.
_RETRYABLE = 1


def end_on_sigterm(sentence: str) -> None:
    """Let SIGTERM end this process with the retryable exit code, from now on; for the main thread.

    What runs in Python is abandoned at once; compiled code that does not return within `PATIENCE` ends with the
    process. Nothing half-done stays visible either way, as manifests come last.

    Parameters
    ----------
    sentence : str
        What to say on standard error.
    """

    def stop(_signum: int, _frame: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        print(sentence, file=sys.stderr, flush=True)
        raise SystemExit(_RETRYABLE)

    take_sigterm(stop)


def take_sigterm(handler: Callable[[int, Any], object]) -> None:
    """Call something in the main thread at SIGTERM, and end the process `PATIENCE` later, whatever it does meanwhile.

    The main thread hears of a signal between two steps of Python: not while compiled code runs, and not in a wait that
    the signal came just before. So somebody else counts the seconds, who has it from the interpreter at once.

    Parameters
    ----------
    handler : callable
        Of signals; for the main thread, as is this function.
    """
    signal.signal(signal.SIGTERM, handler)
    signal.set_wakeup_fd(_watched_pipe(), warn_on_full_buffer=False)


@cache
def _watched_pipe() -> int:
    """Return where the interpreter is to write the numbers of signals, which it does while compiled code runs too."""
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    threading.Thread(target=_watch, args=(receiver,), daemon=True).start()
    return sender


def _watch(receiver: int) -> None:
    while number := os.read(receiver, 1):
        if number[0] == signal.SIGTERM:
            time.sleep(PATIENCE)
            os._exit(_RETRYABLE)
