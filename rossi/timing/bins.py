"""Whole bins inside good time, all on one grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.gti import Gti
from rossi.timeseries.series import MAX_BINS

Numbers = NDArray[np.int64]

#: Ends of good time that close to a bin's edge lie on it, in bins or seconds, whichever is less: times of 5e8 s are
#: only good to 6e-8 s.
_NOISE_BINS, _NOISE = 1e-3, 2e-7


@dataclass(frozen=True)
class Bins:
    """Runs of whole bins.

    Parameters
    ----------
    origin, dt : float [s]
        Bin k lasts from origin + k dt to origin + (k + 1) dt, MET (TT).
    first, number : ndarray (n_run,)
        First bin of each run, and how many it has.
    """

    origin: float
    dt: float
    first: Numbers
    number: Numbers

    @cached_property
    def offset(self) -> Numbers:
        """Where each run begins in a flat array of all bins."""
        return np.asarray(np.cumsum(self.number) - self.number, np.int64)

    @property
    def size(self) -> int:
        """Number of all bins."""
        return int(self.number.sum())

    @property
    def gti(self) -> Gti:
        """Time of the runs, MET (TT)."""
        start = self.origin + self.first * self.dt
        return np.column_stack((start, start + self.number * self.dt))

    def at(self, time: Floats) -> Numbers:
        """Return the position of times in a flat array of all bins, -1 where they are in none.

        Parameters
        ----------
        time : ndarray (n,) [s]
            MET (TT).

        Returns
        -------
        ndarray (n,) of int
        """
        if not len(self.first):
            return np.full(time.shape, -1, np.int64)
        bin_number = np.floor((time - self.origin) / self.dt).astype(np.int64)
        if len(self.first) == 1:  # several times faster
            at: Numbers = bin_number - self.first[0]
            at[(at < 0) | (at >= self.number[0])] = -1
            return at
        run = np.searchsorted(self.first, bin_number, "right") - 1
        inside = (run >= 0) & (bin_number < self.first[run] + self.number[run])
        return np.where(inside, self.offset[run] + bin_number - self.first[run], -1)

    def kept(self, whole: NDArray[np.bool_]) -> Bins:
        """Return the bins without some, of which runs break.

        Parameters
        ----------
        whole : ndarray (size,) of bool
            Which bins stay.
        """
        if whole.all():
            return self
        begins = np.zeros(self.size + 1, bool)
        begins[self.offset], begins[-1] = True, True
        start = np.flatnonzero(whole & (begins[:-1] | ~np.concatenate(([False], whole[:-1]))))
        end = np.flatnonzero(whole & (begins[1:] | ~np.concatenate((whole[1:], [False]))))
        run = np.searchsorted(self.offset, start, "right") - 1
        return Bins(self.origin, self.dt, self.first[run] + start - self.offset[run], end + 1 - start)


def whole_bins(good: Gti, origin: float, dt: float, name: str) -> Bins:
    """Return the whole bins inside good time.

    Parameters
    ----------
    good : Gti
        MET (TT).
    origin, dt : float [s]
    name : str
        For messages.

    Raises
    ------
    DataError
        If there are more than fit into memory.
    """
    edges = (intervals.make(good) - origin) / dt
    nearest = np.rint(edges)
    noise = min(_NOISE_BINS, _NOISE / dt)
    on_edge = np.isclose(edges, nearest, rtol=0.0, atol=noise)
    first = np.where(on_edge, nearest, np.ceil(edges))[:, 0].astype(np.int64)
    last = np.where(on_edge, nearest, np.floor(edges))[:, 1].astype(np.int64)
    some = last > first
    number = (last - first)[some]
    if number.sum() > MAX_BINS:
        raise DataError(
            f"{name}: {number.sum()} bins of {dt:g} s are asked for; up to {MAX_BINS} are possible. Give longer bins, "
            "or less good time at once."
        )
    return Bins(origin, dt, first[some], number)
