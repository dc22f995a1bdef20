"""Counts in whole bins, several bands on one grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError, NoGoodTime
from rossi.fits.edit import with_values
from rossi.fits.reader import open_fits, read_fits
from rossi.gti import make
from rossi.timing.bins import whole_bins
from rossi.timing.choice import Wish, choose
from rossi.timing.fastcurve import fast_light_curve
from rossi.timing.modes import configuration, modes_of

DT = 2.0**-7
SOFT, HARD = "FS3b_c1987f0-c198808.gz", "FS3f_c1987f0-c198808.gz"
NULLS = "null_FS37_c1987f0-c198820.gz"


@pytest.fixture
def binned(timing_golden):
    return timing_golden / "binned/input"


def modes(folder, *names):
    return modes_of([configuration(read_fits(folder / name).table().header, str(folder / name)) for name in names])


def curve(folder, names, wishes, **more):
    found = modes(folder, *names)
    return fast_light_curve([choose(found, wish) for wish in wishes], read_fits, **more)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.01, 9)), max_size=6), st.sampled_from([0.25, 1.0, 0.7]))
def test_bins_are_those_wholly_in_good_time(pairs, dt):
    # To the microsecond: what is just as far from an edge as noise may be is either.
    good = make([[round(start, 6), round(start + length, 6)] for start, length in pairs])
    bins = whole_bins(good, 0.5, dt, "x")
    edges = 0.5 + dt * np.arange(-2, int(62 / dt))
    expected = [e for e in edges if any(a - 2e-7 <= e and e + dt <= b + 2e-7 for a, b in good)]
    starts = np.concatenate(
        [np.empty(0), *(a + dt * np.arange(n) for (a, _), n in zip(bins.gti, bins.number, strict=True))]
    )
    assert starts == pytest.approx(expected)
    assert bins.at(starts + dt / 2).tolist() == list(range(bins.size))
    outside = np.setdiff1d(np.round(edges, 9), np.round(expected, 9))
    assert (bins.at(outside + dt / 2) == -1).all()
    if bins.size:
        whole = np.arange(bins.size) % 3 != 1
        kept = bins.kept(whole)
        assert kept.size == whole.sum()
        assert kept.at(starts[whole] + dt / 2).tolist() == list(range(kept.size))
        assert (kept.at(starts[~whole] + dt / 2) == -1).all()


@pytest.mark.parametrize(
    ("short", "dt", "bins"),
    [(1.5e-7, 1.0, (0, 3)), (2.5e-7, 1.0, (1, 1)), (0.9e-7, 1e-4, (0, 3)), (1.1e-7, 1e-4, (1, 1))],
)
def test_what_is_short_by_the_noise_of_times_is_whole(short, dt, bins):
    """Three bins less 0.2 us at either end, or a thousandth of a bin if that is less."""
    found = whole_bins(np.array([[short, 3 * dt - short]]), 0.0, dt, "x")
    assert (*found.first, *found.number) == bins


def test_too_many_bins():
    with pytest.raises(DataError, match="bins of 1e-07 s are asked for"):
        whole_bins(np.array([[0.0, 100.0]]), 0.0, 1e-7, "x")


def test_single_bit_bands_on_one_grid(binned, timing_golden):
    found = curve(binned, [SOFT, HARD], [Wish(DT, 0, 13), Wish(DT, 14, 35), Wish(DT, 0, 35)])
    golden = read_fits(timing_golden / "binned/expected/sb_14_35_1_128.lc.gz").table()
    counts = np.rint(golden.column("RATE") * DT).astype(int)  # saextrct's bins are all full
    at = found.bins.at(golden.column("TIME") + DT / 2)
    assert (at >= 0).all() and np.array_equal(found.counts[1][at], counts)
    assert found.counts.dtype == np.int32
    assert np.array_equal(found.counts[2], found.counts[0] + found.counts[1])
    assert [choice.channels.tolist() for choice in found.choices] == [[[0, 13]], [[14, 35]], [[0, 35]]]
    assert found.lost == pytest.approx(0, abs=1e-6)
    assert found.rate == pytest.approx(found.counts.sum(axis=1) / 24)


def test_rows_are_counted_one_by_one_where_they_are_long(binned, monkeypatch):
    expected = curve(binned, [SOFT], [Wish(DT, 0, 13)]).counts
    monkeypatch.setattr("rossi.timing.streams._SAMPLES", 1)
    assert np.array_equal(curve(binned, [SOFT], [Wish(DT, 0, 13)]).counts, expected)


def test_three_modes_make_one_band(timing_golden):
    folder = timing_golden / "binned/input"
    names = [SOFT, HARD, "FS4f_c1987f0-c198808.gz"]
    found = curve(folder, names, [Wish(DT), Wish(DT, 36, 249)])
    assert [mode.name for mode in found.choices[0].modes] == [
        *("SB_125us_0_13_1s", "SB_125us_14_35_1s", "E_16us_16B_36_1s"),
    ]
    expected = np.zeros(found.bins.size)
    for name in ("sb_0_13_1_128", "sb_14_35_1_128", "e_36_1_128"):
        golden = read_fits(timing_golden / "binned/expected" / f"{name}.lc.gz").table()
        at = found.bins.at(golden.column("TIME") + DT / 2)
        np.add.at(expected, at[at >= 0], np.rint(golden.column("RATE") * DT)[at >= 0])
    assert np.array_equal(found.counts[0], expected)
    assert found.counts[1].sum() == np.rint(golden.column("RATE") * DT)[at >= 0].sum()


def test_bins_with_undefined_samples_are_left_out(binned):
    found = curve(binned, [NULLS], [Wish(DT, 0, 35), Wish(DT, 0, 13)])
    file = read_fits(binned / NULLS)
    table = file.table()
    cells = table.column("XeCnt").reshape(len(table), 4, 512)
    start = (table.column("Time")[:, None] + np.arange(512) * 2.0**-9 + table.header["TIMEZERO"]).ravel()
    at = found.bins.at(start + 2.0**-10)
    values, null = cells.transpose(0, 2, 1).reshape(-1, 4), (cells == -1).transpose(0, 2, 1).reshape(-1, 4)
    assert null.any() and not null[at >= 0].any()
    assert np.array_equal(found.counts[0], np.bincount(at[at >= 0], values[at >= 0].sum(axis=1)))
    assert np.array_equal(found.counts[1], np.bincount(at[at >= 0], values[at >= 0, 0]))
    assert np.bincount(at[at >= 0]).tolist() == [4] * found.bins.size
    spilled = np.repeat(table.column("Spillage") != 0, 512)
    assert spilled.sum() == 512 and (at[spilled] == -1).all()
    bad = np.unique(np.floor((start[null.any(axis=1) | spilled] + 2.0**-10 - found.bins.origin) / DT))
    assert found.lost == pytest.approx(len(bad) * DT, abs=4 * DT)


def test_so_are_those_of_rows_that_spilled_over(binned, tmp_path):
    file = read_fits(binned / HARD)
    table = file.table()
    spilled = np.zeros(len(table))
    spilled[5] = 1
    damaged = type(file)("sb", file.primary, (with_values(table, {"Spillage": spilled}), *file.tables[1:]))
    choice = choose(modes(binned, HARD), Wish(DT, 14, 35))
    found = fast_light_curve([choice], lambda _: damaged)
    whole = fast_light_curve([choice], read_fits)
    assert found.lost == pytest.approx(1.0)
    assert [(remark.code, "1 rows spilled over" in remark.message) for remark in found.remarks] == [("spillage", True)]
    assert len(found.gti) == len(whole.gti) + 1
    assert whole.counts.sum() - found.counts.sum() == table.column("XeCnt")[5].sum()


def test_a_clock_that_goes_back_is_told(binned):
    file = read_fits(binned / HARD)
    table = file.table()
    time = table.column("Time").copy()
    time[12:] -= 5.0  # the first seconds behind the jump are there twice
    jumping = type(file)("sb", file.primary, (with_values(table, {"Time": time}), *file.tables[1:]))
    choice = choose(modes(binned, HARD), Wish(1.0, 14, 35))
    found = fast_light_curve([choice], lambda _: jumping)
    (remark,) = found.remarks
    assert remark.code == "clock_jump" and "sb: the clock goes back 1 times, by up to 4 s" in remark.message
    twice = np.unique(time, return_counts=True)[1]
    assert found.bins.size == (twice == 1).sum()  # bins that are there twice, or not at all, are left out
    once = np.isin(time, np.unique(time)[twice == 1])
    assert found.counts.sum() == table.column("XeCnt")[once].sum()


def test_good_time_cuts(binned):
    good = np.array([[203000025.0, 203000027.0]]) + 3.37842908 - 0.001
    found = curve(binned, [SOFT], [Wish(0.5, 0, 13)], good=good)
    assert (found.bins.size, len(found.gti)) == (3, 1)
    assert found.lost == pytest.approx(0.5)
    with pytest.raises(NoGoodTime, match=r"no bin of 4 s lies in good time"):
        curve(binned, [SOFT], [Wish(4.0, 0, 13)], good=good)


def test_goodxenon_halves(timing_golden):
    folder = timing_golden / "xenon"
    names = ("FS37_200d0a32-200d0a3a.gz", "FS3b_200d0a32-200d0a3a.gz")
    found = curve(folder / "input", names, [Wish(2.0**-10), Wish(2.0**-10, 5, 40)], pcus=(0, 2))
    golden = read_fits(folder / "expected/clean_o.evt.gz").table()
    at = found.bins.at(golden.column("TIME") + 3.37842846 + 2.0**-21)
    wanted = (at >= 0) & np.isin(golden.column("PCUID"), (0, 2))
    soft = wanted & (golden.column("PHA") >= 5) & (golden.column("PHA") <= 40)
    for counts, which in zip(found.counts, (wanted, soft), strict=True):
        assert np.array_equal(counts, np.bincount(at[which], minlength=found.bins.size))
    assert found.exposure == pytest.approx(5.5, abs=2 * 2.0**-10)


def test_standard1_of_chosen_pcus(golden):
    pca = next((golden / "e5_switch/input").glob("AO*/P*/*/pca"))
    name = next(pca.glob("FS46*")).name
    found = curve(pca, [name], [Wish(0.125)], pcus=(2, 3))
    table = read_fits(pca / name).table()
    raw = sum(table.column(f"XeCntPcu{pcu}").astype(int) for pcu in (2, 3)).ravel()
    assert found.counts[0].sum() == raw.sum()
    assert found.bins.size == len(raw)
    one = curve(pca, [name], [Wish(1.0)], pcus=(2, 3))
    assert one.counts[0].tolist() == raw.reshape(-1, 8).sum(axis=1).tolist()


def test_refusals(binned):
    with pytest.raises(ConfigError, match="SB_125us_0_13_1s counts all together"):
        curve(binned, [SOFT], [Wish(DT, 0, 13)], pcus=(2,))
    with pytest.raises(ConfigError, match="must be of one resolution"):
        curve(binned, [SOFT], [Wish(DT, 0, 13), Wish(1.0, 0, 13)])
    with pytest.raises(ConfigError, match="there must be one"):
        fast_light_curve([], read_fits)


def test_the_file_and_stingrays_curve(binned):
    found = curve(binned, [NULLS, SOFT], [Wish(DT, 0, 35), Wish(DT, 5, 20)])
    assert [remark.code for remark in found.remarks] == ["spillage", "other_channels"]
    assert "Channels 5-20 are asked for" in found.remarks[1].message
    table = open_fits(found.to_bytes(), "fast").table()
    begin, end = found.gti[[0, -1], [0, 1]]
    told = {
        **{"HDUCLASS": "OGIP", "HDUCLAS1": "LIGHTCURVE", "HDUCLAS2": "TOTAL", "HDUCLAS3": "COUNT", "INSTRUME": "PCA"},
        **{"TIMESYS": "TT", "TIMEUNIT": "s", "MJDREFI": 49353, "MJDREFF": 0.000696574074, "TIMEZERO": 0.0},
        **{"TSTART": begin, "TSTOP": end, "TIMEDEL": DT, "TIMEPIXR": 0.0, "EXPOSURE": found.bins.size * DT},
        **{"LOST": found.lost, "DEADAPP": False, "BACKAPP": False, "CHAN1": "0~35", "CHAN2": "0~25"},
        **{"MODE1": "B_2ms_4B_0_35_H", "MODE2": "B_2ms_4B_0_35_H", "TUNIT1": "s"},
    }
    assert {key: table.header[key] for key in told} == told and table.name == "FAST"
    assert table.column("TIME").tolist() == found.gti[:, 0].tolist()
    assert table.column("NUMBER").tolist() == found.bins.number.tolist()
    assert np.concatenate(table.cells("COUNTS1").rows()).tolist() == found.counts[0].tolist()
    lightcurve = found.to_stingray(1)
    assert np.array_equal(lightcurve.counts, found.counts[1])
    assert (lightcurve.dt, lightcurve.gti.tolist()) == (DT, found.gti.tolist())
    assert lightcurve.time[0] == found.gti[0, 0] + DT / 2
