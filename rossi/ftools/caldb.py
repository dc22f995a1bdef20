"""Files of the CALDB that the environment variable CALDB names."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from rossi.calibration import ANY, CalibrationEntry, CalibrationQuery, calendar_mjd, read_index, select
from rossi.errors import ConfigError
from rossi.fits.reader import read_fits
from rossi.fits.table import Table

#: Where the index of an instrument lies in a CALDB.
INDEX = "data/xte/{}/caldb.indx"
#: Between these days the original asks for dead-time coefficients, whatever the date of the observation.
_DEAD_TIME_DAYS = ("31/12/95", "31/12/99")
#: From this day on, the background of cluster A can only be estimated.
_STARING_SINCE = "2006-07-13"


def is_caldb(text: str) -> bool:
    """Return whether a file parameter asks for the CALDB's file."""
    return text.strip().upper() == "CALDB"


def caldb_entries(
    parameter: str, codename: str, data: Table, detector: str = ANY, instrument: str = "PCA"
) -> list[tuple[str, CalibrationEntry]]:
    """Return the files (path and entry) that a CALDB on disk has for the start of some data.

    Parameters
    ----------
    parameter : str
        Of the task, for messages.
    codename : str
    data : Table
        DATE-OBS and TIME-OBS tell when; without TIME-OBS, the time of day that DATE-OBS holds.
    detector, instrument : str

    Raises
    ------
    ConfigError
        If there is no CALDB, or it has no such file.
    """
    date, _, time_of_day = str(data.header.get("DATE-OBS", "")).partition("T")
    clock = str(data.header.get("TIME-OBS", time_of_day)).strip() or "00:00:00"
    return caldb_entries_at(parameter, codename, (date, clock), f"{data.where} DATE-OBS", detector, instrument)


def caldb_entries_at(
    parameter: str,
    codename: str,
    start: tuple[str, str],
    where: str,
    detector: str = ANY,
    instrument: str = "PCA",
) -> list[tuple[str, CalibrationEntry]]:
    """Return the files that a CALDB on disk has for a date and time; see `caldb_entries`."""
    when = calendar_mjd(*start, where)
    query = CalibrationQuery(codename, when, when, detector, instrument=instrument)
    return _find(parameter, query, f"{start[0]} {start[1]}")


def hexte_dead_time_coefficients(detector: str, parameter: str = "calvalf") -> str:
    """Return the CALDB's file of HEXTE dead-time coefficients (HKCONV); its first extension holds them.

    Parameters
    ----------
    detector : str
        PWA or PWB, the cluster.
    parameter : str
        Of the task, for messages.

    Raises
    ------
    ConfigError
        If there is no CALDB, or it has no such file.
    """
    start, stop = (calendar_mjd(day, "00:00:00", "CALDB") for day in _DEAD_TIME_DAYS)
    query = CalibrationQuery("HKCONV", start, stop, detector, instrument="HEXTE")
    return _find(parameter, query, " to ".join(_DEAD_TIME_DAYS))[0][0]


def hexte_background_correction(parameter: str = "corrfile") -> tuple[str, int]:
    """Return the CALDB's file (and HDU) that turns the background of cluster B into that of A (CORR_COEFF).

    Raises
    ------
    ConfigError
        If there is no CALDB, or it has no such file.
    """
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    start, stop = (calendar_mjd(day, "00:00:00", "CALDB") for day in (_STARING_SINCE, today))
    query = CalibrationQuery("CORR_COEFF", start, stop, instrument="HEXTE")
    path, entry = _find(parameter, query, f"{_STARING_SINCE} to {today}")[0]
    return path, entry.extension


def _find(parameter: str, query: CalibrationQuery, when: str) -> list[tuple[str, CalibrationEntry]]:
    root, index = os.environ.get("CALDB", ""), INDEX.format(query.instrument.lower())
    if not root or "://" in root or not (Path(root) / index).exists():
        raise ConfigError(
            f"{parameter}=CALDB, but the environment variable CALDB is {root!r}, and {index} is not found there; set "
            f"it to a CALDB on disk, or give {parameter}=<file>."
        )
    found = select(read_index(read_fits(Path(root) / index).table(hdu=1)), query)
    if not found:
        detector = "" if query.detector == ANY else f" of {query.detector}"
        raise ConfigError(
            f"{Path(root) / index} has no {query.codename}{detector} for {when}; update the CALDB or give "
            f"{parameter}=<file>."
        )
    return [(str(Path(root) / entry.path), entry) for entry in found]
