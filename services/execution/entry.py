"""A stage as a process: ``python -m services.<name> --request request.json``, a container's entry point."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import BaseModel

from rossi.errors import ConfigError, RossiError
from services.contract import ExitCode, FailureKind, Outcome, Stage, StageRequest, StageResult
from services.contract.configuration import validate
from services.execution.executor import execute, failed
from services.execution.signals import end_on_sigterm

_REQUEST = """{{"stage": "{name}", "obsid": "20402-01-45-03", "archive": "/data/rxte",
   "store": "s3://bucket/run?endpoint=http://127.0.0.1:9000", "config": {{}}}}"""
_EPILOG = """\b
Example of a request:
  {example}

\b
Exit codes: 0 done or nothing to do, 1 try again, 20 this observation can't be
processed, 21 the request or its configuration is wrong."""

Request = TypeVar("Request", bound=BaseModel)

_CODES = {
    FailureKind.DATA: ExitCode.DATA_ERROR,
    FailureKind.CONFIG: ExitCode.CONFIG_ERROR,
    FailureKind.RETRYABLE: ExitCode.RETRYABLE,
}


def main(stage: Stage[Any]) -> NoReturn:
    """Run a stage as the request on the command line says, and exit."""
    serve(stage.name, stage.config, StageRequest, partial(execute, stage), _REQUEST.format(name=stage.name))


def serve(
    name: str,
    config: type[BaseModel],
    model: type[Request],
    run: Callable[[Request], StageResult],
    example: str = "",
) -> NoReturn:
    """Run `run` as the request on the command line says, and exit.

    Standard output gets the `StageResult` as JSON and nothing else, standard error the log. SIGTERM ends the process
    with the retryable exit code; as manifests come last, nothing half-done stays visible.

    Parameters
    ----------
    name : str
    config, model : type
        Models of the request's ``config`` and of the request.
    run : callable
        May raise `RossiError`.
    example : str
        A request, for the help text.
    """
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

    @app.command(help=f"Run stage {name} once.", epilog=_EPILOG.format(example=example or _REQUEST.format(name=name)))
    def command(
        request: Annotated[str, typer.Option(help="JSON file with the request; - reads standard input.")] = "",
        print_config: Annotated[
            bool, typer.Option("--print-config", help="Print the effective configuration.")
        ] = False,
    ) -> None:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
        end_on_sigterm("Stopped by SIGTERM; the stage can be run again.")
        try:
            code = (
                _print_config(name, config, model, request)
                if print_config
                else _answer(name, _read(request, model), run)
            )
        except RossiError as error:
            typer.echo(str(error), err=True)
            code = ExitCode.CONFIG_ERROR
        raise typer.Exit(code)

    app(prog_name=f"python -m services.{name}")
    raise SystemExit(ExitCode.OK)


def _read(source: str, model: type[Request]) -> Request:
    if not source:
        raise ConfigError("Name the request's file with --request, or --request - for standard input; see --help.")
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: the request can't be read ({error}).") from None
    return validate(model, text, source)


def _print_config(name: str, config: type[BaseModel], model: type[BaseModel], source: str) -> ExitCode:
    values = getattr(_read(source, model), "config", {}) if source else {}
    values = values.model_dump() if isinstance(values, BaseModel) else values
    typer.echo(validate(config, values, name).model_dump_json(indent=2))
    return ExitCode.OK


def _answer(name: str, request: Request, run: Callable[[Request], StageResult]) -> ExitCode:
    try:
        result = run(request)
    except RossiError as error:
        result = failed(name, getattr(request, "obsid", ""), error)
        typer.echo(result.message, err=True)
    typer.echo(result.model_dump_json(indent=2))
    return ExitCode.OK if result.outcome is not Outcome.FAILED or result.kind is None else _CODES[result.kind]
