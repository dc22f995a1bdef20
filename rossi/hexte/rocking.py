"""Rocking: which rows look at the source and which beside it (the FTOOLS task ``hxtback``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import chosen_rows, rows_of_runs
from rossi.fits.declarations import ROCKING_GTI
from rossi.fits.edit import file_bytes
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.fits.writer import TableHDU, primary_hdu, table_hdu
from rossi.gti import pairs_of
from rossi.hexte.science import FRAME, Cluster, Kind, cluster_codes, cluster_of, frame_number, kind_of
from rossi.remarks import Remark

Gti = NDArray[np.float64]

#: Telemetry of cluster B says "on source" between these times (MET), although the cluster was beside it [s].
_WRONG_POSITIONS = ((503424752, 506801792), (506843120, 512502160))
#: Keywords of the old GTI extension that the new one keeps.
_KEPT: tuple[str, ...] = (
    "CREATOR",
    "HDUCLASS",
    "HDUCLAS1",
    "HDUCLAS2",
    "TIMESYS",
    "MJDREFI",
    "MJDREFF",
    "TIMEZERO",
    "TIMEUNIT",
)
_KEPT += ("TIMEREF", "TASSIGN", "CLOCKAPP", "TIMVERSN", "TSTART", "TSTOP")
#: Runs of so many rows at one position are copied as runs, shorter ones row by row.
_LONG_RUN = 256
#: With `row_defect`, as many digits of the number of rows are read.
_DIGITS = 6


class Position(StrEnum):
    """Where a cluster looks, as the names of split files say it."""

    SOURCE = "src"
    PLUS = "p"
    MINUS = "m"
    BACKGROUND = "bkg"


#: Codes of ClstrPosition by position: offsets of 1.5 and 3 degrees. Bit 0x40 of event lists means nothing here.
_ARCHIVE = {Position.SOURCE: (0, 3), Position.PLUS: (1, 2), Position.MINUS: (5, 4)}
_EVENTS = {Position.SOURCE: (0x01, 0x08), Position.PLUS: (0x02, 0x04), Position.MINUS: (0x20, 0x10)}
_EITHER = 0x40
#: Offset [deg] by the place of a code in the tuples above.
ANGLES = (1.5, 3.0)


def codes(position: Position, kind: Kind) -> tuple[int, ...]:
    """Return the values of ClstrPosition that mean a position.

    Parameters
    ----------
    position : Position
    kind : Kind
        Archive mode, or events.
    """
    if position is Position.BACKGROUND:
        return (*codes(Position.PLUS, kind), *codes(Position.MINUS, kind))
    if kind is Kind.ARCHIVE:
        return _ARCHIVE[position]
    return tuple(code | bit for code in _EVENTS[position] for bit in (0, _EITHER))


@lru_cache(maxsize=32)
def _lookup(position: Position, kind: Kind) -> NDArray[np.bool_]:
    wanted = np.zeros(256, bool)
    wanted[list(codes(position, kind))] = True
    return wanted


def rocking_angle(table: Table, kind: Kind) -> float | None:
    """Return the angle to which the cluster rocks, 1.5 or 3; None where it always stares.

    Parameters
    ----------
    table : Table
    kind : Kind

    Returns
    -------
    float or None [deg]
    """
    present = cluster_codes(table).tobytes()
    known, either = (_ARCHIVE, 0) if kind is Kind.ARCHIVE else (_EVENTS, _EITHER)
    for place, angle in enumerate(ANGLES):
        for position in (Position.PLUS, Position.MINUS):
            code = known[position][place]
            if code in present or code | either in present:
                return angle
    return None


def frame_intervals(time: NDArray[np.float64], row_defect: bool = False) -> Gti:
    """Return the 16-s frames that hold rows, one interval each, in order of the rows.

    Parameters
    ----------
    time : ndarray (n_row,) [s]
    row_defect : bool
        Compatibility: of a million rows and more, look at as many as the first six digits of their number say, as
        ``hxtback`` does.

    Returns
    -------
    ndarray (n_frame, 2) [s]
    """
    if row_defect:
        time = time[: int(str(len(time))[:_DIGITS])]
    number = frame_number(time)
    first = np.concatenate((number[:1] != 0, number[1:] != number[:-1]))
    start = FRAME * number[first]
    return pairs_of(start, start + FRAME)


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one position.

    Parameters
    ----------
    position : Position
        Where the rows were taken; what the telemetry got wrong is put right.
    table : Table
        The science table with these rows.
    frames : ndarray (n_frame, 2) [s]
        See `frame_intervals`.
    gti_header : Header or None
        Of the science file's own GTI extension.
    angle : float or None
        Offset of the position [deg], None on source.
    """

    position: Position
    table: Table
    frames: Gti
    gti_header: Header | None
    angle: float | None

    @property
    def gti(self) -> TableHDU:
        """The good time as an extension."""
        header = Header()
        if self.gti_header is not None:
            header.copy_from(self.gti_header, _KEPT)
        return table_hdu("GTI", list(zip(ROCKING_GTI, self.frames.T, strict=True)), header)

    def to_bytes(self, *, compress: bool = False) -> bytes:
        """Return the split rows as a FITS file: science table and GTI.

        Parameters
        ----------
        compress : bool
            Gzip the file.
        """
        return file_bytes(self.opened(self.table.source), compress=compress)

    def opened(self, name: str) -> FitsFile:
        """Return what opening the file would give.

        Parameters
        ----------
        name : str
            Of the file.
        """
        table, gti = self.table, self.gti
        rows = Table(table.header, table.rows, name, table.structure, table.heap)
        return FitsFile(name, primary_hdu(), (rows, Table(gti.header, gti.data, name)))


def split(file: FitsFile, positions: Iterable[Position], row_defect: bool = False) -> list[Split]:
    """Split a science file by the position of its cluster.

    Parameters
    ----------
    file : FitsFile
    positions : iterable of Position
        Those without rows are left out of the result.
    row_defect : bool
        See `frame_intervals`.

    Raises
    ------
    DataError
        If the file has no cluster position.
    """
    table = file.table(hdu=1)
    kind = kind_of(table)
    gti_header = file.tables[1].header if len(file.tables) > 1 else None
    found = []
    for position, rows in rows_by_position(table, kind, tuple(positions)):
        part = table.with_rows(rows, split_header(table.header, position, kind, len(rows)))
        frames = frame_intervals(part.numbers("Time"), row_defect)
        found.append(Split(position, part, frames, gti_header, rocking_angle(part, kind)))
    return found


def rows_by_position(table: Table, kind: Kind, wanted: Sequence[Position]) -> Iterator[tuple[Position, NDArray[Any]]]:
    """Iterate over positions that have rows, and these; see `wrong_positions`.

    Parameters
    ----------
    table : Table
    kind : Kind
    wanted : sequence of Position

    Yields
    ------
    Position, ndarray (n,)
        Structured, at least one.
    """
    code = np.ascontiguousarray(cluster_codes(table))
    if not len(code):
        return
    edges = np.concatenate(([0], (code[1:] != code[:-1]).nonzero()[0] + 1, [len(code)]))
    start, stop, code = edges[:-1], edges[1:], code[edges[:-1]]
    is_long = len(table) > _LONG_RUN * len(start)  # events, as the cluster dwells
    moved = next((p for p in wanted if p is not Position.SOURCE), None) if wrong_positions(table) else None
    for position in wanted:
        if position is Position.SOURCE and moved is not None:
            continue
        here = _lookup(position, kind)[code]
        if position is moved:
            here |= _lookup(Position.SOURCE, kind)[code]
        first, last = start[here], stop[here]
        if is_long and len(first):
            yield position, rows_of_runs(table.rows, first, last)
        elif len(first):
            yield position, chosen_rows(table.rows, here.repeat(stop - start))


def split_header(header: Header, position: Position, kind: Kind, n_row: int) -> Header:
    """Return the header of the rows of a position.

    Parameters
    ----------
    header : Header
        Of the science table.
    position : Position
    kind : Kind
    n_row : int
        Rows of the position.
    """
    new = header.copy()
    new.set("NAXIS2", n_row, "number of rows in table")
    new.append("HISTORY", f"rows at ClstrPosition {', '.join(map(str, codes(position, kind)))}")
    return new


def wrong_positions(table: Table) -> bool:
    """Return whether a science file says "on source" although the cluster looked beside it.

    Parameters
    ----------
    table : Table
    """
    if cluster_of(table) is not Cluster.B:
        return False
    start = table.header.number("TSTART", table.where)
    return any(first < start < last for first, last in _WRONG_POSITIONS)


def rocking_remarks(table: Table) -> list[Remark]:
    """Return what to know of the positions in a science file.

    Parameters
    ----------
    table : Table
    """
    if not wrong_positions(table):
        return []
    return [
        Remark(
            "wrong_position",
            f"{table.where}: from 2009-12-14 to 2010-03-29 the telemetry of cluster B says 'on source' although it was "
            "off source; its rows are taken as background.",
        )
    ]
