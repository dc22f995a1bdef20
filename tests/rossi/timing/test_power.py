"""Noise with dead time, and power spectra through stingray."""

import json

import numpy as np
import pytest

from rossi.errors import ConfigError, NoGoodTime
from rossi.fits.reader import read_fits
from rossi.gti import from_table
from rossi.plot.power import power_figure
from rossi.timing.average import MeanPower
from rossi.timing.exchange import stingray_counts, stingray_events
from rossi.timing.power import VeryLargeEvents, fractional_rms, noise_level, power_spectrum
from rossi.timing.power_product import PowerRules, PowerSpectrum

DT = 2.0**-13


def test_noise_by_hand():
    assert noise_level(np.array([10.0]), 0.0, DT, 8192)[0] == 2
    level = noise_level(np.array([0.0, 1 / (2 * DT)]), 1000.0, DT, 10**9)
    lost, ratio = 0.01, 1e-5 / DT
    assert level == pytest.approx([2 * (1 - 2 * lost * (1 - ratio / 2)) - s * 2 * lost * ratio for s in (1, -1)])
    zero = noise_level(np.array([0.0]), 1000.0, DT, 8192, VeryLargeEvents(200, 150e-6))
    assert zero - noise_level(np.array([0.0]), 1000.0, DT, 8192) == pytest.approx(2 * 200 * 1000 * 150e-6**2)
    with pytest.raises(ConfigError, match="shorter than the dead time"):
        noise_level(np.array([1.0]), 1.0, 5e-6, 10)
    with pytest.raises(ConfigError, match="must not be negative"):
        noise_level(np.array([1.0]), -1.0, DT, 10)


def test_noise_of_simulated_detectors(timing_golden):
    golden = json.loads((timing_golden / "power/expected/deadtime_noise.json").read_text())
    frequency = np.arange(1, 4097.0)
    for name, case in golden.items():
        very_large = VeryLargeEvents(200.0, 150e-6) if "VLE" in name else None
        level = noise_level(frequency, case["rate_det_per_pcu"], DT, 8192, very_large)
        for (low, high), (simulated, formula, error) in zip(
            ((1, 50), (50, 500), (500, 2000), (2000, 4000)), case["rows"], strict=True
        ):
            mean = level[(frequency >= low) & (frequency < high)].mean()
            assert mean == pytest.approx(formula, abs=1e-4)
            assert abs(mean - simulated) < 3 * error


@pytest.fixture(scope="module")
def qpo(timing_golden):
    case = timing_golden / "power"
    events, good = read_fits(case / "input/qpo.evt.gz").tables
    time, gti = events.column("TIME"), from_table(good)
    nothing = np.zeros(len(time), np.uint8)
    values = np.loadtxt(case / "expected/qpo_leahy.csv.gz", delimiter=",")
    return (
        stingray_events(time, nothing, nothing, gti, 2.0**-16),
        json.loads((case / "expected/qpo.json").read_text()),
        values,
    )


def test_the_golden_event_list(qpo):
    events, golden, values = qpo
    separate = power_spectrum(events, 8.0, 2.0**-11, common=False)
    assert (separate.m, len(separate.freq)) == (golden["segments"], 8191)
    assert separate.power == pytest.approx(values[:, 1], rel=1e-9)
    common = power_spectrum(events, 8.0, 2.0**-11)
    assert common.power == pytest.approx(values[:, 2], rel=1e-9)
    assert common.nphots / 8 == pytest.approx(golden["rate"])
    assert fractional_rms(separate, 30, 50) == pytest.approx(golden["rms_30_50"])
    assert fractional_rms(common, 30, 50) == pytest.approx(golden["rms_30_50_common_mean"])
    assert fractional_rms(separate, 30, 50, background=30) == pytest.approx(0.27027, abs=1e-5)
    high = (separate.freq > 300) & (separate.freq < 1000)
    assert separate.power[high].mean() == pytest.approx(golden["noise_300_1000"])
    rebinned = common.rebin_log(0.02)
    assert len(rebinned.freq) == golden["rebin_log_0p02"]["n"]
    assert rebinned.power[:5] == pytest.approx(golden["rebin_log_0p02"]["power"])
    per_rate = noise_level(separate.freq, golden["rate"] / 5, 2.0**-11, 16384)
    assert fractional_rms(separate, 30, 50, per_rate) > fractional_rms(separate, 30, 50)


def test_what_makes_no_spectrum(qpo):
    events = qpo[0]
    with pytest.raises(NoGoodTime, match="as long as a segment of 128 s"):
        power_spectrum(events, 128.0, 2.0**-11)
    with pytest.raises(ConfigError, match="Events need the length of the bins"):
        power_spectrum(events, 8.0)
    spectrum = power_spectrum(events, 8.0, 2.0**-5)
    with pytest.raises(ConfigError, match="the rest would be the source"):
        fractional_rms(spectrum, 1, 10, background=400)
    with pytest.raises(ConfigError, match="no frequency from 50 to 60"):
        fractional_rms(spectrum, 50, 60)


def test_counts_and_events_give_the_same(qpo):
    events = qpo[0]
    dt, origin = 2.0**-8, events.gti[0, 0]
    bins = np.floor((events.time - origin) / dt).astype(int)
    counts = np.bincount(bins, minlength=int(256 / dt)).astype(np.int32)
    time = origin + dt * (np.arange(len(counts)) + 0.5)
    curve = stingray_counts(time, counts, events.gti, dt)
    a, b = power_spectrum(events, 4.0, dt), power_spectrum(curve, 4.0)
    assert a.m == b.m
    assert a.power == pytest.approx(b.power)


def test_powers_above_the_noise_times_frequency():
    freq = np.arange(1.0, 129.0)
    power = np.where(freq < 64, 2.0 + 64.0 / freq, 1.9)
    power[[19, 20, 39]] += 20.0  # two lines: 20 and 21 Hz, 40 Hz
    mean = MeanPower(freq, power, np.full(128, 0.5), 16, 900.0, 1.0, 1 / 256)
    spectrum = PowerSpectrum(mean, np.full(128, 2.0), 100.0, 0.0, 16.0, PowerRules(rebin=0.0))
    upper, lower = power_figure(spectrum, "title").axes
    assert upper.get_title(loc="left") == "16 segments of 1 s, 900.0 count/s, of which background 100.0"
    assert upper.lines[0].get_xydata() == pytest.approx(np.column_stack((freq, power)))
    assert [(one.low, one.high) for one in spectrum.rms()] == [(0.1, 10.0), (10.0, 100.0)]
    to_rms = 900 / 800**2
    assert lower.lines[0].get_xydata() == pytest.approx(np.column_stack((freq, (power - 2) * freq * to_rms)))
    assert lower.get_yscale() == "log"  # from a third of the lowest above two errors to thrice the highest
    assert lower.get_ylim() == pytest.approx((64 * to_rms / 3, (64 + 20 * 40) * to_rms * 3))
    for axes in (upper, lower):
        assert [(span.get_x(), span.get_width()) for span in axes.patches] == [(19.5, 2), (39.5, 1)]
    labels = [span.get_label() for span in (*upper.patches, *lower.patches)]
    assert labels[0] == "candidates" and not {"candidates"} & set(labels[1:])
