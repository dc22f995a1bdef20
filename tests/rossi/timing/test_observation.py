"""What is made of the fast data of an observation: two minutes of events in 64 bands, all PCUs on."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from rossi.archive import ObsID
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.product import File
from rossi.simulate import Configurations, FastSpec, ObservationSpec, simulate_observation
from rossi.timing.average import MeanPower
from rossi.timing.bursts import BurstRules
from rossi.timing.events import Screening
from rossi.timing.modefiles import ModeFiles
from rossi.timing.observation import (
    FastData,
    FastRequest,
    Made,
    event_lists,
    fast_light_curves,
    say_lost,
    standard1_curve,
    summary_of,
)
from rossi.timing.observation_power import PowerRequest, _alike, _noise, power_spectra
from rossi.timing.pieces import Lost
from rossi.timing.power import VeryLargeEvents, noise_level
from rossi.timing.power_product import PowerRules
from rossi.timing.standard1 import read_standard1
from rossi.timing.steady import Steady

START, ZERO = 110_145_600, 3.37843
MODE = "E_125us_64M_0_1s"


@pytest.fixture(scope="module")
def made_up() -> dict[str, bytes]:
    fast = FastSpec(Configurations.EVENTS)
    return simulate_observation(
        ObservationSpec(ObsID("20101-01-01-00"), START, 128, flux=0.2, slew=0, dec=85.0, compress=False, fast=fast)
    )


@pytest.fixture
def data(made_up: dict[str, bytes]) -> FastData:
    """Of which 96 s, from the second row on, are good."""
    files = {path: data for path, data in made_up.items() if path.startswith("pca/")}
    opened = {path: open_fits(data, path) for path, data in files.items()}
    zero = next(file.table().header["TIMEZERO"] for path, file in opened.items() if "FS46" in path)
    house = [Housekeeping.from_file(file) for path, file in opened.items() if "FH5" in path]
    standard1 = [file for path, file in opened.items() if "FS46" in path]
    gti = START + zero + np.array([[16.0, 112.0]])
    return FastData(
        "20101-01-01-00",
        "SIM X-1",
        Steady(gti, gti[0, :1], np.array([[True, True, True, False, True]])),
        ModeFiles([File(path, data) for path, data in files.items() if "FS4f" in path]),
        read_standard1(standard1, house, BadRowRules(True, False, True)),
        list,
        list,
    )


def test_a_file_of_standard1_that_is_damaged_is_left_out(made_up: dict[str, bytes]) -> None:
    (standard1,) = (open_fits(data, path) for path, data in made_up.items() if "FS46" in path)
    house = [open_fits(data, path) for path, data in made_up.items() if "pca/FH5" in path]
    made = read_standard1([house[0], standard1], [Housekeeping.from_file(file) for file in house], BadRowRules())
    assert len(made.arrays) == 1
    ((code, message),) = ((remark.code, remark.message) for remark in made.remarks)
    assert code == "file_left_out" and message.startswith(house[0].name) and message.endswith(" It is left out.")


def photons(made_up: dict[str, bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Return seconds from the start and element of all photons, by the bits that TEVTB2 names."""
    (path,) = (path for path in made_up if "FS4f" in path)
    table = open_fits(made_up[path], path).table()
    number = table.column("Event").astype(int) @ [256, 1]
    good = number >> 15 == 1
    return table.column("Time")[good] - START, number[good] >> 6 & 63


def test_counts_of_bands(data: FastData, made_up: dict[str, bytes]) -> None:
    made = Made()
    fast_light_curves(data, FastRequest({"low": (0, 35), "high": (36, 249)}, 0.25), made)
    (file,) = made.files["fast_light_curve"]
    assert (file.name, file.about.binsz) == ("20101-01-01-00_fast.fits.gz", 0.25)
    table, dead = open_fits(file.data, file.name).tables
    common = ("OBJECT", "OBS_ID", "TIMESYS", "TIMEUNIT", "MJDREFI", "MJDREFF", "TIMEZERO")
    assert [dead.header[key] for key in common] == [table.header[key] for key in common]
    assert "CHAN1" in table.header and "CHAN1" not in dead.header
    assert len(dead) == 96 * 8  # of 0.125 s
    time, element = photons(made_up)
    inside = (time >= 16) & (time < 112)
    soft = int((element[inside] < 21).sum())  # 0-4, 5-6, 7 to 15 one by one, and pairs: channels up to 35
    counts = {"low_fast": soft, "high_fast": int(inside.sum()) - soft}
    for name, number in counts.items():
        error = np.sqrt(number) / 96
        assert made.bands[name] == {"rate": number / 96, "error": pytest.approx(error), "exposure": 96, "rows": 384}


def test_events_are_those_in_good_time(data: FastData, made_up: dict[str, bytes]) -> None:
    made = Made()
    event_lists(data, FastRequest({}, 1.0), made)
    (file,) = made.files["events"]
    time, element = photons(made_up)
    inside = (time >= 16) & (time < 112)
    table = open_fits(file.data, file.name).table()
    assert table.column("PHA").tolist() == element[inside].tolist()
    assert made.bands == {MODE: {"rate": inside.sum() / 96, "error": pytest.approx(np.sqrt(inside.sum()) / 96),
                                 "exposure": pytest.approx(96), "rows": inside.sum()}}  # fmt: skip
    assert summary_of(data, made) | {"bands": {}} == {
        **{"target": "SIM X-1", "tstart": data.steady.gti[0, 0], "tstop": data.steady.gti[0, 1], "ontime": 96},
        **{"mjd": pytest.approx(49353 + 0.000696574074 + data.steady.gti.mean() / 86400, abs=1e-9), "pcus": 4.0},
        **{"modes": [MODE], "bands": {}, "bursts": None},
    }


def test_a_damaged_list_is_left_out(data: FastData, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(files: ModeFiles, mode: object) -> None:
        raise DataError("x: it is damaged.")

    monkeypatch.setattr(ModeFiles, "events", damaged)
    made = Made()
    event_lists(data, FastRequest({}, 1.0), made)
    assert [(one.code, one.message) for one in made.remarks] == [
        ("file_left_out", f"x: it is damaged. Events of {MODE} are left out.")
    ]


def test_segments_of_two_intervals_are_averaged(data: FastData, made_up: dict[str, bytes]) -> None:
    """Of 40 s and 47 s, five each of 8 s; what is left over of the second is no part of it."""
    zero = data.steady.gti[0, 0] - 16
    halves = replace(data, steady=replace(data.steady, gti=zero + np.array([[16.0, 56.0], [64.0, 111.0]])))
    made = Made()
    found = power_spectra(halves, PowerRequest({"all": (0, 249)}, 2.0**-6, 8.0), made)["all"]
    time = photons(made_up)[0]
    rate = (((time >= 16) & (time < 56)) | ((time >= 64) & (time < 104))).sum() / 80
    assert (found.mean.m, found.mean.rate) == (10, pytest.approx(rate))
    assert made.bands["all_power"] == {
        **{"rate": pytest.approx(rate), "error": pytest.approx(np.sqrt(rate / 80)), "exposure": 80, "rows": 10}
    }
    assert (found.start, found.stop) == (zero + 16, zero + 111)
    assert [one.code for one in made.remarks] == ["no_background"]
    assert found.header["NUM_PCU"] == 4 and found.header["MODE1"] == MODE


def test_modes_that_hold_the_channels_of_most_of_the_time_are_averaged() -> None:
    """Two of 300 s each rather than one of 400 s."""
    choices = [
        SimpleNamespace(channels=np.array([[0, last]]), gti=np.array([[start, stop]]))
        for last, start, stop in ((13, 0.0, 300.0), (35, 300.0, 700.0), (13, 700.0, 1000.0))
    ]
    made = Made()
    assert _alike("low", choices, made) == [choices[0], choices[2]]
    (said,) = made.remarks
    assert said.message == "low: 400 s of data in modes that hold other channels are not in the power spectrum."
    assert _alike("low", choices[:1], Made()) == choices[:1]


@pytest.mark.parametrize(("binsz", "width"), [(1.0, 1.0), (0.3, 0.25), (0.001, 0.125)])
def test_standard1_has_whole_samples(data: FastData, binsz: float, width: float) -> None:
    made = Made()
    standard1_curve(data, FastRequest({}, binsz), made)
    (file,) = made.files["standard1"]
    table = open_fits(file.data, file.name).table()
    assert file.about.binsz == table.header["TIMEDEL"] == width
    assert len(table) == round(96 / width)


def test_very_large_events_of_standard1(data: FastData, made_up: dict[str, bytes]) -> None:
    """As many in a PCU and second as there are counts; 150 us are lost by each."""
    found = data.standard1.very_large
    assert found is not None
    (path,) = (path for path in made_up if "FS46" in path)
    counts = open_fits(made_up[path], path).table().column("VLECnt").sum()
    assert found.rate == pytest.approx(counts / 5 / 128, rel=0.02)
    assert found.dead_time == pytest.approx(150e-6)


def test_the_noise_level_is_told_with_what_it_is_of(data: FastData) -> None:
    freq = np.arange(1.0, 65.0)
    mean = MeanPower(freq, np.full(64, 2.1), np.full(64, 0.1), 16, 900.0, 1.0, 1 / 128)
    large = VeryLargeEvents(70.0, 150e-6)
    level = noise_level(freq, 900.0 / 3, 1 / 128, 128, large)
    for above, shift in ((None, 0.0), (32.0, (2.1 - level[32:]).mean()), (64.0, 0.0)):
        header, made = Header(), Made()
        watched = SimpleNamespace(standard1=SimpleNamespace(very_large=large))
        asked = PowerRequest({}, 1 / 128, 1.0, noise_above=above)
        assert _noise("low", mean, 3.0, watched, asked, header, made) == pytest.approx(level + shift)
        assert (header["VLERATE"], header["VLEDEAD"]) == (70.0, 150e-6)
        assert header.get("SHIFT") == (pytest.approx(shift) if shift else None)
        assert header["NOISE"] == ("MODEL + MEAN ABOVE 32 HZ" if shift else "MODEL")
        assert [one.code for one in made.remarks] == (["noise_of_model"] if above == 64 else [])
    header, made = Header(), Made()
    nothing = SimpleNamespace(standard1=SimpleNamespace(very_large=None))
    _noise("low", mean, 3.0, nothing, PowerRequest({}, 1 / 128, 1.0), header, made)
    assert [one.code for one in made.remarks] == ["no_vle"] and "VLERATE" not in header


@pytest.mark.parametrize(
    ("lost", "wanted", "binsz", "said"),
    [
        *((1.0, 100, 0.01, False), (1.1, 100, 0.01, True), (2.0, 2000, 0.01, False), (2.1, 2000, 0.01, True)),
        *((20.0, 100, 1.0, False), (20.1, 100, 1.0, True)),
    ],
)
def test_lost_time_is_told_from_a_second_a_thousandth_or_twenty_bins_on(
    lost: float, wanted: float, binsz: float, said: bool
) -> None:
    made = Made()
    say_lost(Lost(lost, wanted), binsz, made)
    assert [one.code for one in made.remarks] == ["time_lost"] * said


def test_what_counts_if_nobody_says() -> None:
    """As the specification of fast timing has it."""
    assert PowerRules() == PowerRules(0.02, ((0.1, 10.0), (10.0, 100.0)), 0.01)
    assert BurstRules() == BurstRules(1.0, 0.25, 4.0, 3.0, 2, 10.0, (50.0, 5.0), (5.0, 200.0), 60.0, 5.0)
    asked = FastRequest({}, 1.0)
    assert (asked.pcus, asked.screening, asked.energies) == ((0, 1, 2, 3, 4), Screening(), True)
    power = PowerRequest({}, 1.0, 8.0)
    assert (power.pcus, power.noise_above, power.rules) == ((0, 1, 2, 3, 4), 0.0, PowerRules())


def test_no_time_has_no_number_of_pcus(data: FastData) -> None:
    assert np.isnan(data.steady.number(np.empty((0, 2))))
    assert data.steady.number(data.steady.gti, (2, 3)) == 1.0
