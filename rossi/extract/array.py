"""Science Array files (XTE_SA): arrays of counts with a time axis, a channel axis, both, or neither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError
from rossi.extract.channels import Bounds, descriptor, parse_channels
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.gti import Gti, from_table
from rossi.met import split_keyword, timezero

#: Seconds in a unit of TIMEUNIT.
_UNITS = {"s": 1.0, "sec": 1.0, "d": 86400.0, "ms": 1e-3, "us": 1e-6, "h": 3600.0, "y": 3.15576e7}
_MAX_COLUMNS = 40


@dataclass(frozen=True, slots=True)
class CellShape:
    """How a cell of a column is laid out.

    Parameters
    ----------
    n_time, n_channel : int
        Samples and channel elements a row.
    time_fastest : bool
        Order in which a two-dimensional cell is stored.
    dt : float
        Length of a sample [s].
    cpix : str or None
        Channel list as the file spells it; without a channel axis, what the descriptor names, in parentheses.
    has_channels : bool
        Whether there is a channel axis.
    """

    n_time: int
    n_channel: int
    time_fastest: bool
    dt: float
    cpix: str | None
    has_channels: bool

    @property
    def bounds(self) -> Bounds:
        """First and last absolute channel of each element, (n_channel, 2); [[0, 0]] where there is no channel axis."""
        if not self.has_channels:
            return np.zeros((1, 2), np.int64)
        return parse_channels(self.cpix or f"0:{self.n_channel - 1}")


class ScienceArray:
    """One Science Array table, opened for extraction.

    Parameters
    ----------
    name : str
        File name, for messages and for FILENn.
    table : Table
    own_gti : Gti or None
        The good time that belongs to this file, TIMEZERO added; None if it has none.

    Raises
    ------
    DataError
        If it has no time column, no TSTART and TSTOP, or a TIMEUNIT that is not known.
    """

    def __init__(self, name: str, table: Table, own_gti: Gti | None) -> None:
        self.name, self.table, self.own_gti = name, table, own_gti
        header, where = table.header, table.where
        unit = str(header.get("TIMEUNIT", "s")).strip().lower()
        if unit not in _UNITS:
            raise DataError(f"{where}: TIMEUNIT is {unit!r}; expected one of {', '.join(_UNITS)}.")
        if "TIMESYS" not in header:
            raise DataError(f"{where}: keyword TIMESYS is missing; the file's times have no meaning without it.")
        self.timezero = timezero(header, where)
        #: Start and end of the file, TIMEZERO added [s].
        self.tstart = split_keyword(header, "TSTART", where) + self.timezero
        self.tstop = split_keyword(header, "TSTOP", where) + self.timezero
        #: Start of each row, TIMEZERO added [s].
        self.time: NDArray[np.float64] = table.column("Time").astype(np.float64) * _UNITS[unit] + self.timezero

    @classmethod
    def from_file(cls, file: FitsFile) -> ScienceArray:
        """Open HDU 1 of a file, with HDU 2 as its own GTI where it is one."""
        return cls(file.name, file.table(hdu=1), own_gti(file))

    def good_columns(self) -> tuple[str, ...]:
        """Return the columns that count good xenon events: all PCUs and layers.

        Raises
        ------
        DataError
            If the file's descriptor (TDDES) does not say RXTE PCA, or no column is of that kind.
        """
        root = descriptor(str(self.table.header.get("TDDES", "")))
        if root.get("O") != "XTE" or root.get("I") != "PCA":
            raise DataError(f"{self.table.where}: TDDES is not that of RXTE PCA; name the columns instead of GOOD.")
        tokens = {
            info.name: descriptor(str(self.table.header.get(f"TDDES{info.number}", "")))
            for info in self.table.infos.values()
        }
        first = next((t["D"] for t in tokens.values() if "D" in t), None)
        good = tuple(
            n for n, t in tokens.items() if "D" in t and "ERRS" not in n.upper() and _is_xenon(t.get("E", ""), first)
        )
        if not good:
            raise DataError(f"{self.table.where}: no column counts good xenon events; name the columns to extract.")
        return good

    def ordered(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return column names as the file spells them, by column number.

        Raises
        ------
        DataError, ConfigError
            If one is missing, there are more than 40, or they differ in shape.
        """
        infos = sorted({self.table.info(name) for name in columns}, key=lambda i: i.number)
        if not 1 <= len(infos) <= _MAX_COLUMNS:
            raise ConfigError(f"{len(infos)} columns are asked for; between 1 and {_MAX_COLUMNS} are possible.")
        shapes = {self.shape(i.name) for i in infos}
        if len(shapes) > 1:
            raise DataError(
                f"{self.table.where}: the columns {', '.join(columns)} differ in shape; extract them one by one."
            )
        return tuple(i.name for i in infos)

    def shape(self, column: str) -> CellShape:
        """Read a column's axes from TDIMn, iCTYPn, iCDLTn and iCPIXn.

        Raises
        ------
        DataError
            If TDIMn contradicts TFORMn, or the channel list the length of its axis.
        """
        info, header, where = self.table.info(column), self.table.header, self.table.where
        n = info.number
        dims = [int(d) for d in re.findall(r"\d+", str(header.get(f"TDIM{n}", "")))] or [info.repeat]
        if int(np.prod(dims)) != info.repeat:
            raise DataError(f"{where}: TDIM{n} of {column} is {dims}, but TFORM{n} has {info.repeat} elements.")
        kinds = [str(header.get(f"{axis}CTYP{n}", "")).strip().upper() for axis in range(1, len(dims) + 1)]
        times = [axis for axis, kind in enumerate(kinds) if kind in ("TIME", "DELTA_TIME")]
        channels = [axis for axis, kind in enumerate(kinds) if kind == "CHANNEL"]
        if len(times) > 1 or len(channels) > 1 or (info.repeat > 1 and not times and not channels):
            raise DataError(f"{where}: the axes of {column} are {kinds}; expected TIME, CHANNEL, or one of each.")
        dt = header.number(f"{times[0] + 1}CDLT{n}", where) if times else header.number("TIMEDEL", where)
        cpix: str | None
        if channels:
            cpix = str(header.get(f"{channels[0] + 1}CPIX{n}", f"0:{dims[channels[0]] - 1}"))
        else:
            token = descriptor(str(header.get(f"TDDES{n}", ""))).get("C")
            cpix = f"({token})" if token else None
        n_channel = dims[channels[0]] if channels else 1
        shape = CellShape(
            dims[times[0]] if times else 1, n_channel, times == [0] and len(dims) > 1, dt, cpix, bool(channels)
        )
        if channels and len(shape.bounds) != n_channel:
            raise DataError(
                f"{where}: the channel list of {column} has {len(shape.bounds)} elements, its axis "
                f"{n_channel}; the header is damaged."
            )
        return shape

    def samples(self, column: str) -> NDArray[Any]:
        """Return a column as stored (see `Table.raw`), arranged (n_row * n_time, n_channel); a view where possible."""
        shape, raw = self.shape(column), self.table.raw(column)
        if shape.time_fastest:
            cells = raw.reshape(len(raw), shape.n_channel, shape.n_time).transpose(0, 2, 1)
            return cells.reshape(-1, shape.n_channel)
        return raw.reshape(len(raw) * shape.n_time, shape.n_channel)


def own_gti(file: FitsFile) -> Gti | None:
    """Return HDU 2 of a science file as good time, or None where HDU 2 is no GTI."""
    if len(file.tables) < 2:
        return None
    table = file.tables[1]
    kinds = (table.name.upper(), str(table.header.get("HDUCLAS1", "")).strip().upper())
    return from_table(table) if "GTI" in kinds or "STDGTI" in kinds else None


def _is_xenon(element: str, first_detector: str | None) -> bool:
    if first_detector is not None and len(first_detector) == 1:
        return element.startswith("X") and (len(element) == 3 or "^" in element)
    return "X" in element and "&" not in element
