"""The command's sub-commands and options, put together."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from flows.core.logs import DEBUG, configure_logs
from rossi.version import __version__

_RUNS = "demo doctor simulate config query fetch campaign retry reduce status verify products"
_MORE = "stdprod merge compare validate energies releases publish prune up down serve ftool"
#: Those with sub-commands of their own.
_GROUPS = ("catalogue", "k8s")
#: All, in the order of the overview; each is a module.
COMMANDS = (*_RUNS.split(), *_MORE.split(), *_GROUPS)


def assembled(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the command with some of its sub-commands, or all: whoever names one waits for no other's options.

    Parameters
    ----------
    names : iterable of str
    """
    app = typer.Typer(
        name="rossi",
        no_args_is_help=True,
        rich_markup_mode=None,  # rich takes longer to import than all of this
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    )
    for name in names:
        module = import_module(f"flows.cli.{name}")
        if name in _GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name, context_settings=getattr(module, "PASS_THROUGH", None))(module.command)
    app.callback()(_options)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"rossi {__version__}")
        raise typer.Exit


def _options(
    debug: Annotated[bool, typer.Option("--debug", envvar=DEBUG, help="Show tracebacks and logs.")] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Light curves and spectra of the Rossi X-ray Timing Explorer's archive.

    Try it: `rossi demo` simulates a small archive, reduces it and opens the report; `rossi doctor` says what works
    here.
    """
    if debug:
        os.environ[DEBUG] = "1"
    configure_logs()
