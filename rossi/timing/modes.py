"""What each file of the PCA holds: its configuration, from DATAMODE and the descriptors of its headers.

The EDS ran Standard1 and Standard2 always and up to four user configurations besides. File names do not tell which; the
header of the first table does. (HEASARC, The ABC of XTE, PCA configurations.)
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from rossi import gti as intervals
from rossi.errors import DataError
from rossi.extract.array import ScienceArray
from rossi.extract.channels import Bounds, descriptor, parse_channels
from rossi.extract.events import ScienceEvents
from rossi.facts import Told
from rossi.fits.header import BLOCK, Header
from rossi.fits.reader import header_end
from rossi.fits.table import Table
from rossi.fits.unzip import is_gzip, unpack
from rossi.gti import Gti
from rossi.met import split_keyword, timezero
from rossi.timing.xenon import TICK

#: As much of a file holds the headers of its primary HDU and of its first table, packed or not [byte]; those of event
#: files with long channel lists take 17 kB.
LEADING = 32 << 10
#: Channels of the PCA.
_CHANNELS = 256


class Kind(StrEnum):
    """What kind of configuration it is."""

    STANDARD1 = "Standard1"
    STANDARD2 = "Standard2"
    #: One half of GoodXenon, of no use without the other; and both merged.
    XENON_HALF = "GoodXenon half"
    XENON = "GoodXenon"
    #: Events in a word of 16 bits.
    EVENTS = "events"
    BINNED = "binned"
    SINGLE_BIT = "single bit"
    #: Short stretches behind a trigger.
    BURST = "burst catcher"
    #: Delays between events, triggers, idle analyzers, unknown ones: no light curve can be made of them.
    OTHER = "other"


_KINDS = (
    (r"Standard1.*", Kind.STANDARD1),
    (r"Standard2.*", Kind.STANDARD2),
    (r"GoodXenon(with|Propane)*[12](_.*)?", Kind.XENON_HALF),
    (r"GoodXenon.*", Kind.XENON),
    (r"C[BE]_.*", Kind.BURST),
    (r"E_.*", Kind.EVENTS),
    (r"SB_.*", Kind.SINGLE_BIT),
    (r"B_.*", Kind.BINNED),
)
_ARRAYS = {Kind.STANDARD1, Kind.STANDARD2, Kind.BINNED, Kind.SINGLE_BIT}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a file holds.

    Parameters
    ----------
    path : str
    name : str
        DATAMODE.
    kind : Kind
    resolution : float [s]
        As the header has it, never from the name; NaN for other kinds.
    bounds : ndarray (n_element, 2)
        First and last absolute channel of each element; none for other kinds.
    start, stop : float [s]
        MET (TT) of the file.
    pcus : tuple of int
        PCUs whose events it has.
    tells_pcu, tells_layer : bool
        Whether events of one PCU, or layer, can be chosen.
    """

    path: str
    name: str
    kind: Kind
    resolution: float
    bounds: Bounds
    start: float
    stop: float
    pcus: tuple[int, ...]
    tells_pcu: bool
    tells_layer: bool


@dataclass(frozen=True, slots=True)
class Mode:
    """A configuration over an observation: all its files.

    Parameters
    ----------
    configurations : tuple of Configuration
        Alike in all but path and time; both halves of GoodXenon.
    gti : Gti
        When it ran, MET (TT), as the headers' TSTART and TSTOP have it.
    """

    configurations: tuple[Configuration, ...]
    gti: Gti

    @property
    def first(self) -> Configuration:
        """The one whose file begins first."""
        return self.configurations[0]

    @property
    def name(self) -> str:
        """DATAMODE; that of the merged events for GoodXenon."""
        return _merged(self.first.name) if self.first.kind == Kind.XENON_HALF else self.first.name

    @property
    def kind(self) -> Kind:
        """What kind it is."""
        return Kind.XENON if self.first.kind == Kind.XENON_HALF else self.first.kind

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files."""
        return tuple(one.path for one in self.configurations)

    def row(self) -> tuple[str, ...]:
        """Return what a table of modes says of it."""
        one = self.first
        channels = f"{one.bounds.min()}-{one.bounds.max()}" if len(one.bounds) else ""
        number = str(len(one.bounds)) if len(one.bounds) else ""
        pcus = "".join(map(str, one.pcus)) if one.tells_pcu else "all"
        seconds = f"{intervals.total(self.gti):.0f}"
        return (
            self.name,
            str(self.kind),
            _resolution(one.resolution),
            channels,
            number,
            pcus,
            seconds,
            str(len(self.paths)),
        )


def _resolution(seconds: float) -> str:
    if not np.isfinite(seconds):
        return ""
    unit, factor = ("s", 1.0) if seconds >= 0.1 else ("ms", 1e3) if seconds >= 1e-3 else ("us", 1e6)
    return f"{seconds * factor:.4g} {unit}"


#: Head of the table of modes.
COLUMNS = ("mode", "kind", "resolution", "channels", "elements", "PCUs", "seconds", "files")


class Modes(Told, Mapping[str, tuple[str, ...]]):
    """Data modes of an observation: names by instrument, and what those of the PCA hold.

    Parameters
    ----------
    names : mapping of str to tuple of str
    configurations : iterable of Configuration
    remarks : iterable of str
        On files whose headers do not tell what they hold.
    """

    def __init__(
        self,
        names: Mapping[str, tuple[str, ...]],
        configurations: Iterable[Configuration],
        remarks: Iterable[str] = (),
    ) -> None:
        self._names, self.configurations, self.remarks = dict(names), tuple(configurations), tuple(remarks)

    def __getitem__(self, instrument: str) -> tuple[str, ...]:
        return self._names[instrument]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def table(self) -> tuple[Mode, ...]:
        """The modes of the PCA, each with its files, by kind and resolution."""
        return modes_of(self.configurations)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the modes of the PCA as rows of text; see `COLUMNS`."""
        return [mode.row() for mode in self.table]

    def __str__(self) -> str:
        rows = [COLUMNS, *self.rows()]
        widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
        lines = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        others = [f"{name}: {', '.join(modes)}" for name, modes in self.items() if name != "PCA" and modes]
        return "\n".join([*lines, *others, *self.remarks])

    def _facts(self) -> dict[str, str]:
        return {name: f"{name}: {', '.join(modes)}" if modes else "" for name, modes in self.items()}


def modes_of(configurations: Iterable[Configuration]) -> tuple[Mode, ...]:
    """Return the modes that files make: those alike together, halves of GoodXenon with their partners.

    Parameters
    ----------
    configurations : iterable of Configuration
        In any order.

    Returns
    -------
    tuple of Mode
        By kind, then by name.
    """
    groups: dict[tuple[object, ...], list[Configuration]] = {}
    for one in sorted(configurations, key=lambda c: (c.start, c.path)):
        name = _merged(one.name) if one.kind == Kind.XENON_HALF else one.name
        key = (one.kind, name, one.resolution if np.isfinite(one.resolution) else 0.0, one.bounds.tobytes(), one.pcus)
        groups.setdefault(key, []).append(one)
    modes = [Mode(tuple(group), _time(group)) for group in groups.values()]
    order = list(Kind)
    return tuple(sorted(modes, key=lambda m: (order.index(m.kind), m.name)))


def _merged(name: str) -> str:
    return re.sub(r"^(GoodXenon\D*)[12](?=_|$)", r"\1", name)


def _time(group: list[Configuration]) -> Gti:
    """Return when a mode ran; of GoodXenon, when both halves did."""
    if group[0].kind != Kind.XENON_HALF:
        return intervals.union([[one.start, one.stop] for one in group])
    halves = [[[c.start, c.stop] for c in group if re.match(rf"GoodXenon\D*{role}", c.name)] for role in (1, 2)]
    return intervals.intersection(*(intervals.union(half) if half else np.empty((0, 2)) for half in halves))


def read_configuration(data: bytes, path: str) -> Configuration:
    """Return what a file of the PCA holds.

    Parameters
    ----------
    data : bytes
        The file, or its first `LEADING` bytes; plain or gzip-compressed.
    path : str

    Raises
    ------
    DataError
        If it is no science file of the PCA, or its headers are damaged or cut.
    """
    return configuration(first_table_header(data, path), path)


def first_table_header(data: bytes, name: str) -> Header:
    """Return the header of the first table of a file of which only the beginning is at hand.

    Parameters
    ----------
    data : bytes
        The file, or its first `LEADING` bytes; plain or gzip-compressed.
    name : str
        Of the file, for messages.

    Raises
    ------
    DataError
        If it is not there as a whole.
    """
    plain = _unpacked(data, name)
    if plain[:6] != b"SIMPLE":
        raise DataError(f"{name}: not a FITS file (it begins with {plain[:8]!r}).")
    end = header_end(plain, 0, name, 0)
    return Header.from_block(plain[end : header_end(plain, end, name, 1)])


def _unpacked(data: bytes, name: str) -> bytes:
    if not is_gzip(data):
        return data if data[:6] == b"SIMPLE" else unpack(data, name)
    try:
        return zlib.decompressobj(wbits=31).decompress(data, 100 * BLOCK)
    except zlib.error as error:
        raise DataError(f"{name}: the gzip data are damaged ({error}); fetch the file again.") from None


def configuration(header: Header, path: str) -> Configuration:
    """Return what a file of the PCA holds, from the header of its first table.

    Parameters
    ----------
    header : Header
    path : str
        Of the file.

    Raises
    ------
    DataError
        If a keyword is missing, or a descriptor can't be read.
    """
    empty = header.copy()
    empty.set("NAXIS2", 0)
    empty.set("PCOUNT", 0)
    table = Table(empty, b"", path)
    name = str(header.get("DATAMODE", "")).strip()
    kind = next((kind for pattern, kind in _KINDS if re.fullmatch(pattern, name)), Kind.OTHER)
    zero = timezero(header, table.where)
    start, stop = (split_keyword(header, key, table.where) + zero for key in ("TSTART", "TSTOP"))
    resolution, bounds, pcus, tells = _content(kind, table)
    return Configuration(path, name, kind, resolution, bounds, start, stop, pcus, *tells)


_ALL = (0, 1, 2, 3, 4)
_Content = tuple[float, Bounds, tuple[int, ...], tuple[bool, bool]]


def _content(kind: Kind, table: Table) -> _Content:
    if kind in {Kind.XENON, Kind.XENON_HALF}:
        return TICK, parse_channels(f"0:{_CHANNELS - 1}"), _ALL, (True, True)
    if kind == Kind.OTHER:
        return np.nan, np.empty((0, 2), np.int64), (), (False, False)
    if kind in _ARRAYS or (kind == Kind.BURST and "Event" not in table):
        return _array(kind, ScienceArray(table.source, table, None))
    events = ScienceEvents(table.source, table, None)
    word = events.word
    told = word.field("D") or word.field("Z")
    anodes = bool(word.field("Z") or word.field("E"))
    return events.timedel, word.bounds, _pcus(table, "Event"), (told is not None, anodes)


def _array(kind: Kind, array: ScienceArray) -> _Content:
    column = array.good_columns()[0]
    shape = array.shape(column)
    bounds = shape.bounds
    if not shape.has_channels and shape.band is None:
        bounds = np.array([[0, _CHANNELS - 1]])
    by_pcu = kind in {Kind.STANDARD1, Kind.STANDARD2}
    pcus = _ALL if by_pcu else _pcus(array.table, column)
    return shape.dt, bounds, pcus, (by_pcu, kind == Kind.STANDARD2)


def _pcus(table: Table, column: str) -> tuple[int, ...]:
    """Return the PCUs that a descriptor names, all where it names none."""
    text = descriptor(str(table.header.get(f"TDDES{table.info(column).number}", ""))).get("D", "")
    try:
        named = parse_channels(text)
    except DataError:
        return _ALL
    return tuple(pcu for pcu in _ALL if any(first <= pcu <= last for first, last in named))
