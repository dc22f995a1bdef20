"""What tasks and their parameters are, as text: ``--help``, ``fhelp``, Python's ``help()`` and docs/ftools.md."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
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
    rows = [(parameter, _kind(task, parameter), _default(task, parameter)) for parameter in task.names]
    sizes = [min(max(len(row[n]) for row in rows), 16) for n in range(3)]
    indent = 2 + sum(sizes) + 6
    lines = [f"{name} - {catalogue.TASKS[name].summary}", "", f"Usage: {usage(name, task)}", ""]
    for row in rows:
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
        more = "" if default == "required" else f", default {default or repr('')}"
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


def page() -> str:
    """Return docs/ftools.md."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield from _INTRODUCTION.strip().format(archive=ARCHIVE).split("\n")
    for group, tasks in catalogue.GROUPS.items():
        yield from ("", f"## {group}")
        for name, entry in tasks.items():
            task = find(name)
            yield from ("", f"### {name}", "", f"{entry.summary[:1].upper()}{entry.summary[1:]}.", "")
            yield from (f"    {line}" for line in examples(name, task))
            yield from ("", f"The example needs {task.needs}.") if task.needs else ()
            yield from ("", "| parameter | type | default | meaning |", "|---|---|---|---|")
            for parameter in task.names:
                if parameter in {"chatter", "mode"}:
                    continue
                meaning = task.parameters.declared()[parameter].meaning.replace("|", "\\|")
                default = _default(task, parameter).replace("|", "\\|")
                yield f"| {parameter} | {_kind(task, parameter)} | {default} | {meaning} |"


_INTRODUCTION = """
# Tasks under their FTOOLS names

`rossi ftool TASK ...` on the command line, `rossi.ftools.TASK(...)` in Python: the parameters are those of the tasks of
the same names in HEASoft 6.20. This page is made from their declarations: `python -m rossi.ftools > docs/ftools.md`.

- Parameters stand as `name=value`, names may be abbreviated while they are unique; those of the usage line may stand
  without their names, in that order. What is required and missing is asked for on a terminal (never with `mode=h`).
- `@file` is a list of files, one a line; `file+1`, `file[1]` and `file[NAME]` name an HDU; `file[1][RATE > 5]` and
  `file[1][col TIME;RATE]` choose rows and columns where a table is read.
- An output file that exists is kept unless `clobber=yes` is given or its name begins with `!`. `INDEF` is the default.
- `chatter` and `mode` are taken by all tasks. Nothing is remembered from call to call.

The examples work, in this order, in a folder with the archive of `{archive}`.
"""


def _kind(task: Task, parameter: str) -> str:
    return _KINDS[task.parameters.declared()[parameter].kind]


def _default(task: Task, parameter: str) -> str:
    default = task.parameters.declared()[parameter].default
    return "required" if default is REQUIRED else shown_default(default)
