"""What it costs that observations share matrices, against responses of their own day, PCUs and pointing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.energy.area import geometric_area
from rossi.energy.built_in import built_in_table
from rossi.energy.collimator import BORESIGHT, CollimatorCube, SourcePosition
from rossi.energy.detectors import PCUS
from rossi.energy.folding import AbsorbedPowerLaw
from rossi.energy.layers import ALL_XENON, layer_code
from rossi.energy.observed import layer_codes, mean_area
from rossi.energy.observed_files import matrix_file
from rossi.energy.pca_matrix import energy_grid
from rossi.energy.pca_response import PcaResponseRequest, area_behind, pca_response
from rossi.energy.response_calibration import known_built_in
from rossi.energy.shared_matrix import SPELL, STEPS, MatrixRecipe, rounded_shares, shared_matrix, spell_of
from rossi.fits.reader import open_fits
from rossi.spectra.area import with_area
from rossi.spectra.channels import parse_groups

STANDARD2 = tuple(parse_groups("0~4,5:53,(54~135;2),(136~237;3),(238~249;4),250~255"))
TABLE = known_built_in()
#: When gain or propane changed [MJD].
CHANGES = (50083.0, 50163.77337962963, 50188.9625, 51259.73475694445, 51677.0, 54094.0)


def cone(pcu):
    """A collimator of 1 deg, whose axis is displaced by 0.0005 rad in a direction of its own, as those of real PCUs."""
    grid = np.arange(-20, 21, dtype=np.float32) * np.float32(0.001)
    dy, dz = 0.0005 * np.cos(pcu), 0.0005 * np.sin(pcu) + BORESIGHT[1]
    away = np.hypot(grid - dy, (grid - dz)[:, None])
    energies = np.array([1.0, 300.0], np.float32)
    through = np.clip(1 - np.degrees(away), 0, 1).astype(np.float32)
    return CollimatorCube(f"cone {pcu}", energies[:1], energies[1:], grid, grid, through[:, :, None])


def folded(response):
    crab = AbsorbedPowerLaw(index=2.1, norm=9.7, nh=0.3)
    return crab.photons(response.energ_lo, response.energ_hi) @ response.matrix.astype(np.float64)


def shared(mjd, weights, position, cubes):
    """The response of a spectrum as campaigns have it: a shared matrix times an area of its own."""
    areas = {pcu: area_behind(geometric_area(PCUS[pcu], *energy_grid()), cubes[pcu], position) for pcu in weights}
    shares = rounded_shares({pcu: weight * float(areas[pcu].area.mean()) for pcu, weight in weights.items()})
    matrix = shared_matrix(TABLE, MatrixRecipe(spell_of(mjd, TABLE), (ALL_XENON,), shares, STANDARD2))
    return with_area(matrix, mean_area(weights, areas))


def exact(mjd, weights, position, cubes):
    tables = {pcu: built_in_table().extension(pcu, mjd) for pcu in weights}
    return pca_response(PcaResponseRequest(mjd, (ALL_XENON,), weights, STANDARD2, position), tables, cubes)


def difference(mjd, weights, off=0.0):
    """Largest relative difference of a channel's counts, and of an edge [keV], from 3 to 25 keV."""
    position = SourcePosition(BORESIGHT[0] + np.radians(off), BORESIGHT[1])
    cubes = {pcu: cone(pcu) for pcu in weights}
    mine, theirs = shared(mjd, weights, position, cubes), exact(mjd, weights, position, cubes)
    used = (theirs.e_min > 3) & (theirs.e_max < 25)
    edges = np.abs(mine.e_max - theirs.e_max)[used].max()
    return np.abs(folded(mine)[used] / folded(theirs)[used] - 1).max(), edges


def test_in_the_middle_of_a_spell_a_single_pcu_has_its_own_response():
    middle = spell_of(53700.0, TABLE)
    counts, edges = difference(middle, {2: 1.0}, off=0.1)
    assert counts < 2e-6
    assert edges == 0


@pytest.mark.parametrize("mjd", [50083.0, 50160.0, 50188.97, 51250.0, 51678.0, 53699.0, 54090.0, 55900.0])
@pytest.mark.parametrize("pcu", [0, 2])
def test_days_of_a_spell(mjd, pcu):
    start = spell_of(mjd, TABLE) - min(SPELL / 2, *(abs(spell_of(mjd, TABLE) - one) for one in CHANGES)) + 1e-6
    counts, edges = difference(start, {pcu: 1.0})
    assert counts < 1.2e-3
    assert edges < 0.006


#: Shares that are cut off worst: a PCU that was on for a moment, thirds, and what the live times of five leave.
WEIGHTS = ({0: 0.502, 2: 0.498}, {0: 1 / 3, 2: 1 / 3, 3: 1 / 3}, {0: 0.0025, 2: 0.9975}, dict.fromkeys(range(5), 0.2))


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(("off", "limit"), [(0.0, 1e-3), (0.1, 1e-3), (0.5, 1e-3)])
def test_rounded_shares_and_pointing(weights, off, limit):
    """After PCU 0 has lost its propane the PCUs differ most."""
    counts, _ = difference(spell_of(53700.0, TABLE), weights, off)
    assert counts < limit


def test_spells_are_of_one_gain_and_one_propane():
    for mjd in np.arange(50083.0, 55931.0, 3.7):
        middle = spell_of(mjd, TABLE)
        low, high = sorted((mjd, middle))
        assert not any(low < change <= high for change in CHANGES), mjd
        assert abs(mjd - middle) <= SPELL / 2 + 1e-9
    assert len({spell_of(mjd, TABLE) for mjd in np.arange(50083.0, 55931.0, 0.5)}) == 588


def test_layers_add_up():
    """A half of layer 1 and the whole of layer 2, as the task makes them, free of the area."""
    layers, mjd = (layer_code("R1"), layer_code("LR2")), spell_of(53700.0, TABLE)
    mine = shared_matrix(TABLE, MatrixRecipe(mjd, layers, ((2, STEPS),), STANDARD2))
    tables = {2: built_in_table().extension(2, mjd)}
    theirs = pca_response(PcaResponseRequest(mjd, layers, {2: 1.0}, STANDARD2), tables, {})
    stored = mine.matrix > 0
    np.testing.assert_allclose(mine.matrix[stored] * PCUS[2].area, theirs.matrix[stored], rtol=1e-6)
    assert not (theirs.matrix[~stored] > 2e-6 * PCUS[2].area).any()


@given(st.dictionaries(st.integers(0, 4), st.floats(1e-3, 1), min_size=1))
def test_shares_add_up_to_one(weights):
    shares = dict(rounded_shares(weights))
    assert sum(shares.values()) == STEPS
    total = sum(weights.values())
    assert all(abs(shares.get(pcu, 0) / STEPS - weight / total) < 1 / STEPS for pcu, weight in weights.items())


def test_equal_matrices_are_equal_files():
    recipe = MatrixRecipe(53702.0, (ALL_XENON,), ((0, 66), (2, 134)), STANDARD2)
    one = matrix_file(TABLE, recipe)
    matrix_file.cache_clear()
    shared_matrix.cache_clear()
    again = matrix_file(TABLE, recipe)
    assert again is not one
    assert again == one
    assert again.shared
    assert one.name.startswith("pca_p02_53702_129ch_")
    images = open_fits(one.data, one.name).tables[0].header.images()
    told = [bytes(image).decode()[8:].strip() for keyword, image in images if keyword == "HISTORY"]
    assert "mean of PCUs, by shares of exposure times area: PCU 0 0.33, PCU 2 0.67" in told
    assert "for all days within 5 of MJD 53702 and of the same gain" in told


@pytest.mark.parametrize(
    ("anodes", "names"),
    [
        (("X1L", "X1R", "X2L", "X2R", "X3L", "X3R"), ("XE",)),
        (("X1L", "X1R"), ("LR1",)),
        (("X1L",), ("L1",)),
        (("X1R", "X2L", "X2R"), ("R1", "LR2")),
    ],
)
def test_layers_of_anodes(anodes, names):
    assert layer_codes(anodes) == tuple(map(layer_code, names))
