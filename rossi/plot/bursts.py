"""Figures of bursts: a panel for each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rossi.plot.longterm import COLOURS
from rossi.timing.burst_product import BurstCurve

#: Panels of a figure, and in a row.
MOST, _ACROSS = 24, 4
_FAINT = "#5b6470"


def burst_figure(bursts: Sequence[tuple[str, BurstCurve]], dt: float, title: str) -> Figure:
    """Draw the curves of bursts around their starts.

    Parameters
    ----------
    bursts : sequence of (str, BurstCurve)
        Each with what is written above it; of more than 24 the first.
    dt : float [s]
        Bins of the curves.
    title : str
    """
    shown = bursts[:MOST]
    across = min(_ACROSS, len(shown))
    down = math.ceil(len(shown) / across)
    figure = Figure((2.7 * across + 0.4, 2.1 * down + 0.5), dpi=120, layout=ConstrainedLayoutEngine())
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, (text, one) in zip(panels, shown, strict=False):
        _draw(axes, text, one, dt)
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    figure.supxlabel("seconds from the start", fontsize=9)
    figure.supylabel("count s$^{-1}$ PCU$^{-1}$", fontsize=9)
    figure.suptitle(title, parse_math=False, fontsize=11, fontweight="bold", x=0.01, ha="left")
    return figure


def _draw(axes: Axes, text: str, one: BurstCurve, dt: float) -> None:
    burst = one.burst
    time = one.begin + dt * np.arange(len(one.rate)) - burst.start
    colour = _FAINT if burst.rejected else COLOURS[0]
    axes.step(time, one.rate, where="post", lw=0.7, color=colour)
    axes.axhline(burst.base, color=COLOURS[1], lw=0.7)
    axes.set_xlim(-10, max(20.0, min(3 * burst.decay, 180.0)))
    axes.set_title(text, fontsize=7, color=_FAINT, loc="left")
    axes.tick_params(direction="in", labelsize=7)
