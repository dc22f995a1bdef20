"""Gain epochs of the PCA: when its high voltages, and so the energies of its channels, changed."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.met import from_time, met_to_mjd

#: MJD (UTC) at which epochs 1 to 5 begin, as the energy-to-channel table says (CVSD0001 and CVST0001): 1996-01-01,
#: 1996-03-21T18:33:40, 1996-04-15T23:06:00, 1999-03-22T17:38:03, 2000-05-13 (when PCU 0 lost its propane).
STARTS = (50083.0, 50163.77337962963, 50188.9625, 51259.73475694445, 51677.0)
#: A day, MJD, that stands for each epoch where nothing else is asked for: near its middle.
REPRESENTATIVE = (50125.0, 50176.0, 50700.0, 51470.0, 53700.0)
#: End of the mission, 2012-01-05.
END = 55931.0


@dataclass(frozen=True, slots=True)
class Epoch:
    """A gain epoch, for light curves, which count in MET.

    Parameters
    ----------
    number : int
    start, stop : float [s]
        MET; infinite where nothing bounds it.
    """

    number: int
    start: float
    stop: float

    @property
    def mjd(self) -> tuple[float, float]:
        """Start and stop as MJD (TT)."""
        start, stop = met_to_mjd([self.start, self.stop])
        return float(start), float(stop)


@cache
def epochs() -> tuple[Epoch, ...]:
    """Return the gain epochs, in their order."""
    from astropy.time import Time

    starts = from_time(Time(STARTS[1:], format="mjd", scale="utc")).tolist()
    bounds = zip((-inf, *starts), (*starts, inf), strict=True)
    return tuple(Epoch(number, start, stop) for number, (start, stop) in enumerate(bounds, 1))


def epochs_at(met: ArrayLike) -> NDArray[np.int64]:
    """Return the numbers of the gain epochs of moments, 1 to 5.

    Parameters
    ----------
    met : array_like (n,) [s]
        MET.

    Returns
    -------
    ndarray (n,) of int
    """
    return np.asarray(1 + np.searchsorted([epoch.start for epoch in epochs()[1:]], met, "right"), np.int64)


def epoch_of(mjd: float) -> int:
    """Return the number of the gain epoch of a moment, 1 to 5; before the first it is 1, too.

    Parameters
    ----------
    mjd : float [MJD]
        UTC.
    """
    return max(bisect_right(STARTS, mjd), 1)


def span(epoch: int) -> tuple[float, float]:
    """Return when an epoch begins and ends.

    Parameters
    ----------
    epoch : int
        1 to 5.

    Returns
    -------
    start, stop : float [MJD]
        UTC.
    """
    return STARTS[epoch - 1], (*STARTS[1:], END)[epoch - 1]


def calendar_day(mjd: float) -> str:
    """Return the calendar day of a moment: 2000-05-13.

    Parameters
    ----------
    mjd : float [MJD]
        UTC.
    """
    return (date(1858, 11, 17) + timedelta(days=int(mjd))).isoformat()
