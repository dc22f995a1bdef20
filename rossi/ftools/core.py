"""Tasks as heasoftpy calls them: objects, dictionaries of parameters, control parameters, exceptions."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rossi.errors import ConfigError
from rossi.ftools.describe import docstring, signature
from rossi.ftools.lookup import find, unknown
from rossi.ftools.parameters import REQUIRED, Task
from rossi.ftools.prompt import ask, may_ask
from rossi.ftools.task import HSPResult, call

__all__ = ["Config", "HSPResult", "HSPTask", "HSPTaskException", "function"]

#: What steers a call and is no parameter of the task; with py_ in front where a task has a parameter of the name.
_CONTROLS = ("verbose", "noprompt", "logfile", "stderr", "allow_failure", "do_exec")


class HSPTaskException(Exception):
    """A task failed, or a call of it makes no sense."""


class Config:
    """What all calls have in common.

    Attributes
    ----------
    allow_failure : bool or None
        False: a task that fails raises `HSPTaskException`; True and None: its result has a returncode other than 0.
    """

    allow_failure: bool | None = None


class HSPTask:
    """A task as an object: parameters are attributes, a call runs it.

    >>> task = HSPTask("maketime")  # doctest: +SKIP
    >>> task.infile = "FP.xfl"  # doctest: +SKIP
    >>> task(outfile="good.gti", expr="ELV > 10", compact="no").returncode  # doctest: +SKIP
    0

    Parameters
    ----------
    name : str

    Attributes
    ----------
    params : dict of str to object
        What was given so far.

    Raises
    ------
    HSPTaskException
        If there is no such task; setting a parameter that it does not have, too.
    """

    name: str
    params: dict[str, Any]
    _task: Task

    def __init__(self, name: str | None = None) -> None:
        if not name:
            raise HSPTaskException("The name of a task is required.")
        try:
            task = find(name.replace("_", "-") if name not in _tasks() else name)
        except ConfigError:
            raise HSPTaskException(unknown(name)) from None
        values = {"name": name, "taskname": name, "params": {}, "_task": task, "__doc__": docstring(name, task)}
        self.__dict__.update(values, __signature__=signature(task))

    def __setattr__(self, name: str, value: object) -> None:
        try:
            self.params[self._task.parameters.full_name(name)] = value
        except ConfigError as error:
            raise HSPTaskException(f"{self.name}: {error}") from None

    def __getattr__(self, name: str) -> Any:
        fields = self.__dict__["_task"].parameters.declared() if "_task" in self.__dict__ else {}
        if name not in fields:
            raise AttributeError(f"{type(self).__name__} has no attribute {name}")
        return self.params.get(name, None if fields[name].default is REQUIRED else fields[name].default)

    @property
    def par_names(self) -> list[str]:
        """Names of the parameters."""
        return self._task.names

    def __call__(self, args: object = None, /, **parameters: Any) -> HSPResult:
        """Run the task; see `function`."""
        given = {**self.params, **_mapping(self.name, args), **parameters}
        controls = self._controls(given)
        if may_ask(str(given.get("mode", ""))) and not _truth(controls.get("noprompt")):
            given |= self._asked(given)
        result = call(self.name, given) if controls.get("do_exec", True) else HSPResult(0, "", params=given)
        if _truth(controls.get("stderr")):
            message = result.stdout if result.returncode else ""
            result = replace(result, stdout="" if result.returncode else result.stdout, stderr=message)
        _say(result, self.name, controls)
        allowed = controls.get("allow_failure", Config.allow_failure)
        if result.returncode and allowed is not None and not _truth(allowed):
            raise HSPTaskException(result.stderr or result.stdout)
        self.params.update((name, value) for name, value in result.params.items() if name in self.par_names)
        return result

    def _controls(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take the control parameters out of what is given."""
        own = self._task.parameters.declared()
        taken = {name: given.pop(name) for name in _CONTROLS if name in given and name not in own}
        return taken | {name: given.pop(f"py_{name}") for name in _CONTROLS if f"py_{name}" in given}

    def _asked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        try:
            named = {self._task.parameters.full_name(self._task.options.get(name, name)) for name in given}
            if not [name for name in self._task.parameters.required() if name not in named]:
                return {}
            return ask(self._task, [name for name in self.par_names if name not in named])
        except ConfigError:
            return {}  # the call itself says it


def _tasks() -> Mapping[str, object]:
    from rossi.ftools.catalogue import TASKS

    return TASKS


def _mapping(name: str, args: object) -> dict[str, Any]:
    if args is None:
        return {}
    if isinstance(args, HSPTask):
        return dict(args.params)
    if isinstance(args, Mapping):
        return dict(args)
    raise HSPTaskException(f"{name}: found {type(args).__name__}; give a dictionary, or name=value.")


def _truth(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in {"y", "yes", "t", "true", "1", "2", "20"}
    return bool(value)


def _say(result: HSPResult, name: str, controls: Mapping[str, Any]) -> None:
    """Print, and write to a log file, as ``verbose`` asks: 1 prints, 20 logs, 2 does both."""
    verbose = str(controls.get("verbose", 0)).strip()
    words = "\n".join(text for text in (result.stdout, result.stderr) if text)
    if words and _truth(controls.get("verbose")) and verbose != "20":
        print(words, file=sys.stdout)
    if verbose in {"2", "20"} or controls.get("logfile"):
        path = Path(str(controls.get("logfile") or f"{name}.log"))
        try:
            with path.open("a") as log:
                log.write(f"{words}\n")
        except OSError as error:
            logging.getLogger(__name__).warning("%s: the log %s can't be written (%s).", name, path, error.strerror)


@functools.cache
def function(name: str) -> Callable[..., HSPResult]:
    """Return a task as a function; it takes a dictionary (or an `HSPTask`), and parameters by name.

    Besides the task's own parameters a call takes ``verbose`` (1 prints what the task says, 20 writes it to a log file,
    2 does both), ``logfile`` (<task>.log by default), ``noprompt`` (never ask for what is missing), ``stderr`` (keep
    messages apart from what was made) and ``allow_failure`` (instead of `Config.allow_failure`).
    """
    task = HSPTask(name)

    def call_task(args: object = None, /, **parameters: Any) -> HSPResult:
        return HSPTask(name)(args, **parameters)

    call_task.__name__ = call_task.__qualname__ = name
    call_task.__module__ = "rossi.ftools"
    call_task.__doc__ = docstring(name, task._task)
    call_task.__signature__ = signature(task._task)  # type: ignore[attr-defined]
    return call_task
