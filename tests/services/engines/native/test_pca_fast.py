"""Fast light curves, event lists, power spectra and bursts of an observation."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rossi.archive import ObsID
from rossi.errors import ConfigError, NoGoodTime
from rossi.fits.reader import read_fits
from rossi.product import Content, File, Kind
from rossi.simulate import ObservationSpec, simulate_observation, true_observation
from rossi.simulate.calibration import calibration_files
from rossi.simulate.signals import Burst, Configurations, FastSpec
from rossi.timing.burst_product import read_bursts
from rossi.timing.events import open_events
from rossi.timing.power import VeryLargeEvents, noise_level
from rossi.timing.power_product import read_power
from services.contract import Outputs
from services.contract.configuration import validate
from services.engines.native.files import opened
from services.engines.native.pca_fast import pca_fast
from services.engines.native.pca_prep import pca_prep
from services.pca_fast.stage import STAGE, PcaFastConfig
from services.pca_prep.stage import STAGE as PREP
from services.pca_prep.stage import PcaPrepConfig
from tests.rossi.timing.moved import moved
from tests.services.engines.native.conftest import Observation

OBSID = "20402-01-45-03"
GOLDEN = Path(__file__).parents[3] / "golden/timing"
START = 100_000_000
#: 8 s of events and 24 s of counts, moved into the good time.
XENON = {"pca/FS37_5f5e290-5f5e298": "FS37_200d0a32-200d0a3a", "pca/FS3b_5f5e290-5f5e298": "FS3b_200d0a32-200d0a3a"}
BITS = {"pca/FS3b_5f5e2f4-5f5e30c": "FS3b_c1987f0-c198808", "pca/FS3f_5f5e2f4-5f5e30c": "FS3f_c1987f0-c198808"}


@pytest.fixture(scope="module")
def fast(observation: Observation) -> Observation:
    """With a pair of GoodXenon from 400 s on, and two single bands from 500 s on."""
    files = dict(observation.files)
    for names, case, begin, at in ((XENON, "xenon", 537721650, 400), (BITS, "binned", 0xC1987F0, 500)):
        for path, name in names.items():
            file = read_fits(GOLDEN / case / "input" / f"{name}.gz")
            by = START + at - begin
            files[path] = moved(file, by, {"OBS_ID": OBSID, "TIMEZERO": 3.37843})
    return replace(observation, files=files)


@pytest.fixture(scope="module")
def prepared(observation: Observation) -> Outputs:
    return pca_prep(PcaPrepConfig(), observation.inputs(PREP, PcaPrepConfig()))


def made_of(observation: Observation, before: Outputs, *without: str, **asked: Any) -> Outputs:
    config = PcaFastConfig(**asked)
    inputs = observation.inputs(STAGE, config, before)
    kept = {name: tuple(f for f in some if not f.name.startswith(without)) for name, some in inputs.items()}
    return pca_fast(config, kept if without else inputs)


def codes(made: Outputs) -> list[str]:
    return [caveat.code for caveat in made.caveats]


def test_counts_of_every_mode_with_the_dead_time_beside_them(fast: Observation, prepared: Outputs) -> None:
    made = made_of(fast, prepared, products=["fast"], binsz=2.0**-7, bands=[{"chmin": 0, "chmax": 13}])
    assert {name: [file.name for file in files] for name, files in made.files.items() if files} == {
        "fast_light_curve": [f"{OBSID}_fast.fits.gz", f"{OBSID}_fast_2.fits.gz"],
        "standard1": [f"{OBSID}_std1.lc.gz"],
        "gti": [f"{OBSID}_fast.gti"],
    }
    first, second = (opened(file) for file in made.files["fast_light_curve"])
    assert [file.about.kind for file in made.files["fast_light_curve"]] == [Kind.FAST_LIGHT_CURVE] * 2
    assert [one.table().header["MODE1"] for one in (first, second)] == ["GoodXenon_2s", "SB_125us_0_13_1s"]
    counts = second.table().cells("COUNTS1").rows()
    raw = read_fits(GOLDEN / "binned/input" / f"{BITS['pca/FS3b_5f5e2f4-5f5e30c']}.gz").table()
    assert sum(int(some.sum()) for some in counts) == raw.column("XeCnt").sum()
    dead = second.table("DEADTIME")
    assert (dead.header["TIMEDEL"], len(dead)) == (0.125, pytest.approx(24 * 8, abs=1))
    assert dead.column("NUMBER").tolist() == [5] * len(dead)
    (curve,) = made.files["standard1"]
    live = opened(curve).table()
    at = np.searchsorted(live.column("TIME"), dead.column("TIME"))
    assert np.array_equal(live.column("TIME")[at], dead.column("TIME"))
    assert dead.column("FRACTION") == pytest.approx(1 - live.column("LiveTime")[at] / 5 / 0.125, abs=1e-6)
    assert 0.001 < dead.column("FRACTION").mean() < 0.1
    found = made.summary["bands"]["ch0-13_fast"]
    assert found["exposure"] == pytest.approx(24 + 5.5, abs=0.05)
    assert made.summary["modes"] == ["Standard1b", "GoodXenon_2s", "SB_125us_0_13_1s", "SB_125us_14_35_1s"]


def test_standard1_has_rates_of_the_source(fast: Observation, prepared: Outputs) -> None:
    made = made_of(fast, prepared, products=["fast"])
    (curve,) = made.files["standard1"]
    assert (curve.about.content, curve.about.binsz) == (Content.NET, 0.125)
    table = opened(curve).table()
    rate = table.column("RATE")
    good = np.isfinite(rate)
    error = np.sqrt(np.sum(table.column("ERROR")[good] ** 2)) / good.sum()
    assert np.mean(rate[good]) == pytest.approx(np.mean(fast.truth.whole.source), abs=5 * error)
    assert codes(made) == []
    # The same samples as counts: those of Standard1 hold all channels, so that no other mode is taken.
    (counts,) = (opened(file).table() for file in made.files["fast_light_curve"])
    assert (counts.header["MODE1"], counts.header["TIMEDEL"], counts.header["CHAN1"]) == ("Standard1b", 0.125, "0~255")


def test_events_are_those_of_the_pair_in_good_time(fast: Observation, prepared: Outputs) -> None:
    made = made_of(fast, prepared, products=["events"], pcus="0,2", layers="1")
    (file,) = made.files["events"]
    assert (file.name, file.about.kind) == (f"{OBSID}_GoodXenon_2s.evt.gz", Kind.EVENTS)
    table = opened(file).table()
    (events,), _ = open_events([opened(File(path, fast.files[path])) for path in XENON])
    time = np.concatenate([events.times(piece) for piece in events.pieces()])
    words = np.concatenate([events.words(piece) for piece in events.pieces()])
    from_start = time - START - 400 - 3.37843
    wanted = ((from_start >= 1) & (from_start < 5)) | ((from_start >= 6) & (from_start < 7.5))
    wanted &= np.isin(events.word.detector(words), (0, 2)) & np.isin(events.word.anode(words), (10, 11))
    assert table.column("TIME") + table.header["TIMEZERO"] == pytest.approx(time[wanted], abs=1e-7)
    energy = table.column("ENERGY")
    assert np.corrcoef(energy, table.column("PHA"))[0, 1] > 0.999
    assert 4.39 < energy[table.column("PHA") == 12].mean() < 4.75  # HEASARC's table of epoch 3
    assert made.summary["bands"]["GoodXenon_2s"]["rows"] == len(table)
    plain = made_of(fast, prepared, products=["events"], energies=False)
    assert "ENERGY" not in opened(plain.files["events"][0]).table()


def test_what_the_modes_can_not_give_is_told(fast: Observation, prepared: Outputs) -> None:
    half = next(iter(XENON))
    made = made_of(fast, prepared, half, products=["fast"], binsz=2.0**-7)
    assert codes(made) == ["half_missing", "other_channels"]
    assert (
        "GoodXenon2_2s is missing" in made.caveats[0].message or "GoodXenon1_2s is missing" in made.caveats[0].message
    )
    assert "Channels 0-255 are asked for; the nearest that the data have are 0-35" in made.caveats[1].message
    in_kev = made_of(fast, prepared, products=["fast"], bands=["2-9keV"])
    assert codes(in_kev) == ["band_channels", "other_channels"]
    assert "2-9keV_fast" in in_kev.summary["bands"]
    assert in_kev.caveats[0].message.startswith("2-9keV is channels 6 to 24, 2.15 to 9.00 keV in PCU 2")
    finer = made_of(fast, prepared, *XENON, products=["fast"], binsz=2.0**-13, bands=[{"chmin": 14, "chmax": 35}])
    assert codes(finer) == []
    with pytest.raises(NoGoodTime, match=r"no fast data .* No mode has single photons"):
        made_of(fast, prepared, *XENON, products=["events"])
    with pytest.raises(NoGoodTime, match=r"ch0-255: no mode that ran in good time has bins of 0\.0078125 s"):
        made_of(fast, prepared, *XENON, *BITS, "pca/FS46", products=["fast"], binsz=2.0**-7)
    with pytest.raises(NoGoodTime, match="fulfils 'ELV > 900'"):
        made_of(fast, prepared, expression="ELV > 900")


def test_a_mode_without_a_photon_is_told(fast: Observation, prepared: Outputs, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise NoGoodTime("No photon is left.")

    monkeypatch.setattr("rossi.timing.observation._lists_of", none)
    made = made_of(fast, prepared, products=["fast", "events"])
    assert "No photon is left." in [one.message for one in made.caveats if one.code == "no_events"]


def test_a_damaged_file_does_not_stop_the_others(fast: Observation, prepared: Outputs) -> None:
    path = "pca/FS4f_5f5e2f4-5f5e30c.gz"
    damaged = replace(fast, files={**fast.files, path: gzip.compress(fast.files[next(iter(BITS))])[:2000]})
    made = made_of(damaged, prepared, products=["fast", "events"])
    assert codes(made) == ["file_left_out"]
    assert path in made.caveats[0].message and made.caveats[0].message.endswith("It is left out.")


def test_the_power_spectrum_of_all_segments(fast: Observation, prepared: Outputs) -> None:
    asked = {"products": ["power"], "bands": [{"chmin": 0, "chmax": 13}], "segment": 0.5, "rms_bands": [(2.0, 100.0)]}
    made = made_of(fast, prepared, **asked)
    (file,), (picture,) = made.files["power_spectrum"], made.files["figure"]
    assert (file.name, picture.name) == (f"{OBSID}_ch0-13_power.fits", f"{OBSID}_ch0-13_power.png")
    assert picture.data.startswith(b"\x89PNG")
    spectrum = read_power(opened(file))
    assert spectrum.mean.m == pytest.approx(2 * (24 + 5), abs=2)
    assert spectrum.header["MODE1"] == "GoodXenon_2s; SB_125us_0_13_1s"
    assert spectrum.header["NUM_PCU"] == 5
    background = np.sum(fast.truth.whole.background)
    assert 0 < spectrum.background < background
    vle, dead = spectrum.header["VLERATE"], spectrum.header["VLEDEAD"]
    assert dead == pytest.approx(150e-6) and 10 < vle < 500
    level = noise_level(spectrum.mean.freq, spectrum.mean.rate / 5, 2.0**-9, 256, VeryLargeEvents(vle, dead))
    assert spectrum.noise == pytest.approx(level)
    assert (len(spectrum.rms()), codes(made)) == (1, [])
    shifted = made_of(fast, prepared, noise_above=100.0, **asked)
    above = read_power(opened(shifted.files["power_spectrum"][0]))
    high = above.mean.freq > 100
    assert (above.mean.power - above.noise)[high].mean() == pytest.approx(0, abs=1e-12)
    assert above.header["NOISE"] == "MODEL + MEAN ABOVE 100 HZ"


def test_no_power_spectrum_is_told(fast: Observation, prepared: Outputs) -> None:
    with pytest.raises(NoGoodTime, match="no run of bins is as long as a segment of 64 s"):
        made_of(fast, prepared, *BITS, products=["power"], segment=64.0)
    made = made_of(fast, prepared, *BITS, products=["power"], segment=0.5, noise_above=1000.0)
    assert codes(made) == ["noise_of_model"]


def test_bursts_of_a_simulated_observation() -> None:
    bursts = (Burst(300.0, 1.0, 8.0, 20.0), Burst(600.0, 0.5, 12.0, 15.0))
    spec = ObservationSpec(
        ObsID(OBSID), START, 960, slew=160, flux=0.1, fast=FastSpec(Configurations.NONE, bursts=bursts)
    )
    bursting = Observation(true_observation(spec), simulate_observation(spec), calibration_files())
    before = pca_prep(PcaPrepConfig(), bursting.inputs(PREP, PcaPrepConfig()))
    made = made_of(bursting, before, products=["bursts"])
    (file,), (picture,) = made.files["bursts"], made.files["figure"]
    found = read_bursts(opened(file))
    assert (file.name, picture.name) == (f"{OBSID}_bursts.fits", f"{OBSID}_bursts.png")
    assert made.summary["bursts"] == len(found.accepted) == 2
    for one, true in zip(found.accepted, bursts, strict=True):
        assert one.burst.start == pytest.approx(START + 3.37843 + true.at, abs=0.75)
        assert one.burst.tau == pytest.approx(true.decay, rel=0.25)
        assert one.burst.peak == pytest.approx(true.peak * np.mean(bursting.truth.whole.source), rel=0.15)
    assert bursting.truth.good_time - 128 < found.searched <= bursting.truth.good_time  # rows have 128 s
    with pytest.raises(NoGoodTime, match="no Standard1 data"):
        made_of(bursting, before, "pca/FS46", products=["bursts"])


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"segment": 0.3}, "a whole number from 8"),
        ({"rms_bands": [(10.0, 1.0)]}, "rising frequencies"),
        ({"binsz": 1e-5}, "greater than or equal"),
        ({"pcus": "7"}, "is no PCU"),
        ({"layers": "4"}, "is no layer"),
        ({"products": ["spectra"]}, "fast"),
        ({"bands": []}, "at least 1"),
    ],
)
def test_settings_that_make_no_sense(given: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        validate(PcaFastConfig, given, "[pca_fast]")
