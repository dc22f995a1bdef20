"""Reading any OGIP light curve."""

from __future__ import annotations

import numpy as np

from rossi import gti, met
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.table import Table
from rossi.timeseries.series import EXTRA, Floats, Series, filled_intervals, set_moment

#: Keywords that describe columns as they lay in another file, by their first letters.
COLUMN_KEYWORDS = (
    "TTYPE",
    "TFORM",
    "TUNIT",
    "TDISP",
    "TNULL",
    "TZERO",
    "TSCAL",
    "TDIM",
    "TLMIN",
    "TLMAX",
    "TDMIN",
    "TDMAX",
)


def read_light_curve(data: bytes, name: str, *, quantity: str = "RATE") -> Series:
    """Read an OGIP light curve.

    Products of rossi and of FTOOLS and archive standard products are understood. A curve without a GTI extension gets
    the intervals of its rows.

    Parameters
    ----------
    data : bytes
        FITS file, gzip-compressed or not.
    name : str
        Its name, for messages.
    quantity : str
        RATE or COUNTS (which can only be rebinned); the file must hold it.

    Raises
    ------
    DataError
        If it is damaged, no light curve, of the other quantity, or in another mission's time.
    """
    return light_curve_of(open_fits(data, name), quantity=quantity)


def light_curve_of(file: FitsFile, *, quantity: str = "RATE") -> Series:
    """Take the light curve out of a file in memory; see `read_light_curve`."""
    table = _curve_table(file, quantity)
    header, where = table.header, table.where
    _check_time(table)
    zero = met.timezero(header, where)
    timedel = header.number("TIMEDEL", where)
    pixel = header.number("TIMEPIXR", where, 0.0)
    extra = {c: _doubles(table, c) for c in EXTRA if c in table}
    widths = extra.get("TIMEDEL", timedel)
    if not np.all(np.greater(widths, 0)):
        raise DataError(f"{where}: TIMEDEL is {np.min(widths):g} s; bins of a positive width were expected.")
    time = _doubles(table, "TIME") + (zero - pixel * widths)
    return Series(
        name=file.name,
        time=time,
        rate=_doubles(table, quantity),
        error=_doubles(table, "ERROR"),
        fracexp=_doubles(table, "FRACEXP") if "FRACEXP" in table else np.ones(len(time)),
        timedel=timedel,
        intervals=_intervals(file, time, widths),
        header=_absolute(header, where, zero),
        primary=file.primary,
        extra=extra,
        quantity=quantity,
    )


def _curve_table(file: FitsFile, quantity: str) -> Table:
    for table in file.tables:
        if quantity in table:
            return table
    for table in file.tables:
        if "TIME" in table and quantity == "RATE" and "COUNTS" in table:
            raise DataError(
                f"{table.where}: column RATE is missing, the curve is in COUNTS; extract it with lcmode=RATE to "
                "join or subtract it."
            )
    raise DataError(f"{file.name}: no extension has a column {quantity}; a light curve was expected.")


def _check_time(table: Table) -> None:
    header, where = table.header, table.where
    unit = table.info("TIME").unit or str(header.get("TIMEUNIT", "s"))
    if unit.strip().lower() not in ("s", "sec", "second", "seconds"):
        raise DataError(f"{where}: column TIME is in {unit!r}; seconds were expected (xronos output can't be joined).")
    reference = met.split_keyword(header, "MJDREF", where, met.MJDREFI + met.MJDREFF)
    if abs(reference - met.MJDREFI - met.MJDREFF) > 1e-7:
        raise DataError(f"{where}: MJDREF is {reference}; RXTE's {met.MJDREFI + met.MJDREFF} was expected.")


def _doubles(table: Table, name: str) -> Floats:
    values = table.numbers(name, None)
    if values.ndim != 1:
        raise DataError(f"{table.where}: column {name} has {values.shape[1]} elements a row; one was expected.")
    values[table.null(name)] = np.nan
    return values


def _absolute(header: Header, where: str, zero: float) -> Header:
    header = header.without(("TIMEZERO",), COLUMN_KEYWORDS)
    if zero:
        for keyword in ("TSTART", "TSTOP"):
            moment = met.split_keyword(header, keyword, where, np.nan)
            if np.isfinite(moment):
                header = header.without((keyword,))
                set_moment(header, keyword, moment + zero)
    header.set("TIMEZERI", 0, "TIMEZERO is applied")
    header.set("TIMEZERF", 0.0)
    header.set("TIMEPIXR", 0.0, "TIME is the start of the bin")
    return header


def _intervals(file: FitsFile, time: Floats, widths: Floats | float) -> Floats:
    for table in file.tables:
        if str(table.header.get("HDUCLAS1", "")).strip() == "GTI" or table.name in ("STDGTI", "GTI"):
            zero = met.timezero(table.header, table.where)
            return gti.make(np.column_stack((_doubles(table, "START"), _doubles(table, "STOP"))) + zero)
    return filled_intervals(time, widths)
