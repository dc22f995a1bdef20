"""Text files that parameters name: lists, expressions, channels, times."""

from __future__ import annotations

import re
from pathlib import Path

from rossi.errors import ConfigError, DataError, shortened
from rossi.fits.reader import content

#: Longest text [byte]; a list of ten thousand files has some 1 MB.
_LONGEST = 16 << 20
_NUMBER = r"((?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?)"
_PAIR = re.compile(rf"{_NUMBER}\s*[-\s]\s*{_NUMBER}")
_LITERAL = re.compile(r"[-0-9.eEdD+~:;,()\s]*")


def read_text(path: str, what: str) -> str:
    """Return a file's text.

    Parameters
    ----------
    path : str
    what : str
        For messages: ``the bit mask``.

    Raises
    ------
    ConfigError
        If it can't be read.
    DataError
        If it is no text.
    """
    try:
        data = content(Path(path), _LONGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        said = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{what} {path[:200]} can't be read ({said}).") from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or len(data) > _LONGEST:
        raise DataError(f"{what} {path[:200]}: it is no text file; it begins with {data[:8]!r}.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_or_file(text: str, what: str) -> str:
    """Return a parameter's text, or that of the file that ``@file`` names, its lines joined by blanks."""
    return " ".join(read_text(text[1:], what).split("\n")) if text.startswith("@") else text


def ranges_or_file(text: str, what: str) -> str:
    """Return a list of ranges: ``a-b,c-d``, or the lines of a file, with or without ``@`` in front of its name."""
    if not text.startswith("@") and (_LITERAL.fullmatch(text) or not _is_file(text)):
        return text
    lines = read_text(text.removeprefix("@"), what).split("\n")
    return ",".join("-".join(line.split()) for line in lines if line.strip())


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # the name is too long
        return False


def time_pairs(timeint: str) -> list[tuple[float, float]]:
    """Read a parameter timeint, or the file that it names, as times [s].

    Raises
    ------
    ConfigError
        If it is no list of pairs.
    """
    text = ranges_or_file(timeint, "the list of times")
    words = [word.strip() for word in text.split(",") if word.strip()]
    found = [_PAIR.fullmatch(word) for word in words]
    if not words or not all(found):
        raise ConfigError(
            f"timeint is {shortened(timeint)}; it should be start-stop pairs, 150000000.0-150000100.0,150000200.0-..., "
            "or the name of a file with one pair a line."
        )
    start, stop = ([float(re.sub("[dD]", "e", m[n])) for m in found if m] for n in (1, 2))
    return list(zip(start, stop, strict=True))
