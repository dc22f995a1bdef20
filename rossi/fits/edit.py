"""New tables from old ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rossi.fits.table import Table, layout
from rossi.fits.writer import Column, TableHDU, stored


def append_columns(table: Table, columns: Sequence[tuple[Column, NDArray[np.generic]]]) -> Table:
    """Return a copy of a table with further columns behind the old ones.

    Parameters
    ----------
    table : Table
    columns : sequence of (Column, ndarray (n_row,) or (n_row, repeat))
        Values as in `rossi.fits.writer.table_hdu`.
    """
    n_old, width = int(table.header["TFIELDS"]), int(table.header["NAXIS1"])
    forms = tuple(str(table.header[f"TFORM{n}"]) for n in range(1, n_old + 1)) + tuple(c.form for c, _ in columns)
    more = layout(tuple(c.form for c, _ in columns), None, table.where).itemsize
    rows = np.empty(len(table), layout(forms, width + more, table.where))
    old = np.ascontiguousarray(table.rows).view("u1").reshape(len(table), width)
    rows.view("u1").reshape(len(table), width + more)[:, :width] = old
    header = table.header.copy()
    header.set("NAXIS1", width + more, "width of table in bytes")
    header.set("TFIELDS", n_old + len(columns), "number of fields in each row")
    for number, (column, values) in enumerate(columns, n_old + 1):
        rows[f"f{number}"] = stored(column, values, rows.dtype[number - 1])
        for card in column.cards(number):
            header.append(*card)
    return Table(header, rows, table.source)


def as_hdu(table: Table) -> TableHDU:
    """Return a table ready to be written again."""
    return TableHDU(table.header, table.rows.tobytes())
