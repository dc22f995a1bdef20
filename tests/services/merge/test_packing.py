"""Numbers packed into a page come out as they went in, to less than a pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.merge.packing import Packer, unpack

numbers = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=50)


#: Below it, numbers have fewer digits and a step may be none at all.
TINY = np.finfo(float).tiny


@given(st.lists(numbers, max_size=5), st.booleans())
def test_quantised_numbers_are_within_half_a_step(arrays: list[list[float]], coarse: bool) -> None:
    packer = Packer()
    got = unpack(packer.block({"arrays": [packer.quantised(a, coarse=coarse) for a in arrays]}))["arrays"]
    for array, found in zip(arrays, got, strict=True):
        given_ = np.array(array, float)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(given_))
        if np.isfinite(given_).any():
            step = (np.nanmax(given_) - np.nanmin(given_)) / (254 if coarse else 65534)
            assert np.nanmax(np.abs(found - given_)) <= 0.501 * step + 1e-7 * np.nanmax(np.abs(given_)) + TINY


@given(st.lists(st.integers(-(10**8), 10**8), max_size=50))
def test_steps_are_exact(values: list[int]) -> None:
    packer = Packer()
    seconds = np.array(values, float) / 8
    np.testing.assert_array_equal(unpack(packer.block({"t": packer.steps(seconds, 0.125)}))["t"], seconds)


def test_floats_keep_seven_digits_and_text_stays() -> None:
    packer = Packer()
    content = {"a": packer.floats([1.2345678, -3e-7]), "b": [1.23456789012345, None, "ä <"], "c": {"d": 3}}
    got = unpack(packer.block(content))
    np.testing.assert_allclose(got["a"], [1.2345678, -3e-7], rtol=1e-6)
    assert (got["b"], got["c"]) == ([1.23456789, None, "ä <"], {"d": 3})
    assert packer.block(content) == packer.block(content)
