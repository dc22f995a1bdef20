"""Counts and exposure, by bin and by channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.extract.alike import Alike
from rossi.extract.array import CellShape, adjacent
from rossi.extract.channels import Bounds, ChannelSelection
from rossi.extract.selection import Grid, Samples, Span
from rossi.extract.sums import add_rows, last_sum, repeated_sum, whole_sum
from rossi.fits.table import by_row
from rossi.gti import Gti

#: Numbers that are added up together.
_PIECE = 1 << 18


@dataclass(frozen=True)
class Accumulation:
    """What extraction adds up.

    Parameters
    ----------
    grid : Span
    columns : tuple of str
        As the files spell them, by column number.
    cpix : str or None
        The files' channel list.
    bounds : ndarray (n_channel, 2) of int
        Absolute channels of the elements.
    bins : ndarray (n_bin,) of int
        1-based numbers of the bins with exposure, ascending.
    exposure : ndarray (n_bin,) [s]
        Length of the samples, averaged over the columns.
    counts : ndarray (n_bin,)
        Counts of the selected channels.
    accepted : ndarray (n_bin,)
        How many elements went into `counts`.
    channel_exposure : ndarray (n_channel,) [s]
        Contribution of each element to the exposure: their sum is the exposure.
    channel_counts, channel_accepted : ndarray (n_channel,)
        Counts and number of samples of each element; 0 for those not selected.
    """

    grid: Span
    columns: tuple[str, ...]
    cpix: str | None
    bounds: Bounds
    bins: NDArray[np.int64]
    exposure: Floats
    counts: Floats
    accepted: Floats
    channel_exposure: Floats
    channel_counts: Floats
    channel_accepted: Floats

    @property
    def time(self) -> Floats:
        """Start of each bin (n_bin,) [s]."""
        if not len(self.bins):
            return np.empty(0)
        before = self.bins[0] - 1
        binsz, origin = self.grid.binsz, self.grid.origin
        time = (self.bins - (1 + before)) * binsz
        time += origin
        time += before * binsz
        return np.asarray(time)

    @cached_property
    def filled(self) -> Gti:
        """Runs of consecutive filled bins (m, 2) [s]; partly covered bins count fully."""
        bins, grid = self.bins, self.grid
        if not len(bins):
            return np.empty((0, 2))
        (breaks,) = (bins[1:] - bins[:-1] > 1).nonzero()
        runs = np.empty((len(breaks) + 1, 2))
        runs[0, 0], runs[1:, 0] = bins[0] - 1, bins[breaks + 1] - 1
        runs[:-1, 1], runs[-1, 1] = bins[breaks], bins[-1]
        return grid.origin + runs * grid.binsz

    @cached_property
    def ontime(self) -> float:
        """Sum of the exposure, added in order of time [s]."""
        return last_sum(self.exposure)


def accumulate(
    grid: Grid,
    columns: Sequence[str],
    channels: ChannelSelection,
    *,
    include_negative: bool = False,
    null_exposure: bool = False,
    by_bin: bool = True,
    by_channel: bool = True,
) -> Accumulation:
    """Add up columns of all files.

    Exposure counts every sample that is in good time, whether its channels are selected or not, unless all that is
    selected of it is NULL; counts take the selected channels whose value is neither NULL nor (without
    `include_negative`) negative.

    Parameters
    ----------
    grid : Grid
    columns : sequence of str
    channels : ChannelSelection
    include_negative : bool
        Values below 0 count too.
    null_exposure : bool
        Compatibility: count the exposure of samples that are NULL, too, as the FTOOLS extractors do.
    by_bin, by_channel : bool
        Whether counts and exposure of bins are asked for, which spectra do not need, and those of channels, which light
        curves do not need; else they are 0.

    Raises
    ------
    DataError
        If the files differ in columns or channels.
    """
    names = grid.arrays[0].ordered(columns)
    shape = _common_shape(grid, columns)
    bounds = shape.bounds
    selected = channels.elements(bounds)
    if not null_exposure and len(selected):
        grid = replace(grid, samples=tuple(_observed(samples, names, selected) for samples in grid.samples))
    filled = grid.filled
    exposure = _exposure(grid, len(names), shape.n_channel) if by_bin else np.zeros(len(filled))
    wanted = _Wanted(names, selected, shape.n_channel, include_negative, by_bin, by_channel)
    counts, accepted, channel_counts, channel_accepted = _sums(grid, wanted, (0,))
    by_element = np.zeros(shape.n_channel)
    for samples in grid.samples if by_channel else ():
        if len(samples.index):
            by_element += repeated_sum(samples.dt / shape.n_channel, np.array([len(samples.index) * len(names)]))
    return Accumulation(
        grid,
        names,
        shape.cpix,
        bounds,
        filled,
        exposure,
        counts,
        accepted,
        by_element / len(names),
        channel_counts[0],
        channel_accepted[0],
    )


def accumulate_alike(
    alike: Alike, columns: Sequence[str], channels: ChannelSelection, *, by_bin: bool = True, by_channel: bool = True
) -> list[Accumulation]:
    """Add up columns of files of one kind in one pass, each by itself.

    Parameters
    ----------
    alike : Alike
    columns : sequence of str
    channels : ChannelSelection
    by_bin, by_channel : bool
        As of `accumulate`, to which `null_exposure` is given.

    Returns
    -------
    list of Accumulation
        One a grid.

    Raises
    ------
    DataError
        If the files differ in columns or channels.
    """
    whole = alike.whole
    (samples,) = whole.samples
    names, shape = samples.array.ordered(columns), _common_shape(whole, columns)
    bounds, filled = shape.bounds, whole.filled
    exposure = _exposure(whole, len(names), shape.n_channel) if by_bin else np.zeros(len(filled))
    wanted = _Wanted(names, channels.elements(bounds), shape.n_channel, False, by_bin, by_channel)
    counts, accepted, channel_counts, channel_accepted = _sums(whole, wanted, alike.starts)
    number = np.array([len(grid.samples[0].index) for grid in alike.grids]) * len(names)
    shares = repeated_sum(samples.dt / shape.n_channel, number) / len(names) if by_channel else np.zeros(len(number))
    edges = [*np.searchsorted(filled, alike.offsets).tolist(), len(filled)]
    made = []
    for n, (grid, (first, last)) in enumerate(zip(alike.grids, pairwise(edges), strict=True)):
        here = slice(first, last)
        sums = exposure[here], counts[here], accepted[here], np.full(shape.n_channel, shares[n])
        bins = filled[here] - alike.offsets[n]
        per_channel = channel_counts[n], channel_accepted[n]
        made.append(Accumulation(grid, names, shape.cpix, bounds, bins, *sums, *per_channel))
    return made


@dataclass(frozen=True, slots=True)
class _Wanted:
    names: tuple[str, ...]
    selected: NDArray[np.intp]
    n_channel: int
    include_negative: bool
    by_bin: bool
    by_channel: bool


def _sums(grid: Grid, wanted: _Wanted, starts: Sequence[int]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return counts and accepted elements by bin (n_bin,), and by part and channel (n_part, n_channel)."""
    names, selected, n_bin = wanted.names, wanted.selected, len(grid.filled)
    counts, accepted = np.zeros(n_bin), np.zeros(n_bin)
    channel_counts, channel_accepted = (np.zeros((len(starts), wanted.n_channel)) for _ in range(2))
    before = 0
    for samples, at in _pieces(grid, len(names) * len(selected)) if len(selected) else ():
        values, invalid = _values(samples, names, selected, wanted.include_negative)
        if wanted.by_bin:
            counts = _add_by_bin(counts, at, values)
            accepted += np.bincount(at, minlength=n_bin) * (len(names) * len(selected))
            if invalid is not None:
                accepted -= np.bincount(at, invalid.sum(axis=(1, 2)), n_bin)
        for part, rows in _parts(starts, before, len(values)) if wanted.by_channel else ():
            own = values[rows]
            channel_counts[part, selected] = add_rows(channel_counts[part, selected], own)
            channel_accepted[part, selected] += len(own) * len(names)
            if invalid is not None:
                channel_accepted[part, selected] -= invalid[rows].sum(axis=(0, 1))
        before += len(values)
    return counts, accepted, channel_counts, channel_accepted


def _parts(starts: Sequence[int], before: int, size: int) -> Iterator[tuple[int, slice]]:
    """Iterate over the parts that samples from `before` on belong to: number, and which of the samples."""
    for part, (start, stop) in enumerate(pairwise([*starts, before + size])):
        first, last = max(start - before, 0), min(stop - before, size)
        if first < last:
            yield part, slice(first, last)


def _common_shape(grid: Grid, columns: Sequence[str]) -> CellShape:
    """Return the channels of all files, which have to be the same."""
    shape, *others = (array.shape(array.ordered(columns)[0]) for array in grid.arrays)
    for array, other in zip(grid.arrays[1:], others, strict=True):
        if other.n_channel != shape.n_channel or (other.bounds != shape.bounds).any():
            raise DataError(
                f"{array.name}: its channels ({other.cpix}) differ from those of the first file ({shape.cpix})."
            )
    return shape


def together(parts: Sequence[Accumulation], columns: Sequence[str]) -> Accumulation:
    """Return what several columns have of one grid that were added up in groups, as each has channels of its own.

    Parameters
    ----------
    parts : sequence of Accumulation
        Of different columns, and all of the same bins: with `null_exposure`.
    columns : sequence of str
        Of all of them, as the files spell them, by column number.
    """
    sums = {name: np.sum([getattr(part, name) for part in parts], axis=0) for name in ("counts", "accepted")}
    sums |= {name: np.sum([getattr(one, name) for one in parts], axis=0) for name in _BY_CHANNEL}
    return replace(parts[0], columns=tuple(columns), **sums)


#: Of an accumulation, what adds up channel by channel.
_BY_CHANNEL = ("channel_counts", "channel_accepted")


def sum_by_bin(grid: Grid, rows: Sequence[Floats]) -> Floats:
    """Add up a quantity of each row, in order, over the bins with exposure.

    Parameters
    ----------
    grid : Grid
        Of data with one sample a row.
    rows : sequence of ndarray (n_row, n)
        One for each file of the grid.

    Returns
    -------
    ndarray (n_bin,)
        In the unit of `rows`.
    """
    total = np.zeros(len(grid.filled))
    for samples, at, values in zip(grid.samples, grid.places, rows, strict=True):
        if len(samples.index):
            total = _add_by_bin(total, at, values[samples.index][:, :, None])
    return total


def _pieces(grid: Grid, width: int) -> Iterator[tuple[Samples, NDArray[np.intp]]]:
    """Iterate over the samples of all files and their bins, so many at a time as stay in the processor's cache."""
    size = max(1, _PIECE // width)
    for samples, at in zip(grid.samples, grid.places, strict=True):
        for first in range(0, len(samples.index), size):
            part = slice(first, first + size)
            yield Samples(samples.array, samples.index[part], samples.bins[part], samples.dt), at[part]


def _observed(samples: Samples, names: tuple[str, ...], selected: NDArray[np.intp]) -> Samples:
    """Return the samples of which something selected is not NULL."""
    info = samples.array.table.info(names[0])
    if not len(samples.index) or (info.null is None and info.code not in "ED"):
        return samples
    raw = samples.array.samples(names, adjacent(selected), samples.index)
    empty = (raw == info.null if info.null is not None else np.isnan(raw)).all(axis=(1, 2))
    if not empty.any():
        return samples
    return replace(samples, index=samples.index[~empty], bins=samples.bins[~empty])


def _values(
    samples: Samples, names: tuple[str, ...], selected: NDArray[np.intp], include_negative: bool
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return values (n_kept, n_column, n_selected), 0 where invalid, and which are (None: none)."""
    table = samples.array.table
    raw = samples.array.samples(names, adjacent(selected), samples.index)
    info = table.info(names[0])  # columns that are added up are stored alike
    short = info.code in "BI" and abs(info.zero) <= 1 << 15
    wide: type[np.number[Any]] = np.float64 if raw.dtype.kind == "f" else np.int32 if short else np.int64
    values: NDArray[Any] = raw.astype(wide)
    doubts = [] if info.null is None else [values == info.null]
    if info.scale != 1.0 or not float(info.zero).is_integer():
        values = values * info.scale + info.zero
    elif info.zero:
        values += values.dtype.type(info.zero)
    if not include_negative:
        # nor is NaN from 0 on; to look for the least is quicker than to compare each
        if not values.min(initial=0) >= 0:
            doubts.append(~(values >= 0))
    elif values.dtype.kind == "f":
        doubts.append(np.isnan(values))
    invalid = np.logical_or(*doubts) if len(doubts) == 2 else doubts[0] if doubts else None
    if invalid is None or not invalid.any():
        return values, None
    return np.where(invalid, 0, values), invalid


def _exposure(grid: Grid, n_column: int, n_channel: int) -> Floats:
    """Return exposure a bin as repeated addition of one sample's share gives it, rounding included.

    The reference adds dt / n_channel for every element of every column; m such additions differ from m * dt / n_channel
    by some 1e-15, which shows in the last digits of rates.
    """
    result = np.zeros(len(grid.filled))
    for samples, at in zip(grid.samples, grid.places, strict=True):
        number = np.bincount(at, minlength=len(result))
        (used,) = number.nonzero()
        if len(used):
            result[used] += repeated_sum(samples.dt / n_channel, number[used] * (n_column * n_channel))
    return result / n_column


def _add_by_bin(start: Floats, at: NDArray[np.intp], values: NDArray[Any]) -> Floats:
    """Return start (n_bin,) plus each sample's values added to its bin, in order of the samples."""
    if values.dtype.kind == "i":
        return np.asarray(start + np.bincount(at, whole_sum(by_row(values), 1), len(start)))
    flat = by_row(values)
    if len(start) == 1:
        return np.array([last_sum(np.append(start, flat))])
    bins = np.concatenate((np.arange(len(start)), np.repeat(at, flat.shape[1])))
    total = np.bincount(bins, np.concatenate((start, flat.ravel())), len(start))  # one by one
    return np.asarray(total, np.float64)
