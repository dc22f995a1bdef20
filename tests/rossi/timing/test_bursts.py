"""Bursts: three that are there, a spike, and what else is none."""

import json

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.fits.header import Header
from rossi.fits.reader import open_fits, read_fits
from rossi.timing.burst_product import read_bursts, with_curves
from rossi.timing.bursts import BurstRules, clipped_moments, find_bursts
from tests.conftest import LONG

DT = 0.125


def curve(length, bursts=(), rate=600.0, seed=1, spikes=()):
    """Return times and a Poisson curve with bursts of (start, rise, peak, tau)."""
    time = np.arange(0, length, DT)
    mean = np.full(len(time), rate)
    for start, rise, peak, tau in bursts:
        x = time - start
        shape = np.where(x < rise, x / rise, np.exp(-(x - rise) / tau))
        mean += np.where(x < 0, 0, peak * shape)
    counts = np.random.default_rng(seed).poisson(mean * DT).astype(float)
    for at in spikes:
        counts[int(at / DT)] += 400
    return time, counts / DT


def test_golden_bursts(timing_golden):
    case = timing_golden / "burst"
    file = read_fits(case / "input/std1.lc.gz")
    table, good = file.tables
    gti = np.column_stack((good.column("START"), good.column("STOP")))
    found = find_bursts(table.column("TIME"), table.column("RATE"), DT, gti)
    expected = json.loads((case / "expected/bursts.json").read_text())
    origin = expected["times_relative_to"]
    accepted = [burst for burst in found if not burst.rejected]
    assert len(accepted) == len(expected["found"]) == 3
    for burst, golden in zip(accepted, expected["found"], strict=True):
        assert burst.trigger - origin == golden["trigger"]
        assert burst.start - origin == golden["start"]
        assert burst.peak_time - origin == golden["peak_time"]
        assert burst.rise == golden["rise_25_90"]
        assert burst.peak == pytest.approx(golden["peak_net"])
        assert burst.base == pytest.approx(golden["base"])
        assert burst.fluence == pytest.approx(golden["counts_to_10pct"])
        assert burst.tau == pytest.approx(golden["tau_fluence_over_peak"])
        assert burst.significance == pytest.approx(golden["significance"])
    (spike,) = [burst for burst in found if burst.rejected]
    assert spike.trigger - origin == 700
    assert spike.rejected == "1 adjacent bins of 1 s are high; 2 are needed"


def test_a_file_of_bursts_is_read_as_it_was(timing_golden):
    table, good = read_fits(timing_golden / "burst/input/std1.lc.gz").tables
    time, rate = table.column("TIME"), table.column("RATE").copy()
    gti = np.column_stack((good.column("START"), good.column("STOP")))
    found = find_bursts(time, rate, DT, gti)
    at = np.searchsorted(time, found[0].peak_time)
    some = np.delete(np.arange(len(time)), at + np.arange(3))  # three bins of the first are not there
    made = with_curves(found, time[some], rate[some], DT, Header([("OBS_ID", "1-2-3-4"), ("OBJECT", "X")]))
    again = read_bursts(open_fits(made.to_bytes(), "x"))
    assert [one.burst for one in again.curves] == found
    assert (again.header["OBS_ID"], again.dt, again.searched) == ("1-2-3-4", DT, (len(time) - 3) * DT)
    assert len(again.accepted) == 3
    first = again.curves[0]
    assert first.begin == found[0].trigger - 20.0 and len(first.rate) == 220 / DT
    start = np.searchsorted(time, first.begin)
    assert np.flatnonzero(np.isnan(first.rate)).tolist() == [at - start, at - start + 1, at - start + 2]
    known = np.isfinite(first.rate)
    assert first.rate[known] == pytest.approx(rate[start : start + len(first.rate)][known], rel=1e-6)
    table = open_fits(made.to_bytes(), "x").table()
    assert table.header["NBURST"] == 3 and table.column("ACCEPTED").sum() == 3
    assert table.column("TAU") == pytest.approx([burst.tau for burst in found])
    empty = read_bursts(open_fits(with_curves([], time, rate, DT, Header()).to_bytes(), "x"))
    assert empty.curves == () and empty.searched == len(time) * DT


def test_reasons_for_rejection():
    time, rate = curve(1000, [(2.0, 1.0, 3000, 8.0), (500.0, 30.0, 2500, 4.0), (995.0, 1.0, 3000, 8.0)])
    found = find_bursts(time, rate, DT, np.array([[0.0, 1000.0]]))
    assert [burst.rejected.split(" (")[0] for burst in found] == [
        "it starts within 5 s of the begin of good time",
        "it rises longer",
        "it peaks within 5 s of the end of good time",
    ]


def test_two_spikes_are_no_burst():
    time, rate = curve(1000, spikes=(500.0, 502.0))
    (spike,) = find_bursts(time, rate, DT, np.array([[0.0, 1000.0]]))
    assert (spike.trigger, spike.rejected) == (500.0, "1 adjacent bins of 1 s are high; 2 are needed")
    time, rate = curve(1000, spikes=(500.0, 502.0, 503.0))
    (burst,) = find_bursts(time, rate, DT, np.array([[0.0, 1000.0]]))
    assert not burst.rejected.startswith("1 adjacent")


def test_gaps_within_good_time_count_as_its_end():
    time, rate = curve(1000, [(500.0, 1.0, 3000, 8.0)])
    rate[(time >= 490) & (time < 499)] = np.nan
    (burst,) = find_bursts(time, rate, DT, np.array([[0.0, 1000.0]]))
    assert burst.rejected == "it starts within 5 s of the begin of good time"
    assert find_bursts(time, np.full(len(time), np.nan), DT, np.array([[0.0, 1000.0]])) == []
    assert find_bursts(time, np.full(len(time), 5.0), DT, np.array([[0.0, 1000.0]])) == []


def test_a_burst_of_known_shape():
    time, rate = curve(600, [(300.0, 2.0, 20000, 10.0)])
    (burst,) = find_bursts(time, rate, DT, np.array([[0.0, 600.0]]))
    assert burst.rejected == ""
    assert burst.start == pytest.approx(300.5, abs=0.25)  # a quarter of the rise
    assert burst.rise == pytest.approx(1.3, abs=0.3)
    assert burst.peak == pytest.approx(20000, rel=0.05)
    assert burst.tau == pytest.approx(10 * 0.9 + 1, rel=0.1)
    assert burst.decay == pytest.approx(10 * np.log(10), rel=0.1)


def test_quiet_observations_give_no_false_alarm():
    random, number = np.random.default_rng(5), 1000 if LONG else 100
    good, time = np.array([[0.0, 3000.0]]), np.arange(0, 3000, DT)
    found = [find_bursts(time, random.poisson(75.0, len(time)) / DT, DT, good) for _ in range(number)]
    assert sum(not burst.rejected for one in found for burst in one) == 0
    rejected = sum(bool(burst.rejected) for one in found for burst in one)
    print(rejected, "single bins at 4 sigma in", number, "observations of 3000 s")
    assert rejected < 0.4 * number


def test_moments_and_rules():
    values = np.concatenate((np.tile([9.0, 11.0], 50), [1000.0, 60.0]))
    assert clipped_moments(values, 3.0) == pytest.approx((10.0, np.std(values[:100], ddof=1)))
    assert clipped_moments(np.array([9.0, 11.0]), 3.0) == pytest.approx((10.0, np.sqrt(2)))
    assert clipped_moments(np.array([9.0]), 3.0) == (9.0, 0.0)
    with pytest.raises(ConfigError, match="multiples"):
        find_bursts(np.arange(10.0), np.ones(10), 0.3, np.array([[0.0, 10.0]]))
    wide = BurstRules(coarse=2.0, fine=0.5)
    time, rate = curve(1000, [(500.0, 1.0, 3000, 8.0)])
    assert len(find_bursts(time, rate, DT, np.array([[0.0, 1000.0]]), wide)) == 1
