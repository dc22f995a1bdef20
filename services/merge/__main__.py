"""The merge as a process: ``python -m services.merge --request request.json``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rossi.errors import ConfigError, RossiError
from services.configuration import validate
from services.contract import ExitCode, FailureKind, StageRequest
from services.executor import failed
from services.merge.stage import NAME, MergeConfig, MergeRequest, run_merge
from services.storage import open_store

_CODES = {FailureKind.DATA: ExitCode.DATA_ERROR, FailureKind.CONFIG: ExitCode.CONFIG_ERROR}
_EPILOG = """\
example of a request:
  {"store": "/data/products", "prefix": "run1", "asked": ["20402-01-45-03"],
   "results": [{"obsid": "20402-01-45-03", "outcome": "succeeded", "stages": [...]}],
   "config": {"title": "GRS 1915+105"}}

exit codes: 0 done, 1 try again, 20 the curves can't be joined, 21 the request is wrong"""


def main() -> ExitCode:
    """Merge as the request on the command line says; the result goes to standard output as JSON."""
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{NAME}",
        description="Join the light curves of a campaign.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--request", default="-", help="JSON file with the request; - reads standard input")
    parser.add_argument("--print-config", action="store_true", help="print the default configuration")
    arguments = parser.parse_args()
    if arguments.print_config:
        print(MergeConfig().model_dump_json(indent=2))
        return ExitCode.OK
    store = ""
    try:
        request = _read(arguments.request)
        store = request.store
        print(run_merge(request, open_store(store)).model_dump_json(indent=2))
    except RossiError as error:
        print(error, file=sys.stderr)
        result = failed(StageRequest(stage=NAME, obsid="", store=store), error)
        print(result.model_dump_json(indent=2))
        return _CODES.get(result.kind, ExitCode.RETRYABLE) if result.kind else ExitCode.RETRYABLE
    return ExitCode.OK


def _read(source: str) -> MergeRequest:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: the request can't be read ({error}).") from None
    return validate(MergeRequest, text, source)


if __name__ == "__main__":
    sys.exit(main())
