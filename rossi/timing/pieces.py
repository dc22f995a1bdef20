"""Fast light curves of long observations, a piece of good time at a time, put together to files of some size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import numpy as np

from rossi import gti as intervals
from rossi.errors import NoGoodTime
from rossi.gti import Gti
from rossi.timing.bins import Bins
from rossi.timing.choice import Choice
from rossi.timing.fastcurve import FastLightCurve, fast_light_curve
from rossi.timing.modefiles import during
from rossi.timing.streams import Load

#: Bins of all bands that are counted at a time; 32 MB, and as much besides.
PIECE = 1 << 22
#: Bins of all bands in a file.
FILE = 1 << 24


@dataclass
class Lost:
    """Good time of which there are no counts, added up while pieces are made.

    Parameters
    ----------
    seconds : float [s]
    wanted : float [s]
        Of which.
    """

    seconds: float = field(default=0.0)
    wanted: float = field(default=0.0)


def together_at(choices: Sequence[Sequence[Choice]]) -> Iterator[tuple[tuple[Choice, ...], Gti]]:
    """Iterate over choices of each band that hold at the same time, and when that is.

    Parameters
    ----------
    choices : sequence of sequence of Choice
        Those of each band, disjoint in time (see `rossi.timing.choice.choose_each`).
    """
    for some in product(*choices):
        common = some[0].gti
        for other in some[1:]:
            common = intervals.intersection(common, other.gti)
        if len(common):
            yield some, common


def fast_pieces(
    choices: Sequence[Choice],
    load: Load,
    good: Gti,
    *,
    step: int = 1,
    pcus: Sequence[int] | None = None,
    lost: Lost | None = None,
) -> Iterator[FastLightCurve]:
    """Count photons of several bands in whole bins, a piece of good time at a time.

    Parameters
    ----------
    choices : sequence of Choice
        One for each band, of the same resolution.
    load : callable
        Returns the file of a path.
    good : Gti
        MET (TT).
    step : int
        Pieces have a multiple of so many bins, counted from the begin of their good interval.
    pcus : sequence of int, optional
        Only these; all by default.
    lost : Lost, optional
        Added to.

    Yields
    ------
    FastLightCurve
        All on one grid.
    """
    common, lost = good, Lost() if lost is None else lost
    for choice in choices:
        common = intervals.intersection(common, choice.gti)
    dt = choices[0].wish.resolution
    origin = min(one.start for choice in choices for mode in choice.modes for one in mode.configurations)
    most = max(1, PIECE // len(choices) // step) * step * dt
    chosen = pcus if pcus is None or len(set(pcus)) < 5 else None
    for start, stop in common:
        lost.wanted += float(stop - start)
        for span in _spans(float(start), float(stop), origin, dt, most):
            narrowed = [during(choice, span) for choice in choices]
            try:
                piece = fast_light_curve(narrowed, load, span, chosen, origin)
            except NoGoodTime:
                lost.seconds += intervals.total(span)
                continue
            lost.seconds += intervals.total(span) - piece.exposure
            yield piece


def _spans(start: float, stop: float, origin: float, dt: float, most: float) -> Iterator[Gti]:
    """Cut an interval into spans whose ends are edges of bins, but for its own."""
    first = origin + np.ceil((start - origin) / dt - 1e-3) * dt
    edges = [start, *np.arange(first + most, stop, most).tolist(), stop]
    for low, high in pairwise(edges):
        yield np.array([[low, high]])


def joined(pieces: Sequence[FastLightCurve]) -> FastLightCurve:
    """Return pieces on one grid as one light curve; runs of bins that touch become one.

    Parameters
    ----------
    pieces : sequence of FastLightCurve
        In order of time, one at least.
    """
    first = pieces[0]
    begin = np.concatenate([one.bins.first for one in pieces])
    number = np.concatenate([one.bins.number for one in pieces])
    new = np.concatenate(([True], begin[1:] != begin[:-1] + number[:-1]))
    bins = Bins(first.bins.origin, first.dt, begin[new], np.add.reduceat(number, np.flatnonzero(new)))
    counts = np.concatenate([one.counts for one in pieces], axis=1)
    remarks = tuple(dict.fromkeys(remark for one in pieces for remark in one.remarks))
    lost = sum(one.lost for one in pieces)
    return FastLightCurve(bins, counts, first.choices, lost, first.header, remarks)


def in_files(pieces: Iterable[FastLightCurve], most: int = FILE) -> Iterator[FastLightCurve]:
    """Put pieces together until there are enough for a file; counts are kept as short as they are.

    Parameters
    ----------
    pieces : iterable of FastLightCurve
        On one grid, in order of time.
    most : int
        Bins of all bands together.
    """
    held: list[FastLightCurve] = []
    size = 0
    for piece in pieces:
        if held and size + piece.counts.size > most:
            yield joined(held)
            held, size = [], 0
        held.append(piece.shortened())
        size += piece.counts.size
    if held:
        yield joined(held)
