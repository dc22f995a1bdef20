"""The figure of a list of observations: when, and for how long."""

from __future__ import annotations

import numpy as np
from astropy.time import Time
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from rossi.plot.longterm import COLOURS, mark_years

_INK = "#1b1f24"
#: Above this number marks cover each other, and are made small and faint.
_MANY = 2000
#: Exposures that differ by more than this factor are drawn with a logarithmic axis.
_WIDE = 30


def exposure_figure(mjd: NDArray[np.float64], exposure: NDArray[np.float64], title: str = "") -> Figure:
    """Draw exposure against time, and exposures summed up.

    Parameters
    ----------
    mjd : ndarray (n,) [d]
        MJD (TT); NaN where unknown.
    exposure : ndarray (n,) [s]
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot; `rossi.plot.longterm.png` turns it into a file.
    """
    known = np.isfinite(mjd) & np.isfinite(exposure) & (exposure > 0)
    order = np.argsort(mjd[known], kind="stable")
    time, seconds = mjd[known][order], exposure[known][order]
    figure = Figure(figsize=(10, 4.2), dpi=150, layout=ConstrainedLayoutEngine())
    axes = figure.subplots()
    many = len(time) > _MANY
    axes.plot(
        time, seconds, ls="none", marker="o", ms=2 if many else 4, mew=0, alpha=0.3 if many else 0.7, color=COLOURS[0]
    )
    if len(time) and seconds.max() > _WIDE * seconds.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, 1.08 * seconds.max(initial=1))
    axes.set_xlabel("MJD (TT)", fontsize=11, color=_INK)
    axes.set_ylabel("exposure [s]", fontsize=11, color=COLOURS[0])
    axes.grid(axis="y", color="#d9dee5", lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, labelsize=10, direction="in", which="both")
    if len(time):
        total = axes.twinx()
        total.step(time, np.cumsum(seconds) / 1000, where="post", lw=1.2, color=COLOURS[1])
        total.set_ylabel("summed up [ks]", fontsize=11, color=COLOURS[1])
        total.set_ylim(0, 1.08 * seconds.sum() / 1000)
        total.tick_params(colors=_INK, labelsize=10, direction="in")
        first, last = Time(time[[0, -1]], format="mjd", scale="tt").utc.datetime
        mark_years(axes, first.year, last.year)
    figure.suptitle(title, parse_math=False, fontsize=13, fontweight="bold", color=_INK, x=0.01, ha="left")
    return figure
