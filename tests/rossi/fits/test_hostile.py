"""Files made to do harm: refused with a sentence, in little time and memory."""

import gzip
import tracemalloc
import zlib

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.fits.cards import CARD
from rossi.fits.header import BLOCK
from rossi.fits.heap import gather
from rossi.fits.image import read_images
from rossi.fits.reader import MAX_HEADER, open_fits
from rossi.fits.stream import stream_fits
from rossi.fits.unzip import ANY_RATIO, gunzip
from rossi.fits.writer import Column, TableHDU, fits_bytes, primary_hdu, table_hdu

#: What refusing a file may take [byte]; a bomb has to be decompressed up to the limit to be known as one.
MEMORY = 4 * ANY_RATIO


@pytest.fixture(autouse=True)
def little_memory():
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MEMORY


def one_member(size):
    """A single gzip member of zeros, a thousand times smaller than them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(1 << 20)
    return b"".join([packer.compress(piece) for _ in range(size >> 20)]) + packer.flush()


@pytest.mark.parametrize("members", [1, 128])
def test_gzip_bombs(members, tmp_path):
    bomb = one_member(1 << 27) if members == 1 else gzip.compress(bytes(1 << 20)) * members
    for read in (gunzip, open_fits, read_images):
        with pytest.raises(DataError, match="holds more than"):
            read(bomb, "bomb.gz")
    path = tmp_path / "bomb.gz"
    path.write_bytes(bomb)
    with pytest.raises(DataError, match="SIMPLE was expected"):
        stream_fits(path)


def test_what_compresses_well_is_read():
    data = bytes(ANY_RATIO)
    assert gunzip(one_member(ANY_RATIO), "x") == data
    random = np.random.default_rng(1).bytes(1 << 20)
    assert gunzip(gzip.compress(random) + gzip.compress(b"more"), "x") == random + b"more"
    assert gunzip(gzip.compress(random) + bytes(512), "x") == random


def file(**changes):
    """A file of one table, with other keywords."""
    columns = [(Column("TIME", "1D", "s"), np.arange(4.0)), (Column("X", "2I"), np.zeros((4, 2)))]
    data = fits_bytes(primary_hdu(), [table_hdu("T", columns)])
    for keyword, value in changes.items():
        at = data.index(f"{keyword:<8}=".encode(), 2880 if keyword not in {"SIMPLE", "EXTEND"} else 0)
        card = f"{keyword:<8}= {value:>20}".ljust(CARD).encode()
        data = data[:at] + card + data[at + CARD :]
    return data


HOSTILE = [
    {"NAXIS1": "99999999999999"},
    {"NAXIS2": "99999999999999"},
    {"NAXIS2": "1E300"},
    {"NAXIS2": "1E999"},
    {"NAXIS1": "-2880"},
    {"NAXIS2": "-4"},
    {"NAXIS": "-1"},
    {"NAXIS": "999999999"},
    {"NAXIS": "0"},
    {"NAXIS2": "3.5"},
    {"NAXIS2": "'4'"},
    {"NAXIS2": "T"},
    {"NAXIS1": "0"},
    {"BITPIX": "0"},
    {"GCOUNT": "-1"},
    {"GCOUNT": "0"},
    {"PCOUNT": "-999999"},
    {"PCOUNT": "999999999999"},
    {"TFIELDS": "-1"},
    {"TFIELDS": "1000000000"},
    {"TFORM2": "'1QD(9)'"},
    {"TFORM1": "'999999999D'"},
    {"TFORM1": "'99999999999999999A'"},
    {"TFORM1": "''"},
    {"TFORM1": "''' unfinished"},
]


@pytest.mark.parametrize("change", HOSTILE, ids=str)
def test_headers_that_promise_what_is_not_there(change, tmp_path):
    """Terabytes, negative axes, columns wider than a row, heaps of variable-length columns outside the file."""
    data = file(**change)
    with pytest.raises(DataError) as refused:
        open_fits(data, "x.fits")
    assert len(str(refused.value)) < 400
    path = tmp_path / "x.fits"
    for content in (data, gzip.compress(data)):
        path.write_bytes(content)
        with pytest.raises(DataError):
            list(stream_fits(path).pieces(1000))


@pytest.mark.parametrize(
    "pairs",
    [
        [(5, 0), (-1, 0)],
        [(5, 0), (1, -4)],
        [(5, 0), (1, 1 << 40)],
        [(5, 0), ((1 << 62), 8)],
        [(5, 0), (6, 0)],
        [(5, 16), (1, 0)],
        [(5, 0)] * 60_000,
    ],
    ids=["negative", "before", "behind", "terabytes", "one too many", "runs out", "the same bytes again and again"],
)
@pytest.mark.parametrize("letter", "PQ")
def test_heaps_that_descriptors_lie_about(pairs, letter):
    kind = {"P": ">i4", "Q": ">i8"}[letter]
    heap = np.arange(5, dtype=">f4").tobytes()
    rows = np.clip(pairs, np.iinfo(kind).min, np.iinfo(kind).max).astype(kind)
    header = table_hdu("MATRIX", [(Column("MATRIX", f"1{letter}E(5)"), [np.zeros(1)] * len(pairs))]).header
    header.set("PCOUNT", len(heap))
    table = open_fits(fits_bytes(primary_hdu(), [TableHDU(header, rows.tobytes() + heap)]), "x.rsp").table()
    with pytest.raises(DataError, match=r"x.rsp\[MATRIX\], column MATRIX: (row [12] has|the cells hold).*damaged"):
        table.cells("MATRIX")


def test_a_cell_of_a_negative_length_is_told_as_it_is_stored():
    """Where a cell without elements begins does not matter."""
    with pytest.raises(DataError, match="x: row 2 has -1 elements from byte 3 of the heap on, which has 8 bytes"):
        gather(memoryview(bytes(8)), np.array([(0, 99), (-1, 3)]), np.dtype(">i2"), "x")


@pytest.mark.parametrize("start", [-1, 3, 99_999, 1.5])
def test_heaps_that_begin_elsewhere(start):
    hdu = table_hdu("MATRIX", [(Column("MATRIX", "PE"), [np.zeros(3)])])
    hdu.header.set("THEAP", start)
    with pytest.raises(DataError, match="THEAP"):
        open_fits(fits_bytes(primary_hdu(), [hdu]), "x.rsp")


def test_an_undisturbed_file_is_read():
    assert len(open_fits(file(), "x").tables[0]) == 4


def test_headers_without_end(tmp_path):
    endless = b"SIMPLE  =                    T".ljust(CARD) + b"COMMENT".ljust(CARD) * (MAX_HEADER // CARD)
    almost = endless[: -10 * CARD] + b" " * 40 + b"END".ljust(CARD) * 9
    for data in (endless, endless + b"COMMENT".ljust(CARD) * 99_999, almost):
        with pytest.raises(DataError, match="END"):
            open_fits(data, "x")
        path = tmp_path / "x"
        path.write_bytes(data + bytes(-len(data) % BLOCK))
        with pytest.raises(DataError, match="END"):
            stream_fits(path)
