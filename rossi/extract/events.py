"""Science Event files (XTE_SE): light curves and spectra from single photons.

Files are read in pieces, so that event lists may be larger than memory; the result does not depend on the pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.errors import ConfigError, DataError
from rossi.extract.accumulate import Accumulation
from rossi.extract.array import ScienceFile, own_gti
from rossi.extract.bitmask import BitMask
from rossi.extract.channels import ChannelSelection
from rossi.extract.eventbins import covered_bins, reference_slots
from rossi.extract.eventword import EventWord, Words, parse_event_word
from rossi.extract.repeats import once
from rossi.extract.selection import Span, TimeSelection, bin_number, bins_over, require_few_bins
from rossi.fits.dated import dated
from rossi.fits.reader import FitsFile, locate, open_fits, read_fits, split_hdu
from rossi.fits.stream import StreamedFile, stream_fits
from rossi.fits.table import Table, by_row
from rossi.gti import Gti
from rossi.product import File
from rossi.spooled import SpooledFile

#: Rows that are looked at at a time; some 10 MB of intermediate arrays.
CHUNK = 1 << 18
#: Files above this size on disk are read in pieces instead of at once [bytes].
_WHOLE = 32 << 20
#: Widest event word that is decoded; HEXTE has up to 56 bits.
_MAX_BITS = 64


class ScienceEvents(ScienceFile):
    """One Science Event table, opened for extraction.

    Parameters
    ----------
    name : str
        File name, for messages and for FILENn.
    table : Table
        With or without its rows.
    own_gti : ndarray (m, 2) [s] or None
        The good time that belongs to this file, TIMEZERO added; None if it has none.
    pieces : callable, optional
        Takes a number of rows and iterates over the table; by default `table` is cut into pieces.
    column : str
        The column of the event words.

    Raises
    ------
    DataError
        If the column is missing, or TEVTBn does not describe it.
    """

    def __init__(
        self,
        name: str,
        table: Table,
        own_gti: Gti | None,
        pieces: Callable[[int], Iterator[Table]] | None = None,
        column: str = "Event",
    ) -> None:
        super().__init__(name, table, own_gti)
        self.column, self._pieces = column, pieces
        info, header = table.info(column), table.header
        text = header.get(f"TEVTB{info.number}") or header.get(f"TDDES{info.number}") or ""
        if info.code != "X" or info.repeat > _MAX_BITS:
            raise DataError(
                f"{table.where}: column {info.name} has the form {info.repeat}{info.code}; "
                f"up to {_MAX_BITS} bits (16X, 24X) were expected in event data."
            )
        #: How photons are coded.
        self.word: EventWord = parse_event_word(str(text), info.repeat, f"{table.where}, TEVTB{info.number}")

    @classmethod
    def from_file(cls, file: FitsFile, column: str = "Event") -> ScienceEvents:
        """Open HDU 1 of a file, with HDU 2 as its own GTI where it is one.

        Parameters
        ----------
        file : FitsFile
        column : str
            Of the event words.

        Raises
        ------
        DataError
            As `ScienceEvents` does.
        """
        return cls(file.name, file.table(hdu=1), own_gti(file), None, column)

    @classmethod
    def from_path(cls, path: str | Path, column: str = "Event", whole: int = _WHOLE) -> ScienceEvents:
        """Open a file on disk; a long one is read in pieces, each time it is looked at.

        Parameters
        ----------
        path : str or Path
        column : str
            Of the event words.
        whole : int [byte]
            Files above this size are read in pieces.

        Raises
        ------
        DataError
            As `ScienceEvents` does.
        """
        found, hdu = locate(path)
        if hdu in (None, 1) and found.exists() and found.stat().st_size > whole:
            return cls._streamed(stream_fits(found, split_hdu(str(path))[0] if hdu else str(path)), column)
        return cls.from_file(read_fits(path), column)

    @classmethod
    def from_bytes(cls, data: bytes, name: str, column: str = "Event", whole: int = _WHOLE) -> ScienceEvents:
        """Open a file held in memory; a long one is uncompressed in pieces.

        Parameters
        ----------
        data : bytes
        name : str
            File name, for messages.
        column : str
            Of the event words.
        whole : int [byte]
            Files above this size are uncompressed in pieces.

        Raises
        ------
        DataError
            As `ScienceEvents` does.
        """
        if len(data) <= whole:
            return cls.from_file(open_fits(data, name), column)
        return cls._streamed(stream_fits(data, name), column)

    @classmethod
    def from_file_on_disk(cls, file: File, whole: int = _WHOLE, column: str = "Event") -> ScienceEvents:
        """Open a file of an observation; a long one is read in pieces, from disk where it is kept there.

        Parameters
        ----------
        file : File
        whole : int [byte]
            Files above this size are read in pieces.
        column : str
            Of the event words.

        Raises
        ------
        DataError
            As `ScienceEvents` does.
        """
        if isinstance(file, SpooledFile) and file.size > whole:
            return cls._streamed(stream_fits(file.spool.path, file.name), column)
        if file.fits is not None:
            return cls.from_file(file.fits, column)
        return cls.from_bytes(file.data, file.name, column, whole)

    @classmethod
    def _streamed(cls, file: StreamedFile, column: str) -> ScienceEvents:
        return cls(file.file.name, file.file.tables[0], own_gti(file.file), file.pieces, column)

    def pieces(self, n_row: int = CHUNK, span: tuple[float, float] | None = None) -> Iterator[Table]:
        """Iterate over the table, less the rows without a time, which are counted.

        Parameters
        ----------
        n_row : int
            Rows of a piece.
        span : tuple of float, optional [s]
            From when to when rows are needed; others may be left out.
        """
        self.undated = 0
        for piece in self.rows(n_row, span):
            dated_piece, said = dated(piece)
            self.undated += len(piece) - len(dated_piece) if said else 0
            yield dated_piece

    def rows(self, n_row: int = CHUNK, span: tuple[float, float] | None = None) -> Iterator[Table]:  # noqa: ARG002
        """Iterate over the table as it is, also over rows without a time; see `pieces`.

        Parameters
        ----------
        n_row : int
            Rows of a piece.
        span : tuple of float, optional [s]
            From when to when rows are needed; others may be left out.
        """
        if self._pieces is not None:
            yield from self._pieces(n_row)
            return
        for at in range(0, len(self.table), n_row):
            yield self.table.with_rows(self.table.rows[at : at + n_row])

    def words(self, table: Table) -> Words:
        """Return the event words of a piece as unsigned integers, the last bit lowest.

        Parameters
        ----------
        table : Table

        Returns
        -------
        ndarray (n_row,) of unsigned int
        """
        raw = by_row(table.raw(self.column))
        n_byte = raw.shape[1]
        kind = next(k for k in (np.uint8, np.uint16, np.uint32, np.uint64) if k().itemsize >= n_byte)
        words: Words = raw[:, 0].astype(kind)
        for byte in range(1, n_byte):
            words = (words << kind(8)) | raw[:, byte]
        return words >> kind(8 * n_byte - self.word.size)


@dataclass(frozen=True, slots=True)
class EventSelection:
    """Which events count, besides good time.

    Parameters
    ----------
    channels : ChannelSelection
    mask : BitMask
    markers : bool
        Compatibility: take rows that mark time, lost events or spillage for photons where the mask does not exclude
        them, as ``seextrct`` does.
    first_bin_defect : bool
        Compatibility: book the exposure of ranges that begin inside a bin as ``seextrct`` does (see `reference_slots`).
    """

    channels: ChannelSelection = field(default_factory=ChannelSelection)
    mask: BitMask = field(default_factory=BitMask)
    markers: bool = False
    first_bin_defect: bool = False


def accumulate_events(
    files: Sequence[ScienceEvents],
    time: TimeSelection,
    selection: EventSelection,
    binsz: float | None = None,
    *,
    multiple: bool = False,
    chunk: int = CHUNK,
) -> Accumulation:
    """Add up the events of all files, by bin and by channel.

    Parameters
    ----------
    files : sequence of ScienceEvents
        In any order.
    time : TimeSelection
    selection : EventSelection
    binsz : float, optional [s]
        None takes a hundredth of the time span.
    multiple : bool
        Count `binsz` in steps of the events' resolution instead of seconds.
    chunk : int
        Rows that are looked at at a time.

    Raises
    ------
    NoGoodTime
        If the common good time is empty.
    ConfigError
        If bins are finer than the times of the events, or the bit mask does not fit.
    DataError
        If the files differ in their channels.
    """
    ordered = sorted(files, key=lambda f: f.tstart)
    first = ordered[0]
    for other in ordered[1:]:
        if other.word.cpix != first.word.cpix:
            raise DataError(f"{other.name}: its channels ({other.word.cpix}) differ from those of {first.name}.")
    own, common = time.own_gtis(ordered), time.common_gti()
    if binsz is not None and not multiple and 0 < binsz < first.timedel:
        raise ConfigError(f"binsz is {binsz}; the times of {first.name} are only good to {first.timedel} s.")
    span = bins_over(ordered, own, first.timedel, binsz, multiple)
    within = [_ranges(gti, common, span) for gti in own]
    if not time.repeats:
        within, repeats = once(ordered, within)
        span = replace(span, repeats=repeats)
    require_few_bins(within, span)
    bins = reference_slots(ordered, within, span) if selection.first_bin_defect else covered_bins(within, span)
    bounds = first.word.bounds
    counts, by_channel = np.zeros(len(bins.bins)), np.zeros(1 << first.word.channel_width)
    wanted = selection.channels.elements(bounds)
    for file, ranges in zip(ordered, within, strict=True):
        for piece in file.pieces(chunk):
            t, channel = _photons(file, piece, ranges, wanted, selection)
            if len(t) and len(bins.numbers):
                at = bins.index(bin_number(t, span.origin, span.binsz))
                low = int(at.min())
                some = np.bincount(at - low)
                counts[low : low + len(some)] += some
                by_channel += np.bincount(channel, minlength=len(by_channel))
    by_channel = by_channel[: len(bounds)]
    shares = np.zeros(len(bounds))
    name, cpix = first.table.info(first.column).name, f"({first.word.cpix})"
    sums = counts, counts, shares, by_channel, by_channel
    found = Accumulation(span, (name,), cpix, bounds, bins.bins, bins.exposure, *sums)
    shares[0] = found.ontime
    return found


def _ranges(own: Gti, common: Gti | None, span: Span) -> Gti:
    """Return the good time of one file: its own, the common one, and not before the first bin."""
    ranges = intervals.intersection(own, [[span.origin, span.stop]])
    return ranges if common is None else intervals.intersection(ranges, common)


def _photons(
    file: ScienceEvents, piece: Table, ranges: Gti, wanted: NDArray[np.intp], selection: EventSelection
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return times and channel elements of the events of a piece that count."""
    t, words = file.times(piece), file.words(piece)
    keep = intervals.contains(ranges, t)
    if not selection.markers:
        keep &= file.word.is_photon(words)
    if selection.mask.terms:
        keep &= selection.mask.passes(words, file.word.size)
    channel = file.word.channel(words)
    kind = channel.dtype.type
    if len(wanted) and wanted[-1] - wanted[0] + 1 == len(wanted):  # comparisons are faster than a table
        keep &= (channel >= kind(wanted[0])) & (channel <= kind(wanted[-1]))
    else:
        keep &= np.isin(channel, wanted.astype(kind))
    index = np.flatnonzero(keep)
    return t[index], channel[index].astype(np.intp)
