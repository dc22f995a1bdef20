"""Distinct values are those that numpy finds, in whatever order they come."""

import numpy as np
import pytest

from rossi.arrays import distinct


@pytest.mark.parametrize("values", [[], [3], [1, 1, 2, 5, 5], [5, 1, 5, 2], [2.5, 2.5, -1.0]])
def test_distinct_values_and_their_places(values):
    found, place = distinct(np.array(values))
    assert found.tolist() == sorted(set(values))
    assert found[place].tolist() == values
