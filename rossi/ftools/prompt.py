"""Asking for parameters on a terminal, as FTOOLS do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from rossi.errors import ConfigError
from rossi.ftools.parameters import REQUIRED, Task


def may_ask(mode: str = "") -> bool:
    """Return whether somebody sits at a terminal who can be asked; ``mode=h`` and HEADASNOQUERY forbid it."""
    return mode.strip().lower() != "h" and "HEADASNOQUERY" not in os.environ and sys.stdin.isatty()


def ask(task: Task, missing: Iterable[str]) -> dict[str, Any]:
    """Ask for the missing ones of a task's parameters: those that it asks for, and what is required.

    The default stands in brackets; an empty answer takes it.

    Raises
    ------
    ConfigError
        If the terminal's input ends.
    """
    required = task.parameters.required()
    answers = {}
    for name in missing:
        if name not in task.asked and name not in required:
            continue
        declared = task.parameters.declared()[name]
        shown = "" if declared.default is REQUIRED else shown_default(declared.default)
        try:
            answer = input(f"{declared.meaning} ({name})[{shown}] ").strip()
            while not answer and name in required:
                answer = input(f"{name} is needed[] ").strip()
        except EOFError:
            raise ConfigError(f"{name} is missing; the input ended before it was given.") from None
        if answer:
            answers[name] = answer
    return answers


def shown_default(default: object) -> str:
    """Return a default as FTOOLS write it: yes, no, INDEF."""
    if default is None:
        return "INDEF"
    return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)
