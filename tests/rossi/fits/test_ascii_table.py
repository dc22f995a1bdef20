"""ASCII tables are read as binary ones."""

import io

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import DataError
from rossi.fits.edit import as_hdu
from rossi.fits.reader import open_fits
from rossi.fits.writer import fits_bytes, primary_hdu


def ascii_file(**cells):
    columns = [
        fits.Column("TIME", "F20.6", array=[1e8 + 0.25, 1e8 + 16.25], unit="s"),
        fits.Column("RATE", "E15.7", array=[1.5, -2.5e-3]),
        fits.Column("N", "I6", array=[3, -4]),
        fits.Column("NAME", "A5", array=["ab", "cde"]),
    ]
    written = io.BytesIO()
    table = fits.TableHDU.from_columns(columns, name="RATE")
    table.header["OBJECT"] = "SIM"
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(written)
    data = written.getvalue()
    for old, new in cells.items():
        assert old.encode() in data
        data = data.replace(old.encode(), new.encode())
    return data


def test_values_units_and_keywords():
    table = open_fits(ascii_file(), "x").table("RATE")
    np.testing.assert_array_equal(table.column("TIME"), [1e8 + 0.25, 1e8 + 16.25])
    np.testing.assert_array_equal(table.column("RATE"), [1.5, -2.5e-3])
    assert (table.column("N").tolist(), table.column("NAME").tolist()) == ([3, -4], ["ab", "cde"])
    assert (table.info("TIME").unit, table.header["OBJECT"], table.name) == ("s", "SIM", "RATE")
    assert [table.header.to_block().count(key) for key in (b"XTENSION=", b"NAXIS2  =", b"TTYPE1  =")] == [1, 1, 1]


def test_it_is_written_as_a_binary_table(tmp_path):
    path = tmp_path / "a.fits"
    path.write_bytes(fits_bytes(primary_hdu(), [as_hdu(open_fits(ascii_file(), "x").table())]))
    with fits.open(path) as hdus:
        assert isinstance(hdus[1], fits.BinTableHDU)
        assert hdus[1].data["TIME"].tolist() == [1e8 + 0.25, 1e8 + 16.25]


def test_exponents_of_fortran_and_blank_cells():
    data = ascii_file(**{"  1.5000000E+00": "  1.5000000D+00", " -2.5000000E-03": " " * 15})
    np.testing.assert_array_equal(open_fits(data, "x").table().column("RATE"), [1.5, np.nan])


def test_what_is_no_number_is_refused():
    with pytest.raises(DataError, match=r"x\[RATE\]: column 2 holds a cell that is no number"):
        open_fits(ascii_file(**{"  1.5000000E+00": "  1.5x00000E+00"}), "x")
    with pytest.raises(DataError, match=r"x\[RATE\]: TFORM2 is 'Q15.7'"):
        open_fits(ascii_file(**{"'E15.7   '": "'Q15.7   '"}), "x")
    with pytest.raises(DataError, match=r"column 2 lies outside of the rows"):
        open_fits(ascii_file(**{"'E15.7   '": "'E95.7   '"}), "x")
    for old, new in (
        (f"TBCOL2  = {21:20d}", f"TBCOL2  = {0:20d}"),
        ("'E15.7   '", "'E0.0    '"),
        ("'A5      '", "'A6      '"),
    ):
        with pytest.raises(DataError, match="lies outside of the rows"):
            open_fits(ascii_file(**{old: new}), "x")


def test_a_table_without_rows():
    data = ascii_file(**{"NAXIS2  =                    2": "NAXIS2  =                    0"})[:-2880]
    table = open_fits(data, "x").table("RATE")
    assert [len(table.column(name)) for name in ("TIME", "RATE", "N", "NAME")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("largest", "code"),
    [((1 << 53) - 1, "K"), (1 << 53, "D"), ((1 << 53) + 2, "D"), (1 - (1 << 53), "K"), (-(1 << 53), "D")],
)
def test_whole_numbers_that_double_precision_holds(largest, code):
    """Up to 2^53 each is one; from there on a cell may have been another number."""
    written = io.BytesIO()
    table = fits.TableHDU.from_columns([fits.Column("N", "I20", array=[3, largest])])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(written)
    made = open_fits(written.getvalue(), "x").table()
    assert (made.info("N").code, made.column("N").tolist()) == (code, [3, largest])


def test_cells_that_are_undefined():
    written = io.BytesIO()
    table = fits.TableHDU.from_columns([fits.Column("N", "I6", array=[3, -99, 5], null="-99")])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(written)
    data = written.getvalue()
    assert data.count(b"     5") == 1
    for content, expected in ((data, [3, np.nan, 5]), (data.replace(b"     5", b"      "), [3, np.nan, np.nan])):
        np.testing.assert_array_equal(open_fits(content, "x").table().column("N"), expected)
