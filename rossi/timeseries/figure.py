"""The figure of one light curve; matplotlib is imported when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rossi.arrays import Floats
from rossi.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_INK, _FAINT = "#0072b2", "#8a929c"
#: Attribute of axes with what their time is counted from: MET and time system.
_BEGIN = "_rossi_begin"


def begin_of(axes: Axes, begin: float, system: str) -> float:
    """Return what a figure's time is counted from [s]: `begin`, unless a curve was drawn on the axes before.

    Parameters
    ----------
    axes : Axes
    begin : float [s]
        MET.
    system : str
        TT or TDB.

    Raises
    ------
    DataError
        If that curve has another time system.
    """
    drawn = (vars(one).get(_BEGIN) for one in axes.get_shared_x_axes().get_siblings(axes) if one.has_data())
    first, of = next(filter(None, drawn), (begin, system))
    if of != system:
        raise DataError(f"The axes count time in {of}, and the curve's is {system}; draw it on others.")
    setattr(axes, _BEGIN, (first, of))
    return float(first)


def draw_curve(
    axes: Axes,
    time: Floats,
    half: Floats,
    rate: Floats,
    error: Floats,
    background: Floats | None,
    style: dict[str, Any],
) -> None:
    """Draw points with error bars, the width of their bins across, and the background as steps.

    Parameters
    ----------
    axes : Axes
    time, half : ndarray (n,) [s]
        Middle and half the width of each bin.
    rate, error : ndarray (n,) [count / s], [count / s / PCU] or [count]
    background : ndarray (n,) or None
        In the unit of the rates.
    style : dict of str to Any
        What matplotlib's ``errorbar`` takes.
    """
    drawn: dict[str, Any] = {"fmt": ".", "markersize": 4, "linewidth": 0.9, "color": _INK} | style
    axes.errorbar(time, rate, error, half, **drawn)
    if background is not None:
        axes.hlines(background, time - half, time + half, color=_FAINT, linewidth=1.2, label="background")
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    axes.margins(x=0.02)
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.6)
    axes.set_axisbelow(True)
