"""What a comparison finds, and what it passes over."""

import numpy as np
import pytest

from rossi.compare import compare_products
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
    for unit, change, counts in (("deg", 2e-8, False), ("deg", 2e-6, True), ("s", 4e-7, False), ("", 2e-8, True)):
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
    assert compare_products(curve(), curve(more=more)).columns[-1].note == "only in the second file"
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
    found = compare_products(*(curve(more=more) for more in pairs))
    assert column(found, "X").note == "other number of elements in a row"
    assert found.max_rel == np.inf


def test_tables_without_rows():
    none = curve(time=TIME[:0], rate=RATE[:0])
    assert compare_products(none, none).identical
    nothing = open_fits(fits_bytes(primary_hdu()), "a.fits")
    assert compare_products(nothing, nothing).max_rel == 0
    assert "were not compared" in compare_products(none, curve()).remarks[0]


def test_what_a_figure_shows():
    rate = RATE + 0.5
    pair = pair_of(curve(), curve(time=TIME[2:], rate=rate[2:]), "a.lc")
    assert (pair.x_label, pair.y_label) == ("TIME", "RATE [counts/s]")
    assert pair.difference.x.tolist() == TIME[2:].tolist()
    assert pair.difference.y == pytest.approx(0.5)
    for pairs in ([], [pair], [pair] * 20):
        assert png(comparison_figure(pairs, ("native", "heasoft"), "title")).startswith(b"\x89PNG")
