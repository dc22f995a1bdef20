"""Tables as text."""

import numpy as np

from rossi.fits.reader import open_fits
from rossi.fits.text import table_lines
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu


def test_row_numbers_are_as_wide_as_the_largest() -> None:
    values = [(Column("X", "J"), np.arange(12))]
    table = open_fits(fits_bytes(primary_hdu(), [table_hdu("T", values)]), "a.fits").table()
    widths = {rows: next(table_lines(table, ["X"], range(rows), show=["names", "rows"])).rstrip() for rows in (9, 10)}
    assert len(widths[10]) == len(widths[9]) + 1
