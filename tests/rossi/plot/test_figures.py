"""What figures show: the numbers that are drawn, not how."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes

from rossi.axes import axes_for
from rossi.compare.pairs import Curve, Pair
from rossi.plot.bursts import burst_figure
from rossi.plot.colours import Diagram, diagram_figure
from rossi.plot.compare import comparison_figure
from rossi.plot.dynamic import dynamic_figure
from rossi.plot.exposure import exposure_figure
from rossi.plot.longterm import Panel, mission_figure
from rossi.plot.validation import pair_of, validation_figure
from rossi.timing.burst_product import BurstCurve
from rossi.timing.bursts import Burst
from rossi.validate.verdict import Comparison, Samples, Verdict


def test_exposures_in_their_order_and_summed_up() -> None:
    mjd = np.array([51000.0, 50000.0, np.nan, 50500.0, 50600.0])
    axes = exposure_figure(mjd, np.array([3000.0, 1000.0, 500.0, 2000.0, 0.0])).axes
    assert [line.get_xydata().tolist() for line in axes[0].lines] == [[[50000, 1000], [50500, 2000], [51000, 3000]]]
    assert axes[1].lines[0].get_xydata().tolist() == [[50000, 1], [50500, 3], [51000, 6]]
    assert [one.get_yscale() for one in axes] == ["linear", "linear"]
    assert axes[0].get_ylim() == pytest.approx((0, 3240)) and axes[1].get_ylim() == pytest.approx((0, 6.48))
    (upper,) = axes[0].child_axes
    assert [text.get_text() for text in upper.get_xticklabels()] == ["1996", "1997", "1998"]
    wide = exposure_figure(np.array([50000.0, 50001.0]), np.array([100.0, 3001.0])).axes[0]
    assert wide.get_yscale() == "log" and not wide.child_axes[0].get_xticklabels()
    assert len(exposure_figure(np.array([np.nan]), np.array([1.0])).axes) == 1


def samples(*value: float) -> Samples:
    return Samples(np.arange(len(value)) + 100.0, np.array(value), np.ones(len(value)))


def test_products_that_differ_are_drawn_and_how_much_each_does() -> None:
    kinds = {"xp_s2.pha": "spectrum", "xp_n2a.lc": "light curve", "xp_n2b.lc": "light curve", "xp.xfl": "column"}
    pairs = [
        Comparison(name, what, verdict, compared=2, significance=size, archive=samples(1, 2), rossi=samples(1, 4))
        for (name, what), verdict, size in zip(
            kinds.items(),
            (Verdict.SAME, Verdict.DIFFERS, Verdict.WITHIN, Verdict.DIFFERS),
            (0.0, -25.0, 1.5, 9.0),
            strict=True,
        )
    ]
    figure = validation_figure(pairs, "title")
    marks = {line.get_label(): line for line in figure.axes[0].lines[1:]}
    assert {name: line.get_xydata().tolist() for name, line in marks.items()} == {
        "same": [[0, 0]],
        "within errors": [[1.5, 2]],
        "differs": [[-10, 1]],  # the axis ends there
    }
    assert len({line.get_color() for line in marks.values()}) == 3
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["s2.pha", "n2a.lc", "n2b.lc"]
    names = [axes.get_title(loc="left") for axes in figure.axes[1:]]
    assert names == ["xp_n2a.lc: differs", "second - first, at most 2", "xp.xfl: differs", "second - first, at most 2"]
    assert pair_of(Comparison("a", "light curve", Verdict.DIFFERS, archive=samples(1), rossi=samples())) is None
    assert pair_of(Comparison("a", "light curve", Verdict.DIFFERS, archive=samples(), rossi=samples(1))) is None
    assert pair_of(Comparison("a", "number", Verdict.DIFFERS)) is None


def test_bursts_are_drawn_from_their_start_on() -> None:
    """From 10 s before to three times the decay, which is 20 s at least and three minutes at most."""
    decays = [1.0, 20.0, 100.0] + 22 * [5.0]
    curves = [
        BurstCurve(Burst(0.0, 105.0, 0.0, 0.0, decay, 1.0, 3.0, 1.0, 1.0, ""), 100.0, np.arange(5.0))
        for decay in decays
    ]
    panels = burst_figure([("text", one) for one in curves], 2.0, "").axes
    assert [axes.get_xlim() for axes in panels[:3]] == [(-10, 20), (-10, 60), (-10, 180)]
    assert len(panels) == 24  # of 25
    curve, base = panels[0].lines
    assert curve.get_xydata().tolist() == [[-5, 0], [-3, 1], [-1, 2], [1, 3], [3, 4]]
    assert set(base.get_ydata()) == {3.0}
    assert len(burst_figure([("text", curves[0])], 2.0, "").axes) == 1


def test_observations_with_both_colours_are_drawn_with_their_errors() -> None:
    x, y = np.array([1.0, np.nan, 3.0, 4.0]), np.array([1.0, 2.0, np.nan, 20.0])
    known = Diagram("x", "y", x, x / 10, y, y / 100, 50000 + np.arange(4.0))
    axes = diagram_figure(known).axes[0]
    across, up, points = axes.collections
    assert points.get_offsets().tolist() == [[1, 1], [4, 20]]
    assert points.get_array().tolist() == [50000, 50003]
    assert [one.tolist() for one in across.get_segments()] == [[[0.9, 1], [1.1, 1]], [[3.6, 20], [4.4, 20]]]
    assert [one.tolist() for one in up.get_segments()] == [[[1, 0.99], [1, 1.01]], [[4, 19.8], [4, 20.2]]]
    assert axes.get_yscale() == "linear"
    for lowest, scale in ((0.99, "log"), (0.0, "linear"), (-1.0, "linear")):
        values = replace(known, y=np.array([lowest, 2.0, np.nan, 20.0]))
        assert diagram_figure(values).axes[0].get_yscale() == scale
    assert len(diagram_figure(replace(known, x=np.full(4, np.nan))).axes) == 1  # without a bar of colours


def test_powers_over_noise_are_drawn_between_their_frequencies() -> None:
    ratio = np.array([[0.1, 1.0, 2.0], [5.0, np.nan, 1.0]])
    axes, _ = dynamic_figure(np.array([1.0, 4.0, 16.0]), ratio, np.array([50000.0, 50001.5]), "").axes
    (mesh,) = axes.collections
    corners = mesh.get_coordinates()
    assert corners[0, :, 0].tolist() == [0.5, 1.5, 2.5] and corners[:, 0, 1].tolist() == [0.5, 2, 8, 32]
    assert np.ma.filled(mesh.get_array(), -1).tolist() == [[0.8, 5], [1, -1], [2, 1]]
    assert (mesh.norm.vmin, mesh.norm.vmax) == (0.8, 5)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1\n50000.00", "2\n50001.50"]
    faint = dynamic_figure(np.array([1.0, 4.0]), np.ones((1, 2)), np.array([50000.0]), "").axes[0].collections[0]
    assert faint.norm.vmax == 3


def test_each_stretch_of_time_has_its_points_and_means() -> None:
    days = np.concatenate([start + np.arange(0, 3, 0.5) for start in (50176.0, 51780.0)])
    panel = Panel("low", days, days - 50000, days / 1e5, days[::6], days[::6] - 50000, days[::6] / 1e4)
    parts = mission_figure([panel]).axes
    assert len(parts) == 2
    for axes, begin in zip(parts, (50176.0, 51780.0), strict=True):
        points, means = (line.get_xydata() for line in axes.lines[:2])
        assert points.tolist() == [[begin + n / 2, begin + n / 2 - 50000] for n in range(6)]
        assert means.tolist() == [[begin, begin - 50000]]
        bars, bars_of_means = (np.diff(one.get_segments(), axis=1)[:, 0, 1] for one in axes.collections[:2])
        assert bars == pytest.approx(2 * points[:, 0] / 1e5) and bars_of_means == pytest.approx(2 * begin / 1e4)
        assert axes.get_xlim() == pytest.approx((begin - 0.1, begin + 2.6))


def test_of_two_products_both_are_drawn_and_the_second_less_the_first() -> None:
    first, second = (
        Curve(np.arange(100.0, 103), np.array([1.0, 2, 3])),
        Curve(np.arange(101.0, 104), np.array([3.0, 5, 9])),
    )
    figure = comparison_figure([Pair("a", "TIME", "RATE", first, second)] * 13, ("one", "other"), "title")
    left, right = figure.axes[:2]
    assert len(figure.axes) == 24 and figure.get_suptitle() == "title (12 of 13 products, those that differ first)"
    assert [line.get_xydata().tolist() for line in left.lines] == [[[0, 1], [1, 2], [2, 3]], [[1, 3], [2, 5], [3, 9]]]
    assert right.lines[1].get_xydata().tolist() == [[1, 1], [2, 2]]
    assert comparison_figure([Pair("a", "TIME", "RATE", first, second)] * 12, ("", ""), "t").get_suptitle() == "t"
    (said,) = comparison_figure([], ("one", "other"), "title").texts[1:]
    assert said.get_text() == "no product of which a figure is drawn"


def test_new_axes_are_drawn_on_where_none_are_given() -> None:
    axes = axes_for(None)
    assert isinstance(axes, Axes) and axes.figure.get_size_inches().tolist() == [9, 4]
    assert axes_for(axes) is axes
    pyplot.close(axes.figure)
