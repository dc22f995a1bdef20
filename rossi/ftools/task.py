"""Calling a task: with a mapping of parameters, or with the words of a command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rossi.errors import ConfigError, DataError, RossiError, shortened_name
from rossi.ftools.lookup import find
from rossi.ftools.parameters import Made, Task


@dataclass(frozen=True, slots=True)
class HSPResult:
    """What a call of a task gave, under the names of heasoftpy's results.

    Parameters
    ----------
    returncode : int
        0 for success, 1 where data are at fault, 2 where parameters are.
    stdout : str
        What it said: the names of the files that it made, one a line, then its remarks; or the text of a task that
        prints; after a failure the message.
    stderr : str or None
        The message, where it was asked for apart from `stdout`.
    params : mapping of str to object
        The parameters, and what the task found out.
    custom : mapping of str to object
        Empty.
    files : tuple of str
        The files that it made.
    """

    returncode: int
    stdout: str
    stderr: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def output(self) -> tuple[str, ...]:
        """`stdout` line by line."""
        return tuple(self.stdout.split("\n"))


def call(name: str, parameters: Mapping[str, Any]) -> HSPResult:
    """Call a task by name; errors become a return code and a message, as the original tasks should do."""
    try:
        task = find(name)
        read = task.read(parameters)
    except ConfigError as error:
        return _failed(name, 2, error, parameters)
    try:
        made = task.run(read)
    except RossiError as error:
        return _failed(name, 1, error, parameters)
    except OSError as error:
        said = f"{shortened_name(error.filename)}: can't be read or written ({error.strerror})."
        return _failed(name, 1, DataError(said), parameters)
    made = made if isinstance(made, Made) else Made(made)
    lines = [*made.files, *(f"{name}: {remark}" for remark in made.remarks)]
    params = {**vars(read), **made.values}
    return HSPResult(0, "\n".join(lines), params=params, files=() if task.prints else tuple(made.files))


def _failed(name: str, code: int, error: Exception, parameters: Mapping[str, Any]) -> HSPResult:
    message = str(error)
    return HSPResult(code, message if message.startswith(f"{name}: ") else f"{name}: {message}", params=parameters)


def run(name: str, arguments: Sequence[str]) -> int:
    """Call a task with the words of a command line; print what it says; return its exit code."""
    try:
        task = find(name)
        if any(word in {"--help", "-help"} or (word == "-h" and "h" not in task.options) for word in arguments):
            from rossi.ftools.describe import help_text

            print(help_text(name, task))
            return 0
        parameters = read_words(task, arguments)
        missing = [key for key in task.parameters.required() if key not in parameters]
        if missing:
            parameters |= _asked(task, parameters)
    except ConfigError as error:
        print(_failed(name, 2, error, {}).stdout, file=sys.stderr)
        return 2
    result = call(name, parameters)
    if result.stdout:
        print(result.stdout, file=sys.stderr if result.returncode else sys.stdout)
    return result.returncode


def _asked(task: Task, parameters: dict[str, Any]) -> dict[str, Any]:
    from rossi.ftools.prompt import ask, may_ask

    if not may_ask(str(parameters.get("mode", ""))):
        return {}
    return ask(task, [key for key in task.names if key not in parameters])


def read_words(task: Task, words: Sequence[str]) -> dict[str, Any]:
    """Read the words of a command line: options, ``name=value``, and values in the order in which they are asked for.

    Raises
    ------
    ConfigError
        If a word is none of these.
    """
    parameters: dict[str, Any] = {}
    free: list[str] = []
    rest = iter(words)
    for word in rest:
        key, equals, value = word.partition("=")
        if task.options and word[:1] == "-" and len(word) > 1:
            parameters |= _option(task, word[1:], rest)
        elif equals and key.isidentifier() and not value.startswith("="):
            parameters[task.parameters.full_name(key)] = value
        else:
            free.append(word)
    names = [name for name in task.asked if name not in parameters]
    if len(free) > len(names):
        raise ConfigError(f"{free[len(names)]!r} should be name=value; all of {', '.join(task.asked)} are given.")
    return parameters | dict(zip(names, free, strict=False))


def _option(task: Task, letter: str, rest: Iterator[str]) -> dict[str, Any]:
    if letter not in task.options:
        raise ConfigError(f"there is no option -{letter}; there are -{', -'.join(task.options)}.")
    name = task.options[letter]
    return {name: True if task.is_flag(letter) else next(rest, "")}
