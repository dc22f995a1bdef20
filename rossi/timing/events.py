"""Event lists: the photons of science event files that lie in good time, of chosen PCUs, layers and channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.errors import ConfigError, DataError, NoGoodTime
from rossi.extract.channels import Bounds, ChannelSelection
from rossi.extract.events import CHUNK, ScienceEvents
from rossi.extract.eventword import MISSING
from rossi.extract.repeats import once
from rossi.extract.selection import TimeSelection
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.reader import FitsFile
from rossi.fits.writer import Column, fits_bytes, now, primary_hdu, table_hdu
from rossi.gti import Gti
from rossi.met import MJDREFF, MJDREFI
from rossi.timing.energies import Energies
from rossi.timing.exchange import stingray_events
from rossi.timing.modes import Kind, configuration
from rossi.timing.xenon_file import xenon_pairs
from rossi.timing.xenon_stream import MergedPair
from rossi.version import __version__

#: Cards of the first file that the list keeps.
_KEPT = """TELESCOP INSTRUME OBJECT OBSERVER OBS_ID OBS_MODE DATAMODE APPID RA_OBJ DEC_OBJ RA_PNT DEC_PNT EQUINOX
RADECSYS TIMEREF TASSIGN TIERRELA TIERABSO CLOCKAPP TIMEPIXR""".split()


@dataclass(frozen=True, slots=True)
class Screening:
    """Which photons count.

    Parameters
    ----------
    good : Gti or None
        Good time, MET (TT); None: the files' own.
    pcus : tuple of int or None
    anodes : tuple of int or None
        ANODEIDs: 10, 11 (first layer) to 30, 31, 40 propane.
    channels : ChannelSelection
    """

    good: Gti | None = None
    pcus: tuple[int, ...] | None = None
    anodes: tuple[int, ...] | None = None
    channels: ChannelSelection = field(default_factory=ChannelSelection)


@dataclass(frozen=True, slots=True)
class EventList:
    """Photons in order of time.

    Parameters
    ----------
    time : ndarray (n,) [s]
        MET (TT) of the begin of each photon's tick.
    pcu, anode : ndarray (n,) of uint8
        255 where the mode does not tell.
    pha : ndarray (n,) of uint8
        Channel element, from 0.
    bounds : ndarray (n_element, 2)
        Absolute channels of the elements.
    cpix : str
        The same as the files spell it.
    gti : Gti
        MET (TT).
    timezero : float [s]
        Of the first file.
    header : Header
        Of the first file.
    remarks : tuple of str
    """

    time: NDArray[np.float64]
    pcu: NDArray[np.uint8]
    anode: NDArray[np.uint8]
    pha: NDArray[np.uint8]
    bounds: Bounds
    cpix: str
    gti: Gti
    timezero: float
    header: Header
    remarks: tuple[str, ...]

    @property
    def resolution(self) -> float:
        """Length of a tick [s]."""
        return float(self.header.get("TIMEDEL", 0.0))

    @property
    def exposure(self) -> float:
        """Length of the good time [s]."""
        return intervals.total(self.gti)

    def to_bytes(self, energies: Energies | None = None, *, compress: bool = False) -> bytes:
        """Return the list as an event file.

        stingray and HENDRICS read it as it is: its table is named XTE_SE, times are those of the spacecraft's clock
        with TIMEZERO in the header, TEVTB2 says which channels the elements of PHA hold.

        Parameters
        ----------
        energies : Energies, optional
            With them there is a column ENERGY.
        compress : bool
            Gzip the file.
        """
        cards = self._cards()
        columns: list[tuple[Column, NDArray[Any]]] = [
            (declared.EVENT_TIME, self.time - self.timezero),
            (declared.EVENT_PHA, self.pha),
            (declared.PCUID, self.pcu),
            (declared.ANODEID, self.anode),
        ]
        if energies is not None:
            columns.append((declared.EVENT_ENERGY, energies.of(self.pcu, self.anode, self.pha)))
        width = max(1, int(len(self.bounds) - 1).bit_length())
        table: list[CardTuple] = [
            *cards,
            ("TEVTB2", f"(S[Zero]{{{16 - width}}},C[{self.cpix}]{{{width}}})", "the bits of PHA"),
            ("CPIX2", self.cpix, "channels of the elements"),
        ]
        raw = self.gti - self.timezero
        good = [(Column(c.name, "D", "s", c.meaning), ends) for c, ends in zip(declared.STDGTI, raw.T, strict=True)]
        gti_cards: list[CardTuple] = [
            ("HDUCLASS", "OGIP"),
            ("HDUCLAS1", "GTI"),
            *(card for card in cards if card[0] not in _NOT_GTI),
        ]
        primary = primary_hdu([("CONTENT", "EVENTS", "screened events"), ("CREATOR", f"rossi {__version__}")])
        primary.append("DATE", now(), "file creation (UTC)")
        primary.copy_from(self.header, ("TELESCOP", "INSTRUME", "OBJECT", "OBS_ID"))
        return fits_bytes(
            primary, [table_hdu("XTE_SE", columns, table), table_hdu("GTI", good, gti_cards)], compress=compress
        )

    def _cards(self) -> list[CardTuple]:
        start, stop = self.gti[0, 0] - self.timezero, self.gti[-1, 1] - self.timezero
        kept = [(key, self.header.get(key)) for key in _KEPT if key in self.header]
        return [
            ("HDUCLASS", "OGIP"),
            ("HDUCLAS1", "EVENTS"),
            ("HDUCLAS2", "ALL"),
            *((key, value) for key, value in kept),
            *(("TIMESYS", "TT"), ("TIMEUNIT", "s"), ("MJDREFI", MJDREFI), ("MJDREFF", MJDREFF)),
            *(("TIMEZERO", self.timezero), ("TSTART", float(start)), ("TSTOP", float(stop))),
            *(("TIMEDEL", self.resolution), ("EXPOSURE", self.exposure)),
        ]

    def to_stingray(self) -> Any:
        """Return the list as stingray's; times are MET (TT), channels the middles of elements, energies are left out.

        Raises
        ------
        ConfigError
            If stingray is not installed.
        """
        middle = self.bounds.mean(axis=1).astype(int)[self.pha]
        return stingray_events(self.time, middle, self.pcu, self.gti, self.resolution)


_NOT_GTI = {"HDUCLASS", "HDUCLAS1", "TIMEDEL", "EXPOSURE", "DATAMODE", "APPID", "TIMEPIXR"}


def open_events(files: Sequence[FitsFile | ScienceEvents]) -> tuple[list[ScienceEvents], list[str]]:
    """Open event files; files of the two halves of GoodXenon become events, which are merged when they are looked at.

    Parameters
    ----------
    files : sequence of FitsFile or ScienceEvents
        Those that are open already stay as they are.

    Returns
    -------
    list of ScienceEvents, list of str
        By start, and what to say of files that are left out.

    Raises
    ------
    DataError
        If a file holds no events.
    """
    halves, events, said = [], list[ScienceEvents](), list[str]()
    for file in files:
        if isinstance(file, ScienceEvents):
            events.append(file)
        elif configuration(file.table().header, file.name).kind == Kind.XENON_HALF:
            halves.append(file)
        else:
            events.append(ScienceEvents.from_file(file))
    if halves:
        pairs, said = xenon_pairs(halves)
        events += [MergedPair(pair.first, pair.second) for pair in pairs]
    return sorted(events, key=lambda one: one.tstart), said


def screened_events(files: Sequence[ScienceEvents], screening: Screening | None = None) -> EventList:
    """Choose the photons of event files that count; rows that mark time or lost events are no photons.

    Parameters
    ----------
    files : sequence of ScienceEvents
        Of one mode, in any order; a moment that two of them have counts once.
    screening : Screening, optional

    Raises
    ------
    NoGoodTime
        If no good time is left.
    DataError
        If the files differ in their channels.
    ConfigError
        If a PCU or layer is asked for that the mode does not tell, or a channel that it does not have.
    """
    screening = screening or Screening()
    ordered = sorted(files, key=lambda file: file.tstart)
    if not ordered:
        raise NoGoodTime("There is no event file.")
    first = ordered[0]
    for other in ordered[1:]:
        if other.word.cpix != first.word.cpix:
            raise DataError(f"{other.name}: its channels ({other.word.cpix}) differ from those of {first.name}.")
    own = [intervals.make(gti) for gti in TimeSelection().own_gtis(ordered)]
    if screening.good is not None:
        own = [intervals.intersection(gti, screening.good) for gti in own]
    own, repeats = once(ordered, own)
    good = intervals.union(*own)
    if not len(good):
        raise NoGoodTime(f"{first.name}: no event lies in good time; the list would be empty.")
    require_told(first, screening)
    wanted = screening.channels.elements(first.word.bounds)
    parts = [_of_file(file, gti, wanted, screening) for file, gti in zip(ordered, own, strict=True)]
    time, pcu, anode, pha = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if (np.diff(time) < 0).any():
        order = np.argsort(time, kind="stable")
        time, pcu, anode, pha = time[order], pcu[order], anode[order], pha[order]
    remarks = (*(remark for file in ordered for remark in file.remarks), *map(str, repeats))
    bounds, cpix = first.word.bounds, first.word.cpix
    return EventList(
        time,
        pcu,
        anode,
        pha,
        bounds,
        cpix,
        good,
        first.timezero,
        first.table.header,
        tuple(dict.fromkeys(remarks)),
    )


def require_told(file: ScienceEvents, screening: Screening) -> None:
    """Refuse a screening by what the events of a file do not tell.

    Parameters
    ----------
    file : ScienceEvents
    screening : Screening

    Raises
    ------
    ConfigError
        Naming the file and its mode.
    """
    word = file.word
    mode = str(file.table.header.get("DATAMODE", "")).strip()
    if screening.pcus is not None and not (word.field("D") or word.field("Z")):
        raise ConfigError(f"{file.name}: events of {mode} do not tell their PCU; take all PCUs.")
    if screening.anodes is not None and not (word.field("E") or word.field("Z")):
        raise ConfigError(f"{file.name}: events of {mode} do not tell their layer; take all layers.")


#: Time [s], PCU, anode and element of some photons.
Photons = tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


def _of_file(file: ScienceEvents, good: Gti, wanted: NDArray[np.intp], screening: Screening) -> Photons:
    parts = list(photons(file, good, wanted, screening))
    none = np.empty(0, np.uint8)
    parts.append((np.empty(0), none, none, none))
    time, pcu, anode, pha = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return time, pcu, anode, pha


def photons(file: ScienceEvents, good: Gti, wanted: NDArray[np.intp], screening: Screening) -> Iterator[Photons]:
    """Iterate over the photons of a file that count, some at a time: time, PCU, anode, element.

    Parameters
    ----------
    file : ScienceEvents
    good : Gti
        MET (TT); that of the screening does not count.
    wanted : ndarray (n,) of int
        Elements that count.
    screening : Screening
    """
    whole = (float(good[0, 0]), float(good[-1, 1])) if len(good) else (0.0, 0.0)
    for piece in file.pieces(CHUNK, whole):
        time, words = file.times(piece), file.words(piece)
        pha = file.word.channel(words).astype(np.uint8)
        keep = intervals.contains(good, time) & file.word.is_photon(words)
        keep &= _one_of(wanted)[pha]
        pcu, anode = file.word.detector(words), file.word.anode(words)
        if screening.pcus is not None:
            keep &= _one_of(screening.pcus)[pcu]
        if screening.anodes is not None:
            keep &= _one_of(screening.anodes)[anode]
        yield time[keep], pcu[keep], anode[keep], pha[keep]


def _one_of(values: Sequence[int] | NDArray[np.intp]) -> NDArray[np.bool_]:
    table = np.zeros(MISSING + 1, bool)
    table[np.asarray(values, np.intp)] = True
    return table
