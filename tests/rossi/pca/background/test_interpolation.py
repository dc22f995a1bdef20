import numpy as np
import pytest

from rossi.pca.background.interpolation import between, bin_of, mix, places_on, spectra_at
from rossi.pca.background.intervals import Intervals
from rossi.pca.background.model import Axis

PLAIN = Axis("A", 4, 10.0, 5.0)
FINE = Axis("B", 3, 0.0, 1.0, midpoints=(10.0, 20.0, 40.0))


def test_bins_of_equal_width():
    values = np.array([-100.0, 2.0, 9.9, 10.0, 14.9, 15.0, 25.0, 29.9, 30.0, 1e9])
    assert bin_of(PLAIN, values).tolist() == [0, 0, 0, 0, 0, 1, 3, 3, 3, 3]


def test_between_midpoints():
    lower, upper, fraction = between(FINE.midpoints, np.array([5.0, 10.0, 12.5, 20.0, 25.0, 40.0, 41.0]))
    assert lower.tolist() == [0, 0, 0, 0, 1, 1, 2]  # a value at a midpoint belongs to the bins below it
    assert upper.tolist() == [0, 0, 1, 1, 2, 2, 2]
    assert fraction.tolist() == [0, 0, 0.25, 1, 0.25, 1, 0]


def test_values_outside_limits_and_undefined_ones_give_nothing():
    axis = Axis("A", 2, 0.0, 1.0, low=0.5, high=2.0)
    values = np.array([0.4, 0.5, 0.6, 1.9, 2.0, np.nan, np.inf])
    rates = spectra_at(np.array([[[1.0], [2.0]]], np.float32), places_on([axis], [values], 7))
    assert rates[0, :, 0].tolist() == [0, 0, 1, 2, 0, 0, 0]


def test_axes_are_interpolated_one_after_the_other_in_single_precision():
    axes = [Axis("A", 2, 0, 1, midpoints=(0.0, 1.0)), Axis("P", 2, 0, 1), Axis("B", 2, 0, 1, midpoints=(0.0, 1.0))]
    rng = np.random.default_rng(3)
    cells = rng.uniform(0, 1, (2, 8, 5)).astype(np.float32)
    a, p, b = rng.uniform(0.01, 1, (3, 6))
    made = spectra_at(cells, places_on(axes, [a, p * 2, b], 6))
    for row in range(6):
        first = cells[:, [0 + 2 * int(p[row] * 2), 0 + 2 * int(p[row] * 2) + 4]]
        second = cells[:, [1 + 2 * int(p[row] * 2), 1 + 2 * int(p[row] * 2) + 4]]
        along_a = (first * (1 - a[row]) + second * a[row]).astype(np.float32)
        expected = (along_a[:, 0] * (1 - b[row]) + along_a[:, 1] * b[row]).astype(np.float32)
        assert np.array_equal(made[:, row], expected)
    plain = spectra_at(cells, places_on(axes, [a, p * 2, b], 6, interpolate=False))
    cell = np.minimum(a.astype(int), 1) + 2 * np.minimum((p * 2).astype(int), 1) + 4 * np.minimum(b.astype(int), 1)
    assert np.array_equal(plain, cells[:, cell])


def test_a_component_without_axes_is_the_same_in_all_rows():
    assert spectra_at(np.array([[[3.0]]], np.float32), places_on([], [], 2)).tolist() == [[[3.0], [3.0]]]


def test_what_is_not_finite_gives_way():
    a, b = np.array([1, np.nan, 3, np.nan], np.float32), np.array([2, 5, np.inf, np.nan], np.float32)
    assert mix(a, b, np.full(4, 0.5))[:3].tolist() == [1.5, 5.0, 3.0]
    assert np.isnan(mix(a, b, np.full(4, 0.5))[3])
    cells = np.array([[[1.0], [np.nan]]], np.float32)
    axis = Axis("A", 2, 0, 1, midpoints=(0.0, 1.0))
    assert spectra_at(cells, places_on([axis], [np.array([0.5])], 1))[0, 0, 0] == 1.0


@pytest.mark.parametrize(
    ("interval", "expected", "times"),
    [
        (16.0, [16, 32, 48, 64, 80], [0, 100, 200, 300, 400]),
        (32.0, [48, 112, 80], [0, 200, 400]),
        (24.0, [16 + 16, 16 + 48, 64 + 40, 40], [0, 108, 300, 408]),  # 16 s of row 0 and 8 s of row 1; ...
        (8.0, [8, 8, 16, 16, 24, 24, 32, 32, 40, 40], [0, 8, 100, 108, 200, 208, 300, 308, 400, 408]),
    ],
)
def test_rows_of_other_lengths(interval, expected, times):
    intervals = Intervals(5, 16.0, interval)
    rates = np.arange(1, 6, dtype=np.float32)[None, :, None]
    assert intervals.counts(rates)[0, :, 0].tolist() == expected
    assert intervals.times(100.0 * np.arange(5)).tolist() == times
    assert sum(len(range(5)[rows]) for rows in intervals.blocks()) == 5
