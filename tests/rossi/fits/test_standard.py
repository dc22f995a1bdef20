"""What the FITS standard says of sizes, types and limits, case by case."""

import gzip
import io
import struct
import zlib

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import DataError
from rossi.fits.edit import as_hdu, select_columns, select_rows
from rossi.fits.header import BLOCK, Header
from rossi.fits.heap import descriptors, gather
from rossi.fits.image import read_images
from rossi.fits.reader import data_size, header_end, iterate_hdus, open_fits, spans
from rossi.fits.structure import block, layout
from rossi.fits.table import Table
from rossi.fits.text import table_lines
from rossi.fits.unzip import beginning, gunzip, size_limit
from rossi.fits.writer import Column, TableHDU, fits_bytes, join_hdus, primary_hdu, stored_gzip, table_hdu, write_hdu

MIB = 1 << 20


def table_of(columns, cards=()):
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("T", columns, cards)]), "t").table()


@pytest.mark.parametrize(
    ("form", "size"),
    [
        *[("L", 1), ("X", 1), ("8X", 1), ("9X", 2), ("16X", 2), ("B", 1), ("3B", 3), ("I", 2), ("2I", 4), ("J", 4)],
        *[("K", 8), ("E", 4), ("5E", 20), ("D", 8), ("C", 8), ("M", 16), ("A", 1), ("14A", 14), ("0D", 0)],
        *[("PE(43)", 8), ("1PB", 8), ("0PB", 0), ("QD", 16), ("1QJ(7)", 16)],
    ],
)
def test_bytes_of_cells(form, size):
    assert layout((form,), None, "").itemsize == size
    both = layout(("D", form), None, "")
    assert [both.fields[name][1] for name in ("f1", "f2")] == [0, 8]
    assert both.itemsize == 8 + size
    assert layout(("D", form), 8 + size, "").itemsize == 8 + size
    assert layout(("D", form), 9 + size, "").itemsize == 9 + size
    with pytest.raises(DataError, match=f"t: the columns take {8 + size} bytes a row, but NAXIS1 is {7 + size}"):
        layout(("D", form), 7 + size, "t")


@pytest.mark.parametrize("form", ["", "Y", "P", "PY", "2PE", "2QE", "134217729B", "16777217D"])
def test_forms_that_no_row_can_have(form):
    with pytest.raises(DataError, match=r"^t: (TFORM1 is|the columns take)"):
        layout((form,), None, "t")


def test_the_widest_row_and_the_most_columns():
    assert layout(("134217728B",), None, "").itemsize == 1 << 27
    hdu = table_hdu("T", [(Column(f"C{n}", "B"), [n % 256]) for n in range(999)])
    table = Table(hdu.header, hdu.data, "t")
    assert [table.column(f"C{n}")[0] for n in (0, 998)] == [0, 230]
    hdu.header.set("TFIELDS", 1000)
    with pytest.raises(DataError, match="TFIELDS is 1000; FITS tables have 999 columns at most"):
        Table(hdu.header, hdu.data, "t")


@pytest.mark.parametrize(
    ("cards", "size"),
    [
        ({"BITPIX": 8, "NAXIS": 0}, 0),
        ({"BITPIX": -32, "NAXIS": 2, "NAXIS1": 3, "NAXIS2": 5}, 60),
        ({"BITPIX": 16, "NAXIS": 1, "NAXIS1": 7}, 14),
        ({"BITPIX": 8, "NAXIS": 2, "NAXIS1": 12, "NAXIS2": 5, "PCOUNT": 40, "GCOUNT": 1}, 100),
        ({"BITPIX": 8, "NAXIS": 2, "NAXIS1": 12, "NAXIS2": 0, "PCOUNT": 40}, 40),
        ({"BITPIX": 8, "NAXIS": 999} | {f"NAXIS{n}": 1 for n in range(1, 1000)}, 1),
        ({"BITPIX": 8, "NAXIS": 1, "NAXIS1": 1 << 52, "GCOUNT": 256}, 1 << 60),
    ],
)
def test_bytes_of_data_units(cards, size):
    assert data_size(Header(list(cards.items())), "t") == size


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ({"BITPIX": 8, "NAXIS": 1000}, "NAXIS is 1000"),
        ({"BITPIX": 8, "NAXIS": 1, "NAXIS1": 1 << 52, "GCOUNT": 256, "PCOUNT": 1}, "more than 10"),
        ({"BITPIX": 8, "NAXIS": 1}, "NAXIS1 is missing"),
    ],
)
def test_data_units_that_can_not_be(cards, words):
    with pytest.raises(DataError, match=words):
        data_size(Header(list(cards.items())), "t")


def test_where_hdus_lie():
    data = fits_bytes(
        primary_hdu(), [table_hdu(name, [(Column("A", "J"), np.arange(n))]) for name, n in (("X", 720), ("Y", 721))]
    )
    found = list(spans(data, "a"))
    assert [(one.start // BLOCK, one.data // BLOCK, one.size, one.stop // BLOCK) for one in found] == [
        *((0, 1, 0, 1), (1, 2, 2880, 3), (3, 4, 2884, 6)),
    ]
    assert [len(unit) for _, unit in iterate_hdus(data, "a")] == [0, 2880, 2884]
    assert len(list(spans(data + bytes(BLOCK), "a"))) == 3
    for nothing in (bytes(7) + b"X", b"        ", bytes(8) + b"X"):  # what follows is padding, or no HDU
        if nothing[:8].strip(b"\0 "):
            with pytest.raises(DataError, match="HDU 3 does not begin with XTENSION"):
                list(spans(data + nothing, "a"))
        else:
            assert len(list(spans(data + nothing, "a"))) == 3
    end = found[2].data + 2884
    assert len(list(spans(data[:end], "a"))) == 3  # the padding may be missing
    with pytest.raises(DataError, match=rf"a\[Y\]: the file ends after {end - 1} bytes, but .* end at byte {end};"):
        list(spans(data[: end - 1], "a"))
    with pytest.raises(DataError, match=f"HDU 2 does not begin with XTENSION at byte {3 * BLOCK}"):
        list(spans(data[: 3 * BLOCK] + b"X" * BLOCK, "a"))
    with pytest.raises(DataError, match="header of HDU 2 has no END card"):
        list(spans(data[: 3 * BLOCK + 800], "a"))


def test_where_headers_end():
    def header(cards, offset=0):
        text = b"COMMENT END".ljust(80) * cards
        return b"x" * offset + (text + b"END".ljust(80)).ljust(-(-(len(text) + 80) // BLOCK) * BLOCK)

    for cards, blocks in ((0, 1), (35, 1), (36, 2), (71, 2), (72, 3)):
        assert header_end(header(cards), 0, "a", 0) == blocks * BLOCK
        assert header_end(header(cards, BLOCK), BLOCK, "a", 0) == (blocks + 1) * BLOCK
    with pytest.raises(DataError, match="no END"):
        header_end((b" " * 40 + b"END".ljust(80)).ljust(BLOCK), 0, "a", 0)


@pytest.mark.parametrize(
    ("kind", "scale", "zero"),
    [*[(kind, 1, 0) for kind in ("u1", "i2", "i4", "i8", "f4", "f8")], ("i2", 2.0, 0), ("i2", 1, 5.0), ("f4", 0.5, -1)],
)
def test_images(kind, scale, zero):
    stored = np.arange(24).reshape(2, 3, 4).astype(kind)
    image = fits.ImageHDU(stored, name="SECOND")
    table = fits.BinTableHDU.from_columns([fits.Column("A", "J", array=[1])])
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table, image]).writeto(written)
    data = written.getvalue()
    end = data.rindex(b"END".ljust(80))
    cards = b"".join(f"{key:<8}= {value:>20}".encode().ljust(80) for key, value in (("BSCALE", scale), ("BZERO", zero)))
    data = data[:end] + cards + data[end : end + 80] + data[end + 240 :]
    (found,) = read_images(data, "i")
    assert (found.number, found.where, found.header["EXTNAME"]) == (2, "i[HDU 2]", "SECOND")
    assert (found.values.dtype, found.values.shape) == (np.float32, (2, 3, 4))
    assert found.values.tolist() == (stored.astype(float) * scale + zero).tolist()


def test_images_and_what_is_none():
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(np.ones((2, 2), "i2")), fits.ImageHDU(np.zeros(3))]).writeto(written)
    data = written.getvalue()
    assert [(one.number, one.values.shape) for one in read_images(gzip.compress(data), "i")] == [(0, (2, 2)), (1, (3,))]
    for old, new, words in (
        (b"BITPIX  =                   16", b"BITPIX  =                   12", r"i\[HDU 0\]: BITPIX is 12"),
        (b"NAXIS   =                    2", b"PCOUNT  =                    2", "NAXIS"),
    ):
        with pytest.raises(DataError, match=words):
            read_images(data.replace(old, new, 1), "i")
    with pytest.raises(DataError, match="not a FITS file"):
        read_images(b"nonsense", "i")
    with pytest.raises(DataError, match="not a FITS file"):
        read_images(b"PIMPLE", "i")


def test_how_much_a_packed_file_may_hold():
    assert [size_limit(n) for n in (0, MIB // 4, MIB, 10 * MIB, 1 << 30)] == [
        *(64 * MIB, 64 * MIB, 200 * MIB, 2000 * MIB, 2048 * MIB)
    ]
    text = np.random.default_rng(1).bytes(300_000)
    packed = gzip.compress(text)
    assert [beginning(data, 100_000) for data in (text, packed, packed[:150_000])] == [text[:100_000]] * 3
    assert beginning(packed[:9], 6) == beginning(b"\x1f\x8bnonsense", 6) == b""
    for cut in (-1, -4, -8, -9, 20):
        with pytest.raises(DataError, match=f"ends too early .{len(packed[:cut])} bytes are there"):
            gunzip(packed[:cut], "x")
    two = packed + gzip.compress(b"more")
    assert gunzip(two, "x") == text + b"more"
    with pytest.raises(DataError, match=f"ends too early .{len(two) - 3} bytes are there"):
        gunzip(two[:-3], "x")
    with pytest.raises(DataError, match="is damaged"):
        gunzip(packed[:-8] + b"abcd" + packed[-4:], "x")


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (65_535,), (65_536,), (65_534, 3, 200_000)])
def test_gzip_files_that_hold_bytes_as_they_are(sizes):
    random = np.random.default_rng(2)
    parts = [random.bytes(size) for size in sizes]
    packed = stored_gzip(parts)
    assert gzip.decompress(packed) == b"".join(parts)
    blocks = sum(-(-size // 65_535) for size in sizes)
    assert len(packed) == 10 + sum(sizes) + 5 * blocks + 5 + 8
    assert struct.unpack("<II", packed[-8:]) == (zlib.crc32(b"".join(parts)), sum(sizes))


@pytest.mark.parametrize("sizes", [(), (1,), (4, 4), (3, 2, 7), (2880,), (2879, 1), (2880, 5)])
def test_an_hdu_in_parts_is_the_same_as_in_one(sizes):
    parts = [np.random.default_rng(3).bytes(size) for size in sizes]
    header = Header([("XTENSION", "BINTABLE"), ("PCOUNT", sum(sizes))])
    out = io.BytesIO(b"before")
    out.seek(6)
    write_hdu(out, header, parts)
    assert out.getvalue() == b"before" + join_hdus([TableHDU(header, b"".join(parts))])
    assert out.tell() == len(out.getvalue())


def test_cells_behind_many_rows():
    """Rows that are not copied, for which there are too many, and the cells behind them."""
    cells = [np.arange(n % 4) + n for n in range(3000)]
    table = table_of([(Column("V", "PJ"), cells), (Column("N", "J"), np.arange(3000))])
    assert [row.tolist() for row in table.cells("V").rows()] == [cell.tolist() for cell in cells]
    assert table.header["PCOUNT"] == sum(map(len, cells)) * 4
    with pytest.raises(DataError, match=r"column V are of variable length .TFORM1 is 'PJ.*'.; a fixed number"):
        table.raw("v")
    some = select_rows(table, np.arange(0, 3000, 2))
    data = fits_bytes(primary_hdu(), [as_hdu(select_columns(some, ["N"])), as_hdu(select_rows(table, [1, 2999]))])
    assert open_fits(data, "n").tables[0].column("N").tolist() == list(range(0, 3000, 2))
    assert [row.tolist() for row in open_fits(data, "n").tables[1].cells("V").rows()] == [[1], [2999, 3000, 3001]]


def test_cells_must_lie_in_the_heap():
    heap = memoryview(bytes(range(16)))

    def cells(*pairs, per_byte=1, element=">i2"):
        return gather(heap, np.array(pairs), np.dtype(element), "w", per_byte)

    assert [row.tolist() for row in cells((2, 12), (0, 99), (1, 0)).rows()] == [[0x0C0D, 0x0E0F], [], [1]]
    assert [row.tolist() for row in cells((8, 0), (8, 0)).rows()] == [list(range(0x0001, 0x1000, 0x0202))] * 2
    assert cells((3, 0), (9, 1), per_byte=8, element="u1").count.tolist() == [1, 2]
    for wrong, row in (
        (((1, 0), (3, 12), (9, 9)), 2),
        (((-1, 0),), 1),
        (((1, -1),), 1),
        (((1, 15),), 1),
        (((1, 1 << 40),), 1),
    ):
        number, start = wrong[row - 1]
        with pytest.raises(DataError, match=f"w: row {row} has {number} elements from byte {start} .* 16 bytes"):
            cells(*wrong)
    assert [found.tolist() for found in descriptors(np.empty((3, 0), ">i4"))] == [[0] * 3] * 2  # TFORM 0P
    shared = [(8, 0)] * ((1 << 20) // 16)
    assert len(cells(*shared).values) == 1 << 19  # as much as is allowed
    with pytest.raises(DataError, match=f"w: the cells hold {MIB + 2} bytes, but the heap has 16"):
        cells(*shared, (1, 0))


@pytest.mark.parametrize(
    ("form", "zero", "values", "kind"),
    [
        ("B", -128, [-128, 0, 127], np.int16),
        ("I", 32768, [0, 32767, 65535], np.int32),
        ("I", 0, [-32768, 0, 32767], np.int16),
        ("J", 2147483648, [0, 1, 4294967295], np.int64),
        ("K", 5, [0, 1 << 40, -3], np.int64),
    ],
)
def test_whole_numbers_that_are_shifted(form, zero, values, kind):
    table = table_of([(Column("A", form, null=values[1] - zero if zero else None, zero=zero), np.array(values))])
    assert (table.column("A").tolist(), table.column("A").dtype) == (values, kind)
    assert table.integers("A").tolist() == table.numbers("A").tolist() == values
    assert table.null("A").tolist() == [False, bool(zero), False]
    numbers = table.rows_of_numbers(["A"])[0]
    assert np.isnan(numbers).tolist() == [False, bool(zero), False] and numbers[[0, 2]].tolist() == values[::2]


def test_columns_of_reals_keep_the_sign_of_zero():
    table = table_of([(Column(name, "E"), np.array([-0.0, 0.0], np.float32)) for name in "AB"])
    assert np.signbit(table.side_by_side(("A", "B"))).tolist() == [[True, True], [False, False]]


def test_columns_as_numbers():
    columns = [
        (Column("A", "I", zero=32768), np.array([1, 40000])),
        (Column("B", "I", zero=32768), np.array([2, 5])),
        (Column("C", "2I", zero=32768), np.array([[3, 4], [5, 6]])),
        (Column("E", "E"), np.array([0.5, np.nan])),
        (Column("F", "E"), np.array([1.5, 2.5])),
        (Column("X", "4A"), np.array(["a", "b"])),
        (Column("G", "J"), np.array([7, 8])),
    ]
    table = table_of(columns)
    assert table.side_by_side(("A", "B")).tolist() == [[1, 2], [40000, 5]]
    assert table.side_by_side(("B", "A")).tolist() == [[2, 1], [5, 40000]]
    assert table.side_by_side(("A", "G", "F")).tolist() == [[1, 7, 1.5], [40000, 8, 2.5]]
    stored, zero = table.adjacent(("C", "A", "B"))
    assert ((stored.astype(int) + zero).tolist(), zero) == ([[1, 2, 3, 4], [40000, 5, 5, 6]], 32768)
    assert table.adjacent(("A", "C")) is table.adjacent(("B", "E")) is table.adjacent(("X",)) is None
    empty = table_of([(Column("A", "I"), [1]), (Column("Z", "0I"), np.empty((1, 0))), (Column("B", "I"), [2])])
    with pytest.raises(DataError, match="column Z is '0I'; the type of a number was expected, 1 in every row"):
        empty.side_by_side(("A", "Z", "B"))
    assert (block(table.structure, ("E", "F")).offset, block(table.structure, ("E", "F")).width) == (8, 2)
    assert table.numbers("C", 2).tolist() == table.numbers("C", None).tolist() == [[3, 4], [5, 6]]
    for call, words in (
        (
            lambda: table.numbers("C"),
            r"t\[T\]: TFORM3 of column C is '2I'; the type of a number was expected, 1 in every",
        ),
        (lambda: table.numbers("A", 2), "TFORM1 of column A .* 2 in every row"),
        (
            lambda: table.integers("E", None),
            "TFORM4 of column E is 'E'; the type of a integer was expected, any number",
        ),
        (lambda: table.numbers("X", 4), "TFORM6 of column X"),
        (lambda: table.column("NOPE"), r"column NOPE is missing; the table has A, B, C, E, F, X, G \.\.\."),
    ):
        with pytest.raises(DataError, match=words):
            call()


def test_a_scaled_column_has_no_whole_numbers():
    table = table_of([(Column("A", "I", zero=1), np.array([1, 2]))])
    table.header.set("TSCAL1", 0.5)
    table = Table(table.header, table.rows.tobytes(), "t")
    assert table.column("A").tolist() == [1.0, 1.5]
    with pytest.raises(DataError, match=r"column A is scaled .TSCAL1 is 0.5, TZERO1 1.; whole numbers"):
        table.integers("A")


def test_tables_are_laid_out_on_pages():
    table = table_of(
        [
            (Column("TIME", "D", "s"), [1.0, 10.0]),
            (Column("V", "2J", "count"), [[1, 22], [3, 4]]),
            (Column("N", "3A"), ["a", "b"]),
        ]
    )
    names = ["TIME", "V", "N"]
    assert list(table_lines(table, names, [0, 1], width=1 + 5 + 6 + 2)) == [
        *(
            "  TIME     V N",
            "     s count  ",
            "1  1.0     1 a",
            "          22  ",
            "2 10.0     3 b",
            "           4  ",
            "",
        ),
    ]
    narrow = list(table_lines(table, names, [1], width=12, show=["names"], separator="|"))
    assert next(table_lines(table, names, [1], width=13, show=["names"], separator="|")) == "|TIME|    V|N"
    assert narrow == ["|TIME|    V", "10.0|    3", "    |    4", "", "|N", "b", ""]
    assert list(table_lines(table, ["TIME", "N"], [0], show=["rows"], separator="|")) == ["1| 1.0|a", ""]
    assert list(table_lines(table, ["TIME", "N"], [0], show=[])) == ["  1.0 a", ""]
    assert list(table_lines(table, ["V"], [0], show=["rows"], elements=[1])) == ["1 " + "22".rjust(5), ""]
