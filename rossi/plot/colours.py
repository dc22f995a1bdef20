"""Diagrams of colours: hardness and intensity, and two colours; a point a observation, its date as colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rossi.arrays import Floats

_INK, _FAINT = "#1b1f24", "#5b6470"
#: Values that differ by more than this factor are drawn on a logarithmic axis.
_DECADES = 20.0


@dataclass(frozen=True, slots=True)
class Diagram:
    """Points of a diagram; those without both values are not drawn.

    Parameters
    ----------
    x_label, y_label : str
    x, x_error, y, y_error : ndarray (n,)
    mjd : ndarray (n,)
        Dates (TT).
    """

    x_label: str
    y_label: str
    x: Floats
    x_error: Floats
    y: Floats
    y_error: Floats
    mjd: Floats


def diagram_figure(diagram: Diagram, title: str = "") -> Figure:
    """Draw a diagram.

    Parameters
    ----------
    diagram : Diagram
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot; `rossi.plot.longterm.png` turns it into a file.
    """
    figure = Figure(figsize=(7.5, 6), dpi=150, layout=ConstrainedLayoutEngine())
    axes: Any = figure.subplots()
    good = np.isfinite(diagram.x) & np.isfinite(diagram.y)
    x, y, mjd = diagram.x[good], diagram.y[good], diagram.mjd[good]
    axes.errorbar(x, y, diagram.y_error[good], diagram.x_error[good], fmt="none", ecolor=_FAINT, lw=0.7, zorder=2)
    drawn = axes.scatter(x, y, c=mjd, cmap="viridis", s=26, edgecolors=_INK, linewidths=0.4, zorder=3)
    if len(y):
        bar = figure.colorbar(drawn, ax=axes, format="%.0f")
        bar.set_label("MJD (TT)", color=_INK)
    if len(y) and y.min() > 0 and y.max() > _DECADES * y.min():
        axes.set_yscale("log")
    axes.set_xlabel(diagram.x_label, fontsize=11, color=_INK)
    axes.set_ylabel(diagram.y_label, fontsize=11, color=_INK)
    axes.margins(0.08)
    axes.grid(color="#d9dee5", lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, labelsize=10, direction="in", which="both")
    if title:
        axes.set_title(title, parse_math=False, fontsize=13, fontweight="bold", color=_INK, loc="left")
    return figure
