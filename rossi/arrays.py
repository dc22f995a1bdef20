"""Types of arrays that have names of their own, which values an array has, and rows of tables."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def distinct(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return distinct values, ascending, and the place of each value among them.

    Parameters
    ----------
    values : ndarray (n,)
        Nearly always ascending, which is much quicker than to sort them.

    Returns
    -------
    ndarray (k,), ndarray (n,) of int
    """
    if not len(values) or not (values[1:] >= values[:-1]).all():
        return np.unique(values, return_inverse=True)
    first = np.concatenate(([True], values[1:] != values[:-1]))
    return values[first], first.cumsum() - 1


def chosen_rows(rows: NDArray[Any], which: NDArray[Any]) -> NDArray[Any]:
    """Return some rows of a table; copied whole, not field by field, which takes ten times as long.

    Parameters
    ----------
    rows : ndarray (n,)
        Structured.
    which : ndarray (n,) of bool, or (k,) of int
    """
    if not rows.dtype.itemsize:
        return np.asarray(rows[which])
    whole = rows.view(f"V{rows.dtype.itemsize}")
    return np.asarray((whole.compress(which) if which.dtype == bool else whole.take(which)).view(rows.dtype))


def rows_of_runs(rows: NDArray[Any], start: NDArray[np.intp], stop: NDArray[np.intp]) -> NDArray[Any]:
    """Return runs of rows of a table behind each other; copied run by run, which is much quicker than row by row.

    Parameters
    ----------
    rows : ndarray (n,)
        Structured.
    start, stop : ndarray (k,) of int
        First row of each run, and the one behind its last.
    """
    whole = rows.view(f"V{rows.dtype.itemsize}")
    runs = [whole[first:end] for first, end in zip(start.tolist(), stop.tolist(), strict=True)]
    return np.asarray(np.concatenate([whole[:0], *runs]).view(rows.dtype))
