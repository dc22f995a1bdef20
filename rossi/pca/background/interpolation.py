"""Looking up and interpolating a model's spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.pca.background.model import Axis

Singles = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Places:
    """Where rows lie among the cells of components that have the same axes; made by `places_on`.

    Parameters
    ----------
    used : ndarray (n_row,) of bool
        False where a value is not finite or not between the axis's limits.
    corners : tuple of ndarray (n_row,) of int
        The cells around each row. The first interpolated axis varies fastest from one to the next.
    fractions : tuple of ndarray (n_row,)
        How far the row is from one to the next, along each interpolated axis.
    """

    used: NDArray[np.bool_]
    corners: tuple[Indices, ...]
    fractions: tuple[Floats, ...]

    def __getitem__(self, rows: slice) -> Places:
        """Return those of some rows."""
        corners, fractions = (part[rows] for part in self.corners), (part[rows] for part in self.fractions)
        return Places(self.used[rows], tuple(corners), tuple(fractions))


def places_on(axes: Sequence[Axis], values: Sequence[Floats], n_row: int, interpolate: bool = True) -> Places:
    """Find where rows lie on the axes of a component.

    Parameters
    ----------
    axes : sequence of Axis
    values : sequence of ndarray (n_row,)
        What to look up on each axis.
    n_row : int
    interpolate : bool
        Whether axes with midpoints are interpolated.
    """
    used = np.ones(n_row, bool)
    corners = [np.zeros(n_row, np.intp)]
    fractions: list[Floats] = []
    stride = 1
    for axis, value in zip(axes, values, strict=True):
        used &= np.isfinite(value) & (axis.low < value) & (value < axis.high)
        known = np.where(used, value, axis.start)
        if interpolate and axis.midpoints:
            lower, upper, fraction = between(axis.midpoints, known)
            corners = [corner + stride * at for at in (lower, upper) for corner in corners]
            fractions.append(fraction)
        else:
            corners = [corner + stride * bin_of(axis, known) for corner in corners]
        stride *= axis.n_bin
    return Places(used, tuple(corners), tuple(fractions))


def spectra_at(cells: Singles, places: Places) -> Singles:
    """Return the spectra of components that have the same axes.

    Parameters
    ----------
    cells : ndarray (n_component, n_cell, n_channel) of float32 [count / s]
    places : Places

    Returns
    -------
    ndarray (n_component, n_row, n_channel) of float32 [count / s]
        0 in rows that are not used. Along an axis, each interpolation is rounded to single precision before the next
        one, the first interpolated axis first.
    """
    finite = bool(np.isfinite(cells).all())
    wide = cells.astype(np.float64) if places.fractions else cells  # once, not for each row that looks them up
    found: list[NDArray[Any]] = [wide.take(corner, axis=1) for corner in places.corners]
    for fraction in places.fractions:
        found = [mix(a, b, fraction[:, None], finite) for a, b in zip(found[::2], found[1::2], strict=True)]
    if not places.used.all():
        found[0][:, ~places.used] = 0.0
    return found[0]


def bin_of(axis: Axis, value: Floats) -> Indices:
    """Return the bin of each value on an axis of equal bins, from 0; the outer bins go on for ever.

    Parameters
    ----------
    axis : Axis
    value : ndarray (n_row,)
        In the unit of the axis.

    Returns
    -------
    ndarray (n_row,) of int
    """
    number = np.trunc((value - axis.start) / axis.step + 1.0)
    return np.asarray(np.clip(number, 1, axis.n_bin) - 1, np.intp)


def between(midpoints: Sequence[float], value: Floats) -> tuple[Indices, Indices, Floats]:
    """Return the bins on both sides of each value, from 0, and how far it is from the first to the second.

    Below the first midpoint and above the last one both are the same, and nothing is extrapolated. A value at a
    midpoint counts as below it.

    Parameters
    ----------
    midpoints : sequence of float
    value : ndarray (n_row,)
        In the unit of the midpoints.

    Returns
    -------
    lower, upper : ndarray (n_row,) of int
    fraction : ndarray (n_row,)
    """
    middle = np.asarray(midpoints, np.float64)
    passed = np.searchsorted(np.maximum.accumulate(middle), value, "left")  # those before the first not below it
    lower, upper = np.maximum(passed - 1, 0), np.minimum(passed, len(middle) - 1)
    width = middle[upper] - middle[lower]
    fraction = np.divide(value - middle[lower], width, out=np.zeros(len(value)), where=lower != upper)
    return lower, upper, fraction


def mix(a: NDArray[Any], b: NDArray[Any], fraction: Floats, finite: bool = False) -> Singles:
    """Return a (1 - f) + b f in single precision; where one of them is not finite, the other.

    Parameters
    ----------
    a, b : ndarray (n_component, n_row, n_channel) of float32 or float64 [count / s]
        Of single precision, whatever they are stored in; in double precision and `finite`, they are overwritten.
    fraction : ndarray (n_row, 1)
    finite : bool
        All of `a` and `b` are known to be finite.

    Returns
    -------
    ndarray (n_component, n_row, n_channel) of float32 [count / s]
    """
    with np.errstate(invalid="ignore"):
        own = finite and a.dtype == np.float64  # to make an array of this size costs as much as to multiply one
        mixed: Floats = np.multiply(a, 1.0 - fraction, out=a if own else None)
        mixed += np.multiply(b, fraction, out=b if own else None)
    single = mixed.astype(np.float32)
    if not finite:
        single = np.where(np.isfinite(a), np.where(np.isfinite(b), single, a), b).astype(np.float32)
    return single
