"""Preparation of Standard2 data: from raw files to those that extraction reads (``*_dt`` of ``pcaprepobsid``)."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.errors import DataError
from rossi.fits.edit import as_hdu
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes
from rossi.met import timezero
from rossi.pca.breakdown import read_breakdowns
from rossi.pca.deadtime import BadRowRules, PcuRows, background_rows, pcu_rows
from rossi.pca.deadtime_table import deadtime_table
from rossi.pca.housekeeping import Housekeeping


def standard2_table(file: FitsFile, kind: str = "TOTAL") -> Table:
    """Return the data table of a Standard2 file.

    Parameters
    ----------
    file : FitsFile
    kind : {"TOTAL", "BACKGROUND"}
        What HDUCLAS2 must say.

    Raises
    ------
    DataError
        If the file is not of this kind.
    """
    table = file.table(hdu=1)
    mode, found = str(table.header.get("DATAMODE", "")), str(table.header.get("HDUCLAS2", "")).strip()
    if not mode.startswith("Standard2"):
        raise DataError(f"{table.where}: DATAMODE is {mode!r}; Standard2 was expected.")
    if found != kind:
        raise DataError(f"{table.where}: HDUCLAS2 is {found!r}; {kind} was expected.")
    return table


def prepare_standard2(
    file: FitsFile, housekeeping: Sequence[Housekeeping], breakdown: FitsFile | None, rules: BadRowRules
) -> tuple[Table, dict[int, PcuRows]]:
    """Add bad-row flags and dead time to Standard2 data.

    Parameters
    ----------
    file : FitsFile
    housekeeping : sequence of Housekeeping
        One for each PCU; a PCU without counts as off.
    breakdown : FitsFile or None
        See `read_breakdowns`.
    rules : BadRowRules

    Returns
    -------
    Table
        The data with dead-time columns; spectra of bad rows are zero if the rules say so.
    dict of int to PcuRows
    """
    table = standard2_table(file)
    zero = timezero(table.header, table.where)
    breakdowns = None if breakdown is None else read_breakdowns(breakdown, zero)
    rows = pcu_rows(table, housekeeping, breakdowns, rules)
    return deadtime_table(table, rows, background=False, zero=rules.zero), rows


def prepare_background(file: FitsFile, data: dict[int, PcuRows], rules: BadRowRules) -> Table:
    """Add the dead-time columns to model background that belongs to prepared data, row by row."""
    table = standard2_table(file, "BACKGROUND")
    return deadtime_table(table, background_rows(table, data, rules), background=True, zero=rules.zero)


def prepared_file(file: FitsFile, table: Table, *, compress: bool = False) -> bytes:
    """Return a file with its data table replaced and everything else as it was."""
    return fits_bytes(file.primary, [as_hdu(table), *(as_hdu(t) for t in file.tables[1:])], compress=compress)
