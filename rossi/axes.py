"""Where figures are drawn; matplotlib is imported when one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rossi.errors import shortened
from rossi.optional import load

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_for(axes: Axes | None) -> Axes:
    """Return axes to draw on: those given, or new ones, which a notebook shows by itself.

    Parameters
    ----------
    axes : matplotlib.axes.Axes or None

    Raises
    ------
    TypeError
        If what was given is no Axes.
    ConfigError
        If matplotlib is not installed.
    """
    if axes is None:
        pyplot: Any = load("matplotlib.pyplot", "plot", "Figures")
        axes = pyplot.subplots(figsize=(9, 4), layout="constrained")[1]
    elif not isinstance(axes, load("matplotlib.axes", "plot", "Figures").Axes):
        raise TypeError(
            f"axes is {shortened(axes)} ({type(axes).__name__}); the matplotlib Axes to draw on were expected, one of "
            "those that plt.subplots() returns."
        )
    return axes
