"""Reading any OGIP light curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rossi import gti, met
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.cards import images_of
from rossi.fits.declarations import BARYTIME
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.table import Table
from rossi.timeseries import units
from rossi.timeseries.clock import Clock, is_xronos
from rossi.timeseries.columns import Chosen, choose, doubles, poisson_error
from rossi.timeseries.series import EXPOSURES, EXTRA, LightCurve, filled_intervals, moment_cards

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
#: What a light curve says of times in MET that are the starts of bins.
MET = images_of(
    ("TIMEUNIT", "s"),
    ("MJDREFI", met.MJDREFI),
    ("MJDREFF", met.MJDREFF),
    ("TIMEZERI", 0, "TIMEZERO is applied"),
    ("TIMEZERF", 0.0),
    ("TIMEPIXR", 0.0, "TIME is the start of the bin"),
)
#: Times farther off than this [s] (three centuries) are no times.
_FAR = 1e10
#: Keywords of the curve that may stand in the primary header alone.
_SHARED = ("TELESCOP", "INSTRUME", "OBJECT", "TIMESYS", "TIMEREF", "RA_OBJ", "DEC_OBJ", "OBS_ID")


def read_light_curve(data: bytes, name: str, *, quantity: str | None = "RATE", column: str | None = None) -> LightCurve:
    """Read an OGIP light curve.

    Products of rossi, of FTOOLS and of xronos, and archive standard products are understood. A curve without a GTI
    extension gets the intervals of its rows; rows without a time are left out, which `LightCurve.remarks` tells.

    Parameters
    ----------
    data : bytes
        FITS file, packed (gzip, .Z, bzip2, xz) or not.
    name : str
        Its name, for messages.
    quantity : str or None
        RATE turns counts a bin into rates; COUNTS (which can only be rebinned) must be what the file holds; None takes
        it as it is.
    column : str, optional
        The column to take, where the file has several, such as RATE1 and RATE2.

    Raises
    ------
    DataError
        If it is damaged, no light curve, of the other quantity, or in another mission's time, or if there are several
        columns and none is named.
    """
    return light_curve_of(open_fits(data, name), quantity=quantity, column=column)


def light_curve_of(file: FitsFile, *, quantity: str | None = "RATE", column: str | None = None) -> LightCurve:
    """Take the light curve out of a file in memory; see `read_light_curve`.

    Parameters
    ----------
    file : FitsFile
    quantity : str or None
    column : str, optional

    Raises
    ------
    DataError
        As `read_light_curve` does.
    """
    chosen = choose(file, column)
    if quantity == "COUNTS" != chosen.quantity:
        raise DataError(f"{chosen.table.where}: the curve is in {chosen.unit}; counts a bin were expected.")
    series = _timed(_series(file, chosen))
    return in_rates(series) if quantity == "RATE" else series


def _series(file: FitsFile, chosen: Chosen) -> LightCurve:
    table = chosen.table
    where, header = table.where, _with_shared(table.header, file.primary)
    clock = Clock.of(table, "TIME", [file.primary])
    plain = chosen.value.upper() in {"RATE", "COUNTS"}
    extra = {c: doubles(table, c) for c in EXTRA if c in table and (plain or c == "TIMEDEL")}
    timedel, widths = _widths(table, extra, clock)
    if len(np.unique(widths)) < 2:
        extra.pop("TIMEDEL", None)
    stamp = clock.met(doubles(table, "TIME"))
    time = stamp - clock.pixel * widths
    if BARYTIME.name in extra:
        extra[BARYTIME.name] = _begins(clock.met(extra[BARYTIME.name]), stamp, time)
    value = doubles(table, chosen.value)
    fracexp = doubles(table, "FRACEXP") if "FRACEXP" in table else np.ones(len(time))
    exposure = next((extra[c] for c in EXPOSURES if c in extra), widths * fracexp)
    if chosen.error is None:
        error = poisson_error(chosen, value, exposure, header, extra)
        remarks: tuple[str, ...] = (f"{where}: column ERROR is missing; the errors are the roots of the counts.",)
    else:
        error, remarks = doubles(table, chosen.error), ()
        if number := int(np.sum(error < 0)):
            error[error < 0] = np.nan
            remarks = (f"{where}: column {chosen.error} is below 0 in {number} rows; they count as without an error.",)
    remarks += _about_unit(table, chosen) + _about_cells(table)
    return LightCurve(
        name=file.name,
        time=time,
        rate=value,
        error=error,
        fracexp=fracexp,
        timedel=timedel,
        intervals=_intervals(file, table, time, widths),
        header=_absolute(header, where, clock),
        primary=file.primary,
        extra=extra,
        quantity=chosen.quantity,
        unit=chosen.unit,
        remarks=remarks,
    )


def _begins(barytime: Floats, stamp: Floats, time: Floats) -> Floats:
    """Return the begins of bins at the barycentre: there, bins differ in length by up to 1e-4."""
    if len(stamp) < 2 or np.array_equal(stamp, time):
        return barytime - (stamp - time)
    return barytime - (stamp - time) * np.gradient(barytime, stamp)


def _about_unit(table: Table, chosen: Chosen) -> tuple[str, ...]:
    """Tell of a column that does not say what its numbers are in, or says what nobody knows."""
    if not table.info(chosen.value).unit.strip():
        return (f"{table.where}: column {chosen.value} has no unit (TUNIT); it is taken to be in {chosen.unit}.",)
    if chosen.unit in units.KNOWN:
        return ()
    known = ", ".join(units.KNOWN)
    return (f"{table.where}: column {chosen.value} is in {chosen.unit!r}, none of {known}; it is taken as it is.",)


def _about_cells(table: Table) -> tuple[str, ...]:
    """Tell of columns that hold several numbers a row, or a varying number: no column of a light curve does."""
    names = [info.name for info in table.infos.values() if info.repeat != 1 or info.is_variable]
    if not names:
        return ()
    return (f"{table.where}: {', '.join(names)} with several elements a row can't stand in a light curve; left out.",)


def _with_shared(header: Header, primary: Header) -> Header:
    """Return the header with what only the primary one tells of the curve as a whole."""
    added = header.copy()
    added.copy_from(primary, _SHARED)
    return added


def _widths(table: Table, extra: dict[str, Floats], clock: Clock) -> tuple[float, Floats]:
    """Return the smallest width of a bin, and that of each [s]; a column TIMEDEL is made of seconds."""
    where = table.where
    if "TIMEDEL" in extra:
        extra["TIMEDEL"] = extra["TIMEDEL"] * (units.seconds(table.info("TIMEDEL").unit or "s") or 1.0)
        widths = extra["TIMEDEL"]
    elif is_xronos([table.header]) and "XAX_E" in table:
        widths = 2 * doubles(table, "XAX_E") * (units.seconds(table.info("XAX_E").unit or "s") or 1.0)
    else:
        widths = np.full(len(table), clock.keywords * table.header.finite("TIMEDEL", where))
    if not np.all((widths > 0) & (widths < _FAR)):
        wrong = widths[~((widths > 0) & (widths < _FAR))][0]
        raise DataError(f"{where}: TIMEDEL is {wrong:g} s; bins of a positive width below {_FAR:g} s were expected.")
    if not len(widths):
        return clock.keywords * table.header.finite("TIMEDEL", where, 1.0), widths
    return float(widths.min()), widths


def _timed(series: LightCurve) -> LightCurve:
    """Leave out the rows that have no time, and good time in which there is no row."""
    good = np.abs(series.time) < _FAR  # False for NaN
    if not good.all():
        text = f"{series.name}: {int((~good).sum())} of {len(series)} rows have no time and are left out."
        series = replace(series.rows(good), remarks=(*series.remarks, text))
    series = _sorted(series)
    covered = filled_intervals(series.time, series.widths)
    if not good.all():  # good time may be that of rows which are left out
        series = replace(series, intervals=gti.intersection(series.intervals, covered))
    start, stop = series.intervals.T
    with_rows = np.searchsorted(covered[:, 0], stop, "left") > np.searchsorted(covered[:, 1], start, "right")
    if with_rows.any() or not len(series):
        return series if with_rows.all() else replace(series, intervals=series.intervals[with_rows])
    text = f"{series.name}: no row lies in the good time intervals of the file; those of the rows are taken."
    return replace(series, intervals=covered, remarks=(*series.remarks, text))


def _sorted(series: LightCurve) -> LightCurve:
    """Put rows in time order, and leave out those of a bin that is there already; of two, the one with a rate stays."""
    step = np.diff(series.time)
    if np.all(step > 0):
        return series
    order = np.lexsort((np.isnan(series.rate), series.widths, series.time))
    again = np.concatenate(([False], (np.diff(series.time[order]) == 0) & (np.diff(series.widths[order]) == 0)))
    texts = [f"{series.name}: rows are out of time order; they are sorted."] if np.any(step < 0) else []
    if again.any():
        texts.append(f"{series.name}: {int(again.sum())} rows are of bins that the file has already; each counts once.")
    return replace(series.rows(order[~again]), remarks=(*series.remarks, *texts))


def in_rates(series: LightCurve) -> LightCurve:
    """Turn counts a bin into rates: over the bins' exposure; rates stay as they are.

    Parameters
    ----------
    series : LightCurve
    """
    if series.quantity == "RATE":
        return series
    exposure = np.where(series.exposure > 0, series.exposure, np.nan)
    per_pcu = any(name in series.extra for name in EXPOSURES)
    background = {c: series.extra[c] / exposure for c in ("BACKV", "BACKE") if c in series.extra}
    header = series.header.copy()
    header.set("HDUCLAS3", "RATE", "counts over the exposure of their bins")
    return replace(
        series,
        rate=series.rate / exposure,
        error=series.error / exposure,
        extra=series.extra | background,
        header=header,
        quantity="RATE",
        unit=units.PER_PCU if per_pcu else units.RATE,
        remarks=(*series.remarks, f"{series.name}: COUNTS are taken over the exposure of their bins, as rates."),
    )


def _absolute(header: Header, where: str, clock: Clock) -> Header:
    """Return the keywords of a light curve, less what describes a file's columns, for times in MET."""
    if clock.shift or clock.keywords != 1.0:
        for keyword in ("TSTART", "TSTOP"):
            moment = met.split_keyword(header, keyword, where, np.nan) * clock.keywords + clock.shift
            header = header.without((keyword,))
            if np.isfinite(moment):
                header.put(images_of(*moment_cards(keyword, moment)))
    kept = header.without(("TIMEZERO", "MJDREF"), COLUMN_KEYWORDS)
    kept.put(MET)
    return kept


def _intervals(file: FitsFile, curve: Table, time: Floats, widths: Floats) -> Floats:
    for table in file.tables:
        is_gti = str(table.header.get("HDUCLAS1", "")).strip() == "GTI" or table.name in ("STDGTI", "GTI")
        if is_gti and table is not curve:
            clock = Clock.of(table, "START", (curve.header, file.primary))
            return gti.make(clock.met(gti.pairs_of(doubles(table, "START"), doubles(table, "STOP"))))
    return filled_intervals(time, widths)
