"""The figure of a whole mission: one panel a band, time broken where years are empty."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.time import Time

from rossi.arrays import Floats
from rossi.energy.epochs import epochs
from rossi.plot.segments import segments

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe and Ito's colours, told apart by colour-blind readers too, without the yellow that is lost on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
#: What would be of the moment.
_UNDATED: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}
#: More bins than this are a picture in a drawing, too: each by itself would take 500 bytes.
_DENSE = 2000
_INK, _FAINT, _SHADE = "#1b1f24", "#5b6470", "#eef1f5"


@dataclass(frozen=True, slots=True)
class Panel:
    """One band's light curve.

    Parameters
    ----------
    label : str
    mjd, rate, error : ndarray (n,)
        Bins: MJD (TT) of their middle, rate and error.
    mean_mjd, mean_rate, mean_error : ndarray (k,)
        One a observation.
    unit : str
    means : str
        What a mean is of, for the legend.
    epochs : bool
        Show the gain epochs of the PCA.
    number : int
        Which of the bands it is: each has a colour, in whatever figure.
    """

    label: str
    mjd: Floats
    rate: Floats
    error: Floats
    mean_mjd: Floats
    mean_rate: Floats
    mean_error: Floats
    unit: str = "count s$^{-1}$ PCU$^{-1}$"
    means: str = "mean of an observation"
    epochs: bool = True
    number: int = 0


def mission_figure(panels: Sequence[Panel], title: str = "") -> Figure:
    """Draw light curves over a mission.

    Parameters
    ----------
    panels : sequence of Panel
        Drawn above each other with a common time axis.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot; `png` turns it into a file.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    parts = segments(np.concatenate([p.mjd for p in panels]))
    widths = np.sqrt(np.maximum(parts[:, 1] - parts[:, 0], 1e-3))
    layout = ConstrainedLayoutEngine(w_pad=0.02, wspace=0.012, h_pad=0.03)
    figure = Figure(figsize=(11, 1.3 + 2.9 * len(panels)), dpi=150, layout=layout)
    grid: Any = figure.subplots(
        len(panels),
        len(parts),
        squeeze=False,
        sharex="col",
        sharey="row",
        gridspec_kw={"width_ratios": np.maximum(widths, 0.45 * widths.max())},
    )
    for row, panel in enumerate(panels):
        for column, part in enumerate(parts):
            axes = grid[row, column]
            _draw(axes, panel, part, COLOURS[panel.number % len(COLOURS)])
            _time_axis(axes, part, top=row == 0, bottom=row == len(panels) - 1, many=len(parts) > 1)
            _break_marks(axes, left=column > 0, right=column < len(parts) - 1)
        _rate_axis(grid[row, 0], panel)
    figure.align_ylabels(grid[:, 0])
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", frameon=False, fontsize=9, labelcolor=_FAINT)
    figure.supxlabel("MJD (TT)", fontsize=11, color=_INK)
    if title:
        figure.suptitle(title, parse_math=False, fontsize=14, fontweight="bold", color=_INK, x=0.01, ha="left")
    return figure


def png(figure: Figure) -> bytes:
    """Return a figure as a PNG; equal figures give equal bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    return drawn(figure, "png")


def drawn(figure: Figure, kind: str) -> bytes:
    """Return a figure as a file; equal figures give equal bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    kind : str
        Its format: png, or what stays sharp at any size, pdf and svg.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    with rc_context({"svg.hashsalt": "rossi", "pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, metadata=_UNDATED[kind])
    return buffer.getvalue()


def _draw(axes: Axes, panel: Panel, part: Floats, colour: str) -> None:
    pad = 0.04 * (part[1] - part[0]) or 0.01
    low, high = part[0] - pad, part[1] + pad
    inside = (panel.mjd >= low) & (panel.mjd <= high)
    style: dict[str, Any] = {"fmt": "o", "lw": 0.6, "capsize": 0}
    axes.errorbar(
        *(a[inside] for a in (panel.mjd, panel.rate, panel.error)),
        ms=1.8,
        mew=0,
        color=colour,
        alpha=0.4,
        zorder=2,
        rasterized=bool(inside.sum() > _DENSE),
        **style,
    )
    inside = (panel.mean_mjd >= low) & (panel.mean_mjd <= high)
    marks = style | {"mfc": "white", "mec": _INK, "mew": 1.1, "ecolor": _INK, "zorder": 4}
    means = [a[inside] for a in (panel.mean_mjd, panel.mean_rate, panel.mean_error)]
    axes.errorbar(*means, ms=6 if len(panel.mean_mjd) < 60 else 4, label=panel.means, **marks)
    axes.set_xlim(low, high)
    if panel.epochs:
        _epochs(axes, low, high)
    axes.grid(axis="y", color="#d9dee5", lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, labelsize=10, direction="in", which="both")
    for spine in axes.spines.values():
        spine.set_color(_FAINT)


def _epochs(axes: Axes, low: float, high: float) -> None:
    for epoch in epochs():
        start, stop = (float(np.clip(edge, low, high)) for edge in epoch.mjd)
        if start >= stop:
            continue
        if epoch.number % 2 == 0:
            axes.axvspan(start, stop, color=_SHADE, lw=0, zorder=0)
        if stop - start > 0.05 * (high - low):
            axes.text(
                (start + stop) / 2, 0.97, f"epoch {epoch.number}", transform=axes.get_xaxis_transform(),
                ha="center", va="top", fontsize=9, color=_FAINT, zorder=5,
            )  # fmt: skip


def _time_axis(axes: Axes, part: Floats, *, top: bool, bottom: bool, many: bool) -> None:
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    formatter = ScalarFormatter(useOffset=False)
    formatter.set_scientific(False)
    axes.xaxis.set_major_formatter(formatter)
    axes.xaxis.set_major_locator(MaxNLocator(3 if many else 7, steps=[1, 2, 5, 10]))
    axes.tick_params(axis="x", labelbottom=bottom)
    if not top:
        return
    first, last = Time(part, format="mjd", scale="tt").utc.datetime
    if many or last.year - first.year < 2:
        days = f"{first:%Y %b %d}" if first.date() == last.date() else f"{first:%Y %b %d} – {last:%Y %b %d}"
        axes.set_title(days, fontsize=10, color=_FAINT)
        return
    mark_years(axes, first.year, last.year)


def mark_years(axes: Axes, first: int, last: int) -> None:
    """Write above an axis of MJD (TT) where years begin: some eight of them.

    Parameters
    ----------
    axes : Axes
    first, last : int
        The years in which the axis begins and ends.
    """
    years = range(first + 1, last + 1, max(1, (last - first) // 8))
    ticks = Time([f"{year}-01-01" for year in years], scale="utc").tt.mjd if years else []
    upper = axes.secondary_xaxis("top")
    upper.set_xticks(ticks, labels=[str(year) for year in years], fontsize=10, color=_FAINT)
    upper.tick_params(direction="in", colors=_FAINT)


def _rate_axis(axes: Axes, panel: Panel) -> None:
    rates = panel.rate[np.isfinite(panel.rate)]
    if len(rates) and rates.min() > 0 and rates.max() > 20 * np.median(rates):
        axes.set_yscale("log")
        from matplotlib.ticker import ScalarFormatter

        formatter = ScalarFormatter()
        formatter.set_scientific(False)
        axes.yaxis.set_major_formatter(formatter)
    axes.margins(y=0.12)
    axes.set_ylabel(f"{panel.label}\n{panel.unit}", fontsize=11, color=_INK)


def _break_marks(axes: Axes, *, left: bool, right: bool) -> None:
    style: dict[str, Any] = {"marker": [(-1, -1.6), (1, 1.6)], "ms": 9, "mew": 1, "ls": "none", "color": _FAINT}
    style["clip_on"] = False
    if left:
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", which="both", left=False, labelleft=False)
        axes.plot([0, 0], [0, 1], transform=axes.transAxes, **style)
    if right:
        axes.spines["right"].set_visible(False)
        axes.plot([1, 1], [0, 1], transform=axes.transAxes, **style)
