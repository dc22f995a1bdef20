"""How much a source varies beyond the noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def fractional_variability(rate: ArrayLike, error: ArrayLike) -> tuple[float, float]:
    """Return the fractional rms variability: that beyond the errors, as a fraction of the mean rate.

    ``F = sqrt(S^2 - <error^2>) / <rate>`` and its error by equation B2 of Vaughan et al. 2003, MNRAS 345, 1271, where
    S^2 is the sample variance. The error is that of the noise alone: another time, the same source may vary otherwise.

    Parameters
    ----------
    rate, error : array_like (n,)
        Rates and their standard deviations in one unit; what is not finite is left out.

    Returns
    -------
    value, error : float
        Where the variance is no more than the noise: 0, and what the noise can hide at one standard deviation. NaN for
        less than two rates, and for a mean that is not positive.
    """
    rates, errors = np.asarray(rate, np.float64), np.asarray(error, np.float64)
    good = np.isfinite(rates) & np.isfinite(errors)
    rates, noise = rates[good], errors[good] ** 2
    if len(rates) < 2 or not rates.mean() > 0:
        return float("nan"), float("nan")
    count, mean, expected = len(rates), float(rates.mean()), float(noise.mean())
    excess = float(rates.var(ddof=1)) - expected
    hidden = np.sqrt(2 / count) * expected / mean**2
    if excess <= 0:
        return 0.0, float(np.sqrt(hidden))
    value = np.sqrt(excess) / mean
    return float(value), float(np.hypot(hidden / (2 * value), np.sqrt(expected / count) / mean))
