"""Figures of power spectra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import StrMethodFormatter

from rossi.plot.longterm import COLOURS
from rossi.timing.peaks import Peak
from rossi.timing.power_product import PowerSpectrum

_INK, _FAINT = "#1b1f24", "#5b6470"


def power_figure(spectrum: PowerSpectrum, title: str) -> Figure:
    """Draw a power spectrum: Leahy's powers with the level of the noise above, frequency times power below.

    Parameters
    ----------
    spectrum : PowerSpectrum
    title : str
    """
    figure = Figure((8, 7), dpi=120, layout=ConstrainedLayoutEngine(h_pad=0.04))
    upper, lower = figure.subplots(2, 1, sharex=True)
    some, noise = spectrum.rebinned(), spectrum.rebinned_noise()
    peaks = spectrum.peaks()
    upper.errorbar(some.freq, some.power, some.error, fmt="o", ms=2.5, lw=0.7, color=COLOURS[0], label="power")
    upper.plot(spectrum.mean.freq, spectrum.noise, color=_INK, lw=1, label="noise with dead time")
    upper.set_yscale("log")
    for formatter in (upper.yaxis.set_major_formatter, upper.yaxis.set_minor_formatter):
        formatter(StrMethodFormatter("{x:g}"))
    upper.set_ylabel("power (Leahy)")
    scale = some.freq * spectrum.to_rms
    net, error = (some.power - noise) * scale, some.error * scale
    lower.errorbar(some.freq, net, error, fmt="o", ms=2.5, lw=0.7, color=COLOURS[2])
    shown = net > 2 * error
    if shown.sum() > 3:
        lower.set_yscale("log")
        lower.set_ylim(np.nanmin(net[shown]) / 3, np.nanmax(net[shown]) * 3)
    lower.axhline(0, color=_FAINT, lw=0.6)
    lower.set_ylabel(r"frequency $\times$ power [(rms/mean)$^2$]")
    lower.set_xlabel("frequency [Hz]")
    lower.set_xscale("log")
    _mark((upper, lower), peaks)
    handles, labels = upper.get_legend_handles_labels()
    upper.legend(handles, labels, frameon=False, fontsize=9)
    for axes in (upper, lower):
        axes.tick_params(direction="in", which="both", labelsize=9)
    mean = spectrum.mean
    figure.suptitle(title, parse_math=False, fontsize=12, fontweight="bold", x=0.01, ha="left")
    upper.set_title(
        f"{mean.m} segments of {mean.segment_size:g} s, {mean.rate:.1f} count/s, of which background "
        f"{spectrum.background:.1f}",
        fontsize=9,
        color=_FAINT,
        loc="left",
    )
    return figure


def _mark(panels: Sequence[Axes], peaks: Sequence[Peak]) -> None:
    for number, peak in enumerate(peaks):
        for axes in panels:
            label = "candidates" if number == 0 and axes is panels[0] else None
            axes.axvspan(peak.low, peak.high, color=COLOURS[1], alpha=0.2, lw=0, label=label)
