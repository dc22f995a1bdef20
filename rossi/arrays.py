"""Types of arrays that have names of their own, which values an array has, and rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
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
    whole = _whole(rows)
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
    whole = _whole(rows)
    runs = [whole[first:end] for first, end in zip(start.tolist(), stop.tolist(), strict=True)]
    return np.asarray(np.concatenate([whole[:0], *runs]).view(rows.dtype))


def joined_rows(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return rows of tables behind each other; copied whole, as by `chosen_rows`.

    Parameters
    ----------
    parts : sequence of ndarray (n,)
        At least one, structured, all of one dtype.
    """
    return np.asarray(np.concatenate([_whole(rows) for rows in parts]).view(parts[0].dtype))


def _whole(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows without their fields; those of a table without columns stay as they are."""
    return rows.view(f"V{rows.dtype.itemsize}") if rows.dtype.itemsize else rows
