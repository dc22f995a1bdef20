"""Sources of simulated archives have a photon spectrum, and every count comes from it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi.energy.area import collimated_area
from rossi.energy.built_in import built_in_table
from rossi.energy.collimator import BORESIGHT, SourcePosition, read_cube, transmission
from rossi.energy.folding import AbsorbedPowerLaw, fold
from rossi.energy.layers import ALL_XENON
from rossi.energy.pca_response import PcaResponseRequest, pca_response
from rossi.errors import ConfigError
from rossi.fits.reader import open_fits
from rossi.simulate import (
    AREA_FILES,
    COLLIMATOR_FILES,
    EARLY_AREA_FILE,
    MATRIX_FILES,
    PCA_COLLIMATOR_FILES,
    SourceSpectrum,
    crab,
    simulate_archive,
    true_observation,
)
from rossi.simulate.calibration import calibration_files
from rossi.simulate.hexte import source as hexte
from rossi.simulate.hexte.cluster import CLUSTERS
from rossi.simulate.source import FIRST_CHANNEL, long_term, source_rates
from rossi.simulate.spectrum import CRAB, energy_flux
from rossi.spectra.area import EffectiveArea, read_area, with_area
from rossi.spectra.channels import ChannelGroup
from rossi.spectra.response_file import read_response
from tests.rossi.simulate.test_observation import spec

POWER_LAW = AbsorbedPowerLaw(index=1.7, norm=0.8, nh=1.2)
STANDARD2 = [ChannelGroup(0, 4, 5), ChannelGroup(54, 135, 2), ChannelGroup(136, 237, 3), ChannelGroup(238, 249, 4)]
STANDARD2 += [ChannelGroup(250, 255, 6)]


@pytest.mark.parametrize(("start", "mjd"), [(110_145_600, 50627.835), (494_788_880, 55079.686)])
@pytest.mark.parametrize("pcu", [0, 2])
def test_the_response_of_a_pcu_gives_its_rates(start: int, mjd: float, pcu: int) -> None:
    """The response is made as a user makes it: all xenon, Standard2's channels, the day, no collimator.

    It leaves elements of 1e-6 out of the sum of layers, the simulation out of each.
    """
    table = {pcu: built_in_table().extension(pcu=pcu, mjd=mjd)}
    response = pca_response(PcaResponseRequest(mjd, (ALL_XENON,), {pcu: 1.0}, STANDARD2), table, cubes={})
    expected = fold(response, POWER_LAW.photons(response.energ_lo, response.energ_hi))
    found = source_rates(start, POWER_LAW)[pcu].sum(0)
    calibrated = (response.e_min > 2) & (response.e_max < 40)
    np.testing.assert_allclose(found[calibrated], expected[calibrated], rtol=3e-4)
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


@pytest.mark.parametrize(
    ("year", "cluster", "area"), [(2e8, 0, AREA_FILES[0]), (2e8, 1, AREA_FILES[1]), (6.7e7, 1, EARLY_AREA_FILE)]
)
def test_the_calibration_files_of_hexte_give_its_rates(year: float, cluster: int, area: str) -> None:
    files = calibration_files()
    matrix, _ = read_response(files[MATRIX_FILES[cluster]], "rmf")
    on_axis = read_area(open_fits(files[area], "arf").table("SPECRESP"))
    cube = read_cube(open_fits(files[COLLIMATOR_FILES[cluster]], "coll").table("COLLRESP"))
    seen = EffectiveArea(
        "arf", on_axis.energ_lo, on_axis.energ_hi, collimated_area(on_axis, cube, SourcePosition(*BORESIGHT))
    )
    response = with_area(matrix, seen)
    expected = fold(response, POWER_LAW.photons(response.energ_lo, response.energ_hi))
    rates = hexte.source_rates(CLUSTERS[cluster], year, POWER_LAW)
    counting = [d for d in range(4) if CLUSTERS[cluster].lost_detector(year) != d]
    np.testing.assert_allclose(rates[counting].sum(0), expected, rtol=1e-5, atol=1e-9)
    assert not expected[:12].any() and expected[12:200].all()


def test_a_photon_in_hexte_is_counted_at_its_energy_once() -> None:
    """Above the discriminator rows add up to 1, with the mean at the photon's energy and 9 keV width at 60 keV."""
    matrix, _ = read_response(calibration_files()[MATRIX_FILES[0]], "rmf")
    row = int(np.searchsorted(matrix.energ_lo, 60.0))
    energy, chance = (matrix.e_min + matrix.e_max) / 2, matrix.matrix[row].astype(float)
    assert chance.sum() == pytest.approx(1.0, abs=1e-4)
    mean = (energy * chance).sum()
    assert mean == pytest.approx((matrix.energ_lo[row] + matrix.energ_hi[row]) / 2, abs=1e-2)
    assert 2.3548 * np.sqrt(((energy - mean) ** 2 * chance).sum()) == pytest.approx(9.0, rel=0.01)


def test_collimators_let_half_through_at_half_a_degree() -> None:
    for name in (*PCA_COLLIMATOR_FILES, *COLLIMATOR_FILES):
        cube = read_cube(open_fits(calibration_files()[name], name).table("COLLRESP"))
        y, z = BORESIGHT
        assert transmission(cube, y, z)[0] == pytest.approx(1.0, abs=1e-5)
        assert transmission(cube, y + np.radians(0.5), z)[0] == pytest.approx(0.5, abs=0.01)
        assert transmission(cube, y, z - np.radians(0.5))[0] == pytest.approx(0.5, abs=0.01)


def test_astropy_reads_the_calibration_files() -> None:
    for name, content in calibration_files().items():
        if name.startswith(("sim_hexte", "sim_p")) and name.endswith((".rmf", ".arf", "coll", "coll.fits")):
            with fits.open(io.BytesIO(content), checksum=True) as file:
                file.verify("exception")
                assert file[1].header["TELESCOP"] == "XTE"


def test_flux_is_that_of_the_band_behind_the_gas() -> None:
    """Without gas, the integral is known: norm times log(10 / 2) keV for index 2."""
    assert energy_flux(AbsorbedPowerLaw(2.0, 1.0)) == pytest.approx(1.602176634e-9 * np.log(5.0), rel=1e-6)
    assert energy_flux(AbsorbedPowerLaw(1.0, 1.0)) == pytest.approx(1.602176634e-9 * 8.0, rel=1e-6)
    assert 0.5 < energy_flux(AbsorbedPowerLaw(2.0, 1.0, nh=5.0)) / energy_flux(AbsorbedPowerLaw(2.0, 1.0)) < 0.8
    assert energy_flux(CRAB) == pytest.approx(2.1e-8, rel=0.02)  # erg / cm2 / s, as everybody knows it


def test_what_is_asked_for_is_true(tmp_path: Path) -> None:
    asked = SourceSpectrum(nh=1.5, index=1.9, flux=3e-9, constant=True)
    made = simulate_archive(tmp_path / "a", 2, spectrum=asked)
    assert {(o.spectrum.nh, o.spectrum.photon_index) for o in made.observations} == {(1.5, 1.9)}
    assert [o.spectrum.flux for o in made.observations] == pytest.approx([3e-9, 3e-9], rel=1e-5)
    with pytest.raises(ConfigError, match="with seed 1 and another spectrum or flux; name another folder"):
        simulate_archive(tmp_path / "a", 2)
    drawn = long_term(1)
    varies = SourceSpectrum(flux=3e-9).of(drawn)
    assert (varies.photon_index, varies.nh, varies.amplitude) == (drawn.photon_index, drawn.nh, drawn.amplitude)
    assert energy_flux(AbsorbedPowerLaw(varies.photon_index, varies.mean, varies.nh)) == pytest.approx(3e-9)
    assert crab().of(drawn).flux([1e8, 3e8, 5e8]) == pytest.approx([CRAB.norm] * 3)
    with pytest.raises(ConfigError, match="flux of the simulated source is 1; a number from 0 to 1e-06"):
        SourceSpectrum(flux=1.0)


def test_the_rates_of_the_crab_are_those_of_the_crab() -> None:
    """About 2500 count / s / PCU in all xenon layers (Jahoda et al. 2006): within 10 % in all epochs."""
    for start in (67_724_608, 110_145_600, 180_000_000):
        truth = true_observation(spec(start=start, flux=CRAB.norm, photon_index=CRAB.index, nh=CRAB.nh))
        assert truth.whole.source == pytest.approx([2400.0] * 5, rel=0.1)


def test_elements_are_those_of_standard2() -> None:
    sizes = [group.factor for group in STANDARD2 for _ in range(group.first, group.last + 1, group.factor)]
    assert len(FIRST_CHANNEL) == len(sizes) + 49 == 129
