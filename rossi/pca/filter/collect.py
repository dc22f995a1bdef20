"""The first half of a filter file: housekeeping and counters of many files, interpolated to one grid of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.dated import clock, dated
from rossi.fits.reader import FitsFile
from rossi.fits.structure import ColumnInfo, Structure
from rossi.fits.table import Table
from rossi.fits.writer import Column
from rossi.pca.filter.columns import BREAKDOWN, COLLECTED, NULLS, Source
from rossi.pca.filter.indices import Files, Index, MasterIndex, open_member

#: Samples further apart than this are not connected [s]; keyword MAX_GAP of a file replaces it.
MAX_GAP = 128.0
#: Most rows of a filter file: 97 days in steps of 16 s, 6 days in steps of 1 s; each takes some 3 kB.
MAX_ROWS = 1 << 19
#: Not interpolated: the sample before counts, even where a sample's time is hit.
_HELD = "cmdhvXE"
#: An angle that runs through 360 deg to 0.
_WRAPPED = "ACSEARTHLON"
_KEPT = ("TDDES", "TDISP")
_RANGE = {"B": (0, 255), "J": (-2147483648, 2147483647)}


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Where the times of a grid lie between samples; made by `between`.

    Parameters
    ----------
    after : ndarray (n,) of int
        Number of the sample at or behind each time.
    beyond, gap : ndarray (n,) [s]
        Time since the sample before, and from there to the one behind.
    inside : ndarray (n,) of bool
        Whether there is a sample before and one behind, not too far apart.
    """

    after: NDArray[np.int64]
    beyond: Floats
    gap: Floats
    inside: NDArray[np.bool_]

    def line(self, y: Floats) -> Floats:
        """Return values on the line between the samples before and behind.

        NaN before the first sample, after the last, where two are too far apart, and next to an undefined one.

        Parameters
        ----------
        y : ndarray (..., m)
            A value a sample, of any number of quantities.

        Returns
        -------
        ndarray (..., n)
            A value a time of the grid.
        """
        if y.shape[-1] < 2:
            return np.full((*y.shape[:-1], len(self.after)), np.nan)
        y0, y1 = np.take(y, self.after - 1, -1), np.take(y, self.after, -1)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = y0 + self.beyond * (y1 - y0) / self.gap
        undefined = np.isnan(value)
        if undefined.any():  # an undefined neighbour does not matter where a sample's time is hit
            hit = np.where(self.beyond == self.gap, y1, np.where(self.beyond == 0, y0, np.nan))
            value = np.where(undefined, hit, value)
        return np.where(self.inside, value, np.nan)

    def hold(self, y: Floats) -> Floats:
        """Return the samples before, even where the time of a sample is hit; NaN as in `line`.

        Parameters
        ----------
        y : ndarray (..., m)

        Returns
        -------
        ndarray (..., n)
        """
        if y.shape[-1] < 2:
            return np.full((*y.shape[:-1], len(self.after)), np.nan)
        return np.where(self.inside, np.take(y, self.after - 1, -1), np.nan)


def between(time: Floats, x: Floats, max_gap: float = MAX_GAP) -> Interpolation:
    """Find the samples before and behind each time of a grid.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Increasing.
    x : ndarray (m,) [s]
        Times of the samples, in the order of the files. They need not be sorted: the first sample that is not before a
        time is the one behind it.
    max_gap : float [s]
        Samples further apart are not connected.
    """
    if len(x) < 2:
        nothing = np.zeros(len(time))
        return Interpolation(nothing.astype(np.int64), nothing, nothing, nothing.astype(bool))
    after = np.minimum(np.maximum(np.maximum.accumulate(x).searchsorted(time), 1), len(x) - 1)
    before = x[after - 1]
    gap = x[after] - before
    return Interpolation(after, time - before, gap, (time >= x[0]) & (time <= x[-1]) & (gap <= max_gap))


Collected: TypeAlias = dict[str, tuple[Column, NDArray[Any]]]


def grid(master: MasterIndex, step: float) -> Floats:
    """Return the times of the filter file's rows: from the start in steps, to the stop at most.

    Parameters
    ----------
    master : MasterIndex
    step : float [s]

    Returns
    -------
    ndarray (n_row,) [s]

    Raises
    ------
    DataError
        If the observation stops before it starts, or there would be more than `MAX_ROWS`.
    """
    if master.stop < master.start:
        raise DataError(f"FMI: StopMET {master.stop} is before StartMET {master.start}; the index is damaged.")
    seconds = master.stop - master.start
    if not (step > 0 and seconds / step < MAX_ROWS):
        raise DataError(
            f"FMI: {master.start} to {master.stop} s in steps of {step:g} s make {seconds / max(step, 1e-300):.0f} "
            f"rows of a filter file; up to {MAX_ROWS} are possible. Give longer steps; the index may be damaged."
        )
    n_row = int(seconds / step) + 1
    return np.asarray(master.start + np.arange(n_row) * step, np.float64)


def collect(
    time: Floats,
    files: Files,
    index: Index,
    breakdown: FitsFile | None,
    sources: Sequence[Source] = COLLECTED,
    max_gap: float = MAX_GAP,
    said: list[str] | None = None,
) -> Collected:
    """Interpolate the observation's housekeeping and counters to the rows of a filter file.

    Parameters
    ----------
    time : ndarray (n,) [s]
    files : mapping of str to bytes or FitsFile
        The observation's files by their paths.
    index : Index
    breakdown : FitsFile or None
        Its first table is the breakdown history; without TIME_SINCE_BRK columns there it is left out.
    sources : sequence of Source
        Which columns to make, in order.
    max_gap : float [s]
        Samples further apart are not connected, unless a file's MAX_GAP says otherwise.
    said : list of str, optional
        Grows by sentences on rows without a time, which are left out.

    Returns
    -------
    dict
        Column and values as stored, by name in the order of the filter file. A kind of file that no index has is left
        out, as is a column that its files do not have; one whose files are missing is undefined everywhere.
    """
    parts, found = list[_Samples](), Collected()
    for apid, wanted in _by_apid(tuple(sources)):
        if apid == BREAKDOWN:
            tables = [] if breakdown is None else [breakdown.table(hdu=1)]
        elif apid in index.paths:
            opened = [open_member(files, path) for path in index.paths[apid]]
            tables = [file.table(hdu=1) for file in opened if file is not None]
            if not tables:
                found |= {s.column: (Column(s.column, "E"), np.full(len(time), np.nan, np.float32)) for s in wanted}
        else:
            continue
        if tables:
            parts.append(_of_files(tables, wanted, max_gap, [] if said is None else said))
    for alike in _by_clock(parts):
        places = between(time, alike[0].time, alike[0].gap)
        values = _interpolated(
            places, np.concatenate([part.values for part in alike]), [n for p in alike for n in p.names]
        )
        found |= _in_their_types([column for part in alike for column in part.columns], values)
    return {s.column: found[s.column] for s in sources if s.column in found}


@dataclass(frozen=True, slots=True)
class _Samples:
    """What the files of one kind hold.

    Parameters
    ----------
    time : ndarray (m,) [s]
    gap : float [s]
        Samples further apart are not connected.
    names : tuple of str
        TTYPE in the files.
    columns : tuple of Column
        In the filter file.
    values : ndarray (n_column, m)
        NaN where undefined.
    """

    time: Floats
    gap: float
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    values: Floats


@lru_cache(maxsize=8)
def _by_apid(sources: tuple[Source, ...]) -> tuple[tuple[int, tuple[Source, ...]], ...]:
    """Group columns by the kind of file that has them, in order of the kinds."""
    alike = groupby(sorted(sources, key=lambda s: s.apid), key=lambda s: s.apid)
    return tuple((apid, tuple(group)) for apid, group in alike)


def _of_files(tables: Sequence[Table], sources: tuple[Source, ...], max_gap: float, said: list[str]) -> _Samples:
    there = sources
    for structure in {table.structure for table in tables}:
        there = _held(structure, there)
    names = tuple(s.name for s in there)
    moments, parts = list[Floats](), list[Floats]()
    for table in tables:  # file by file, as not all may be in memory
        known, sentence = dated(table, clock(table))
        said += [sentence] if sentence and sentence not in said else []
        moments.append(known.numbers(clock(known)))
        parts.append(known.rows_of_numbers(names))
    gap = tables[0].header.number("MAX_GAP", tables[0].where, 0.0) or max_gap
    columns = _declared(tables[0].structure, there)
    return _Samples(np.concatenate(moments), gap, names, columns, np.concatenate(parts, axis=1))


def _by_clock(parts: Iterable[_Samples]) -> Iterable[list[_Samples]]:
    """Group what was sampled at the same times, as the PCUs' housekeeping is: it is interpolated together."""
    found: dict[tuple[bytes, float], list[_Samples]] = {}
    for part in parts:
        found.setdefault((part.time.tobytes(), part.gap), []).append(part)
    return found.values()


def _interpolated(places: Interpolation, samples: Floats, names: Sequence[str]) -> Floats:
    """Interpolate quantities (n_name, m) to the grid (n_name, n)."""
    held = [at for at, name in enumerate(names) if name == _HELD]
    turning = [at for at, name in enumerate(names) if name == _WRAPPED]
    values = places.line(_unwrapped(samples, turning))
    for at in turning:
        values[at] -= 360.0 * np.trunc(values[at] / 360.0)
    if held:
        values[held] = places.hold(samples[held])
    return values


def _unwrapped(samples: Floats, turning: Sequence[int]) -> Floats:
    """Let angles grow on where they start again at 0 when they reach 360 deg."""
    for at in turning:
        known = ~np.isnan(samples[at])
        degrees = samples[at, known]
        samples[at, known] = degrees + 360.0 * np.cumsum(np.diff(degrees, prepend=0.0) < 0)
    return samples


@lru_cache(maxsize=128)
def _held(known: Structure, sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """Return the columns that a file has, one number a row."""
    infos = known.infos
    return tuple(s for s in sources if s.name.upper() in infos and infos[s.name.upper()].repeat == 1)


@lru_cache(maxsize=128)
def _declared(known: Structure, sources: tuple[Source, ...]) -> tuple[Column, ...]:
    """Return columns as the filter file declares them: as in the input, 16-bit integers as single precision."""
    return tuple(_column(known, known.infos[source.name.upper()], source.column) for source in sources)


def _column(known: Structure, info: ColumnInfo, name: str) -> Column:
    form = "E" if info.code == "I" else info.code
    kept = {key: known.header.get(f"{key}{info.number}") for key in _KEPT if form == info.code or key == "TDDES"}
    keywords = tuple((key, value) for key, value in kept.items() if value is not None)
    return Column(name, form, info.unit, null=NULLS.get(form), keywords=keywords)


def _in_their_types(columns: Sequence[Column], values: Floats) -> Collected:
    """Return quantities (n_column, n) as stored: those of one type at once, as there are few rows and many columns."""
    kinds = defaultdict[tuple[str, int | None], list[int]](list)
    for at, column in enumerate(columns):
        kinds[column.form, column.null].append(at)
    alike = ((places, as_stored(columns[places[0]], values[places])) for places in kinds.values())
    return {
        columns[at].name: (columns[at], row) for places, rows in alike for at, row in zip(places, rows, strict=True)
    }


def as_stored(column: Column, values: Floats) -> NDArray[Any]:
    """Return values with the precision of a column; NaN becomes its TNULL.

    Integers are cut off towards zero; what does not fit is undefined.

    Parameters
    ----------
    column : Column
    values : ndarray (..., n) of float32 or float64

    Returns
    -------
    ndarray (..., n) of float32, float64 or int64
    """
    if column.null is None:
        return values.astype(np.float32) if column.form == "E" else values
    low, high = _RANGE[column.form]
    whole = np.trunc(values)
    return np.where((whole >= low) & (whole <= high), whole, column.null).astype(np.int64)


def as_numbers(column: Column, values: NDArray[Any]) -> Floats:
    """Return stored values as numbers, NaN where undefined.

    Parameters
    ----------
    column : Column
    values : ndarray (n,)
        Of any type of number.

    Returns
    -------
    ndarray (n,)
    """
    numbers = values.astype(np.float64)
    return numbers if column.null is None else np.where(values == column.null, np.nan, numbers)
