"""What a comparison finds, and what it passes over."""

import numpy as np
import pytest

from rossi.compare import ColumnDifference, compare_products
from rossi.compare.pairs import pair_of
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.plot.compare import comparison_figure
from rossi.plot.longterm import png

TIME = np.arange(0.0, 160.0, 16.0)
RATE = np.linspace(1.0, 2.0, 10)


def curve(time=TIME, rate=RATE, cards=(), form="D", name="RATE", more=()):
    columns = [(Column("TIME", "D", "s"), time), (Column("RATE", form, "counts/s"), rate), *more]
    made = table_hdu(name, columns, [("OBJECT", "Cyg X-1"), *cards])
    return open_fits(fits_bytes(primary_hdu([("DATE", "2000-01-01")]), [made]), "a.lc")


def column(found, name):
    return next(column for column in found.columns if column.name == name)


def test_equal_products():
    found = compare_products(curve(), curve(cards=[("CREATOR", "another"), ("HISTORY", "x")]))
    assert found.identical
    assert (found.name, found.max_rel, len(found.columns)) == ("a.lc", 0.0, 2)


def test_the_largest_differences_of_a_column_and_its_row():
    rate = RATE.copy()
    rate[[2, 7]] += (0.5, -0.25)
    found = compare_products(curve(), curve(rate=rate))
    rates = column(found, "RATE")
    assert (rates.differing, rates.compared, rates.row) == (2, 10, 3)
    assert (rates.max_abs, rates.max_rel) == pytest.approx((0.5, 0.5 / rate[2]))
    assert column(found, "TIME").identical
    assert not found.same_numbers
    assert found.max_rel == rates.max_rel


def test_rounding_of_angles_and_times_is_no_difference():
    offset = np.full(10, 1e-4)
    floors = {"deg": 1e-6, "s": 1e-6}  # an arc cosine near 1; a tick of the spacecraft's clock
    edges = [(unit, part * floor, part > 1) for unit, floor in floors.items() for part in (0.99, 1.01)]
    for unit, change, counts in (*edges, ("", 2e-8, True), ("keV", 1e-12, True)):
        one, other = (curve(more=[(Column("OFFSET", "D", unit), offset + by)]) for by in (0.0, change))
        found = compare_products(one, other)
        assert column(found, "OFFSET").differing == 10  # to the last bit
        assert column(found, "OFFSET").max_abs == pytest.approx(change)
        assert (found.max_rel > 0) is counts


def test_undefined_values():
    rate, other = RATE.copy(), RATE.copy()
    rate[[1, 4]], other[4] = np.nan, np.nan
    rates = column(compare_products(curve(rate=rate), curve(rate=other)), "RATE")
    assert (rates.differing, rates.nulls, rates.row, rates.max_abs) == (1, 1, 2, 0.0)
    assert compare_products(curve(rate=rate), curve(rate=rate)).identical
    assert compare_products(curve(rate=rate), curve(rate=other)).max_rel == np.inf


def test_equal_numbers_of_another_type_are_equal():
    whole = np.arange(10.0)
    found = compare_products(curve(rate=whole), curve(rate=whole, form="E"))
    assert found.same_numbers
    assert column(found, "RATE").note == "type D and E"
    assert found.max_rel == 0
    assert column(found, "TIME") == ColumnDifference("RATE", "TIME", "s", 10, 0)


def test_keywords():
    found = compare_products(curve(cards=[("EXPOSURE", 10.0), ("ONLY", 1)]), curve(cards=[("EXPOSURE", 12.0)]))
    assert [(k.keyword, k.first, k.second) for k in found.keywords] == [("EXPOSURE", 10.0, 12.0), ("ONLY", 1, None)]
    assert found.same_numbers
    assert not found.identical


def test_rows_of_the_same_time_are_compared():
    found = compare_products(curve(), curve(time=TIME[3:] + 1e-5, rate=RATE[3:]))
    assert found.remarks == ("RATE: 10 rows in the first file, 7 in the second; the 7 of the same TIME were compared",)
    assert column(found, "RATE").identical
    assert column(found, "RATE").compared == 7
    assert found.max_rel == np.inf


def test_rows_are_those_of_the_first_file():
    """Its rows 3, 4 ... are the second's 1, 2 ..., which come the other way round."""
    rate = RATE.copy()
    rate[[5, 8]] += (1.0, 0.5)
    modes = np.array(["a", "b"] * 5, "S1")
    others = np.where(np.arange(10) == 6, b"c", modes)
    first, second = ([(Column("MODE", "A"), texts)] for texts in (modes, others[:2:-1]))
    found = compare_products(curve(more=first), curve(time=TIME[:2:-1], rate=rate[:2:-1], more=second))
    rates, texts = column(found, "RATE"), column(found, "MODE")
    assert (rates.row, rates.differing, rates.compared, rates.max_abs) == (6, 2, 7, pytest.approx(1.0))
    assert (texts.row, texts.differing, texts.compared) == (7, 1, 7)


@pytest.mark.parametrize(
    ("first", "second"),
    [(TIME, TIME[:4] + 0.99e-3), (TIME, TIME[:4] - 0.99e-3), (TIME[:4], TIME), (TIME[:1], TIME[:4])],
)
def test_rows_a_thousandth_of_a_second_apart_are_the_same(first, second):
    n, more = min(len(first), len(second)), max(len(first), len(second))
    found = compare_products(curve(first, RATE[: len(first)]), curve(second, RATE[: len(second)]))
    assert column(found, "RATE") == ColumnDifference("RATE", "RATE", "counts/s", n, 0)
    assert f"the {n} of the same TIME were compared" in found.remarks[0] and str(more) in found.remarks[0]
    apart = compare_products(curve(TIME[:4], RATE[:4]), curve(TIME + 1.01e-3, RATE))
    assert "the 0 of the same TIME" in apart.remarks[0] and column(apart, "RATE").compared == 0


def test_undefined_values_of_rows_that_belong_together():
    numbers = np.array([0, 1, 2, 3, 4, -1, 6, 7, 8, 9])
    first, second = ([(Column("N", "J", null=-1), values)] for values in (numbers, numbers[3:]))
    found = compare_products(curve(more=first), curve(time=TIME[3:], rate=RATE[3:], more=second))
    assert column(found, "N").identical


def test_rows_without_a_common_key_are_not_compared():
    """One file has TIME, the other none; a table without a name is known by its number."""
    other = open_fits(fits_bytes(primary_hdu(), [table_hdu("", [(Column("RATE", "D"), RATE[:4])])]), "b.lc")
    found = compare_products(curve(name=""), other)
    assert found.remarks == ("HDU 1: 10 rows in the first file, 4 in the second; they were not compared",)


def test_columns_and_extensions_that_one_file_lacks():
    more = [(Column("DEADC", "D"), RATE)]
    found = compare_products(curve(more=more), curve())
    assert column(found, "DEADC").note == "only in the first file"
    assert column(found, "DEADC") == ColumnDifference("RATE", "DEADC", "", 0, 0, note="only in the first file")
    assert not column(found, "DEADC").identical and found.max_rel == np.inf
    last = compare_products(curve(), curve(more=more)).columns[-1]
    assert last == ColumnDifference("RATE", "DEADC", "", 0, 0, note="only in the second file")
    found = compare_products(curve(), curve(name="COUNTS"))
    assert found.remarks == ("RATE is only in the first file", "COUNTS is only in the second file")


def test_texts_units_and_cells_that_differ():
    modes = np.array(["a"] * 10, "S3")
    others = modes.copy()
    others[[4, 6]] = b"b"
    pairs = [[(Column("MODE", "3A"), texts)] for texts in (modes, others)]
    texts = column(compare_products(*(curve(more=more) for more in pairs)), "MODE")
    assert (texts.compared, texts.differing, texts.row) == (10, 2, 5)
    pairs = [[(Column("X", "D", unit), RATE)] for unit in ("deg", "")]
    assert column(compare_products(*(curve(more=more) for more in pairs)), "X").note == "unit 'deg' and 'none'"
    pairs = [[(Column("X", form), values)] for form, values in (("D", RATE), ("2D", np.ones((10, 2))))]
    pairs = [[*pair, (Column("Y", "D"), RATE)] for pair in pairs]
    found = compare_products(*(curve(more=more) for more in pairs))
    assert column(found, "X") == ColumnDifference("RATE", "X", "", 0, 0, note="other number of elements in a row")
    assert found.max_rel == np.inf
    assert column(found, "Y").compared == 10  # those behind it, too
    assert column(compare_products(curve(more=pairs[0]), curve(more=pairs[0][1:])), "Y").compared == 10
    same = [(Column("MODE", "3A"), modes)]
    assert column(compare_products(curve(more=same), curve(more=same)), "MODE").row == 0


def test_cells_of_variable_length():
    cells = [np.arange(n, dtype=np.int16) for n in (3, 0, 2)]
    other = [cells[0], cells[1], cells[2] + np.array([0, 5], np.int16)]
    longer = [*cells[:2], np.arange(3, dtype=np.int16)]

    def table(values, form="PI"):
        return curve(TIME[:3], RATE[:3], more=[(Column("CELLS", form), values), (Column("Y", "D"), RATE[:3])])

    assert compare_products(table(cells), table(cells)).identical
    found = column(compare_products(table(cells), table(other)), "CELLS")
    assert (found.compared, found.differing, found.max_abs, found.row) == (5, 1, 5, 3)
    told = ColumnDifference("RATE", "CELLS", "", 0, 0, note="other number of elements in a row")
    assert column(compare_products(table(cells), table(longer)), "CELLS") == told
    whole = np.array([[0, 1], [0, 1], [0, 1]], np.int16)
    for one, two in ((table(whole, "2I"), table(list(whole))), (table(list(whole)), table(whole, "2I"))):
        found = column(compare_products(one, two), "CELLS")
        assert (found.compared, found.differing) == (6, 0)
        assert column(compare_products(one, two), "Y").compared == 3


def test_tables_without_rows():
    none = curve(time=TIME[:0], rate=RATE[:0])
    assert compare_products(none, none).identical
    nothing = open_fits(fits_bytes(primary_hdu()), "a.fits")
    assert compare_products(nothing, nothing).max_rel == 0
    assert "were not compared" in compare_products(none, curve()).remarks[0]


def test_the_rows_that_a_figure_shows():
    pair = pair_of(curve(), curve(time=TIME[2:], rate=RATE[2:] + 0.5), "a.lc")
    assert (pair.x_label, pair.y_label) == ("TIME", "RATE [counts/s]")
    assert pair.difference.x.tolist() == TIME[2:].tolist()
    assert pair.difference.y == pytest.approx(0.5)


def test_a_figure_goes_by_thousandths_of_a_second():
    x, y = (np.array([1.0002, 2.0, 3.0006]), np.array([1.0, 2.0004, 3.0]))
    for first, second in ((x, y), (y, x)):
        found = pair_of(curve(first, RATE[:3]), curve(second, RATE[:3] + 0.5), "a.lc").difference
        assert found.x.tolist() == first[:2].tolist()


def test_figures():
    pair = pair_of(curve(), curve(rate=RATE + 0.5), "a.lc")
    for pairs in ([], [pair], [pair] * 20):
        assert png(comparison_figure(pairs, ("native", "heasoft"), "title")).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("x", "y", "is_counted"),
    [
        *[("TIME", "RATE", True), ("TIME", "COUNTS", True), ("CHANNEL", "COUNTS", True), ("CHANNEL", "RATE", True)],
        *[("TIME", "XeCntPcu2", False), ("TIME", "ELV", False)],
    ],
)
def test_what_is_drawn_over_what(x, y, is_counted):
    def product(y, form="D", unit="", value=RATE):
        columns = [(Column("SPARE", "D"), RATE), (Column(x, "D"), TIME), (Column(y, form, unit), value)]
        return open_fits(fits_bytes(primary_hdu(), [table_hdu("EMPTY", []), table_hdu("X", columns)]), "a")

    pair = pair_of(product(y), product(y, value=RATE * 3), "a")
    assert (pair.name, pair.x_label, pair.y_label, pair.is_counted) == ("a", x, y, is_counted)
    assert (pair.first.x.tolist(), pair.second.y.tolist()) == (TIME.tolist(), (RATE * 3).tolist())
    assert pair.difference.y.tolist() == pytest.approx((RATE * 2).tolist())
    assert pair_of(product(y, unit="count"), product(y), "a").y_label == f"{y} [count]"
    assert pair_of(product(y, unit="count"), product(y.lower()), "a").y_label == f"{y} [count]"  # as the first has it
    others = (product("SPAN"), product(y, "2D", value=np.ones((10, 2))))
    for other in others:  # nothing to be drawn, or several values a row
        assert pair_of(product(y), other, "a") is pair_of(other, product(y), "a") is None


def test_a_figure_shows_the_first_that_a_product_has():
    more = [(Column("CHANNEL", "J"), np.arange(10)), (Column("COUNTS", "J"), np.arange(10)), (Column("ELV", "D"), RATE)]
    assert pair_of(curve(more=more), curve(more=more), "a").y_label == "RATE [counts/s]"
    assert pair_of(curve(name="ANY", more=more), curve(more=more[1:]), "a").x_label == "TIME"
    undefined = pair_of(curve(rate=np.where(TIME > 100, np.nan, RATE)), curve(), "a")
    assert np.isnan(undefined.first.y).sum() == (TIME > 100).sum()
