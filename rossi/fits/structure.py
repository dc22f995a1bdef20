"""What a binary table's header says of its columns, and how a row lies in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from rossi.errors import DamagedFile
from rossi.fits.header import Header
from rossi.fits.heap import CODES, DESCRIPTORS

_TFORM = re.compile(r"(\d*)([PQ]?)([LXBIJKAEDCM])")
#: Elements of a cell, and bytes of a row, far above what any table of RXTE has (4 kB), below what numpy can take.
_MAX_REPEAT = 1 << 27
#: The FITS standard's limit of columns.
_MAX_FIELDS = 999


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """What a header says of one column.

    Parameters
    ----------
    number : int
        1-based column number.
    name, code : str
        TTYPE as the file spells it and the type letter of TFORM; P and Q are of variable length.
    repeat : int
        Elements a row (bits for X), descriptors for P and Q.
    zero, scale : float
        TZERO and TSCAL.
    null : int or None
        TNULL.
    unit : str
    element : str
        Type letter of the elements, the same as `code` but for P and Q.
    """

    number: int
    name: str
    code: str
    repeat: int
    zero: float
    scale: float
    null: int | None
    unit: str
    element: str

    @property
    def is_variable(self) -> bool:
        """Whether rows differ in their number of elements."""
        return self.code in DESCRIPTORS


@lru_cache(maxsize=256)
def layout(forms: tuple[str, ...], width: int | None, where: str) -> np.dtype[Any]:
    """Return the structured dtype of a row.

    Parameters
    ----------
    forms : tuple of str
        TFORM of each column.
    width : int or None [byte]
        NAXIS1; None takes what the columns need.
    where : str
        For messages.

    Raises
    ------
    DataError
        If a TFORM is of a kind that RXTE does not use, or the columns are wider than NAXIS1.
    """
    names, formats, offsets = [], [], []
    offset = 0
    for number, form in enumerate(forms, 1):
        match = _TFORM.match(form.strip())
        if match is None or (match[2] and match[1] not in {"", "0", "1"}):
            raise DamagedFile(f"{where}: TFORM{number} is {form!r}, which no RXTE table uses; the file may be damaged.")
        repeat = _repeat(match)
        if repeat > _MAX_REPEAT:
            raise DamagedFile(f"{where}: TFORM{number} is {form!r}, more than a row can hold; the file may be damaged.")
        one = _cell(match[2], match[3], repeat)
        names.append(f"f{number}")
        formats.append(one)
        offsets.append(offset)
        offset += one.itemsize
    if offset > _MAX_REPEAT:
        raise DamagedFile(f"{where}: the columns take {offset} bytes a row; the file may be damaged.")
    if width is not None and offset > width:
        raise DamagedFile(f"{where}: the columns take {offset} bytes a row, but NAXIS1 is {width}.")
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": width or offset})


def _repeat(match: re.Match[str]) -> int:
    return int(match[1] or 1)


def _cell(variable: str, element: str, repeat: int) -> np.dtype[Any]:
    """Return the dtype of a cell, of its descriptor where it is of variable length."""
    if variable:
        return np.dtype((DESCRIPTORS[variable], (2 * repeat,)))
    if element == "A":
        return np.dtype(f"S{repeat}")
    count = -(-repeat // 8) if element == "X" else repeat
    base = np.dtype(CODES[element])
    return base if count == 1 else np.dtype((base, (count,)))


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Columns of a table, the same object for all tables with the same column cards.

    Thousands of files share a handful of structures; each is worked out once a process.

    Parameters
    ----------
    forms : tuple of str
        TFORM of each column.
    infos : dict
        The columns by upper-case name, in column order (the first of equal names wins).
    dtype : dtype
        Of a row, big-endian; fields are named f1, f2, ...
    header : Header
        The cards that describe the columns (`rossi.fits.places.COLUMN_KEYWORDS`), alone.
    has_heap : bool
        Whether a column is of variable length.
    """

    forms: tuple[str, ...]
    infos: dict[str, ColumnInfo]
    dtype: np.dtype[Any]
    header: Header
    has_heap: bool


@lru_cache(maxsize=256)
def structure(cards: tuple[bytes, ...], n_field: int, width: int | None) -> Structure:
    """Work out a table's columns.

    Parameters
    ----------
    cards : tuple of bytes
        See `Header.column_cards`.
    n_field : int
        TFIELDS.
    width : int or None [byte]
        NAXIS1; None takes what the columns need.

    Raises
    ------
    DataError
        If a TFORM is missing or of a kind that RXTE does not use, or the columns are wider than NAXIS1.
    """
    header = Header.from_block(b"".join(cards))
    if n_field > _MAX_FIELDS:
        raise DamagedFile(f": TFIELDS is {n_field}; FITS tables have {_MAX_FIELDS} columns at most.")
    numbers = range(1, n_field + 1)
    forms = tuple(str(header.get(f"TFORM{n}", "")).strip() for n in numbers)
    dtype = layout(forms, width, "")
    infos: dict[str, ColumnInfo] = {}
    for n, form in zip(numbers, forms, strict=True):
        match = _TFORM.match(form)
        assert match is not None  # layout has seen it
        name = str(header.get(f"TTYPE{n}", f"COL{n}")).strip()
        info = ColumnInfo(
            n,
            name,
            match[2] or match[3],
            _repeat(match),
            header.finite(f"TZERO{n}", "", 0.0),
            header.finite(f"TSCAL{n}", "", 1.0),
            _null(header, n),
            str(header.get(f"TUNIT{n}", "")).strip(),
            element=match[3],
        )
        infos.setdefault(name.upper(), info)
    return Structure(forms, infos, dtype, header, any(info.is_variable for info in infos.values()))


def _null(header: Header, number: int) -> int | None:
    if header.get(f"TNULL{number}") is None:
        return None
    value = header.finite(f"TNULL{number}", "")
    if not value.is_integer():
        raise DamagedFile(f": TNULL{number} is {value:g}; a whole number was expected.")
    return int(header[f"TNULL{number}"])


@dataclass(frozen=True, slots=True)
class Block:
    """Columns that lie side by side and are stored alike.

    Parameters
    ----------
    base : dtype
        Of an element.
    offset : int [byte]
        In the row.
    width : int
        Elements a row.
    zero : int
        TZERO.
    """

    base: np.dtype[Any]
    offset: int
    width: int
    zero: int


@lru_cache(maxsize=1024)
def block(columns: Structure, names: tuple[str, ...]) -> Block | None:
    """Return where columns lie that follow each other and are of one type of number, not scaled; None for others.

    Parameters
    ----------
    columns : Structure
    names : tuple of str
    """
    try:
        infos = sorted((columns.infos[name.upper()] for name in names), key=lambda info: info.number)
    except KeyError:
        return None
    first = infos[0]
    follow = infos[-1].number - first.number + 1 == len(infos)
    alike = all((i.code, i.zero, i.scale) == (first.code, first.zero, 1.0) for i in infos)
    if not (follow and alike and (first.code in "BIJ" or (first.code in "ED" and first.zero == 0.0))):
        return None
    fields = columns.dtype.fields
    assert fields is not None  # rows are structured
    dtype, offset = fields[f"f{first.number}"][:2]
    return Block(dtype.base, offset, sum(i.repeat for i in infos), int(first.zero))
