"""The command's sub-commands and options, put together."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from flows.cli import (
    campaign,
    catalogue,
    compare,
    config,
    demo,
    doctor,
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
    validate,
    verify,
)
from flows.core.logs import DEBUG, configure_logs
from rossi.version import __version__

app = typer.Typer(
    name="rossi",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich takes longer to import than all of this
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
_RUNS = (
    *(demo, doctor, simulate, config, query, fetch, campaign, retry, reduce, status, verify, products),
    *(stdprod, merge, compare, validate, energies),
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

    Try it: `rossi demo` simulates a small archive, reduces it and opens the report; `rossi doctor` says what works
    here.
    """
    if debug:
        os.environ[DEBUG] = "1"
    configure_logs()
