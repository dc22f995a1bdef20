"""The command ``rossi``: one file per sub-command, each importing what it needs when it is called.

A task of FTOOLS is called without the others: scripts call dozens of them, and each should start at once.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from flows.core.logs import DEBUG, configure_logs
from rossi.errors import ConfigError, RossiError, is_full
from services.execution.signals import end_on_sigterm
from services.execution.start import start_quickly

if TYPE_CHECKING:
    from typer import Typer

    app: Typer

__all__ = ["app", "main"]

#: Exit code after Ctrl-C: 128 and the number of SIGINT.
_INTERRUPTED = 130
_STOPPED = "Stopped. What was finished is kept; the same command again goes on from there."


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(name)
    from flows.cli.commands import assembled

    return assembled()


def main(arguments: list[str] | None = None) -> None:
    """Run the command; never returns, and shows a traceback only with `--debug`."""
    if arguments is None:  # the process is this command's own
        start_quickly()
    end_on_sigterm(_STOPPED)
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if words[:1] == ["ftool"] and words[1:] and not words[1].startswith("-"):
            _run_task(words[1], words[2:])
        from flows.cli.commands import COMMANDS, assembled

        asked = next((word for word in words if not word.startswith("-")), "")
        assembled([asked] if asked in COMMANDS else COMMANDS)(args=arguments)
    except SystemExit as stop:
        if stop.code == _INTERRUPTED:
            _say(_STOPPED)
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        _say(_sentence(error))
        sys.exit(_exit_code(error))


def _run_task(name: str, words: list[str]) -> NoReturn:
    configure_logs()
    try:
        from rossi.ftools.task import run

        sys.exit(run(name, words))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:  # whoever read what it says has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(RossiError.exit_code)


def _sentence(error: Exception) -> str:
    from flows.core.extras import EXTRAS, missing

    match error:
        case RossiError():
            return str(error)
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] in EXTRAS:
            return missing(name)
        case OSError() if is_full(error):
            where = error.filename or "A disk"
            return f"{where}: no room is left ({error.strerror}); make room there, and run it again."
    return f"{type(error).__name__}: {error} (--debug shows more)"


def _exit_code(error: Exception) -> int:
    if isinstance(error, ModuleNotFoundError):
        return ConfigError.exit_code
    return error.exit_code if isinstance(error, RossiError) else RossiError.exit_code


def _say(message: str) -> None:
    from rich.console import Console

    Console(stderr=True).print(message, style="bold red", markup=False, highlight=False, soft_wrap=True)
