from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.unread import open_in_turn
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu


def test_of_many_files_only_so_much_is_in_memory() -> None:
    """What stays is what was opened first; of the others, only that which was looked at last."""
    asked: list[int] = []

    def opener(number: int) -> Callable[[], FitsFile]:
        values = [(Column("X", "D"), np.arange(3.0) + number)]
        content = fits_bytes(primary_hdu(), [table_hdu("TIMES", values)])

        def read() -> FitsFile:
            asked.append(number)
            return open_fits(content, f"file {number}")

        return read

    files = open_in_turn([opener(number) for number in range(4)], whole=2 * 3 * 8)
    assert asked == [0, 1, 2, 3]
    for number, file in enumerate(files):
        table = file.table("TIMES")
        assert (file.name, table.where, len(table)) == (f"file {number}", f"file {number}[TIMES]", 3)
        for _ in range(2):
            np.testing.assert_array_equal(table.column("X"), np.arange(3.0) + number)
    assert asked == [0, 1, 2, 3, 2, 3]
