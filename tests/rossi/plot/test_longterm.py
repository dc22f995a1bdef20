"""Figures: what they show, and that odd data don't break them."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from rossi.energy.epochs import epochs, epochs_at
from rossi.plot.longterm import Panel, drawn, mission_figure, png
from rossi.plot.segments import segments


def panel(mjd: list[float], rate: list[float] | None = None, label: str = "channels 5–10") -> Panel:
    t = np.array(mjd, float)
    r = np.full(len(t), 10.0) if rate is None else np.array(rate, float)
    return Panel(label, t, r, np.sqrt(np.abs(r)), t[:1], r[:1], np.abs(r[:1]) / 10)


def pixels(data: bytes) -> np.ndarray:
    return imread(io.BytesIO(data), format="png")


def test_one_row_of_axes_a_band_and_points_are_drawn() -> None:
    some = [panel([50200, 51000, 52000], [1, 2, 3], label) for label in ("low", "high")]
    figure = mission_figure(some, "SIM")
    assert [a.get_ylabel().split("\n")[0] for a in figure.axes] == ["low", "high"]
    data = png(figure)
    assert pixels(data).shape[1] == 1650
    assert png(mission_figure(some, "SIM")) == data
    assert png(mission_figure([panel([50200, 51000, 52000], [1, 2, 4]), some[1]], "SIM")) != data


def test_a_short_part_is_not_much_narrower_than_a_long_one() -> None:
    mjd = [*np.arange(50200.0, 51200.0, 20), 55000.0, 55001.0]
    parts = mission_figure([panel(mjd)]).axes
    assert parts[0].get_gridspec().get_width_ratios() == pytest.approx([np.sqrt(980), 0.45 * np.sqrt(980)])
    assert [one.get_title() for one in parts] == [
        "1996 Apr 26 – 1999 Jan 01",
        "2009 Jun 17 – 2009 Jun 18",
    ]  # UTC, a minute before
    assert not any(one.child_axes for one in parts)  # with years


@pytest.mark.parametrize(
    ("last", "years"),
    [(55900.0, range(1997, 2012)), (51000.0, range(1997, 1999)), (50400.0, ()), (57300.0, range(1997, 2016, 2))],
)
def test_years_stand_at_their_first_day(last: float, years: range) -> None:
    """From 1996-03-27 on; MJD 50449 is 1997-01-01, and TT is a minute ahead."""
    upper = mission_figure([panel([*np.arange(50169.0, last, 50), last])]).axes[0].child_axes
    labels = [text.get_text() for axis in upper for text in axis.get_xticklabels()]
    assert labels == [str(year) for year in years]
    if labels:
        assert upper[0].get_xticks()[0] == pytest.approx(50449 + 62 / 86400, abs=2 / 86400)


@pytest.mark.parametrize(
    ("mjd", "rate"),
    [
        ([50200.0], [5.0]),
        ([50200.0, 50200.0], [0.0, 0.0]),
        ([50200.0, 56000.0], [-1.0, 3.0]),
        ([50200.0, 50200.1, 50300.0], [1.0, 1.0, 5000.0]),
    ],
)
def test_odd_curves_are_drawn(mjd: list[float], rate: list[float]) -> None:
    assert len(np.unique(pixels(png(mission_figure([panel(mjd, rate)]))))) > 2


def test_a_moment_stands_in_the_middle_of_half_an_hour() -> None:
    (axes,) = mission_figure([panel([50200.0])]).axes
    assert np.array(axes.get_xlim()) - 50200 == pytest.approx([-0.01, 0.01], abs=1e-6)


def test_epochs_follow_each_other() -> None:
    assert [e.number for e in epochs()] == [1, 2, 3, 4, 5]
    assert all(a.stop == b.start for a, b in pairwise(epochs()))
    # TT: a minute after the UTC of the table.
    assert epochs()[2].mjd == pytest.approx((50188.9633, 51259.7355), abs=2e-4)
    assert epochs_at([e.start for e in epochs()[1:]]).tolist() == [2, 3, 4, 5]
    assert epochs_at([0.0, 70050819.0, 70050823.0]).tolist() == [1, 1, 2]


def test_epochs_in_view_are_labelled() -> None:
    figure = mission_figure([panel([50900, 52000])])
    assert [t.get_text() for t in figure.axes[0].texts] == ["epoch 3", "epoch 4", "epoch 5"]


def test_epochs_of_the_pca_are_not_shown_with_hexte() -> None:
    hexte = replace(panel([50900, 52000], label="HEXTE A channels 15–61"), epochs=False, unit="count s$^{-1}$")
    figure = mission_figure([panel([50900, 52000]), hexte])
    assert [len(a.texts) for a in figure.axes] == [3, 0]
    assert figure.axes[0].get_shared_x_axes().joined(*figure.axes)


def test_years_between_campaigns_are_cut_out() -> None:
    campaign = np.arange(0, 3, 0.2)
    parts = segments(np.concatenate((50176 + campaign, 50413 + campaign, 51780 + campaign)))
    np.testing.assert_allclose(parts[:, 0], [50176, 50413, 51780])
    assert len(segments(np.linspace(50000, 56000, 6))) == 1
    assert len(segments(50000 + campaign)) == 1


@given(st.lists(st.floats(50000, 56000), max_size=60))
def test_segments_hold_every_time(times: list[float]) -> None:
    parts = segments(times)
    assert all(any(a <= t <= b for a, b in parts) for t in times)
    assert (parts[1:, 0] > parts[:-1, 1]).all()


def test_a_dense_drawing_stays_small() -> None:
    days = np.linspace(51000, 51001, 5000)
    few, many = (len(drawn(mission_figure([panel(d)]), "svg")) for d in (days[:100], days))
    assert many < 4 * few  # each bin by itself would take 500 bytes: 2.5 MB


@pytest.mark.parametrize(("clumps", "cut"), [(3, True), (2, False)])
def test_stretches_have_three_clumps_each_on_the_average(clumps: int, cut: bool) -> None:
    days = np.concatenate([start + np.arange(clumps) for start in (0.0, 100.0)])
    assert len(segments(days)) == (2 if cut else 1)


@pytest.mark.parametrize(("long", "cut"), [(19.0, True), (21.0, False)])
def test_most_of_the_time_is_cut_away(long: float, cut: bool) -> None:
    """60 of 98 days, or of 102."""
    days = np.concatenate((np.arange(0.0, 5) * long / 4, long + 60 + np.arange(0.0, 5) * long / 4))
    assert segments(days).tolist() == ([[0, long], [long + 60, 2 * long + 60]] if cut else [[0, 2 * long + 60]])


def test_six_stretches_at_most() -> None:
    stretches = [100.0 * np.arange(number)[:, None] + np.arange(3) for number in (6, 7)]
    assert [len(segments(days)) for days in stretches] == [6, 1]
    assert [len(segments(days, most=7)) for days in stretches] == [6, 7]


def test_bright_outbursts_make_an_axis_logarithmic_and_many_bins_a_picture() -> None:
    for top, scale in ((200.0, "linear"), (201.0, "log")):
        (axes,) = mission_figure([panel([*np.arange(50200.0, 50210)], [10.0] * 9 + [top])]).axes
        assert axes.get_yscale() == scale
    formatter = axes.yaxis.get_major_formatter()  # of the logarithmic axis
    formatter.set_locs([1e7, 1e8])
    assert formatter(1e8) == "100000000"
    for number, rasterized in ((2000, False), (2001, True)):
        (axes,) = mission_figure([panel([*np.linspace(50200.0, 50201, number)])]).axes
        assert axes.lines[0].get_rasterized() == rasterized
