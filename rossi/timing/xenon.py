"""GoodXenon telemetry: one event in two 16-bit words, which two event analyzers put into two files.

A file has partitions of 2 or 16 s, each in one or several rows of 256 words. The first file's word of an event holds
PCU, anode, pulse height and the highest bit of its time, the second file's PCU and 12 bits of time; words with a 0 as
first bit mark the begin of intervals of 2^-7 s. (Layout: HEASARC, The ABC of XTE, "PCA GoodXenon modes".)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.extract.eventword import ANODES, MISSING, PROPANE
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table

#: Resolution of event times, 2^-20 s; ticks in an interval between two marks, 2^-7 s.
TICK = 2.0**-20
_INTERVAL = 1 << 13
_TICKS = 1 << 20
#: Last word of a partition. Words with the top bit 0 are marks.
END_OF_DATA = 0x7F7F
_EVENT = 0x8000
#: As many words fill the analyzer's buffer: such a partition has no end mark.
_FULL = 16383
_MODE = re.compile(r"(GoodXenon(?:with)?(?:Propane)?)([12])((?:_.*)?)")
#: Anode codes of the words, 0 to 7, as ANODEID; 7 is no anode.
ANODEID = np.array([*ANODES, PROPANE, MISSING], np.uint8)

Words = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class XenonHalf:
    """One of the two files of a GoodXenon pair.

    Parameters
    ----------
    name : str
    table : Table
        HDU 1, without its rows.
    role : int
        1 or 2, as DATAMODE has it.
    time : ndarray (n_partition,) [s]
        Start of each partition, spacecraft clock.
    number, at : ndarray (n_partition,)
        Words of each, and the position of its first word in `words`.
    lost : ndarray (n_partition,)
        Events that the analyzer counted as lost; 0 where the file does not tell.
    words : ndarray (n_row * width,)
    """

    name: str
    table: Table
    role: int
    time: NDArray[np.float64]
    number: NDArray[np.int64]
    at: NDArray[np.int64]
    lost: NDArray[np.int64]
    words: Words

    @classmethod
    def from_file(cls, file: FitsFile) -> XenonHalf:
        """Read HDU 1 of a file; columns are known by their position.

        Parameters
        ----------
        file : FitsFile

        Raises
        ------
        DataError
            If DATAMODE is not that of one half of GoodXenon, or columns or rows are not as they should be.
        """
        table = file.table()
        role = mode_of(table)[1]
        infos = list(table.infos.values())
        if not 6 <= len(infos) <= 7 or (infos[0].code, infos[-1].code) != ("D", "I"):
            forms = ", ".join(table.structure.forms)
            raise DataError(
                f"{table.where}: its columns are {forms}; D (Time), J (number of words), J (lost events), B, B, I (row "
                "of the partition) and 256I (words) were expected in GoodXenon data."
            )
        time, number = table.numbers(infos[0].name), table.integers(infos[1].name)
        sequence, width = table.integers(infos[-2].name), infos[-1].repeat
        lost = table.integers(infos[2].name) if len(infos) > 6 else np.zeros(len(time), np.int64)
        first = _first_rows(table, number, sequence, width)
        words = _words(table, infos[-1].name)
        bare = table.with_rows(table.rows[:0].copy())  # of the words, one copy is enough
        return cls(file.name, bare, role, time[first], number[first], first * width, lost[first], words)

    @property
    def length(self) -> float:
        """Length of a partition [s]."""
        header = self.table.header
        known = header.known("DELTAT") or header.known("TIMEDEL") or 0.0
        return known if known >= 1 else float(np.diff(self.time).min(initial=16.0))

    def has_end(self) -> NDArray[np.bool_]:
        """Return which partitions end with the mark (n_partition,)."""
        return np.asarray(self.words[self.at + self.number - 1] == END_OF_DATA)

    def between(self, start: float, stop: float) -> XenonHalf:
        """Return the file with the partitions that begin in a span.

        Parameters
        ----------
        start, stop : float [s]
            Spacecraft clock; the end does not belong to it.
        """
        return self.chosen(np.flatnonzero((self.time >= start) & (self.time < stop)))

    def chosen(self, partitions: NDArray[np.intp]) -> XenonHalf:
        """Return the file with some of its partitions.

        Parameters
        ----------
        partitions : ndarray (n,) of int
            Their numbers, from 0.
        """
        return XenonHalf(
            self.name,
            self.table,
            self.role,
            self.time[partitions],
            self.number[partitions],
            self.at[partitions],
            self.lost[partitions],
            self.words,
        )


def _words(table: Table, column: str) -> Words:
    """Return words as unsigned integers, whether they are stored with TZERO or as negative ones."""
    table.with_rows(table.rows[:0]).integers(column, None)  # raises where they are no whole numbers
    words = table.raw(column).astype(np.uint16).ravel()  # of which there may be millions
    words += np.uint16(int(table.info(column).zero) & 0xFFFF)
    return words


def mode_of(table: Table) -> tuple[str, int]:
    """Return the mode of a GoodXenon file without the digit (``GoodXenon_2s``), and the digit.

    Parameters
    ----------
    table : Table
        HDU 1.

    Returns
    -------
    mode : str
    role : int
        1 or 2.

    Raises
    ------
    DataError
        If DATAMODE is another one.
    """
    mode = str(table.header.get("DATAMODE", "")).strip()
    match = _MODE.fullmatch(mode)
    if match is None:
        raise DataError(
            f"{table.where}: keyword DATAMODE is {mode!r}; GoodXenon1_... or GoodXenon2_... was expected. Files of "
            "other modes need no merging."
        )
    return match[1] + match[3], int(match[2])


def _first_rows(table: Table, number: NDArray[np.int64], sequence: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Return the first row of each partition, after a check that each has all its rows."""
    first = np.flatnonzero(sequence == 1)
    rows = np.diff(np.append(first, len(sequence)))
    broken = np.flatnonzero((np.diff(sequence, prepend=0) != 1) & (sequence != 1))
    wrong = np.concatenate((broken, first[rows != -(-number[first] // width)]))
    if len(wrong):
        raise DataError(
            f"{table.where}: near row {wrong.min() + 1} the rows of a partition are not 1, 2, 3 ... up to what its "
            "number of words needs; the file is damaged, fetch it again."
        )
    return first


@dataclass(frozen=True, slots=True)
class XenonEvents:
    """Events of a GoodXenon pair.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Spacecraft clock.
    pcu, code, height : ndarray (n,)
        PCU, anode code (0 to 5: X1L to X3R, 6 propane, 7 none), pulse height.
    missing : ndarray (n_span, 2) [s]
        Spans of partitions that only one of the files has, spacecraft clock: no good time.
    remarks : tuple of str
    """

    time: NDArray[np.float64]
    pcu: NDArray[np.uint8]
    code: NDArray[np.uint8]
    height: NDArray[np.uint8]
    missing: NDArray[np.float64]
    remarks: tuple[str, ...]

    @property
    def anode(self) -> NDArray[np.uint8]:
        """ANODEID: 10 (X1L) to 31 (X3R), 40 propane, 255 none."""
        return ANODEID[self.code]


@dataclass(frozen=True, slots=True)
class Listed:
    """Words of partitions that belong together, flat, without end marks.

    Parameters
    ----------
    words : ndarray (n,)
    partition : ndarray (n,)
    mark : ndarray (n,)
        Marks since the first word of the partition.
    """

    words: Words
    partition: NDArray[np.intp]
    mark: NDArray[np.int64]

    @property
    def is_event(self) -> NDArray[np.bool_]:
        """Which words are events."""
        return np.asarray(self.words >= _EVENT)

    def events_by_mark(self, partition: int, n_mark: int) -> NDArray[np.intp]:
        """Return the number of events in each interval of a partition.

        Parameters
        ----------
        partition : int
        n_mark : int
            How many intervals to tell of; more if the partition has more.

        Returns
        -------
        ndarray (n_mark,) of int
        """
        here = (self.partition == partition) & self.is_event
        return np.bincount(self.mark[here], minlength=n_mark)

    def without(self, partition: int, mark: int) -> Listed:
        """Return the list without the words of a partition from a mark on.

        Parameters
        ----------
        partition, mark : int
        """
        kept = (self.partition != partition) | (self.mark < mark)
        return Listed(self.words[kept], self.partition[kept], self.mark[kept])


def pcu_of(words: Words) -> NDArray[np.intp]:
    """Return the PCU of event words of either file.

    Parameters
    ----------
    words : ndarray (n,) of uint16

    Returns
    -------
    ndarray (n,) of int
    """
    return ((words >> 12) & 7).astype(np.intp)


def listed(half: XenonHalf, number: NDArray[np.int64]) -> Listed:
    """Return so many words of each partition, from its first one on.

    Parameters
    ----------
    half : XenonHalf
    number : ndarray (n_partition,) of int
        How many words of each.
    """
    partition = np.repeat(np.arange(len(number)), number)
    begin = np.cumsum(number) - number
    index = np.arange(len(partition)) + np.repeat(half.at - begin, number)
    words = half.words[np.minimum(index, len(half.words) - 1)]
    marks = np.cumsum(words < _EVENT)
    before = marks[np.minimum(begin, max(len(marks) - 1, 0))] if len(marks) else marks[:0]
    return Listed(words, partition, marks - np.repeat(before, number))


Decoded = tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


def events_of(first: Words, second: Words, start: NDArray[np.float64], mark: NDArray[np.int64]) -> Decoded:
    """Return time, PCU, anode code and pulse height of events.

    Parameters
    ----------
    first, second : ndarray (n,)
        The two words of each.
    start : ndarray (n,) [s]
        Of the partition.
    mark : ndarray (n,)
        Intervals of 2^-7 s since then.
    """
    ticks = mark * _INTERVAL
    fraction = ticks % _TICKS + 4096 * (first & 1).astype(np.int64) + (second & 0xFFF)
    time = fraction * TICK + (start + ticks // _TICKS)
    pcu, code, height = (((first >> shift) & mask).astype(np.uint8) for shift, mask in ((12, 7), (9, 7), (1, 0xFF)))
    return time, pcu, code, height


def is_full(number: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which partitions filled the buffer, so that they have no end mark.

    Parameters
    ----------
    number : ndarray (n_partition,) of int
        Words of each.

    Returns
    -------
    ndarray (n_partition,) of bool
    """
    return np.asarray(number >= _FULL)
