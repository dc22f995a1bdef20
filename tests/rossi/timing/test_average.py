"""Power spectra put together from parts, what they are looked at for, and their files."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rossi.errors import ConfigError, NoGoodTime
from rossi.fits.header import Header
from rossi.fits.reader import open_fits, read_fits
from rossi.gti import from_table
from rossi.timing.average import MeanPower, Rebinned, average, mean_powers, rebinned
from rossi.timing.bins import whole_bins
from rossi.timing.fastcurve import FastLightCurve
from rossi.timing.peaks import continuum, find_peaks
from rossi.timing.pieces import joined
from rossi.timing.power_product import PowerRules, PowerSpectrum, read_power

DT = 2.0**-11


def pieces_of(time, gti):
    """Light curves of single intervals, the longest cut into two."""
    for start, stop in gti:
        for low, high in ((start, start + 64.0), (start + 64.0, stop)):
            bins = whole_bins(np.array([[low, high]]), gti[0, 0], DT, "x")
            at = bins.at(time)
            counts = np.bincount(at[at >= 0], minlength=bins.size)[None].astype(np.uint8)
            yield FastLightCurve(bins, counts, (), 0.0, Header(), ())


@pytest.fixture(scope="module")
def qpo(timing_golden):
    case = timing_golden / "power"
    events, good = read_fits(case / "input/qpo.evt.gz").tables
    pieces = list(pieces_of(events.column("TIME"), from_table(good)))
    golden = json.loads((case / "expected/qpo.json").read_text())
    return pieces, golden, np.loadtxt(case / "expected/qpo_leahy.csv.gz", delimiter=",")


@pytest.mark.parametrize("at_a_time", [1 << 14, 1 << 17, 1 << 20])
def test_the_golden_spectrum_from_parts(qpo, monkeypatch, at_a_time):
    pieces, golden, values = qpo
    monkeypatch.setattr("rossi.timing.average._BINS", at_a_time)
    mean = average(mean_powers([joined(pieces[:2]), *pieces[2:]], 8.0))
    assert (mean.m, len(mean.freq), mean.number) == (golden["segments"], 8191, 16384)
    assert mean.freq == pytest.approx(values[:, 0])
    assert mean.power == pytest.approx(values[:, 2], rel=1e-9)
    assert mean.error == pytest.approx(values[:, 2] / np.sqrt(30), rel=1e-9)
    assert mean.rate == pytest.approx(golden["rate"])
    some = rebinned(mean, 0.02)
    assert len(some.freq) == golden["rebin_log_0p02"]["n"] == 258
    assert some.power[:3] == pytest.approx([2.22652, 1.63615, 2.11843], abs=5e-6)
    assert some.number.sum() == len(mean.freq)


@pytest.fixture
def spectrum(qpo):
    mean = average(mean_powers(qpo[0], 8.0))
    rules = PowerRules(bands=((30.0, 50.0), (300.0, 1000.0), (5000.0, 6000.0)))
    header = Header([("OBJECT", "QPO"), ("CHAN1", "0~35"), ("NUM_PCU", 5.0)])
    return PowerSpectrum(mean, np.full(len(mean.freq), 2.0), 0.0, 10.0, 300.0, rules, header)


def test_rms_of_the_golden_spectrum(spectrum):
    band, high = spectrum.rms()  # there is nothing above 1024 Hz
    assert (band.low, band.high, band.rms) == (30, 50, pytest.approx(0.24346, abs=5e-6))
    assert band.error == pytest.approx(0.00647, rel=0.1)  # stingray's
    assert abs(high.rms) < 0.2 and high.error > 0.03  # 0 within what the noise leaves
    net = replace(spectrum, background=30.0)
    assert net.rms()[0].rms == pytest.approx(0.24346 * 301.2458 / 271.2458, abs=1e-5)
    assert net.rms()[0].error == pytest.approx(band.error * 301.2458 / 271.2458, rel=1e-6)
    assert np.isnan(replace(spectrum, background=500.0).rms()[0].rms)


def test_the_oscillation_is_a_candidate(spectrum):
    (peak,) = spectrum.peaks()
    assert peak.low < 40.0 < peak.high and peak.high - peak.low < 12
    assert peak.chance < 1e-10
    assert 0.15 < peak.rms < 0.2436


def test_the_file_is_read_as_it_was(spectrum):
    data = spectrum.to_bytes()
    file = open_fits(data, "x")
    assert [table.name for table in file.tables] == ["POWER", "REBINNED", "RMS", "PEAKS"]
    table = file.table("REBINNED")
    scale = spectrum.mean.rate / spectrum.mean.rate**2
    assert table.column("RMS2") == pytest.approx((table.column("POWER") - 2) * scale)
    assert table.column("WIDTH") == pytest.approx(table.column("NUMBER") / 8.0)
    assert len(file.table("PEAKS")) == 1 and file.table("PEAKS").header["FALSEAL"] == 0.01
    again = read_power(file)
    assert np.array_equal(again.mean.power, spectrum.mean.power)
    assert again.mean.nphots == pytest.approx(spectrum.mean.nphots)
    assert (again.mean.m, again.start, again.stop) == (30, 10.0, 300.0)
    assert again.header["OBJECT"] == "QPO" and again.rms()[0] == spectrum.rms()[0]
    assert (again.rules.rebin, again.rules.false_alarm) == (0.02, 0.01)


def noise(seed, m, slope=0.0):
    frequency = np.arange(1, 2048) / 16.0
    power = np.random.default_rng(seed).gamma(m, 2.0 / m, len(frequency)) * (1 + slope / frequency**2)
    return MeanPower(frequency, power, power / np.sqrt(m), m, 4800.0, 16.0, 2.0**-8)


def test_noise_makes_no_peak_and_neither_does_a_slope():
    for slope in (0.0, 3.0):
        found = []
        for seed in range(20):
            mean = noise(seed, 10, slope)
            some = rebinned(mean, 0.05)
            found += find_peaks(mean, some, np.full(len(some.freq), 2.0), 0.001)
        assert len(found) <= 1  # 0.02 are expected
    mean = noise(1, 10)
    some = rebinned(mean, 0.05)
    around = continuum(some, 10, np.full(len(some.freq), 2.0))
    assert np.isnan(around[:5]).all() and np.isnan(around[-5:]).all()
    assert (around[5:-5] >= 2.0).all() and np.median(around[5:-5]) < 2.2


def test_a_period_in_one_bin_is_found():
    mean = noise(3, 30)
    power = mean.power.copy()
    at = np.argmin(abs(mean.freq - 11.0))
    power[at] += 4.0
    some = rebinned(replace(mean, power=power), 0.02)
    (peak,) = find_peaks(mean, some, np.full(len(some.freq), 2.0), 0.01, background=100.0)
    assert peak.low < 11.0 < peak.high and peak.chance < 0.01
    assert peak.rms == pytest.approx(np.sqrt(4.0 / 16 * 300) / 200, rel=0.2)


def test_a_peak_is_as_wide_as_its_bins():
    """The 20th of 40 bins is one frequency of 1/16 Hz wide, and those behind it three: both are high."""
    number = np.where(np.arange(40) < 20, 1, 3)
    edges = np.concatenate(([0.0], np.cumsum(number))) / 16
    power = np.full(40, 2.0)
    power[19:21] = 6.0, 5.0
    some = Rebinned((edges[1:] + edges[:-1]) / 2, power, power / 10, number)
    mean = MeanPower(np.arange(80) / 16, np.full(80, 2.0), np.full(80, 0.1), 100, 1600.0, 16.0, 1 / 8)
    (peak,) = find_peaks(mean, some, np.full(40, 2.0), 0.01, background=20.0)
    assert (peak.low, peak.freq, peak.high) == pytest.approx((19 / 16, 19.5 / 16, 23 / 16))
    assert (peak.power, peak.continuum) == (6.0, pytest.approx(2.0, rel=0.01))
    assert peak.rms == pytest.approx(np.sqrt((4 / 16 + 3 * 3 / 16) * 100) / 80, rel=0.01)
    (whole,) = find_peaks(mean, some, np.full(40, 2.0), 0.01)
    assert whole.rms == pytest.approx(peak.rms * 0.8)
    assert np.isnan(find_peaks(mean, some, np.full(40, 2.0), 0.01, background=100.0)[0].rms)


def test_what_can_not_be_averaged():
    with pytest.raises(ConfigError, match="can't be averaged"):
        average([noise(1, 3), replace(noise(2, 3), segment_size=8.0)])
    with pytest.raises(NoGoodTime, match="no power spectrum"):
        average([])
    both = average([replace(noise(1, 3), nphots=100.0), replace(noise(2, 1), nphots=500.0)])
    assert (both.m, both.nphots) == (4, 200.0)
    assert both.power == pytest.approx((3 * 100 * noise(1, 3).power + 500 * noise(2, 1).power) / 800)
