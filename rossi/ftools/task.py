"""Calling a task: as a function, or with ``name=value`` words from a command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rossi.errors import RossiError
from rossi.ftools.good_time import MaketimeParameters
from rossi.ftools.good_time import maketime as _maketime
from rossi.ftools.parameters import Parameters
from rossi.ftools.pca import Pcadeadcalc2Parameters, Pcaextlc2Parameters
from rossi.ftools.pca import pcadeadcalc2 as _pcadeadcalc2
from rossi.ftools.pca import pcaextlc2 as _pcaextlc2
from rossi.ftools.saextrct import SaextrctParameters
from rossi.ftools.saextrct import saextrct as _saextrct


@dataclass(frozen=True, slots=True)
class Result:
    """What a call of a task gave.

    Parameters
    ----------
    returncode : int
        0 for success.
    stdout : str
        What it said.
    output : tuple of str
        Files it made.
    """

    returncode: int
    stdout: str
    output: tuple[str, ...]


#: Task name to (model of its parameters, what carries it out, parameters that may stand without their name).
TASKS: dict[str, tuple[type[Parameters], Callable[[Any], list[str]], tuple[str, ...]]] = {
    "maketime": (MaketimeParameters, _maketime, ("infile", "outfile", "expr")),
    "saextrct": (SaextrctParameters, _saextrct, ("infile", "gtiorfile", "gtiandfile", "outroot")),
    "pcadeadcalc2": (Pcadeadcalc2Parameters, _pcadeadcalc2, ("infile", "outfile", "hkfiles", "std2file")),
    "pcaextlc2": (Pcaextlc2Parameters, _pcaextlc2, ("src_infile", "bkg_infile", "outfile")),
}


def call(task: str, parameters: dict[str, Any]) -> Result:
    """Call a task by name; errors become a return code and a message, as the original tasks should do."""
    if task not in TASKS:
        return Result(2, f"{task}: no such task; there are {', '.join(sorted(TASKS))}.", ())
    model, carry_out, _ = TASKS[task]
    try:
        made = carry_out(model(**parameters))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors())
        return Result(2, f"{task}: {wrong}", ())
    except (RossiError, OSError) as error:
        return Result(1, f"{task}: {error}", ())
    return Result(0, f"{task}: made {', '.join(made)}", tuple(made))


def run(task: str, arguments: Sequence[str]) -> int:
    """Call a task with ``name=value`` words; print what it says; return its exit code."""
    parameters: dict[str, str] = {}
    positional = list(TASKS[task][2]) if task in TASKS else []
    for word in arguments:
        name, equals, value = word.partition("=")
        if equals and name.isidentifier():
            parameters[name.lower()] = value
        elif positional:
            parameters[positional.pop(0)] = word
        else:
            print(f"{task}: {word!r} should be name=value.", file=sys.stderr)
            return 2
    result = call(task, parameters)
    print(result.stdout, file=sys.stderr if result.returncode else sys.stdout)
    return result.returncode


def maketime(**parameters: Any) -> Result:
    """Make good time intervals (see `rossi.ftools.good_time.MaketimeParameters`)."""
    return call("maketime", parameters)


def saextrct(**parameters: Any) -> Result:
    """Extract a light curve and a spectrum from Science Array files (see `SaextrctParameters`)."""
    return call("saextrct", parameters)


def pcadeadcalc2(**parameters: Any) -> Result:
    """Add dead time to Standard2 data (see `Pcadeadcalc2Parameters`)."""
    return call("pcadeadcalc2", parameters)


def pcaextlc2(**parameters: Any) -> Result:
    """Extract a PCA light curve (see `Pcaextlc2Parameters`)."""
    return call("pcaextlc2", parameters)
