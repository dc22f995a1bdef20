"""Moments that several files hold, or several rows of one: each counts once.

A copy under another name, or files that overlap, would otherwise double counts and exposure and make errors too small.
Of rows at the same time, that of the file that begins first counts; of files that begin together, that of the one named
first; in one file, the first row. Files of different modes or analysers may hold the same time: each has photons of its
own.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.arrays import Floats
from rossi.extract.array import ScienceFile
from rossi.gti import Gti

#: Code of what is said of it.
REPEATED = "counted_once"
#: Less is noise of the files' ends [s].
_NOISE = 1e-3


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a file holds that counted already.

    Parameters
    ----------
    name : str
    seconds : float [s]
    """

    name: str
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.seconds:g} s of its data are there twice, in rows before or in another file; each "
            "moment counts once, as the first of them has it."
        )


def stream_of(file: ScienceFile) -> tuple[str, str]:
    """Return what tells files apart that may hold the same time: application id and data mode.

    Parameters
    ----------
    file : ScienceFile
    """
    return str(file.table.header.get("APPID", "")).strip(), str(file.table.header.get("DATAMODE", "")).strip()


@dataclass(frozen=True, slots=True)
class Counted:
    """The samples that count so far.

    Parameters
    ----------
    samples : dict of (str, str) to list of (ndarray (n,), float) [s]
        By stream: starts, ascending, and length of each file's.
    """

    samples: dict[tuple[str, str], list[tuple[Floats, float]]] = field(default_factory=dict)

    def first(self, file: ScienceFile, start: Floats, dt: float) -> NDArray[np.intp]:
        """Return which samples of a file do not count yet, in their order, and count them.

        Parameters
        ----------
        file : ScienceFile
        start : ndarray (n,) [s]
        dt : float [s]
            Length of a sample.

        Returns
        -------
        ndarray (n_first,) of int
        """
        fresh, before = _not_held(start, dt), self.samples.setdefault(stream_of(file), [])
        for held, length in before:
            middle = start[fresh] + dt / 2
            if len(middle) and len(held) and middle.min() < held[-1] + length and middle.max() >= held[0]:
                at = np.searchsorted(held, middle, "right") - 1
                fresh = fresh[(at < 0) | (middle >= held[at] + length)]
        left = start[fresh]
        before.append((left if (left[1:] > left[:-1]).all() else np.sort(left), dt))
        return fresh


def _not_held(start: Floats, dt: float) -> NDArray[np.intp]:
    """Return the samples that do not overlap an earlier row of the same file by more than half."""
    if (start[1:] - start[:-1] > dt / 2).all():
        return np.arange(len(start))
    order = np.argsort(start, kind="stable")
    kept, last = [], -np.inf
    for at, time in zip(order.tolist(), start[order].tolist(), strict=True):
        if time > last + dt / 2:
            kept.append(at)
            last = time
    return np.sort(np.array(kept, np.intp))


def once(files: Sequence[ScienceFile], ranges: Sequence[Gti]) -> tuple[list[Gti], tuple[Repeat, ...]]:
    """Take from the good time of each file what an earlier one of its stream has.

    Parameters
    ----------
    files : sequence of ScienceFile
        By TSTART.
    ranges : sequence of ndarray (m, 2) [s]
        The good time of each.

    Returns
    -------
    list of ndarray (m, 2) [s], tuple of Repeat
    """
    return once_of([(file.name, stream_of(file)) for file in files], ranges)


def once_of(files: Sequence[tuple[str, Hashable]], ranges: Sequence[Gti]) -> tuple[list[Gti], tuple[Repeat, ...]]:
    """Do the same as `once` for files of which name and stream are known.

    Parameters
    ----------
    files : sequence of (str, hashable)
        Name and stream.
    ranges : sequence of ndarray (m, 2) [s]
        The good time of each.

    Returns
    -------
    list of ndarray (m, 2) [s], tuple of Repeat
    """
    counted: dict[Hashable, Gti] = {}
    left, repeats = [], []
    for (name, stream), good in zip(files, ranges, strict=True):
        before = counted.get(stream)
        if before is None:
            counted[stream] = good
            left.append(good)
            continue
        shared = intervals.total(intervals.intersection(good, before))
        left.append(intervals.difference(good, before) if shared > _NOISE else good)
        counted[stream] = intervals.union(before, good)
        repeats += [Repeat(name, shared)] if shared > _NOISE else []
    return left, tuple(repeats)
