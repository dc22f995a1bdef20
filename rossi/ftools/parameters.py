"""What FTOOLS parameters have in common: lists, INDEF, yes and no, output files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from rossi.errors import ConfigError, DataError
from rossi.ftools.texts import read_text


class Parameters(BaseModel):
    """Parameters of a task; names in any case, INDEF leaves the default."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    clobber: bool = False
    chatter: int = 2

    @model_validator(mode="before")
    @classmethod
    def _spellings(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {
            name.lower(): value
            for name, value in given.items()
            if not (isinstance(value, str) and value.strip().upper() == "INDEF")
        }


@dataclass(frozen=True, slots=True)
class Made:
    """What a task made, where there is something to say of it.

    Parameters
    ----------
    files : list of str
    remarks : sequence of str
        Sentences that are printed.
    """

    files: list[str]
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A task: its parameters, what carries it out, and which parameters may stand without their name.

    Parameters
    ----------
    parameters : type of Parameters
    run : callable
        Takes the parameters, returns the files it made (or `Made`); raises `RossiError`.
    positional : tuple of str
    options : mapping of str to str
        Parameters by the letters of a script's options: ``-i FILE`` is infile=FILE.
    prints : bool
        What `run` returns are lines to print, not files.
    """

    parameters: type[Parameters]
    run: Callable[[Any], list[str] | Made]
    positional: tuple[str, ...] = ()
    prints: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    def is_flag(self, letter: str) -> bool:
        """Return whether an option stands without a value."""
        return self.parameters.model_fields[self.options[letter]].annotation is bool

    def spelled_out(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters with the letters of options replaced by names."""
        return {self.options.get(name, name): value for name, value in given.items()}


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
    if not text.startswith("@"):
        names = [item.strip() for item in text.split(",")]
    else:
        names = read_text(text[1:], "the list").split("\n")
    names = [name.strip() for name in names if name.strip()]
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
        part.unlink(missing_ok=True)
        raise DataError(f"{target} can't be written ({error.strerror}).") from None
    return str(target)


def write_outputs(files: Sequence[tuple[str, bytes]], clobber: bool) -> list[str]:
    """Write output files that belong together; nothing is written where one of them may not be overwritten."""
    for path, _ in files:
        _free(path, clobber)
    return [write_output(path, data, clobber) for path, data in files]


def _free(path: str, clobber: bool) -> Path:
    target = Path(path.removeprefix("!"))
    if target.exists() and not (clobber or path.startswith("!")):
        raise DataError(f"{target} exists; give clobber=yes to overwrite it.")
    return target


def extension(path: str) -> tuple[str, int | str]:
    """Split ``file[NAME]``, ``file[1]`` or ``file+1`` into file and HDU; HDU 1 by default."""
    if path.endswith("]") and "[" in path:
        name, _, hdu = path[:-1].rpartition("[")
        return name, int(hdu) if hdu.isdigit() else hdu
    name, plus, hdu = path.rpartition("+")
    return (name, int(hdu)) if plus and hdu.isdigit() else (path, 1)
