"""What simulated observations hold: counts, dead time, good time, attitude; without an archive around them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from astropy.coordinates import SkyCoord, get_sun

from rossi.archive import ObsID
from rossi.energy.collimator import BORESIGHT
from rossi.errors import ConfigError
from rossi.fits.reader import open_fits
from rossi.fits.table import Table
from rossi.met import to_time
from rossi.simulate import (
    ObservationSpec,
    PcuOn,
    attitude,
    clock,
    orbit,
    simulate_observation,
    true_observation,
)
from rossi.simulate.collimator import collimator_cube
from rossi.simulate.detector import Rows
from rossi.simulate.filter_file import _ABOVE, _BELOW, _ratio
from rossi.simulate.truth import good_rows

ANODES = ("X1L", "X1R", "X2L", "X2R", "X3L", "X3R")
START = 110_145_600


@pytest.mark.parametrize(
    ("met", "date"),
    [(0.0, "1994-01-01T00:01:00"), (59.9, "1994-01-01T00:02:00"), (86400 * 365 + 0.4, "1995-01-01T00:01:01")],
)
def test_dates_are_those_of_terrestrial_time(met, date):
    """MET 0 is the first midnight of 1994 in UTC, 60.184 s later in TT."""
    assert clock.date(met).isoformat() == date


def spec(**changes: object) -> ObservationSpec:
    """Return an observation of 1600 s in epoch 3, not compressed, without occultation."""
    plain = {"obsid": ObsID("20101-01-01-00"), "start": START, "duration": 1600, "compress": False}
    return ObservationSpec(**(plain | changes))  # type: ignore[arg-type]


def only(files: dict[str, bytes], start: str) -> Table:
    """Return the first table of the only file whose path begins so."""
    (path,) = [p for p in files if p.startswith(start)]
    return open_fits(files[path], path).tables[0]


def xenon(table: Table, pcu: int, elements: slice = slice(None)) -> np.ndarray:
    """Return a PCU's xenon counts of each row, all layers."""
    return sum(table.column(f"{anode}SpecPcu{pcu}")[:, elements].sum(1) for anode in ANODES)


def dead_time(table: Table, pcu: int) -> np.ndarray:
    """Return the dead time of a PCU in each row [s], from all its counters."""
    counters = [c for c in table.infos if c.endswith(f"CNTPCU{pcu}") and not c.startswith("VLE")]
    events = xenon(table, pcu) + table.column(f"VpSpecPcu{pcu}").sum(1) + sum(table.column(c) for c in counters)
    return 1e-5 * events + 150e-6 * table.column(f"VLECntPcu{pcu}")


def test_rates_are_true() -> None:
    wanted = spec(flux=3.0, slew=0, entropy=(5,))
    truth, table = true_observation(wanted), only(simulate_observation(wanted), "pca/FS4a")
    assert truth.good_time == 1600.0
    for band, elements in ((truth.band, slice(1, 7)), (truth.whole, slice(None))):
        for pcu in range(5):
            live = (16.0 - dead_time(table, pcu)).sum()
            counts = xenon(table, pcu, elements).sum()
            expected = band.source[pcu] + band.background[pcu]
            assert abs(counts / live - expected) < 5 * np.sqrt(counts) / live
    assert 0.02 < dead_time(table, 2).mean() / 16 < 0.08


def test_dead_time_takes_counts() -> None:
    bright = spec(flux=30.0, slew=0)
    truth, table = true_observation(bright), only(simulate_observation(bright), "pca/FS4a")
    expected = (truth.whole.source[2] + truth.whole.background[2]) * 1600
    lost = 1 - xenon(table, 2).sum() / expected
    assert lost > 0.08
    assert lost == pytest.approx(dead_time(table, 2).mean() / 16, abs=5 / np.sqrt(expected))


def test_off_target_there_is_only_background() -> None:
    away = spec(flux=30.0, slew=100_000)
    truth, files = true_observation(away), simulate_observation(away)
    assert truth.good_time == 0.0
    table = only(files, "pca/FS4a")
    live = (16.0 - dead_time(table, 0)).sum()
    assert xenon(table, 0).sum() / live == pytest.approx(truth.whole.background[0], rel=0.1)
    assert (only(files, "stdprod/x2").column("OFFSET") > 0.1).all()
    assert not any(p.startswith("stdprod/xp") for p in files)


def test_filter_file_says_when_pcus_are_on() -> None:
    pcus = (PcuOn(0), PcuOn(2, off=800), PcuOn(3, on=320))
    files = simulate_observation(spec(pcus=pcus))
    table = only(files, "stdprod/x20101010100.xfl")
    time = table.column("Time")
    flags = []
    for pcu in range(5):
        house = only(files, f"pca/FH5{'abcde'[pcu]}")
        assert f"D[{pcu}]" in house.header["TDDES"]
        on = np.all([house.column(c) != 0 for c in ("cmdhvXE", "hvXEon", "hvXErly")], axis=0)
        before, after = (on[np.searchsorted(house.column("Time"), time, side)] for side in ("left", "right"))
        flag = table.column(f"PCU{pcu}_ON")
        settled = before == after
        assert np.array_equal(flag[settled] == 1, on[np.searchsorted(house.column("Time"), time) - 1][settled])
        flags.append(flag)
    assert np.array_equal(table.column("NUM_PCU_ON"), np.sum(flags, 0))
    assert set(table.column("NUM_PCU_ON")) == {2, 3}
    std2 = only(files, "pca/FS4a")
    assert not xenon(std2, 1).any() and not xenon(std2, 2)[50:].any() and xenon(std2, 2)[:50].all()


def test_pcus_that_are_on_before_or_behind_an_observation_are_off_in_it() -> None:
    told = true_observation(spec(pcus=(PcuOn(0), PcuOn(1, on=3200), PcuOn(2, off=-160), PcuOn(3, on=320, off=800))))
    assert [(one.pcu, one.on - START, one.off - START) for one in told.pcus] == [(0, 0, 1600), (3, 320, 800)]


def test_standard1_has_the_counts_of_standard2() -> None:
    files = simulate_observation(spec())
    std1, std2 = only(files, "pca/FS46"), only(files, "pca/FS4a")
    rows = 8 * len(std1)
    for pcu in range(5):
        assert np.array_equal(std1.column(f"XeCntPcu{pcu}").sum(1), xenon(std2, pcu)[:rows].reshape(-1, 8).sum(1))
    vle = sum(std2.column(f"VLECntPcu{pcu}") for pcu in range(5))
    assert std1.column("VLECnt").sum() == vle[:rows].sum()


def test_standard_light_curve() -> None:
    files = simulate_observation(spec(flux=3.0))
    (name,) = [p for p in files if p.endswith("n2a.lc")]
    product = open_fits(files[name], name)
    table, std2 = product.table("RATE"), only(files, "pca/FS4a")
    assert [i.name for i in table.infos.values()] == ["TIME", "RATE", "ERROR", "FRACEXP"]
    block = table.header.to_block()
    low, high = map(int, re.findall(rb"CHM\w\w for filtering was +(\d+)", block))
    assert (low, high) == (6, 25)
    assert re.findall(rb"Expression: RATE \* ([0-9.]+)", block) == [b"0.2"]
    timezero = std2.header["TIMEZERO"]
    rows = np.isin(std2.column("Time"), np.round(table.column("TIME") - timezero, 6))
    assert rows.sum() == len(table) > 80
    columns = [table.header[f"ROWID{number}"] for number in range(1, 11)]
    assert columns == [f"{anode}SpecPcu{pcu}" for pcu in range(5) for anode in ANODES[:2]]
    counts = sum(std2.column(column)[rows, low - 4 : high - 3].sum(1) for column in columns)
    assert np.allclose(table.column("ERROR"), np.sqrt(counts) / 80, rtol=1e-6)
    assert (table.column("RATE") < counts / 80).all() and (table.column("RATE") > 0.9 * counts / 80).all()
    assert product.table("STDGTI").column("STOP")[-1] == table.column("TIME")[-1] + 16


def test_gain_epochs_see_other_energies() -> None:
    starts = {1: 67_724_608, 3: START, 5: 494_788_880}
    band = {epoch: true_observation(spec(start=start)).band.source[2] for epoch, start in starts.items()}
    assert band[1] < 0.5 * band[3] < 0.5 * 0.9 * band[5]


def test_propane_is_lost() -> None:
    late = only(simulate_observation(spec(start=494_788_880)), "pca/FS4a")
    early = only(simulate_observation(spec()), "pca/FS4a")
    for pcu, lost in ((0, True), (1, True), (2, False)):
        ratio = late.column(f"VpSpecPcu{pcu}").sum() / early.column(f"VpSpecPcu{pcu}").sum()
        assert (ratio < 0.1) == lost


@pytest.mark.parametrize("met", [7e7, 1.9e8, 5.6e8])
def test_the_sun_is_where_it_is_in_j2000(met: float) -> None:
    """Of date it would be 0.05 deg off in 1996, 0.16 deg in 2011."""
    x, y, z = orbit.sun(met)
    real = get_sun(to_time(met))  # from the Earth, along the axes of J2000
    ours = SkyCoord(np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z)), unit="deg")
    assert ours.separation(SkyCoord(real.ra, real.dec)).deg < 0.012


def test_without_telemetry_nothing_is_recorded() -> None:
    files = simulate_observation(spec(gaps=((0, 1600),)))
    assert not any(p.startswith("pca/FS") for p in files)
    assert true_observation(spec(gaps=((0, 1600),))).files == 0
    three = spec(gaps=((320, 480), (800, 1000)))
    assert true_observation(three).files == 3
    assert len([p for p in simulate_observation(three) if p.startswith("pca/FS4a")]) == 3


@pytest.mark.parametrize("changes", [{"start": START + 1}, {"duration": 0}, {"pcus": (PcuOn(0, on=5),)}])
def test_nonsense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="multiples of 16"):
        spec(**changes)


def test_the_electron_ratio_is_told_between_rows_that_follow_each_other() -> None:
    counters = np.zeros((3, 5, 28), int)
    counters[:, 2, _ABOVE], counters[:, 2, _BELOW] = 10, [100, 200, 400]
    rows = Rows(1000 + np.array([0.0, 16.0, 64.0]), *np.zeros((3, 1), int), counters, np.zeros(1))
    found = _ratio(rows, 2, 1000 + np.array([-1.0, 0.0, 8.0, 40.0, 65.0]))
    assert found == pytest.approx([np.nan, 20 / 100, 20 / 150, np.nan, np.nan], nan_ok=True)


def test_days_of_calibration_are_those_of_utc() -> None:
    """MJDREF is 60.184 s behind MJD 49353 (TT), and TT 62.184 s ahead of UTC in June 1997."""
    day = 49353 + (60.184 + START + clock.timezero(START) - 62.184) / 86400
    assert clock.mjd_utc(START) == pytest.approx(day, abs=1e-8)


def test_attitudes_come_back_from_their_quaternions() -> None:
    half_turns = [np.diag(signs) for signs in ((1.0, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))]
    c, s = np.cos(0.3), np.sin(0.3)
    tilt = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    for turn in half_turns:
        axes = tilt @ turn
        q = attitude.quaternion(axes[None])[0]
        x, y, z, w = q
        made = np.array(
            [
                [w * w + x * x - y * y - z * z, 2 * (x * y + z * w), 2 * (x * z - y * w)],
                [2 * (x * y - z * w), w * w - x * x + y * y - z * z, 2 * (y * z + x * w)],
                [2 * (x * z + y * w), 2 * (y * z - x * w), w * w - x * x - y * y + z * z],
            ]
        )
        assert made == pytest.approx(axes, abs=1e-12)


def test_a_collimator_is_known_around_its_axis() -> None:
    (table,) = open_fits(collimator_cube("PCA", "PCU2"), "c").tables
    for name, axis in zip(("ALPHA", "BETA"), BORESIGHT, strict=True):
        assert table.column(name)[0] - axis == pytest.approx(np.arange(-20, 21) / 1000, abs=1e-6)


def test_a_slew_is_no_good_time() -> None:
    """0.1 deg off the target is the usual limit."""
    wanted = ObservationSpec(ObsID("20101-01-01-00"), START, 1600, slew=160, dec=85.0)
    time = START + 16.0 * np.arange(100)
    away = attitude.offset(wanted, time + 8)
    assert ((away > 0.1) & (away < 1.1)).any()
    assert (good_rows(wanted, time) == (away < 0.1)).all()
