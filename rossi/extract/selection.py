"""Which samples count, and in which bin each falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.arrays import distinct
from rossi.errors import ConfigError, DataError, NoGoodTime
from rossi.extract.array import ScienceArray, ScienceFile
from rossi.extract.repeats import Counted, Repeat
from rossi.gti import Gti
from rossi.timeseries.series import MAX_BINS

#: No bin is longer than the mission [s].
_LONGEST = 1e9
#: Numbers of bins that double precision still counts one by one.
_COUNTABLE = 1 << 53
#: Added before truncation so that a sample that rounding put just below a bin's edge goes up; absolute, in bins.
_EDGE = 1e-10


@dataclass(frozen=True, slots=True)
class TimeSelection:
    """The good time that extraction applies.

    Parameters
    ----------
    own : {"apply", "none"} or sequence of ndarray (m, 2) [s]
        The files' own good time: HDU 2 of each file (if each has it), none, or GTIs that are matched to the files by
        their first START or last STOP.
    common : sequence of ndarray (m, 2) [s]
        Good time that holds for all files; all are intersected.
    empty_is_all : bool
        Compatibility: take a common GTI without time for no restriction, as the FTOOLS extractors do.
    repeats : bool
        Compatibility: count moments that are in several files as often, as the FTOOLS extractors do.
    """

    own: str | Sequence[Gti] = "apply"
    common: Sequence[Gti] = ()
    empty_is_all: bool = False
    repeats: bool = False

    def common_gti(self) -> Gti | None:
        """Return the intersection of the common GTIs, None for no restriction.

        Returns
        -------
        ndarray (m, 2) [s] or None

        Raises
        ------
        NoGoodTime
            If nothing is left.
        """
        if not self.common:
            return None
        result = intervals.make(self.common[0])
        for other in self.common[1:]:
            result = intervals.intersection(result, other)
        if len(result):
            return result
        if self.empty_is_all and len(self.common) == 1:
            return None
        raise NoGoodTime("The good time intervals contain no time; nothing can be extracted.")

    def own_gtis(self, arrays: Sequence[ScienceFile]) -> list[Gti]:
        """Return the own good time of each file.

        Parameters
        ----------
        arrays : sequence of ScienceFile

        Returns
        -------
        list of ndarray (m, 2) [s]

        Raises
        ------
        DataError
            If GTIs are given and none belongs to a file.
        ConfigError
            If `own` is a text that means nothing.
        """
        if self.own == "apply":
            known = [a.own_gti for a in arrays if a.own_gti is not None]
            if len(known) == len(arrays):
                return known
        if self.own in ("apply", "none"):
            return [np.array([[a.tstart, a.tstop]]) for a in arrays]
        if isinstance(self.own, str):
            raise ConfigError(f"own good time is {self.own!r}; expected 'apply', 'none', or GTIs.")
        return [_matching(array, self.own) for array in arrays]


def _matching(array: ScienceFile, gtis: Sequence[Gti]) -> Gti:
    for gti in gtis:
        if len(gti) and (gti[0, 0] == array.tstart or gti[-1, 1] == array.tstop):
            return gti
    raise DataError(
        f"{array.name}: none of the GTIs begins or ends with this file ({array.tstart} to {array.tstop}); "
        "give good time that is common to all files as gtiandfile."
    )


def bin_number(time: NDArray[np.float64], origin: float, binsz: float) -> NDArray[np.int64]:
    """Return the 1-based bin of each time.

    Parameters
    ----------
    time : ndarray (n,) [s]
    origin, binsz : float [s]
        Bins are ``origin + k * binsz``.

    Returns
    -------
    ndarray (n,) of int
    """
    return bin_floor(time, origin, binsz).astype(np.int64)


def bin_floor(time: NDArray[np.float64], origin: float, binsz: float) -> NDArray[np.float64]:
    """Return what `bin_number` does as real numbers, for those who compare them only.

    Parameters
    ----------
    time : ndarray (n,) [s]
    origin, binsz : float [s]

    Returns
    -------
    ndarray (n,)
    """
    number = np.asarray(time - origin)
    number /= binsz
    number += 1
    number += _EDGE
    return np.floor(number, out=number)


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one file that count.

    Parameters
    ----------
    array : ScienceArray
    index : ndarray (n_kept,) of int
        Position of each sample among the file's n_row * n_time samples.
    bins : ndarray (n_kept,) of int
        1-based bin of each.
    dt : float
        Length of a sample [s].
    """

    array: ScienceArray
    index: NDArray[np.intp]
    bins: NDArray[np.int64]
    dt: float


@dataclass(frozen=True, slots=True)
class Span:
    """The bins of a light curve and the files that they are filled from.

    Parameters
    ----------
    origin : float
        TSTART of the earliest file, TIMEZERO added [s].
    binsz : float [s]
    start, stop : float
        First START and last STOP of the files' own good time [s]; what TSTART and TSTOP of products say.
    files : tuple of ScienceFile
        By TSTART.
    repeats : tuple of Repeat
        What was there more than once and counts once.
    """

    origin: float
    binsz: float
    start: float
    stop: float
    files: tuple[ScienceFile, ...]
    repeats: tuple[Repeat, ...]


@dataclass(frozen=True)
class Grid(Span):
    """The bins of a light curve and the samples that fall into them.

    Parameters
    ----------
    samples : tuple of Samples
        One a file, by TSTART.
    """

    samples: tuple[Samples, ...]

    @property
    def filled(self) -> NDArray[np.int64]:
        """Numbers of the bins that samples fall into, ascending (n_bin,)."""
        return self._filling[0]

    @property
    def places(self) -> tuple[NDArray[np.intp], ...]:
        """For each file, where in `filled` the bin of each sample is (n_kept,)."""
        return self._filling[1]

    @cached_property
    def _filling(self) -> tuple[NDArray[np.int64], tuple[NDArray[np.intp], ...]]:
        filled, place = distinct(np.concatenate([np.empty(0, np.int64), *(s.bins for s in self.samples)]))
        ends = list(accumulate(len(samples.bins) for samples in self.samples))
        return filled, tuple(place[first:last] for first, last in zip([0, *ends], ends, strict=False))

    @property
    def arrays(self) -> tuple[ScienceArray, ...]:
        """The files, by TSTART."""
        return tuple(s.array for s in self.samples)


def select_samples(
    arrays: Sequence[ScienceArray], column: str, binsz: float | None, time: TimeSelection, multiple: bool = False
) -> Grid:
    """Choose the samples whose start is in good time and number their bins.

    Parameters
    ----------
    arrays : sequence of ScienceArray
        In any order.
    column : str
        A column of the kind that will be extracted; its shape decides on samples.
    binsz : float or None [s]
        None takes a hundredth of the time span; a value below the length of a sample is raised to it.
    time : TimeSelection
    multiple : bool
        Count `binsz` in samples instead of seconds.

    Raises
    ------
    NoGoodTime
        If the common good time is empty.
    ConfigError
        If binsz is not positive.
    DataError
        If there are too many bins to be counted.
    """
    ordered = sorted(arrays, key=lambda a: a.tstart)
    own, common = time.own_gtis(ordered), time.common_gti()
    shapes = [a.shape(column) for a in ordered]
    span = bins_over(ordered, own, shapes[0].dt, binsz, multiple)
    origin, binsz, stop = span.origin, span.binsz, span.stop
    samples, counted, repeats = [], Counted(), []
    for array, gti, shape in zip(ordered, own, shapes, strict=True):
        t = array.time
        if shape.n_time != 1:
            t = (t[:, None] + np.arange(shape.n_time) * shape.dt).ravel()
        keep = intervals.contains(gti, t) & (t >= origin) & (t < stop)
        if common is not None:
            keep &= intervals.contains(common, t)
        (index,) = keep.nonzero()
        t = t[index]
        if not time.repeats:
            first = counted.first(array, t, shape.dt)
            if len(first) < len(index):
                repeats.append(Repeat(array.name, (len(index) - len(first)) * shape.dt))
                index, t = index[first], t[first]
        samples.append(Samples(array, index, bin_number(t, origin, binsz), shape.dt))
    return Grid(origin, binsz, span.start, stop, span.files, tuple(repeats), tuple(samples))


def bins_over(
    ordered: Sequence[ScienceFile], own: Sequence[Gti], dt: float, binsz: float | None, multiple: bool = False
) -> Span:
    """Return the bins over files.

    Parameters
    ----------
    ordered : sequence of ScienceFile
        By TSTART.
    own : sequence of ndarray (m, 2) [s]
        The good time of each.
    dt : float [s]
        Length of a sample, or resolution of event times.
    binsz : float or None [s]
    multiple : bool
        See `select_samples`.

    Raises
    ------
    ConfigError
        If binsz is not positive.
    DataError
        If there are too many bins to be counted.
    """
    origin, filled = ordered[0].tstart, [g for g in own if len(g)]
    start = min((float(g[0, 0]) for g in filled), default=origin)
    stop = max((float(g[-1, 1]) for g in filled), default=origin)
    binsz = _bin_size(binsz, dt, min(stop - origin, sum(f.tstop - f.tstart for f in ordered)), multiple)
    if not (0 < binsz < _LONGEST and (stop - origin) / binsz < _COUNTABLE):
        raise DataError(
            f"{ordered[0].name}: bins of {binsz:g} s from {origin:g} to {stop:g} s can't be counted; TIMEDEL or the "
            "good time of the files is damaged, or binsz far too small."
        )
    return Span(origin, binsz, start, stop, tuple(ordered), ())


def require_few_bins(ranges: Sequence[Gti], span: Span) -> None:
    """Require that good time has no more than `MAX_BINS` bins: their arrays would not fit into memory.

    Parameters
    ----------
    ranges : sequence of ndarray (m, 2) [s]
        Good time of each file.
    span : Span

    Raises
    ------
    DataError
        If it has more.
    """
    seconds = sum(intervals.total(gti) for gti in ranges)
    number = seconds / span.binsz + sum(len(gti) for gti in ranges)
    if number > MAX_BINS:
        raise DataError(
            f"{span.files[0].name}: binsz is {span.binsz:g} s, which makes {number:.0f} bins of {seconds:.0f} s of "
            f"good time; up to {MAX_BINS} are possible. Give longer bins, or less time at once (timeint)."
        )


def _bin_size(binsz: float | None, dt: float, span: float, multiple: bool) -> float:
    if binsz is None:
        return max(span / 100.0, dt)
    if not 0 < binsz < _LONGEST:
        raise ConfigError(f"binsz is {binsz}; the bin size must be above 0 and finite: below {_LONGEST:g} s.")
    if multiple and binsz + _EDGE < 1:
        raise ConfigError(
            f"binsz is {binsz}, but with multiple=yes it counts samples of {dt:g} s; 1 or more was expected. Give "
            "multiple=no for seconds."
        )
    if multiple:
        return float(np.floor(binsz + _EDGE)) * dt
    return max(float(binsz), dt)
