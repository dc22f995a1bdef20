"""Events of a GoodXenon pair, merged some partitions at a time: of long observations all at once take much memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.arrays import Floats
from rossi.extract.array import own_gti
from rossi.extract.events import CHUNK, ScienceEvents
from rossi.fits import declarations as declared
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.fits.writer import Column, table_hdu
from rossi.timing.merge import Losses, in_order, merged, only_in_one, shared, together
from rossi.timing.xenon import XenonHalf, mode_of
from rossi.timing.xenon_file import EVENT_WORD, event_words, merged_header

#: Words of each file that are merged at a time; some 15 MB of intermediate arrays.
_WORDS = 1 << 17


#: Returns the two files of a pair.
Again = Callable[[], tuple[FitsFile, FitsFile]]


class MergedPair(ScienceEvents):
    """The events of a GoodXenon pair, as if they were a file; they are merged when they are looked at.

    Parameters
    ----------
    one, other : FitsFile
        In either order.
    again : callable, optional
        Returns the two once more: their words are then in memory only while they are looked at.

    Raises
    ------
    DataError
        If they do not belong together, or are damaged.
    """

    def __init__(self, one: FitsFile, other: FitsFile, again: Again | None = None) -> None:
        halves = _read(one, other)
        first, second = halves
        source = one if mode_of(one.table())[1] == 1 else other
        a, b = shared(first, second)
        self._again, self._halves = again, halves if again is None else None
        self._edges = _edges(first.time[a], first.number[a])
        self._losses: dict[int, Losses] = {}
        columns: list[tuple[Column, NDArray[Any]]] = [
            (declared.EVENT_TIME, np.empty(0)),
            (EVENT_WORD, np.empty((0, 3), np.uint8)),
        ]
        hdu = table_hdu("XTE_SE", columns, merged_header(source.table()))
        super().__init__(source.name, Table(hdu.header, b"", source.name), None)
        good = own_gti(source)
        missing = only_in_one(first, second, a, b) + self.timezero
        self.own_gti = good if good is None or not len(missing) else intervals.difference(good, missing)

    @property
    def remarks(self) -> list[str]:
        """What to know of the events that have been looked at."""
        lost = [self._losses[block] for block in sorted(self._losses)]
        return [*super().remarks, *(together(lost).remarks() if lost else [])]

    def rows(self, n_row: int = CHUNK, span: tuple[float, float] | None = None) -> Iterator[Table]:
        """Iterate over the events; see `ScienceEvents.pieces`.

        Parameters
        ----------
        n_row : int
            Rows of a piece, at most.
        span : tuple of float, optional [s]
            Partitions outside are left out.
        """
        start, stop = (-np.inf, np.inf) if span is None else (span[0] - self.timezero, span[1] - self.timezero)
        both = self._halves if self._again is None else _read(*self._again())
        assert both is not None
        for block, (low, high) in enumerate(zip(self._edges[:-1], self._edges[1:], strict=True)):
            if high < start or low > stop:
                continue
            halves = [half.between(low, high) for half in both]
            events, self._losses[block] = merged(*halves)
            rows = np.empty(len(events.time), self.table.structure.dtype)
            rows["f1"], rows["f2"] = events.time, event_words(events)
            for at in range(0, len(rows), n_row):
                yield self.table.with_rows(rows[at : at + n_row])


def _read(one: FitsFile, other: FitsFile) -> tuple[XenonHalf, XenonHalf]:
    return in_order(*(XenonHalf.from_file(file) for file in (one, other)))


def _edges(time: Floats, number: NDArray[np.int64]) -> Floats:
    """Return the times between which some `_WORDS` words of partitions lie, from the first to behind the last."""
    block = np.cumsum(number) // _WORDS
    inner = time[1:][np.diff(block) > 0]
    return np.concatenate(([-np.inf], inner, [np.inf]))
