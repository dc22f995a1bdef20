"""Derived columns: values of the original for given inputs, and what happens where inputs are missing."""

from itertools import pairwise

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.fits.writer import Column
from rossi.pca.filter import attitude, build_filter_file, orbit
from rossi.pca.filter.derive import derive
from rossi.pca.filter.mcilwain import _FIT, mcilwain_l
from tests.rossi.pca.filter.material import START, index, observation, opened, samples, steps

TARGET = {"RA_OBJ": 83.6332, "DEC_OBJ": 22.0145, "EQUINOX": 2000.0}
Q = (0.19058068096637726, -0.08471586555242538, 0.664393961429596, 0.7176927328109741)
ONE_ROW = {
    **{f"ACSESTQ{i + 1}": [q] for i, q in enumerate(Q)},
    **{f"ACSSCPOS{c}": [v] for c, v in zip("XYZ", (6900, 500, 800), strict=True)},
    **{f"ACSSCVEL{c}": [v] for c, v in zip("XYZ", (0, 7.5, 1), strict=True)},
    **{f"ACSSUN{c}": [v] for c, v in zip("XYZ", (0.5, 0.1, 0.86), strict=True)},
    **{f"ACSLUNAR{c}": [v] for c, v in zip("XYZ", (-0.5, -0.1, -0.86), strict=True)},
    "ACSEARTHLAT": [0],
    "ACSEARTHLON": [10],
}
EXPECTED = """
X_RA 83.633194 X_DEC 22.014498 Y_RA 177.41464 Y_DEC 9.264208 Z_RA 288.82568 Z_DEC 65.92389 POINT_RA 83.62569
POINT_DEC 22.053999 POINT_L 184.52023 POINT_B -5.7690043 ROLLBIAS 6.6325145 VEL_RA 180.41203 VEL_DEC 16.2746
SUN_RA 63.612343 SUN_DEC 81.45558 MOON_RA 243.61235 SUN_ANGLE 59.95354 MOON_ANGLE 120.046455 RAM_ANGLE 89.9947
ELV 35.86679 MCILWAIN_L 1.082213 OFFSET 0.040108256 BKGD_THETA 10 BKGD_PHI 0 TIME_SINCE_SAA 17.84
"""


def columns(**values):
    """Return collected columns: E, and B where the name says so; None is NULL."""
    found = {}
    for name, given in values.items():
        form = "B" if name.startswith(("cmdhv", "hvXE")) else "E"
        null = 255 if form == "B" else None
        missing = 255 if form == "B" else np.nan
        array = np.array([missing if v is None else v for v in given], np.int64 if form == "B" else np.float64)
        found[name] = Column(name, form, null=null), array
    return found


def derived(values, target=TARGET):
    n_row = len(next(iter(values.values())))
    return derive(columns(**values), n_row, target)


def without(*prefixes):
    return {name: value for name, value in ONE_ROW.items() if not name.startswith(prefixes)}


def test_values_of_the_original():
    found = derived(ONE_ROW)
    words = EXPECTED.split()
    for name, value in zip(words[::2], map(np.float32, words[1::2]), strict=True):
        tolerance = 3e-7 * abs(value) if name == "MCILWAIN_L" else 2 * np.spacing(abs(value))
        assert abs(np.float32(found[name][0]) - value) <= tolerance, name
    assert len(found) == 38 and next(iter(found)) == "X_RA" and list(found)[-1] == "L6CNTPCU0"


@pytest.mark.parametrize(
    ("latitude", "longitude", "climb", "expected"),
    [
        (10, 200, 1, (177.7204, 25.780127, 99.99999)),
        (-20, 350, -1, (103.79413, -119.56025, 5.391555)),
        (22.9, 120, -1, (30.650955, 95.1494, 48.139942)),
        (5, 0.5, 1, (-10.266171, 12.5598545, 16.91932)),
        (-1, 359, -1, (165.06018, -177.50731, 99.99999)),
    ],
)
def test_orbit_coordinates(latitude, longitude, climb, expected):
    values = {"ACSEARTHLAT": [latitude], "ACSEARTHLON": [longitude], "ACSSCVELZ": [climb]}
    found = derived(values)
    for name, value in zip(("BKGD_THETA", "BKGD_PHI", "TIME_SINCE_SAA"), expected, strict=True):
        assert abs(found[name][0] - np.float32(value)) <= 2 * np.spacing(np.float32(abs(value))), name


def test_latitudes_above_the_inclination_are_at_the_top_of_the_orbit():
    found = derived({"ACSEARTHLAT": [23.5, -23.5], "ACSEARTHLON": [0, 0], "ACSSCVELZ": [1, 1]})
    assert np.allclose(found["BKGD_PHI"], [90, -90])


def test_without_velocity_the_latitude_tells_the_direction():
    latitude = np.array([np.nan, 5, 6, np.nan, 5, 5, 4], np.float32)
    assert np.array_equal(orbit.climbing(latitude), [np.nan, np.nan, 1, np.nan, -1, 1, -1], equal_nan=True)
    assert len(orbit.climbing(latitude[:0])) == 0
    assert np.isnan(orbit.climbing(latitude[1:2])).tolist() == [True]
    found = derived({"ACSEARTHLAT": [5, 6, 5], "ACSEARTHLON": [0, 0, 0]})
    assert np.isnan(found["BKGD_PHI"][0]) and found["BKGD_PHI"][1] < 90 < found["BKGD_PHI"][2]


def test_mcilwain():
    position = np.array([(-3000, 6000, 1500), (2000, -6000, -2500), (5000, 4000, -2700), (-6000, -3000, 1000)])
    more = [(0, 6900, 300), (np.nan, 1, 1), (3000, 2000, 3000)]  # the last lies within the Earth
    found = mcilwain_l(np.array([*position, *more], float).T)
    assert found[:4] == pytest.approx([0.99251527, 1.1502794, 1.5242605, 1.0687829], rel=3e-7)
    assert np.isnan(found[4:]).all()
    assert np.isnan(mcilwain_l(np.zeros((3, 2)))).all() and mcilwain_l(np.zeros((3, 0))).shape == (0,)


def test_the_pieces_of_hiltons_fit_join():
    """As well as the published coefficients do, in value and in slope."""
    ends = [end for end, _ in _FIT[:-1]]
    assert ends == [-22, -3, 3, 11.7, 23]
    for derivative, off in ((0, [2e-4, 7e-7, 2e-7, 4e-6, 5e-3]), (1, [8e-5, 3e-6, 7e-7, 1e-5, 2e-3])):
        pieces = [np.polyder(np.poly1d(coefficients), derivative) for _, coefficients in _FIT]
        steps = [after(end) - before(end) for end, (before, after) in zip(ends, pairwise(pieces), strict=True)]
        assert (np.abs(steps) < off).all()


def test_pcu_flags():
    flags = [(1, 1, 1), (1, 0, 1), (0, 1, 1), (None, 1, 1), (None, 0, 1), (7, 2, 3)]
    names = ("cmdhvXE", "hvXEon", "hvXErly")
    values = {f"{name}_PCU{n}": [flag[i] for flag in flags] for i, name in enumerate(names) for n in range(5)}
    found = derived(values)
    expected = [1, 0, 0, np.nan, np.nan, 1]
    assert np.array_equal(found["PCU2_ON"], expected, equal_nan=True)
    assert np.array_equal(found["NUM_PCU_ON"], 5 * np.array(expected), equal_nan=True)
    del values["hvXEon_PCU4"]
    found = derived(values)
    assert np.isnan(found["PCU4_ON"]).all() and np.isnan(found["NUM_PCU_ON"]).all()
    assert np.array_equal(found["PCU2_ON"], expected, equal_nan=True)


def test_electrons_and_layers():
    values = {"VpX1LCntPcu0": [3, 3, None, 3], "VpX1RCntPcu0": [4, 4, 4, 4], "Q6VxVpXeCntPcu0": [2, 0, 2, None]}
    layers = ("X2LX2R", "X3LX3R", "X1LX2L", "X1RX2R", "X2LX3L", "X2RX3R")
    values |= {f"{name}CntPcu0": [i, 1, 2, 3] for i, name in enumerate(layers)}
    values["X3LX3RCntPcu0"][3] = None
    found = derived(values)
    assert np.array_equal(found["ELECTRON0"], [3.5, np.nan, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(found["L6CNTPCU0"], [15, 6, 12, np.nan], equal_nan=True)
    assert np.isnan(found["ELECTRON1"]).all()


def test_without_attitude():
    found = derived(without("ACSESTQ"))
    undefined = {name for name, value in found.items() if np.isnan(value).all()}
    assert {"POINT_RA", "ELV", "OFFSET", "ROLLBIAS", "SUN_RA", "RAM_ANGLE"} <= undefined
    assert found["SUN_ANGLE"][0] == pytest.approx(60) and found["MOON_ANGLE"][0] == pytest.approx(120)
    assert found["BKGD_THETA"][0] == 10


def test_without_the_sun():
    found = derived(ONE_ROW | {"ACSSUNY": [None]})
    assert found["ROLLBIAS"][0] == -135 and np.isnan(found["SUN_RA"][0])
    assert found["SUN_ANGLE"][0] == pytest.approx(60)  # from ACSSUNX alone
    assert np.isnan(derived(without("ACSSUN"))["ROLLBIAS"][0])
    assert np.isnan(derived(ONE_ROW | {"ACSSUNY": [None], "ACSESTQ1": [None]})["ROLLBIAS"][0])


def test_without_position():
    values = without("ACSSCPOS") | {"ACSEARTHX": [-0.5], "ACSALTITUDE": [600]}
    limb = np.degrees(np.arcsin(6378.16 / 6978.16))
    assert derived(values)["ELV"][0] == pytest.approx(120 - limb)
    del values["ACSALTITUDE"]
    assert derived(values)["ELV"][0] == pytest.approx(120 - np.degrees(np.arcsin(6378.16 / (6378.16 + 573.12))))
    assert np.isnan(derived(ONE_ROW | {"ACSSCPOSY": [None]})["ELV"][0])


def test_without_target():
    assert np.isnan(derived(ONE_ROW, {})["OFFSET"][0])


def test_an_axis_at_right_ascension_0_has_360():
    axes = np.eye(3, dtype=np.float32)
    assert [attitude.direction(axis[:, None])[0][0] for axis in axes[:2]] == [360, 90]
    west = attitude.direction(np.array([[-1], [0], [0]], np.float32))[0][0]
    assert west == 180


def test_roll_in_all_quadrants():
    axes = np.eye(3, dtype=np.float32)[:, :, None]
    for angle in (-179, -91, -45, 1, 89, 135, 180):
        a = np.radians(angle)
        sun = np.array([0.5, np.sin(a), np.cos(a)], np.float32)[:, None]
        assert attitude.roll(axes, sun)[0] == pytest.approx(angle, abs=1e-4)


def test_position_of_somebody_else():
    time = steps(START - 8, 8, 40)
    attitude_file = samples(time, **{f"ACSESTQ{i + 1}": np.full(40, q) for i, q in enumerate(Q)})
    orbit_file = samples(
        time, **{f"ACSSCPOS{c}": ("E", np.full(40, v)) for c, v in zip("XYZ", (6900, 500, 800), strict=True)}
    )
    files = observation(acs={14: attitude_file, 16: orbit_file})
    made = opened(build_filter_file(files, None, position=(83.62569, 22.053999))).table("XTE_MKF")
    assert made.column("OFFSET") == pytest.approx(0, abs=1e-5)
    a, d = np.radians(83.62569), np.radians(22.053999)
    target = np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    position = np.array([6900, 500, 800.0])
    radius = np.linalg.norm(position)
    zenith = np.degrees(np.arccos(target @ position / radius))
    assert made.column("ELV") == pytest.approx(180 - zenith - np.degrees(np.arcsin(6378.16 / radius)), abs=1e-5)
    header = made.header
    assert (header["RA_OBJ"], header["DEC_OBJ"], header["R_EARTH"]) == (83.62569, 22.053999, 6378.16)
    del files["acs/FH10_0-1"]
    files["FIAC_0-1"] = index({"AppId_014": ["acs/FH0e_0-1"]})
    made = opened(build_filter_file(files, None, position=(1.0, 2.0))).table("XTE_MKF")
    assert np.isnan(made.column("ELV")).all() and (made.column("OFFSET") > 10).all()


@pytest.mark.parametrize("position", [(0.0, 0.0), (361.0, 0.0), (10.0, 91.0), (float("nan"), 1.0)])
def test_positions_that_make_no_sense(position):
    with pytest.raises(ConfigError, match="0 to 360"):
        build_filter_file(observation(), None, position=position)


def test_orbits_far_from_the_anomaly_have_no_time_since():
    theta = np.array([-70.5, -69.5, 149.5, 150.5], np.float32)
    far = orbit.time_since_saa(theta, np.zeros(4, np.float32)) == np.float32(99.99999)
    assert far.tolist() == [True, False, False, True]
