"""A stage as a process: ``python -m services.<name> --request request.json``, a container's entry point."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast

import typer
from pydantic import BaseModel

from rossi.errors import ConfigError, RossiError
from services.contract import ExitCode, Stage, StageResult
from services.contract.configuration import validate
from services.execution.executor import execute
from services.execution.failures import failed
from services.execution.request import StageRequest
from services.execution.signals import end_on_sigterm
from services.execution.start import start_quickly

_REQUEST = """{{"stage": "{name}", "obsid": "20402-01-45-03", "archive": "/data/rxte",
   "store": "s3://bucket/run?endpoint=http://127.0.0.1:9000", "config": {{}}}}"""
_EPILOG = """\b
Example of a request:
  {example}

\b
Exit codes: 0 done or nothing to do, 1 try again, 20 this observation can't be
processed, 21 the request or its configuration is wrong."""

Run = Callable[[Any], StageResult]


def main(
    stage: Stage[Any], run: Run | None = None, model: type[BaseModel] | None = None, example: str = ""
) -> NoReturn:
    """Run a stage as the request on the command line says, and exit.

    Standard output gets the `StageResult` as JSON and nothing else, standard error the log. SIGTERM ends the process
    with the retryable exit code; as manifests come last, nothing half-done stays visible.

    Parameters
    ----------
    stage : Stage
    run : callable, optional
        Called with the request; may raise `RossiError`. By default an engine carries the stage out for one observation.
    model : type, optional
        Of the request, which has the stage's configuration as ``config``.
    example : str
        A request, for the help text.
    """
    start_quickly()
    name, answer = stage.name, run or partial(execute, stage)
    read: type[Any] = model or cast("Any", StageRequest)[stage.config]
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
            if print_config:
                config = _read(request, read).config if request else stage.config()
                typer.echo(config.model_dump_json(indent=2))
                raise typer.Exit(ExitCode.OK)
            asked = _read(request, read)
        except RossiError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from None
        raise typer.Exit(_answer(name, asked, answer))

    app(prog_name=f"python -m services.{name}")
    raise SystemExit(ExitCode.OK)


def _read(source: str, model: type[Any]) -> Any:
    if not source:
        raise ConfigError("Name the request's file with --request, or --request - for standard input; see --help.")
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: the request can't be read ({error}).") from None
    return validate(model, text, source)


def _answer(name: str, request: Any, run: Run) -> ExitCode:
    try:
        result = run(request)
    except RossiError as error:
        result = failed(name, getattr(request, "obsid", ""), error)
        typer.echo(result.message, err=True)
    typer.echo(result.model_dump_json(indent=2))
    return ExitCode.OK if result.kind is None else result.kind.exit_code
