"""FITS files as table tasks see them: HDUs, file names with filters, tables that replace others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rossi.errors import ConfigError, DataError
from rossi.expression import Scene, compile_expression
from rossi.fits.edit import as_hdu, select_columns, select_rows
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile, gunzip, iterate_hdus, read_bytes
from rossi.fits.table import Table
from rossi.fits.writer import TableHDU, join_hdus, primary_hdu
from rossi.ftools.parameters import Parameters
from rossi.version import __version__

#: Cards of this many characters hold a line of HISTORY.
_LINE = 70


@dataclass(slots=True)
class Opened:
    """A file whose HDUs can be replaced.

    Parameters
    ----------
    name : str
        Without HDU and filters.
    hdus : list of TableHDU
        The primary one first.
    at : int or None
        The HDU that is named; None where none is.
    """

    name: str
    hdus: list[TableHDU]
    at: int | None

    @property
    def table(self) -> Table:
        """The table that is named, or else the first one that is no good time.

        Raises
        ------
        DataError
            If there is no such table.
        """
        at = self.table_at
        if not is_table(self.hdus[at].header):
            raise DataError(f"{self.name}: HDU {at} is no binary table; rows and columns can only be chosen in one.")
        return self.table_number(at)

    @property
    def table_at(self) -> int:
        """Number of the HDU of `table`."""
        if self.at is not None:
            return self.at
        tables = [n for n, hdu in enumerate(self.hdus) if is_table(hdu.header)]
        if not tables:
            raise DataError(f"{self.name}: there is no binary table in the file.")
        return next((n for n in tables if not _is_good_time(self.hdus[n].header)), tables[0])

    @property
    def scene(self) -> Scene:
        """The table for expressions, which may look into other HDUs and files: GTIFILTER(), REGFILTER()."""
        file = FitsFile(self.name, self.hdus[0].header, tuple(self._tables()))
        return Scene(self.table, file, read_bytes)

    def _tables(self) -> Iterator[Table]:
        for number, hdu in enumerate(self.hdus):
            if is_table(hdu.header):
                yield self.table_number(number)

    @property
    def numbers(self) -> list[int]:
        """Numbers of the HDUs that are meant: the one that is named, or all."""
        return list(range(len(self.hdus))) if self.at is None else [self.at]

    def table_number(self, number: int) -> Table:
        """Return an HDU as a table."""
        return Table(self.hdus[number].header, self.hdus[number].data, self.name)

    def replace(self, table: Table) -> None:
        """Put a table in the place of `table`."""
        self.at = self.table_at
        self.hdus[self.at] = as_hdu(table)

    def to_bytes(self, copyall: bool = True) -> bytes:
        """Return the file; without `copyall`, the named HDU alone behind an empty primary one."""
        if copyall or not self.at:
            return join_hdus(self.hdus)
        return join_hdus([TableHDU(primary_hdu(), b""), self.hdus[self.at]])


def open_file(path: str) -> Opened:
    """Read ``file``, ``file+1``, ``file[NAME]``, with filters behind: ``[col TIME;RATE]``, ``[RATE > 5]``.

    Raises
    ------
    DataError
        If it can't be read, or has no such HDU.
    ConfigError
        If a filter makes no sense.
    """
    name, hdu, filters = split_filters(path)
    data = gunzip(read_bytes(name), name)
    if data[:6] != b"SIMPLE":
        raise DataError(f"{name}: not a FITS file (it begins with {data[:8]!r}).")
    opened = Opened(name, [TableHDU(header, bytes(unit)) for header, unit in iterate_hdus(data, name)], None)
    if hdu not in (None, "*"):
        opened.at = position(opened, hdu)
    for text in filters:
        word, _, rest = text.strip().partition(" ")
        opened.replace(choose_columns(opened.table, rest) if word.lower() == "col" else choose_rows(opened, text))
    return opened


def position(opened: Opened, hdu: int | str | None) -> int:
    """Return the number of an HDU that is named by its number or EXTNAME; None is the first extension.

    Raises
    ------
    DataError
        If there is none.
    """
    hdu = 1 if hdu is None else hdu
    names = [str(h.header.get("EXTNAME", "")).strip().upper() for h in opened.hdus]
    if isinstance(hdu, str) and hdu.upper() in names:
        return names.index(hdu.upper())
    if isinstance(hdu, str) and hdu.upper() == "PRIMARY":
        return 0
    if isinstance(hdu, int) and hdu < len(opened.hdus):
        return hdu
    found = ", ".join(f"{number} {known}".strip() for number, known in enumerate(names))
    raise DataError(f"{opened.name}: HDU {hdu} is missing; found {found}.")


def is_table(header: Header) -> bool:
    """Return whether an HDU is a binary table."""
    return str(header.get("XTENSION", "")).strip() == "BINTABLE"


def _is_good_time(header: Header) -> bool:
    words = (str(header.get(key, "")).strip().upper() for key in ("HDUCLAS1", "EXTNAME"))
    return any("GTI" in word for word in words)


def choose_rows(opened: Opened, expression: str) -> Table:
    """Return the rows of a file's table that fulfil an expression."""
    return select_rows(opened.table, compile_expression(expression).select(opened.scene))


def choose_columns(table: Table, text: str) -> Table:
    """Return some columns of a table: ``TIME;RATE`` or ``-RATE``, with wildcards.

    Raises
    ------
    ConfigError
        If columns are computed or renamed.
    """
    words = [word.strip() for word in text.split(";") if word.strip()]
    dropped = [word[1:].upper() for word in words if word.startswith("-")]
    wrong = [word for word in words if not re.fullmatch(r"-?[\w*?#]+", word)]
    if wrong or (dropped and len(dropped) < len(words)):
        raise ConfigError(
            f"the column filter {text!r} is not understood; columns are chosen (col TIME;RATE) or left out "
            "(col -RATE), not computed or renamed: ftcalc does that."
        )
    known = [info.name for info in table.infos.values()]
    if dropped:
        return select_columns(table, [n for n in known if not any(fnmatchcase(n.upper(), d) for d in dropped)])
    return select_columns(table, matching(known, words))


def matching(known: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return names that fit patterns, in the patterns' order; a pattern that fits none stands as it is."""
    names = list(known)
    found = [n for w in wanted for n in ([k for k in names if fnmatchcase(k.upper(), w.upper())] or [w])]
    return list(dict.fromkeys(found))


def split_filters(path: str) -> tuple[str, int | str | None, list[str]]:
    """Split ``file[1][col A;B][A > 5]`` into file, HDU (None where none is named) and filters.

    Raises
    ------
    ConfigError
        If a bracket is not closed.
    """
    start = path.find("[")
    name, rest = (path, "") if start < 0 else (path[:start], path[start:])
    parts, depth, begin = [], 0, 0
    for at, letter in enumerate(rest):
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "[" and depth == 1:
            begin = at + 1
        if letter == "]" and depth == 0:
            parts.append(rest[begin:at])
    if depth:
        raise ConfigError(f"{path!r} has a bracket that is not closed; it should look like file[1][TIME > 5].")
    stem, plus, number = name.rpartition("+")
    if plus and number.isdecimal():
        return stem, int(number), parts
    if (
        parts
        and re.fullmatch(r"\d+|\*|[A-Za-z_][\w\- ]*", parts[0].strip())
        and not parts[0].lower().startswith("col ")
    ):
        hdu = parts[0].strip()
        return name, int(hdu) if hdu.isdecimal() else hdu, parts[1:]
    return name, None, parts


def split_list(text: str, separator: str = ",") -> list[str]:
    """Split a list of names where no bracket is open."""
    parts, depth, begin = [], 0, 0
    for at, letter in enumerate(text):
        depth += {"[": 1, "]": -1, "(": 1, ")": -1}.get(letter, 0)
        if letter == separator and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    return [part.strip() for part in [*parts, text[begin:]] if part.strip()]


def with_history(table: Table, task: str, p: Parameters) -> Table:
    """Return a table with HISTORY of how a task made it."""
    given = {name: value for name, value in vars(p).items() if value != p.declared()[name].default}
    words = f"{task} of rossi {__version__}: " + " ".join(f"{name}={value}" for name, value in given.items())
    words = words.encode("ascii", "replace").decode().replace("\n", " ")
    header = table.header.copy()
    for at in range(0, len(words), _LINE):
        header.append("HISTORY", words[at : at + _LINE])
    return table.with_rows(table.rows, header)


def changed(path: str, change: Callable[[Opened], Table], copyall: bool) -> bytes:
    """Return a file in which a table is replaced by another."""
    opened = open_file(path)
    opened.replace(change(opened))
    return opened.to_bytes(copyall)
