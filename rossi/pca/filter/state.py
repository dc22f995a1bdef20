"""State of the PCUs: which are on, how many electrons they see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rossi.pca.filter.single import Singles


def all_set(flags: Sequence[Singles]) -> Singles:
    """Return 1 where all flags are non-zero, 0 where one is zero, NaN where one is undefined.

    Parameters
    ----------
    flags : sequence of ndarray (...) of float32

    Returns
    -------
    ndarray (...) of float32
    """
    values = np.array(flags)
    return np.where(np.isnan(values).any(0), np.nan, (values != 0).all(0)).astype(np.float32)


def electron_ratio(left: Singles, right: Singles, both: Singles) -> Singles:
    """Return (left + right) / both, NaN where that is 0 or a count is undefined.

    Parameters
    ----------
    left, right, both : ndarray (...) of float32 [count]

    Returns
    -------
    ndarray (...) of float32
    """
    return np.asarray((left + right) / np.where(both == 0, np.float32(np.nan), both))


def total(values: Sequence[Singles]) -> Singles:
    """Return the sum in the given order, NaN where a part is undefined.

    Parameters
    ----------
    values : sequence of ndarray (n,) of float32
        At least one.

    Returns
    -------
    ndarray (n,) of float32
    """
    result = values[0]
    for value in values[1:]:
        result = result + value
    return result
