"""Comparing two FITS files that should hold the same product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.fits.reader import FitsFile
from rossi.fits.structure import ColumnInfo
from rossi.fits.table import Table, by_row

#: Cards that say who made a file, when and how, or how its bytes lie; none of them changes what it means.
_IGNORED = re.compile(
    r"CREATOR|DATE|ORIGIN|CHECKSUM|DATASUM|HISTORY|COMMENT|CONTINUE|LONGSTRN|SIMPLE|XTENSION|EXTEND|BITPIX|NAXIS\d*"
    r"|PCOUNT|GCOUNT|TFIELDS|THEAP|T(TYPE|FORM|UNIT|DISP|NULL|ZERO|SCAL|DIM|BCOL)\d+|\s*"
)
#: Columns that tell which row is which, and how close they must be to mean the same [s, channels].
_KEYS = ("TIME", "START", "CHANNEL")
_TOUCH = 1e-3
#: What is no difference, by unit: angles that come out of arc cosines (an arc cosine near 1 keeps half of a double's
#: digits, 1e-6 deg), and times of less than a tick of the spacecraft's clock (1 microsecond).
FLOORS = {"deg": 1e-6, "s": 1e-6}


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """How a column differs.

    Parameters
    ----------
    hdu, name, unit : str
    compared : int
        Elements that were compared.
    differing : int
        Elements that are not equal to the last bit, or undefined in one file only.
    nulls : int
        Elements that are undefined in one file only.
    max_abs, max_rel : float
        Largest difference, in the column's unit and as a part of the larger value; 0 where all are equal. What is not
        above the unit's floor (`FLOORS`) does not count in `max_rel`.
    row : int
        Row of the largest difference, from 1 in the first file; 0 where all are equal.
    note : str
        What else differs: ``only in the first file``, types, shapes.
    """

    hdu: str
    name: str
    unit: str
    compared: int
    differing: int
    nulls: int = 0
    max_abs: float = 0.0
    max_rel: float = 0.0
    row: int = 0
    note: str = ""

    @property
    def identical(self) -> bool:
        """Whether all numbers are equal; a wider type for equal numbers is no difference."""
        return not self.differing and bool(self.compared or not self.note)


@dataclass(frozen=True, slots=True)
class KeywordDifference:
    """A keyword with two values.

    Parameters
    ----------
    hdu, keyword : str
    first, second : str, bool, int, float or None
        None where a file has none.
    """

    hdu: str
    keyword: str
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class ProductDifference:
    """How two products differ.

    Parameters
    ----------
    name : str
    columns : tuple of ColumnDifference
        All columns, equal ones too.
    keywords : tuple of KeywordDifference
    remarks : tuple of str
        Missing extensions, other numbers of rows.
    """

    name: str
    columns: tuple[ColumnDifference, ...]
    keywords: tuple[KeywordDifference, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def same_numbers(self) -> bool:
        """Whether all columns are equal to the last bit, and no row or extension is missing."""
        return not self.remarks and all(column.identical for column in self.columns)

    @property
    def identical(self) -> bool:
        """Whether keywords are equal, too."""
        return self.same_numbers and not self.keywords

    @property
    def max_rel(self) -> float:
        """Largest relative difference of all columns; infinite where rows, columns or extensions are missing."""
        missing = self.remarks or any(column.note and not column.compared for column in self.columns)
        if missing or any(column.nulls for column in self.columns):
            return float("inf")
        return max((column.max_rel for column in self.columns), default=0.0)


def compare_products(first: FitsFile, second: FitsFile, name: str = "") -> ProductDifference:
    """Compare all tables of two files, and the keywords that mean something.

    Parameters
    ----------
    first, second : FitsFile
    name : str
        For tables; by default that of the first file.

    Notes
    -----
    Where numbers of rows differ, those of the same TIME, START or CHANNEL are compared.
    """
    columns: list[ColumnDifference] = []
    keywords = list(_keywords("PRIMARY", first.primary, second.primary))
    remarks: list[str] = []
    others = list(second.tables)
    for number, table in enumerate(first.tables, 1):
        label = table.name or f"HDU {number}"
        other = next((t for t in others if t.name == table.name), None)
        if other is None:
            remarks.append(f"{label} is only in the first file")
            continue
        others.remove(other)
        rows, remark = _matching_rows(table, other)
        if remark:
            remarks.append(f"{label}: {remark}")
        columns += _columns(label, table, other, rows)
        keywords += _keywords(label, table.header, other.header)
    remarks += [f"{table.name or 'an extension'} is only in the second file" for table in others]
    return ProductDifference(name or first.name, tuple(columns), tuple(keywords), tuple(remarks))


_Rows = tuple[NDArray[np.intp], NDArray[np.intp]]


def _matching_rows(first: Table, second: Table) -> tuple[_Rows, str]:
    """Return the rows of both tables that belong together, and what to say where they are not all."""
    if len(first) == len(second):
        every = np.arange(len(first))
        return (every, every), ""
    said = f"{len(first)} rows in the first file, {len(second)} in the second"
    key = next((key for key in _KEYS if key in first and key in second), None)
    if key is None or not len(first) or not len(second):
        none = np.arange(0)
        return (none, none), f"{said}; they were not compared"
    a, b = (np.asarray(table.column(key), np.float64).ravel() for table in (first, second))
    order = np.argsort(b, kind="stable")
    at = np.clip(np.searchsorted(b[order], a - _TOUCH), 0, len(b) - 1)
    mine = np.flatnonzero(np.abs(b[order][at] - a) <= _TOUCH)
    return (mine, order[at[mine]]), f"{said}; the {len(mine)} of the same {key} were compared"


def _columns(label: str, first: Table, second: Table, rows: _Rows) -> Iterator[ColumnDifference]:
    for name, info in first.infos.items():
        if name not in second:
            yield ColumnDifference(label, info.name, info.unit, 0, 0, note="only in the first file")
            continue
        other = second.info(name)
        notes = [] if info.code == other.code else [f"type {info.code} and {other.code}"]
        if info.unit != other.unit:
            notes.append(f"unit {info.unit or 'none'!r} and {other.unit or 'none'!r}")
        if info.is_variable or other.is_variable:
            yield _variable(label, info, (first, second), rows, ", ".join(notes))
            continue
        a, b = first.column(name)[rows[0]], second.column(name)[rows[1]]
        if a.shape[1:] != b.shape[1:]:
            yield ColumnDifference(label, info.name, info.unit, 0, 0, note="other number of elements in a row")
            continue
        undefined = first.null(name)[rows[0]], second.null(name)[rows[1]]
        yield _column(label, info.name, info.unit, (a, b), undefined, rows[0], ", ".join(notes))
    for name, info in second.infos.items():
        if name not in first:
            yield ColumnDifference(label, info.name, info.unit, 0, 0, note="only in the second file")


def _variable(label: str, info: ColumnInfo, tables: tuple[Table, Table], rows: _Rows, note: str) -> ColumnDifference:
    """Compare a column whose cells are of variable length in one file or both."""
    chosen = [table.with_rows(table.rows[which]) for table, which in zip(tables, rows, strict=True)]
    (a, count), (b, other) = ((cells.values, cells.count) for cells in (t.cells(info.name) for t in chosen))
    if (count != other).any():
        return ColumnDifference(label, info.name, info.unit, 0, 0, note="other number of elements in a row")
    if info.element in "AX":
        undefined = (np.zeros(len(a), bool), np.zeros(len(b), bool))
    else:
        undefined = (chosen[0].null_cells(info.name).values, chosen[1].null_cells(info.name).values)
    return _column(label, info.name, info.unit, (a, b), undefined, np.repeat(rows[0], count), note)


def _column(
    label: str,
    name: str,
    unit: str,
    values: tuple[NDArray[Any], NDArray[Any]],
    undefined: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    rows: NDArray[np.intp],
    note: str,
) -> ColumnDifference:
    (a, b), (no_a, no_b) = values, undefined
    if a.dtype.kind not in "biuf" or b.dtype.kind not in "biuf":
        unequal = a != b
        row = int(rows[np.flatnonzero(by_row(unequal).any(axis=1))[0]]) + 1 if unequal.any() else 0
        return ColumnDifference(label, name, unit, a.size, int(unequal.sum()), row=row, note=note)
    a, b = a.astype(np.float64), b.astype(np.float64)
    no_a, no_b = no_a | np.isnan(a), no_b | np.isnan(b)
    a, b = np.where(no_a, 0.0, a), np.where(no_b, 0.0, b)
    nulls = no_a != no_b
    both = ~(no_a | no_b)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.where(both & (a != b), np.abs(a - b), 0.0)
    scale = np.maximum(np.abs(a), np.abs(b))
    relative = np.divide(distance, scale, out=np.zeros_like(distance), where=distance > FLOORS.get(unit, 0.0))
    differing = int(np.count_nonzero(distance)) + int(nulls.sum())
    row = 0
    if differing:
        largest = by_row(np.where(nulls, np.inf, distance)).max(axis=1)
        row = int(rows[int(np.argmax(largest))]) + 1
    max_abs, max_rel = (float(found.max(initial=0.0)) for found in (distance, relative))
    return ColumnDifference(label, name, unit, a.size, differing, int(nulls.sum()), max_abs, max_rel, row, note)


def _keywords(label: str, first: Any, second: Any) -> Iterator[KeywordDifference]:
    for keyword in dict.fromkeys([*first, *second]):
        if _IGNORED.fullmatch(keyword):
            continue
        a, b = first.get(keyword), second.get(keyword)
        if _meaning(a) != _meaning(b):
            yield KeywordDifference(label, keyword, a, b)


def _meaning(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
