"""Finding a task by its name; the module that holds it is imported only then."""

from __future__ import annotations

import importlib

from rossi.errors import ConfigError, did_you_mean
from rossi.ftools.catalogue import TASKS
from rossi.ftools.parameters import Task


def find(name: str) -> Task:
    """Return a task by its name.

    Raises
    ------
    ConfigError
        If there is none; it says which may be meant.
    """
    if name not in TASKS:
        raise ConfigError(unknown(name))
    tasks: dict[str, Task] = importlib.import_module(f"rossi.ftools.{TASKS[name].module}").TASKS
    return tasks[name]


#: What does the work of programs of HEASoft that are no tasks of rossi.
_ELSEWHERE = {
    "efsearch": "stingray searches for periods: curve.to_stingray() of `rossi.read(FILE)`",
    "fplot": "`rossi.read(FILE).plot()` draws a light curve or a spectrum, in Python",
    "fv": "`rossi ftool ftlist FILE T` prints a table; `rossi.read(FILE).plot()` draws, in Python",
    "powspec": "`rossi reduce OBSID --product power` makes power spectra; in Python, curve.to_stingray()",
    "xdf": "`rossi query --modes OBSID` lists the data modes of an observation",
    "xspec": "rossi does not fit; XSPEC and sherpa load the spectra that it makes",
}


def unknown(name: str) -> str:
    """Return a sentence on a task that does not exist."""
    if name in _ELSEWHERE:
        return f"{name}: no task of rossi; {_ELSEWHERE[name]}."
    return f"{name}: no such task; {did_you_mean(name, TASKS, 3) or '`rossi ftool` lists those there are.'}"
