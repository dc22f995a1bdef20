"""What tasks and their parameters are, as text: ``--help``, ``fhelp``, Python's ``help()`` and the documentation."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from rossi.ftools import catalogue
from rossi.ftools.lookup import find
from rossi.ftools.parameters import REQUIRED, Task
from rossi.ftools.prompt import shown_default

_WIDTH = 100
_KINDS = {bool: "yes/no", int: "integer", float: "number", str: "text"}
#: What makes the archive on which all examples work.
ARCHIVE = "rossi simulate --out archive --observations 6 --seed 1"


def help_text(name: str, task: Task) -> str:
    """Return what a task does, its parameters with types, defaults and meanings, and an example."""
    told = rows(task)
    sizes = [min(max(len(row[n]) for row in told), 16) for n in range(3)]
    indent = 2 + sum(sizes) + 6
    lines = [f"{name} - {catalogue.TASKS[name].summary}", "", f"Usage: {usage(name, task)}", ""]
    for row in told:
        start = "  " + "  ".join(f"{cell:<{size}}" for cell, size in zip(row, sizes, strict=True)) + "  "
        meaning = task.parameters.declared()[row[0]].meaning
        lines += textwrap.wrap(meaning, _WIDTH, initial_indent=start, subsequent_indent=" " * indent)
    if task.options:
        lines += ["", "Options: " + ", ".join(f"-{letter} ({key})" for letter, key in task.options.items())]
    needs = f"; it needs {task.needs}" if task.needs else ""
    lines += ["", f"Example, in a folder with the archive of `{ARCHIVE}`{needs}:", ""]
    return "\n".join([*lines, *(f"    {line}" for line in examples(name, task))])


def usage(name: str, task: Task) -> str:
    """Return how a task is called."""
    return " ".join(["rossi ftool", name, *task.asked, "[name=value ...]"])


def examples(name: str, task: Task) -> list[str]:
    """Return the command lines of a task's example, those before it included."""
    lines = [line for earlier in task.after for line in examples(earlier, find(earlier))]
    *before, words = task.example.split("\n")
    return list(dict.fromkeys([*lines, *before, f"rossi ftool {name} {words}".rstrip()]))


def signature(task: Task) -> inspect.Signature:
    """Return a task's parameters as those of a Python function, all of them by name."""
    found = []
    for name in task.names:
        declared = task.parameters.declared()[name]
        default = inspect.Parameter.empty if declared.default is REQUIRED else declared.default
        kind = inspect.Parameter.KEYWORD_ONLY
        found.append(inspect.Parameter(name, kind, default=default, annotation=declared.annotation))
    given = inspect.Parameter("args", inspect.Parameter.POSITIONAL_ONLY, default=None, annotation=Any)
    return inspect.Signature([given, *found])


def docstring(name: str, task: Task) -> str:
    """Return a task's documentation for Python."""
    lines = [f"{catalogue.TASKS[name].summary}.".capitalize(), "", "Parameters", "----------"]
    for parameter in task.names:
        default = _default(task, parameter)
        more = "" if default == "required" else f", default {default if default.strip() else repr(default)}"
        lines.append(f"{parameter} : {_kind(task, parameter)}{more}")
        lines += textwrap.wrap(
            task.parameters.declared()[parameter].meaning, 112, initial_indent="    ", subsequent_indent="    "
        )
    lines += ["", "Returns", "-------", "HSPResult"]
    return "\n".join(lines)


def plist_lines(name: str, task: Task) -> list[str]:
    """Return parameters as ``plist`` lists them; hidden ones stand in parentheses."""
    lines = [f"Parameters for {name}"]
    for parameter in task.names:
        default = _default(task, parameter)
        left, right = ("", "") if parameter in task.asked else ("(", ")")
        words = f"{left + parameter:>14} = {('' if default == 'required' else default) + right:<18}"
        lines.append(f"{words} {task.parameters.declared()[parameter].meaning}")
    return lines


def rows(task: Task) -> list[tuple[str, str, str]]:
    """Return the name, type and default of each parameter."""
    return [(parameter, _kind(task, parameter), _default(task, parameter)) for parameter in task.names]


def _kind(task: Task, parameter: str) -> str:
    return _KINDS[task.parameters.declared()[parameter].kind]


def _default(task: Task, parameter: str) -> str:
    default = task.parameters.declared()[parameter].default
    return "required" if default is REQUIRED else shown_default(default)
