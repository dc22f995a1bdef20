"""Writing light curves with their good time intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from rossi import gti
from rossi.fits import declarations as declared
from rossi.fits.header import Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.timeseries import units
from rossi.timeseries.series import EXTRA, Series

#: Keywords of the RATE extension that STDGTI has too.
_SHARED = ["TELESCOP", "INSTRUME", "OBJECT", "MJDREFI", "MJDREFF", "TIMESYS", "TIMEUNIT", "DATE-OBS", "TIME-OBS"]
_SHARED += ["DATE-END", "TIME-END", "TSTARTI", "TSTARTF", "TSTOPI", "TSTOPF"]
_VALUES = {"RATE": (declared.RATE, declared.ERROR), "COUNTS": (declared.COUNTS, declared.COUNTS_ERROR)}


def light_curve_tables(
    series: Series, *, form: str = "D", more: Sequence[tuple[Column, NDArray[Any]]] = ()
) -> tuple[TableHDU, TableHDU]:
    """Lay out a light curve as its RATE and STDGTI extensions.

    Parameters
    ----------
    series : Series
    form : str
        TFORM of all columns but TIME: D, or E as rebinlc and lcmath have it.
    more : sequence of (Column, array (n,))
        Further columns.
    """
    value, error = _VALUES[series.quantity]
    known = {declared.TIME.name: declared.TIME} | EXTRA
    known |= {column.name: replace(column, form=form) for column in (value, error, declared.FRACEXP)}
    header = series.header.copy()
    header.set("TIMEDEL", series.timedel, "smallest bin width [s]" if series.mixed else "bin width [s]")
    header.set("DATE", now(), "file creation date")
    if series.quantity == "RATE" and series.rate_unit != units.RATE:
        rated = ("RATE", "ERROR", "BACKV", "BACKE")
        known |= {name: replace(known[name], unit=series.rate_unit) for name in rated}
    columns = [(known[name], values) for name, values in series.columns.items()]
    return table_hdu(series.quantity, [*columns, *more], header), _gti_table(series)


def _gti_table(series: Series) -> TableHDU:
    header = Header([("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("HDUCLAS2", "ALL")])
    header.copy_from(series.header, _SHARED)
    header.append("TIMEZERO", 0.0, "is applied")
    header.append("ONTIME", round(gti.total(series.intervals), 8), "sum of the intervals [s]")
    return table_hdu("STDGTI", list(zip(declared.STDGTI, series.intervals.T, strict=True)), header)


def write_light_curve(series: Series, *, form: str = "D") -> bytes:
    """Return a light curve as a FITS file: RATE and STDGTI."""
    primary = series.primary.without(("DATE",))
    primary.append("DATE", now(), "file creation date")
    return fits_bytes(primary_hdu(primary), light_curve_tables(series, form=form))
