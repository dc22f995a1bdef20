"""Fractional variability against numbers worked out by hand, and of light curves whose variability is known."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.timeseries.variability import fractional_variability

NAN = float("nan")


def test_by_hand() -> None:
    # Mean 2, sample variance 2, noise 0.25: F = sqrt(1.75) / 2; with N = 2 the errors' parts are 0.25 / 4 / (2 F) and
    # sqrt(0.125) / 2.
    value, error = fractional_variability([1, NAN, 3, 5], [0.5, 0.5, 0.5, NAN])
    assert value == pytest.approx(1.75**0.5 / 2)
    assert error == pytest.approx(((0.0625 / (2 * value)) ** 2 + 0.125 / 4) ** 0.5)
    assert fractional_variability([1, 3], [0, 0]) == (pytest.approx(2**-0.5), 0)


def test_no_more_than_noise() -> None:
    assert fractional_variability([10, 10, 10, 10, 10, 10, 10, 10], [1] * 8) == (0, pytest.approx(0.005**0.5))


@pytest.mark.parametrize("rates", [[], [1], [1, NAN], [-1, -2], [1, -1]])
def test_unknown(rates: list[float]) -> None:
    assert np.isnan(fractional_variability(rates, [0.1] * len(rates))).all()


def test_the_truth_is_found_within_its_error() -> None:
    rng = np.random.default_rng(7)
    rates = 50 * (1 + 0.1 * np.sin(2 * np.pi * np.arange(4000) / 40))
    found = np.array([fractional_variability(rng.normal(rates, 4), np.full(4000, 4.0)) for _ in range(300)])
    # The rms of a sine is its amplitude over the root of 2; the mean of 300 is good to the 17th part of one's error.
    assert found[:, 0].mean() == pytest.approx(0.1 / 2**0.5, abs=4 * found[:, 1].mean() / 300**0.5)
    # Both parts of the error: of the noise's own variance, and of noise times signal.
    expected = np.hypot(np.sqrt(2 / 4000) * 0.08**2 / (2 * 0.0707), np.sqrt(0.08**2 / 4000))
    assert found[:, 1].mean() == pytest.approx(expected, rel=0.02)
    assert found[:, 0].std() == pytest.approx(found[:, 1].mean(), rel=0.15)
