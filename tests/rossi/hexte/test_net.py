"""Net light curves, dwell, and the comparison of backgrounds."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.hexte.cluster import curves_of, spectra_of, spectrum_files
from rossi.hexte.contamination import Comparison, absolute_channels, background_remarks, compare
from rossi.hexte.dwell import find_dwell, overlapping, shown_dwell
from rossi.hexte.net import cycle_net, interpolate, interpolated_net
from rossi.hexte.parts import dwell_of
from rossi.hexte.reduction import Reduced
from rossi.hexte.rocking import Position
from rossi.hexte.science import Cluster
from rossi.plot.background import _steps, background_figure
from rossi.plot.longterm import png
from rossi.spectra.pha import read_pha
from rossi.timeseries.reading import light_curve_of
from rossi.timeseries.series import LightCurve
from tests.rossi.hexte.synthetic import T, archive_spectrum, as_read, curve, housekeeping


def series(time, rate, error=1.0, timedel=16.0, fracexp=1.0):
    time = np.asarray(time, float)
    full = [np.broadcast_to(np.asarray(a, float), time.shape).copy() for a in (rate, error, fracexp)]
    intervals = np.column_stack((time, time + timedel))
    return LightCurve("a curve", time, *full, timedel, intervals, Header(), Header())


def rocking(n_cycle, dwell, source, background):
    """Source and background curves of a cluster that rocks: on, plus, on, minus."""
    start = T + dwell * np.arange(4 * n_cycle)
    return (
        series(start[::2], source, 2.0, dwell),
        series(start[1::2], background, 3.0, dwell),
    )


@pytest.mark.parametrize("dwell", [16.0, 32.0, 64.0, 128.0])
@pytest.mark.parametrize("cycles", [1, 2])
def test_bins_of_whole_cycles_hold_source_and_both_backgrounds(dwell, cycles):
    source, background = rocking(4, dwell, 50.0, [10, 14] * 4)
    net = cycle_net(source, background, dwell, cycles)
    assert net.timedel == 4 * dwell * cycles
    assert net.time.tolist() == (T + 4 * dwell * cycles * np.arange(4 // cycles)).tolist()
    assert net.rate.tolist() == [38.0] * (4 // cycles)
    assert net.fracexp.tolist() == [0.5] * (4 // cycles)
    per_bin = 2 * cycles
    assert net.error == pytest.approx(np.full(4 // cycles, np.sqrt((4 + 9) / per_bin)))
    assert (net.header.get("HDUCLAS2"), net.header.get("BACKAPP")) == ("NET", True)


def test_a_cycle_without_background_has_no_rate():
    source, background = rocking(2, 16.0, 50.0, [10, 14, np.nan, np.nan])
    assert np.isnan(cycle_net(source, background, 16.0).rate).tolist() == [False, True]


def test_background_between_dwells():
    background = series([T, T + 64, T + 128], [10.0, 20.0, 40.0], [1.0, 2.0, 3.0])
    source = series(T + np.array([-16, 0, 16, 32, 64, 96, 128, 144, 160]), 100.0)
    rate, error = interpolate(source, background)
    assert rate.tolist() == [10, 10, 12.5, 15, 20, 30, 40, 40, 40]
    assert error[[0, 1, 3, 4, 8]] == pytest.approx([1, 1, np.sqrt(0.25 + 1), 2, 3])
    repeated, _ = interpolate(series(T + np.array([64.0, 96, 136, 152]), 1.0), background, repeat_output=True)
    assert repeated.tolist() == [20, 30, 30, 30]
    behind, _ = interpolate(series([T + 144.0, T + 160.0], 1.0), background, repeat_output=True)
    assert behind.tolist() == [10, 10]  # nothing was interpolated before
    net = interpolated_net(source, background)
    assert net.rate.tolist() == (100 - rate).tolist()
    assert net.error == pytest.approx(np.hypot(1.0, error))
    assert net.time.tolist() == source.time.tolist()


def test_one_background_bin_holds_everywhere():
    rate, _ = interpolate(series(T + np.array([-16.0, 0, 16]), 1.0), series([T], [7.0]))
    assert rate.tolist() == [7, 7, 7]
    with pytest.raises(DataError, match="no background to interpolate"):
        interpolate(series([T], 1.0), series([T], [np.nan]))


@given(st.lists(st.floats(0, 1e3), min_size=2, max_size=20), st.lists(st.floats(-100, 2000), min_size=1, max_size=20))
def test_interpolation_stays_between_its_neighbours(rates, offsets):
    background = series(T + 64.0 * np.arange(len(rates)), rates)
    rate, _ = interpolate(series(T + np.sort(offsets), 1.0), background)
    assert ((rate >= min(rates) - 1e-9) & (rate <= max(rates) + 1e-9)).all()


def frames(pattern, first=T):
    """Frames of a string of positions: s source, b beside, blank no data."""
    start = first + 16.0 * np.arange(len(pattern))
    pairs = np.column_stack((start, start + 16))
    return tuple(pairs[np.array([p == kind for p in pattern], bool)] for kind in "sb")


@pytest.mark.parametrize(
    ("pattern", "dwell"),
    [
        ("sbsbsbsb", 16.0),
        ("ssbbssbbssbb", 32.0),
        ("sbbssbbs  bbssbbssb", 32.0),
        ("ssssbbbbssssbbbb", 64.0),
        ("ssss", 0.0),
        ("", 0.0),
        ("ssbb", None),
        ("sss bbb sss", None),
        ("sssbbbsssbbb", None),  # 48 s is no dwell of HEXTE
    ],
)
def test_dwell_of_the_data(pattern, dwell):
    assert shown_dwell(*frames(pattern)) == dwell


def test_dwell_of_an_observation():
    table = housekeeping([T, T + 16], code=2).table()
    assert find_dwell(table, *frames("sbsbsb")) == (32.0, [])
    assert find_dwell(None, *frames("sbsbsb")) == (16.0, [])
    assert find_dwell(table, *frames("ssss")) == (0.0, [])
    assert find_dwell(table, *frames("bbbb")) == (0.0, [])
    dwell, (remark,) = find_dwell(housekeeping([T], code=7).table(), *frames("sbsbsb"))
    assert (dwell, remark.code) == (16.0, "unknown_dwell")
    assert find_dwell(housekeeping([T], code=0).table(), *frames("sbsbsb")) == (16.0, [])
    with pytest.raises(DataError, match="set dwell in"):
        find_dwell(None, *frames("sb"))


def test_housekeeping_that_covers_most():
    first, second = (housekeeping(T + 16 * np.arange(a, b)).table() for a, b in ((0, 10), (10, 30)))
    assert overlapping([first, second], T, T + 100) is first
    assert overlapping([first, second], T + 100, T + 400) is second
    assert overlapping([first, second], T + 4000, T + 5000) is None
    for start in (T + 160, T + 160.5):  # it ends then
        assert overlapping([first], start, start + 100) is None
    assert overlapping([first], T + 159.5, T + 200) is first
    assert overlapping([], T, T + 1) is None


def test_rates_in_absolute_channels():
    # first channels 16, 18 ... 60: 23 rows
    found = compare(read_pha(archive_spectrum(100, 50.0)), read_pha(archive_spectrum(64, 32.0)), (15, 61))
    assert found.rates == (46.0, 46.0)
    assert found.errors == pytest.approx((np.sqrt(2300) / 50, np.sqrt(23 * 64) / 32))
    assert found.sigma == 0


def reduced_spectrum(position, counts, exposure):
    file = archive_spectrum(counts, exposure)
    return Reduced(position, {}, (file, read_pha(file)))


@pytest.mark.parametrize(
    ("source", "plus", "minus", "codes"),
    [
        (100, 100, 100, []),
        (100, 130, 100, ["backgrounds_differ", "background_offset"]),
        (160, 100, 100, ["background_offset"]),
    ],
)
def test_backgrounds_that_differ_are_pointed_out(source, plus, minus, codes):
    reduced = [
        reduced_spectrum(position, counts, 100.0)
        for position, counts in ((Position.SOURCE, source), (Position.PLUS, plus), (Position.MINUS, minus))
    ]
    spectra, read = spectra_of(reduced)
    remarks = background_remarks(read, Cluster.A)
    assert [r.code for r in remarks] == codes
    if codes:
        figure = background_figure(spectra, "A title")
        assert png(figure).startswith(b"\x89PNG")
        shown = (
            figure.axes[1].patches[-1].get_data().values
        )  # in standard deviations, of four rows of two channels a bin
        assert np.nanmax(np.abs(shown)) == pytest.approx((plus - minus) * np.sqrt(4 / (plus + minus)))
        assert [len(axes.patches) for axes in figure.axes] == [5, 3]  # two spans of channels, and what is drawn
        one_side = {p: s for p, s in spectra.items() if p is not Position.MINUS}
        assert png(background_figure(one_side, "A title")).startswith(b"\x89PNG")


def test_spectra_are_drawn_with_the_errors_that_they_tell():
    told = read_pha(archive_spectrum(100, 50.0))
    for error, size in ((None, 10.0), (np.full(len(told.value), 30.0), 30.0)):
        edges, rate, sigma = _steps(Figure().subplots(), replace(told, error=error), "k", "")
        number = np.bincount(np.searchsorted(edges, absolute_channels(told)[:, 0], "right") - 1)
        assert rate == pytest.approx(100 * number / 50 / np.diff(edges))
        assert sigma == pytest.approx(size * np.sqrt(number) / 50 / np.diff(edges))


def test_spectra_of_several_files_are_added_up():
    parts = [
        reduced_spectrum(Position.SOURCE, 100, 10.0),
        reduced_spectrum(Position.SOURCE, 44, 20.0),
    ]
    parts += [
        reduced_spectrum(Position.PLUS, 10, 5.0),
        reduced_spectrum(Position.MINUS, 20, 6.0),
    ]
    spectra, read = spectra_of(parts)
    total, background = read[Position.SOURCE], read[Position.BACKGROUND]
    assert {position: as_read(read_pha(file)) for position, file in spectra.items()} == {
        position: as_read(pha) for position, pha in read.items()
    }
    assert (total.value[0], total.error[0], total.exposure) == (144, 12, 30)
    assert (background.value[0], background.exposure) == (30, 11)
    assert all(spectra[part.position] is part.spectrum[0] for part in parts[2:])  # one alone stays what it is
    files = spectrum_files(spectra, "x_pwa")
    assert sorted(files) == ["bkg", "m", "p", "src"]
    header = open_fits(files[Position.SOURCE], "x").table("SPECTRUM").header
    assert (header["BACKFILE"], header["DETNAM"]) == ("x_pwa_bkg.pha", "PWA")
    others = [open_fits(files[name], "x").table("SPECTRUM").header for name in ("bkg", "p", "m")]
    assert not any(one.get("BACKFILE") == "x_pwa_bkg.pha" for one in others)
    staring = spectrum_files({Position.SOURCE: spectra[Position.SOURCE]}, "x_pwa")
    assert open_fits(staring[Position.SOURCE], "x").table("SPECTRUM").header.get("BACKFILE") != "x_pwa_bkg.pha"


def reduced_curve(position, start, rate):
    cards = {"MJDREFI": 49353, "MJDREFF": 0.000696574074, "TIMESYS": "TT"}
    file = curve(["SpecDet0"], start, np.full(len(start), rate), np.ones(len(start)), 16.0, **cards)
    return Reduced(position, {"band": light_curve_of(file)}, None)


def test_curves_of_a_cluster():
    start = T + 16.0 * np.arange(16)
    parts = [
        reduced_curve(Position.SOURCE, start[0:8:2], 10.0),
        reduced_curve(Position.SOURCE, start[8:16:2], 12.0),
        reduced_curve(Position.PLUS, start[1::4], 3.0),
        reduced_curve(Position.MINUS, start[3::4], 5.0),
    ]
    made = curves_of(parts, "band", 16.0, 1)
    assert made.net.rate.tolist() == [6.0, 6.0, 8.0, 8.0]
    assert made.source.rate.tolist() == [10.0] * 4 + [12.0] * 4
    assert made.background.rate.tolist() == [3.0, 5.0] * 4
    between = curves_of(parts, "band", 16.0, 1, interpolated=True)
    assert len(between.net) == 8
    staring = curves_of(parts[:2], "band", 16.0, 1)
    assert (staring.net, staring.background) == (None, None)
    assert curves_of(parts[2:], "band", 16.0, 1).source is None
    without_rows = parts[2].curves["band"].rows(slice(0))
    assert curves_of([*parts[:2], Reduced(Position.PLUS, {"band": without_rows}, None)], "band", 16.0, 1).net is None
    far = [parts[0], reduced_curve(Position.PLUS, start + 1e4, 3.0)]
    with pytest.raises(DataError, match="no bin overlaps"):
        curves_of(far, "band", 16.0, 1)


def test_the_dwell_that_is_given_is_that_of_a_cluster_that_rocks():
    source, beside = (
        SimpleNamespace(position=position, gti=np.array([[start, start + 16.0]]))
        for position, start in ((Position.SOURCE, T), (Position.PLUS, T + 16))
    )
    assert dwell_of([source, beside], [], 32.0) == (32.0, [])
    assert dwell_of([source], [], 32.0) == (0.0, [])
    assert dwell_of([beside], [], 32.0) == (32.0, [])


@pytest.mark.parametrize(("sigma", "told"), [(2.99, 0), (-2.99, 0), (3.01, 1), (-3.01, 1)])
def test_differences_of_more_than_three_standard_deviations_are_told(sigma, told):
    """23 rows lie in channels 15 to 61, seven in 200 to 255, each with an error that makes the difference so large."""
    one, other = read_pha(archive_spectrum(100, 100.0)), read_pha(archive_spectrum(100, 100.0))
    plus = replace(one, value=one.value + np.sign(sigma), error=np.full(64, np.sqrt(23 / 2) / abs(sigma)))
    minus = replace(other, error=plus.error)
    (*remark,) = background_remarks({Position.PLUS: plus, Position.MINUS: minus}, Cluster.B)
    assert [one.code for one in remark] == ["backgrounds_differ"] * told
    source = replace(plus, error=plus.error * np.sqrt(7 / 23))
    background = replace(minus, error=source.error)
    (*remark,) = background_remarks({Position.SOURCE: source, Position.BACKGROUND: background}, Cluster.B)
    assert [one.code for one in remark] == ["background_offset"] * told
    if told:
        rates = f"{7 + np.sign(sigma) * 0.07:.3f} and 7.000 count/s"
        said = f"Cluster B: from channel 200 on, source and background differ by {sigma:.1f} sigma ({rates});"
        assert remark[0].message.startswith(said)


def test_a_difference_without_counts_is_none():
    assert Comparison((5.0, 3.0), (0.0, 0.0)).sigma == 0
    assert Comparison((5.0, 3.0), (0.3, 0.4)).sigma == 4
    some = read_pha(archive_spectrum(100, 50.0))
    unexposed = compare(some, replace(some, exposure=0.0), (15, 61))
    assert (unexposed.rates, unexposed.errors[1]) == ((46.0, 0.0), 0.0)
    poisson = compare(replace(some, error=None), some, (15, 61))
    assert poisson.errors[0] == poisson.errors[1]


def test_channels_that_are_joined_count_by_their_first_one():
    """Rows of 16-17, 18-19 ... 60-61 lie in channels 15 to 61; that of 14-15 does not."""
    joined = archive_spectrum(100, 50.0)
    joined.table("SPECTRUM").header.set("CPIX1", "(0~63;2),(64~127;4),(128~255;8)")
    assert absolute_channels(read_pha(joined))[7:9].tolist() == [[14, 15], [16, 17]]
    assert compare(read_pha(joined), read_pha(joined), (15, 61)).rates == (46.0, 46.0)
    other = archive_spectrum(100, 50.0)
    other.table("SPECTRUM").header.set("CPIX1", "(0:9)")  # of another number of channels
    assert absolute_channels(read_pha(other)).tolist() == [[n, n] for n in range(64)]
