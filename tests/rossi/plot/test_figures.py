"""What figures show: the numbers that are drawn, not how."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.plot.exposure import exposure_figure
from rossi.plot.validation import pair_of, validation_figure
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
