"""Where a source stands before the collimators, and what they let through."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.energy.collimator import read_cube, source_position, source_vector, transmission, transmissions
from rossi.energy.observed import standing
from rossi.errors import DataError
from rossi.fits.writer import Column, table_hdu
from tests.rossi.hexte.material import attitude, cube, opened, spectrum

UPRIGHT = [0.0, 0.0, 0.0, 1.0]
#: A quarter turn about the Z axis: the body's X axis points to RA 90.
QUARTER = [0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)]
ALL = np.array([[0.0, 1000.0]])


def test_the_unit_vector_has_the_originals_pi():
    np.testing.assert_allclose(source_vector(0, 0).ravel(), [1, 0, 0])
    made = source_vector(180.0, 30.0).ravel()
    assert made.dtype == np.float32
    turn, tilt = 3.14159, 3.14159 / 6
    expected = [np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)]
    np.testing.assert_allclose(made, expected, atol=3e-7)
    assert abs(made[1]) > 1.5e-6  # with the true pi it would be 0


@pytest.mark.parametrize(
    ("quaternion", "ra", "dec", "y", "z"),
    [
        (UPRIGHT, 0, 0, 0, 0),
        (UPRIGHT, 90, 0, 1, 0),
        (UPRIGHT, 0, 90, 0, 1),
        (QUARTER, 90, 0, 0, 0),
        (QUARTER, 0, 0, -1, 0),
        (QUARTER, 90, 90, 0, 1),
        ([np.sqrt(0.5), 0, 0, np.sqrt(0.5)], 0, 90, 1, 0),
        ([0, np.sqrt(0.5), 0, np.sqrt(0.5)], 0, 0, 0, 1),
    ],
)
def test_rotations_by_hand(quaternion, ra, dec, y, z):
    made = source_position(opened(attitude([10, 20], [quaternion] * 2)), ALL, ra, dec)
    np.testing.assert_allclose([made.y, made.z], [y, z], atol=3e-6)
    assert made.jitter == 0


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4), st.floats(0, 360), st.floats(-90, 90))
def test_rotations_keep_the_length(q, ra, dec):
    if np.linalg.norm(q) < 0.1:
        q = UPRIGHT
    made = source_position(opened(attitude([1], [np.array(q) / np.linalg.norm(q)])), ALL, ra, dec)
    assert made.y**2 + made.z**2 <= 1 + 1e-5


def test_means_over_the_good_time_with_both_ends():
    quaternions = [[0, 0, np.sin(a / 2), np.cos(a / 2)] for a in (0.0, 0.01, 0.03, 0.5)]
    quaternions[1][0] = np.nan
    table = opened(attitude([10, 20, 30, 40], quaternions, TIMEZERO=3.0))
    made = source_position(table, np.array([[13.0, 20.0], [25.0, 33.0]]), 0, 0)
    np.testing.assert_allclose(made.y, -np.sin(0.03) / 2, rtol=1e-5)
    spread = np.sin(0.03) / 2 / (1 + made.y**2)
    np.testing.assert_allclose(made.jitter, np.degrees(spread) * 3600, rtol=1e-5)
    assert made.covered
    assert not source_position(table, np.array([[12.0, 33.0]]), 0, 0).covered
    assert not source_position(table, np.array([[13.0, 43.5]]), 0, 0).covered


@pytest.mark.parametrize(("instrument", "most"), [("PCA", 20.0), ("HEXTE", 25.0)])
def test_a_pointing_that_varies_is_told(instrument, most):
    """Two directions so many arcsec to each side of the mean: their standard deviation."""
    table = opened(spectrum(np.ones(4), RA_OBJ=0.0, DEC_OBJ=0.0))
    for arcsec, told in ((most - 0.1, 0), (most + 0.1, 1)):
        angles = np.radians(np.array([-arcsec, arcsec]) / 3600)
        moving = attitude([10, 20], [[0, 0, np.sin(a / 2), np.cos(a / 2)] for a in angles])
        position, remarks = standing(table, ALL, opened(moving), instrument)
        assert (position.jitter, len(remarks)) == (pytest.approx(arcsec, rel=1e-3), told)


def test_attitude_of_another_time_or_none():
    table = opened(attitude([10, 20], [UPRIGHT] * 2), "FH0e")
    with pytest.raises(DataError, match=r"FH0e\[XTE_PE\]: no row .* good time 30 to 40, the rows are from 10 to 20"):
        source_position(table, np.array([[30.0, 40.0]]), 0, 0)
    with pytest.raises(DataError, match="no row of columns"):
        source_position(opened(attitude([], np.zeros((0, 4)))), ALL, 0, 0)
    with pytest.raises(DataError, match="column ACSESTQ1 is missing"):
        source_position(opened(spectrum(np.ones(4))), ALL, 0, 0)


EDGES = [10, 50, 250]
GRID = {"alpha": [-1, 0, 1], "beta": [-0.5, 0.5], "edges": EDGES}
#: Rows of BETA, in them ALPHA, in them energy.
VALUES = [[[0, 0], [1, 2], [2, 4]], [[10, 20], [11, 22], [14, 28]]]
CUBE = read_cube(opened(cube(VALUES, **GRID)))


@pytest.mark.parametrize(
    ("y", "z", "expected"),
    [(-1, -0.5, 0), (0, -0.5, 1), (0.5, -0.5, 1.5), (0.5, 0, (1.5 + 12.5) / 2), (-0.25, -0.25, 0.75 + 0.25 * 10)],
)
def test_interpolation_by_hand(y, z, expected):
    np.testing.assert_allclose(transmission(CUBE, y, z), [expected, 2 * expected], rtol=1e-6)


def test_interpolation_is_in_single_precision_along_alpha_first():
    random = np.random.default_rng(1)
    values = random.uniform(0, 1, (2, 2, 1)).astype(np.float32)
    made = transmission(read_cube(opened(cube(values, [-0.1, 0.2], [-0.3, 0.1], [10, 20]))), 0.0123, -0.0456)
    f = np.float32
    fx = (f(0.0123) - f(-0.1)) / (f(0.2) - f(-0.1))
    fy = (f(-0.0456) - f(-0.3)) / (f(0.1) - f(-0.3))
    v = values[..., 0]
    t1, t2 = v[0, 0] + fx * (v[0, 1] - v[0, 0]), v[1, 0] + fx * (v[1, 1] - v[1, 0])
    assert made.dtype == np.float32
    assert made[0] == t1 + fy * (t2 - t1)


def test_a_cube_of_one_plane_may_have_its_energies_in_keywords():
    made = cube(np.array(VALUES)[:, :, :1], **GRID | {"edges": EDGES[:2]})
    columns = [(Column(name, "3E" if name == "ALPHA" else "2E"), [GRID[name.lower()]]) for name in ("ALPHA", "BETA")]
    columns.append((Column("COLLRESP", "6E"), np.ravel(np.array(VALUES)[:, :, 0])[None]))
    cards = {"TDIM3": "(1,3,2)", "CREF3": made.header["CREF5"], "ENERG_LO": 10.0, "ENERG_HI": 50.0}
    read = read_cube(opened(table_hdu("COLLRESP", columns, list(cards.items()))))
    assert (read.energ_lo.tolist(), read.energ_hi.tolist()) == ([10], [50])
    np.testing.assert_array_equal(read.transmission, read_cube(opened(made)).transmission)


@given(st.floats(-1, 0.99), st.floats(-0.5, 0.49))
def test_what_is_linear_stays_so(y, z):
    plane = [[[3 + 2 * a - 5 * b] for a in GRID["alpha"]] for b in GRID["beta"]]
    made = transmission(read_cube(opened(cube(plane, GRID["alpha"], GRID["beta"], [10, 20]))), y, z)
    np.testing.assert_allclose(made, 3 + 2 * y - 5 * z, atol=1e-5)


@pytest.mark.parametrize(
    ("y", "z", "axis"), [(1, 0, "ALPHA"), (-1.01, 0, "ALPHA"), (0, 0.5, "BETA"), (0, np.nan, "BETA")]
)
def test_outside_the_grid(y, z, axis):
    with pytest.raises(DataError, match=rf"stands at {axis} .*, outside the collimator's grid"):
        transmission(CUBE, y, z)


def test_many_positions_of_which_some_are_outside_the_grid():
    """On the last points, beyond them and before the first there is no transmission; just below the last there is."""
    y, z = np.array([0.5, 1, 7, -7, 0.999999, 0]), np.array([0, 0, 0, 0, 0.499999, 0.5])
    made = transmissions(CUBE, y, z)
    np.testing.assert_allclose(made[:, 0], [7, np.nan, np.nan, np.nan, 14, np.nan], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"TDIM5": "(2,2,3)"}, r"COLLRESP has the shape \(2, 2, 3\)"),
        ({"CREF5": "(ALPHA,BETA,ENERG_LO:ENERG_HI)"}, r"axes \(ALPHA,BETA,"),
        ({"alpha": [-1, 1, 0]}, "column ALPHA must hold two or more rising numbers"),
        ({"alpha": [-1, 0, 0]}, "column ALPHA must hold two or more rising numbers"),
        ({"edges": [10, 10, 250]}, "ENERG_LO 10 and ENERG_HI 10 keV"),
    ],
)
def test_cubes_that_are_none(change, words):
    with pytest.raises(DataError, match=words):
        read_cube(opened(cube(VALUES, **GRID | change)))
    with pytest.raises(DataError, match="column BETA must hold two or more rising numbers"):
        read_cube(opened(cube(VALUES[:1], **GRID | {"beta": [0.0]})))
    with pytest.raises(DataError, match="4 rows found, one expected"):
        read_cube(opened(spectrum(np.ones(4))))
