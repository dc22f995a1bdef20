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


def unknown(name: str) -> str:
    """Return a sentence on a task that does not exist."""
    return f"{name}: no such task; {did_you_mean(name, TASKS, 3) or '`rossi ftool` lists those there are.'}"
