"""The delay to the barycentre: vectors of HEASoft's tasks, an orbit that is known, and what can be wrong with files."""

import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebval

from rossi.errors import ConfigError, DataError
from rossi.fits.edit import select_columns
from rossi.fits.header import Header
from rossi.fits.reader import read_fits
from rossi.timing.barycentre import Barycentre, Direction, path_delay
from rossi.timing.clock import correction, read_clock
from rossi.timing.ephemeris import de405, open_ephemeris, read_jpleph
from rossi.timing.ephemeris_table import FIRST, LAST, LAYOUT, coefficients
from rossi.timing.orbit import read_orbit
from tests.rossi.timing.orbits import START, day, orbit_file, place

SOURCE = Direction(228.481325, -59.135778)


def test_de405_at_a_moment():
    state = de405().state(np.array([55576.0]), np.array([0.13]))
    assert state.earth[0] == pytest.approx([-205.2387869, 410.22316526, 177.84863315], abs=1e-8)
    assert state.velocity[0] == pytest.approx([-9.20299427e-5, -3.81320042e-5, -1.65274713e-5], abs=1e-13)
    assert state.sun[0] == pytest.approx([-2.0764917, 0.28211661, 0.13097069], abs=1e-8)


@pytest.mark.parametrize(
    ("met", "spacecraft", "result", "within"),
    [
        (537721719.5075142, (-327747.56, 6647412.36, -1672375.69), 537721481.6798058, 0.2e-6),
        (112374519.5074738, (-327747.27, 6647412.40, -1672375.60), 112374727.1975799, 0.12e-6),
    ],
)
def test_times_of_the_tasks(met, spacecraft, result, within):
    delay = path_delay(np.array([met]), np.array([spacecraft]), SOURCE.unit("ICRS"), de405())
    assert met + delay[0] == pytest.approx(result, abs=within)


def test_directions():
    assert Direction(90, 0).unit("ICRS") == pytest.approx([0, 1, 0])
    turned = Direction(90, 0, "FK5").unit("ICRS") - Direction(90, 0).unit("ICRS")
    assert turned * 206265 == pytest.approx([-0.006, 0, 0.002], abs=1e-6)
    back = Direction(90, 0).unit("FK5") - Direction(90, 0).unit("ICRS")
    assert back == pytest.approx(-turned)
    assert Direction(360, 90).unit("ICRS") == pytest.approx(Direction(0, -90).unit("ICRS") * -1)
    for wrong in ((360.1, 0, "ICRS"), (-0.1, 0, "ICRS"), (0, 90.1, "ICRS"), (0, -90.1, "ICRS"), (0, 0, "FK4")):
        with pytest.raises(ConfigError):
            Direction(*wrong)


def test_other_ephemerides():
    days = np.linspace(50100.0, 55900.0, 200)
    n = SOURCE.unit("ICRS")
    expected = de405().state(days, np.zeros(200))
    builtin = open_ephemeris("builtin")
    difference = (builtin.state(days, np.zeros(200)).earth - expected.earth) @ n
    assert np.sqrt((difference**2).mean()) < 20e-6 and np.abs(difference).max() < 50e-6
    assert (builtin.name, builtin.frame, de405().name) == ("ERFA-EPV00", "ICRS", "JPL-DE405")
    with pytest.raises(DataError, match="The ephemeris covers MJD 50080 to 55968"):
        de405().state(np.array([48000.0]), np.array([0.0]))
    for edge, covered in ((50080.0, True), (50079.99, False), (55967.99, True), (55968.0, False)):
        whole, fraction = np.array([np.floor(edge)]), np.array([edge % 1])
        if covered:
            assert np.isfinite(de405().state(whole, fraction).earth).all()
        else:
            with pytest.raises(DataError, match="The ephemeris covers MJD 50080 to 55968"):
                de405().state(whole, fraction)
    with pytest.raises(ConfigError, match="ephemeris is 'nosuch'"):
        open_ephemeris("nosuch").state(np.array([51000.0]), np.array([0.0]))


def test_the_table_is_de405_over_the_whole_mission(timing_shared):
    golden = read_jpleph(read_fits(timing_shared / "bary/input/JPLEPH.405.gz"))
    random = np.random.default_rng(1)
    days, fraction = random.integers(50080, 55968, 3000).astype(float), random.random(3000)
    expected, found = golden.state(days, fraction), de405().state(days, fraction)
    assert np.abs(expected.earth - found.earth).max() < 0.2e-9
    assert np.abs(expected.velocity - found.velocity).max() < 1e-13
    assert np.abs(expected.sun - found.sun).max() < 0.5e-9
    old = open_ephemeris(timing_shared / "bary/input/JPLEPH.200.gz")
    assert (old.name, old.frame) == ("JPL-DE200", "FK5")


def test_between_its_rows_the_orbit_is_right_to_a_metre():
    orbit = read_orbit([orbit_file(day())])
    time = START + 60 + np.random.default_rng(2).random(5000) * 28680
    true = place(time)[0]
    assert np.linalg.norm(orbit.at(time) - true, axis=1).max() < 1.0
    assert 10 < np.linalg.norm(orbit.near(time) - true, axis=1).max() < 60  # what the tasks do: 0.2 us


def test_interpolated_delays_are_those_worked_out_one_by_one():
    orbit = read_orbit([orbit_file(day())])
    barycentre = Barycentre(SOURCE, orbit, de405())
    random = np.random.default_rng(3)
    time = START + np.concatenate((random.random(3000) * 1000, 20000 + random.random(3000) * 8800))
    time[:2] = START, START + 28800  # the very ends of the orbit
    random.shuffle(time)
    one_by_one = path_delay(time, orbit.at(time), SOURCE.unit("ICRS"), de405())
    assert np.abs(barycentre.delay(time) - one_by_one).max() < 0.2e-9
    assert np.array_equal(
        barycentre.delay(time[:5]), path_delay(time[:5], orbit.at(time[:5]), SOURCE.unit("ICRS"), de405())
    )
    assert barycentre.delay(np.empty(0)).shape == (0,)
    inner = (time > START + 60) & (time < START + 28740)  # at the ends the tasks refuse
    compat = Barycentre(SOURCE, orbit, de405(), compat=True).delay(time[inner])
    assert 0.01e-6 < np.abs(compat - one_by_one[inner]).max() < 0.2e-6


def test_both_ways_between_the_rows_of_a_real_orbit(timing_shared):
    """By default times are within 0.2 us of those of the tasks, before they are rounded to what TIME can hold."""
    orbit = read_orbit([read_fits(timing_shared / "bary/input/FPorbit_Day6223.gz")])
    time = np.arange(orbit.time[2], orbit.time[-3], 13.0)
    for ra, dec in ((228.5, -59.1), (0.0, 0.0), (120.0, 40.0), (300.0, -40.0)):
        one, other = (Barycentre(Direction(ra, dec), orbit, de405(), compat).delay(time) for compat in (False, True))
        assert 0.05e-6 < np.abs(one - other).max() < 0.15e-6


def test_times_without_an_orbit():
    times = day()
    orbit = read_orbit([orbit_file(np.delete(times, np.arange(100, 110)))])
    barycentre = Barycentre(SOURCE, orbit, de405())
    inside = START + np.arange(0.0, 5000.0)
    assert np.isfinite(barycentre.delay(inside)).all()
    for wrong in (np.append(inside, START - 1), np.append(inside, times[-1] + 1), np.append(inside, times[104])):
        with pytest.raises(DataError, match=r"a.evt: its times .* are not covered by the orbit of FPorbit_Day2349"):
            barycentre.delay(wrong, "a.evt")
    with pytest.raises(DataError, match=r"FPorbit_Day2349 \(203000000\.0 to 203028800\.0 s\)"):
        barycentre.delay(np.append(inside, START - 1), "a.evt")
    with pytest.raises(DataError, match="give FPorbit_Day6223 of the archive's folder orbit/"):
        barycentre.delay(np.array([537721719.0]), "a.evt")


def test_orbit_files_are_joined():
    times = day()
    whole, first, second = orbit_file(times), orbit_file(times[:300], "one"), orbit_file(times[250:], "two")
    joined = read_orbit([second, first])
    assert np.array_equal(joined.time, read_orbit([whole]).time)
    assert joined.names == ("two", "one")
    with pytest.raises(DataError, match="No orbit file"):
        read_orbit([])
    table = select_columns(whole.table(), ["Time", "X"])
    with pytest.raises(DataError, match="an orbit file with Time, X, Y, Z"):
        read_orbit([type(whole)("few", whole.primary, (table,))])
    assert read_orbit([orbit_file(times[:2])]).at(times[:2]) == pytest.approx(place(times[:2])[0])
    with pytest.raises(DataError, match="found 1 rows of Time, X"):
        read_orbit([orbit_file(times[:1])])
    with pytest.raises(DataError, match="do not ascend"):
        read_orbit([orbit_file(times[::-1])])


CLOCK = """1000 3.3784 -1 -1
10 0.5 0.25 4
20 0 0 100
2000 3.3785 -1 -1
-5 0 0 10
-1 -1 -1 -1
ignored
"""


def test_clock_corrections():
    clock = read_clock(CLOCK, "tdc.dat")
    assert clock.at(1002 * 86400.0) == pytest.approx((3.3784, 10 + 0.5 * 2 + 0.25 * 4))
    assert clock.at(1050 * 86400.0) == pytest.approx((3.3784, 20))
    assert clock.at(2001 * 86400.0) == pytest.approx((3.3785, -5))
    nothing = read_clock(CLOCK.replace("-5 0 0 10", "-5 0 0 0\n7 0 0 10"), "tdc.dat")  # that lasts no time
    assert nothing.at(2001 * 86400.0) == pytest.approx((3.3785, 7))
    for outside in (999, 2011):
        with pytest.raises(DataError, match=r"mission days 1000.0 to 2010.0; day"):
            clock.at(outside * 86400.0)
    for text, words in (("10 1 1 5", "belongs to no block"), ("a b c d", "four numbers"), ("", "no clock corrections")):
        with pytest.raises(DataError, match=words):
            read_clock(text, "tdc.dat")


@pytest.mark.parametrize(
    ("cards", "seconds", "tierabso"),
    [
        ([("TIERABSO", 1e-4), ("INSTRUME", "PCA")], 20e-6 - 16e-6, 5e-6),
        ([("TIERABSO", 1e-4), ("INSTRUME", "HEXTE")], 20e-6 - 1e-6, 5e-6),
        ([("INSTRUME", "PCA")], 3.3784 - 3.0 + 20e-6 - 16e-6, 5e-6),
        ([("TIERABSO", 5e-6), ("INSTRUME", "PCA")], 0.0, None),
    ],
)
def test_what_is_added_to_timezero(cards, seconds, tierabso):
    middle = 1050 * 86400.0
    header = Header([*cards, ("TIMEZERO", 3.0), ("TSTART", middle - 50), ("TSTOP", middle + 50)])
    found = correction(read_clock(CLOCK, "tdc.dat"), header, "x")
    assert (found.seconds, found.tierabso) == (pytest.approx(seconds, abs=1e-12), tierabso)
    assert correction(None, header, "x").seconds == 0


def test_rows_may_be_three_seconds_late():
    for late, inside in ((2.5, True), (3.5, False)):
        times = day()
        times[100:] += late
        between = np.array([(times[99] + times[100]) / 2])
        assert read_orbit([orbit_file(times)]).covers(between).tolist() == [inside]


def test_the_ephemeris_that_rossi_carries_is_what_its_polynomials_are_fitted_to():
    """Made anew from itself it is the same, to the step of 2^-34 light seconds that it is rounded to."""
    state = de405()
    for body, of in (("EARTH", lambda found: found.earth), ("SUN", lambda found: found.sun)):
        span, number = LAYOUT[body]
        rows = coefficients(state, body)
        assert rows.shape == ((LAST - FIRST) // span, 3 * number)
        days = FIRST + span * np.arange(len(rows)) + 0.3 * span
        there = np.array([chebval(-0.4, row.reshape(3, number).T) for row in rows])
        found = of(state.state(np.floor(days), days - np.floor(days)))
        assert np.abs(there - found).max() < number * 2.0**-34
