"""Files that are read piece by piece."""

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import DataError
from rossi.fits.header import BLOCK
from rossi.fits.reader import open_fits, spans
from rossi.fits.stream import first_table, stream_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_rows_in_pieces(pack, tmp_path):
    tables = [
        table_hdu(name, [(Column("A", "J"), np.arange(8)), (Column("B", "D"), np.ones(8))]) for name in ("X", "Y")
    ]
    (tmp_path / "a").write_bytes(pack(fits_bytes(primary_hdu(), tables)))
    file = stream_fits(tmp_path / "a")
    assert [table.name for table in file.file.tables] == ["X", "Y"] and file.offset == 2 * BLOCK
    assert (len(file.file.tables[0]), file.file.tables[1].column("A").tolist()) == (0, list(range(8)))
    for number, lengths in ((3, [3, 3, 2]), (8, [8]), (4, [4, 4]), (99, [8])):
        pieces = list(file.pieces(number))
        assert [len(piece) for piece in pieces] == lengths
        assert [n for piece in pieces for n in piece.column("A").tolist()] == list(range(8))


@pytest.mark.parametrize("more", [0, 19, 20, 21, 55, 56, 57])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_headers_of_any_length_are_read_from_a_stream(more, pack, tmp_path):
    """Around the lengths at which another block of 36 cards begins."""
    cards = [("COMMENT", "END".rjust(10))] * more
    tables = [table_hdu(name, [(Column("A", "J"), np.arange(9))], [*cards, ("N", 1)]) for name in ("X", "Y")]
    data = fits_bytes(primary_hdu(), tables)
    (tmp_path / "a").write_bytes(pack(data))
    whole, file = open_fits(data, "a"), stream_fits(tmp_path / "a")
    begins = [span.data for span in spans(data, "a")]
    assert (file.offset, [table.name for table in file.file.tables]) == (begins[1], ["X", "Y"])
    assert file.file.tables[1].header.to_block() == whole.tables[1].header.to_block()
    for source in (tmp_path / "a", pack(data)):
        assert first_table(source).header.to_block() == whole.tables[0].header.to_block()
    assert first_table(tmp_path / "a", "called").source == "called" and first_table(tmp_path / "a").source == str(
        tmp_path / "a"
    )


def test_a_stream_that_ends_early(tmp_path):
    data = fits_bytes(primary_hdu(), [table_hdu(name, [(Column("A", "J"), np.arange(1000))]) for name in ("X", "Y")])
    (first, second) = [span.data for span in spans(data, "a")][1:]
    path = tmp_path / "a"
    path.write_bytes(data[: second + 3990])
    with pytest.raises(DataError, match="the header promises 4000 bytes of data, more than such a file can hold"):
        stream_fits(path, "a")
    path.write_bytes(data[: second + 4000])
    assert stream_fits(path).file.tables[1].column("A")[-1] == 999
    path.write_bytes(gzip.compress(data[: second + 3990]))
    with pytest.raises(DataError, match=r"a\[?.*: the file ends 10 bytes too early; it is cut"):
        stream_fits(path, "a")
    path.write_bytes(data)
    file = stream_fits(path, "a")
    path.write_bytes(data[: first + 3990])
    with pytest.raises(DataError, match=r"a\[X\]: the file ends 10 bytes too early"):
        list(file.pieces(100))
    for wrong, words in (
        (b"nonsense" * 400, "HDU 0 begins with b'nonsense'; SIMPLE was expected"),
        (data[:BLOCK], "no table"),
    ):
        path.write_bytes(wrong)
        with pytest.raises(DataError, match=words):
            stream_fits(path, "a")
        with pytest.raises(DataError, match=words):
            first_table(path, "a")
    path.write_bytes(data[: second - BLOCK] + b"X" * BLOCK)
    with pytest.raises(DataError, match="HDU 2 begins with b'XXXXXXXX'; XTENSION was expected"):
        stream_fits(path, "a")


def test_a_stream_that_is_not_there(tmp_path):
    for read in (stream_fits, first_table):
        with pytest.raises(DataError, match=r"none: can't be read .No such file or directory.\."):
            read(tmp_path / "none")


def test_a_damaged_gzip_file(tmp_path):
    random = np.random.default_rng(1).integers(0, 1 << 30, 20_000)
    packed = bytearray(gzip.compress(fits_bytes(primary_hdu(), [table_hdu("X", [(Column("A", "J"), random)])])))
    packed[len(packed) // 2 : len(packed) // 2 + 20] = bytes(20)
    (tmp_path / "a").write_bytes(packed)
    with pytest.raises(DataError, match=r"a.*: (the file is damaged .*; fetch it again|the gzip file ends too early)"):
        list(stream_fits(tmp_path / "a", "a").pieces(100))
    (tmp_path / "a").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match="the gzip file ends too early; it is cut"):
        list(stream_fits(tmp_path / "a", "a").pieces(100))


def test_the_hdu_that_is_damaged_is_named(tmp_path):
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones(3))]).writeto(written)
    (tmp_path / "a").write_bytes(written.getvalue() + b"X" * BLOCK)
    for read in (stream_fits, first_table):
        with pytest.raises(DataError, match="a: HDU 2 begins with b'XXXXXXXX'; XTENSION was expected"):
            read(tmp_path / "a", "a")
