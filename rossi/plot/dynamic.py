"""Figures of power spectra that change."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rossi.arrays import Floats

#: Colours reach from this power over noise to that at least.
_LEAST, _RANGE = 0.8, 3.0


def dynamic_figure(freq: Floats, ratio: Floats, mjd: Floats, title: str) -> Figure:
    """Draw the power spectra of observations side by side.

    Parameters
    ----------
    freq : ndarray (n_bin,) [Hz]
    ratio : ndarray (n_observation, n_bin)
        Power over noise.
    mjd : ndarray (n_observation,)
        Middle of each, ascending.
    title : str
    """
    figure = Figure((9, 4.5), dpi=120, layout=ConstrainedLayoutEngine())
    axes = figure.subplots()
    steps = np.sqrt(freq[1:] * freq[:-1])
    edges = np.concatenate(([freq[0] ** 2 / steps[0]], steps, [freq[-1] ** 2 / steps[-1]]))
    high = max(_RANGE, float(np.nanmax(ratio)))
    image = axes.pcolormesh(
        np.arange(len(mjd) + 1) + 0.5,
        edges,
        np.clip(ratio, _LEAST, None).T,
        norm=LogNorm(_LEAST, high),
        cmap="viridis",
        shading="flat",
    )
    axes.set_yscale("log")
    axes.set_ylabel("frequency [Hz]")
    axes.set_xlabel("observation, with the MJD (TT) of its middle")
    shown = np.unique(np.linspace(0, len(mjd) - 1, min(len(mjd), 8)).round().astype(int))
    axes.set_xticks(shown + 1, [f"{n + 1}\n{mjd[n]:.2f}" for n in shown], fontsize=8)
    bar = figure.colorbar(image, ax=axes)
    bar.set_label("power over noise")
    figure.suptitle(title, parse_math=False, fontsize=12, fontweight="bold", x=0.01, ha="left")
    return figure
