import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi import gti
from rossi.errors import DataError
from rossi.fits.declarations import STDGTI
from rossi.fits.reader import open_fits
from rossi.fits.writer import fits_bytes, primary_hdu, table_hdu

intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12).map(
    lambda pairs: np.array([sorted(p) for p in pairs], float).reshape(-1, 2)
)
CELLS = np.arange(0, 61) + 0.5


def cells(pairs):
    """Which unit cells lie in any of the pairs: the plain definition that the algebra must agree with."""
    inside = (pairs[None, :, 0] <= CELLS[:, None]) & (CELLS[:, None] < pairs[None, :, 1])
    return inside.any(axis=1)


@given(intervals)
def test_make_keeps_the_set_and_sorts(pairs):
    made = gti.make(pairs)
    assert np.array_equal(cells(made), cells(pairs))
    assert np.all(made[:, 0] < made[:, 1])
    assert np.all(made[1:, 0] > made[:-1, 1])


@given(intervals, intervals)
def test_algebra_agrees_with_sets(a, b):
    assert np.array_equal(cells(gti.union(a, b)), cells(a) | cells(b))
    both = gti.intersection(a, b)
    assert np.array_equal(cells(both), cells(a) & cells(b))
    assert gti.total(both) == (cells(a) & cells(b)).sum()
    assert gti.total(gti.union(a, b)) + gti.total(both) == pytest.approx(
        gti.total(gti.make(a)) + gti.total(gti.make(b))
    )


@given(intervals, st.lists(st.integers(-2, 62), max_size=20))
def test_contains_is_half_open_or_closed(pairs, times):
    made, t = gti.make(pairs), np.array(times, float)
    expected = ((made[None, :, 0] <= t[:, None]) & (t[:, None] < made[None, :, 1])).any(axis=1)
    assert np.array_equal(gti.contains(made, t), expected)
    closed = ((made[None, :, 0] <= t[:, None]) & (t[:, None] <= made[None, :, 1])).any(axis=1)
    assert np.array_equal(gti.contains(made, t, closed=True), closed)


def test_reference_values_of_union_and_intersection():
    a, b = [[10, 20], [30, 40], [50, 60]], [[15, 32], [40, 45], [60, 70], [80, 90]]
    assert gti.union(a, b).tolist() == [[10, 45], [50, 70], [80, 90]]
    assert gti.intersection(a, b).tolist() == [[15, 20], [30, 32]]
    assert gti.union().shape == (0, 2)


def test_pairs_lie_along_the_last_axis():
    assert gti.make([[[32, 48]], [[0, 16]]]).tolist() == [[0, 16], [32, 48]]
    with pytest.raises(TypeError, match="pairs of START and STOP"):
        gti.make([[[0, 16, 32], [48, 64, 80]]])


def gti_table(pairs, cards=()):
    columns = list(zip(STDGTI, np.array(pairs, float).T, strict=True))
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("STDGTI", columns, cards)]), "a.gti").tables[0]


def test_reading_adds_timezero_and_clips_to_the_keywords():
    cards = [("TIMEZERO", 0.5), ("TSTART", 15.0), ("TSTOP", 55.0)]
    table = gti_table([[0, 10], [12, 20], [30, 30], [40, 60], [70, 80]], cards)
    assert gti.from_table(table).tolist() == [[15.5, 20.5], [40.5, 55.5]]
    split = gti_table([[1, 2]], [("TIMEZERI", 3), ("TIMEZERF", 0.25)])
    assert gti.from_table(split).tolist() == [[4.25, 5.25]]


def test_damaged_tables_are_refused_by_row():
    with pytest.raises(DataError, match="row 1 has STOP before START"):
        gti.from_table(gti_table([[5, 4]]))


def test_tables_out_of_order_mean_the_same_time():
    assert gti.from_table(gti_table([[20, 30], [0, 10], [9, 12]])).tolist() == [[0, 12], [20, 30]]
    assert [gti.is_ordered(rows) for rows in ([[0, 1], [1, 2]], [[0, 2], [1, 3]], [[5, 6], [1, 2]], [])] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("odd", [[[1.0], [2.0]], [1.0, 2.0, 3.0], "ab", np.ones((2, 3))])
def test_what_is_no_pairs_is_refused(odd):
    with pytest.raises(TypeError, match="pairs of START and STOP"):
        gti.make(odd)
