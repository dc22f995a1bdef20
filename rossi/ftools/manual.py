"""``fhelp``, ``plist``, ``pget``, ``punlearn``: what tasks and their parameters are."""

from __future__ import annotations

from typing import Annotated

from rossi.errors import ConfigError
from rossi.ftools.catalogue import index_text
from rossi.ftools.describe import help_text, plist_lines
from rossi.ftools.lookup import find
from rossi.ftools.parameters import REQUIRED, Parameters, Task, printed
from rossi.ftools.prompt import shown_default


class FhelpParameters(Parameters):
    """Parameters of ``fhelp``."""

    task: Annotated[str, "name of a task; ftools lists all"] = "ftools"
    path: Annotated[str, "accepted, without effect"] = ""
    nrows: Annotated[int, "accepted, without effect"] = 22
    outfile: Annotated[str, "text to be made; STDOUT prints"] = "STDOUT"
    more: Annotated[str, "accepted, without effect"] = "yes"


class PlistParameters(Parameters):
    """Parameters of ``plist``."""

    task: Annotated[str, "name of a task"]


class PgetParameters(Parameters):
    """Parameters of ``pget``."""

    task: Annotated[str, "name of a task"]
    parameter: Annotated[str, "name of one of its parameters"]


def fhelp(p: FhelpParameters) -> list[str]:
    """Print what a task does and takes."""
    name = p.task.strip().lower()
    text = index_text() if name in {"ftools", "fhelp", "heatools", "xte"} else help_text(name, find(name))
    return printed(text.split("\n"), p.outfile, p.clobber)


def plist(p: PlistParameters) -> list[str]:
    """Print a task's parameters and their defaults."""
    return plist_lines(p.task.strip(), find(p.task.strip()))


def pget(p: PgetParameters) -> list[str]:
    """Print a parameter's default: nothing is remembered from call to call."""
    task = find(p.task.strip())
    name = task.parameters.full_name(p.parameter)
    default = task.parameters.declared()[name].default
    if default is REQUIRED:
        raise ConfigError(
            f"{p.task} has no default of {name}, and tasks remember nothing here; they print what they find."
        )
    return [shown_default(default)]


def punlearn(p: PlistParameters) -> list[str]:
    """Do nothing: no task remembers parameters."""
    find(p.task.strip())
    return []


TASKS = {
    "fhelp": Task(FhelpParameters, fhelp, ("task",), prints=True, example="maketime"),
    "plist": Task(PlistParameters, plist, ("task",), prints=True, example="maketime"),
    "pget": Task(PgetParameters, pget, ("task", "parameter"), prints=True, example="maketime prefr"),
    "punlearn": Task(PlistParameters, punlearn, ("task",), prints=True, example="maketime"),
}
