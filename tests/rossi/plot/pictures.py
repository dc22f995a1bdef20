"""A figure of each kind, of a few made-up numbers, and what it is known to look like.

``python -m tests.rossi.plot.pictures`` draws `KNOWN` anew, after a change that is meant to be seen or with another
matplotlib; each has to be looked at.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rossi.compare.pairs import Curve, Pair
from rossi.fits.header import Header
from rossi.hexte.rocking import Position
from rossi.optional import load
from rossi.plot.background import background_figure
from rossi.plot.bursts import burst_figure
from rossi.plot.colours import Diagram, diagram_figure
from rossi.plot.compare import comparison_figure
from rossi.plot.dynamic import dynamic_figure
from rossi.plot.exposure import exposure_figure
from rossi.plot.longterm import Panel, mission_figure
from rossi.plot.power import power_figure
from rossi.plot.validation import validation_figure
from rossi.timeseries.series import LightCurve
from rossi.timing.average import MeanPower
from rossi.timing.burst_product import BurstCurve
from rossi.timing.bursts import Burst
from rossi.timing.power_product import PowerRules, PowerSpectrum
from rossi.validate.verdict import Comparison, Samples, Verdict
from tests.rossi.hexte.synthetic import archive_spectrum

KNOWN = Path(__file__).parents[2] / "golden/figures"
#: Figures are kept at this part of their resolution, which is enough to see a line grow wider.
SCALE = 0.25
#: Which matplotlib has drawn a picture, as pictures say it themselves.
VERSION = f"Matplotlib version{matplotlib.__version__}"

#: What takes longer to import than a figure to draw, and would be of the first one that needs it.
with warnings.catch_warnings(action="ignore"):
    load("stingray.stats", "timing", "Peaks of power spectra")

_N = np.arange(40)
#: Rises and falls, never twice the same.
_WAVE = np.sin(_N / 4) + 0.3 * np.sin(_N * 1.7)


def _background() -> Figure:
    row = np.arange(64)
    counts = {Position.SOURCE: 900, Position.PLUS: 500, Position.MINUS: 400}
    spectra = {at: archive_spectrum(np.round(top * np.exp(-row / 25)), 100.0) for at, top in counts.items()}
    return background_figure(spectra, "10101-01-01-00, HEXTE cluster A")


def _bursts() -> Figure:
    def one(decay: float, rejected: str = "") -> tuple[str, BurstCurve]:
        burst = Burst(98.0, 100.0, 102.0, 1.5, decay, 500.0, 200.0, 5000.0, 12.0, rejected)
        time = 80.0 + np.arange(220.0) - 100.0
        rate = 200 + np.where(time > 0, 500 * np.exp(-np.abs(time) / decay), 0.0) + 10 * np.sin(time)
        rate[50:55] = np.nan
        return f"decay {decay:g} s {rejected}", BurstCurve(burst, 80.0, rate)

    return burst_figure([one(3.0), one(20.0), one(90.0), one(8.0, "spike"), one(5.0)], 1.0, "SIM X-1: $a$ bursts")


def _colours(top: float) -> Figure:
    return diagram_figure(
        Diagram(
            *("hard colour", "rate [count/s]", 0.5 + 0.2 * _WAVE, 0.02 + 0.001 * _N, 10 ** (1 + top * _N / 40)),
            *(0.5 + 0.05 * _N, 50000.0 + 10 * _N),
        ),
        "SIM $a$" if top < 1 else "",
    )


def _comparison() -> Figure:
    time, channel = 1e8 + 16.0 * _N, np.arange(40.0)
    pairs = [
        Pair("a.lc", "TIME", "RATE [count/s]", Curve(time, 10 + _WAVE), Curve(time[3:] + 0.0, 10.2 + _WAVE[3:])),
        Pair("b.pha", "CHANNEL", "COUNTS", Curve(channel, 100 + 20 * _WAVE), Curve(channel, 100 + 20 * _WAVE)),
        Pair("c.lc", "TIME", "RATE", Curve(time, 5 + _WAVE), Curve(time + 8.0, 5 - _WAVE)),
    ]
    return comparison_figure(pairs, ("before", "after"), "Two runs: $a$")


def _dynamic() -> Figure:
    freq = np.geomspace(0.1, 100, 12)
    ratio = 1 + 4 * np.exp(-((np.log(freq[:, None]) - np.arange(-2, 4, 0.5)) ** 2)).T
    ratio[0, 0], ratio[3, 5] = 0.5, np.nan
    return dynamic_figure(freq, ratio, 50000 + 1.37 * np.arange(12) ** 2, "SIM $a$")


def _exposure(top: float) -> Figure:
    return exposure_figure(50200 + 40.0 * _N, 1000 * (1 + top * (_WAVE - _WAVE.min())), "40 observations, $a$")


def _mission() -> Figure:
    days = np.concatenate([start + np.arange(0, 3, 0.2) for start in (50176.0, 50413.0, 51780.0)])
    rate = 10 + 3 * np.sin(days * 3)
    means = days[::5] + 0.1
    bright = np.where(np.arange(45) == 7, 60.0, 1.0)
    low = Panel("channels 5–10", days, rate, 0.1 * rate, means, rate[::5], 0.2 * rate[::5])
    high = Panel("channels 11–20", days, rate * bright, 0.1 * rate, means, rate[::5], 0.2 * rate[::5], number=1)
    return mission_figure([low, high], "SIM $a$")


def _years() -> Figure:
    days = np.linspace(50200.0, 53200.0, 80)
    rate = 10 + np.sin(days / 300)
    hexte = {"epochs": False, "unit": "count s$^{-1}$", "number": 7}
    panels = [
        Panel("channels 5–10", days, rate, 0.05 * rate, days, rate, 0.02 * rate),
        Panel("HEXTE A", days, rate - 10, 0.05 * rate, days[::2], rate[::2] - 10, 0.02 * rate[::2], **hexte),
    ]
    return mission_figure(panels, "")


def _power(lines: float) -> Figure:
    freq = np.arange(1.0, 129.0)
    power = 2.0 + lines * 3 / freq + 0.2 * np.sin(freq)
    power[[39, 40, 89]] += lines
    mean = MeanPower(freq, power, power / 4, 16, 900.0, 1.0, 1 / 256)
    noise = 1.9 + 0.1 * np.cos(freq / 50)
    return power_figure(PowerSpectrum(mean, noise, 100.0, 0.0, 16.0, PowerRules(rebin=0.02)), "SIM $a$: power")


def _validation() -> Figure:
    def samples(shift: float) -> Samples:
        return Samples(1e8 + 16.0 * _N, 10 + _WAVE + shift, np.ones(40))

    verdicts = [Verdict.SAME, *3 * [Verdict.DIFFERS], Verdict.WITHIN, Verdict.SAME]
    light = [
        Comparison(f"xp_n2{'abcdef'[n]}.lc", "light curve", verdict, unit="count/s", compared=40,
                   significance=(0.1, 25.0, -8.0, 9.0, -2.0, -0.5)[n], archive=samples(0), rossi=samples(0.3 * n))
        for n, verdict in enumerate(verdicts)
    ]  # fmt: skip
    column = Comparison("x.xfl", "column", Verdict.DIFFERS, "ELV", "deg", 40, archive=samples(0), rossi=samples(1))
    return validation_figure([*light, column], "$a$ against the archive")


def _curve() -> Figure:
    time = 1e8 + 16.0 * _N
    gti = np.column_stack((time, time + 16))
    one = np.ones(40)
    curve = LightCurve(
        "SIM.lc",
        time,
        10 + _WAVE,
        0.3 * one,
        one,
        16.0,
        gti,
        Header([("OBJECT", "SIM X-1"), ("TIMESYS", "TT")]),
        Header(),
        extra={"BACKV": 2 + 0.05 * _N},
    )
    axes = curve.plot(Figure((6, 4)).subplots(), background=True)
    return axes.figure


FIGURES: dict[str, Callable[[], Figure]] = {
    "background": _background,
    "bursts": _bursts,
    "colours": lambda: _colours(0.5),
    "colours_decades": lambda: _colours(3.0),
    "comparison": _comparison,
    "comparison_of_nothing": lambda: comparison_figure([], ("before", "after"), "title"),
    "curve": _curve,
    "dynamic": _dynamic,
    "exposure": lambda: _exposure(1.0),
    "exposure_decades": lambda: _exposure(20.0),
    "mission": _mission,
    "power": lambda: _power(20.0),
    "power_of_noise": lambda: _power(0.0),
    "validation": _validation,
    "years": _years,
}


def draw(name: str, path: Path) -> None:
    """Draw a figure as it is known, but smaller."""
    figure = FIGURES[name]()
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=SCALE * figure.dpi, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    for one in FIGURES:
        draw(one, KNOWN / f"{one}.png")
