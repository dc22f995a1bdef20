"""Means over bins."""

from __future__ import annotations

import numpy as np

from rossi.arrays import Floats


def mean_rate(rate: Floats, error: Floats, exposure: Floats) -> tuple[float, float, float]:
    """Return the exposure-weighted mean rate of bins.

    The mean of Poisson rates is the number of counts over the exposure, ``sum(r x) / sum(x)``, with the error
    ``sqrt(sum((e x)^2)) / sum(x)``; weights of 1/error^2 would favour low fluctuations.

    Parameters
    ----------
    rate, error : ndarray (n,) [count / s] or [count / s / PCU]
    exposure : ndarray (n,) [s] or [PCU s]

    Returns
    -------
    rate, error : float
        In the unit of `rate`; NaN where no bin has a rate and an exposure.
    exposure : float
        In the unit of `exposure`; 0 where no bin has a rate and an exposure.
    """
    good = np.isfinite(rate) & np.isfinite(error) & (exposure > 0)
    if not good.any():
        return float("nan"), float("nan"), 0.0
    weight = exposure[good]
    total = weight.sum()
    mean = (rate[good] * weight).sum() / total
    spread = np.sqrt(((error[good] * weight) ** 2).sum()) / total
    return float(mean), float(spread), float(total)
