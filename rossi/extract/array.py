"""Science Array files (XTE_SA): arrays of counts with a time axis, a channel axis, both, or neither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError
from rossi.extract.channels import Bounds, descriptor, parse_channels
from rossi.extract.inherited import Inherited, inherited
from rossi.fits.reader import FitsFile
from rossi.fits.structure import Structure, block
from rossi.fits.table import Table
from rossi.gti import Gti, from_table
from rossi.met import split_keyword, timezero

#: Seconds in a unit of TIMEUNIT.
_UNITS = {"s": 1.0, "sec": 1.0, "d": 86400.0, "ms": 1e-3, "us": 1e-6, "h": 3600.0, "y": 3.15576e7}
_MAX_COLUMNS = 40
#: Channel list of data without a channel axis that count all channels together.
_ALL = "(0~255)"


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
    band : tuple of int, optional
        First and last channel of single-bit data, which have no channel axis; None for all channels.
    """

    n_time: int
    n_channel: int
    time_fastest: bool
    dt: float
    cpix: str | None
    has_channels: bool
    band: tuple[int, int] | None = None

    @property
    def bounds(self) -> Bounds:
        """First and last absolute channel of each element, (n_channel, 2).

        Without a channel axis it is that of single-bit data, or [[0, 0]] where all channels were counted together.
        """
        if not self.has_channels:
            return np.array([self.band or (0, 0)], np.int64)
        bounds = parse_channels(self.cpix or f"0:{self.n_channel - 1}")
        if len(bounds) == self.n_channel:
            return bounds
        return np.full((self.n_channel, 2), bounds[0, 0])  # compatibility: the first channel of the one range


class ScienceFile:
    """One table of science data, opened for extraction.

    Parameters
    ----------
    name : str
        File name, for messages and for FILENn.
    table : Table
    own_gti : ndarray (m, 2) [s] or None
        The good time that belongs to this file, TIMEZERO added; None if it has none.

    Raises
    ------
    DataError
        If it has no TSTART and TSTOP, no TIMESYS, or a TIMEUNIT that is not known.
    """

    def __init__(self, name: str, table: Table, own_gti: Gti | None) -> None:
        self.name, self.table, self.own_gti = name, table, own_gti
        #: Rows without a time; they lie in no good time.
        self.undated = 0
        header, where = table.header, table.where
        self.timedel = header.number("TIMEDEL", where, np.nan)
        unit = str(header.get("TIMEUNIT", "s")).strip().lower()
        if unit not in _UNITS:
            raise DataError(f"{where}: TIMEUNIT is {unit!r}; expected one of {', '.join(_UNITS)}.")
        if "TIMESYS" not in header:
            raise DataError(f"{where}: keyword TIMESYS is missing; the file's times have no meaning without it.")
        self.timeunit = _UNITS[unit]
        self.timezero = timezero(header, where)
        #: Start and end of the file, TIMEZERO added [s].
        self.tstart = split_keyword(header, "TSTART", where) + self.timezero
        self.tstop = split_keyword(header, "TSTOP", where) + self.timezero

    @cached_property
    def inherited(self) -> Inherited:
        """Cards that products have from it."""
        return inherited(self.table.header)

    @property
    def remarks(self) -> list[str]:
        """What to know of the rows that have been looked at."""
        if not self.undated:
            return []
        return [f"{self.table.where}: column Time is undefined or infinite in {self.undated} rows; they are left out."]

    def times(self, table: Table) -> NDArray[np.float64]:
        """Return the times of rows of this file's kind, TIMEZERO added.

        Parameters
        ----------
        table : Table

        Returns
        -------
        ndarray (n_row,) [s]
        """
        time = table.numbers("Time")
        return np.asarray((time if self.timeunit == 1.0 else time * self.timeunit) + self.timezero)


class ScienceArray(ScienceFile):
    """One Science Array table, opened for extraction; see `ScienceFile`.

    Parameters
    ----------
    compat : bool
        Take data without a channel axis for channel 0 of a list ``(0~255)``, as ``saextrct`` does, whatever TDDES says;
        and the one range of a channel list for that of all elements.
    """

    def __init__(self, name: str, table: Table, own_gti: Gti | None, *, compat: bool = False) -> None:
        super().__init__(name, table, own_gti)
        self.compat = compat
        #: Start of each row, TIMEZERO added [s].
        self.time: NDArray[np.float64] = self.times(table)
        self.undated = self.time.size - int(np.count_nonzero(np.isfinite(self.time)))

    @classmethod
    def from_file(cls, file: FitsFile, *, compat: bool = False) -> ScienceArray:
        """Open HDU 1 of a file, with HDU 2 as its own GTI where it is one.

        Parameters
        ----------
        file : FitsFile
        compat : bool
            See the class.

        Raises
        ------
        DataError
            If HDU 1 can't be extracted from, see `ScienceFile`.
        """
        return cls(file.name, file.table(hdu=1), own_gti(file), compat=compat)

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

        Parameters
        ----------
        columns : sequence of str

        Raises
        ------
        DataError, ConfigError
            If one is missing, there are more than 40, or they are stored differently.
        """
        try:
            return _ordered(self.table.structure, tuple(columns), self.timedel, self.compat)
        except KeyError:
            for name in columns:
                self.table.info(name)  # says which one is missing
            raise
        except DataError as error:
            raise DataError(f"{self.table.where}: {error}") from None

    def shape(self, column: str) -> CellShape:
        """Read a column's axes from TDIMn, iCTYPn, iCDLTn and iCPIXn.

        Parameters
        ----------
        column : str

        Raises
        ------
        DataError
            If TDIMn contradicts TFORMn, or the channel list the length of its axis.
        """
        info = self.table.info(column)
        try:
            shape = _cell_shape(self.table.structure, info.name.upper(), self.timedel, self.compat)
        except DataError as error:
            raise DataError(f"{self.table.where}: column {column}: {error}") from None
        if self.compat and not shape.has_channels:
            return replace(shape, cpix=_ALL, band=None)
        return shape

    def samples(
        self, columns: tuple[str, ...], channels: slice | NDArray[np.intp], index: NDArray[np.intp]
    ) -> NDArray[Any]:
        """Return chosen elements of columns that are stored alike, not scaled, in native byte order.

        Parameters
        ----------
        columns : tuple of str
            See `ordered`.
        channels : slice or ndarray (n_chosen,) of int
            Elements along the channel axis.
        index : ndarray (n_kept,) of int
            Samples among the file's n_row * n_time.

        Returns
        -------
        ndarray (n_kept, n_column, n_chosen)
        """
        shape, n_row = self.shape(columns[0]), len(self.table)
        at, chosen = adjacent(index), np.arange(shape.n_channel)[channels]
        stored = self.table.raw(columns[0]).dtype
        found = np.empty((len(index), len(columns), len(chosen)), stored.newbyteorder("="))
        first = 0
        for run in _runs(self.table.structure, columns):
            side = self.table.adjacent(run)
            raw = self.table.raw(run[0]) if side is None else side[0]
            if shape.time_fastest:
                cells = raw.reshape(n_row, len(run), shape.n_channel, shape.n_time).transpose(0, 3, 1, 2)
            else:
                cells = raw.reshape(n_row, len(run), shape.n_time, shape.n_channel).transpose(0, 2, 1, 3)
            each = cells[:, 0] if shape.n_time == 1 else cells.reshape(-1, len(run), shape.n_channel)
            found[:, first : first + len(run)] = (
                each[:, :, channels][at] if isinstance(channels, slice) else each[at][:, :, channels]
            )
            first += len(run)
        return found


def adjacent(numbers: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Return numbers as a slice where each follows the one before.

    Parameters
    ----------
    numbers : ndarray (n,) of int
        Ascending.
    """
    if not len(numbers) or numbers[-1] - numbers[0] + 1 != len(numbers):
        return numbers
    return slice(int(numbers[0]), int(numbers[-1]) + 1)


@lru_cache(maxsize=256)
def _runs(columns: Structure, names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Group columns into runs that lie side by side, not scaled, so that each run is read at once."""
    runs: list[list[str]] = []
    for name in names:
        if runs and block(columns, (*runs[-1], name)) is not None:
            runs[-1].append(name)
        else:
            runs.append([name])
    return tuple(map(tuple, runs))


@lru_cache(maxsize=256)
def _ordered(columns: Structure, names: tuple[str, ...], timedel: float, compat: bool) -> tuple[str, ...]:
    infos = sorted({columns.infos[name.upper()] for name in names}, key=lambda i: i.number)
    if not 1 <= len(infos) <= _MAX_COLUMNS:
        raise ConfigError(f"{len(infos)} columns are asked for; between 1 and {_MAX_COLUMNS} are possible.")
    first = infos[0]
    shape = _cell_shape(columns, first.name.upper(), timedel, compat)
    for info in infos[1:]:
        alike = replace(info, number=first.number, name=first.name) == first
        if not alike or _cell_shape(columns, info.name.upper(), timedel, compat) != shape:
            raise DataError(
                f"columns {first.name} and {info.name} are stored differently (type, NULL, unit, scaling or axes); "
                "extract them one by one."
            )
    return tuple(i.name for i in infos)


@lru_cache(maxsize=1024)
def _cell_shape(columns: Structure, name: str, timedel: float, compat: bool) -> CellShape:
    header, n, repeat = columns.header, columns.infos[name].number, columns.infos[name].repeat
    if columns.infos[name].code not in "BIJKED":
        raise DataError(
            f"its form is {columns.forms[n - 1]!r}; numbers were expected, of the same length in every row."
        )
    dims = [int(d) for d in re.findall(r"\d+", str(header.get(f"TDIM{n}", "")))] or [repeat]
    if int(np.prod(dims)) != repeat:
        raise DataError(f"TDIM{n} is {dims}, but TFORM{n} has {repeat} elements; the header is damaged.")
    kinds = [str(header.get(f"{axis}CTYP{n}", "")).strip().upper() for axis in range(1, len(dims) + 1)]
    times = [axis for axis, kind in enumerate(kinds) if kind in ("TIME", "DELTA_TIME")]
    channels = [axis for axis, kind in enumerate(kinds) if kind == "CHANNEL"]
    if len(times) > 1 or len(channels) > 1 or (repeat > 1 and not times and not channels):
        raise DataError(f"its axes are {kinds}; expected TIME, CHANNEL, or one of each.")
    dt = header.number(f"{times[0] + 1}CDLT{n}", "its header") if times else timedel
    if not dt > 0:
        raise DataError(f"a sample lasts {dt} s; TIMEDEL (or CDLT{n}) should be above 0.")
    cpix: str | None
    band = None
    if channels:
        cpix = str(header.get(f"{channels[0] + 1}CPIX{n}", f"0:{dims[channels[0]] - 1}"))
    else:
        token = descriptor(str(header.get(f"TDDES{n}", ""))).get("C")
        cpix = f"({token})" if token else None
        band = _band(token) if times and token else None
    n_channel = dims[channels[0]] if channels else 1
    time_fastest = times == [0] and len(dims) > 1
    shape = CellShape(dims[times[0]] if times else 1, n_channel, time_fastest, dt, cpix, bool(channels), band)
    listed = len(parse_channels(cpix)) if channels and cpix else n_channel
    if listed != n_channel and not (compat and listed == 1):
        raise DataError(f"its channel list has {listed} elements, its axis {n_channel}; the header is damaged.")
    return shape


def _band(token: str) -> tuple[int, int] | None:
    """Return the channels that a descriptor names if they are one band and not all."""
    try:
        bounds = parse_channels(token)
    except DataError:
        return None
    if len(bounds) > 1 or token in _ALL:
        return None
    return int(bounds[0, 0]), int(bounds[0, 1])


def own_gti(file: FitsFile) -> Gti | None:
    """Return HDU 2 of a science file as good time, or None where HDU 2 is no GTI.

    Parameters
    ----------
    file : FitsFile

    Returns
    -------
    ndarray (m, 2) [s] or None
    """
    if len(file.tables) < 2:
        return None
    table = file.tables[1]
    kinds = (table.name.upper(), str(table.header.get("HDUCLAS1", "")).strip().upper())
    return from_table(table) if "GTI" in kinds or "STDGTI" in kinds else None


def _is_xenon(element: str, first_detector: str | None) -> bool:
    if first_detector is not None and len(first_detector) == 1:
        return element.startswith("X") and (len(element) == 3 or "^" in element)
    return "X" in element and "&" not in element
