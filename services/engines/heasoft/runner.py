"""The child process of one call: imports heasoftpy, calls one task, prints what it said.

Run by its path, not as a module, with the request's file as argument. It imports nothing of rossi: whatever heasoftpy
does to the process (its environment, loggers, warnings) stays here. What heasoftpy returns differs between its
versions, so of the result only its text and return code are taken, and neither is believed.
"""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

#: Kinds of failure in the answer.
NO_HEASOFTPY, NO_TASK, RAISED = "no heasoftpy", "no task", "raised"


def main(request_file: str) -> None:
    """Carry a request out; the answer goes to the file that the request names."""
    request = json.loads(Path(request_file).read_text())
    answer = _answer(request["task"], request["parameters"])
    Path(request["answer"]).write_text(json.dumps(answer))


def _answer(name: str, parameters: "dict[str, str]") -> "dict[str, object]":
    try:
        import heasoftpy
    except BaseException as error:  # whatever its import does, SystemExit included
        return _failed(NO_HEASOFTPY, error)
    version = str(getattr(heasoftpy, "__version__", "unknown"))
    if not name:
        return {"version": version}
    if hasattr(heasoftpy, "Config"):
        heasoftpy.Config.allow_failure = True  # a failure is told by the outputs, not by an exception
    try:
        task = heasoftpy.HSPTask(name)
    except Exception as error:
        return {**_failed(NO_TASK, error), "version": version}
    try:
        result = task(_understood(heasoftpy, parameters), noprompt=True, verbose=0)
    except BaseException as error:
        return {**_failed(RAISED, error), "version": version}
    for stream in ("stdout", "stderr"):
        print(_text(getattr(result, stream, None)), flush=True)
    return {"version": version, "returncode": getattr(result, "returncode", None)}


def _understood(package: ModuleType, parameters: "dict[str, str]") -> "dict[str, str]":
    """Leave INDEF out where a version would make NONE of it: parameter files are fresh, so it is the default anyway."""
    read = getattr(getattr(package, "HSPParam", None), "param_type", None)
    if read is None or read("INDEF", "r") is not None:
        return dict(parameters)
    return {name: value for name, value in parameters.items() if value != "INDEF"}


def _text(said: object) -> str:
    if isinstance(said, bytes):
        return said.decode("latin-1")
    return "" if said is None else str(said)


def _failed(kind: str, error: BaseException) -> "dict[str, object]":
    message = f"{type(error).__name__}: {error}"
    print(message, flush=True)
    return {"failure": kind, "message": message}


if __name__ == "__main__":
    # Tasks print as they please; a terminal's encoding must not stop them.
    for output in (sys.stdout, sys.stderr):
        output.reconfigure(errors="replace")  # type: ignore[union-attr]
    main(sys.argv[1])
    sys.stdout.flush()
    os._exit(0)  # threads and exit handlers that a package left behind don't matter
