import io

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rossi.errors import DataError
from rossi.fits.columns import append_columns
from rossi.fits.edit import as_hdu, set_column
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.fits.sums import encode_checksum, ones_complement_sum
from rossi.fits.table import Table
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

COLUMNS = [
    (Column("TIME", "D", "s", "a time"), np.array([1.5, 2.5, np.nan])),
    (Column("UNS", "2I", "count", zero=32768), np.array([[0, 1], [2, 65535], [40000, 4]])),
    (Column("TEXT", "6A"), np.array(["abc", "d", ""])),
    (Column("FLAG", "L"), np.array([True, False, True])),
    (Column("NUM", "J", null=-1), np.array([1, -1, 3])),
    (Column("BITS", "12X"), np.array([[0xF0, 0x10], [0, 0], [255, 240]], "u1")),
]
CARDS = [
    ("OBJECT", "Cyg X-1", "comment"),
    ("CPIX", "x" * 200),
    ("ONTIME", 123.456),
    ("N", 7),
    ("FLAGK", True),
    ("NONE", None),
]


def whole(**options):
    return fits_bytes(primary_hdu([("ORIGIN", "here")]), [table_hdu("RATE", COLUMNS, CARDS)], **options)


def test_astropy_reads_it_and_checksums_hold():
    with fits.open(io.BytesIO(whole()), checksum=True) as hdus:
        hdus.verify("exception")
        table = hdus["RATE"]
        assert table.data["UNS"].tolist() == [[0, 1], [2, 65535], [40000, 4]]
        assert table.data["TEXT"].tolist() == ["abc   ", "d     ", "      "]
        assert table.data["FLAG"].tolist() == [True, False, True]
        assert table.header["CPIX"] == "x" * 200
        assert table.header["TNULL5"] == -1
        assert table.header["NONE"] is None


def test_round_trip():
    table = open_fits(whole(), "f").table("RATE")
    assert np.array_equal(table.column("TIME"), COLUMNS[0][1], equal_nan=True)
    assert table.column("UNS").tolist() == COLUMNS[1][1].tolist()
    assert table.null("NUM").tolist() == [False, True, False]
    assert table.column("BITS").tolist() == COLUMNS[5][1].tolist()
    assert (table.header["N"], table.header["FLAGK"], table.header.get("NONE", "d")) == (7, True, "d")


def test_compressed_files_are_equal_bytes_and_the_same_content():
    assert whole(compress=True) == whole(compress=True)
    assert open_fits(whole(compress=True), "f").table("RATE").column("NUM").tolist() == [1, -1, 3]


def test_a_table_without_rows():
    columns = [(Column("START", "1D"), np.empty(0)), (Column("STOP", "1D"), np.empty(0))]
    data = fits_bytes(primary_hdu(), [table_hdu("STDGTI", columns)])
    with fits.open(io.BytesIO(data), checksum=True) as hdus:
        assert len(hdus[1].data) == 0
    assert open_fits(data, "f").table("STDGTI").column("STOP").shape == (0,)


@given(st.integers(0, 2**32 - 1))
def test_checksum_letters_decode_to_the_value(value):
    text = encode_checksum(value)
    assert len(text) == 16
    assert text.isalnum()
    rotated = text[1:] + text[0]
    total = sum(int.from_bytes(rotated[i : i + 4].encode()) for i in range(0, 16, 4)) - 4 * 0x30303030
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    assert total % 0xFFFFFFFF == value % 0xFFFFFFFF


@given(st.binary(max_size=400).map(lambda b: b.ljust(-(-len(b) // 4) * 4, b"\0")))
def test_sum_is_the_ones_complement_sum(data):
    expected = sum(int.from_bytes(data[i : i + 4]) for i in range(0, len(data), 4))
    assert ones_complement_sum(data) % 0xFFFFFFFF == expected % 0xFFFFFFFF


@given(hnp.arrays(np.float64, st.integers(0, 20)))
def test_appending_columns_keeps_the_others(values):
    data = fits_bytes(
        primary_hdu(), [table_hdu("T", [(Column("A", "D"), values), (Column("B", "B"), np.ones(len(values)))])]
    )
    table = append_columns(open_fits(data, "f").tables[0], [(Column("C", "2E"), np.zeros((len(values), 2)))])
    again = open_fits(fits_bytes(primary_hdu(), [as_hdu(table)]), "f").tables[0]
    assert np.array_equal(again.column("A"), values, equal_nan=True)
    assert again.column("C").shape == (len(values), 2)
    assert again.header["TFIELDS"] == 3


def test_a_column_of_several_elements_takes_one_for_all_or_each():
    hdu = table_hdu("T", [(Column("A", "3I", null=-1), np.zeros((2, 3)))])
    table, column = Table(hdu.header, hdu.data, "t"), Column("A", "3I")
    known = np.zeros(2, bool)
    assert set_column(table, column, np.array([5, 6]), known).column("A").tolist() == [[5, 5, 5], [6, 6, 6]]
    assert set_column(table, column, np.array([5, 6]), ~known, [1]).column("A").tolist() == [[0, 0, 0], [-1, -1, -1]]
    each = np.arange(6).reshape(2, 3)
    assert set_column(table, column, each, known[:, None]).column("A").tolist() == each.tolist()
    with pytest.raises(DataError, match="column A has 3 elements a row, the new values 2"):
        set_column(table, column, np.zeros((2, 2)), known[:, None])


def test_header_edits():
    header = Header([("A", 1), ("LONG", "y" * 100), ("COMMENT", "one"), ("COMMENT", "two"), ("B", "text", "c" * 200)])
    header.set("A", 2.5)
    assert header["A"] == 2.5
    assert len(header.to_block()) % 2880 == 0
    again = Header.from_block(header.to_block())
    assert list(again) == ["A", "LONG", "COMMENT", "B"]
    assert again["LONG"] == "y" * 100
    assert again["B"] == "text"
    assert [k for k, _ in again.without(("A",), ("LO",)).images()] == ["COMMENT", "COMMENT", "B"]
    with pytest.raises(KeyError):
        header["NOSUCH"]


def test_keywords_of_a_column_are_written_as_they_are_whatever_equal_ones_were_written_before():
    def card(value):
        column = Column("A", "1J", keywords=(("TDMIN", value),))
        return table_hdu("T", [(column, np.zeros(1, np.int32))]).header.image("TDMIN1")[10:30].strip()

    assert [card(value) for value in (1, True, 1.0, 1)] == [b"1", b"T", b"1.0", b"1"]
