"""Event files from GoodXenon pairs, and which files make a pair (the FTOOLS tasks ``xenon2fits`` and ``make_se``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.errors import DataError
from rossi.extract.eventword import MISSING
from rossi.fits import declarations as declared
from rossi.fits.edit import as_hdu, without_columns
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.fits.writer import Column, TableHDU, fits_bytes, table_hdu
from rossi.met import split_keyword, timezero
from rossi.timing.merge import merge_xenon
from rossi.timing.xenon import TICK, XenonEvents, XenonHalf, mode_of
from rossi.version import __version__

#: The words of merged events.
EVENT_WORD = Column(
    "Event",
    "24X",
    "",
    "",
    keywords=(
        ("TDDES", "D[0~4] & E[X1L^X1R^X2L^X2R^X3L^X3R] & C[0~255]"),
        ("TEVTB", "(M[1]{1},S[Zero]{5},E[VPR]{1},D[0:4]{3},E[0:63]{6},C[0:255]{8})"),
    ),
)
#: Columns that say more than the words, as ``xenon2fits`` orders and names them.
_ANODES = ("XL1", "XR1", "XL2", "XR2", "XL3", "XR3")
_OWN = ("TIMEDEL", "DATAMODE", "HDUCLAS1", "HDUCLAS2", "CREATOR", "DATE", "ORIGIN")
_CHECKS = ("CHECKSUM", "DATASUM")


class Layout(StrEnum):
    """Columns of the event file."""

    #: TIME and the words.
    WORDS = "X"
    #: PCUID, ANODEID and PHA as well, as the archive's GX files have them.
    OGIP = "O"
    #: TIME and ten numbers, one for each part of a word.
    NUMBERS = "A"


def event_words(events: XenonEvents) -> NDArray[np.uint8]:
    """Return the words of event files: marker, five zeros, propane, PCU, six anodes, pulse height.

    Parameters
    ----------
    events : XenonEvents

    Returns
    -------
    ndarray (n, 3) of uint8
    """
    anodes = np.where(events.code < 6, 1 << np.minimum(events.code, 5), 0)
    words = (1 << 23) | ((events.code == 6).astype(np.int64) << 17) | (events.pcu.astype(np.int64) << 14)
    words |= (anodes.astype(np.int64) << 8) | events.height
    return np.column_stack([(words >> shift) & 0xFF for shift in (16, 8, 0)]).astype(np.uint8)


def xenon_file(
    one: FitsFile, other: FitsFile, layout: Layout = Layout.WORDS, *, compat: bool = False
) -> tuple[bytes, tuple[str, ...]]:
    """Merge two files of GoodXenon to an event file.

    Parameters
    ----------
    one, other : FitsFile
        In either order.
    layout : Layout
    compat : bool
        See `rossi.timing.merge.merge_xenon`; events without an anode have ANODEID 0 then, and good time is that of the
        first file.

    Returns
    -------
    bytes, tuple of str
        The file, and what to say of it.

    Raises
    ------
    DataError
        If they do not belong together, or are damaged.
    """
    halves = [XenonHalf.from_file(file) for file in (one, other)]
    events = merge_xenon(*halves, compat=compat)
    source = one if halves[0].role == 1 else other
    table = source.table()
    header = merged_header(table, layout, compat=compat)
    hdu = table_hdu("XTE_SE", _columns(events, layout, compat), header)
    others = [as_hdu(later) for later in source.tables[1:]]
    if len(events.missing) and len(source.tables) > 1:
        others[0] = _good_time(source.tables[1], events.missing)
    return fits_bytes(source.primary, [hdu, *others]), events.remarks


def merged_header(table: Table, layout: Layout = Layout.WORDS, *, compat: bool = False) -> Header:
    """Return the header of merged events, but for what describes the columns.

    Parameters
    ----------
    table : Table
        HDU 1 of the first half.
    layout : Layout
    compat : bool
        See `xenon_file`.
    """
    header = Header(
        [
            ("ORIGIN", "rossi"),
            ("CREATOR", f"rossi {__version__}"),
            ("HDUCLAS1", "EVENT"),
            ("HDUCLAS2", "ALL"),
            ("DATAMODE", mode_of(table)[0], "both halves merged"),
            ("TIMEDEL", TICK, "[s] resolution of event times"),
        ]
    )
    dropped = {*_OWN, *_CHECKS, "EXTNAME", *(("CLOCKAPP",) if compat else ())}
    header.extend(card for card in without_columns(table.header).images() if card[0] not in dropped)
    if layout is Layout.OGIP:
        for number, (low, high) in enumerate(((0, 4), (10, 40), (0, 255)), 3):
            header.append(f"TLMIN{number}", low)
            header.append(f"TLMAX{number}", high)
        header.append("CPIX5", "0:255", "channels of the elements")
    return header


def _columns(events: XenonEvents, layout: Layout, compat: bool) -> list[tuple[Column, NDArray[np.generic]]]:
    columns: list[tuple[Column, NDArray[np.generic]]] = [(declared.EVENT_TIME, events.time)]
    if layout is Layout.NUMBERS:
        numbers = [events.pcu, events.height, events.code == 6, *(events.code == code for code in range(6))]
        names = ("PCUID", "PulseHeight", "Propane", *_ANODES)
        return columns + [
            (Column(name, "I", "Channel" if name == "PulseHeight" else ""), values.astype(np.int16))
            for name, values in zip(names, numbers, strict=True)
        ]
    columns.append((EVENT_WORD, event_words(events)))
    if layout is Layout.OGIP:
        anode = np.where(events.anode == MISSING, 0, events.anode) if compat else events.anode
        columns += [(declared.PCUID, events.pcu), (declared.ANODEID, anode), (declared.PHA, events.height)]
    return columns


def _good_time(table: Table, missing: NDArray[np.float64]) -> TableHDU:
    """Return a table of good time without some spans, both in spacecraft clock."""
    start, stop = list(table.infos)[:2]
    left = intervals.difference(np.column_stack((table.numbers(start), table.numbers(stop))), missing)
    columns = [
        (Column(table.info(name).name, "D", "s"), ends) for name, ends in ((start, left[:, 0]), (stop, left[:, 1]))
    ]
    return table_hdu(table.name, columns, without_columns(table.header))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files of GoodXenon that ran at the same time.

    Parameters
    ----------
    first, second : FitsFile
    """

    first: FitsFile
    second: FitsFile


def xenon_pairs(files: Sequence[FitsFile]) -> tuple[list[Pair], list[str]]:
    """Find the pairs among files of GoodXenon.

    Parameters
    ----------
    files : sequence of FitsFile
        In any order. Files of one half that share time with several of the other are in several pairs.

    Returns
    -------
    list of Pair, list of str
        By start, and a sentence for each file without a partner.

    Raises
    ------
    DataError
        If a file is of another mode, or there is no pair.
    """
    order = sorted(files, key=lambda file: _span(file.table())[0])
    halves = [(file, *mode_of(file.table())) for file in order]
    ones = [(file, mode) for file, mode, role in halves if role == 1]
    others = [(file, mode) for file, mode, role in halves if role == 2]
    pairs = [
        Pair(a, b) for a, mode in ones for b, mode2 in others if mode == mode2 and _shared(a.table(), b.table()) > 0
    ]
    used = {id(file) for pair in pairs for file in (pair.first, pair.second)}
    alone = [file for file in order if id(file) not in used]
    said = [
        f"{file.name}: no file of the other half of {file.table().header.get('DATAMODE')} ran at the same time; its "
        "events can't be decoded."
        for file in alone
    ]
    if not pairs:
        raise DataError(said[0] if said else "No GoodXenon file is given.")
    return pairs, said


def _span(table: Table) -> tuple[float, float]:
    zero = timezero(table.header, table.where)
    start, stop = (split_keyword(table.header, key, table.where) + zero for key in ("TSTART", "TSTOP"))
    return start, stop


def _shared(one: Table, other: Table) -> float:
    (start, stop), (start2, stop2) = _span(one), _span(other)
    return min(stop, stop2) - max(start, start2)
