"""The dead fraction of intervals of time and of the bins of light curves (the FTOOLS task ``hxtdead``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.gti import Gti
from rossi.hexte.counters import TICKS
from rossi.hexte.deadtime import DeadTime
from rossi.hexte.science import FRAME, frame_number


@dataclass(frozen=True, slots=True)
class Detectors:
    """The detectors that a product adds up.

    Parameters
    ----------
    used : tuple of int
        Whose dead time counts.
    divisor : int
        What the sum of their dead times is divided by: how many the product has.
    divide_last : bool
        Divide after adding up over time instead of in each frame, which rounds differently.
    """

    used: tuple[int, ...]
    divisor: int
    divide_last: bool = False

    def mean(self, dead: Floats) -> Floats:
        """Return the mean (with `divide_last` the sum) over detectors, added in order.

        Parameters
        ----------
        dead : ndarray (..., 4) [2**-19 s]

        Returns
        -------
        ndarray (...) [2**-19 s]
        """
        total: Floats = reduce(np.add, [dead[..., detector] for detector in self.used])
        return total if self.divide_last else total / self.divisor

    def fraction(self, weighted: Floats, seconds: Floats) -> Floats:
        """Return the dead fraction from sums over time; 0 where no time counts.

        Parameters
        ----------
        weighted : ndarray (...) [2**-19 s s]
            Dead time times length, summed over frames.
        seconds : ndarray (...) [s]
            Lengths, summed over frames.

        Returns
        -------
        ndarray (...)
        """
        sums = weighted / self.divisor if self.divide_last else weighted
        found = np.zeros(seconds.shape)
        np.divide(sums, seconds, out=found, where=seconds > 0)
        return found / (TICKS * FRAME)


def interval_fractions(intervals: Sequence[Gti], dead: Sequence[DeadTime], detectors: Detectors) -> list[float]:
    """Return the dead fraction of all intervals of a product together, for several products.

    Parameters
    ----------
    intervals : sequence of ndarray (n, 2) [s]
        Times of frames, see `DeadTime.shifted`.
    dead : sequence of DeadTime
        Of each product.
    detectors : Detectors
        Of all.

    Returns
    -------
    list of float
        Frames without dead time do not count; 0 if none counts.
    """
    count = [len(each) for each in intervals]
    start, stop = np.concatenate(intervals).T
    owner = np.repeat(np.arange(len(dead)), count)
    found: list[float] = _fractions(start, stop, owner, len(dead), count, dead, detectors).tolist()
    return found


def bin_fractions(
    start: Sequence[Floats], width: float, dead: Sequence[DeadTime], detectors: Detectors
) -> list[Floats]:
    """Return the dead fraction of each bin of light curves; see `interval_fractions`.

    Parameters
    ----------
    start : sequence of ndarray (n,) [s]
        Starts of bins as times of frames.
    width : float [s]
    dead : sequence of DeadTime
        Of each curve.
    detectors : Detectors
        Of all.

    Returns
    -------
    list of ndarray (n,)
    """
    count, every = [len(each) for each in start], np.concatenate(start)
    found = _fractions(every, every + width, np.arange(len(every)), len(every), count, dead, detectors)
    return [found[first:last] for first, last in pairwise(accumulate(count, initial=0))]


def _fractions(
    start: Floats,
    stop: Floats,
    group: NDArray[np.intp],
    n_group: int,
    count: Sequence[int],
    dead: Sequence[DeadTime],
    detectors: Detectors,
) -> Floats:
    """Return the dead fraction of each group of intervals, of which each product has so many.

    What the frames of a group give is added one by one, in order.
    """
    number = (np.ceil((stop - start) / FRAME) + 1).astype(np.int64)
    ends = np.concatenate(([0], number.cumsum()))
    row = np.arange(len(number)).repeat(number)
    frame = (frame_number(start) - ends[:-1])[row] + np.arange(len(row))
    of_products = pairwise(ends[list(accumulate(count, initial=0))].tolist())
    each = [one.at(frame[first:last]) for one, (first, last) in zip(dead, of_products, strict=True)]
    mean, edge = detectors.mean(np.concatenate(each)), FRAME * frame
    length = np.minimum(edge + FRAME, stop[row]) - np.maximum(edge, start[row])
    (counts,) = ((mean > 0) & (length > 0)).nonzero()
    length, of = length[counts], group[row[counts]]
    weighted, seconds = (
        np.bincount(of, what, n_group).astype(np.float64, copy=False) for what in (length * mean[counts], length)
    )
    return detectors.fraction(weighted, seconds)
