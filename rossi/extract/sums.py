"""Sums as the FTOOLS extractors add them up: one number after the other, rounding included."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats


def repeated_sum(value: float, number: NDArray[np.integer]) -> Floats:
    """Return what a number added to 0 again and again gives, rounding included.

    Between two powers of two every addition adds the same, so that a few dozen steps do for any number of additions.

    Parameters
    ----------
    value : float
        Above 0.
    number : ndarray (n,) of int
        How often, from 1 on.

    Returns
    -------
    ndarray (n,)
    """
    count, start, step = _runs_of_sums(value, int(number.max()).bit_length())
    at = np.searchsorted(count, number, "right") - 1
    return np.asarray(start[at] + (number - count[at]) * step[at])


@lru_cache(maxsize=256)
def _runs_of_sums(value: float, bits: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return number of additions, sum, and what each further one adds, at the start of each run of equal steps.

    The runs suffice for fewer than 2^bits additions.
    """
    runs = [(1, value, 0.0)]
    count, total = 1, value
    while count < 1 << bits:
        before, total, count = total, total + value, count + 1
        runs.append((count, total, 0.0))
        unit, top = math.ulp(total), math.ldexp(1.0, math.frexp(total)[1])
        if math.ulp(before) != unit:  # what lies half-way between two numbers becomes even, and stays so, from the next
            continue
        step = (total + value) - total
        if step == 0.0:
            break
        more = (int((top - total) / unit) - 1) // int(step / unit)  # the sum stays below the next power of two
        if more > 0:
            runs[-1] = (count, total, step)
            count, total = count + more, total + more * step
    counts, starts, steps = zip(*runs, strict=True)
    return np.array(counts), np.array(starts), np.array(steps)


def last_sum(values: Floats) -> float:
    """Return the sum of values added one by one in order (`numpy.sum` adds in pairs and rounds differently).

    Parameters
    ----------
    values : ndarray (n,)
    """
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0


def add_rows(start: Floats, values: NDArray[Any]) -> Floats:
    """Return numbers plus rows of numbers, added in order.

    Parameters
    ----------
    start : ndarray (n,)
    values : ndarray (..., n)
        Reals in its first row are overwritten, as copies of large arrays take most of the time.

    Returns
    -------
    ndarray (n,)
    """
    number = math.prod(values.shape[:-1])
    if values.dtype.kind == "i":
        while values.ndim > 1:  # long rows are added up quicker than many
            values = whole_sum(values, 0, number)
        return np.asarray(start + values)
    values = values.reshape(number, len(start))
    if values.shape[1] == 1:
        return np.array([last_sum(np.append(start, values))])
    if not len(values):
        return start
    values[0] += start
    return np.asarray(np.add.reduce(values, axis=0))  # row by row, if there is more than one column


def whole_sum(
    values: NDArray[np.signedinteger[Any]], axis: int, number: int | None = None
) -> NDArray[np.signedinteger[Any]]:
    """Return sums of whole numbers, exactly.

    Parameters
    ----------
    values : ndarray (...)
        Of 32 bits are those that came from 16, and their sums, as far as these fit.
    axis : int
    number : int, optional
        How many are added up in the end, by default those along the axis.
    """
    short = values.dtype == np.int32 and (number or values.shape[axis]) < 1 << 15
    return np.asarray(values.sum(axis=axis, dtype=np.int32 if short else np.int64))
