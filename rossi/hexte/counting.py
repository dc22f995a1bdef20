"""Counting HEXTE science files: by bin and band, by channel, with the dead time of every frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.extract.accumulate import Accumulation, accumulate_alike
from rossi.extract.alike import Alike, stacked
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.eventbins import covered_bins_apart
from rossi.extract.events import ScienceEvents
from rossi.extract.selection import Span, TimeSelection, bins_over, require_few_bins, select_samples
from rossi.extract.sums import last_sum
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.hexte.deadtime import DeadTime, archive_dead_times, event_dead_times
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.reduction import Counted, DetectorBand
from rossi.hexte.rocking import Position, codes, wrong_positions
from rossi.hexte.science import DETECTORS, FRAME, Kind
from rossi.hexte.tally import Tally, Window, tally

#: Rows that are looked at at a time: their intermediate arrays stay in a processor's cache.
_ROWS = 1 << 17


@dataclass(frozen=True, slots=True)
class Request:
    """What is extracted from every position.

    Parameters
    ----------
    bands : mapping of str to DetectorBand
        Light curves by name.
    binsz : float [s]
        Bins, also where only a spectrum is wanted: its good time is made of whole bins, so they should not be longer
        than a dwell.
    spectrum : tuple of int
        Detectors of the spectrum of all channels; none, no spectrum.
    """

    bands: Mapping[str, DetectorBand]
    binsz: float
    spectrum: tuple[int, ...] = DETECTORS


@dataclass(frozen=True, slots=True)
class Correction:
    """What dead time is worked out from.

    Parameters
    ----------
    housekeeping : Housekeeping or None
        None for realtime data without it: then slews alone are corrected for.
    coefficients : Table or None
        Needed with housekeeping.
    """

    housekeeping: Housekeeping | None
    coefficients: Table | None


@dataclass(frozen=True, slots=True)
class ArchivePart:
    """Archive-mode data of one position.

    Parameters
    ----------
    array : ScienceArray
        Rows of one position with their good time; see `rossi.hexte.rocking.split`.
    position : Position
    good : ndarray (m, 2) [s] or None
        Good time, TIMEZERO applied; None takes all.
    """

    array: ScienceArray
    position: Position
    good: Gti | None = None


@dataclass(frozen=True, slots=True)
class EventPart:
    """An event list.

    Parameters
    ----------
    events : ScienceEvents
        A whole science file, or one that holds the rows of one position.
    position : Position or None
        Of all rows; None where each row's ClstrPosition tells.
    good : ndarray (m, 2) [s] or None
        Good time, TIMEZERO applied; None takes all.
    """

    events: ScienceEvents
    position: Position | None = None
    good: Gti | None = None


def count_archive(parts: Sequence[ArchivePart], request: Request, correction: Correction) -> list[Counted]:
    """Count archive-mode data of one cluster in one pass.

    Parameters
    ----------
    parts : sequence of ArchivePart
        At least one, all with the same columns.
    request : Request
    correction : Correction

    Returns
    -------
    list of Counted
        One a part that has rows in good time.
    """
    grids = [
        select_samples(
            [part.array], "SpecDet0", request.binsz, TimeSelection("apply", () if part.good is None else (part.good,))
        )
        for part in parts
    ]
    filled = [n for n, grid in enumerate(grids) if len(grid.samples[0].index)]
    if not filled:
        return []
    tables = [parts[n].array.table for n in filled]
    whole, first = stacked(tables)
    alike = Alike.of([grids[n] for n in filled], whole, first, parts[0].array.shape("SpecDet0").n_time)

    def counts(detectors: Sequence[int], channels: ChannelSelection, *, is_curve: bool) -> list[Accumulation]:
        columns = [f"SpecDet{d}" for d in detectors]
        return accumulate_alike(alike, columns, channels, by_bin=is_curve, by_channel=not is_curve)

    curves = {
        name: counts(band.detectors, ChannelSelection(chmin=band.first, chmax=band.last), is_curve=True)
        for name, band in request.bands.items()
    }
    spectra = counts(request.spectrum, ChannelSelection(), is_curve=False) if request.spectrum else None
    dead: Sequence[DeadTime | None] = [None] * len(filled)
    if correction.housekeeping is not None and correction.coefficients is not None:
        dead = archive_dead_times(tables, whole, first, correction.housekeeping, correction.coefficients)
    return [
        Counted(
            parts[n].position,
            tables[at],
            {name: each[at] for name, each in curves.items()},
            spectra[at] if spectra else None,
            request.spectrum,
            dead[at],
        )
        for at, n in enumerate(filled)
    ]


def count_events(parts: Sequence[EventPart], request: Request, correction: Correction) -> list[Counted]:
    """Count event lists of one cluster, each in one pass, and work out their dead time together.

    Parameters
    ----------
    parts : sequence of EventPart
    request : Request
    correction : Correction

    Returns
    -------
    list of Counted
        One a part and position that has events in good time.
    """
    found = _on_bins([one for part in parts for one in _in_good_time(part, request)])
    dead: Sequence[DeadTime | None] = [None] * len(found)
    if found and correction.housekeeping is not None and correction.coefficients is not None:
        frames = [one.found.frames for one in found]
        dead = event_dead_times([one.table for one in found], frames, correction.housekeeping, correction.coefficients)
    return [
        Counted(
            one.position,
            one.table,
            {band: one.curve(number) for number, band in enumerate(request.bands)},
            one.spectrum(request.spectrum) if request.spectrum else None,
            request.spectrum,
            its_dead,
        )
        for one, its_dead in zip(found, dead, strict=True)
    ]


def whole_frames(good: Gti, zero: float) -> Gti:
    """Return the 16-s frames that lie in good time as a whole.

    The dead time of a frame is known, but not when in the frame it was: beside the source most of it is the slew at the
    dwell's beginning or end, so that a part of a frame has another dead fraction than the frame.

    Parameters
    ----------
    good : ndarray (m, 2) [s]
    zero : float [s]
        TIMEZERO: frames are counted on the spacecraft's clock.

    Returns
    -------
    ndarray (k, 2) [s]
    """
    frames = (good - zero) / FRAME
    return intervals.make(intervals.pairs_of(np.ceil(frames[:, 0]), np.floor(frames[:, 1])) * FRAME + zero)


def _groups(table: Table, position: Position | None) -> tuple[tuple[Position, ...], NDArray[np.uint8]]:
    """Return the positions that are told apart, and the number of the position of each value of ClstrPosition."""
    if position is not None:
        return (position,), np.zeros(256, np.uint8)
    positions = (Position.SOURCE, Position.PLUS, Position.MINUS)
    lookup = np.full(256, len(positions), np.uint8)
    for number, name in enumerate(positions):
        lookup[list(codes(name, Kind.EVENTS))] = number
    if wrong_positions(table):
        lookup[lookup == 0] = 1
    return positions, lookup


@dataclass(frozen=True, slots=True)
class _Found:
    """What an event list holds at one position, and the good time that its bins have."""

    events: ScienceEvents
    position: Position
    tally: Tally
    span: Span
    within: Gti


def _in_good_time(part: EventPart, request: Request) -> Iterator[_Found]:
    """Iterate over the positions of an event list that have events in good time."""
    events = part.events
    positions, lookup = _groups(events.table, part.position)
    since = np.array([[events.tstart, np.inf]])
    good = since if part.good is None else intervals.intersection(since, part.good)
    binsz = bins_over([events], [np.array([[events.tstart, events.tstop]])], events.timedel, request.binsz).binsz
    window = Window(events.timezero, events.tstart, binsz, good)
    bands = [(band.first, band.last, band.detectors) for band in request.bands.values()]
    tallies = tally(events.rows(_ROWS), lookup, len(positions), window, bands)
    for position, counted in zip(positions, tallies, strict=True):
        if not len(counted.frames):
            continue
        start = FRAME * counted.frames.number
        own = intervals.make(intervals.pairs_of(start, start + FRAME) + events.timezero)
        own = intervals.intersection(own, [[events.tstart, events.tstop]])
        span = bins_over([events], [own], events.timedel, request.binsz)
        within = own if part.good is None else intervals.intersection(own, part.good)
        if len(within):
            require_few_bins([within], span)
            yield _Found(events, position, counted, span, within)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts of one position on bins with their exposure."""

    table: Table
    position: Position
    found: Tally
    empty: Accumulation
    slots: NDArray[np.intp]

    def curve(self, band: int) -> Accumulation:
        counts = np.bincount(self.slots, self.found.counts[:, band], len(self.empty.bins)).astype(np.float64)
        return replace(self.empty, counts=counts, accepted=counts)

    def spectrum(self, detectors: Sequence[int]) -> Accumulation:
        counts = self.found.spectrum[list(detectors)].sum(axis=0)[: len(self.empty.bounds)].astype(np.float64)
        return replace(self.empty, channel_counts=counts, channel_accepted=counts)


def _on_bins(found: Sequence[_Found]) -> list[_Counts]:
    made = []
    every = covered_bins_apart([one.within for one in found], [one.span for one in found]) if found else []
    for one, bins in zip(found, every, strict=True):
        table, word = one.events.table, one.events.word
        bounds, nothing = word.bounds, np.zeros(len(word.bounds))
        shares, none = nothing.copy(), np.zeros(len(bins.bins))
        shares[0] = last_sum(bins.exposure)
        sums = bins.exposure, none, none, shares, nothing, nothing
        columns = (table.info(one.events.column).name,)
        empty = Accumulation(one.span, columns, f"({word.cpix})", bounds, bins.bins, *sums)
        made.append(_Counts(table, one.position, one.tally, empty, bins.index(one.tally.bins)))
    return made
