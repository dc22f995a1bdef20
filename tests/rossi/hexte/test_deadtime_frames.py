"""Frames of dead time and the housekeeping that covers them."""

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.hexte.correction import correct
from rossi.hexte.deadtime import dead_time
from rossi.hexte.housekeeping import Housekeeping, _runs
from tests.rossi.hexte.synthetic import T, archive, coefficients, curve, events, housekeeping
from tests.rossi.hexte.test_deadtime import LIVE, ROWIDS, F, hk


@pytest.mark.parametrize(("code", "exposed"), [(0, 16), (1, 12), (2, 14), (3, 16), (4, 16), (9, 16)])
def test_housekeeping_counts_for_the_time_off_the_slews(code, exposed):
    science = archive([T + 16.0], [1], [0], [LIVE])
    dead = dead_time(science.table(), hk(code=code), coefficients().table()).at(np.array([F]))[0]
    added = np.array([1.9787200614219904, 1.6387199565130472, 1.616959972523749, 2.2129600499853863])
    assert dead == pytest.approx(LIVE + added * exposed / 16 * 524288, rel=1e-14)
    remarks = dead_time(science.table(), hk(code=code), coefficients().table()).remarks
    assert [r.code for r in remarks] == (["unknown_dwell"] if code > 4 else [])


def test_a_sum_in_detector_0_is_taken_apart():
    live = np.array([[3000000 + 9600000, 3100000, 3200000, 3300000]])
    summed = dead_time(archive([T + 16], [0], [4000], live).table(), hk(), coefficients().table())
    single = dead_time(archive([T + 16], [0], [4000], [LIVE]).table(), hk(), coefficients().table())
    assert summed.dead.tolist() == single.dead.tolist()
    without = dead_time(archive([T + 16], [0], [4000], live - [3000000, 0, 0, 0]).table(), hk(), coefficients().table())
    assert without.dead[0].tolist() == [0.0, *single.dead[0, 1:]]  # the sum is that of the other three


def test_products_before_the_housekeeping_get_the_mean():
    science = archive(T + 16 * np.arange(-3, 3), [0] * 6, [4000] * 6, [LIVE] * 6)
    dead = dead_time(science.table(), hk(), coefficients().table())
    done = correct(curve(ROWIDS, [T - 45.0, T + 35], [100.0, 100.0], [1.0, 1.0], 16.0), dead)
    first, second = done.table.column("DEADC")
    assert first == pytest.approx(second, rel=1e-12)
    assert [r.code for r in done.remarks] == ["housekeeping_short"]


@pytest.mark.parametrize(
    ("rows", "first", "number"),
    [((-3, 3), F - 1, 3), ((2, 12), F + 1, 6), ((-3, 12), F - 1, 8), ((0, 1), F - 1, 1)],
)
def test_frames_are_those_that_housekeeping_covers(rows, first, number):
    """It is of the frames F - 1 to F + 6; a row of the archive mode counts the frame before its time."""
    time, counters = T + 16 * np.arange(*rows), LIVE + 1000 * np.arange(*rows)[:, None]
    science = archive(time, [0] * len(time), [4000] * len(time), counters)
    dead = dead_time(science.table(), hk(), coefficients().table())
    assert (dead.first, len(dead.dead)) == (first, number)
    steps = np.diff(dead.dead, axis=0)
    np.testing.assert_allclose(steps, 1000.0, rtol=1e-6)  # each has its own counters
    listed = events(time + 1.0, counters[:, 0], [1] * len(time), [0] * len(time), stop=time[-1] + 16)
    found = dead_time(listed.table(), hk(), coefficients().table())
    inside = time[(time >= T - 16) & (time < T + 112)]
    assert (found.first, len(found.dead)) == (inside[0] // 16, len(inside))


def test_a_frame_in_which_housekeeping_begins_has_the_events_from_there_on():
    later = housekeeping(T + 16 * np.arange(4)).table()
    later.header.set("TSTART", T + 5.0)
    listed = events(T + np.array([1.0, 6.0, 17.0]), [100, 200, 300], [1, 1, 1], [1, 0, 0])
    found = dead_time(listed.table(), Housekeeping.from_table(later), coefficients().table())
    assert (found.first, found.has) == (F, (0,))  # that of detector 1 came before
    assert np.diff(found.dead[:, 0]).tolist() == pytest.approx([100.0], rel=1e-6)


def test_housekeeping_that_says_to_last_longer_than_it_does_has_no_more_frames():
    longer = housekeeping(T + 16 * np.arange(-1, 7)).table()
    longer.header.set("TSTOP", T + 1000.0)
    science = archive(T + 16 * np.arange(12), [0] * 12, [4000] * 12, np.tile(LIVE, (12, 1)))
    dead = dead_time(science.table(), Housekeeping.from_table(longer), coefficients().table())
    assert (dead.first, len(dead.dead)) == (F - 1, 8)
    for frame in (7, 8, 40):
        listed = events(T + 16.0 * np.array([0, frame]) + 1, [100, 100], [1, 1], [0, 0])
        with pytest.raises(DataError, match=rf"no housekeeping for frame {F + frame} \({T + 16 * frame} s\)"):
            dead_time(listed.table(), Housekeeping.from_table(longer), coefficients().table())


def test_frames_without_housekeeping_lie_between_their_neighbours():
    """Two frames are missing: a third and two thirds of the way; other rates are -1 there, the dwell is that before."""
    made = hk(T + 16 * np.array([0, 1, 4]), code=[1, 2, 3], ctUldD0=[100, 130, 190], ctArmD0=[7, 8, 9])
    assert made.uld[:, 0].tolist() == [100, 130, 150, 170, 190]
    assert made.arm[:, 0].tolist() == [7, 8, -1, -1, 9]
    assert (made.dwell.tolist(), made.missing.tolist()) == ([1, 2, 2, 2, 3], [False, False, True, True, False])
    (remark,) = made.remarks()
    assert f": 2 of 5 frames have no row (apModPeriod, ULD and XULD undefined): {F + 2}-{F + 3}; ULD" in remark.message
    (remark,) = hk(T + 16 * np.arange(3), code=[1, 7, 6]).remarks()
    assert "DwellPdApMod holds the code 6; 0 to 4 are known" in remark.message


def test_housekeeping_of_one_frame():
    made = hk(T + 16 * np.arange(1))
    assert (len(made), made.first, made.time, made.span) == (1, F, (T, T), (T, T + 16))


def test_missing_frames_are_told_as_runs():
    assert _runs(np.array([3, 4, 5, 9, 12, 13])) == "3-5, 9, 12-13"
    assert _runs(np.arange(0, 16, 2)) == "0, 2, 4, 6, 8 and 3 more"
