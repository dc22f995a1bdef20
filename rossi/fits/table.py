"""Binary tables as one structured array over the bytes of the file.

Nothing is copied on opening: the rows are a view, and a column is converted to native, scaled values when it is asked
for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits.header import Header

TFORM = re.compile(r"^(\d*)([LXBIJKAED])")
_CODES = {"L": "u1", "X": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
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
        TTYPE as the file spells it and the type letter of TFORM.
    repeat : int
        Elements a row (bits for X).
    zero, scale : float
        TZERO and TSCAL.
    null : int or None
        TNULL.
    unit : str
    """

    number: int
    name: str
    code: str
    repeat: int
    zero: float
    scale: float
    null: int | None
    unit: str


@lru_cache(maxsize=256)
def layout(forms: tuple[str, ...], width: int | None, where: str) -> np.dtype[Any]:
    """Return the structured dtype of a row.

    Parameters
    ----------
    forms : tuple of str
        TFORM of each column.
    width : int or None
        NAXIS1; None takes what the columns need.
    where : str
        For messages.
    """
    names, formats, offsets = [], [], []
    offset = 0
    for number, form in enumerate(forms, 1):
        match = TFORM.match(form.strip())
        if match is None:
            raise DataError(f"{where}: TFORM{number} is {form!r}, which no RXTE table uses; the file may be damaged.")
        repeat = int(match[1] or 1)
        if repeat > _MAX_REPEAT:
            raise DataError(f"{where}: TFORM{number} is {form!r}, more than a row can hold; the file may be damaged.")
        if match[2] == "A":
            one = np.dtype(f"S{repeat}")
        else:
            count = -(-repeat // 8) if match[2] == "X" else repeat
            base = np.dtype(_CODES[match[2]])
            one = base if count == 1 else np.dtype((base, (count,)))
        names.append(f"f{number}")
        formats.append(one)
        offsets.append(offset)
        offset += one.itemsize
    if offset > _MAX_REPEAT:
        raise DataError(f"{where}: the columns take {offset} bytes a row; the file may be damaged.")
    if width is not None and offset > width:
        raise DataError(f"{where}: the columns take {offset} bytes a row, but NAXIS1 is {width}.")
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": width or offset})


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
        The cards that describe the columns (`COLUMN_KEYWORDS`), alone.
    """

    forms: tuple[str, ...]
    infos: dict[str, ColumnInfo]
    dtype: np.dtype[Any]
    header: Header


@lru_cache(maxsize=256)
def structure(cards: tuple[bytes, ...], n_field: int, width: int | None) -> Structure:
    """Work out a table's columns.

    Parameters
    ----------
    cards : tuple of bytes
        See `Header.column_cards`.
    n_field, width : int
        TFIELDS and NAXIS1; None takes the width that the columns need.

    Raises
    ------
    DataError
        If a TFORM is missing or of a kind that RXTE does not use, or the columns are wider than NAXIS1.
    """
    header = Header.from_block(b"".join(cards))
    if n_field > _MAX_FIELDS:
        raise DataError(f": TFIELDS is {n_field}; FITS tables have {_MAX_FIELDS} columns at most.")
    numbers = range(1, n_field + 1)
    forms = tuple(str(header.get(f"TFORM{n}", "")).strip() for n in numbers)
    dtype = layout(forms, width, "")
    infos: dict[str, ColumnInfo] = {}
    for n, form in zip(numbers, forms, strict=True):
        match = TFORM.match(form)
        assert match is not None  # layout has seen it
        name = str(header.get(f"TTYPE{n}", f"COL{n}")).strip()
        info = ColumnInfo(
            *(n, name, match[2], int(match[1] or 1)),
            *(header.finite(f"TZERO{n}", "", 0.0), header.finite(f"TSCAL{n}", "", 1.0)),
            *(_null(header, n), str(header.get(f"TUNIT{n}", "")).strip()),
        )
        infos.setdefault(name.upper(), info)
    return Structure(forms, infos, dtype, header)


def _null(header: Header, number: int) -> int | None:
    if header.get(f"TNULL{number}") is None:
        return None
    value = header.finite(f"TNULL{number}", "")
    if not value.is_integer():
        raise DataError(f": TNULL{number} is {value:g}; a whole number was expected.")
    return int(header[f"TNULL{number}"])


@dataclass(frozen=True, slots=True)
class _Block:
    base: np.dtype[Any]
    offset: int
    width: int
    zero: int


@lru_cache(maxsize=1024)
def _block(columns: Structure, names: tuple[str, ...]) -> _Block | None:
    try:
        infos = sorted((columns.infos[name.upper()] for name in names), key=lambda info: info.number)
    except KeyError:
        return None
    first = infos[0]
    follow = infos[-1].number - first.number + 1 == len(infos)
    alike = all((i.code, i.zero, i.scale) == (first.code, first.zero, 1.0) for i in infos)
    if not (follow and alike and first.code in "BIJ"):
        return None
    fields = columns.dtype.fields
    assert fields is not None  # rows are structured
    dtype, offset = fields[f"f{first.number}"][:2]
    return _Block(dtype.base, offset, sum(i.repeat for i in infos), int(first.zero))


class Table:
    """One binary table.

    Parameters
    ----------
    header : Header
        Its header.
    data : bytes-like or ndarray (n_row,)
        The data unit, at least NAXIS1 * NAXIS2 bytes, or rows of the structure's dtype.
    source : str
        File name, for messages.
    known : Structure, optional
        Saves working it out.

    Attributes
    ----------
    rows : ndarray (n_row,)
        Structured, big-endian view of the file's bytes.
    """

    __slots__ = ("header", "rows", "source", "structure", "where")

    def __init__(
        self, header: Header, data: bytes | memoryview | NDArray[Any], source: str, known: Structure | None = None
    ) -> None:
        self.header, self.source = header, source
        self.where = f"{source}[{header.get('EXTNAME', 'table')}]"
        n_field, width, n_row = (header.count(k, self.where) for k in ("TFIELDS", "NAXIS1", "NAXIS2"))
        try:
            self.structure = known or structure(header.column_cards(), n_field, width)
        except DataError as error:
            raise DataError(f"{self.where}{error}") from None
        if isinstance(data, np.ndarray):
            self.rows = data
        elif n_row:
            size = n_row * self.structure.dtype.itemsize
            if not 0 < size <= len(data):
                raise DataError(
                    f"{self.where}: {n_row} rows of {self.structure.dtype.itemsize} bytes do not fit the data unit of "
                    f"{len(data)} bytes; the file is damaged, fetch it again."
                )
            self.rows = np.frombuffer(data, self.structure.dtype, n_row)
        else:
            self.rows = np.empty(0, self.structure.dtype)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def name(self) -> str:
        """EXTNAME, or an empty string."""
        return str(self.header.get("EXTNAME", "")).strip()

    @property
    def infos(self) -> dict[str, ColumnInfo]:
        """The columns by upper-case name, in column order."""
        return self.structure.infos

    def __contains__(self, name: object) -> bool:
        return str(name).upper() in self.infos

    def info(self, name: str) -> ColumnInfo:
        """Return a column's description.

        Raises
        ------
        DataError
            If there is no such column; the message lists similar ones.
        """
        try:
            return self.infos[name.upper()]
        except KeyError:
            some = ", ".join(i.name for i in list(self.infos.values())[:12])
            raise DataError(f"{self.where}: column {name} is missing; the table has {some} ...") from None

    def raw(self, name: str) -> NDArray[Any]:
        """Return a column as stored: big-endian, not scaled, a view."""
        field: NDArray[Any] = self.rows[f"f{self.info(name).number}"]
        return field

    def adjacent(self, names: tuple[str, ...]) -> tuple[NDArray[Any], int] | None:
        """Return columns that lie side by side and are of one type as one array, as stored.

        Parameters
        ----------
        names : tuple of str
            In any order; the result is in column order.

        Returns
        -------
        ndarray (n_row, sum of repeats), int
            A view, and TZERO; None where the columns do not lie side by side or differ in type or scaling.
        """
        block = _block(self.structure, names)
        if block is None:
            return None
        shape, strides = (len(self.rows), block.width), (self.rows.dtype.itemsize, block.base.itemsize)
        rows = self.rows if len(self.rows) else np.empty(1, self.rows.dtype)
        return np.ndarray(shape, block.base, rows, block.offset, strides), block.zero

    def column(self, name: str) -> NDArray[Any]:
        """Return a column's values in native byte order, TSCAL and TZERO applied.

        Returns
        -------
        ndarray (n_row,) or (n_row, repeat)
            Integers stay integers when TSCAL is 1 and TZERO whole (16-bit columns with TZERO become int32), other
            scaled columns are float64, L is bool (see `null` for undefined), A is str without padding, X is
            uint8 (n_row, n_byte). NULL elements keep whatever is stored.
        """
        info, raw = self.info(name), self.raw(name)
        if info.code == "A":
            return np.char.strip(np.char.decode(raw, "latin-1"), " \0")
        if info.code == "L":
            return np.asarray(raw == ord("T"))
        values = raw.astype(raw.dtype.newbyteorder("="))
        if info.scale == 1.0 and info.zero == 0.0:
            return values
        if info.scale == 1.0 and float(info.zero).is_integer() and info.code in "BIJK":
            wide: Any = {"B": np.int16, "I": np.int32}.get(info.code, np.int64)
            return np.asarray(values.astype(wide) + wide(info.zero))
        return np.asarray(values.astype(np.float64) * info.scale + info.zero)

    def null(self, name: str) -> NDArray[np.bool_]:
        """Return where a column is undefined: TNULL for integers, NaN for floats, byte 0 for L."""
        info, raw = self.info(name), self.raw(name)
        if info.code in "ED":
            return np.asarray(np.isnan(raw))
        if info.code == "L":
            return np.asarray((raw != ord("T")) & (raw != ord("F")))
        if info.null is None or info.code in "AX":
            return np.zeros(raw.shape, bool)
        return np.asarray(raw == info.null)

    def __repr__(self) -> str:
        return f"<Table {self.where}: {len(self)} rows, {self.header.get('TFIELDS')} columns>"
