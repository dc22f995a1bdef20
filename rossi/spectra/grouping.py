"""Which channels of a spectrum are fitted together, are bad, or have a systematic error (``grppha``).

GROUPING is 1 where a group begins and -1 where it goes on; QUALITY is 0 for good channels, 2 for those that were too
few to make a group, 5 for those that are marked bad; SYS_ERR is a fraction. Counts are never changed (OGIP/92-007, 3.1;
CAL/SW/93-010).
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import ConfigError
from rossi.spectra.pha import Spectrum

GOOD, SPARE, BAD = 0, 2, 5
BEGINS, GOES_ON = 1, -1

Flags = NDArray[np.int64]


@dataclass(slots=True)
class Grouping:
    """The flags of a spectrum's channels, changed by the methods.

    Parameters
    ----------
    channel : ndarray (n,) of int
    counts : ndarray (n,)
        Rates times exposure for a spectrum in rates.
    grouping, quality : ndarray (n,) of int
    systematic : ndarray (n,)
    was_grouped : bool
        Whether groups were asked for, be they of one channel each.
    """

    channel: Flags
    counts: Floats
    grouping: Flags
    quality: Flags
    systematic: Floats
    was_grouped: bool = False

    @classmethod
    def of(cls, pha: Spectrum) -> Grouping:
        """Return the flags that a spectrum has; without grouping each channel stands alone.

        Parameters
        ----------
        pha : Spectrum
        """
        counts = pha.value if pha.quantity == "COUNTS" else pha.value * pha.exposure
        groups = np.full(len(pha), BEGINS) if pha.grouping is None else pha.grouping.copy()
        return cls(pha.channel, counts, groups, pha.quality.copy(), pha.systematic.copy(), pha.grouping is not None)

    def columns(self, present: Container[str] = ()) -> dict[str, NDArray[Any]]:
        """Return the columns that a file needs to tell the flags: those it has, and those that are not trivial.

        QUALITY goes with SYS_ERR, as ``grppha`` writes them.

        Parameters
        ----------
        present : container of str
            Columns that are there already.
        """
        wanted = {
            "SYS_ERR": bool(self.systematic.any()),
            "QUALITY": bool((self.quality != GOOD).any() or self.systematic.any()),
            "GROUPING": bool(self.was_grouped or (self.grouping != BEGINS).any()),
        }
        values = {"SYS_ERR": self.systematic, "QUALITY": self.quality, "GROUPING": self.grouping}
        return {name: values[name] for name, needed in wanted.items() if needed or name in present}

    def group(self, first: int, last: int, size: int) -> list[str]:
        """Group channels by a number; return what to say of channels that are left over or overlap.

        Parameters
        ----------
        first, last : int
            Channels, both included.
        size : int
            Channels a group.

        Raises
        ------
        ConfigError
            If these are no channels or no number.
        """
        self._span(first, last)
        if size < 1:
            raise ConfigError(f"group {first} {last} {size}: groups of one channel or more were expected.")
        at = {int(channel): number for number, channel in enumerate(self.channel)}
        remarks = []
        for start in range(first, last + 1, size):
            end = start + size - 1
            if end > last:
                remarks.append(f"spare channels {start} to {last} are left as they are.")
                break
            members = [at[channel] for channel in range(start, end + 1) if channel in at]
            if start not in at or end not in at:
                remarks.append(f"channels {start} to {end} are not all there and are left as they are.")
            elif self._grouped(members[0], members[-1]):
                remarks.append(f"channels {start} to {end} overlap with groups there are, and are left as they are.")
            else:
                self.grouping[members] = GOES_ON
                self.grouping[members[0]] = BEGINS
        return remarks

    def _grouped(self, first: int, last: int) -> bool:
        """Return whether one of some channels is part of a group of several."""
        goes_on = self.grouping == GOES_ON
        leads = np.append(goes_on[1:], False)
        return bool((goes_on | leads)[first : last + 1].any())

    def group_min(self, least: float) -> list[str]:
        """Group channels until each group has so many counts; return what to say of those left over.

        Bad channels inside a group belong to it, but their counts don't count; a bad channel begins no group. Channels
        at the end that don't make a group stand alone, with quality 2.

        Parameters
        ----------
        least : float [count]

        Raises
        ------
        ConfigError
            If the number is not above 0.
        """
        if not least > 0:
            raise ConfigError(f"group min {least:g}: a number of counts above 0 was expected.")
        self.was_grouped = True
        at, n = 0, len(self.channel)
        while at < n:
            end = self._end_of_group(at, least)
            if end is None:
                self.grouping[at:] = BEGINS
                self.quality[at:][self.quality[at:] == GOOD] = SPARE
                return [f"spare channels {self.channel[at]} to {self.channel[-1]} don't make a group; quality is 2."]
            self.grouping[at : end + 1] = GOES_ON
            self.grouping[at] = BEGINS
            at = end + 1
        return []

    def _end_of_group(self, at: int, least: float) -> int | None:
        """Return the last channel of the group that begins at a channel, None where counts don't suffice."""
        if self.quality[at] != GOOD:
            return at
        total = np.cumsum(np.where(self.quality[at:] == GOOD, self.counts[at:], 0.0))
        enough = np.flatnonzero(total >= least)
        return at + int(enough[0]) if len(enough) else None

    def set_quality(self, first: int, last: int, quality: int) -> None:
        """Mark channels.

        Parameters
        ----------
        first, last : int
            Channels, both included.
        quality : int
            0 is good.

        Raises
        ------
        ConfigError
            If there are no such channels.
        """
        self.quality[self._span(first, last)] = quality

    def set_systematic(self, first: int, last: int, fraction: float) -> None:
        """Give channels a systematic error.

        Parameters
        ----------
        first, last : int
            Channels, both included.
        fraction : float

        Raises
        ------
        ConfigError
            If there are no such channels, or it is no fraction.
        """
        if not fraction >= 0:
            raise ConfigError(f"systematics {first}-{last} {fraction:g}: a fraction from 0 on was expected.")
        self.systematic[self._span(first, last)] = fraction

    def reset(self, what: str) -> None:
        """Take back flags.

        Parameters
        ----------
        what : str
            GROUPING, QUALITY, SYSTEMATICS, or ALL.
        """
        if what in {"GROUPING", "ALL"}:
            self.grouping[:] = BEGINS
            self.was_grouped = False
        if what in {"QUALITY", "ALL"}:
            self.quality[:] = GOOD
        if what in {"SYSTEMATICS", "ALL"}:
            self.systematic[:] = 0

    def groups(self) -> list[tuple[int, int, int]]:
        """Return first channel, last channel, and channels a group, of runs of groups of one size."""
        starts = np.flatnonzero(self.grouping != GOES_ON)
        sizes = np.diff(np.append(starts, len(self.channel)))
        return [(int(self.channel[a]), int(self.channel[b]), size) for a, b, size in _runs(starts, sizes)]

    def _span(self, first: int, last: int) -> NDArray[np.bool_]:
        chosen = (self.channel >= first) & (self.channel <= last)
        if first > last or not chosen.any():
            raise ConfigError(
                f"channels {first} to {last}: the spectrum has {self.channel[0]} to {self.channel[-1]}; rising numbers "
                "among these were expected."
            )
        return np.asarray(chosen)


def _runs(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Join neighbouring groups of one size: index of the first and the last channel, and the size."""
    edges = np.flatnonzero(np.diff(sizes)) + 1 if len(sizes) else np.array([], int)
    firsts, lasts = np.append(0, edges), np.append(edges, len(sizes)) - 1
    return [
        (int(starts[a]), int(starts[b] + sizes[b] - 1), int(sizes[a]))
        for a, b in zip(firsts, lasts, strict=True)
        if len(sizes)
    ]
