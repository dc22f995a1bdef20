"""The figure of what rossi makes against the archive's standard products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rossi.compare.pairs import Curve, Pair
from rossi.plot.compare import draw_pair
from rossi.plot.longterm import COLOURS
from rossi.validate.verdict import MOST_OF_SUM, Comparison, Verdict

#: Products of which curves are drawn, of those that differ.
_MOST = 3
_WIDEST = 10.0
_HERE = {"light curve": "TIME", "spectrum": "CHANNEL", "column": "TIME"}
_SHOWN = {Verdict.SAME: COLOURS[0], Verdict.WITHIN: COLOURS[2], Verdict.DIFFERS: COLOURS[3]}


def validation_figure(comparisons: Sequence[Comparison], title: str) -> Figure:
    """Draw the significance of each product's difference, and the curves of those that differ.

    Parameters
    ----------
    comparisons : sequence of Comparison
    title : str
    """
    counted = [one for one in comparisons if one.what in ("light curve", "spectrum") and one.compared]
    wrong = sorted((one for one in comparisons if one.verdict is Verdict.DIFFERS), key=lambda one: one.what == "column")
    shown = [pair for one in wrong if (pair := pair_of(one)) is not None][:_MOST]
    heights = [max(1.5, 0.2 * len(counted)), *(2.0 for _ in shown)]
    figure = Figure((9, 1.0 + sum(heights)), layout=ConstrainedLayoutEngine())
    FigureCanvasAgg(figure)
    figure.suptitle(title, parse_math=False, x=0.01, ha="left")
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights, width_ratios=(3, 2))
    _significances(figure.add_subplot(grid[0, :]), counted)
    for row, pair in enumerate(shown, 1):
        draw_pair(figure.add_subplot(grid[row, 0]), figure.add_subplot(grid[row, 1]), pair, ("archive", "rossi"))
    if shown:
        handles = figure.axes[1].get_legend_handles_labels()
        figure.legend(*handles, frameon=False, loc="outside upper right", ncols=2)
    return figure


def pair_of(one: Comparison) -> Pair | None:
    """Return what is drawn of a comparison; None where it is of no curves.

    Parameters
    ----------
    one : Comparison
    """
    if one.archive is None or one.rossi is None or not len(one.archive.x) or not len(one.rossi.x):
        return None
    name = f"{one.product} {one.column}".strip()
    archive, rossi = (Curve(side.x, side.value) for side in (one.archive, one.rossi))
    label = f"{one.column or 'RATE'} [{one.unit}]"
    return Pair(f"{name}: {one.verdict}", _HERE[one.what], label, archive, rossi, is_counted=True)


def _significances(axes: Axes, counted: Sequence[Comparison]) -> None:
    axes.axvspan(-MOST_OF_SUM, MOST_OF_SUM, color="#eef1f4")
    axes.axvline(0, color="#5b6470", linewidth=0.8)
    for verdict, colour in _SHOWN.items():
        places = [n for n, one in enumerate(counted) if one.verdict is verdict]
        x = np.clip([counted[n].significance for n in places], -_WIDEST, _WIDEST)
        axes.plot(x, places, "o", markersize=4, color=colour, label=verdict.value)
    axes.set_yticks(range(len(counted)), [one.product.partition("_")[2] for one in counted], fontsize="small")
    axes.set_xlim(-1.05 * _WIDEST, 1.05 * _WIDEST)
    axes.invert_yaxis()
    axes.set_xlabel("rossi - archive, sum over all rows [standard deviations]")
    axes.legend(frameon=False, fontsize="small", loc="lower right")
