"""A stage as a process: ``python -m services.<name> --request request.json``, a container's entry point."""

from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, cast

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
_EPILOG = """Example of a request:
  {example}

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
    given = _parser(name, example or _REQUEST.format(name=name)).parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    end_on_sigterm("Stopped by SIGTERM; the stage can be run again.")
    try:
        if given.print_config:
            config = _read(given.request, read).config if given.request else stage.config()
            print(config.model_dump_json(indent=2))
            sys.exit(ExitCode.OK)
        asked = _read(given.request, read)
    except RossiError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(_answer(name, asked, answer))


def _parser(name: str, example: str) -> ArgumentParser:
    parser = ArgumentParser(
        f"python -m services.{name}",
        description=f"Run stage {name} once.",
        epilog=_EPILOG.format(example=example),
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--request", default="", help="JSON file with the request; - reads standard input")
    parser.add_argument("--print-config", action="store_true", help="print the effective configuration")
    return parser


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
        print(result.message, file=sys.stderr)
    print(result.model_dump_json(indent=2))
    return ExitCode.OK if result.kind is None else result.kind.exit_code
