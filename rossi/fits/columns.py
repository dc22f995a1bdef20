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
    cards, known = _joined(table.structure, columns)
    old, width = np.ascontiguousarray(table.rows), known.dtype.itemsize
    rows = np.empty(len(old), known.dtype)
    rows.view("u1").reshape(len(old), width)[:, : old.itemsize] = old.view("u1").reshape(len(old), old.itemsize)
    header = table.header.copy()
    header.set("NAXIS1", width, "width of table in bytes")
    header.set("TFIELDS", len(known.forms), "number of fields in each row")
    header.add(cards)
    return Table(header, rows, table.source, known, table.heap)


@lru_cache(maxsize=64)
def _joined(old: Structure, columns: tuple[Column, ...]) -> tuple[Header, Structure]:
    """Return the cards of further columns, and the structure of a table that has them behind its own."""
    n_old, n_new = len(old.forms), len(columns)
    header, alone = (
        Header(card for number, column in enumerate(columns, first) for card in column.cards(number))
        for first in (n_old + 1, 1)
    )
    width = old.dtype.itemsize + structure(alone.column_cards(), n_new, None).dtype.itemsize
    return header, structure(old.header.column_cards() + header.column_cards(), n_old + n_new, width)
