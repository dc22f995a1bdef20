"""Tables that are made of others: their types, limits, keywords and undefined values."""

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import ConfigError, DataError
from rossi.fits.astropy_table import to_astropy
from rossi.fits.columns import append_columns
from rossi.fits.dated import clock, dated, dated_file
from rossi.fits.edit import (
    as_hdu,
    file_bytes,
    hdus_of,
    select_columns,
    select_rows,
    set_column,
    stack_rows,
    with_keywords,
    with_values,
    without_columns,
)
from rossi.fits.reader import open_fits
from rossi.fits.saving import save
from rossi.fits.table import Table
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from tests.rossi.fits.test_ascii_table import ascii_file
from tests.rossi.fits.test_standard import table_of

NAN = np.nan


@pytest.mark.parametrize(
    ("form", "zero", "least", "most"),
    [
        ("B", 0, 0, 255),
        ("I", 0, -(1 << 15), (1 << 15) - 1),
        ("I", 32768, 0, 65535),
        ("J", 0, -(1 << 31), (1 << 31) - 1),
    ],
)
def test_what_types_can_hold(form, zero, least, most):
    table = table_of([(Column("A", form, zero=zero), np.zeros(2, int))])
    assert with_values(table, {"a": [least, most]}).column("A").tolist() == [least, most]
    for wrong in ([least - 1, most], [least, most + 1]):
        with pytest.raises(DataError, match=rf"t\[T\]: column A is of type {form} and can't hold the numbers from"):
            with_values(table, {"A": wrong})
    assert with_values(table, {"A": [least + 0.4, most - 0.4]}).column("A").tolist() == [least, most]
    assert table.column("A").tolist() == [0, 0]  # as it was


def test_undefined_values_are_stored_as_the_column_says():
    table = table_of(
        [
            (Column("I", "I", null=-5), [1, 2]),
            (Column("E", "E"), [1.0, 2.0]),
            (Column("L", "L"), [True, True]),
            (Column("N", "J"), [1, 2]),
            (Column("A", "3A"), ["ab", "c"]),
        ]
    )
    null = np.array([False, True])
    for name, values, stored in (("I", [7, 8], [7, -5]), ("L", [False, True], [70, 0]), ("E", [7, 8], [7, NAN])):
        made = set_column(table, Column(name, ""), np.array(values), null)
        assert np.array_equal(made.raw(name), np.array(stored, made.raw(name).dtype), equal_nan=name == "E")
        assert made.null(name).tolist() == [False, True]
    with pytest.raises(DataError, match="column N has no TNULL, so its type J has no undefined values"):
        set_column(table, Column("N", ""), np.array([7, 8]), null)
    assert set_column(table, Column("N", ""), np.array([7, 8]), ~null, [1]).column("N").tolist() == [1, 8]
    assert set_column(table, Column("A", ""), np.array(["xyz", "\N{LATIN SMALL LETTER E WITH ACUTE}"]), null).column(
        "A"
    ).tolist() == ["xyz", "?"]
    new = set_column(table, Column("NEW", "J", null=-1), np.array([3, 4]), null, [1])
    assert (new.column("NEW").tolist(), new.header["TNULL6"], new.header["TFIELDS"]) == ([0, -1], -1, 6)


def test_scaled_values_are_stored_scaled():
    table = table_of([(Column("A", "I", zero=1, null=-5), [1, 2]), (Column("B", "E"), [1.0, 2.0])])
    header = table.header.copy()
    for card in (("TSCAL1", 0.5), ("TSCAL2", 2.0), ("TZERO2", 10.0)):
        header.set(*card)
    table = Table(header, table.rows.tobytes(), "t")
    made = with_values(table, {"A": [3.0, 5.6], "B": [12.0, 16.0]})
    assert (made.raw("A").tolist(), made.column("A").tolist()) == ([4, 9], [3.0, 5.5])
    assert (made.raw("B").tolist(), made.column("B").tolist()) == ([1.0, 3.0], [12.0, 16.0])


def test_rows_of_several_tables():
    first = table_of([(Column("A", "J"), [1, 2, 3]), (Column("T", "2A"), ["a", "b", "c"])])
    more = table_of([(Column("A", "I"), [4]), (Column("T", "4A"), ["dddd"])])
    stacked = stack_rows(first, [more, first])
    assert stacked.column("A").tolist() == [1, 2, 3, 4, 1, 2, 3]
    assert (stacked.column("T").tolist()[3], stacked.header["NAXIS2"]) == ("dd", 7)
    assert [stack_rows(first, [more], at).column("A").tolist() for at in (0, 1, 3)] == [
        *([4, 1, 2, 3], [1, 4, 2, 3], [1, 2, 3, 4]),
    ]
    for other, words in (
        (table_of([(Column("A", "J"), [1])]), r"its columns are A; t\[T\] has A, T. Name common ones"),
        (table_of([(Column("A", "2J"), [[1, 2]]), (Column("T", "2A"), ["a"])]), "column A is of type 2J, but 1J in"),
        (table_of([(Column("A", "J"), [1]), (Column("T", "J"), [1])]), "column T is of type 1J, but 2A in"),
    ):
        with pytest.raises(DataError, match=words):
            stack_rows(first, [other])
    null, other = (table_of([(Column("N", "I", null=value), [value, 5])]) for value in (-1, -9))
    assert stack_rows(null, [other]).null("N").tolist() == [True, False, True, False]
    assert stack_rows(null, [other]).raw("N").tolist() == [-1, 5, -1, 5]
    cells = [table_of([(Column("V", "PJ"), [np.arange(n), np.arange(n, 5)])]) for n in (2, 3)]
    both = open_fits(fits_bytes(primary_hdu(), [as_hdu(stack_rows(cells[0], cells[1:]))]), "b").table()
    assert [row.tolist() for row in both.cells("V").rows()] == [[0, 1], [2, 3, 4], [0, 1, 2], [3, 4]]


def test_columns_in_another_order():
    columns = [
        (Column("A", "D", "s", "first", keywords=(("TDMIN", 1), ("1CPIX", "x"))), [1.0, 2.0]),
        (Column("B", "2J", null=-1), [[1, 2], [3, 4]]),
        (Column("C", "E", "m"), [5.0, 6.0]),
    ]
    table = table_of(columns, [("OBJECT", "SIM"), ("TTYPE9", "odd"), ("PVAL1", 3)])
    made = select_columns(table, ["c", "A"])
    assert [key for key, _ in made.header.images()][8:-2] == [
        *(
            "TTYPE1",
            "TFORM1",
            "TUNIT1",
            "TTYPE2",
            "TFORM2",
            "TUNIT2",
            "TDMIN2",
            "1CPIX2",
            "EXTNAME",
            "OBJECT",
            "TTYPE9",
        ),
        "PVAL1",
    ]
    assert (made.header["TTYPE2"], made.header.comment("TTYPE2"), made.header["NAXIS1"]) == ("A", "first", 12)
    assert (made.column("A").tolist(), made.column("C").tolist()) == ([1, 2], [5, 6])
    left = without_columns(table.header)
    assert [key for key, _ in left.images()][8:-2] == ["EXTNAME", "OBJECT", "PVAL1"]
    assert len(select_rows(table, [True, False])) == 1 == select_rows(table, [1]).header["NAXIS2"]


def test_keywords_of_one_hdu():
    data = fits_bytes(primary_hdu([("OBJECT", "a")]), [table_hdu(name, [(Column("A", "J"), [1])]) for name in "XY"])
    changed = with_keywords(data, "f", 2, [("OBJECT", "b", "who"), ("EXTNAME", "Z")])
    assert [hdu.header.get("EXTNAME", "") for hdu in hdus_of(changed, "f")] == ["", "X", "Z"]
    assert [hdu.header.get("OBJECT", "") for hdu in hdus_of(changed, "f")] == ["a", "", "b"]
    with fits.open(io.BytesIO(changed), checksum=True) as hdus:
        assert hdus[2].header.comments["OBJECT"] == "who"
    with pytest.raises(DataError, match="f: HDU 3 is missing; the file has 3"):
        with_keywords(data, "f", 3, [])
    with pytest.raises(DataError, match="gzip-compressed and can't be changed in place"):
        with_keywords(gzip.compress(data), "f", 1, [])
    assert open_fits(file_bytes(open_fits(data, "f"), compress=True), "f").tables[1].name == "Y"


def test_a_table_of_astropys():
    columns = [
        (Column("TIME", "D", "sec"), [1.0, NAN]),
        (Column("RATE", "2E", "counts/s"), [[1.0, 2.0], [NAN, 4.0]]),
        (Column("N", "J", "count", null=-1), [3, -1]),
        (Column("FULL", "I", null=-1), [3, 4]),
        (Column("OK", "L"), np.array([84, 0], "u1")),
        (Column("NAME", "3A", "odd unit"), ["a", "b"]),
        (Column("BITS", "8X"), [[1], [2]]),
        (Column("V", "PI", "Re"), [np.arange(2), np.arange(3)]),
    ]
    made = to_astropy(table_of(columns, [("OBJECT", "SIM"), ("HISTORY", "x"), ("TZERO9", 1)]))
    told = {name: str(made[name].unit or "") for name in ("TIME", "RATE", "N", "FULL")}
    assert told == {"TIME": "s", "RATE": "ct / s", "N": "ct", "FULL": ""}
    assert made["V"].unit.to("m") == 6378100.0  # radii of the earth
    assert np.isnan(made["TIME"]).tolist() == [False, True] and np.isnan(made["RATE"]).tolist()[1] == [True, False]
    masks = {name: getattr(made[name], "mask", None) for name in ("TIME", "N", "FULL", "OK", "NAME", "BITS")}
    assert {name: None if mask is None else mask.tolist() for name, mask in masks.items()} == {
        **{"TIME": None, "N": [False, True], "FULL": None, "OK": [False, True], "NAME": None, "BITS": None}
    }
    assert [row.tolist() for row in made["V"]] == [[0, 1], [0, 1, 2]]
    assert made.meta == {"EXTNAME": "T", "OBJECT": "SIM"}


def test_rows_without_a_time():
    table = table_of([(Column("Time", "D"), [1.0, NAN, np.inf, 4.0]), (Column("N", "J"), [1, 2, 3, 4])])
    left, said = dated(table)
    assert (left.column("N").tolist(), clock(table)) == ([1, 4], "Time")
    assert said == "t[T]: column Time is undefined or infinite in 2 of 4 rows; they are left out."
    assert dated(left) == (left, "")
    file = open_fits(fits_bytes(primary_hdu(), [as_hdu(table), as_hdu(table)]), "f")
    one, messages = dated_file(file)
    assert ([len(some) for some in one.tables], len(messages)) == ([2, 4], 1)
    assert dated_file(one) == (one, []) and dated_file(file, "Nope") == (file, [])
    nothing = open_fits(fits_bytes(primary_hdu()), "f")
    assert dated_file(nothing) == (nothing, [])
    with pytest.raises(DataError, match="the table has no column"):
        clock(table_of([]))


def test_the_header_of_what_was_an_ascii_table():
    table = open_fits(ascii_file(), "x").table("RATE")
    cards = [(key, table.header[key]) for key in list(table.header)[:12]]
    assert cards == [
        *(("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", 29), ("NAXIS2", 2), ("PCOUNT", 0)),
        *(("GCOUNT", 1), ("TFIELDS", 4), ("TFORM1", "D"), ("TFORM2", "D"), ("TFORM3", "K"), ("TFORM4", "5A")),
    ]


@pytest.mark.parametrize("name", ["a.fits", "a.fits.gz"])
def test_products_are_saved_whole_or_not_at_all(tmp_path, name):
    path, data = tmp_path / name, fits_bytes(primary_hdu())
    assert save(path, data) == path
    assert (gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()) == data
    with pytest.raises(ConfigError, match="there is such a file already"):
        save(path, b"other")
    assert save(path, b"other", overwrite=True) == path
    assert (gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()) == b"other"
    with pytest.raises(ConfigError, match=r"none/.*can't be written .No such file"):
        save(tmp_path / "none" / name, data)
    with pytest.raises(ConfigError, match="can't be written"):
        save(tmp_path, data, overwrite=True)
    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert str(save("/dev/null", data, overwrite=True)) == "/dev/null"


def test_a_table_ready_to_be_written():
    table = table_of([(Column("A", "J"), [1])])
    assert as_hdu(table).header is table.header
    cells = table_of([(Column("V", "PJ"), [np.arange(3)])])
    assert as_hdu(cells).header is cells.header
    moved = cells.header.copy()
    moved.set("THEAP", 20)
    moved.set("PCOUNT", 24)
    made = as_hdu(Table(moved, cells.rows.tobytes() + bytes(12) + bytes(cells.heap), "t"))
    assert ("THEAP" in made.header, made.header["PCOUNT"], len(made.data)) == (False, 12, 20)


def test_what_messages_show_of_a_table():
    table = table_of([(Column(f"C{n}", "J"), [1, 2, 3]) for n in range(1, 15)])
    names = ", ".join(f"C{n}" for n in range(1, 13))
    with pytest.raises(DataError, match=rf"^t\[T\]: column NOPE is missing; the table has {names} \.\.\.$"):
        table.info("NOPE")
    assert repr(table) == "<Table t[T]: 3 rows, 14 columns>"
    hdu = table_hdu("", [(Column("A", "J"), [1, 2])])
    for rows, words in ((3, r"t\[table\]: 3 rows of 4 bytes do not fit the data unit of 8 bytes"), (2, "")):
        header = hdu.header.without(("EXTNAME",))
        header.set("NAXIS2", rows)
        if words:
            with pytest.raises(DataError, match=words):
                Table(header, hdu.data, "t")
        else:
            assert Table(header, hdu.data, "t").column("A").tolist() == [1, 2]


def test_columns_without_names_and_with_the_same():
    hdu = table_hdu("T", [(Column("A", "J", "s"), [1]), (Column("a", "E"), [2.0]), (Column("B", "I"), [3])])
    header = hdu.header.without(("TTYPE3",))
    table = Table(header, hdu.data, "t")
    assert [(info.number, info.name, info.unit) for info in table.infos.values()] == [(1, "A", "s"), (3, "COL3", "")]
    assert (table.column("a")[0], table.column("col3")[0], "B" in table) == (1, 3, False)
    assert [getattr(table.info("COL3"), name) for name in ("zero", "scale", "null", "repeat")] == [0, 1, None, 1]
    for keyword, value, words in (
        ("TNULL1", 1.5, r"t\[T\]: TNULL1 is 1.5; a whole number was expected"),
        ("TZERO1", "x", r"t\[T\]: keyword TZERO1 is 'x'; a number was expected"),
        ("TFORM2", "", r"t\[T\]: TFORM2 is ''"),
        ("NAXIS1", 9, r"t\[T\]: the columns take 10 bytes a row, but NAXIS1 is 9"),
    ):
        wrong = hdu.header.copy()
        wrong.set(keyword, value)
        with pytest.raises(DataError, match=words):
            Table(wrong, hdu.data, "t")


def test_further_columns_stand_behind_the_others():
    table = table_of([(Column("A", "J"), [1, 2]), (Column("B", "3A"), ["x", "y"])], [("OBJECT", "SIM")])
    made = append_columns(
        table,
        [
            (Column("C", "2I", "s", "said", null=-1), np.array([[1, 2], [3, -1]])),
            (Column("D", "L"), np.array([True, False])),
        ],
    )
    assert (made.header["NAXIS1"], made.header["TFIELDS"], made.header["TNULL3"], made.header["OBJECT"]) == (
        12,
        4,
        -1,
        "SIM",
    )
    assert (made.header["TTYPE3"], made.header.comment("TTYPE3"), made.header["TUNIT3"], made.header["TFORM4"]) == (
        "C",
        "said",
        "s",
        "L",
    )
    assert [made.column(name).tolist() for name in "ABCD"] == [[1, 2], ["x", "y"], [[1, 2], [3, -1]], [True, False]]
    assert made.null("C").tolist() == [[False, False], [False, True]]
    assert (table.header["NAXIS1"], table.header["TFIELDS"], "C" in table) == (7, 2, False)
    again = open_fits(fits_bytes(primary_hdu(), [as_hdu(made)]), "again").table()
    assert again.column("C").tolist() == [[1, 2], [3, -1]]
