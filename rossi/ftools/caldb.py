"""Files of the CALDB that the environment variable CALDB names."""

from __future__ import annotations

import os
from pathlib import Path

from rossi.calibration import CalibrationEntry, CalibrationQuery, calendar_mjd, read_index, select
from rossi.errors import ConfigError
from rossi.fits.reader import read_fits
from rossi.fits.table import Table

#: Where the index of the PCA lies in a CALDB.
INDEX = "data/xte/pca/caldb.indx"


def is_caldb(text: str) -> bool:
    """Return whether a file parameter asks for the CALDB's file."""
    return text.strip().upper() == "CALDB"


def caldb_entries(
    parameter: str, codename: str, data: Table, detector: str = "-"
) -> list[tuple[str, CalibrationEntry]]:
    """Return the files (path and entry) that a CALDB on disk has for the start of some data.

    Parameters
    ----------
    parameter : str
        Of the task, for messages.
    codename : str
    data : Table
        DATE-OBS and TIME-OBS tell when.
    detector : str

    Raises
    ------
    ConfigError
        If there is no CALDB, or it has no such file.
    """
    date, clock = str(data.header.get("DATE-OBS", "")), str(data.header.get("TIME-OBS", "00:00:00"))
    return caldb_entries_at(parameter, codename, (date, clock), f"{data.where} DATE-OBS", detector)


def caldb_entries_at(
    parameter: str, codename: str, start: tuple[str, str], where: str, detector: str = "-"
) -> list[tuple[str, CalibrationEntry]]:
    """Return the files that a CALDB on disk has for a date and time; see `caldb_entries`."""
    root = os.environ.get("CALDB", "")
    if not root or "://" in root or not (Path(root) / INDEX).exists():
        raise ConfigError(
            f"{parameter}=CALDB, but the environment variable CALDB is {root!r}, and {INDEX} is not found there; set "
            f"it to a CALDB on disk, or give {parameter}=<file>."
        )
    date, clock = start
    when = calendar_mjd(date, clock, where)
    entries = read_index(read_fits(Path(root) / INDEX).table(hdu=1))
    found = select(entries, CalibrationQuery(codename, when, when, detector))
    if not found:
        raise ConfigError(
            f"{Path(root) / INDEX} has no {codename} for {date} {clock}; update the CALDB or give {parameter}=<file>."
        )
    return [(str(Path(root) / entry.path), entry) for entry in found]
