"""Rows that have a time: without one they belong to no moment, and are left out with a word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rossi.errors import DataError
from rossi.fits.edit import select_rows
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table


def clock(table: Table) -> str:
    """Return the column of times of housekeeping, the first one, whatever its name.

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If there is no column.
    """
    if not table.infos:
        raise DataError(f"{table.where}: the table has no column; times were expected in the first one.")
    return next(iter(table.infos.values())).name


def dated(table: Table, name: str = "Time") -> tuple[Table, str]:
    """Return the rows of a table that have a time, and a sentence on the others; empty where there are none.

    Parameters
    ----------
    table : Table
    name : str
        Column of times, one a row.
    """
    name, known = table.info(name).name, np.isfinite(table.numbers(name))
    if known.all():
        return table, ""
    lost = len(known) - int(known.sum())
    said = f"{table.where}: column {name} is undefined or infinite in {lost} of {len(known)} rows; they are left out."
    return select_rows(table, known), said


def dated_file(file: FitsFile, name: str = "Time") -> tuple[FitsFile, list[str]]:
    """Return a file with the rows of its first table that have a time, and what to say of the others.

    A table without such a column stays as it is.

    Parameters
    ----------
    file : FitsFile
    name : str
        Column of times, one a row.
    """
    if not file.tables or name not in file.tables[0]:
        return file, []
    table, said = dated(file.tables[0], name)
    return (replace(file, tables=(table, *file.tables[1:])), [said]) if said else (file, [])
