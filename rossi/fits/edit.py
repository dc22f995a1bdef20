"""New tables from old ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.arrays import chosen_rows, joined_rows
from rossi.errors import DataError
from rossi.fits.columns import append_columns
from rossi.fits.header import CardTuple, Header
from rossi.fits.reader import FitsFile, iterate_hdus
from rossi.fits.structure import ColumnInfo, structure
from rossi.fits.table import Table
from rossi.fits.writer import Column, TableHDU, data_unit, fits_bytes, hdu_parts, join_hdus

#: Keywords that end in the number of the column that they describe.
_NUMBERED = re.compile(
    r"(T(?:TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM|BCOL|LMIN|LMAX|DMIN|DMAX|DDES|EVTB)|[1-9]C[A-Z]{3})([1-9]\d*)"
)


def select_rows(table: Table, rows: ArrayLike) -> Table:
    """Return a table with some of its rows.

    Parameters
    ----------
    table : Table
    rows : array_like (n_row,) of bool, or (k,) of int
    """
    chosen = chosen_rows(table.rows, np.asarray(rows))
    header = table.header.copy()
    header.set("NAXIS2", len(chosen), "number of rows in table")
    return table.with_rows(chosen, header)


def select_columns(table: Table, names: Sequence[str]) -> Table:
    """Return a table with some of its columns, in the order given; keywords that describe them come along.

    Parameters
    ----------
    table : Table
    names : sequence of str

    Raises
    ------
    DataError
        If there is no such column.
    """
    old = [table.info(name).number for name in names]
    cards: dict[int, list[tuple[str, bytes]]] = {number: [] for number in old}
    before, after = Header(), Header()
    for keyword, image in table.header.images():
        match = _NUMBERED.fullmatch(keyword)
        number = int(match[2]) if match else 0
        if number in cards and match:
            renamed = f"{match[1]}{old.index(number) + 1}"
            cards[number].append((renamed, renamed.ljust(8).encode() + image[8:]))
        elif not 1 <= number <= len(table.structure.forms):
            (after if any(cards.values()) else before).extend([(keyword, image)])
    before.extend([card for number in old for card in cards[number]])
    known = structure(before.column_cards(), len(old), None)
    before.extend(after.images())
    before.set("NAXIS1", known.dtype.itemsize, "width of table in bytes")
    before.set("TFIELDS", len(old), "number of fields in each row")
    rows = np.empty(len(table), known.dtype)
    for new, number in enumerate(old, 1):
        rows[f"f{new}"] = table.rows[f"f{number}"]
    return Table(before, rows, table.source, known, table.heap if known.has_heap else b"")


def without_columns(header: Header) -> Header:
    """Return a copy of a table's header without the cards that describe its columns.

    Parameters
    ----------
    header : Header
    """
    return header.without_matching(_NUMBERED)


def as_hdu(table: Table) -> TableHDU:
    """Return a table ready to be written again; the heap of columns of variable length stays whole.

    Parameters
    ----------
    table : Table
    """
    header = table.header
    if len(table.heap) != header.get("PCOUNT", 0) or "THEAP" in header:
        header = header.without(("THEAP",))
        header.set("PCOUNT", len(table.heap), "size of special data area")
    return TableHDU(header, data_unit(table.rows, table.heap))


def as_file(name: str, primary: Header, tables: Iterable[TableHDU]) -> FitsFile:
    """Return what is ready to be written as a file that is open.

    Parameters
    ----------
    name : str
    primary : Header
    tables : iterable of TableHDU
    """
    return FitsFile(name, primary, tuple(Table(hdu.header, hdu.data, name) for hdu in tables))


def file_parts(file: FitsFile) -> Iterator[bytes | memoryview]:
    """Iterate over a file's content as `rossi.fits.writer.hdu_parts` does.

    Parameters
    ----------
    file : FitsFile
    """
    return hdu_parts([TableHDU(file.primary, b""), *map(as_hdu, file.tables)])


def file_bytes(file: FitsFile, *, compress: bool = False) -> bytes:
    """Return a file's content: its primary header and its tables.

    Parameters
    ----------
    file : FitsFile
    compress : bool
        Gzip the result.
    """
    return fits_bytes(file.primary, [as_hdu(table) for table in file.tables], compress=compress)


def with_values(table: Table, values: Mapping[str, ArrayLike]) -> Table:
    """Return a copy of a table with other numbers in some of its columns, which keep their types.

    Parameters
    ----------
    table : Table
    values : mapping of str to array_like (n_row,) or (n_row, repeat)
        By column name.

    Raises
    ------
    DataError
        If there is no such column, or its type can't hold the numbers.
    """
    rows = table.rows.copy()
    for name, numbers in values.items():
        info = table.info(name)
        table.raw(name)  # refuses cells of variable length
        field = rows[f"f{info.number}"]
        field[...] = encoded(info, numbers, None, field.dtype, table.where).reshape(field.shape)
    return table.with_rows(rows)


def encoded(
    info: ColumnInfo, values: ArrayLike, null: ArrayLike | None, dtype: np.dtype[Any], where: str
) -> NDArray[Any]:
    """Return values as a column stores them: scaled, rounded where it holds whole numbers, undefined ones marked.

    Parameters
    ----------
    info : ColumnInfo
    values : array_like (...)
        As `Table.column` gives them.
    null : array_like (...) of bool, or None
        Where they are undefined.
    dtype : dtype
        Of the stored elements.
    where : str
        The table, for messages.

    Returns
    -------
    ndarray (...)

    Raises
    ------
    DataError
        If the column's type can't hold them.
    """
    if info.code in "XA":
        given = np.asarray(values)
        return given if info.code == "X" else np.char.encode(given.astype(str), "ascii", "replace").astype(dtype.base)
    undefined = np.broadcast_to(False if null is None else null, np.shape(values))
    if info.code == "L":
        return np.where(undefined, 0, np.where(values, ord("T"), ord("F"))).astype("u1")
    if info.code in "ED":
        return np.where(undefined, np.nan, (np.asarray(values) - info.zero) / info.scale)
    exact = (info.zero, info.scale) == (0.0, 1.0) and np.asarray(values).dtype.kind in "iu"
    given = np.asarray(values) if exact else np.rint((np.asarray(values) - info.zero) / info.scale)
    known, limits = given[~undefined], np.iinfo(dtype.base)
    if known.size and not (limits.min <= known.min() and known.max() <= limits.max):
        raise DataError(
            f"{where}: column {info.name} is of type {info.code} and can't hold the numbers from "
            f"{np.min(np.asarray(values)[~undefined]):g} to {np.max(np.asarray(values)[~undefined]):g}; "
            "write it in a wider type."
        )
    if undefined.any() and info.null is None:
        raise DataError(f"{where}: column {info.name} has no TNULL, so its type {info.code} has no undefined values.")
    return np.where(undefined, 0 if info.null is None else info.null, given)


def set_column(
    table: Table, column: Column, values: NDArray[Any], null: NDArray[np.bool_], rows: ArrayLike | None = None
) -> Table:
    """Return a table in which a column has other values; a new one stands behind the others.

    Parameters
    ----------
    table : Table
    column : Column
        An old column of that name keeps its type.
    values : ndarray (n_row,) or (n_row, repeat)
    null : ndarray (...) of bool
        Where they are undefined; broadcasts against `values`.
    rows : array_like (k,) of int, optional
        From 0; other rows keep their values, or are 0 in a new column.

    Raises
    ------
    DataError
        If the column can't hold the values.
    """
    if column.name not in table:
        empty = np.zeros(values.shape, values.dtype)
        table = append_columns(table, [(column, empty)])
    info = table.info(column.name)
    new = table.rows.copy()
    table.raw(column.name)  # refuses cells of variable length
    field = new[f"f{info.number}"]
    chosen = np.arange(len(new)) if rows is None else np.asarray(rows)
    values, null = values[chosen], np.broadcast_to(null, values.shape)[chosen]
    shape = (len(chosen), *field.shape[1:])
    if values.size and info.code not in "AX" and values.size != np.prod(shape):
        if values.ndim > 1:
            raise DataError(
                f"{table.where}: column {info.name} has {info.repeat} elements a row, the new values {values.shape[1]}."
            )
        values, null = (np.broadcast_to(a[:, None], shape) for a in (values, null))
    field[chosen] = encoded(info, values, null, field.dtype, table.where).reshape(shape)
    return table.with_rows(new)


def stack_rows(first: Table, others: Sequence[Table], after: int | None = None) -> Table:
    """Return a table with the rows of several; columns are of the types that they have in the first.

    Parameters
    ----------
    first : Table
    others : sequence of Table
        With the same columns, in the same order.
    after : int, optional
        Row of the first table behind which the others come; at its end by default.

    Raises
    ------
    DataError
        If columns differ, or a type can't hold the others' values.
    """
    names, parts, heap = list(first.infos), [], bytes(first.heap)
    for table in others:
        if list(table.infos) != names:
            found, wanted = ", ".join(table.infos), ", ".join(names)
            raise DataError(f"{table.where}: its columns are {found}; {first.where} has {wanted}. Name common ones.")
        parts.append(_like(table, first, len(heap)))
        heap += bytes(table.heap)
    at = len(first) if after is None else after
    pieces = [first.rows[:at], *parts, first.rows[at:]]
    rows = joined_rows(pieces)
    header = first.header.copy()
    header.set("NAXIS2", len(rows), "number of rows in table")
    return Table(header, rows, first.source, first.structure, heap if first.structure.has_heap else b"")


def _like(table: Table, first: Table, heap: int) -> NDArray[Any]:
    """Return the rows of a table in the layout of another with the same columns; its heap begins at a byte."""
    same = table.structure.dtype == first.structure.dtype and list(table.infos.values()) == list(first.infos.values())
    if same and not first.structure.has_heap:
        return table.rows
    rows = np.zeros(len(table), first.structure.dtype)
    for name, info in first.infos.items():
        field, old = rows[f"f{info.number}"], table.info(name)
        kept = set("AXLPQ") & {old.code, info.code}
        if (kept and (old.code, old.element) != (info.code, info.element)) or (
            old.repeat != info.repeat and info.code != "A"
        ):
            raise DataError(
                f"{table.where}: column {name} is of type {old.repeat}{old.code}, but {info.repeat}{info.code} in "
                f"{first.where}; leave it out."
            )
        if info.is_variable:
            field[...] = table.rows[f"f{old.number}"]
            field[..., 1::2] += heap
            continue
        values = table.raw(name) if info.code == "X" else table.column(name)
        field[...] = encoded(info, values, table.null(name), field.dtype, table.where).reshape(field.shape)
    return rows


def with_keywords(data: bytes, name: str, hdu: int, cards: Sequence[CardTuple]) -> bytes:
    """Return a FITS file with other keywords in one of its HDUs.

    Parameters
    ----------
    data : bytes
        The file, not compressed.
    name : str
        Its name, for messages.
    hdu : int
        0 is the primary one.
    cards : sequence of CardTuple
        Replaced, or appended.

    Raises
    ------
    DataError
        If it is gzip-compressed, damaged, or has no such HDU.
    """
    require_plain(data, name)
    hdus = hdus_of(data, name)
    if hdu >= len(hdus):
        raise DataError(f"{name}: HDU {hdu} is missing; the file has {len(hdus)}.")
    header = hdus[hdu].header.copy()
    for card in cards:
        header.set(*card)
    hdus[hdu] = TableHDU(header, hdus[hdu].data)
    return join_hdus(hdus)


def hdus_of(data: bytes, name: str) -> list[TableHDU]:
    """Return the HDUs of a FITS file, ready to be written again.

    Parameters
    ----------
    data : bytes
        The file, not compressed.
    name : str
        Its name, for messages.

    Raises
    ------
    DataError
        If it is damaged.
    """
    return [TableHDU(header, unit) for header, unit in iterate_hdus(data, name)]


def require_plain(data: bytes, name: str) -> None:
    """Require that a file that shall be changed in place is not gzip-compressed.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.

    Raises
    ------
    DataError
        If it is.
    """
    if data[:2] == b"\x1f\x8b":
        raise DataError(f"{name}: the file is gzip-compressed and can't be changed in place; uncompress it first.")
