"""Preparation of Standard2 data: from raw files to those that extraction reads (``*_dt`` of ``pcaprepobsid``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rossi.errors import DataError
from rossi.fits.edit import file_bytes
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A Standard2 file, or model background, whose rows are judged.

    Parameters
    ----------
    file : FitsFile
    table : Table
        Its data, as they were.
    rows : PcuRows
        Of each PCU.
    zero : bool
        Whether the spectra of bad rows count as 0.
    is_background : bool
    """

    file: FitsFile
    table: Table
    rows: PcuRows
    zero: bool
    is_background: bool = False

    def to_file(self, name: str) -> FitsFile:
        """Return a file in memory (``*_dt``, ``*_dtbkg``): bad spectra zeroed, dead-time columns appended.

        Parameters
        ----------
        name : str
            What it is called.
        """
        table = deadtime_table(self.table, self.rows, background=self.is_background, zero=self.zero)
        return replace(self.file, name=name, tables=(table, *self.file.tables[1:]))

    def to_bytes(self) -> bytes:
        """Return the content of the file that `to_file` makes."""
        return file_bytes(self.to_file(self.file.name))


def prepare_standard2(
    file: FitsFile, housekeeping: Sequence[Housekeeping], breakdown: FitsFile | None, rules: BadRowRules
) -> Prepared:
    """Find bad rows and work out dead time of Standard2 data.

    Parameters
    ----------
    file : FitsFile
    housekeeping : sequence of Housekeeping
        One for each PCU; a PCU without counts as off.
    breakdown : FitsFile or None
        See `read_breakdowns`.
    rules : BadRowRules
    """
    table = standard2_table(file)
    breakdowns = None if breakdown is None else read_breakdowns(breakdown, timezero(table.header, table.where))
    rows = pcu_rows(table, housekeeping, breakdowns, rules)
    return Prepared(file, table, rows, rules.zero)


def prepare_background(file: FitsFile, data: Prepared, rules: BadRowRules) -> Prepared:
    """Work out the dead time of model background that belongs to prepared data, row by row.

    Parameters
    ----------
    file : FitsFile
    data : Prepared
    rules : BadRowRules

    Raises
    ------
    DataError
        If the file is no background, or has more or fewer rows than the data.
    """
    table = standard2_table(file, "BACKGROUND")
    rows = background_rows(table, data.rows, rules)
    return Prepared(file, table, rows, rules.zero, is_background=True)
