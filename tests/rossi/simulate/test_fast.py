"""Simulated fast data: one set of photons in all configurations, and the pulse, QPO and bursts of their truth."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from flows.cli import app
from rossi.archive import ObsID
from rossi.errors import ConfigError
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.table import Table
from rossi.simulate import (
    Burst,
    Configurations,
    FastSpec,
    ObservationSpec,
    Pulse,
    Qpo,
    SourceSpectrum,
    Truth,
    simulate_archive,
    simulate_observation,
    true_observation,
)
from rossi.simulate.brightness import burst_light, mean_light, pulse_light, qpo_light
from rossi.simulate.fast.plan import named
from rossi.simulate.source import background_rates
from rossi.timing.barycentre import Barycentre, Direction
from rossi.timing.bursts import find_bursts
from rossi.timing.choice import Wish, choose
from rossi.timing.ephemeris import open_ephemeris
from rossi.timing.events import EventList, open_events, screened_events
from rossi.timing.fastcurve import fast_light_curve
from rossi.timing.modes import Kind, Mode, configuration, modes_of
from rossi.timing.orbit import read_orbit
from tests.real_files import REAL, check_file, name_of, real_order

START, DURATION = 110_145_600, 256
ANODES = ("X1L", "X1R", "X2L", "X2R", "X3L", "X3R")
PULSE = Pulse(period=0.1514, epoch=2.0e8, fraction=0.6)
QPO = Qpo(frequency=24.0, width=2.0, rms=0.3)
BURST = Burst(at=100.0, rise=1.0, decay=8.0, peak=25.0)
SIGNALS = {
    Configurations.XENON: {"pulse": PULSE},
    Configurations.BINNED: {"qpo": QPO},
    Configurations.SINGLE_BIT: {"bursts": (BURST,)},
    Configurations.EVENTS: {"pulse": PULSE},
    Configurations.NONE: {},
}


def test_a_pulse_comes_back_after_its_period() -> None:
    """In a second the way to the barycentre changes by 0.1 ms at most, 0.07 % of this period."""
    time = START + np.arange(0.0, 1.0, 0.01)
    now, half, whole = (pulse_light(spec(Configurations.XENON), PULSE, time + part * 0.1514) for part in (0, 0.5, 1))
    np.testing.assert_allclose(whole, now, atol=0.005)
    np.testing.assert_allclose(half + now, 2.0, atol=0.005)
    assert (now.min(), now.max()) == pytest.approx((0.4, 1.6), abs=0.01)


def test_rows_have_the_mean_light_of_a_burst() -> None:
    """The burst begins 4 s into the row at 96 s: that row and the next against many more points in them."""
    observed = spec(Configurations.SINGLE_BIT)
    rows = START + np.arange(0.0, DURATION, 16.0)
    within = (np.arange(16_000) + 0.5) / 1000
    expected = 1 + burst_light(BURST, rows[:, None] - START + within).mean(axis=1)
    np.testing.assert_allclose(mean_light(observed, rows), expected, rtol=1e-4)
    assert (mean_light(spec(Configurations.NONE), rows) == 1).all()


def spec(which: Configurations, **changes: object) -> ObservationSpec:
    """Return an observation on target from its start, not compressed."""
    plain = ObservationSpec(ObsID("20101-01-01-00"), START, DURATION, flux=0.2, slew=0, compress=False)
    return replace(plain, fast=FastSpec(which, **SIGNALS[which]), **changes)  # type: ignore[arg-type]


@cache
def files(which: Configurations) -> dict[str, FitsFile]:
    """Return the science and orbit files of an observation."""
    made = simulate_observation(spec(which))
    return {p: open_fits(data, p) for p, data in made.items() if p.startswith(("pca/FS", "orbit/"))}


def modes(which: Configurations) -> tuple[Mode, ...]:
    return modes_of(configuration(f.table().header, p) for p, f in files(which).items() if p.startswith("pca/"))


def standard(which: Configurations, start: str) -> Table:
    (found,) = [file for path, file in files(which).items() if path.startswith(f"pca/{start}")]
    return found.table()


def xenon(table: Table) -> np.ndarray:
    """Return the counts of Standard2, (row, PCU, anode, element)."""
    return np.array([[table.column(f"{anode}SpecPcu{pcu}") for anode in ANODES] for pcu in range(5)]).transpose(
        2, 0, 1, 3
    )


def events(which: Configurations, kind: Kind) -> EventList:
    mode = next(mode for mode in modes(which) if mode.kind == kind)
    opened, said = open_events([files(which)[path] for path in mode.paths])
    assert said == []
    found = screened_events(opened)
    assert found.remarks == ()
    return found


def test_good_xenon_has_the_photons_of_standard2() -> None:
    found, counted = events(Configurations.XENON, Kind.XENON), xenon(standard(Configurations.XENON, "FS4a"))
    assert found.exposure == DURATION
    row = ((found.time - found.timezero - START) // 16).astype(int)
    anode = np.searchsorted([10, 11, 20, 21, 30, 31], found.anode)
    of_rows = np.zeros(counted.shape[:3], int)
    np.add.at(of_rows, (row, found.pcu, anode), 1)
    assert np.array_equal(of_rows, counted.sum(3))
    low = np.bincount(found.pha[found.pha < 54], minlength=54)
    assert np.array_equal([low[:5].sum(), *low[5:]], counted.sum((0, 1, 2))[:50])
    assert found.pha.max() > 250


def test_good_xenon_is_written_as_the_specification_says() -> None:
    """Decoded word by word, as HEASARC describes it."""
    halves = [f.table() for p, f in files(Configurations.XENON).items() if "FS3" in p]
    first, second = sorted(halves, key=lambda table: str(table.header["DATAMODE"]))
    assert (first.header["DATAMODE"], second.header["DATAMODE"]) == ("GoodXenon1_16s", "GoodXenon2_16s")
    assert (first.header["APPID"], second.header["APPID"]) == (0x3B, 0x37)
    words, number = first.column("EventList")[:60].ravel(), int(first.column("EventCnt")[0])
    others = second.column("EventList")[:60].ravel()
    assert (words[0], words[number - 1], others[number - 1]) == (0x7FFC, 0x7F7F, 0x7F7F)
    assert list(first.column("PartRowSeq")[:3]) == [1, 2, 3]
    rows = -(-number // 256)
    assert list(first.column("EventCnt")[rows - 1 : rows + 1] == number) == [True, False]
    marks, found = -1, []
    for one, other in zip(words[: number - 1].tolist(), others[: number - 1].tolist(), strict=True):
        if one < 0x8000:
            marks += 1
            assert one == other == (0x7FF8 if marks % 128 else 0x7FFC)
        else:
            assert one >> 12 == other >> 12
            tick = (marks * 8192) % 2**20 + 4096 * (one & 1) + (other & 0xFFF)
            found.append((START + marks // 128 + tick / 2**20, (one >> 12) & 7, (one >> 9) & 7, (one >> 1) & 255))
    assert marks == 16 * 128 - 1
    theirs = events(Configurations.XENON, Kind.XENON)
    time, pcu, code, height = (np.array(column) for column in zip(*found, strict=True))
    assert (np.diff(time) >= 0).all()
    assert np.abs(theirs.time[: len(time)] - theirs.timezero - time).max() < 2e-8
    assert np.array_equal(theirs.pcu[: len(time)], pcu)
    assert np.array_equal(theirs.anode[: len(time)], np.array([10, 11, 20, 21, 30, 31])[code])
    assert np.array_equal(theirs.pha[: len(time)], height)


@pytest.mark.parametrize("which", [Configurations.BINNED, Configurations.SINGLE_BIT])
def test_disjoint_configurations_have_the_photons_of_standard2(which: Configurations) -> None:
    counted = xenon(standard(which, "FS4a")).sum((0, 1, 2))
    low, high = (choose(modes(which), Wish(2**-8, *pair)) for pair in ((0, 35), (36, 249)))
    assert (low.remark, high.remark) == ("", "")
    assert {mode.kind for mode in low.modes} <= {Kind.SINGLE_BIT, Kind.BINNED}
    assert [mode.kind for mode in high.modes] == [Kind.EVENTS]
    curve = fast_light_curve([low, high], lambda path: files(which)[path])
    assert curve.counts[0].sum() == counted[:32].sum()
    found = events(which, Kind.EVENTS)
    assert len(found.time) == curve.counts[1].sum() <= counted[32:].sum()
    ranges = [counted[32:34].sum(), counted[34:36].sum(), counted[36:39].sum()]
    assert list(np.bincount(found.pha)[:3]) == ranges
    bounds = [tuple(mode.first.bounds[[0, -1], [0, 1]]) for mode in (*low.modes, *high.modes)]
    assert [b[0] for b in sorted(bounds)[1:]] == [b[1] + 1 for b in sorted(bounds)[:-1]]


@pytest.mark.parametrize("which", list(Configurations))
def test_all_configurations_have_the_same_photons(which: Configurations) -> None:
    rows, samples = xenon(standard(which, "FS4a")), standard(which, "FS46")
    for pcu in range(5):
        fine = samples.column(f"XeCntPcu{pcu}").reshape(-1, 128).sum(1)
        assert np.array_equal(fine, rows.sum((2, 3))[:, pcu])
    if which == Configurations.EVENTS:
        found = events(which, Kind.EVENTS)
        assert set(found.pcu) == {0, 1, 2, 3, 4}
        assert np.bincount(found.pha)[0] == rows[..., 0].sum()
        assert len(found.bounds) == 64
    kinds = {mode.kind for mode in modes(which)} - {Kind.STANDARD1, Kind.STANDARD2}
    assert bool(kinds) == (which != Configurations.NONE)


def test_tables_are_named_by_what_they_hold() -> None:
    for which in Configurations:
        tables = {path: file.table() for path, file in files(which).items() if path.startswith("pca/FS")}
        for path, table in tables.items():
            listed = configuration(table.header, path).kind in {Kind.EVENTS, Kind.XENON_HALF}
            assert table.name == ("XTE_SE" if listed else "XTE_SA")


def test_files_start_on_whole_seconds_and_share_their_clock() -> None:
    for which in Configurations:
        headers = [file.table().header for path, file in files(which).items() if path.startswith("pca/")]
        assert {float(header["TSTART"]) % 1 for header in headers} == {0.0}
        assert len({float(header["TIMEZERO"]) for header in headers}) == 1


def test_files_are_like_those_of_the_archive(shared: Path) -> None:
    for which in Configurations:
        for path, data in simulate_observation(spec(which)).items():
            if path.startswith(("pca/FS3", "pca/FS4f", "FIPC")):
                for table in check_file(data, path).tables:
                    real = real_order(shared / "data" / "real" / "headers", name_of(table))
                    ours = list(dict.fromkeys(keyword for keyword in table.header if keyword in real))
                    assert ours == [keyword for keyword in real if keyword in ours], path
                    assert name_of(table) in REAL


def test_index_names_the_files() -> None:
    made = simulate_observation(spec(Configurations.SINGLE_BIT))
    (index,) = [open_fits(data, path).table("XTE_SI") for path, data in made.items() if path.startswith("FIPC")]
    listed = {str(cell) for number in range(1, 9) for cell in index.column(f"EA{number}Data")} - {""}
    assert listed == {path for path in made if path.startswith("pca/FS")}


def phase(time: np.ndarray) -> tuple[float, float]:
    """Return phase of the maximum, and amplitude over the mean of all counts, of times at the barycentre."""
    wave = np.exp(2j * np.pi * (((time - PULSE.epoch) / PULSE.period) % 1)).mean()
    return float(np.angle(wave)) / (2 * np.pi), 2 * abs(wave)


@pytest.mark.parametrize("which", [Configurations.XENON, Configurations.EVENTS])
def test_the_pulse_is_at_the_barycentre(which: Configurations) -> None:
    """With DE405 and the orbit file; the simulation has astropy's ephemeris and its own orbit."""
    found, true = (
        events(which, Kind.XENON if which == Configurations.XENON else Kind.EVENTS),
        true_observation(spec(which)),
    )
    orbit = read_orbit([file for path, file in files(which).items() if path.startswith("orbit/")])
    barycentre = Barycentre(Direction(245.0, 25.0), orbit, open_ephemeris())
    at, amplitude = phase(found.time + barycentre.delay(found.time) + found.resolution / 2)
    source, background = sum(true.whole.source), sum(true.whole.background)
    expected = PULSE.fraction * source / (source + background)
    error = np.sqrt(2 / len(found.time))
    assert amplitude == pytest.approx(expected, abs=5 * error)
    assert at == pytest.approx(0.0, abs=4 * error / expected / (2 * np.pi) + 50e-6 / PULSE.period)
    assert 4 * error / expected / (2 * np.pi) < 0.01
    assert true.fast is not None and true.fast.pulse is not None
    assert (true.fast.pulse.period, true.fast.pulse.epoch) == (PULSE.period, PULSE.epoch)


def test_the_qpo_has_its_frequency_and_strength() -> None:
    which = Configurations.BINNED
    curve = fast_light_curve([choose(modes(which), Wish(2**-8, 0, 35))], lambda path: files(which)[path])
    counts = curve.counts[0].reshape(-1, 16 * 256)
    power = 2 * np.abs(np.fft.rfft(counts, axis=1)[:, 1:-1]) ** 2 / counts.sum(1)[:, None]
    frequency, excess = np.arange(1, 16 * 128) / 16, power.mean(0) - 2
    near = (frequency > 4) & (frequency < 44)
    rate = counts.sum() / (16 * len(counts))
    rms = np.sqrt(excess[near].sum() / 16 / rate)
    background = background_rates(START)
    level = sum(true_observation(spec(which)).whole.background) / background.sum()
    of_source = 1 - level * background[..., :32].sum() / rate
    in_range = 2 / np.pi * np.arctan(20 / (QPO.width / 2))
    assert rms == pytest.approx(QPO.rms * of_source * np.sqrt(in_range), rel=0.08)
    centre = (frequency * excess)[near].sum() / excess[near].sum()
    assert centre == pytest.approx(QPO.frequency, abs=1.0)


def test_bursts_are_in_standard1() -> None:
    which = Configurations.SINGLE_BIT
    table = standard(which, "FS46")
    rate = sum(table.column(f"XeCntPcu{pcu}").ravel().astype(float) for pcu in range(5)) / 0.125
    time = START + 0.125 * np.arange(len(rate))
    (burst,) = find_bursts(time, rate, 0.125, np.array([[time[0], time[-1] + 0.125]]))
    true = true_observation(spec(which)).fast
    assert true is not None
    assert not burst.rejected
    assert burst.start == pytest.approx(true.bursts[0].start, abs=0.75)
    assert burst.tau == pytest.approx(8.0, rel=0.25)


def test_an_archive_with_fast_data(tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["simulate", "--out", str(tmp_path / "a"), "--observations", "1", "--fast"])
    assert done.exit_code == 0, done.output
    truth = Truth.model_validate_json((tmp_path / "a" / "truth.json").read_bytes())
    (only,) = truth.observations
    assert only.fast is not None and only.fast.configurations == "goodxenon"
    names = sorted(p.name[:4] for p in (tmp_path / "a" / only.path / "pca").iterdir() if p.name.startswith("FS"))
    assert names == ["FS37", "FS3b", "FS46", "FS4a"]
    assert list((tmp_path / "a" / only.path / "orbit").glob("FPorbit_Day*"))
    for fast in ((), (Configurations.EVENTS,)):
        with pytest.raises(ConfigError, match="holds 1 observation simulated with seed 1 and fast data; name another"):
            simulate_archive(tmp_path / "a", 1, fast=fast)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Pulse, [(0.0099, 0, 0.5), (1.0, 0, 0.0), (1.0, 0, 1.01)]),
        (Qpo, [(0.49, 1, 0.1), (500.1, 1, 0.1), (20, 0.0, 0.1), (20, 1, 0.0), (20, 1, 0.351)]),
        (SourceSpectrum, [(-0.1,), (100.1,), (1, -2.1), (1, 6.1), (1, 2, -1e-12), (1, 2, 1.1e-6)]),
        (named, [(["SB"],)]),
    ],
)
def test_nonsense_is_refused(kind, wrong) -> None:
    for told in wrong:
        with pytest.raises(ConfigError, match="expected"):
            kind(*told)


def test_the_first_unknown_name_is_told() -> None:
    with pytest.raises(ConfigError, match="'SB' is no set of configurations"):
        named(["events", "SB", "TLA"])


def test_what_is_just_possible_is_not_refused() -> None:
    assert Pulse(0.01, 0, 1.0) and Qpo(0.5, 0.1, 0.35) and Qpo(500, 0.1, 0.35)
    assert SourceSpectrum(0.0, -2.0, 0.0) and SourceSpectrum(100.0, 6.0, 1e-6)
    assert named(["events", "goodxenon"]) == (Configurations.EVENTS, Configurations.XENON)


def test_too_bright_for_a_configuration() -> None:
    with pytest.raises(ConfigError, match=r"photons in 2 s are more than GoodXenon holds"):
        simulate_observation(spec(Configurations.XENON, flux=8.0, duration=32))


def test_a_row_of_a_qpo_has_its_strength() -> None:
    rng = np.random.default_rng(1)
    light = np.array([qpo_light(Qpo(frequency=24.0, width=2.0, rms=0.2), rng) for _ in range(40)])
    assert light.mean() == pytest.approx(1, abs=1e-3)
    assert light.var() == pytest.approx(0.04, rel=0.1)  # of some 50 frequencies, 40 times
