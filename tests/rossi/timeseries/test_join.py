"""Joining in any order, and what is kept."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi import gti
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.timeseries.join import join
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.rebin import rebin, weighted_mean
from rossi.timeseries.series import Series, filled_intervals
from rossi.timeseries.writing import write_light_curve


def curve(start: int, counts: list[float], *, name: str = "x.lc", live: bool = True) -> Series:
    time = 1e8 + 16.0 * start + 16.0 * np.arange(len(counts))
    exposure = np.full(len(counts), 50.0)
    rate = np.array(counts, float) / exposure
    header = Header(
        [("HDUCLAS1", "LIGHTCURVE"), ("OBJECT", "SIM"), ("TIMEDEL", 16.0), ("MJDREFI", 49353), ("FILEN1", name)]
    )
    return Series(
        name,
        time,
        rate,
        np.sqrt(np.array(counts, float)) / exposure,
        np.ones(len(counts)),
        16.0,
        filled_intervals(time, 16.0),
        header,
        Header([("OBJECT", "SIM")]),
        {"LiveTime": exposure} if live else {},
    )


curves = st.lists(
    st.builds(
        curve,
        st.integers(0, 60),
        st.lists(st.integers(0, 5) | st.just(float("nan")), max_size=12),
        name=st.sampled_from("abc"),
        live=st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@given(curves, st.randoms())
def test_order_of_input_does_not_matter(some: list[Series], random: object) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rossi.timeseries.writing.now", lambda: "2020-01-01T00:00:00")
        assert write_light_curve(join(some).series) == write_light_curve(join(shuffled).series)


@given(curves)
def test_rows_and_exposure_are_conserved(some: list[Series]) -> None:
    joined = join(some)
    assert len(joined.series) + joined.duplicates == sum(map(len, some))
    assert (np.diff(joined.series.time) >= 0).all()
    for row, origin in enumerate(joined.origin):
        assert joined.series.time[row] in some[origin].time
    once = {tuple(r) for s in some for r in np.nan_to_num(np.column_stack(list(s.columns.values())), nan=-1)}
    assert len(joined.series) == len(once)
    np.testing.assert_allclose(
        gti.total(joined.series.intervals), 16 * len({t for s in some for t in s.time}), rtol=1e-12
    )


@given(curves)
def test_joining_twice_changes_nothing(some: list[Series]) -> None:
    joined = join(some)
    again = join([*some, *some])
    assert again.duplicates == joined.duplicates + sum(map(len, some))
    for name, values in joined.series.columns.items():
        np.testing.assert_array_equal(again.series.columns[name], values)
    with_result = join([joined.series, *some])
    assert len(with_result.series) <= len(joined.series) + sum(map(len, some))


@given(curves)
def test_null_rows_are_dropped_only_when_asked(some: list[Series]) -> None:
    joined, without = join(some), join(some, keep_null=False)
    assert not np.isnan(without.series.rate).any()
    assert len(joined.series) == len(without.series) + without.nulls


def test_overlapping_different_rows_are_kept_and_counted() -> None:
    first, second = curve(0, [1, 2, 3]), curve(0, [4, 2, 5])
    second = replace(second, time=second.time + 5.0)
    joined = join([first, second])
    assert (len(joined.series), joined.duplicates, joined.overlaps) == (6, 0, 5)


def test_keywords_in_common_survive() -> None:
    header = join([curve(0, [1], name="a"), curve(9, [1], name="b")]).series.header
    assert header["OBJECT"] == "SIM"
    assert "FILEN1" not in header
    assert (header["TSTARTI"], header["TSTOPI"]) == (100000000, 100000160)
    assert header["DATE-OBS"] == "1997-03-03T09:47:40"


def test_bin_widths_must_agree() -> None:
    with pytest.raises(DataError, match=r"b: TIMEDEL is 32 s, but a has 16 s; rebin"):
        join([curve(0, [1, 2], name="a"), rebin(curve(0, [1, 2], name="b"), 2)])
    with pytest.raises(DataError, match="No light curve"):
        join([])


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
        ({"TIME": [1], "COUNTS": [1], "ERROR": [1]}, [], "the curve is in COUNTS; extract it with lcmode=RATE"),
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
    np.testing.assert_allclose(weighted_mean(binned), weighted_mean(series), rtol=1e-12)
    assert all(b - a >= 16 * factor * (1 - 1e-9) for a, b in pairwise(binned.time))


def test_mean_is_counts_over_exposure() -> None:
    series = replace(curve(0, [100, 0, float("nan")]), extra={"LiveTime": np.array([80.0, 20.0, 10.0])})
    series = replace(series, rate=series.rate * 50 / [80, 20, 10], error=series.error * 50 / [80, 20, 10])
    assert weighted_mean(series) == pytest.approx((1.0, 0.1, 100.0))


def test_product_has_valid_checksums(tmp_path: object) -> None:
    from astropy.io import fits

    path = tmp_path / "a.lc"
    path.write_bytes(write_light_curve(curve(0, [1, 2, 3])))
    with fits.open(path, checksum=True) as hdus:  # a wrong check sum warns, and warnings are errors
        assert [h.name for h in hdus] == ["PRIMARY", "RATE", "STDGTI"]
        assert hdus["RATE"].columns.names == ["TIME", "RATE", "ERROR", "FRACEXP", "LiveTime"]
