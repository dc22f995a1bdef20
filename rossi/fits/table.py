"""Binary tables as one structured array over the bytes of the file.

Nothing is copied on opening: the rows are a view, and a column is converted to native, scaled values when it is asked
for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits.elements import native, undefined
from rossi.fits.header import Header
from rossi.fits.heap import CODES, Ragged, descriptors, gather, regular
from rossi.fits.structure import ColumnInfo, Structure, block, structure


def by_row(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values of each row side by side, a view where it can be one; also those of a table without rows.

    Parameters
    ----------
    values : ndarray (n_row, ...)

    Returns
    -------
    ndarray (n_row, n)
    """
    return values.reshape(len(values), math.prod(values.shape[1:]))


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
    heap : bytes-like
        With rows as `data`: the elements of columns of variable length.

    Attributes
    ----------
    rows : ndarray (n_row,)
        Structured, big-endian view of the file's bytes.
    heap : memoryview
        Empty where no column is of variable length.
    """

    __slots__ = ("header", "heap", "rows", "source", "structure", "where")

    def __init__(
        self,
        header: Header,
        data: bytes | memoryview | NDArray[Any],
        source: str,
        known: Structure | None = None,
        heap: bytes | memoryview = b"",
    ) -> None:
        self.header, self.source = header, source
        self.where = f"{source}[{header.get('EXTNAME', 'table')}]"
        self.structure = known or self._worked_out()
        if isinstance(data, np.ndarray):
            self.rows = data
        elif n_row := header.count("NAXIS2", self.where):
            size = n_row * self.structure.dtype.itemsize
            if not 0 < size <= len(data):
                raise DataError(
                    f"{self.where}: {n_row} rows of {self.structure.dtype.itemsize} bytes do not fit the data unit of "
                    f"{len(data)} bytes; the file is damaged, fetch it again."
                )
            self.rows = np.frombuffer(data, self.structure.dtype, n_row)
        else:
            self.rows = np.empty(0, self.structure.dtype)
        self.heap = memoryview(heap)
        if self.structure.has_heap and not isinstance(data, np.ndarray):
            self.heap = memoryview(data)[self._heap_start(len(data)) :]

    def _worked_out(self) -> Structure:
        n_field, width = (self.header.count(keyword, self.where) for keyword in ("TFIELDS", "NAXIS1"))
        try:
            return structure(self.header.column_cards(), n_field, width)
        except DataError as error:
            raise type(error)(f"{self.where}{error}") from None

    def _heap_start(self, size: int) -> int:
        rows = len(self.rows) * self.structure.dtype.itemsize
        start = self.header.count("THEAP", self.where, rows)
        if not rows <= start <= size:
            raise DataError(
                f"{self.where}: keyword THEAP is {start}, but the rows take {rows} bytes and the data unit has {size}; "
                "the file is damaged, fetch it again."
            )
        return start

    def with_rows(self, rows: NDArray[Any], header: Header | None = None) -> Table:
        """Return a table of the same columns with other rows, and perhaps another header.

        Parameters
        ----------
        rows : ndarray (n_row,)
            Of the structure's dtype.
        header : Header, optional
        """
        if header is not None:
            return Table(header, rows, self.source, self.structure, self.heap)
        new = Table.__new__(Table)
        new.header, new.source, new.where, new.structure = self.header, self.source, self.where, self.structure
        new.rows, new.heap = rows, self.heap
        return new

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

        Parameters
        ----------
        name : str

        Raises
        ------
        DataError
            If there is no such column; the message lists similar ones.
        """
        try:
            return self.structure.infos[name.upper()]
        except KeyError:
            some = ", ".join(i.name for i in list(self.infos.values())[:12])
            raise DataError(f"{self.where}: column {name} is missing; the table has {some} ...") from None

    def raw(self, name: str) -> NDArray[Any]:
        """Return a column as stored: big-endian, not scaled, a view.

        Parameters
        ----------
        name : str

        Returns
        -------
        ndarray (n_row,) or (n_row, repeat)

        Raises
        ------
        DataError
            If there is no such column, or its cells are of variable length (see `cells`).
        """
        info = self.info(name)
        if info.is_variable:
            raise DataError(
                f"{self.where}: the cells of column {info.name} are of variable length (TFORM{info.number} is "
                f"{self.structure.forms[info.number - 1]!r}); a fixed number of elements in every row was expected."
            )
        field: NDArray[Any] = self.rows[f"f{info.number}"]
        return field

    def cells(self, name: str) -> Ragged:
        """Return the elements of a column, be its cells of fixed or of variable length, as `column` has them.

        A text is one element; bits are elements of 0 and 1.

        Parameters
        ----------
        name : str

        Raises
        ------
        DataError
            If a cell does not lie in the heap.
        """
        info = self.info(name)
        if info.element == "X":
            return self._bits(info)
        if not info.is_variable:
            return regular(self.column(name))
        stored = self._stored_cells(info)
        if info.element == "A":
            texts = [cell.tobytes().decode("latin-1").strip(" \0") for cell in stored.rows()]
            return Ragged(np.array(texts, str), np.ones(len(texts), np.int64))
        return Ragged(native(info, stored.values), stored.count)

    def _stored_cells(self, info: ColumnInfo) -> Ragged:
        per_byte = 8 if info.element == "X" else 1
        field, where = self.rows[f"f{info.number}"], f"{self.where}, column {info.name}"
        return gather(self.heap, field, np.dtype(CODES[info.element]), where, per_byte)

    def _bits(self, info: ColumnInfo) -> Ragged:
        if info.is_variable:
            cells, count = self._stored_cells(info).rows(), descriptors(self.rows[f"f{info.number}"])[0]
        else:
            cells, count = regular(self.raw(info.name)).rows(), np.full(len(self), info.repeat, np.int64)
        bits = [np.unpackbits(cell, count=n) for cell, n in zip(cells, count.tolist(), strict=True)]
        return Ragged(np.concatenate([np.empty(0, np.uint8), *bits]), count)

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
        side = block(self.structure, names)
        if side is None:
            return None
        shape, strides = (len(self.rows), side.width), (self.rows.dtype.itemsize, side.base.itemsize)
        rows = self.rows if len(self.rows) else np.empty(1, self.rows.dtype)
        return np.ndarray(shape, side.base, rows, side.offset, strides), side.zero

    def side_by_side(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """Return columns of one number a row as `numbers` does, as one array.

        Parameters
        ----------
        names : tuple of str

        Returns
        -------
        ndarray (n_row, n_name) of float64

        Raises
        ------
        DataError
            As `numbers` does.
        """
        numbers = [self.info(name).number for name in names]
        side = self.adjacent(names) if numbers == sorted(numbers) else None
        if side is None or side[0].shape[1] != len(names) or side[0].dtype.kind == "f":
            return np.column_stack([self.numbers(name) for name in names])
        return np.asarray(side[0].astype(np.float64) + side[1])

    def column(self, name: str) -> NDArray[Any]:
        """Return a column's values in native byte order, TSCAL and TZERO applied.

        Parameters
        ----------
        name : str

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
        return native(info, raw)

    def numbers(self, name: str, repeat: int | None = 1) -> NDArray[np.float64]:
        """Return a column of numbers as `column` does, in double precision.

        Parameters
        ----------
        name : str
        repeat : int or None
            Numbers in a row that are expected; None takes any.

        Returns
        -------
        ndarray (n_row,) or (n_row, repeat) of float64

        Raises
        ------
        DataError
            If there is no such column, or it holds something else.
        """
        info = self._require(name, "BIJKED", repeat)
        raw = self.rows[f"f{info.number}"]
        if info.scale == 1.0 and info.zero == 0.0 and info.code != "E":
            return raw.astype(np.float64)
        with np.errstate(invalid="ignore"):  # signalling NaNs of single precision
            return np.asarray(native(info, raw), np.float64)

    def rows_of_numbers(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return columns of one number a row as `numbers` does, one below the other, NaN where they are undefined.

        Parameters
        ----------
        names : sequence of str

        Returns
        -------
        ndarray (n_name, n_row) of float64
        """
        found = np.empty((len(names), len(self)))
        with np.errstate(invalid="ignore"):  # signalling NaNs of single precision
            for name, values in zip(names, found, strict=True):
                info = self._require(name, "BIJKED", 1)
                raw = self.rows[f"f{info.number}"]
                values[...] = raw if info.scale == 1.0 and info.zero == 0.0 else native(info, raw)
                if info.null is not None:
                    values[undefined(info, raw)] = np.nan
        return found

    def integers(self, name: str, repeat: int | None = 1) -> NDArray[np.int64]:
        """Return a column of integers.

        Parameters
        ----------
        name : str
        repeat : int or None
            Numbers in a row that are expected; None takes any.

        Returns
        -------
        ndarray (n_row,) or (n_row, repeat) of int64

        Raises
        ------
        DataError
            If there is no such column, or it holds something else.
        """
        info = self._require(name, "BIJK", repeat)
        values = native(info, self.rows[f"f{info.number}"])
        if values.dtype.kind not in "iu":
            raise DataError(
                f"{self.where}: column {info.name} is scaled (TSCAL{info.number} is {info.scale:g}, TZERO{info.number} "
                f"{info.zero:g}); whole numbers were expected."
            )
        return values.astype(np.int64)

    def _require(self, name: str, letters: str, repeat: int | None) -> ColumnInfo:
        info = self.info(name)
        if info.code not in letters or repeat not in (None, info.repeat):
            kind = "integer" if letters == "BIJK" else "number"
            many = "any number of them" if repeat is None else f"{repeat} in every row"
            raise DataError(
                f"{self.where}: TFORM{info.number} of column {info.name} is {self.structure.forms[info.number - 1]!r}; "
                f"the type of a {kind} was expected, {many}. The file may be damaged."
            )
        return info

    def null(self, name: str) -> NDArray[np.bool_]:
        """Return where a column is undefined: TNULL for integers, NaN for floats, byte 0 for L.

        Parameters
        ----------
        name : str

        Returns
        -------
        ndarray (n_row,) or (n_row, repeat) of bool
        """
        return undefined(self.info(name), self.raw(name))

    def null_cells(self, name: str) -> Ragged:
        """Return which of the elements of `cells` are undefined; texts and bits, which always are defined, excepted.

        Parameters
        ----------
        name : str

        Returns
        -------
        Ragged
            Its values are of bool.
        """
        info = self.info(name)
        if info.is_variable:
            stored = self._stored_cells(info)
            return Ragged(undefined(info, stored.values), stored.count)
        return regular(self.null(name))

    def __repr__(self) -> str:
        return f"<Table {self.where}: {len(self)} rows, {self.header.get('TFIELDS')} columns>"
