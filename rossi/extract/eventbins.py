"""Exposure of bins that events are counted in: the part of each bin that lies in good time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.extract.array import ScienceFile
from rossi.extract.selection import Span
from rossi.gti import Gti

Numbers = NDArray[np.int64]

#: Ends of good time closer than this to a bin's edge lie on it: times of 5e8 s are only good to 6e-8 s [s].
_NOISE = 1e-7
#: Added before truncation, absolute, in bins (see `rossi.extract.selection`).
_EDGE = 1e-10


@dataclass(frozen=True, slots=True)
class EventBins:
    """Bins with exposure, and which of them takes the events of which bin number.

    Parameters
    ----------
    bins : ndarray (n_bin,) of int
        1-based numbers.
    exposure : ndarray (n_bin,) [s]
    numbers : ndarray (n_number,) of int
        Bin numbers of events, ascending.
    slots : ndarray (n_number,) of int or None
        The position in `bins` that their events are booked to; None where these are one after the other.
    """

    bins: Numbers
    exposure: Floats
    numbers: Numbers
    slots: NDArray[np.intp] | None

    def index(self, number: Numbers) -> NDArray[np.intp]:
        """Return the position in `bins` of events with these bin numbers.

        An event of good time whose bin has no exposure (rounding put it there) goes to the nearest bin that has.

        Parameters
        ----------
        number : ndarray (n,) of int

        Returns
        -------
        ndarray (n,) of int
        """
        if self.numbers[-1] - self.numbers[0] + 1 == len(self.numbers):
            return self._slots(np.minimum(np.maximum(number - self.numbers[0], 0), len(self.numbers) - 1))
        right = np.minimum(self.numbers.searchsorted(number), len(self.numbers) - 1)
        left = np.maximum(right - 1, 0)
        nearer_left = np.abs(self.numbers[left] - number) < np.abs(self.numbers[right] - number)
        return self._slots(np.where(nearer_left, left, right))

    def _slots(self, at: NDArray[np.intp]) -> NDArray[np.intp]:
        return at if self.slots is None else np.asarray(self.slots[at])


def covered_bins(ranges: Sequence[Gti], span: Span) -> EventBins:
    """Return the bins that good time touches, with the length of good time in each.

    Parameters
    ----------
    ranges : sequence of ndarray (m, 2) [s]
        Good time of each file.
    span : Span
    """
    bins, exposure, _ = _touched(ranges, span.origin, span.binsz)
    return _once(bins, exposure)


def covered_bins_apart(ranges: Sequence[Gti], spans: Sequence[Span]) -> list[EventBins]:
    """Do the same as `covered_bins` for files that have bins of their own each.

    Parameters
    ----------
    ranges : sequence of ndarray (m, 2) [s]
        Good time of each file.
    spans : sequence of Span
        Of each.
    """
    number = [len(gti) for gti in ranges]
    origin, binsz = (np.repeat([getattr(span, name) for span in spans], number) for name in ("origin", "binsz"))
    bins, exposure, edges = _touched(ranges, origin, binsz)
    return [_once(bins[first:last], exposure[first:last]) for first, last in pairwise(edges)]


def _touched(ranges: Sequence[Gti], origin: float | Floats, binsz: float | Floats) -> tuple[Numbers, Floats, list[int]]:
    """Return the bins of ranges one after the other, their exposure, and where those of each file begin and end."""
    pairs = np.concatenate(ranges)
    edges = (pairs.T - origin) / binsz + 1
    nearest = np.rint(edges)
    edges = np.where(np.abs(edges - nearest) * binsz < _NOISE, nearest, edges)
    (filled,) = (edges[1] > edges[0]).nonzero()
    (start, stop), width = edges[:, filled], np.full(len(pairs), binsz)[filled]
    first, last = np.floor(start).astype(np.int64), np.ceil(stop).astype(np.int64) - 1
    number = last - first + 1
    ends = number.cumsum()
    begins = ends - number
    offset, exposure = (first - begins).repeat(number), width.repeat(number)
    exposure[ends - 1] = np.where(stop < last + 1, (stop - last) * width, width)
    exposure[begins] -= (start - first) * width
    (single,) = (number == 1).nonzero()
    lengths = pairs[filled[single], 1] - pairs[filled[single], 0]
    exposure[begins[single]] = np.minimum(lengths, width[single])
    of_file = filled.searchsorted(list(accumulate(map(len, ranges), initial=0)))
    return np.arange(len(offset)) + offset, exposure, np.concatenate(([0], ends))[of_file].tolist()


def _once(bins: Numbers, exposure: Floats) -> EventBins:
    """Join bins that several ranges share."""
    if not (bins[1:] > bins[:-1]).all():
        bins, at = np.unique(bins, return_inverse=True)
        exposure = np.bincount(at, exposure, len(bins)).astype(np.float64)
    return EventBins(bins, exposure, bins, None)


def reference_slots(files: Sequence[ScienceFile], ranges: Sequence[Gti], span: Span) -> EventBins:
    """Return bins and exposure as ``seextrct`` books them.

    A range that begins inside a bin takes over the last bin of the range before it, with its exposure and counts; one
    bin may appear twice, or not at all. Totals are right, the light curve near the beginning of ranges is not.

    Parameters
    ----------
    files : sequence of ScienceFile
        By TSTART.
    ranges : sequence of ndarray (m, 2) [s]
        Good time of each file.
    span : Span
    """
    edges = [np.floor((r - span.origin) / span.binsz + 1 + _EDGE) for r in ranges]
    size = sum(int((e[:, 1] - e[:, 0]).sum()) + len(e) + 1 for e in edges)
    book = _Book(span, np.zeros(size + 1, np.int64), np.zeros(size + 1))
    for number, (file, of_file) in enumerate(zip(files, ranges, strict=True)):
        if number and book.current and file.tstart - files[number - 1].tstop >= span.binsz:
            book.current += 1
        entry = book.current
        for start, stop in of_file.tolist():
            book.add(start, stop, entry)
    return book.result()


class _Book:
    """The slots of `reference_slots`, from 1, each with a bin number and an exposure, and which bin uses which slot."""

    def __init__(self, span: Span, bins: Numbers, exposure: Floats) -> None:
        self.span, self.bins, self.exposure = span, bins, exposure
        self.current = 0
        self.hold: int | None = None
        self.used: list[tuple[Numbers, Numbers]] = []

    def add(self, start: float, stop: float, entry: int) -> None:
        """Book a range of good time of a file whose first free slot is behind `entry`."""
        origin, binsz = self.span.origin, self.span.binsz
        x, y = (start - origin) / binsz + 1, (stop - origin) / binsz + 1
        first, last = int(np.floor(x + _EDGE)), int(np.floor(y + _EDGE))
        before, after = (x - first) * binsz, (y - last) * binsz
        self.hold = first if self.hold is None else self.hold
        if first == last:
            self.current += first != self.hold
            self.hold = first
            self._book(first, stop - start)
            return
        if before > 0:  # whatever the present slot holds, this bin takes it over
            self._book(first, binsz - (0.0 if before + 1e-6 >= binsz else before))
        else:
            self.current += self.current != entry
            self._book(first, binsz)
        numbers = np.arange(first + 1, last)
        slots = self.current + 1 + np.arange(len(numbers))
        self.bins[slots], self.exposure[slots] = numbers, binsz
        self.used.append((numbers, slots))
        self.current += len(numbers)
        if after > 0:
            self.current += 1
            self._book(last, binsz if after + 1e-6 >= binsz else after)

    def _book(self, number: int, exposure: float) -> None:
        self.current = max(self.current, 1)
        self.bins[self.current] = number
        self.exposure[self.current] += exposure
        self.used.append((np.array([number]), np.array([self.current])))

    def result(self) -> EventBins:
        """Return the slots with exposure, in order; a bin's events go to the slot that it used last."""
        filled = self.exposure > 0
        numbers = np.concatenate([np.empty(0, np.int64), *(n for n, _ in self.used)])
        slots = np.concatenate([np.empty(0, np.int64), *(s for _, s in self.used)])
        unique, latest = np.unique(numbers[::-1], return_index=True)
        position = np.cumsum(filled) - 1
        return EventBins(self.bins[filled], self.exposure[filled], unique, position[slots[::-1][latest]])
