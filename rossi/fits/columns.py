"""Further columns for a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import Header
from rossi.fits.structure import Structure, structure
from rossi.fits.table import Table
from rossi.fits.writer import Column, stored


def append_columns(table: Table, columns: Sequence[tuple[Column, NDArray[np.generic]]]) -> Table:
    """Return a copy of a table with further columns behind the old ones.

    Parameters
    ----------
    table : Table
    columns : sequence of (Column, ndarray (n_row,) or (n_row, repeat))
        Values as in `rossi.fits.writer.table_hdu`.
    """
    made = with_room(table, tuple(column for column, _ in columns))
    for number, (column, values) in enumerate(columns, len(table.structure.forms) + 1):
        field = made.rows[f"f{number}"]
        field[...] = stored(column, values, field.dtype).reshape(field.shape)
    return made


def with_room(table: Table, columns: tuple[Column, ...]) -> Table:
    """Return a copy of a table with further columns behind the old ones, whose values are still to be set.

    Parameters
    ----------
    table : Table
    columns : tuple of Column
    """
    n_old, width = len(table.structure.forms), table.rows.dtype.itemsize
    cards, more = _cards(columns, n_old + 1)
    known = _joined(table.structure, columns, cards, width + more)
    rows = np.empty(len(table), known.dtype)
    old = np.ascontiguousarray(table.rows).view("u1").reshape(len(table), width)
    rows.view("u1").reshape(len(table), width + more)[:, :width] = old
    header = table.header.copy()
    header.set("NAXIS1", width + more, "width of table in bytes")
    header.set("TFIELDS", n_old + len(columns), "number of fields in each row")
    header.add(cards)
    return Table(header, rows, table.source, known, table.heap)


@lru_cache(maxsize=64)
def _cards(columns: tuple[Column, ...], first: int) -> tuple[Header, int]:
    """Return the cards of columns, and how many bytes a row they take."""
    header = Header(card for number, column in enumerate(columns, first) for card in column.cards(number))
    alone = Header(card for number, column in enumerate(columns, 1) for card in column.cards(number))
    return header, structure(alone.column_cards(), len(columns), None).dtype.itemsize


@lru_cache(maxsize=64)
def _joined(old: Structure, columns: tuple[Column, ...], cards: Header, width: int) -> Structure:
    return structure(old.header.column_cards() + cards.column_cards(), len(old.forms) + len(columns), width)
