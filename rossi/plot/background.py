"""The figure that shows whether HEXTE's backgrounds agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rossi.fits.reader import FitsFile
from rossi.hexte.contamination import BAND, HIGHEST, absolute_channels
from rossi.hexte.products import Products
from rossi.hexte.rocking import Position
from rossi.plot.longterm import COLOURS, png
from rossi.product import About, File, Kind
from rossi.spectra.pha import Spectrum, read_pha

_LABELS = {Position.SOURCE: "on source", Position.PLUS: "plus side", Position.MINUS: "minus side"}
#: Rows are joined until they are this wide, so that single channels do not hide a difference [channels].
_WIDTH = 8


def figure_files(made: Products) -> tuple[File, ...]:
    """Return pictures (PNG) of the backgrounds of either side of clusters where they differ.

    Parameters
    ----------
    made : Products
        Of an observation.
    """
    files = list[File]()
    for cluster, one in made.clusters.items():
        if {"backgrounds_differ", "background_offset"} & {remark.code for remark in one.remarks}:
            picture = background_figure(one.spectra, f"{made.obsid}, HEXTE cluster {cluster.name}")
            about = About(Kind.FIGURE, f"{cluster.label}_background", "HEXTE", cluster=cluster.name)
            files.append(File(f"{made.stem(cluster)}_background.png", png(picture), about=about))
    return tuple(files)


def background_figure(spectra: Mapping[Position, FitsFile], title: str) -> Figure:
    """Draw the spectra of all positions, and the difference of the two sides in standard deviations.

    Parameters
    ----------
    spectra : mapping of Position to FitsFile
    title : str
    """
    figure = Figure((8, 6), layout=ConstrainedLayoutEngine())
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    drawn = {}
    for number, (position, label) in enumerate(_LABELS.items()):
        if position in spectra:
            drawn[position] = _steps(upper, read_pha(spectra[position]), COLOURS[number], label)
    upper.set_yscale("log")
    upper.set_ylabel("count s$^{-1}$ channel$^{-1}$")
    upper.set_title(title, loc="left")
    upper.legend(frameon=False)
    for axes in (upper, lower):
        for low, high in (BAND, HIGHEST):
            axes.axvspan(low, high, color="#eef1f5", zorder=0)
    if Position.PLUS in drawn and Position.MINUS in drawn:
        (edges, plus, plus_error), (_, minus, minus_error) = drawn[Position.PLUS], drawn[Position.MINUS]
        error = np.hypot(plus_error, minus_error)
        with np.errstate(divide="ignore", invalid="ignore"):
            lower.stairs((plus - minus) / error, edges, baseline=None, color=COLOURS[3])
    lower.axhline(0, color="#5b6470", linewidth=0.8)
    for limit in (-3, 3):
        lower.axhline(limit, color="#5b6470", linewidth=0.8, linestyle=":")
    lower.set_ylabel("plus $-$ minus [$\\sigma$]")
    lower.set_xlabel("PHA channel (grey: where positions are compared)")
    lower.set_xlim(0, 256)
    return figure


def _steps(
    axes: Axes, pha: Spectrum, colour: str, label: str
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    """Draw one spectrum as steps; return edges, rates and errors a channel."""
    first = absolute_channels(pha)[:, 0]
    edges = np.append(np.unique(first // _WIDTH * _WIDTH), 256).astype(np.float64)
    at = np.searchsorted(edges, first, "right") - 1
    width = np.diff(edges)
    exposure = pha.exposure or 1.0
    error = np.sqrt(np.abs(pha.value)) if pha.error is None else pha.error
    rate = np.bincount(at, pha.value, len(width)) / exposure / width
    sigma = np.sqrt(np.bincount(at, error**2, len(width))) / exposure / width
    axes.stairs(np.where(rate > 0, rate, np.nan), edges, baseline=None, color=colour, label=label)
    middle = (edges[1:] + edges[:-1]) / 2
    axes.errorbar(middle, np.where(rate > 0, rate, np.nan), sigma, fmt="none", ecolor=colour, linewidth=0.8)
    return edges, rate, sigma
