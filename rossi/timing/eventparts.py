"""Event lists of long observations: in parts that are each small enough to be held in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rossi import gti as intervals
from rossi.arrays import Floats
from rossi.errors import DataError, NoGoodTime
from rossi.extract.events import ScienceEvents
from rossi.extract.repeats import once
from rossi.extract.selection import TimeSelection
from rossi.gti import Gti
from rossi.timing.events import EventList, Photons, Screening, photons, require_told
from rossi.timing.streams import JUMP

#: Events of a part.
MOST = 1 << 20


class ScreenedParts:
    """The photons of event files, as lists that follow each other in time.

    Parameters
    ----------
    files : sequence of ScienceEvents
        Of one mode, in any order; a moment that two of them have counts once.
    screening : Screening
    most : int
        Events of a part.

    Raises
    ------
    NoGoodTime
        If no good time is left.
    DataError
        If the files differ in their channels.
    ConfigError
        If a PCU or layer is asked for that the mode does not tell.
    """

    def __init__(self, files: Sequence[ScienceEvents], screening: Screening, most: int = MOST) -> None:
        self._files = sorted(files, key=lambda file: file.tstart)
        if not self._files:
            raise NoGoodTime("There is no event file.")
        self.first = self._files[0]
        for other in self._files[1:]:
            if other.word.cpix != self.first.word.cpix:
                raise DataError(
                    f"{other.name}: its channels ({other.word.cpix}) differ from those of {self.first.name}."
                )
        own = [intervals.make(gti) for gti in TimeSelection().own_gtis(self._files)]
        if screening.good is not None:
            own = [intervals.intersection(gti, screening.good) for gti in own]
        self._own, repeats = once(self._files, own)
        self._repeats = [str(repeat) for repeat in repeats]
        self._screening, self._most = screening, most
        self.jumps: list[tuple[str, float, float]] = []
        self.good = intervals.union(*self._own)
        if not len(self.good):
            raise NoGoodTime(f"{self.first.name}: no event lies in good time; the list would be empty.")
        require_told(self.first, screening)

    @property
    def remarks(self) -> list[str]:
        """What to know of what has been read; jumps of the clock are in `jumps`: file, when, and how far back [s]."""
        return list(dict.fromkeys([*(said for file in self._files for said in file.remarks), *self._repeats]))

    def parts(self) -> Iterator[EventList]:
        """Iterate over lists of events, each sorted, with disjoint good time; the last one may be short or empty."""
        begin, held, size = -np.inf, list[Photons](), 0
        for some in self._photons():
            held.append(some)
            size += len(some[0])
            if size >= self._most:
                whole = _sorted(held)
                cut = float(whole[0][-1]) - JUMP
                now = int(np.searchsorted(whole[0], cut))
                if now:
                    yield self._list(whole, slice(None, now), begin, cut)
                    time, pcu, anode, pha = whole
                    begin, held = cut, [(time[now:], pcu[now:], anode[now:], pha[now:])]
                    size = len(time) - now
        last = self._list(_sorted(held), slice(None), begin, np.inf)
        if len(last.gti):
            yield last

    def _photons(self) -> Iterator[Photons]:
        wanted = self._screening.channels.elements(self.first.word.bounds)
        for file, good in zip(self._files, self._own, strict=True):
            last = -np.inf
            for some in photons(file, good, wanted, self._screening):
                last = self._watched(file.name, some[0], last)
                yield some

    def _watched(self, name: str, time: Floats, last: float) -> float:
        """Note where time goes back; return the time of the last event."""
        if not len(time):
            return last
        steps = np.diff(time, prepend=last if np.isfinite(last) else time[0])
        self.jumps += [(name, float(time[at]), float(-steps[at])) for at in np.flatnonzero(steps < -JUMP)]
        return float(time[-1])

    def _list(self, whole: Photons, some: slice, begin: float, end: float) -> EventList:
        time, pcu, anode, pha = whole
        word = self.first.word
        good: Gti = intervals.intersection(self.good, [[begin, end]])
        return EventList(
            time[some],
            pcu[some],
            anode[some],
            pha[some],
            word.bounds,
            word.cpix,
            good,
            self.first.timezero,
            self.first.table.header,
            tuple(self.remarks),
        )


def _sorted(held: Sequence[Photons]) -> Photons:
    none = np.empty(0, np.uint8)
    time, pcu, anode, pha = (
        np.concatenate(columns) for columns in zip((np.empty(0), none, none, none), *held, strict=True)
    )
    if (np.diff(time) < 0).any():
        order = np.argsort(time, kind="stable")
        return time[order], pcu[order], anode[order], pha[order]
    return time, pcu, anode, pha
