"""What a task said: at its standard output, and in log files of its own (``out/xtefilt.log``)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rossi.errors import RossiError
from services.engines.heasoft.sandbox import Sandbox

#: How much of a log a message shows.
_LINES, _CHARACTERS = 6, 600
#: How much of one is kept with a failure; a long observation's has some ten thousand characters.
_KEPT = 100_000

Error = TypeVar("Error", bound=RossiError)


@dataclass(frozen=True, slots=True)
class Logs:
    """What one call said.

    Parameters
    ----------
    said : str
        At its standard output.
    own : mapping of str to str
        Log files that it wrote, by name, the one written last at last.
    """

    said: str
    own: Mapping[str, str]

    @classmethod
    def of(cls, box: Sandbox, given: Container[str] = ()) -> Logs:
        """Return what a call in a sandbox said; files that were given to it are none of its logs."""
        paths = sorted(box.work.rglob("*.log"), key=lambda path: path.stat().st_mtime_ns)
        own = {path.relative_to(box.work).as_posix(): _text(path) for path in paths if path.is_file()}
        return cls(_text(box.log), {name: text for name, text in own.items() if text.strip() and name not in given})

    def end(self) -> str:
        """Return the last that was said, on one line; where the task has logs of its own, these tell why it failed."""
        ends = [("its log", self.said), *list(self.own.items())[-1:]]
        told = [f"The end of {name}: {text}" for name, log in ends if (text := _end(log))]
        return " ".join(told) or "It said nothing."

    def added_to(self, error: Error) -> Error:
        """Return an error with all that was said as its note."""
        for name, text in (("standard output", self.said), *self.own.items()):
            if text.strip():
                error.add_note(f"== {name}\n{text[-_KEPT:].rstrip()}")
        return error


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""


def _end(log: str) -> str:
    lines = [" ".join(line.split()) for line in log.splitlines()]
    text = " / ".join([line for line in lines if line][-_LINES:])
    return "".join(letter for letter in text if letter.isprintable())[-_CHARACTERS:]
