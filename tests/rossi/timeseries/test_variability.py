"""Fractional variability against values worked out by hand."""

import math

import numpy as np
import pytest

from rossi.timeseries.variability import fractional_variability

NAN = float("nan")


def test_two_rates_by_hand() -> None:
    # Mean 10, S^2 = 8, M = 2: excess 6 / 100.
    found = fractional_variability(np.array([8.0, 12.0, NAN]), np.array([math.sqrt(2), math.sqrt(2), 1.0]))
    assert found.points == 2
    assert found.excess == pytest.approx(0.06)
    assert found.fractional == pytest.approx(math.sqrt(0.06))
    # sqrt(1) * 2 / 100 and sqrt(2 / 2) * 2 * 0.2449 / 10
    assert found.excess_error == pytest.approx(math.hypot(0.02, 0.2 * math.sqrt(0.06)))
    # sqrt(1 / 4) * 2 / (100 * 0.2449) and sqrt(2 / 2) / 10
    assert found.error == pytest.approx(math.hypot(0.01 / math.sqrt(0.06), 0.1))


def test_rates_that_vary_less_than_their_errors() -> None:
    found = fractional_variability(np.array([10.0, 10.0]), np.array([1.0, 1.0]))
    assert found.excess == pytest.approx(-0.01)
    assert found.excess_error == pytest.approx(0.01)
    assert math.isnan(found.fractional)
    assert math.isnan(found.error)


@pytest.mark.parametrize("rates", [[], [5.0], [-3.0, 1.0], [NAN, NAN, 4.0]])
def test_too_little_to_tell(rates: list[float]) -> None:
    found = fractional_variability(np.array(rates), np.ones(len(rates)))
    assert math.isnan(found.excess)
    assert math.isnan(found.fractional)


def test_the_variability_that_was_put_in_is_found() -> None:
    rng = np.random.default_rng(3)
    true = 100 * (1 + 0.2 * rng.standard_normal(4000))
    found = fractional_variability(true + 10 * rng.standard_normal(4000), np.full(4000, 10.0))
    expected = true.std(ddof=1) / true.mean()
    assert found.fractional == pytest.approx(expected, abs=4 * found.error)
    assert found.error == pytest.approx(math.hypot(0.01 / (0.2 * math.sqrt(8000)), 0.1 / math.sqrt(4000)), rel=0.05)
