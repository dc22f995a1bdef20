"""The command ``rossi``: one file per sub-command, each importing what it needs when it is called."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from flows.cli import (
    campaign,
    catalogue,
    compare,
    config,
    down,
    energies,
    fetch,
    ftool,
    k8s,
    merge,
    products,
    prune,
    publish,
    query,
    reduce,
    releases,
    retry,
    serve,
    simulate,
    status,
    stdprod,
    up,
    verify,
)
from flows.core.logs import DEBUG, configure_logs
from rossi.errors import ConfigError, RossiError, is_full
from rossi.version import __version__
from services.execution.signals import end_on_sigterm

#: Exit code after Ctrl-C: 128 and the number of SIGINT.
_INTERRUPTED = 130
_STOPPED = "Stopped. What was finished is kept; the same command again goes on from there."

app = typer.Typer(
    name="rossi",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_RUNS = (
    *(simulate, query, fetch, campaign, retry, reduce, status, verify, products),
    *(stdprod, merge, compare, energies, config),
)
_KEPT = (releases, publish, prune)
for module in (*_RUNS, *_KEPT, up, down, serve):
    app.command(module.__name__.rpartition(".")[2])(module.command)
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(k8s.app, name="k8s")
app.command("ftool", context_settings=ftool.PASS_THROUGH)(ftool.command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"rossi {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", envvar=DEBUG, help="Show tracebacks and logs.")] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Light curves and spectra of the Rossi X-ray Timing Explorer's archive.

    Try it: `rossi simulate --out archive`, then `rossi campaign --config archive/rossi.toml --out out`.
    """
    if debug:
        os.environ[DEBUG] = "1"
    configure_logs()


def main(arguments: list[str] | None = None) -> None:
    """Run the command; never returns, and shows a traceback only with `--debug`."""
    end_on_sigterm(_STOPPED)
    try:
        app(args=arguments)
    except SystemExit as stop:
        if stop.code == _INTERRUPTED:
            _say(_STOPPED)
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        _say(_sentence(error))
        sys.exit(_exit_code(error))


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
