"""The declaration of a stage: its configuration, its inputs and outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

from rossi.product import File
from services.contract.outcome import Caveat, Frozen, Outcome

Config = TypeVar("Config", bound=Frozen)

ARCHIVE = "archive"
CALIBRATION = "calibration"


#: What a stage is given: the files of each declared input.
Inputs = Mapping[str, tuple[File, ...]]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a stage made.

    Parameters
    ----------
    files : mapping of output name to files
    caveats : tuple of Caveat
    summary : mapping
        A few plain numbers and strings for tables and reports (exposure, mean rate ...), JSON-compatible.
    outcome : Outcome
        Success, or no work: the last caveat says why.
    """

    files: Mapping[str, tuple[File, ...]]
    caveats: tuple[Caveat, ...] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = Outcome.SUCCEEDED


def always(_config: Any) -> bool:
    """Whatever the configuration."""
    return True


@dataclass(frozen=True, slots=True)
class Look:
    """What may be looked at to find out which files are needed, before any is fetched.

    Parameters
    ----------
    files : tuple of str
        Paths of all files of the observation, relative to its directory.
    beginnings : callable
        Returns so many bytes of the beginnings of files.
    whole : callable
        Returns a file.
    """

    files: tuple[str, ...]
    beginnings: Callable[[Sequence[str], int], Sequence[bytes]]
    whole: Callable[[str], bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """Declaration of a named input.

    Parameters
    ----------
    name, meaning : str
    source : str
        ``archive``, ``calibration``, or the name of the stage whose output of the same name is read.
    pattern : str
        For archive inputs: regular expression that the whole path relative to the observation directory must match;
        without ``^``, as it is looked for in longer paths.
    at_least, at_most : int
        How many files are expected; fewer is a data error, more too.
    missing : str
        What to say, and to do, when there are too few.
    when : callable
        Whether a configuration needs the input at all.
    on_disk : bool
        The files of a long observation would not fit into memory; they are kept on disk and read when needed.
    narrow : callable, optional
        Returns which of the files a configuration needs, and what is to be said of others: for archive inputs whose
        names do not tell what is in them.
    """

    name: str
    meaning: str
    source: str = ARCHIVE
    pattern: str = ""
    at_least: int = 1
    at_most: int = 10_000
    missing: str = ""
    when: Callable[[Any], bool] = always
    on_disk: bool = False
    narrow: Callable[[Any, Look], tuple[Collection[str], Sequence[Caveat]]] | None = None

    def matches(self, path: str) -> bool:
        """Return whether a path relative to the observation directory is one of the files."""
        return self.regex.fullmatch(path) is not None

    @property
    def regex(self) -> re.Pattern[str]:
        """The pattern, for many paths."""
        return _compiled(self.pattern)


def any_of(inputs: Iterable[Input]) -> re.Pattern[str]:
    """Return what the whole path relative to the observation directory matches of a file of any of some inputs."""
    return _compiled("|".join(f"(?:{one.pattern})" for one in inputs))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@dataclass(frozen=True, slots=True)
class Output:
    """Declaration of a named output."""

    name: str
    meaning: str
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Stage(Generic[Config]):
    """Declaration of a stage; an engine carries it out.

    Parameters
    ----------
    name : str
    version : int
        Raised when the same inputs and configuration give another result; part of the fingerprint.
    config : type
        Pydantic model of its configuration.
    inputs, outputs : tuple
    """

    name: str
    version: int
    config: type[Config]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    _from_stages: tuple[Input, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        others = tuple(one for one in self.inputs if one.source not in (ARCHIVE, CALIBRATION))
        object.__setattr__(self, "_from_stages", others)

    def inputs_for(self, config: Config) -> tuple[Input, ...]:
        """Return the inputs that a configuration needs."""
        return tuple([declared for declared in self.inputs if declared.when is always or declared.when(config)])

    def reads(self, config: Config) -> tuple[str, ...]:
        """Return the stages whose outputs a configuration needs."""
        return tuple(dict.fromkeys([one.source for one in self._from_stages if one.when(config)]))
