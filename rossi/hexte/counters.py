"""Dead-time counters of each frame, and their correction for what they do not count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.dated import dated
from rossi.fits.table import Table
from rossi.hexte.coefficients import Coefficients
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.science import DETECTORS, FRAME, cluster_codes, event_detectors, frame_number

#: Ticks of the dead-time counters in a second; a frame has 2**23.
TICKS = 524288.0
#: What an event takes off the counters; hxtdead's text says 3.75e-7, its arithmetic uses this [s].
_PER_EVENT = -3.75e-6
#: Dead time a frame for each count a second of arms without trigger, and of vetoes that are neither [s s].
_PER_ARM, _PER_VETO = -4.00e-6, -4.80e-5
#: Part of a frame that is not spent slewing, off source, by code of the dwell; that of longer dwells is the last.
_EXPOSED = np.array([16.0, 12.0, 14.0, 16.0, 16.0]) / FRAME
#: A counter that was not telemetered.
NO_VALUE = -1


@dataclass(frozen=True, slots=True)
class Frames:
    """Counters as telemetered, one row a frame in order of the data; a frame may come twice.

    Parameters
    ----------
    number : ndarray (n,) of int
        Of the frame.
    on_source : ndarray (n,) of bool
    live : ndarray (n, 4)
        Dead-time counter [2**-19 s], -1 without a value.
    events : ndarray (n, 4)
        Good events.
    """

    number: NDArray[np.int64]
    on_source: NDArray[np.bool_]
    live: Floats
    events: Floats

    def __len__(self) -> int:
        return len(self.number)


def archive_frames(table: Table, number: NDArray[np.int64], late: Sequence[tuple[int, int]] = ()) -> Frames:
    """Read the counters of archive-mode rows.

    Parameters
    ----------
    table : Table
    number : ndarray (n_row,) of int
        Of the frame whose counters a row holds.
    late : sequence of (int, int)
        First row, and that behind the last one, of files of early processing: counters stand one row late there.
    """
    code = table.integers("ClstrPosition")
    live = table.side_by_side(tuple(f"LiveTimeDet{d}" for d in DETECTORS))
    for first, last in late:
        live[first:last] = np.concatenate((np.zeros((1, len(DETECTORS))), live[first : last - 1]))[: last - first]
    events = (table.numbers("GoodCnt") / len(DETECTORS))[:, None].repeat(len(DETECTORS), 1)
    return Frames(number, (code == 0) | (code == 3), live, events)


def on_source(code: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which values of ClstrPosition of an event list mean "on source".

    Parameters
    ----------
    code : ndarray (n,) of uint8

    Returns
    -------
    ndarray (n,) of bool
    """
    return np.asarray((code & 0x09) != 0)


def event_frames(pieces: Iterable[Table], start: float, stop: float) -> Frames:
    """Reduce an event list to counters: the last value of each detector in a frame, and its number of events.

    Parameters
    ----------
    pieces : iterable of Table
        The event list, in pieces that follow each other.
    start, stop : float [s]
        Rows before the first one at or after `start` and behind the last one before `stop` do not count.
    """
    parts = [frames for piece in pieces if len(frames := _piece_frames(piece, start, stop))]
    return merged(parts)


def _piece_frames(table: Table, start: float, stop: float) -> Frames:
    table, _ = dated(table)
    time = table.numbers("Time")
    inside = np.flatnonzero((time >= start) & (time < stop))
    rows = slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(0, 0)
    number = frame_number(time[rows])
    first = np.flatnonzero(np.diff(number, prepend=-1))
    code = cluster_codes(table)[rows][first]
    value = table.integers("LiveTime")[rows]
    run = np.repeat(np.arange(len(first)), np.diff(first, append=len(number)))
    key = run * len(DETECTORS) + event_detectors(table)[rows]
    valid = value != NO_VALUE
    if not valid.all():
        key, value = key[valid], value[valid]
    size = len(first) * len(DETECTORS)
    live = np.full(size, float(NO_VALUE))
    live[key] = value  # of equal keys the last one counts
    events = np.bincount(key, minlength=size).astype(np.float64)
    shape = (-1, len(DETECTORS))
    return Frames(number[first], on_source(code), live.reshape(shape), events.reshape(shape))


def merged(parts: Sequence[Frames]) -> Frames:
    """Put frames behind each other and join those that follow themselves: the last value of a detector counts.

    Parameters
    ----------
    parts : sequence of Frames
        In order of the data.
    """
    filled = [part for part in parts if len(part)]
    if not filled:
        nothing = np.empty((0, len(DETECTORS)))
        return Frames(np.empty(0, np.int64), np.empty(0, bool), nothing, nothing)
    number, on_source, live, events = (
        np.concatenate([getattr(part, name) for part in filled]) for name in Frames.__slots__
    )
    first = np.concatenate(([0], (number[1:] != number[:-1]).nonzero()[0] + 1))
    if len(first) == len(number):
        return Frames(number, on_source, live, events)
    rows = np.where(live == NO_VALUE, -1, np.arange(len(live))[:, None])
    last = np.maximum.reduceat(rows, first)
    joined = np.where(last < 0, NO_VALUE, live[np.maximum(last, 0), np.arange(len(DETECTORS))])
    return Frames(number[first], on_source[first], joined, np.add.reduceat(events, first))


def upper_level(housekeeping: Housekeeping, coefficients: Coefficients) -> Floats:
    """Return the dead time a frame that the counters do not see.

    Parameters
    ----------
    housekeeping : Housekeeping
    coefficients : Coefficients

    Returns
    -------
    ndarray (n_frame, 4) [s]
    """
    hk = housekeeping
    arms = np.maximum(hk.arm - hk.trigger, 0.0)
    vetoes = np.maximum(hk.veto - arms - hk.xuld, 0.0)
    dead = (coefficients.xuld * hk.xuld + coefficients.uld * hk.uld) + _PER_ARM * arms
    return np.asarray(dead + _PER_VETO * vetoes)


def corrected(frames: Frames, housekeeping: Housekeeping, upper: Floats, first: Sequence[int] = (0,)) -> Floats:
    """Return the dead time of each frame; 0 for a detector that never had a value.

    A detector without a value in a frame is corrected once more from its dead time in the frame before, as hxtdead
    does; that happens to event lists only.

    Parameters
    ----------
    frames : Frames
    housekeeping : Housekeeping
    upper : ndarray (n_frame, 4) [s]
        Of each frame of the housekeeping: see `upper_level`.
    first : sequence of int
        Which of the frames have none before them.

    Returns
    -------
    ndarray (n, 4) [2**-19 s]

    Raises
    ------
    DataError
        If a frame lies outside the housekeeping.
    """
    slot = frames.number - housekeeping.first
    if not ((slot >= 0) & (slot < len(housekeeping))).all():
        (outside,) = ((slot < 0) | (slot >= len(housekeeping))).nonzero()
        raise DataError(
            f"{housekeeping.name}: there is no housekeeping for frame {frames.number[outside[0]]} "
            f"({frames.number[outside[0]] * FRAME:.0f} s); its file should cover the science data."
        )
    exposed = _EXPOSED[np.minimum(housekeeping.dwell[slot], len(_EXPOSED) - 1)]
    share = np.where(frames.on_source, 1.0, exposed)[:, None]
    added = share * upper[slot]
    absent = frames.live == NO_VALUE
    if not absent.any():
        return _with_upper_level(frames.live, frames.events, added)
    live = np.where(absent, 0.0, frames.live)
    dead = _with_upper_level(live, frames.events, added)
    for row in absent.any(axis=1).nonzero()[0].tolist():
        if row not in first:
            live[row, absent[row]] = dead[row - 1, absent[row]]
            dead[row] = _with_upper_level(live[row : row + 1], frames.events[row : row + 1], added[row : row + 1])[0]
    return dead


def _with_upper_level(live: Floats, events: Floats, added: Floats) -> Floats:
    """Return counters (n, 4) corrected for events and upper-level dead time."""
    counter = live.copy()
    rest = counter[:, 0] - counter[:, 1] - counter[:, 2] - counter[:, 3]
    counter[:, 0] = np.where(rest >= 0, rest, counter[:, 0])  # files that hold the cluster's sum in detector 0
    seconds = ((counter / TICKS) + _PER_EVENT * events) + added
    return np.where(counter != 0, seconds * TICKS, 0.0)
