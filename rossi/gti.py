"""Good time intervals: half-open sets of time, and their algebra.

A GTI is a float64 array (n, 2) of START and STOP [s], sorted, disjoint, none empty. Interval ends belong to the set at
START only.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.errors import DataError, shortened
from rossi.fits.header import Header
from rossi.fits.table import Table
from rossi.met import split_keyword, timezero

Gti: TypeAlias = NDArray[np.float64]


def make(intervals: ArrayLike) -> Gti:
    """Return intervals as a GTI: sorted, touching and overlapping ones joined, empty ones dropped.

    Parameters
    ----------
    intervals : array_like (n, 2) [s]

    Returns
    -------
    ndarray (m, 2) [s]

    Raises
    ------
    TypeError
        If that are no pairs of numbers.
    """
    pairs = _pairs(intervals)
    made = _made(pairs)
    return pairs.copy() if made is pairs else made


def _made(pairs: Gti) -> Gti:
    """Return what `make` does; the pairs themselves where they are a GTI already."""
    if _is_gti(pairs):  # the common case, several times faster
        return pairs
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    if len(pairs) < 2:
        return pairs
    start, stop = pairs[pairs[:, 0].argsort(kind="stable")].T
    reach = np.maximum.accumulate(stop)
    gaps = (start[1:] > reach[:-1]).nonzero()[0]
    joined = np.empty((len(gaps) + 1, 2))
    joined[0, 0], joined[1:, 0] = start[0], start[gaps + 1]
    joined[:-1, 1], joined[-1, 1] = reach[gaps], reach[-1]
    return joined


def _is_gti(pairs: Gti) -> bool:
    """Return whether intervals are sorted, disjoint and not empty; False where there is none."""
    if len(pairs) < 2:
        return bool(len(pairs) and pairs[0, 0] < pairs[0, 1])
    ends = pairs.ravel()
    return bool(np.logical_and.reduce(ends[1:] > ends[:-1]))


def _pairs(intervals: ArrayLike) -> Gti:
    try:
        array = np.asarray(intervals, np.float64)
        if array.ndim < 2 or array.shape[-1] == 2 or not array.size:
            return array.reshape(-1, 2)
    except (TypeError, ValueError):
        pass  # no numbers, or an odd number of them
    raise TypeError(
        f"Intervals are {shortened(intervals)}; pairs of START and STOP [s] were expected: [[0, 16], [32, 48]]."
    )


def pairs_of(start: ArrayLike, stop: ArrayLike) -> Gti:
    """Return starts and stops side by side.

    Parameters
    ----------
    start, stop : array_like (n,) [s]

    Returns
    -------
    ndarray (n, 2) [s]
        As they are: see `make`.
    """
    pairs = np.empty((np.size(start), 2))  # stack() takes many times as long
    pairs[:, 0], pairs[:, 1] = start, stop
    return pairs


def is_ordered(rows: ArrayLike) -> bool:
    """Return whether rows of START and STOP are sorted and do not overlap.

    Parameters
    ----------
    rows : array_like (n, 2) [s]
    """
    pairs = _pairs(rows)
    return bool((pairs[1:, 0] >= pairs[:-1, 1]).all())


def union(*gtis: ArrayLike) -> Gti:
    """Return the time that is in any of the GTIs.

    Parameters
    ----------
    *gtis : array_like (n, 2) [s]

    Returns
    -------
    ndarray (m, 2) [s]
    """
    if len(gtis) == 1:
        return make(gtis[0])
    return make(np.concatenate([_pairs(g) for g in gtis] or [np.empty((0, 2))]))


def intersection(a: ArrayLike, b: ArrayLike) -> Gti:
    """Return the time that is in both GTIs.

    Parameters
    ----------
    a : array_like (n, 2) [s]
    b : array_like (m, 2) [s]

    Returns
    -------
    ndarray (k, 2) [s]
    """
    x, y = _made(_pairs(a)), _made(_pairs(b))
    if not len(x) or not len(y):
        return np.empty((0, 2))
    if len(x) == 1 or len(y) == 1:  # the common case, several times faster
        several, (one,) = (y, x) if len(x) == 1 else (x, y)
        cut = np.minimum(np.maximum(several, one[0]), one[1])
        return np.asarray(cut.compress(cut[:, 0] < cut[:, 1], axis=0))
    edges = np.concatenate((x[:, 1], y[:, 1], x[:, 0], y[:, 0]))  # of equal ones, ends come first
    order = edges.argsort(kind="stable")
    within = np.where(order < len(x) + len(y), -1, 1).cumsum()  # how many hold the time behind each edge
    both = (within == 2).nonzero()[0]
    return pairs_of(edges[order[both]], edges[order[both + 1]])


def difference(a: ArrayLike, b: ArrayLike) -> Gti:
    """Return the time that is in the first GTI and not in the second.

    Parameters
    ----------
    a : array_like (n, 2) [s]
    b : array_like (m, 2) [s]

    Returns
    -------
    ndarray (k, 2) [s]
    """
    edges = np.concatenate(([-np.inf], _made(_pairs(b)).ravel(), [np.inf]))
    return intersection(a, edges.reshape(-1, 2))


def total(gti: ArrayLike) -> float:
    """Return the length of a GTI.

    Parameters
    ----------
    gti : array_like (n, 2) [s]
        Disjoint.

    Returns
    -------
    float [s]
    """
    pairs = _pairs(gti)
    return float((pairs[:, 1] - pairs[:, 0]).sum())


def contains(gti: ArrayLike, time: ArrayLike, *, closed: bool = False) -> NDArray[np.bool_]:
    """Return which times lie in a GTI.

    Parameters
    ----------
    gti : array_like (n, 2) [s]
        Sorted and disjoint.
    time : array_like (...) [s]
    closed : bool
        Count a time that equals a STOP as inside.

    Returns
    -------
    ndarray of bool, shaped as `time`
    """
    pairs = _pairs(gti)
    t = np.asarray(time, np.float64)
    if not len(pairs):
        return np.zeros(t.shape, bool)
    if len(pairs) == 1:  # the common case, several times faster
        start, stop = pairs[0]
        return np.asarray((t >= start) & ((t <= stop) if closed else (t < stop)))
    at = np.searchsorted(pairs[:, 0], t, "right") - 1
    end = pairs[np.maximum(at, 0), 1]
    return np.asarray((at >= 0) & ((t <= end) if closed else (t < end)))


def from_table(table: Table, *, start: str = "START", stop: str = "STOP") -> Gti:
    """Read a GTI extension.

    TIMEZERO of the extension is added, and the intervals are clipped to its TSTART and TSTOP where it has them, as
    the extractors do (an interval outside is dropped, one partly outside is cut). Intervals of no length are dropped.

    Parameters
    ----------
    table : Table
    start, stop : str
        Columns.

    Returns
    -------
    ndarray (m, 2) [s]

    Raises
    ------
    DataError
        If an interval ends before it starts, or has no finite end: the table is damaged.
    """
    return from_rows(pairs_of(table.numbers(start), table.numbers(stop)), table.header, table.where)


def from_rows(rows: ArrayLike, header: Header, where: str) -> Gti:
    """Return rows of a GTI extension with this header as a GTI; see `from_table`.

    Parameters
    ----------
    rows : array_like (n, 2) [s]
        START and STOP, TIMEZERO not added.
    header : Header
    where : str
        File and HDU, for messages.

    Returns
    -------
    ndarray (m, 2) [s]

    Raises
    ------
    DataError
        As `from_table` does.
    """
    zero = timezero(header, where)
    first = split_keyword(header, "TSTART", where, -np.inf) + zero
    last = split_keyword(header, "TSTOP", where, np.inf) + zero
    pairs = _pairs(rows) + zero
    if _is_gti(pairs) and first <= pairs[0, 0] and pairs[-1, 1] <= last and math.isfinite(pairs[-1, 1] - pairs[0, 0]):
        return pairs
    if not np.isfinite(pairs).all():
        row = int(np.flatnonzero(~np.isfinite(pairs).all(axis=1))[0])
        raise DataError(
            f"{where}: row {row + 1} lasts from {pairs[row, 0]:g} to {pairs[row, 1]:g} s; good time intervals must "
            "have finite ends. Fetch or make the file again."
        )
    (wrong,) = (pairs[:, 1] < pairs[:, 0]).nonzero()
    if len(wrong):
        raise DataError(f"{where}: row {wrong[0] + 1} has STOP before START; good time intervals must run forward.")
    return make(np.minimum(np.maximum(pairs, first), last))
