"""Where figures are drawn; matplotlib is imported when one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rossi.optional import load

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_for(axes: Axes | None) -> Axes:
    """Return axes to draw on: those given, or new ones, which a notebook shows by itself.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    if axes is not None:
        return axes
    pyplot: Any = load("matplotlib.pyplot", "plot", "Figures")
    made: Axes = pyplot.subplots(figsize=(9, 4), layout="constrained")[1]
    return made
