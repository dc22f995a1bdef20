"""What FTOOLS parameters have in common: how tasks declare them, how they are read; lists, output files.

A parameter is declared once, in its task's `Parameters`: name, type, meaning, default. Parsing, prompts, ``--help``,
Python's ``help()`` and the documentation come from there:

>>> class SomeParameters(Parameters):
...     infile: Annotated[str, "file to be read"]  # no default: required
...     binsz: Annotated[float | None, "width of a bin [s]"] = None  # None: INDEF

`Task` names those that are asked for and may stand without their name; the others are hidden ones. These declarations
need no more than `typing`: pydantic's import takes as long as numpy's, and most tasks are done in less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import (
    Annotated,
    Any,
    BinaryIO,
    Final,
    NamedTuple,
    Self,
    TypeVar,
    dataclass_transform,
    get_args,
    get_type_hints,
)

from rossi.errors import ConfigError, DataError, did_you_mean, shortened
from rossi.fits.reader import split_hdu
from rossi.ftools.texts import read_text

#: The default of a parameter that has none.
REQUIRED: Final = object()
_WANTED = {bool: "yes or no", int: "a whole number", float: "a number", str: "text"}
_TRUTH = dict.fromkeys(("yes", "y", "true", "t", "on", "1"), True) | dict.fromkeys(
    ("no", "n", "false", "f", "off", "0"), False
)
#: Names that a message suggests for a mistyped one.
_MEANT = 3

Told = TypeVar("Told")


class Declared(NamedTuple):
    """A parameter as a task declares it: its annotation, type, meaning and default, which may be `REQUIRED`."""

    annotation: Any
    kind: type
    meaning: str
    default: object


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Parameters:
    """Parameters of a task.

    Raises
    ------
    ConfigError
        If a name is unknown, a value can't be read, or a required parameter is missing.
    """

    clobber: Annotated[bool, "overwrite output files that exist; so does a ! before a file's name"] = False
    chatter: Annotated[int, "how much a task says; accepted, without effect"] = 2
    mode: Annotated[str, "h: never ask for a parameter that is missing"] = "ql"

    def __init__(self, **given: Any) -> None:
        wrong = [f"there is no parameter {name}" for name in given if name not in self.declared()]
        for name, declared in self.declared().items():
            value = given.get(name, declared.default)
            if value is REQUIRED:
                wrong.append(f"{name} is missing; give {name}=<{declared.meaning}>")
                continue
            try:
                self.__dict__[name] = value if value is declared.default else _read(value, declared.kind)
            except (TypeError, ValueError, KeyError, OverflowError):
                wanted = _WANTED[declared.kind]
                wrong.append(f"{name} is {value!r}; {wanted} was expected ({declared.meaning})")
        if wrong:
            raise ConfigError("; ".join(wrong))

    @classmethod
    @cache
    def declared(cls) -> dict[str, Declared]:
        """Return the parameters by name, those that all tasks have first."""
        found = {}
        for name, hint in get_type_hints(cls, include_extras=True).items():
            annotation, meaning = get_args(hint)
            kind = next(kind for kind in _WANTED if annotation in (kind, kind | None))
            found[name] = Declared(annotation, kind, meaning, getattr(cls, name, REQUIRED))
        return found

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Read parameters as FTOOLS take them.

        Parameters
        ----------
        given : mapping of str to object
            Names in any case, or as far as they are unique. INDEF and None leave the default; sequences are joined with
            commas.

        Raises
        ------
        ConfigError
            If a name is unknown or ambiguous, a value can't be read, or a required parameter is missing.
        """
        named = {cls.full_name(name): _plain(value) for name, value in given.items()}
        return cls(**{name: value for name, value in named.items() if value is not None})

    @classmethod
    def full_name(cls, name: str) -> str:
        """Return a parameter's name from one in any case, or from its beginning.

        Raises
        ------
        ConfigError
            If there is none, or several begin so.
        """
        names = ordered(cls)
        word = name.strip().lower()
        found = [word] if word in names else [known for known in names if word and known.startswith(word)]
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigError(f"{name} is ambiguous; it may be {' or '.join(found)}.")
        hint = did_you_mean(word, names, _MEANT) or f"there are {', '.join(names)}."
        raise ConfigError(f"there is no parameter {name}; {hint}")

    @classmethod
    def required(cls) -> list[str]:
        """Return the names of the parameters without a default."""
        return [name for name in ordered(cls) if cls.declared()[name].default is REQUIRED]


def ordered(parameters: type[Parameters], first: Iterable[str] = ()) -> list[str]:
    """Return the names of a task's parameters: some first, then its own, then those that all tasks have."""
    common = Parameters.declared()
    own = [name for name in parameters.declared() if name not in common]
    return list(dict.fromkeys([*first, *own, *common]))


def _read(value: object, kind: type) -> object:
    """Return a parameter's value from a number or text; raises what Python raises where it is none of its type."""
    if kind is bool:
        return bool(value) if value in (0, 1) else _TRUTH[str(value).lower()]
    if kind is str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise TypeError
        return str(value)
    if not isinstance(value, str | int | float):
        raise TypeError
    if kind is int and (isinstance(value, int) or str(value).strip().lstrip("+-").isdecimal()):
        return int(value)  # however large
    number = float(value)
    if not isfinite(number) or (kind is int and number != int(number)):
        raise ValueError
    return kind(number if kind is float else int(number))


def _plain(value: object) -> object:
    """Return a value as parameters take it: numpy's scalars as Python's, INDEF as None."""
    if isinstance(value, str) and value.strip().upper() == "INDEF":
        return None
    if isinstance(value, PathLike):
        return str(value)
    if isinstance(value, list | tuple):
        return ",".join(str(_plain(item)) for item in value)
    item = getattr(value, "item", None)
    return item() if callable(item) else value


@dataclass(frozen=True, slots=True)
class Made:
    """What a task made, where there is something to say of it.

    Parameters
    ----------
    files : list of str
    remarks : sequence of str
        Sentences that are printed.
    values : mapping of str to object
        What the task found out, by the names of its output parameters.
    """

    files: list[str]
    remarks: Sequence[str] = ()
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A task: its parameters, what carries it out, and which parameters may stand without their name.

    Parameters
    ----------
    parameters : type of Parameters
    run : callable
        Takes the parameters, returns the files it made (or `Made`); raises `RossiError`.
    asked : tuple of str
        Parameters that are asked for, in the order in which they may stand without their names; the others are hidden.
    prints : bool
        What `run` returns are lines to print, not files.
    options : mapping of str to str
        Parameters by the letters of a script's options: ``-i FILE`` is infile=FILE.
    example : str
        Words behind the task's name that work in a folder with the simulated archive of the help's text; lines before
        the last one are commands that come first.
    needs : str
        What else the example needs.
    after : tuple of str
        Tasks whose examples come first.
    """

    parameters: type[Parameters]
    run: Callable[[Any], list[str] | Made]
    asked: tuple[str, ...] = ()
    prints: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    needs: str = ""
    after: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the parameters, those that are asked for first."""
        return ordered(self.parameters, self.asked)

    def is_flag(self, letter: str) -> bool:
        """Return whether an option stands without a value."""
        return self.parameters.declared()[self.options[letter]].kind is bool

    def read(self, given: Mapping[str, Any]) -> Parameters:
        """Read parameters; letters of options may stand for names. Raises as `Parameters.read`."""
        return self.parameters.read({self.options.get(name, name): value for name, value in given.items()})


def is_none(text: str) -> bool:
    """Return whether a file parameter names no file (``-``, ``NONE`` or nothing)."""
    return text.strip().upper() in {"", "-", "NONE"}


def file_list(text: str) -> list[str]:
    """Return the files that a parameter names: one, several with commas, or ``@list`` with one a line.

    Raises
    ------
    ConfigError
        If the list can't be read or names no file.
    """
    items = read_text(text[1:], "the list").split("\n") if text.startswith("@") else text.split(",")
    names = [item.strip() for item in items if item.strip()]
    if not names:
        raise ConfigError(f"{text!r} names no file.")
    return names


def word_list(text: str) -> list[str]:
    """Return names separated by blanks or commas, or from ``@file``."""
    listed = text.startswith("@") and Path(text[1:]).is_file()
    words = read_text(text[1:], "the list") if listed else text.removeprefix("@")
    return words.replace(",", " ").split()


def write_output(path: str, data: bytes, clobber: bool) -> str:
    """Write an output file as a whole; a leading ``!`` overwrites.

    Raises
    ------
    DataError
        If it exists and may not be overwritten, or can't be written.
    """
    target = _free(path, clobber)
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise DataError(f"{target} can't be written ({error.strerror}).") from None
    return str(target)


def write_stream(path: str, clobber: bool, write: Callable[[BinaryIO], Told]) -> Told:
    """Have an output file written as a whole or not at all; return what the writer returns.

    Raises
    ------
    DataError
        If it exists and may not be overwritten, or can't be written.
    """
    target = _free(path, clobber)
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as out:
            made = write(out)
        part.replace(target)
    except OSError as error:
        raise DataError(f"{target} can't be written ({error.strerror}).") from None
    finally:
        part.unlink(missing_ok=True)
    return made


def write_outputs(files: Sequence[tuple[str, bytes]], clobber: bool) -> list[str]:
    """Write output files that belong together; nothing is written where one of them may not be overwritten."""
    for path, _ in files:
        _free(path, clobber)
    return [write_output(path, data, clobber) for path, data in files]


def printed(lines: list[str], outfile: str, clobber: bool) -> list[str]:
    """Return lines that go to the terminal, or write them to a file and return its name."""
    if outfile.strip().upper() in {"STDOUT", "-", ""}:
        return lines
    return [write_output(outfile, "".join(f"{line}\n" for line in lines).encode(), clobber)]


def _free(path: str, clobber: bool) -> Path:
    if not Path(path.removeprefix("!").strip()).name or "\0" in path:
        raise ConfigError(f"the output file is {shortened(path)}, which can't be a file's name; give one.")
    target = Path(path.removeprefix("!"))
    if target.exists() and not (clobber or path.startswith("!")):
        raise DataError(f"{target} exists; give clobber=yes to overwrite it.")
    return target


def extension(path: str) -> tuple[str, int | str]:
    """Split ``file[NAME]``, ``file[1]`` or ``file+1`` into file and HDU; HDU 1 by default."""
    name, hdu = split_hdu(path)
    return name, 1 if hdu is None else hdu
