"""Cutting a time axis at its long gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def segments(time: ArrayLike, *, most: int = 6) -> NDArray[np.float64]:
    """Return the stretches of time worth an axis of their own.

    The axis is cut where a gap is longer than a tenth of the whole and all that lies between the cuts is short beside
    the gaps, but only when the stretches hold several clumps of data each: single pointings years apart read best on
    one axis.

    Parameters
    ----------
    time : array_like (n,) [d]
    most : int
        Never more stretches than this.

    Returns
    -------
    ndarray (n_stretch, 2) [d]
        First and last time of each.
    """
    ordered = np.unique(np.asarray(time, np.float64))
    ordered = ordered[np.isfinite(ordered)]
    if not len(ordered):
        return np.empty((0, 2))
    span = ordered[-1] - ordered[0]
    gap = np.diff(ordered)
    cuts = np.flatnonzero(gap > 0.1 * span)
    clumps = 1 + int((gap > 0.1).sum())
    cut_away = gap[cuts].sum()
    if not 0 < len(cuts) < most or cut_away < 0.6 * span or clumps < 3 * (len(cuts) + 1):
        return np.array([[ordered[0], ordered[-1]]])
    first = np.concatenate(([0], cuts + 1))
    last = np.concatenate((cuts, [len(ordered) - 1]))
    return np.column_stack((ordered[first], ordered[last]))
