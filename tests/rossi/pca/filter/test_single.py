"""Single-precision trigonometry: close to the truth everywhere, exact where that is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.pca.filter import single

inside = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50).map(lambda x: np.array(x, np.float32))
angles = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=50).map(lambda x: np.array(x, np.float32))
numbers = st.lists(st.floats(-(2.0**20), 2.0**20, width=32), min_size=1, max_size=50)


def close(found, exact):
    assert found.dtype == np.float32
    last_place = np.spacing(np.maximum(np.abs(exact), 1e-35).astype(np.float32))
    assert (np.abs(found - exact) <= 1.0 * last_place).all()


@given(inside)
def test_arcsin_and_arccos(x):
    close(single.arcsin(x), np.arcsin(x.astype(float)))
    close(single.arccos(x), np.arccos(x.astype(float)))


@given(numbers.map(lambda x: np.array(x, np.float32)))
def test_arctan(x):
    close(single.arctan(x), np.arctan(x.astype(float)))
    found = single.arctan2(x, np.full_like(x, -2))
    assert np.allclose(found, np.arctan2(x.astype(float), -2), rtol=3e-7)


@given(angles)
def test_sine_and_cosine(x):
    wide = x.astype(float)
    assert np.allclose(single.sin(x), np.sin(wide), rtol=1e-7, atol=1e-14)
    assert np.allclose(single.cos(x), np.cos(wide), rtol=1e-7, atol=1e-14)


def test_ends():
    x = np.array([-1, 0, 1, 2, np.nan], np.float32)
    half = np.float32(np.pi / 2)
    assert np.array_equal(single.arcsin(x), np.array([-half, 0, half, np.nan, np.nan], np.float32), equal_nan=True)
    assert np.array_equal(single.arccos(x), np.array([single.PI, half, 0, np.nan, np.nan], np.float32), equal_nan=True)
    infinite = np.array([np.inf, -np.inf], np.float32)
    assert np.array_equal(single.arctan(infinite), [half, -half])
    assert np.isnan(single.sin(np.array([np.nan], np.float32))).all()


@pytest.mark.parametrize(
    ("name", "x", "bits"),
    [
        ("arcsin", 0.239999995, 0x3E782EC0),
        ("arccos", 0.170000002, 0x3FB3321C),
        ("arctan", 0.74000001, 0x3F23170A),
        ("sin", 0.680000007, 0x3F20F895),
        ("cos", 0.850000024, 0x3F28F4A8),
    ],
)
def test_bits(name, x, bits):
    """Values of the C library (glibc 2.36) that are not the nearest numbers to the truth."""
    found = getattr(single, name)(np.array([x], np.float32))
    assert found.view(np.uint32)[0] == bits
