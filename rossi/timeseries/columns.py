"""Which columns of a file are the light curve."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from rossi.arrays import Floats
from rossi.errors import DataError, shortened
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.timeseries import units
from rossi.timeseries.series import EXPOSURES

#: Columns that describe the bins of a light curve.
_BESIDE = {"TIME", "TIMEDEL", "ERROR", "FRACEXP"}
_NUMBERED = re.compile(r"(RATE|COUNTS?)(\d+)")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns of a light curve.

    Parameters
    ----------
    table : Table
    value : str
        As the table spells it.
    error : str or None
        None where the table has no errors of it.
    quantity : str
        RATE or COUNTS.
    unit : str
        count/s, count/s/PCU, count, or another unit as the file has it.
    """

    table: Table
    value: str
    error: str | None
    quantity: str
    unit: str


def choose(file: FitsFile, column: str | None = None) -> Chosen:
    """Find the light curve in a file: a table with TIME and RATE (or RATE1, COUNTS), the first that says it is one.

    Parameters
    ----------
    file : FitsFile
    column : str, optional
        The column to take, where there are several.

    Raises
    ------
    DataError
        If there is none, there are several and none is named, or the named one is missing.
    """
    if column is not None:
        return _named(file, [table for table in file.tables if "TIME" in table], column)
    table, names = _meant(file)
    if len(names) > 1:
        raise DataError(
            f"{table.where}: there are {len(names)} light curves, in the columns {', '.join(names)}; say which one is "
            f"meant: --column {names[0]} (column={names[0]} of tasks)."
        )
    return _chosen(table, names[0])


def light_curve_columns(file: FitsFile) -> list[str]:
    """Return the columns of a file that are light curves, of the table that is meant; see `choose`.

    Parameters
    ----------
    file : FitsFile

    Raises
    ------
    DataError
        If there is none.
    """
    return _meant(file)[1]


def _meant(file: FitsFile) -> tuple[Table, list[str]]:
    found = [(table, names) for table in file.tables if "TIME" in table and (names := _values(table))]
    if not found:
        raise DataError(
            f"{file.name}: no extension has a column RATE (or COUNTS) beside TIME; a light curve was expected."
        )
    # Where there are counts and rates, rates are meant; a table that calls itself a light curve is meant before others.
    return min(found, key=lambda one: (not one[1][0].upper().startswith("RATE"), not _is_curve(one[0])))


def _named(file: FitsFile, timed: list[Table], column: str) -> Chosen:
    for table in timed:
        if column in table and str(column).upper() not in _BESIDE:
            return _chosen(table, table.info(column).name)
    some = ", ".join(dict.fromkeys(name for table in timed for name in _values(table))) or "none"
    raise DataError(
        f"{file.name}: no extension has a light curve in a column {shortened(column)} beside TIME; light curves "
        f"are in: {some}."
    )


def holds_light_curve(table: Table) -> bool:
    """Return whether a table has rates or counts beside TIME.

    Parameters
    ----------
    table : Table
    """
    return "TIME" in table and bool(_values(table))


def _values(table: Table) -> list[str]:
    for plain in ("RATE", "COUNTS"):
        if plain in table:
            return [table.info(plain).name]
    numbered = [(match, name) for name in table.infos if (match := _NUMBERED.fullmatch(name))]
    rates = [name for match, name in numbered if match[1] == "RATE"] or [name for _, name in numbered]
    return [table.info(name).name for name in rates]


def _is_curve(table: Table) -> bool:
    kind = str(table.header.get("HDUCLAS1", "")).replace(" ", "").upper()
    return kind == "LIGHTCURVE" or table.name.upper() in {"RATE", "COUNTS"}


def _chosen(table: Table, value: str) -> Chosen:
    number = re.search(r"\d*$", value)
    names = [f"ERROR{number[0] if number else ''}"]
    names += ["STAT_ERR"] * (value.upper() in {"RATE", "COUNTS"}) + ["ERROR"] * (len(_values(table)) == 1)
    error = next((table.info(name).name for name in names if name in table), None)
    unit = units.normalised(table.info(value).unit)
    counts = unit == units.COUNT or (not unit and value.upper().startswith("COUNT"))
    if not unit or (unit == units.RATE and any(name in table for name in EXPOSURES)):
        # pcaextlc2 divides by LiveTime or OnTime, PCU seconds, and calls the result counts/s.
        per_pcu = any(name in table for name in EXPOSURES)
        unit = units.COUNT if counts else units.PER_PCU if per_pcu else units.RATE
    return Chosen(table, value, error, "COUNTS" if counts else "RATE", unit)


def doubles(table: Table, name: str) -> Floats:
    """Return a column of one number a row, NaN where it is undefined or infinite.

    Parameters
    ----------
    table : Table
    name : str

    Returns
    -------
    ndarray (n,) of float64
        In the column's unit.

    Raises
    ------
    DataError
        If it is missing, holds texts, or has several numbers a row.
    """
    values = np.array(table.numbers(name, None))
    if values.ndim != 1:
        raise DataError(f"{table.where}: column {name} has {values.shape[1]} elements a row; one was expected.")
    values[table.null(name) | ~np.isfinite(values)] = np.nan
    return values


def poisson_error(chosen: Chosen, value: Floats, exposure: Floats, header: Header, extra: dict[str, Floats]) -> Floats:
    """Return the errors of a curve that has none: the square root of its counts, where these can be had.

    Parameters
    ----------
    chosen : Chosen
    value : ndarray (n,) [count / s], [count / s / PCU] or [count]
        As the file has it.
    exposure : ndarray (n,) [s] or [PCU s]
        Counts are value times exposure.
    header : Header
    extra : dict of str to ndarray (n,)
        BACKV and BACKE give back the background that was subtracted.

    Returns
    -------
    ndarray (n,)
        In the unit of `value`.

    Raises
    ------
    DataError
        If the background was subtracted and is not there, or the exposure is not.
    """
    total, sigma = value, np.zeros(len(value))
    content = str(header.get("HDUCLAS2", "")).strip().upper()
    if bool(header.get("BACKAPP", content == "NET")) or content == "NET":
        problem = "the background is subtracted (BACKAPP, HDUCLAS2), so the counts are not known"
        if "BACKV" in extra:
            total, sigma, problem = value + extra["BACKV"], extra.get("BACKE", sigma), ""
    else:
        problem = "" if "BACKAPP" in header or content else "nothing tells whether the background is subtracted"
    if chosen.quantity == "RATE" and not extra.keys() & set(EXPOSURES):
        if chosen.unit == units.PER_PCU:
            problem = "rates are per PCU, and no LiveTime or OnTime tells the exposure"
        elif chosen.unit != units.RATE:
            problem = f"rates are in {chosen.unit!r}, not in counts"
        elif header.get("DEADAPP") is True:
            problem = "rates are corrected for dead time, so the counts are not known"
    if not problem and np.nanmin(total, initial=0.0) < 0:
        problem = f"{chosen.value} is negative, so it is no rate of counts"
    if problem:
        raise DataError(
            f"{chosen.table.where}: column ERROR is missing and can't be made of the counts: {problem}. Extract the "
            "curve with errors."
        )
    weight = exposure if chosen.quantity == "RATE" else np.ones(len(value))
    with np.errstate(divide="ignore", invalid="ignore"):
        poisson = np.sqrt(total * weight) / weight
    return np.asarray(np.hypot(poisson, sigma))
