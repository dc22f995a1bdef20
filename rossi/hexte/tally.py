"""One pass over an event list: counts by bin, detector and channel, and dead-time counters, for each cluster position.

Rows are grouped into segments: runs of rows in one 16-s frame, at one position, in one bin, inside or outside good
time. The counts of a segment are a small table (detector, channel); all that is extracted is a sum of such tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats, distinct
from rossi.extract.array import adjacent
from rossi.extract.selection import bin_floor
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.hexte.counters import NO_VALUE, Frames, merged, on_source
from rossi.hexte.science import DETECTORS, FRAME, cluster_codes, event_bytes, event_detectors, frame_number

Integers = NDArray[np.int64]

CHANNELS = 256
_CELLS = len(DETECTORS) * CHANNELS
#: Most cells of a piece's table; short bins make many segments.
_MOST_CELLS = 1 << 23
#: The last rows of a segment, by how many they are ahead of its end.
_LAST = np.arange(32, 0, -1)


@dataclass(frozen=True, slots=True)
class Window:
    """What part of an event list is wanted.

    Parameters
    ----------
    zero : float
        TIMEZERO: bins and good time are in times with it [s].
    origin, binsz : float [s]
    good : ndarray (m, 2) [s]
        Good time, not before `origin`.
    """

    zero: float
    origin: float
    binsz: float
    good: Gti


@dataclass(frozen=True, slots=True)
class Tally:
    """What an event list holds at one position.

    Parameters
    ----------
    frames : Frames
        Of all rows, good time or not.
    bins : ndarray (n_bin,) of int
        1-based numbers of bins with good events.
    counts : ndarray (n_bin, n_band) of int [count]
        Good events of each band.
    spectrum : ndarray (4, 256) of int [count]
        Good events by detector and channel.
    """

    frames: Frames
    bins: Integers
    counts: Integers
    spectrum: Integers


@dataclass(frozen=True, slots=True)
class _Segments:
    frame: Integers
    group: NDArray[np.uint8]
    on_source: NDArray[np.bool_]
    bins: Integers
    good: NDArray[np.bool_]
    counts: Integers
    live: NDArray[np.float64]
    valid: Integers

    def frames(self, here: Integers) -> Frames:
        """Return some segments as frames; those of one frame follow each other and are joined later."""
        counted = self.valid[here].astype(np.float64)
        return Frames(self.frame[here], self.on_source[here], self.live[here], counted)


def tally(
    pieces: Iterable[Table],
    groups: NDArray[np.uint8],
    n_group: int,
    window: Window,
    bands: Sequence[tuple[int, int, tuple[int, ...]]],
) -> list[Tally]:
    """Count the events of a list, group by group.

    Parameters
    ----------
    pieces : iterable of Table
        The event list, in pieces that follow each other; rows without a time do not count.
    groups : ndarray (256,) of uint8
        Group of each value of ClstrPosition; values from `n_group` on are left out.
    n_group : int
    window : Window
    bands : sequence of (int, int, tuple of int)
        First and last channel of each, and which detectors count.

    Returns
    -------
    list of Tally
        One a group.
    """
    frames: list[list[Frames]] = [[] for _ in range(n_group)]
    spectra = np.zeros((n_group, len(DETECTORS), CHANNELS), np.int64)
    curves: list[list[tuple[Integers, Integers]]] = [[] for _ in range(n_group)]
    for piece in pieces:
        for segments in _segments(piece, groups, window):
            for group in range(n_group):
                (here,) = (segments.group == group).nonzero()
                frames[group].append(segments.frames(here))
                good = here[segments.good[here]]
                counts = segments.counts if len(good) == len(segments.counts) else segments.counts[good]
                spectra[group] += counts.sum(axis=0)
                banded = [
                    counts[:, adjacent(np.array(which)), first : last + 1].sum(axis=(1, 2))
                    for first, last, which in bands
                ]
                curves[group].append((segments.bins[good], np.array(banded, np.int64).reshape(len(bands), -1).T))
    return [
        Tally(merged(frames[group]), *_summed(curves[group], len(bands)), spectra[group]) for group in range(n_group)
    ]


def _segments(piece: Table, groups: NDArray[np.uint8], window: Window) -> Iterator[_Segments]:
    time = piece.numbers("Time")
    order = None
    if len(time) and not ((time[1:] >= time[:-1]).all() and np.isfinite(time[[0, -1]]).all()):
        order = np.argsort(time, kind="stable")
        order = order[np.isfinite(time[order])]
        time = time[order]
    detector, live, code = event_detectors(piece), piece.integers("LiveTime"), cluster_codes(piece).copy()
    channel = event_bytes(piece)[:, -1]
    if order is not None:
        detector, live, code, channel = detector[order], live[order], code[order], channel[order]
    absolute = time + window.zero
    number = bin_floor(absolute, window.origin, window.binsz)
    inner = absolute.searchsorted(window.good.ravel())
    edges = _edges(time, number, code, inner)
    most = _MOST_CELLS // _CELLS
    for at in range(0, len(edges) - 1, most):
        stops = edges[at + 1 : at + most + 1]
        starts = edges[at : at + len(stops)]
        rows = slice(int(starts[0]), int(stops[-1]))
        key = np.arange(0, len(starts) * _CELLS, _CELLS).repeat(stops - starts)
        key += (detector[rows].astype(np.uint16) << 8) | channel[rows]
        counts = np.bincount(key, minlength=len(starts) * _CELLS).reshape(-1, len(DETECTORS), CHANNELS)
        last, valid = _counters(live[rows], key >> 8, counts.sum(axis=2), stops - starts[0])
        good = inner.searchsorted(starts, "right") % 2 == 1
        code_there = code[starts]
        yield _Segments(
            frame_number(time[starts]),
            groups[code_there],
            on_source(code_there),
            number[starts].astype(np.int64),
            good,
            counts,
            last,
            valid,
        )


def _edges(
    time: NDArray[np.float64], number: NDArray[np.float64], code: NDArray[np.uint8], inner: Integers
) -> Integers:
    """Return the first row of each segment, and the one behind the last segment."""
    if not len(time):
        return np.zeros(1, np.int64)
    frames = frame_number(time[[0, -1]])
    begins = time.searchsorted(FRAME * np.arange(frames[0] + 1, frames[1] + 1))
    (changes,) = ((number[1:] != number[:-1]) | (code[1:] != code[:-1])).nonzero()
    edges = np.concatenate(([-1, 0], begins, changes + 1, inner, [len(time)]))
    edges.sort()
    return np.asarray(edges[1:][edges[1:] != edges[:-1]], np.int64)


def _counters(value: Integers, cell: Integers, events: Integers, stops: Integers) -> tuple[Floats, Integers]:
    """Return the last value of the dead-time counter by segment and detector, and how many events have one.

    Parameters
    ----------
    value : ndarray (n,) of int
        `NO_VALUE` where it was not telemetered.
    cell : ndarray (n,) of int
        Which segment and detector; is changed.
    events : ndarray (n_segment, 4) of int
    stops : ndarray (n_segment,) of int
        Row behind each segment.
    """
    (without,) = (value == NO_VALUE).nonzero()
    valid = events - np.bincount(cell[without], minlength=events.size).reshape(events.shape)
    cell[without] = events.size
    last = np.full(events.size + 1, NO_VALUE)
    ends = np.maximum(stops[:, None] - _LAST, 0).ravel()  # in them are the last events of detectors, nearly always
    for rows in (ends, slice(None)) if len(ends) < len(value) else (slice(None),):
        last[cell[rows]] = value[rows]  # of equal cells the last row counts
        if ((last[:-1] != NO_VALUE) | (valid.ravel() == 0)).all():
            break
    return last[:-1].reshape(events.shape).astype(np.float64), valid


def _summed(parts: Sequence[tuple[Integers, Integers]], n_band: int) -> tuple[Integers, Integers]:
    """Add up the counts of equal bins."""
    bins = np.concatenate([np.empty(0, np.int64), *(b for b, _ in parts)])
    counts = np.concatenate([np.empty((0, n_band), np.int64), *(c for _, c in parts)])
    unique, at = distinct(bins)
    total = np.zeros((len(unique), n_band), np.int64)
    np.add.at(total, at, counts)
    return unique, total
