"""Calling a task: what goes in, what must come out, and what it means when it does not.

A call has succeeded when its declared outputs exist, are new, are not empty and open as FITS. Its exit status is noted
for messages only: the extractors, ``hxtback`` and ``pcaprepobsid`` end with 0 when they have made nothing.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits
from services.engines.heasoft.logs import Logs
from services.engines.heasoft.runner import NO_HEASOFTPY, NO_TASK
from services.engines.heasoft.sandbox import Sandbox, TaskStopped, sandbox, time_limit

#: The script that a call through heasoftpy is made by.
RUNNER = Path(__file__).with_name("runner.py")

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Declared:
    """A file that a call must, or may, make.

    Parameters
    ----------
    pattern : str
        Name in the working directory, or a pattern for several (``out/FP_*.xfl``).
    needed : bool
        Whether the call has failed without.
    is_fits : bool
        It must open as FITS and hold a table.
    """

    pattern: str
    needed: bool = True
    is_fits: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a task.

    Parameters
    ----------
    task : str
    outputs : tuple of Declared
    parameters : mapping
        True and False become yes and no.
    options : tuple of str
        For the scripts that have no parameters but options (``hxtback -i FILE``), and which heasoftpy therefore does
        not know: they are called as they are.
    inputs : mapping of str to bytes
        Files by their names in the working directory.
    """

    task: str
    outputs: tuple[Declared, ...]
    parameters: Mapping[str, Value] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    inputs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What a call gave.

    Parameters
    ----------
    files : mapping of str to bytes
        The declared outputs, by name.
    logs : Logs
        What the task said.
    status : int or None
        Its exit status as far as it is known; 0 means nothing.
    """

    files: Mapping[str, bytes]
    logs: Logs
    status: int | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls tasks of one installation.

    Parameters
    ----------
    environment : mapping
        Where HEADAS, CALDB and the like are taken from.
    packages : str
        Folder that heasoftpy is imported from.
    limit : float [s]
    folder : str
        Where sandboxes are made; empty for the usual place.
    """

    environment: Mapping[str, str]
    packages: str = ""
    limit: float = 0.0
    folder: str = ""

    def __call__(self, call: Call) -> Done:
        """Carry a call out in a sandbox of its own.

        Raises
        ------
        DataError
            If a needed output is missing or can't be used; with the end of the task's log, and all of it as a note.
        ConfigError
            If heasoftpy can't be imported, or has no such task.
        TaskStopped
            If it took too long or was killed from outside.
        """
        with sandbox(self.folder) as box:
            box.write(call.inputs)
            answer = self._run(box, call)
            logs = Logs.of(box, call.inputs)
            if answer.get("failure") in (NO_HEASOFTPY, NO_TASK):
                raise ConfigError(f"{call.task} can't be called through heasoftpy: {answer.get('message')}")
            status = answer.get("returncode")
            status = status if isinstance(status, int) else None
            if status in (-signal.SIGKILL, 128 + signal.SIGKILL):
                message = f"{call.task} was killed, as happens when memory runs out. {logs.end()}"
                raise logs.added_to(TaskStopped(message))
            files: dict[str, bytes] = {}
            for declared in call.outputs:
                files |= _collected(box, call, declared, logs, status)
            return Done(files, logs, status)

    def version(self) -> str:
        """Return the version of heasoftpy.

        Raises
        ------
        ConfigError
            If it can't be imported.
        """
        with sandbox(self.folder) as box:
            answer = self._run(box, Call("", ()))
            if "version" not in answer:
                message = answer.get("message") or Logs.of(box).end()
                raise ConfigError(f"heasoftpy can't be imported: {message}")
            return str(answer["version"])

    def _run(self, box: Sandbox, call: Call) -> dict[str, Any]:
        answer = box.root / "answer.json"
        if call.options:
            command = [str(Path(self.environment["HEADAS"]) / "bin" / call.task), *call.options]
        else:
            parameters = {name: spelled(value) for name, value in call.parameters.items()}
            request = {"task": call.task, "parameters": parameters, "answer": str(answer)}
            (box.root / "request.json").write_text(json.dumps(request))
            command = [sys.executable, str(RUNNER), str(box.root / "request.json")]
        environment = box.environment(self.environment, self.packages)
        try:
            status = box.run(command, environment, self.limit or time_limit())
        except TaskStopped as error:
            logs = Logs.of(box, call.inputs)
            raise logs.added_to(TaskStopped(f"{call.task or 'heasoftpy'}: {error} {logs.end()}")) from None
        except OSError as error:
            raise ConfigError(f"{command[0]} can't be run ({error.strerror}); check HEADAS.") from None
        try:
            return dict(json.loads(answer.read_text()))
        except (OSError, ValueError):  # the child has crashed, or is the task itself
            return {"returncode": status}


def spelled(value: Value) -> str:
    """Return a parameter as FTOOLS spell it: yes and no, numbers with all their digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _collected(box: Sandbox, call: Call, declared: Declared, logs: Logs, status: int | None) -> dict[str, bytes]:
    """Return the files of one declared output, all of which can be used."""
    paths = sorted(path for path in box.work.glob(declared.pattern) if path.is_file())
    found: dict[str, bytes] = {}
    problem = f"made no {declared.pattern}" if declared.needed and not paths else ""
    for path in paths:
        name, data = path.relative_to(box.work).as_posix(), path.read_bytes()
        problem = problem or _problem(name, data, call, declared)
        found[name] = data
    if problem:
        said = "" if status is None else f" (its exit status was {status})"
        raise logs.added_to(DataError(f"{call.task} {problem}{said}. {logs.end()}"))
    return found


def _problem(name: str, data: bytes, call: Call, declared: Declared) -> str:
    if not data:
        return f"left {name} empty"
    if call.inputs.get(name) == data:
        return f"did not change {name}"
    if not declared.is_fits:
        return ""
    try:
        tables = open_fits(data, name).tables
    except DataError as error:
        return f"left {name} damaged: {str(error).rstrip('.')}"
    return "" if tables else f"left {name} without a table"
