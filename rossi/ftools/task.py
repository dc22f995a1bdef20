"""Calling a task: as a function, or with ``name=value`` words from a command line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rossi.errors import RossiError
from rossi.ftools.parameters import Made, Task

#: Which module of this package holds a task; it is imported when the task is called. Each has a table ``TASKS``.
MODULES = {
    "maketime": "good_time",
    "saextrct": "arrays",
    "xtefilt": "prep",
    "pcaprepfile2": "prep",
    "pcaprepobsid": "prep",
    "pcabackest": "background",
    "pcadeadcalc2": "pca",
    "pcaextlc2": "pca",
    "rebinlc": "lightcurves",
    "lcmath": "lightcurves",
    "lcurve": "lightcurves",
    "timetrans": "lightcurves",
    "sumpha": "pha",
    "mathpha": "pha",
    "rddescr": "pha",
    "rbnrmf": "pha",
    "fparkey": "tables",
    "fkeyprint": "tables",
    "fdump": "tables",
    "ftcopy": "tables",
    "fselect": "tables",
    "pcaextspect2": "spectra",
    "seextrct": "events",
    "decodeevt": "events",
    "pcadeadcalc1": "standard1",
    "pcaextlc1": "standard1",
    "hxtback": "hexte",
    "hxtdead": "hexte",
    "hxtlcurv": "hexte",
    "hextebackest": "hexte_response",
    "hxtarf": "hexte_response",
    "hxtrsp": "hexte_response",
    "marfrmf": "hexte_response",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a call of a task gave, as heasoftpy's results.

    Parameters
    ----------
    returncode : int
        0 for success.
    stdout : str
        What it said.
    output : tuple of str
        What came out, line by line: the names of the files that it made, or the text of a task that prints; after a
        failure the message. So both ``open(result.output[0])`` and ``"\\n".join(result.output)`` make sense.
    """

    returncode: int
    stdout: str
    output: tuple[str, ...]


def find(name: str) -> Task | None:
    """Return a task by its name, None if there is none."""
    if name not in MODULES:
        return None
    tasks: dict[str, Task] = importlib.import_module(f"rossi.ftools.{MODULES[name]}").TASKS
    return tasks[name]


def call(name: str, parameters: dict[str, Any]) -> Result:
    """Call a task by name; errors become a return code and a message, as the original tasks should do."""
    task = find(name)
    if task is None:
        return _failed(2, f"{name}: no such task; there are {', '.join(sorted(MODULES))}.")
    try:
        made = task.run(task.parameters(**task.spelled_out(parameters)))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors())
        return _failed(2, f"{name}: {wrong}")
    except (RossiError, OSError) as error:
        return _failed(1, f"{name}: {error}")
    files, remarks = (made.files, made.remarks) if isinstance(made, Made) else (made, ())
    said = "\n".join(files) if task.prints else f"{name}: made {', '.join(files)}"
    return Result(0, "\n".join([*(f"{name}: {remark}" for remark in remarks), said]), tuple(files))


def _failed(code: int, message: str) -> Result:
    return Result(code, message, tuple(message.split("\n")))


def run(name: str, arguments: Sequence[str]) -> int:
    """Call a task with ``name=value`` words; print what it says; return its exit code."""
    task = find(name)
    parameters: dict[str, Any] = {}
    positional = list(task.positional) if task else []
    words = iter(arguments)
    for word in words:
        key, equals, value = word.partition("=")
        if task and task.options and word[:1] == "-" and word[1:] not in task.options:
            print(f"{name}: there is no option {word}; there are -{', -'.join(task.options)}.", file=sys.stderr)
            return 2
        if task and word[:1] == "-" and word[1:] in task.options:
            parameters[word[1:]] = True if task.is_flag(word[1:]) else next(words, "")
        elif equals and key.isidentifier():
            parameters[key.lower()] = value
        elif positional:
            parameters[positional.pop(0)] = word
        else:
            print(f"{name}: {word!r} should be name=value.", file=sys.stderr)
            return 2
    result = call(name, parameters)
    print(result.stdout, file=sys.stderr if result.returncode else sys.stdout)
    return result.returncode
