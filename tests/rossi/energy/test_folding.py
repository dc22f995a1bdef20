"""Spectra of photons through responses."""

import numpy as np
import pytest

from rossi.energy.bands import EnergyBand, band_of
from rossi.energy.built_in import built_in_table
from rossi.energy.folding import AbsorbedPowerLaw, absorption, draw, fold
from rossi.energy.layers import ALL_XENON
from rossi.energy.pca_response import PcaResponseRequest, pca_response
from rossi.errors import ConfigError, DataError

EDGES = np.array([2.0, 2.5, 4.0, 9.0, 20.0])


@pytest.fixture(scope="module")
def responses():
    table, requests = built_in_table(), [PcaResponseRequest(day, (ALL_XENON,), {2: 1.0}) for day in (50700.0, 53700.0)]
    return [pca_response(one, {2: table.extension(2, one.mjd)}, {}) for one in requests]


def test_a_power_law_is_integrated_over_its_bins():
    made = AbsorbedPowerLaw(2.0, 3.0).photons(EDGES[:-1], EDGES[1:])
    np.testing.assert_allclose(made, 3 * (1 / EDGES[:-1] - 1 / EDGES[1:]), rtol=1e-4)
    np.testing.assert_allclose(AbsorbedPowerLaw(0.0, 3.0).photons(EDGES[:-1], EDGES[1:]), 3 * np.diff(EDGES))


def test_interstellar_gas():
    """At 1 keV 2.422e-22 cm**2 per atom: c0 + c1 + c2 of the segment."""
    assert absorption(np.array([1.0]))[0] == pytest.approx(2.422e-22)
    np.testing.assert_allclose(
        absorption(np.array([[2.0], [5.0]])).ravel() * 1e24, [(202.7 + 209.4 - 68) / 8, (433.9 - 12 + 18.75) / 125]
    )
    thin, thick = (AbsorbedPowerLaw(2.0, 1.0, nh).photons(EDGES[:1], EDGES[1:2])[0] for nh in (0.0, 10.0))
    assert thick / thin == pytest.approx(np.exp(-1e23 * absorption(np.array([2.24]))[0]), rel=0.02)
    with pytest.raises(ConfigError, match=r"known from 0\.03 keV on, but 0\.01"):
        absorption(np.array([0.01]))


@pytest.mark.parametrize(
    ("energy", "times_cube"),
    [
        *((0.05, 42.33), (0.2, 69.136), (0.3, 84.127), (0.5, 91.95), (0.6, 160.984), (0.8, 192.58), (1.0, 242.2)),
        *((1.5, 290.625), (2.0, 344.1), (3.0, 398.8), (4.0, 427.0), (5.0, 440.65), (7.0, 453.85), (8.0, 876.2)),
        *((9.0, 928.0), (50.0, 1961.2)),
    ],
)
def test_each_segment_of_the_absorption(energy, times_cube):
    """Worked out from the table of Morrison & McCammon: cross section times E**3 [1e-24 cm**2 keV**3]."""
    assert absorption(np.array([energy]))[0] * energy**3 * 1e24 == pytest.approx(times_cube, rel=1e-12)


def test_folding_is_the_sum_over_energies(responses):
    response = responses[0]
    photons = np.zeros(300)
    photons[[50, 200]] = 2.0, 3.0
    made = fold(response, photons, 10.0)
    np.testing.assert_allclose(made, 20.0 * response.matrix[50] + 30.0 * response.matrix[200], rtol=1e-6)
    with pytest.raises(DataError, match="300 bins of energy, but the spectrum of photons has the shape"):
        fold(response, photons[1:])


def test_the_crab_counts_what_it_does(responses):
    """Some 2500 count / s of a PCU in epoch 3; in 2-9 keV nearly the same in epoch 5, in fixed channels not."""
    crab = AbsorbedPowerLaw(2.1, 9.7, 0.3)
    rates = [fold(one, crab.photons(one.energ_lo, one.energ_hi)) for one in responses]
    assert 2300 < rates[0].sum() < 2600
    bands = [band_of(EnergyBand(2, 9), built_in_table(), 2, day) for day in (50700.0, 53700.0)]
    same = [rate[b.first : b.last + 1].sum() for rate, b in zip(rates, bands, strict=True)]
    fixed = [rate[5:11].sum() for rate in rates]
    assert same[1] / same[0] == pytest.approx(1, abs=0.1)
    assert fixed[1] / fixed[0] > 1.15


def test_draws_have_the_mean(responses):
    expected = np.full(20000, 7.5)
    made = draw(expected, np.random.default_rng(3))
    assert made.mean() == pytest.approx(7.5, abs=0.1)
    assert made.var() == pytest.approx(7.5, abs=0.4)
    assert (draw(np.array([-1.0]), np.random.default_rng(3)) == 0).all()
