"""Good time as a value of its own: intervals that can be combined, looked at and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi import gti, met
from rossi.errors import DataError, shortened
from rossi.facts import Told
from rossi.fits import declarations as declared
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.saving import Saved
from rossi.fits.table import Table
from rossi.fits.writer import TableHDU, fits_bytes, now, primary_hdu, table_hdu

if TYPE_CHECKING:
    from astropy.table import QTable
    from astropy.time import Time

#: Keywords that are kept of the file that good time was read from.
_KEPT = ("TELESCOP", "INSTRUME", "OBJECT", "OBS_ID", "TIMESYS", "DATE-OBS", "TIME-OBS", "DATE-END", "TIME-END")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GoodTime(Saved, Told):
    """Good time intervals; half open, sorted and disjoint.

    ``a & b`` is the time in both, ``a | b`` in either, ``a - b`` in the first alone. Where an array of intervals is
    wanted, a `GoodTime` will do.

    Parameters
    ----------
    intervals : array_like (n, 2) [s]
        START and STOP, MET (TT), TIMEZERO applied; sorted and joined where they touch.
    name : str
        File name, for messages.
    header : Header
        Of the extension that it was read from.
    """

    intervals: NDArray[np.float64]
    name: str = "good time"
    header: Header = field(default_factory=Header)

    def __post_init__(self) -> None:
        object.__setattr__(self, "intervals", gti.make(self.intervals))

    def __len__(self) -> int:
        return len(self.intervals)

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        return iter(self.intervals)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.float64]:
        return np.array(self.intervals, dtype=dtype) if copy else np.asarray(self.intervals, dtype=dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GoodTime) and np.array_equal(self.intervals, other.intervals)

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: ArrayLike) -> GoodTime:
        return GoodTime(gti.intersection(self.intervals, other), self.name, self.header)

    def __or__(self, other: ArrayLike) -> GoodTime:
        return GoodTime(gti.union(self.intervals, other), self.name, self.header)

    def __sub__(self, other: ArrayLike) -> GoodTime:
        return GoodTime(gti.difference(self.intervals, other), self.name, self.header)

    @property
    def total(self) -> float:
        """Length of all intervals together [s]."""
        return gti.total(self.intervals)

    @property
    def start(self) -> Time:
        """Begin of each interval, ndarray (n,) of TT."""
        return met.to_time(self.intervals[:, 0])

    @property
    def stop(self) -> Time:
        """End of each interval, ndarray (n,) of TT."""
        return met.to_time(self.intervals[:, 1])

    def contains(self, time: ArrayLike) -> NDArray[np.bool_]:
        """Return which times are good.

        Parameters
        ----------
        time : array_like (m,) [s]
            MET (TT).

        Returns
        -------
        ndarray (m,) of bool

        Raises
        ------
        TypeError
            If these are no times.
        """
        try:
            return gti.contains(self.intervals, time)
        except (TypeError, ValueError):
            raise TypeError(f"Times are numbers, MET (TT) [s]; {shortened(time)} was given.") from None

    def to_table(self) -> QTable:
        """Return the intervals as a table.

        Returns
        -------
        astropy.table.QTable
            Columns start, stop : Time (n,), TT; duration : Quantity (n,) [s].
        """
        from astropy import units as u
        from astropy.table import QTable

        return QTable({"start": self.start, "stop": self.stop, "duration": np.diff(self.intervals)[:, 0] * u.s})

    def table(self) -> TableHDU:
        """Lay out the intervals as the extension STDGTI."""
        header = Header([("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("HDUCLAS2", "ALL")])
        header.copy_from(self.header, _KEPT)
        header.set("MJDREFI", met.MJDREFI)
        header.set("MJDREFF", met.MJDREFF)
        header.set("TIMESYS", str(self.header.get("TIMESYS", "TT")))
        header.set("TIMEUNIT", "s")
        header.set("TIMEZERO", 0.0, "is applied")
        header.set("ONTIME", round(self.total, 8), "sum of the intervals [s]")
        header.set("DATE", now(), "file creation date")
        return table_hdu("STDGTI", list(zip(declared.STDGTI, self.intervals.T, strict=True)), header)

    def to_bytes(self) -> bytes:
        """Return the intervals as a FITS file with the extension STDGTI."""
        return fits_bytes(primary_hdu(), [self.table()])

    def _facts(self) -> dict[str, str]:
        times = self.intervals
        span = (
            f"{met.isot(times[0, 0])} to {met.isot(times[-1, 1])} TT" if len(times) and np.isfinite(times).all() else ""
        )
        number = f"{len(self)} interval{'s' * (len(self) != 1)}"
        return {"intervals": number, "together": f"{self.total:.6g} s", "span": span}


def is_good_time(table: Table) -> bool:
    """Return whether a table is good time: it says so, or is called so.

    Parameters
    ----------
    table : Table
    """
    return str(table.header.get("HDUCLAS1", "")).strip() == "GTI" or table.name.upper() in ("STDGTI", "GTI")


def read_good_time(file: FitsFile) -> GoodTime:
    """Read the good time of a file.

    Parameters
    ----------
    file : FitsFile

    Returns
    -------
    GoodTime
        Of the first extension that is good time, TIMEZERO applied, within its TSTART and TSTOP.

    Raises
    ------
    DataError
        If there is none, or it is damaged.
    """
    for table in file.tables:
        if is_good_time(table) and "START" in table and "STOP" in table:
            return GoodTime(gti.from_table(table), file.name, table.header)
    found = ", ".join(t.name or "unnamed" for t in file.tables) or "no table"
    raise DataError(f"{file.name}: no extension holds good time (START and STOP); found {found}.")
