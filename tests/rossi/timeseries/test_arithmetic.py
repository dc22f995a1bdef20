"""lcmath beyond the golden files: other bin widths, nulls, error modes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rossi.errors import ConfigError, DataError
from rossi.fits.header import Header
from rossi.timeseries.arithmetic import Terms, add, subtract
from rossi.timeseries.rebin import rebin
from rossi.timeseries.series import LightCurve, filled_intervals

NAN = float("nan")


def curve(
    time: list[float], rate: list[float], error: list[float], *, width: float = 16.0, fracexp: float = 1.0
) -> LightCurve:
    t = 1e8 + np.array(time, float)
    r, e = np.array(rate, float), np.array(error, float)
    return LightCurve("c.lc", t, r, e, np.full(len(t), fracexp), width, filled_intervals(t, width), Header(), Header())


@pytest.mark.parametrize(
    ("mode", "error"), [(1, 3.0923293), (2, 4.340939), (3, 3.0923293), (4, 4.340939), (5, 3.0923293), (6, 2.1650636)]
)
def test_error_modes(mode: int, error: float) -> None:
    source, background = curve([0], [75], [2.1650635]), curve([0], [6], [0.6123724])
    net = subtract(source, background, Terms(2, 0.5, error_mode=mode))
    assert net.rate[0] == 147
    assert net.error[0] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize(
    ("mode", "variance"),
    [
        (1, 2 * 9 + 0.5 * 4 + (8 / 0.5 + 4 / 0.25) / 256),
        (2, 4 * 9 + 0.25 * 4),
        (3, 2 * 9 + 0.5 * 4),
        (4, 4 * 9 + 0.25 * 4 + (8 / 0.5 + 4 / 0.25) / 256),
        (5, 2 * 75 / (16 * 0.5) + 0.5 * 6 / (16 * 0.25)),
        (6, 9),
        (7, 9 + 4 + (8 / 0.5 + 4 / 0.25) / 256),
    ],
)
def test_errors_of_bins_that_are_exposed_in_part(mode: int, variance: float) -> None:
    source, background = curve([0], [75], [3], fracexp=0.5), curve([0], [6], [2], fracexp=0.25)
    net = subtract(source, background, Terms(2, 0.5, -8, 4, error_mode=mode))
    assert net.error[0] == pytest.approx(np.sqrt(variance))


def test_offsets_are_counts_a_bin() -> None:
    source, background = curve([0], [10], [1]), curve([0], [2], [0])
    terms = Terms(source_offset=3, background_offset=2)
    net = subtract(source, background, terms)
    assert net.rate[0] == 8 + 1 / 16
    assert net.error[0] == pytest.approx(np.sqrt(1 + 5 / 256))
    assert add(source, background, terms).rate[0] == 12 + 5 / 16


def test_null_rows_stay_null_but_repeat_the_last_in_compat() -> None:
    source, background = curve([0, 16], [20, NAN], [1, NAN]), curve([0, 16], [2, 3], [0, 0])
    np.testing.assert_array_equal(subtract(source, background).rate, [18, NAN])
    np.testing.assert_array_equal(subtract(source, background, compat="heasoft").rate, [18, 17])


def test_background_of_other_width_is_weighted_by_overlap() -> None:
    source = curve([0, 16], [10, 10], [0, 0])
    background = curve([0, 8, 16, 24], [1, 3, NAN, 5], [0, 0, 0, 0], width=8.0)
    np.testing.assert_allclose(subtract(source, background).rate, [8, 5])
    with pytest.raises(DataError, match="lcmath refuses"):
        subtract(source, background, compat="heasoft")
    fine = curve([0, 8, 16, 24], [10] * 4, [0] * 4, width=8.0)
    coarse = curve([0, 16], [1, 2], [0, 0])
    np.testing.assert_allclose(subtract(fine, coarse).rate, [9, 9, 8, 8])
    np.testing.assert_allclose(subtract(fine, coarse, compat="heasoft").rate, [9, 8.5, 8, 8], rtol=1e-6)


def test_bins_without_background_are_null() -> None:
    net = subtract(curve([0, 160], [5, 5], [1, 1]), curve([0], [1], [0]))
    np.testing.assert_array_equal(net.rate, [4, NAN])
    np.testing.assert_array_equal(net.error, [1, NAN])
    with pytest.raises(DataError, match="no bin overlaps"):
        subtract(curve([0], [5], [1]), curve([16.0 - 1e-8], [1], [0]))


def test_keywords_tell_what_was_done() -> None:
    a, b = curve([0], [5], [1]), curve([0], [1], [0])
    assert [subtract(a, b).header[k] for k in ("HDUCLAS2", "BACKAPP")] == ["NET", True]
    assert [add(a, b).header[k] for k in ("HDUCLAS2", "BACKAPP")] == ["TOTAL", False]


def test_rebin_clips_fracexp_and_skips_nulls() -> None:
    series = curve([0, 16, 32, 48, 200], [1, 3, NAN, 4, 7], [1, 1, 1, 2, 1], fracexp=1.2)
    binned = rebin(series, 2)
    np.testing.assert_array_equal(binned.time - 1e8, [0, 32, 192])
    np.testing.assert_allclose(binned.rate, [2, 4, 7])
    np.testing.assert_allclose(binned.error, [np.sqrt(0.5), 2, 1])
    np.testing.assert_allclose(binned.fracexp, [1, 0.5, 0.5])
    assert binned.header["TIMEDEL"] == 32


def test_counts_add_up_and_their_errors_in_squares() -> None:
    counts = replace(curve([0, 16, 32], [9, 16, 4], [3, 4, 2]), quantity="COUNTS")
    joined = rebin(counts, 2)
    assert joined.rate.tolist() == [25, 4] and joined.error.tolist() == [5, 2]
    assert joined.time.tolist() == [1e8, 1e8 + 32]
    assert rebin(curve([0, 16], [1, 3], [3, 4]), 2).error[0] == 2.5


@pytest.mark.parametrize("factor", [0, -1, 1 << 53])
def test_factors_that_make_no_bins_are_refused(factor: int) -> None:
    with pytest.raises(ConfigError, match=f"factor is {factor}; a whole number of at least 1"):
        rebin(curve([0, 16], [1, 3], [3, 4]), factor)


def test_half_a_second_in_common_is_enough_for_a_background() -> None:
    source, background = curve([0], [10], [1]), curve([-15.5], [4], [1])
    assert subtract(source, background).rate.tolist() == [6]


@pytest.mark.parametrize(("late", "intervals"), [(1e-5, 1), (1e-4, 2)])
def test_bins_that_touch_but_for_rounding_are_one_interval(late: float, intervals: int) -> None:
    """A millionth of the width of 16 s is rounding."""
    assert len(filled_intervals(np.array([0.0, 16.0, 32.0 + late]), 16.0)) == intervals


def test_counts_are_rates_for_stingray() -> None:
    counts = replace(curve([0, 16], [32, 64], [8, 16]), quantity="COUNTS")
    made = counts.to_stingray()
    assert made.countrate.tolist() == [2, 4] and (made.counts_err / 16).tolist() == [0.5, 1]
