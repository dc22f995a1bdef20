"""How much a source varies beyond its errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rossi.arrays import Floats


@dataclass(frozen=True, slots=True)
class Variability:
    """Variability of a set of rates.

    Parameters
    ----------
    fractional, error : float
        Fractional variability and its error; NaN where the rates vary less than their errors, or are too few.
    excess, excess_error : float
        Normalised excess variance and its error, defined below 0 too.
    points : int
        Rates that count.
    """

    fractional: float
    error: float
    excess: float
    excess_error: float
    points: int


def fractional_variability(rate: Floats, error: Floats) -> Variability:
    """Return the fractional variability of rates, the errors' own variance taken off.

    With N rates x of errors e, their mean m, their variance S^2 = sum((x - m)^2) / (N - 1) and M = mean(e^2)::

        excess = (S^2 - M) / m^2                                              F = sqrt(excess)
        excess_error^2 = (sqrt(2 / N) M / m^2)^2 + (sqrt(M / N) 2 F / m)^2
        error^2 = (sqrt(1 / (2 N)) M / (m^2 F))^2 + (sqrt(M / N) / m)^2

    The errors are those of the measurement alone: another realisation of red noise would differ by more.

    Parameters
    ----------
    rate, error : ndarray (n,) [count / s]
        Those that are not finite don't count.

    Returns
    -------
    Variability
        All NaN with less than two rates, or a mean that is not above 0.

    Notes
    -----
    Vaughan, Edelson, Warwick & Uttley 2003, MNRAS 345, 1271: equations 8, 10, 11 and B2.
    """
    good = np.isfinite(rate) & np.isfinite(error)
    rate, error = rate[good], error[good]
    number, nan = len(rate), math.nan
    mean = float(rate.mean()) if number else nan
    if number < 2 or not mean > 0:
        return Variability(nan, nan, nan, nan, number)
    noise = float((error**2).mean())
    excess = (float(rate.var(ddof=1)) - noise) / mean**2
    fraction = math.sqrt(excess) if excess > 0 else 0.0
    excess_error = math.hypot(math.sqrt(2 / number) * noise / mean**2, math.sqrt(noise / number) * 2 * fraction / mean)
    if not fraction:
        return Variability(nan, nan, excess, excess_error, number)
    of_noise = math.sqrt(1 / (2 * number)) * noise / (mean**2 * fraction)
    return Variability(fraction, math.hypot(of_noise, math.sqrt(noise / number) / mean), excess, excess_error, number)
