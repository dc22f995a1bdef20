"""The figure that shows two versions of products, one over the other, and their difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rossi.compare.pairs import Pair
from rossi.plot.longterm import COLOURS

#: More products than this do not fit on a page.
_MOST = 12


def comparison_figure(pairs: Sequence[Pair], labels: tuple[str, str], title: str) -> Figure:
    """Draw each pair on a row: both on the left, second minus first on the right.

    Parameters
    ----------
    pairs : sequence of Pair
        The first dozen is drawn.
    labels : tuple of (str, str)
        What the two are.
    title : str
    """
    shown = pairs[:_MOST]
    figure = Figure((11, 1.0 + 2.2 * max(len(shown), 1)), layout=ConstrainedLayoutEngine())
    FigureCanvasAgg(figure)
    left_out = f" ({len(shown)} of {len(pairs)} products, those that differ first)" if len(pairs) > _MOST else ""
    figure.suptitle(title + left_out, parse_math=False, x=0.01, ha="left")
    if not shown:
        figure.text(0.5, 0.5, "no product of which a figure is drawn", ha="center")
        return figure
    rows = figure.subplots(len(shown), 2, squeeze=False, width_ratios=(3, 2))
    for (left, right), pair in zip(rows, shown, strict=True):
        draw_pair(left, right, pair, labels)
    figure.legend(*rows[0][0].get_legend_handles_labels(), frameon=False, loc="outside upper right", ncols=2)
    return figure


def draw_pair(left: Axes, right: Axes, pair: Pair, labels: tuple[str, str]) -> None:
    """Draw both of a pair, and second minus first.

    Parameters
    ----------
    left, right : Axes
    pair : Pair
    labels : tuple of (str, str)
        What the two are.
    """
    _overlay(left, pair, labels)
    _difference(right, pair)


def _overlay(axes: Axes, pair: Pair, labels: tuple[str, str]) -> None:
    origin = _origin(pair)
    axes.plot(pair.first.x - origin, pair.first.y, color=COLOURS[0], label=labels[0])
    axes.plot(pair.second.x - origin, pair.second.y, ".", markersize=3, color=COLOURS[1], label=labels[1])
    axes.set_title(pair.name, parse_math=False, loc="left", fontsize="small")
    axes.set_ylabel(pair.y_label)
    axes.set_xlabel(f"{pair.x_label} - {origin:.0f}" if origin else pair.x_label)


def _difference(axes: Axes, pair: Pair) -> None:
    found = pair.difference
    if not len(found.x):
        axes.set_axis_off()
        axes.set_title(f"no {pair.x_label} in common", loc="left", fontsize="small")
        return
    axes.axhline(0, color="#5b6470", linewidth=0.8)
    axes.plot(found.x - _origin(pair), found.y, ".", markersize=3, color=COLOURS[3])
    largest = float(np.nanmax(np.abs(found.y), initial=0.0)) if np.isfinite(found.y).any() else 0.0
    axes.set_title(f"second - first, at most {largest:.3g}", loc="left", fontsize="small")
    if not largest:
        axes.set_ylim(-1, 1)


def _origin(pair: Pair) -> float:
    """Times are counted from the first one."""
    if pair.x_label.upper() != "TIME":
        return 0.0
    starts = [float(np.nanmin(curve.x)) for curve in (pair.first, pair.second) if np.isfinite(curve.x).any()]
    return min(starts, default=0.0)
