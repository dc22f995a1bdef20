"""Sums that round as additions one by one do, without carrying all of them out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rossi.extract.sums import add_rows, repeated_sum

#: 16 s shared among 129 elements, what is exact, what lies half-way between two numbers after some steps, and others.
VALUES = (16 / 129, 16.0, 0.1, 1 / 64, np.nextafter(1, 2), 1 + 2.0**-30, 9.418198237405264, (2**52 + 1) * 2.0**-60)


@pytest.mark.parametrize("value", VALUES)
def test_a_number_added_again_and_again_rounds_as_each_addition_does(value):
    number = np.arange(1, 100_001)
    np.testing.assert_array_equal(repeated_sum(value, number), np.add.accumulate(np.full(len(number), value)))


@pytest.mark.parametrize("shape", [(1, 1), (40, 1), (1, 3), (3000, 2), (17, 129)])
def test_rows_are_added_one_after_the_other(shape):
    random = np.random.default_rng(1)
    start, rows = random.normal(size=shape[1]), random.normal(size=shape) * 1e3 ** random.normal(size=shape)
    expected = start.copy()
    for row in rows:
        expected += row
    np.testing.assert_array_equal(add_rows(start, rows), expected)


@pytest.mark.parametrize("shape", [(2**15 - 1,), (2**15,), (2**16 + 2,), (2**14, 3), (3, 2**14)])
def test_whole_numbers_of_16_bits_are_added_exactly_however_many(shape):
    values = np.full((*shape, 1), 65535, np.int32)  # what 16 bits without sign become
    assert add_rows(np.zeros(1), values).tolist() == [65535 * math.prod(shape)]


@pytest.mark.parametrize("kind", [np.float64, np.int32])
@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (0, 0), (2, 0, 3), (2, 3, 0)])
def test_nothing_is_added_without_rows_or_columns(shape, kind):
    start = np.arange(float(shape[-1]))
    assert add_rows(start, np.ones(shape, kind)).tolist() == start.tolist()
