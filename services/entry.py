"""A stage as a process: ``python -m services.<name> --request request.json``, a container's entry point."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import BaseModel

from rossi.errors import ConfigError, RossiError
from services.configuration import validate
from services.contract import ExitCode, FailureKind, Outcome, Stage, StageRequest, StageResult
from services.executor import execute, failed

_EXAMPLE = """\b
Example of a request:
  {{"stage": "{name}", "obsid": "20402-01-45-03", "archive": "/data/rxte",
   "store": "s3://bucket/run?endpoint=http://127.0.0.1:9000", "config": {{}}}}

\b
Exit codes: 0 done or nothing to do, 1 try again, 20 this observation can't be
processed, 21 the request or its configuration is wrong."""

_CODES = {
    FailureKind.DATA: ExitCode.DATA_ERROR,
    FailureKind.CONFIG: ExitCode.CONFIG_ERROR,
    FailureKind.RETRYABLE: ExitCode.RETRYABLE,
}


def main(stage: Stage[Any]) -> NoReturn:
    """Run a stage as the request on the command line says, and exit."""
    serve(stage.name, stage.config, partial(execute, stage))


def serve(name: str, config: type[BaseModel], run: Callable[[StageRequest], StageResult]) -> NoReturn:
    """Run `run` as the request on the command line says, and exit.

    Standard output gets the `StageResult` as JSON and nothing else, standard error the log. SIGTERM ends the process
    with the retryable exit code; as manifests come last, nothing half-done stays visible.

    Parameters
    ----------
    name : str
    config : type
        Model of the request's ``config``.
    run : callable
    """
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

    @app.command(help=f"Run stage {name} for one observation.", epilog=_EXAMPLE.format(name=name))
    def command(
        request: Annotated[str, typer.Option(help="JSON file with the request; - reads standard input.")] = "",
        print_config: Annotated[
            bool, typer.Option("--print-config", help="Print the effective configuration.")
        ] = False,
    ) -> None:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
        signal.signal(signal.SIGTERM, _stop)
        try:
            code = _print_config(name, config, request) if print_config else _answer(_read(request), run)
        except RossiError as error:
            typer.echo(str(error), err=True)
            code = ExitCode.CONFIG_ERROR
        raise typer.Exit(code)

    app(prog_name=f"python -m services.{name}")
    raise SystemExit(ExitCode.OK)


def _stop(signum: int, _frame: object) -> NoReturn:
    typer.echo(f"Stopped by {signal.Signals(signum).name}; the stage can be run again.", err=True)
    raise SystemExit(ExitCode.RETRYABLE)


def _read(source: str) -> StageRequest:
    if not source:
        raise ConfigError("Name the request's file with --request, or --request - for standard input; see --help.")
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: the request can't be read ({error}).") from None
    return validate(StageRequest, text, source)


def _print_config(name: str, config: type[BaseModel], source: str) -> ExitCode:
    values = _read(source).config if source else {}
    typer.echo(validate(config, values, name).model_dump_json(indent=2))
    return ExitCode.OK


def _answer(request: StageRequest, run: Callable[[StageRequest], StageResult]) -> ExitCode:
    try:
        result = run(request)
    except RossiError as error:
        result = failed(request, error)
        typer.echo(result.message, err=True)
    typer.echo(result.model_dump_json(indent=2))
    return ExitCode.OK if result.outcome is not Outcome.FAILED or result.kind is None else _CODES[result.kind]
