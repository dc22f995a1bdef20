"""Effective areas on other energies, and in matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import DataError
from rossi.fits.writer import Column, table_hdu
from rossi.spectra.area import EffectiveArea, read_area, remap, with_area
from rossi.spectra.mean_response import MeanResponse, _Share
from tests.rossi.hexte.material import area, opened, spectrum
from tests.rossi.spectra.test_response import response

F = np.float32


def edges(*values):
    e = np.array(values, F)
    return e[:-1], e[1:]


def test_averages_by_hand():
    old = edges(0, 2, 4, 8)
    made = remap(np.array([1, 3, 5], F), *old, *edges(-1, 0, 1, 3, 8, 12))
    np.testing.assert_allclose(made, [0, 1, 2, (3 + 20) / 5, 0], rtol=1e-7)
    np.testing.assert_allclose(remap(np.array([1, 3, 5], F), *old, *edges(7, 10)), [5 / 3], rtol=1e-6)


def test_every_step_is_in_single_precision():
    value, width = F(0.3), F(1.7) - F(0.6)
    same = remap(np.array([value]), *edges(0.6, 1.7), *edges(0.6, 1.7))
    assert same.dtype == F
    assert same[0] == (value * width) / width
    half = remap(np.array([value]), *edges(0.6, 1.7), *edges(0.9, 1.1))
    overlap = F(1.1) - F(0.9)
    assert half[0] == (value * width) * (overlap / width) / overlap


ASCENDING = st.lists(st.floats(0.125, 10, width=32), min_size=2, max_size=12).map(lambda w: np.cumsum(np.array(w, F)))


@given(ASCENDING, ASCENDING, st.integers(0, 2**32 - 1))
def test_the_integral_is_conserved(old, new, seed):
    values = np.random.default_rng(seed).uniform(0, 1, len(old) - 1).astype(F)
    new = np.concatenate(([F(0)], new, [max(new[-1], old[-1]) + F(1)])).astype(F)
    made = remap(values, old[:-1], old[1:], new[:-1], new[1:])
    np.testing.assert_allclose((made * np.diff(new)).sum(), (values * np.diff(old)).sum(), rtol=1e-5, atol=1e-5)


@given(ASCENDING, ASCENDING)
def test_averages_lie_between_the_values(old, new):
    made = remap(np.ones(len(old) - 1, F), old[:-1], old[1:], new[:-1], new[1:])
    assert (made >= 0).all()
    assert (made <= 1 + 1e-4).all()


def test_products_follow_the_rule_of_marfrmf():
    random = np.random.default_rng(3)
    energy = np.cumsum(random.uniform(0.3, 2, 41)).astype(F)
    full = response([[(0, random.uniform(0, 1, 8))] for _ in range(40)], 8)
    full = type(full)("r", energy[:-1], energy[1:], *(getattr(full, k) for k in full.__slots__[3:]))
    factor = random.uniform(0, 100, 40).astype(F)
    made = with_area(full, EffectiveArea("a", energy[:-1], energy[1:], factor))
    width = energy[1:] - energy[:-1]
    np.testing.assert_array_equal(made.matrix, full.matrix * ((factor * width) / width)[:, None])
    assert made.matrix.dtype == F
    assert (made.matrix != full.matrix * factor[:, None]).any()


def test_energies_that_do_not_meet():
    with pytest.raises(DataError, match=r"a: 5 to 6 keV, but r.rmf\[MATRIX\] has 0 to 1 keV"):
        with_area(response([[(0, [1.0])]], 4), EffectiveArea("a", *edges(5, 6), np.ones(1, F)))


def test_areas_that_are_none():
    with pytest.raises(DataError, match="column ENERG_LO is missing"):
        read_area(opened(spectrum(np.ones(4))))
    with pytest.raises(DataError, match=r"row 2 has ENERG_LO 20 and ENERG_HI 15 keV; energy bins must rise"):
        read_area(opened(area([10, 20, 15, 14], [1.0, 1.0, 1.0])))
    single = {"ENERG_LO": ("E", [1.0]), "ENERG_HI": ("E", [2.0]), "SPECRESP": ("E", [9.0])}
    for name in single:
        columns = (single | {name: ("2E", np.ones((1, 2)))}).items()
        with pytest.raises(DataError, match=f"column {name} has 2 numbers a row, one expected"):
            read_area(opened(table_hdu("SPECRESP", [(Column(name, form), values) for name, (form, values) in columns])))
    with pytest.raises(DataError, match="the effective area has no energy bins"):
        read_area(opened(area([10], [])))


def test_how_far_channels_moved_is_told_below_an_energy():
    made = MeanResponse()
    for name, upper in (("a", [1.0, 2.0, 3.0]), ("b", [1.0, 2.1, 3.5])):
        edges = np.array([0.0, *upper])
        made._shares[name] = _Share(b"", edges[:-1], edges[1:], 100.0, np.zeros(1))
    made.exposure = 200.0
    assert [made.moved(energy) for energy in (0.5, 1.0, 2.05, 3.25)] == pytest.approx([0, 0, 0.1, 0.5])
