"""Plane shapes; edges belong to a shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def turned(dx: Any, dy: Any, angle: Any) -> tuple[Any, Any]:
    """Return offsets along and across an axis that is turned from x to y.

    Parameters
    ----------
    dx, dy : float or ndarray (...)
    angle : float or ndarray (...) [deg]

    Returns
    -------
    along, across : float or ndarray (...)
        In the unit of `dx`.
    """
    turn = np.radians(angle)
    return dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)


def circle(xc: Any, yc: Any, radius: Any, x: Any, y: Any) -> Any:
    """Return which points lie in a circle.

    Parameters
    ----------
    xc, yc, radius : float or ndarray (...)
    x, y : ndarray (...)

    Returns
    -------
    ndarray (...) of bool
    """
    return (x - xc) ** 2 + (y - yc) ** 2 <= radius**2


def ellipse(xc: Any, yc: Any, half_width: Any, half_height: Any, angle: Any, x: Any, y: Any) -> Any:
    """Return which points lie in an ellipse of two half axes.

    Parameters
    ----------
    xc, yc, half_width, half_height : float or ndarray (...)
    angle : float or ndarray (...) [deg]
        By which it is turned.
    x, y : ndarray (...)

    Returns
    -------
    ndarray (...) of bool
    """
    along, across = turned(x - xc, y - yc, angle)
    return (along / half_width) ** 2 + (across / half_height) ** 2 <= 1


def box(xc: Any, yc: Any, width: Any, height: Any, angle: Any, x: Any, y: Any) -> Any:
    """Return which points lie in a rectangle.

    Parameters
    ----------
    xc, yc, width, height : float or ndarray (...)
    angle : float or ndarray (...) [deg]
        By which it is turned.
    x, y : ndarray (...)

    Returns
    -------
    ndarray (...) of bool
    """
    along, across = turned(x - xc, y - yc, angle)
    return (np.abs(along) <= width / 2) & (np.abs(across) <= height / 2)


def diamond(xc: Any, yc: Any, width: Any, height: Any, angle: Any, x: Any, y: Any) -> Any:
    """Return which points lie in a rhombus of two diagonals.

    Parameters
    ----------
    xc, yc, width, height : float
    angle : float [deg]
        By which it is turned.
    x, y : ndarray (...)

    Returns
    -------
    ndarray (...) of bool
    """
    along, across = turned(x - xc, y - yc, angle)
    return np.abs(along) / (width / 2) + np.abs(across) / (height / 2) <= 1


def sector(xc: Any, yc: Any, first: float, last: float, x: Any, y: Any) -> Any:
    """Return which points are seen from a centre between two angles.

    Parameters
    ----------
    xc, yc : float
    first, last : float [deg]
    x, y : ndarray (...)

    Returns
    -------
    ndarray (...) of bool
    """
    angle = np.degrees(np.arctan2(y - yc, x - xc))
    return (angle - first) % 360 <= (last - first) % 360


def segment(x1: float, y1: float, x2: float, y2: float, x: Any, y: Any) -> Any:
    """Return which points lie within half a pixel of a line.

    Parameters
    ----------
    x1, y1, x2, y2 : float
    x, y : ndarray (...)

    Returns
    -------
    ndarray (...) of bool
    """
    length = np.hypot(x2 - x1, y2 - y1)
    along, across = turned(x - x1, y - y1, np.degrees(np.arctan2(y2 - y1, x2 - x1)))
    return (along >= -0.5) & (along <= length + 0.5) & (np.abs(across) <= 0.5)


def polygon(corners: NDArray[np.float64], x: Any, y: Any) -> NDArray[np.bool_]:
    """Return which points lie in a polygon, by the number of edges to their right.

    Parameters
    ----------
    corners : ndarray (n, 2)
    x, y : ndarray (...)

    Returns
    -------
    ndarray (...) of bool
    """
    inside = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(y)), bool)
    on_edge = np.zeros_like(inside)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        side = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        on_edge |= (side == 0) & ((x - x1) * (x - x2) <= 0) & ((y - y1) * (y - y2) <= 0)
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & ((side > 0) == (y2 > y1))
    return inside | on_edge
