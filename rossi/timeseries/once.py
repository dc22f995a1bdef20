"""Each moment once: rows that would count time again which another curve has already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.arrays import Floats
from rossi.timeseries.series import EXTRA, LightCurve

#: Time that two rows have in common counts from this part of the narrower bin on; less is rounding.
_TOUCH = 1e-3


def counted_twice(series: Sequence[LightCurve]) -> list[NDArray[np.bool_]]:
    """Return which rows of each curve hold time that rows of another curve hold too.

    Two rows share time if their exposures don't fit side by side into the good time that both bins cover; bins of two
    curves may overlap without that, such as partly filled ones at the ends of observations that follow each other, or
    those of HEXTE's two background positions. Of two such rows, the one without a rate goes, else that of the curve
    that comes later.

    Parameters
    ----------
    series : sequence of LightCurve
        In the order of `preference`.

    Returns
    -------
    list of ndarray (n,) of bool
    """
    drop = [np.zeros(len(s), bool) for s in series]
    for second, first in sorted((max(pair), min(pair)) for pair in _overlapping(series)):
        a, b = _shared(series[first], series[second])
        empty = np.isnan(series[first].rate[a]) & ~np.isnan(series[second].rate[b])
        drop[second][b[~empty & ~drop[first][a]]] = True
        drop[first][a[empty & ~drop[second][b]]] = True
    return drop


def preference(series: LightCurve) -> tuple[float, bytes]:
    """Return what orders curves whatever order they are given in: those with more exposure first.

    Parameters
    ----------
    series : LightCurve
    """
    content = b"".join(np.ascontiguousarray(values).tobytes() for values in series.columns.values())
    return -float(np.nansum(series.exposure)), content


def stack(series: Sequence[LightCurve]) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Return the columns of all curves one behind the other, and which curve each row is of.

    Parameters
    ----------
    series : sequence of LightCurve

    Returns
    -------
    columns : dict of str to ndarray (n,)
        NaN in the rows of curves that don't have the column.
    origin : ndarray (n,) of int
        Number of the curve.
    """
    tables = [s.columns | {"TIMEDEL": s.widths} for s in series]
    told = {name for table in tables for name in table}
    names = ["TIME", "RATE", "ERROR", "FRACEXP", *(n for n in EXTRA if n in told)]

    def column(name: str) -> Floats:
        return np.concatenate([t[name] if name in t else np.full(len(t["TIME"]), np.nan) for t in tables])

    origin = np.arange(len(series)).repeat([len(s) for s in series])
    return {name: column(name) for name in names}, origin


def without_duplicates(series: Sequence[LightCurve]) -> tuple[list[LightCurve], int]:
    """Return the curves without rows that an earlier one (or row) has exactly alike, and how many these were.

    Parameters
    ----------
    series : sequence of LightCurve
    """
    columns, origin = stack(series)
    values = np.vstack(list(columns.values()))
    order = np.lexsort((origin, *values[::-1]))
    before, behind = values[:, order[:-1]], values[:, order[1:]]
    same = ((before == behind) | (np.isnan(before) & np.isnan(behind))).all(axis=0)
    again = np.zeros(len(origin), bool)
    again[order[1:][same]] = True
    ends = np.cumsum([len(s) for s in series])[:-1]
    return [s.rows(~a) for s, a in zip(series, np.split(again, ends), strict=True)], int(again.sum())


def each_moment_once(series: Sequence[LightCurve]) -> tuple[list[LightCurve], list[str]]:
    """Return curves without the rows of time that another of them has too, and sentences that tell of these rows.

    Parameters
    ----------
    series : sequence of LightCurve
    """
    ranked = sorted(series, key=preference)
    single, duplicates = without_duplicates(ranked)
    repeated = counted_twice(single)
    repeats = int(sum(map(np.sum, repeated)))
    told = [f"{duplicates} rows were given more than once and count once."] if duplicates else []
    told += (
        [f"{repeats} rows are of time that another light curve has too; each moment counts once."] if repeats else []
    )
    return [one.rows(~drop) for one, drop in zip(single, repeated, strict=True)], told


def _overlapping(series: Sequence[LightCurve]) -> Iterator[tuple[int, int]]:
    """Iterate over pairs of curves whose good time overlaps, in time order."""
    filled = [n for n, s in enumerate(series) if len(s)]
    spans = {n: (float(series[n].time.min()), float((series[n].time + series[n].widths).max())) for n in filled}
    open_: list[int] = []
    for n in sorted(filled, key=spans.__getitem__):
        open_ = [m for m in open_ if spans[m][1] > spans[n][0]]
        for m in open_:
            if len(gti.intersection(series[m].intervals, series[n].intervals)):
                yield m, n
        open_.append(n)


def _shared(first: LightCurve, second: LightCurve) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of rows that share time, as indices into either curve."""
    a, b = _pairs(first, second)
    start = np.maximum(first.time[a], second.time[b])
    stop = np.minimum(first.time[a] + first.widths[a], second.time[b] + second.widths[b])
    both = _within(gti.intersection(first.intervals, second.intervals), start, stop)
    spare = (_good(first) - _exposed(first))[a] + (_good(second) - _exposed(second))[b]
    touch = _TOUCH * np.minimum(first.widths[a], second.widths[b])
    alike = (abs(first.time[a] - second.time[b]) < touch) & (abs(first.widths[a] - second.widths[b]) < touch)
    shared = np.where(alike, both, both - spare) > touch
    return a[shared], b[shared]


def _pairs(first: LightCurve, second: LightCurve) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return all pairs of rows whose bins overlap."""
    order = np.argsort(second.time, kind="stable")
    begin = second.time[order]
    longest = second.widths.max()
    low = np.searchsorted(begin, first.time - longest, "right")
    high = np.searchsorted(begin, first.time + first.widths, "left")
    count = np.maximum(high - low, 0)
    a = np.repeat(np.arange(len(first)), count)
    b = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)]
    real = second.time[b] + second.widths[b] > first.time[a]
    return a[real], b[real]


def _good(series: LightCurve) -> Floats:
    """Return the good time within each bin (n,) [s]."""
    return _within(series.intervals, series.time, series.time + series.widths)


def _exposed(series: LightCurve) -> Floats:
    """Return the time that each row was exposed (n,) [s], whatever the number of PCUs."""
    exposed: Floats = series.widths * np.nan_to_num(np.maximum(series.fracexp, 0))
    return np.minimum(exposed, _good(series))


def _within(intervals: Floats, start: Floats, stop: Floats) -> Floats:
    """Return how much of [start, stop) lies in intervals (n,) [s]."""
    if not len(intervals):
        return np.zeros(len(start))
    edges = intervals.ravel()
    elapsed = np.concatenate(([0.0], np.cumsum(np.diff(edges) * (np.arange(len(edges) - 1) % 2 == 0))))
    return np.asarray(np.interp(stop, edges, elapsed) - np.interp(start, edges, elapsed))
