"""Writing light curves with their good time intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from rossi import gti
from rossi.fits.header import Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.timeseries.series import EXTRA, Series

#: Keywords of the RATE extension that STDGTI has too.
_SHARED = ["TELESCOP", "INSTRUME", "OBJECT", "MJDREFI", "MJDREFF", "TIMESYS", "TIMEUNIT", "DATE-OBS", "TIME-OBS"]
_SHARED += ["DATE-END", "TIME-END", "TSTARTI", "TSTARTF", "TSTOPI", "TSTOPF"]


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
    unit = "count/s" if series.quantity == "RATE" else "count"
    declared = {
        "TIME": Column("TIME", "D", "s", "start of the bin, MET (TT)"),
        series.quantity: Column(series.quantity, form, unit),
        "ERROR": Column("ERROR", form, unit),
        "FRACEXP": Column("FRACEXP", form),
    } | EXTRA
    header = series.header.copy()
    header.set("TIMEDEL", series.timedel, "bin width [s]")
    header.set("DATE", now(), "file creation date")
    columns = [(declared[name], values) for name, values in series.columns.items()]
    return table_hdu(series.quantity, [*columns, *more], header), _gti_table(series)


def _gti_table(series: Series) -> TableHDU:
    header = Header([("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("HDUCLAS2", "ALL")])
    header.copy_from(series.header, _SHARED)
    header.append("TIMEZERO", 0.0, "is applied")
    header.append("ONTIME", round(gti.total(series.intervals), 8), "sum of the intervals [s]")
    columns = [Column("START", "D", "s"), Column("STOP", "D", "s")]
    return table_hdu("STDGTI", list(zip(columns, series.intervals.T, strict=True)), header)


def write_light_curve(series: Series, *, form: str = "D") -> bytes:
    """Return a light curve as a FITS file: RATE and STDGTI."""
    primary = series.primary.without(("DATE",))
    primary.append("DATE", now(), "file creation date")
    return fits_bytes(primary_hdu(primary), light_curve_tables(series, form=form))
