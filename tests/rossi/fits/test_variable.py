"""Columns of variable length: cells in the heap behind the rows."""

import io

import astropy
import numpy as np
import pytest
from astropy.io import fits

from rossi.compare import compare_products
from rossi.errors import DataError
from rossi.fits.columns import append_columns
from rossi.fits.edit import as_hdu, select_columns, select_rows, stack_rows, with_values
from rossi.fits.header import BLOCK
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.text import column_text
from rossi.fits.writer import Column, TableHDU, fits_bytes, primary_hdu, table_hdu
from rossi.ftools.lookup import find
from rossi.spectra.response_file import read_response

CELLS = [[1, 2, 3], [], [4], [5, 6]]
KINDS = {"L": bool, "B": "u1", "I": "i2", "J": "i4", "K": "i8", "E": "f4", "D": "f8"}


def astropys(*columns, gap=0, **cards) -> bytes:
    """A file as astropy writes it, with so many bytes between rows and heap."""
    hdu = fits.BinTableHDU.from_columns([fits.Column("ROW", "J", array=np.arange(4)), *columns], name="V")
    hdu.header.update(cards)
    buffer = io.BytesIO()
    hdu.writeto(buffer)
    data = buffer.getvalue()
    if not gap:
        return data
    table = open_fits(data, "v").table()
    table.header.set("THEAP", table.rows.nbytes + gap)
    table.header.set("PCOUNT", len(table.heap) + gap)
    return fits_bytes(primary_hdu(), [TableHDU(table.header, table.rows.tobytes() + bytes(gap) + bytes(table.heap))])


def ragged(kind, cells=CELLS):
    array = np.empty(len(cells), object)
    array[:] = [np.array(cell, kind) for cell in cells]
    return array


@pytest.mark.parametrize("letter", KINDS)
@pytest.mark.parametrize("descriptor", "PQ")
@pytest.mark.parametrize("gap", [0, 12])
def test_cells_of_every_type(letter, descriptor, gap):
    array = ragged(KINDS[letter])
    data = astropys(fits.Column("X", f"{descriptor}{letter}()", array=array), gap=gap)
    if letter == "L" and b"T" not in data[-BLOCK:]:
        pytest.skip(f"astropy {astropy.__version__} writes truths in a heap as numbers, not as T and F")
    table = open_fits(data, "v").table()
    assert table.info("X").is_variable
    rows = table.cells("X").rows()
    assert [row.tolist() for row in rows] == [row.tolist() for row in array]
    assert [len(row) for row in table.null_cells("X").rows()] == [3, 0, 1, 2]
    with pytest.raises(DataError, match=r"v\[V\]: the cells of column X are of variable length \(TFORM2 is"):
        table.column("X")


def test_scaled_and_undefined_cells():
    data = astropys(fits.Column("X", "PI()", array=ragged("i2")), TZERO2=32768, TNULL2=3)
    data = data.replace(b"TZERO2  =                32768", b"TZERO2  =                  100")
    table = open_fits(data, "v").table()
    assert table.cells("X").values.tolist() == [101, 102, 103, 104, 105, 106]
    assert table.null_cells("X").values.tolist() == [False, False, True, False, False, False]
    assert column_text(table, "X", [0, 1]) == [["101", "102", "INDEF"], []]


def test_texts_and_bits():
    texts = ["abc", "", "d", "ef"]
    table = open_fits(astropys(fits.Column("T", "PA()", array=np.array(texts, object))), "v").table()
    assert table.cells("T").values.tolist() == texts
    bits = table_hdu("B", [(Column("ROW", "J"), np.zeros(2)), (Column("X", "PX(11)"), [np.array([0xA5, 0xE0]), []])])
    rows = np.frombuffer(bits.data, ">i4", 6).copy().reshape(2, 3)
    rows[0, 1] = 11  # bits, not bytes
    file = fits_bytes(primary_hdu(), [TableHDU(bits.header, rows.tobytes() + b"\xa5\xe0")])
    assert column_text(open_fits(file, "b").table(), "X", [0, 1]) == [["10100101111"], [""]]


def test_what_is_written_comes_back():
    columns = [(Column("A", "PE(3)"), [np.array(c, "f4") for c in CELLS]), (Column("N", "J"), np.arange(4))]
    columns.append((Column("B", "QI(3)"), [np.array(c, "i2") for c in CELLS]))
    data = fits_bytes(primary_hdu(), [table_hdu("V", columns)])
    with fits.open(io.BytesIO(data), checksum=True) as hdus:
        hdus.verify("exception")
        assert [list(cell) for cell in hdus[1].data["A"]] == CELLS
        assert [list(cell) for cell in hdus[1].data["B"]] == CELLS
    table = open_fits(data, "v").table()
    assert [list(cell) for cell in table.cells("B").rows()] == CELLS


@pytest.fixture
def table():
    columns = [(Column("A", "PE(3)"), [np.array(c, "f4") for c in CELLS]), (Column("N", "J"), np.arange(4))]
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("V", columns)]), "v").table()


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        (lambda t: select_rows(t, [2, 0]), [[4], [1, 2, 3]]),
        (lambda t: select_columns(t, ["A"]), CELLS),
        (lambda t: append_columns(t, [(Column("M", "D"), np.arange(4.0))]), CELLS),
        (lambda t: with_values(t, {"N": [9, 9, 9, 9]}), CELLS),
    ],
    ids=["rows", "columns", "one more", "values"],
)
def test_new_tables_keep_their_cells(table, change, cells):
    data = fits_bytes(primary_hdu(), [as_hdu(change(table))])
    assert [list(cell) for cell in open_fits(data, "v").table().cells("A").rows()] == cells
    with fits.open(io.BytesIO(data), checksum=True) as hdus:
        hdus.verify("exception")
        assert [list(cell) for cell in hdus[1].data["A"]] == cells


def test_without_its_last_such_column_a_table_has_no_heap(table):
    hdu = as_hdu(select_columns(table, ["N"]))
    assert (hdu.header["PCOUNT"], len(hdu.data)) == (0, 16)


def test_files_are_compared(table):
    def of(cells):
        columns = [(Column("A", "PE(3)"), [np.array(c, "f4") for c in cells]), (Column("N", "J"), np.arange(4))]
        return open_fits(fits_bytes(primary_hdu(), [table_hdu("V", columns)]), "v")

    assert compare_products(of(CELLS), of(CELLS)).same_numbers
    other = compare_products(of(CELLS), of([[1, 2, 3], [], [4], [5, 9]])).columns[0]
    assert (other.differing, other.max_abs, other.row) == (1, 3, 4)
    assert "number of elements" in compare_products(of(CELLS), of([[1, 2], [3], [4], [5, 6]])).columns[0].note


def test_rows_of_several_tables_keep_their_cells(table, tmp_path):
    both = stack_rows(table, [select_rows(table, [2, 3]), select_rows(table, [0])], after=1)
    (tmp_path / "v.fits").write_bytes(fits_bytes(primary_hdu(), [as_hdu(both)]))
    with fits.open(tmp_path / "v.fits", checksum=True) as hdus:
        assert [list(cell) for cell in hdus[1].data["A"]] == [CELLS[n] for n in (0, 2, 3, 0, 1, 2, 3)]
        assert list(hdus[1].data["N"]) == [0, 2, 3, 0, 1, 2, 3]


def run(task, **parameters):
    return find(task).run(find(task).read(parameters))


def test_table_tasks(table, tmp_path):
    path = tmp_path / "v.fits"
    path.write_bytes(fits_bytes(primary_hdu(), [as_hdu(table)]))
    lines = run("fdump", infile=f"{path}[1]", prhead=False)
    assert [line.split() for line in lines] == [
        ["A", "N"],
        [],
        ["1", "1.0", "0"],
        ["2.0"],
        ["3.0"],
        ["2", "1"],
        ["3", "4.0", "2"],
        ["4", "5.0", "3"],
        ["6.0"],
        [],
    ]
    run("fselect", infile=f"{path}[1]", outfile=str(tmp_path / "s"), expr="N > 1")
    run("ftcopy", infile=f"{path}[1][col A][#ROW > 2]", outfile=str(tmp_path / "c"))
    for made in ("s", "c"):
        assert [list(cell) for cell in read_fits(tmp_path / made).table().cells("A").rows()] == CELLS[2:]
    assert run("fkeyprint", infile=str(path), keynam="TFORM1")[-1].startswith("TFORM1  = 'PE(3)")
    with pytest.raises(DataError, match="column A are of variable length"):
        run("fselect", infile=f"{path}[1]", outfile=str(tmp_path / "x"), expr="A > 1")


def check_response(path):
    """Read a response as astropy reads it."""
    response, file = read_response(path.read_bytes(), path.name)
    with fits.open(path) as hdus:
        for theirs, ours in zip(hdus[1:], file.tables, strict=True):
            for name in theirs.columns.names:
                for x, y in zip(theirs.data[name], ours.cells(name).rows(), strict=True):
                    np.testing.assert_array_equal(np.ravel(x), y)
        matrix = hdus[1].data["MATRIX"]
        np.testing.assert_array_equal([row.sum() > 0 for row in response.matrix], [sum(m) > 0 for m in matrix])
        np.testing.assert_allclose(response.matrix.sum(), sum(float(m.sum()) for m in matrix), rtol=1e-5)
    lines = run("fdump", infile=f"{path}[1]", rows="1-2", prhead="no")
    assert "MATRIX" in lines[0]
