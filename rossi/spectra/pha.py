"""Spectra (PHA files) as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.met import timezero

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pha:
    """A spectrum, type I.

    Parameters
    ----------
    name : str
        File name, for messages.
    channel : ndarray (n,) of int
    value : ndarray (n,)
        COUNTS or RATE, as `quantity` says.
    error : ndarray (n,) or None
        STAT_ERR in the same unit; None where errors are Poisson's (POISSERR = T, or no column).
    systematic : ndarray (n,)
        SYS_ERR, a fraction.
    quality : ndarray (n,) of int
        0 is good.
    exposure : float [s]
    areascal : float
    quantity : str
        COUNTS or RATE.
    intervals : ndarray (m, 2) [s] or None
        Good time intervals, TIMEZERO applied; None where the file has no such extension.
    header : Header
        Of the SPECTRUM extension.
    gti_header : Header
        Of the good time intervals; empty where there are none.
    """

    name: str
    channel: NDArray[np.int64]
    value: Floats
    error: Floats | None
    systematic: Floats
    quality: NDArray[np.int64]
    exposure: float
    areascal: float
    quantity: str
    intervals: Floats | None
    header: Header
    gti_header: Header

    def __len__(self) -> int:
        return len(self.channel)

    def in_counts(self) -> Pha:
        """Return the spectrum in counts: rates times exposure.

        Raises
        ------
        DataError
            If it is in rates and has no exposure.
        """
        if self.quantity == "COUNTS":
            return self
        self.require_exposure()
        error = None if self.error is None else self.error * self.exposure
        return replace(self, value=self.value * self.exposure, error=error, quantity="COUNTS")

    def require_exposure(self) -> None:
        """Raise a `DataError` unless counts can be turned into rates."""
        if not self.exposure > 0:
            raise DataError(
                f"{self.name}: EXPOSURE is {self.exposure:g} s, so it has no rate; leave it out, or calculate "
                "with counts alone (compat=no, units=C)."
            )


def read_pha(file: FitsFile) -> Pha:
    """Read a spectrum.

    Raises
    ------
    DataError
        If the file holds no spectrum, or one a row (type II).
    """
    table = find_spectrum(file)
    header, where = table.header, table.where
    quantity = "COUNTS" if "COUNTS" in table else "RATE"
    value = _numbers(table, quantity)
    good_time = _good_time_table(file)
    poisson = bool(header.get("POISSERR", False)) or "STAT_ERR" not in table
    return Pha(
        name=file.name,
        channel=_numbers(table, "CHANNEL").astype(np.int64),
        value=value,
        error=None if poisson else _numbers(table, "STAT_ERR"),
        systematic=_numbers_or(table, "SYS_ERR"),
        quality=_numbers_or(table, "QUALITY").astype(np.int64),
        exposure=header.number("EXPOSURE", where),
        areascal=header.number("AREASCAL", where, 1.0),
        quantity=quantity,
        intervals=None if good_time is None else _intervals(good_time),
        header=header,
        gti_header=Header() if good_time is None else good_time.header,
    )


def find_spectrum(file: FitsFile) -> Table:
    """Return the table of a file that is a spectrum (type I or II).

    Raises
    ------
    DataError
        If there is none.
    """
    for table in file.tables:
        if "CHANNEL" in table and ("COUNTS" in table or "RATE" in table):
            return table
    found = ", ".join(t.name or "unnamed" for t in file.tables) or "no table"
    raise DataError(
        f"{file.name}: no extension has the columns CHANNEL and COUNTS or RATE; a spectrum was expected, found {found}."
    )


def _numbers(table: Table, name: str) -> Floats:
    values = table.numbers(name, None)
    if values.ndim != 1:
        raise DataError(
            f"{table.where}: column {name} has {values.shape[1]} elements a row; a spectrum with a channel a row "
            "(type I) was expected."
        )
    return values


def _numbers_or(table: Table, name: str) -> Floats:
    """Return a column, or the keyword of the same name for all channels (0 where it is absent)."""
    if name in table:
        return _numbers(table, name)
    value = table.header.get(name, 0)
    return np.full(len(table), float(value) if isinstance(value, int | float) else 0.0)


def _good_time_table(file: FitsFile) -> Table | None:
    for table in file.tables:
        if str(table.header.get("HDUCLAS1", "")).strip() == "GTI" and len(table):
            return table
    return None


def good_time(file: FitsFile) -> Floats | None:
    """Return the good time intervals of a spectrum's file, TIMEZERO applied; None where it has none."""
    table = _good_time_table(file)
    return None if table is None else _intervals(table)


def _intervals(table: Table) -> Floats:
    """Return good time as it stands, not clipped to TSTART and TSTOP, which are those of the spectrum."""
    rows = np.column_stack([_numbers(table, name) for name in ("START", "STOP")])
    return gti.make(rows + timezero(table.header, table.where))
