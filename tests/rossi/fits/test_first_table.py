"""Of a file only the first table's header is read, and of a table columns that lie side by side at once."""

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import DataError
from rossi.fits.reader import open_fits
from rossi.fits.stream import first_table
from rossi.fits.structure import block


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_image_before_it_is_passed_over(pack):
    table = fits.BinTableHDU.from_columns([fits.Column("X", "D", array=np.arange(9.0))], name="TIMES")
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(np.ones(3000, "u1")), fits.ImageHDU(np.ones(7)), table]).writeto(written)
    found = first_table(pack(written.getvalue()), "a.fits")
    assert (found.header.get("EXTNAME"), len(found)) == ("TIMES", 0)
    with pytest.raises(DataError, match="no table"):
        first_table(pack(written.getvalue()[: 4 * 2880]), "a.fits")


def test_columns_side_by_side_are_one_block():
    columns = [fits.Column(name, form, array=np.arange(2)) for name, form in zip("ABCDE", "JJEJJ", strict=True)]
    table = fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)])
    written = io.BytesIO()
    table.writeto(written)
    structure = open_fits(written.getvalue(), "a.fits").table().structure
    assert (block(structure, ("A", "B")).offset, block(structure, ("E", "D")).offset) == (0, 12)
    assert block(structure, ("A", "B")).width == 2
    assert [block(structure, names) for names in (("B", "C"), ("A", "D"), ("A", "X"))] == [None] * 3
