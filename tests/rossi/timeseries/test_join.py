"""Joining in any order, and what is kept."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi import gti
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.timeseries.arithmetic import subtract
from rossi.timeseries.join import join
from rossi.timeseries.layout import gti_table
from rossi.timeseries.once import _within
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.rebin import rebin
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.summary import band_summary, summary
from rossi.timeseries.writing import write_light_curve
from rossi.timeseries.xronos import newbins


def curve(start: int, counts: list[float], *, name: str = "x.lc", live: bool = True, width: float = 16.0) -> LightCurve:
    time = 1e8 + 16.0 * start + width * np.arange(len(counts))
    exposure = np.full(len(counts), 50.0)
    rate = np.array(counts, float) / exposure
    header = Header([("HDUCLAS1", "LIGHTCURVE"), ("OBJECT", "SIM"), ("TIMEDEL", width), ("FILEN1", name)])
    return LightCurve(
        name,
        time,
        rate,
        np.sqrt(np.array(counts, float)) / exposure,
        np.ones(len(counts)),
        width,
        filled_intervals(time, width),
        header,
        Header([("OBJECT", "SIM")]),
        {"LiveTime": exposure} if live else {},
    )


@pytest.mark.parametrize(
    ("keyword", "one", "other", "kept"),
    [
        ("OBJECT", "GX 339-4", "gx_339-4", "GX 339-4"),
        ("MAXCHAN", 35, 35, 35),
        ("MAXCHAN", 35, 36, None),
        ("RA_NOM", 83.63, 83.639, 83.63),
        ("DEC_OBJ", 22.02, 22.011, 22.02),
        ("RA_OBJ", 83.63, 83.641, None),
        ("RA_OBJ", 83.63, "83.63", None),
        ("EQUINOX", 2000.0, 2000.001, None),
        ("DATAMODE", "Standard2f", None, None),
    ],
)
def test_a_joined_curve_says_what_all_say(keyword: str, one: object, other: object, kept: object) -> None:
    some = [curve(start, [1.0]) for start in (0, 9)]
    for series, value in zip(some, (one, other), strict=True):
        if value is not None:
            series.header.set(keyword, value)
    assert join(some).series.header.get(keyword) == kept


def some_curves(live: bool) -> st.SearchStrategy[list[LightCurve]]:
    counts = st.lists(st.integers(0, 5) | st.just(float("nan")), max_size=12)
    one = st.builds(curve, st.integers(0, 60), counts, name=st.sampled_from("abc"), live=st.just(live))
    return st.lists(one, min_size=1, max_size=6)


curves = some_curves(live=True) | some_curves(live=False)


def rocking(start: int, counts: list[float], width: float) -> LightCurve:
    """A net curve of HEXTE: one bin a rocking cycle."""
    return curve(start, counts, live=False, width=width)


mixed_curves = st.lists(
    st.builds(
        rocking,
        st.integers(0, 60),
        st.lists(st.integers(0, 5) | st.just(float("nan")), max_size=12),
        st.sampled_from((64.0, 128.0, 256.0)),
    ),
    min_size=1,
    max_size=6,
)


@given(curves | mixed_curves, st.randoms())
def test_order_of_input_does_not_matter(some: list[LightCurve], random: object) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rossi.timeseries.layout.now", lambda: "2020-01-01T00:00:00")
        assert write_light_curve(join(some).series) == write_light_curve(join(shuffled).series)


@given(curves)
def test_each_moment_counts_once_and_none_is_lost(some: list[LightCurve]) -> None:
    joined = join(some)
    assert len(joined.series) + joined.duplicates + joined.repeats == sum(map(len, some))
    assert (np.diff(joined.series.time) > 0).all()
    assert set(joined.series.time) == {t for s in some for t in s.time}
    rated = {t for s in some for t in s.time[np.isfinite(s.rate)]}
    assert set(joined.series.time[np.isfinite(joined.series.rate)]) == rated
    for row, origin in enumerate(joined.origin):
        assert joined.series.time[row] in some[origin].time
    np.testing.assert_allclose(gti.total(joined.series.intervals), 16 * len(joined.series), rtol=1e-12)


@given(curves)
def test_joining_twice_changes_nothing(some: list[LightCurve]) -> None:
    joined = join(some)
    again = join([*some, *some])
    assert again.duplicates == joined.duplicates + sum(map(len, some))
    assert again.repeats == joined.repeats
    for name, values in joined.series.columns.items():
        np.testing.assert_array_equal(again.series.columns[name], values)
    with_result = join([joined.series, *some])
    assert len(with_result.series) <= len(joined.series) + sum(map(len, some))


@given(curves)
def test_null_rows_are_dropped_only_when_asked(some: list[LightCurve]) -> None:
    joined, without = join(some), join(some, keep_null=False)
    assert not np.isnan(without.series.rate).any()
    assert len(joined.series) == len(without.series) + without.nulls


def test_time_that_two_curves_have_counts_once() -> None:
    first, second = curve(0, [1, 2, 3, 4]), curve(0, [4, 2, 5])
    second = replace(second, time=second.time + 5.0)
    joined = join([second, first])
    assert (len(joined.series), joined.duplicates, joined.repeats, joined.overlaps) == (4, 0, 3, 0)
    np.testing.assert_array_equal(joined.series.rate * 50, [1, 2, 3, 4])
    assert list(joined.origin) == [1, 1, 1, 1]


def test_the_same_bin_recomputed_counts_once_and_a_rate_goes_before_none() -> None:
    first, second = curve(0, [1, float("nan"), 3, 4, 5]), curve(1, [7, 3 + 1e-9])
    joined = join([first, second])
    assert (len(joined.series), joined.repeats) == (5, 2)
    np.testing.assert_allclose(joined.series.rate * 50, [1, 7, 3, 4, 5])


def test_partly_filled_bins_of_observations_in_a_row_are_all_kept() -> None:
    first, second = curve(0, [1, 2], live=False), curve(0, [3, 4], live=False)
    first = replace(first, fracexp=np.array([1, 0.25]), intervals=1e8 + np.array([[0.0, 20.0]]))
    second = replace(second, time=second.time + 20.0, intervals=second.intervals + 20.0)
    joined = join([first, second])
    assert (len(joined.series), joined.repeats, joined.overlaps) == (4, 0, 1)
    again = join([joined.series, first])
    assert (len(again.series), again.duplicates) == (4, 2)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=2, unique=True), st.floats(1, 63))
def test_positions_beside_a_source_share_bins_but_no_time(slots: list[int], phase: float) -> None:
    """HEXTE's background: 16 s of every 64 s on either side; bins begin wherever a file began."""
    sides = []
    for slot, begin in zip(slots, (0.0, phase), strict=True):
        one = replace(rocking(0, [1, 2, 3, 4], 64), fracexp=np.full(4, 0.25))
        good = 1e8 + 64.0 * np.arange(-1, 6)[:, np.newaxis] + 16.0 * slot + np.array([0.0, 16.0])
        time = one.time + begin
        sides.append(replace(one, time=time, intervals=gti.intersection(good, [[time[0], time[-1] + 64]])))
    joined = join(sides)
    assert (len(joined.series), joined.repeats, joined.duplicates) == (8, 0, 0)
    shifted = replace(sides[0], rate=sides[0].rate + 1)
    assert join([*sides, shifted]).repeats == 4


def test_a_curve_without_rows_adds_no_good_time() -> None:
    empty = replace(curve(0, []), intervals=1e8 + np.array([[0.0, 2064.0]]))
    joined = join([curve(0, [1, 2]), empty])
    assert (joined.series.header["ONTIME"], gti.total(joined.series.intervals)) == (32.0, 32.0)


def test_keywords_in_common_survive() -> None:
    header = join([curve(0, [1], name="a"), curve(9, [1], name="b")]).series.header
    assert header["OBJECT"] == "SIM"
    assert "FILEN1" not in header
    assert (header["TSTARTI"], header["TSTOPI"]) == (100000000, 100000160)
    assert header["DATE-OBS"] == "1997-03-03T09:47:40"


def test_something_must_be_joined() -> None:
    with pytest.raises(DataError, match="No light curve"):
        join([])


def test_rows_keep_their_own_width(tmp_path: Path) -> None:
    from astropy.io import fits

    joined = join([rocking(100, [1, 2], 128), rocking(0, [4, 5, 6], 64)])
    np.testing.assert_array_equal(joined.series.widths, [64, 64, 64, 128, 128])
    assert (joined.series.timedel, joined.overlaps) == (64, 0)
    np.testing.assert_array_equal(joined.series.exposure, joined.series.widths)
    np.testing.assert_array_equal(joined.series.middles - joined.series.time, joined.series.widths / 2)
    np.testing.assert_array_equal(joined.series.intervals, 1e8 + np.array([[0, 192], [1600, 1856]]))
    path = tmp_path / "a.lc"
    path.write_bytes(write_light_curve(joined.series))
    with fits.open(path, checksum=True) as hdus:
        assert hdus["RATE"].columns.names == ["TIME", "RATE", "ERROR", "FRACEXP", "TIMEDEL"]
        assert (hdus["RATE"].header["TIMEDEL"], hdus["RATE"].header["TSTOPI"]) == (64, 100001856)
        assert hdus["RATE"].header.comments["TIMEDEL"] == "smallest bin width [s]"
    again = join([read_light_curve(path.read_bytes(), "again")])
    for name, values in joined.series.columns.items():
        np.testing.assert_array_equal(again.series.columns[name], values)


@given(mixed_curves)
def test_widths_are_a_column_only_where_they_differ(some: list[LightCurve]) -> None:
    joined = join(some)
    assert joined.series.mixed == (len(set(joined.series.widths)) > 1)
    given = [(t, w) for s in some for t, w in zip(s.time, s.widths, strict=True)]
    assert set(zip(joined.series.time, joined.series.widths, strict=True)) <= set(given)
    ends = joined.series.time + joined.series.widths
    assert (joined.series.time[1:] >= ends[:-1]).all()
    if given:
        covered = filled_intervals(*np.array(given).T)
        np.testing.assert_array_equal(joined.series.intervals, covered)
    if not joined.series.mixed:
        return
    with pytest.raises(DataError, match=r"joined: TIMEDEL is .* bins of one width were expected"):
        rebin(joined.series, 2)


def test_a_bin_within_a_longer_one_is_the_same_time() -> None:
    joined = join([rocking(0, [1], 256), rocking(4, [2, 3, 4], 64)])
    assert (joined.repeats, joined.overlaps, len(joined.series)) == (3, 0, 1)


def test_other_operations_use_each_width() -> None:
    joined = join([rocking(0, [2, 4], 64), rocking(8, [8], 128)]).series
    (interval,) = newbins([joined], width=256)
    assert interval.rate[0] == pytest.approx((2 + 4 + 2 * 8) / 4 / 50)
    background = join([rocking(0, [1], 128), rocking(8, [3, 5], 64)]).series
    np.testing.assert_allclose(subtract(joined, background).rate * 50, [1, 3, 4])
    with pytest.raises(DataError, match="bins of one width"):
        subtract(joined, background, compat="heasoft")


def test_bins_without_a_width_are_refused() -> None:
    data = write_light_curve(replace(rocking(0, [1, 2], 64), extra={"TIMEDEL": np.array([64.0, 0.0])}))
    with pytest.raises(DataError, match="TIMEDEL is 0 s; bins of a positive width"):
        read_light_curve(data, "x.lc")


def made_file(columns: dict[str, list[float]], cards: list[tuple[str, object]], *, extname: str = "RATE") -> bytes:
    declared = [(Column(name, "D", "s" if name == "TIME" else ""), values) for name, values in columns.items()]
    return fits_bytes(primary_hdu(), [table_hdu(extname, declared, [("TIMEDEL", 16.0), *cards])])


def test_timezero_and_bin_centres_are_applied() -> None:
    cards = [("TIMEZERI", 3), ("TIMEZERF", 0.5), ("TIMEPIXR", 0.5), ("TSTART", 92.0), ("TSTOP", 124.0)]
    data = made_file({"TIME": [100, 116], "RATE": [1, 2], "ERROR": [1, 1]}, cards)
    series = read_light_curve(data, "x.lc")
    np.testing.assert_array_equal(series.time, [95.5, 111.5])
    np.testing.assert_array_equal(series.intervals, [[95.5, 127.5]])
    np.testing.assert_array_equal(series.fracexp, [1, 1])
    assert series.header["TSTARTI"] + series.header["TSTARTF"] == 95.5
    again = read_light_curve(write_light_curve(series), "again")
    np.testing.assert_array_equal(again.time, series.time)


@pytest.mark.parametrize(
    ("columns", "cards", "sentence"),
    [
        ({"TIME": [1], "PHI": [1]}, [], "no extension has a column RATE"),
        ({"TIME": [1], "RATE": [1]}, [], "column ERROR is missing"),
        ({"TIME": [1], "RATE": [1], "ERROR": [1]}, [("MJDREF", 51910.0)], "MJDREF is 51910"),
        ({"TIME": [1], "RATE": [1], "ERROR": [1]}, [("TUNIT1", "d")], "column TIME is in 'd'"),
    ],
)
def test_what_is_no_rate_curve_is_refused(
    columns: dict[str, list[float]], cards: list[tuple[str, object]], sentence: str
) -> None:
    data = made_file(columns, cards)
    if ("TUNIT1", "d") in cards:
        data = data.replace(b"TUNIT1  = 's       '", b"TUNIT1  = 'd       '")
    with pytest.raises(DataError, match=sentence):
        read_light_curve(data, "x.lc")


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 7))
def test_rebinning_conserves_the_mean(counts: list[float], factor: int) -> None:
    series = curve(0, counts, live=False)
    binned = rebin(series, factor)
    np.testing.assert_allclose(binned.mean(), series.mean(), rtol=1e-12)
    assert all(b - a >= 16 * factor * (1 - 1e-9) for a, b in pairwise(binned.time))


def test_mean_is_counts_over_exposure() -> None:
    series = replace(curve(0, [100, 0, float("nan")]), extra={"LiveTime": np.array([80.0, 20.0, 10.0])})
    series = replace(series, rate=series.rate * 50 / [80, 20, 10], error=series.error * 50 / [80, 20, 10])
    assert series.mean() == pytest.approx((1.0, 0.1, 100.0))


def test_product_has_valid_checksums(tmp_path: object) -> None:
    from astropy.io import fits

    path = tmp_path / "a.lc"
    path.write_bytes(write_light_curve(curve(0, [1, 2, 3])))
    with fits.open(path, checksum=True) as hdus:  # a wrong check sum warns, and warnings are errors
        assert [h.name for h in hdus] == ["PRIMARY", "RATE", "STDGTI"]
        assert hdus["RATE"].columns.names == ["TIME", "RATE", "ERROR", "FRACEXP", "LiveTime"]
        assert hdus["RATE"].header.comments["TIMEDEL"] == "bin width [s]"


@pytest.mark.parametrize("names", [("SIM_X-1", "SIM X-1"), ("SIM X-1", "SIM_X-1")])
def test_of_curves_that_begin_together_the_spelling_does_not_depend_on_their_order(names: tuple[str, str]) -> None:
    """Nor on which is longer."""
    some = [curve(0, [1.0]), curve(0, [1.0, 2.0])]
    for series, name in zip(some, names, strict=True):
        series.header.set("OBJECT", name)
    assert {str(join(order).series.header["OBJECT"]) for order in (some, some[::-1])} == {"SIM X-1"}


def test_time_within_good_intervals() -> None:
    """Three of the first ten seconds, all ten of them, none of a gap, and across it."""
    good = np.array([[0.0, 10.0], [20.0, 30.0]])
    start, stop = np.array([[7.0, -5.0, 12.0, 5.0], [12.0, 15.0, 18.0, 28.0]])
    assert _within(good, start, stop).tolist() == [3, 10, 0, 13]
    assert _within(np.empty((0, 2)), start, stop).tolist() == [0, 0, 0, 0]


def test_what_tables_show_of_an_observation() -> None:
    bands = {"low": band_summary(np.array([1.0, 3.0]), np.array([0.1, 0.1]), np.array([10.0, 30.0]))}
    told = summary("SIM X-1", 0.0, 1.0, bands)
    assert told["mjd"] == pytest.approx(49353 + 0.000696574074074 + 0.5 / 86400, abs=1e-10)
    assert (told["target"], told["tstart"], told["tstop"], told["bands"]) == ("SIM X-1", 0.0, 1.0, bands)
    assert bands["low"] == {"rate": 2.5, "error": pytest.approx(np.hypot(0.25, 0.75) / 10), "exposure": 40, "rows": 2}


def test_good_time_is_summed_up_to_ten_nanoseconds() -> None:
    assert gti_table(np.array([[0.0, 0.123456789]]), Header()).header["ONTIME"] == 0.12345679
