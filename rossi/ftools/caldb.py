"""Files of the CALDB that the environment variable CALDB names."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from rossi.calibration import ANY, INDEX, CalibrationEntry, CalibrationQuery, header_start, matching, read_index, select
from rossi.calibration_roles import DATA_SETS, Role, find_files
from rossi.errors import ConfigError
from rossi.fits.reader import FitsFile, read_fits
from rossi.fits.table import Table
from rossi.ftools.parameters import is_none


def is_caldb(text: str) -> bool:
    """Return whether a file parameter asks for the CALDB's file."""
    return text.strip().upper() == "CALDB"


def caldb_files(parameter: str, role: Role, start: float | None = None) -> dict[str, tuple[int, ...]]:
    """Return the HDUs that count of files of a CALDB on disk, by path; see `rossi.calibration_roles.find_files`.

    Parameters
    ----------
    parameter : str
        Of the task, for messages.
    role : Role
    start : float, optional [MJD]
        Start of the data; by default the dates that the original task asks for.

    Raises
    ------
    ConfigError
        If there is no CALDB, or it has no such file.
    """
    query = DATA_SETS[role].query(start)
    root, index = _index(parameter, query.instrument)
    found = find_files(index, role, start)
    return {str(root / path): hdus for path, hdus in found.items()} or _missing(parameter, root, query)


def caldb_entry(parameter: str, codename: str, data: Table, detector: str, instrument: str) -> tuple[str, int]:
    """Return the file (path and HDU) of a CALDB on disk that holds at the start of some data; see `caldb_files`."""
    return caldb_entry_at(parameter, codename, header_start(data.header, data.where), detector, instrument)


def caldb_entry_at(
    parameter: str, codename: str, start: float, detector: str, instrument: str, boundary: str = ""
) -> tuple[str, int]:
    """Return the file (path and HDU) of a CALDB on disk that holds at a time [MJD]; see `caldb_files`.

    Parameters
    ----------
    boundary : str
        What CAL_CBD of the entry must name, if anything: METHOD(3).
    """
    query = CalibrationQuery(codename, start, start, detector, instrument=instrument)
    root, index = _index(parameter, instrument)
    found = select([entry for entry in index if boundary in entry.boundaries], query)
    return (str(root / found[0].path), found[0].extension) if found else _missing(parameter, root, query)


def caldb_places(parameter: str, codename: str, instrument: str, boundary: str = "") -> dict[str, list[int]]:
    """Return all HDUs of a CALDB on disk that hold something, whatever the date, by path; see `caldb_entry_at`."""
    query = CalibrationQuery(codename, math.inf, math.inf, instrument=instrument)
    root, index = _index(parameter, instrument)
    found: dict[str, list[int]] = defaultdict(list)
    for entry in matching(index, query):
        if boundary in entry.boundaries:
            found[str(root / entry.path)].append(entry.extension)
    return found or _missing(parameter, root, query)


def start_of(file: FitsFile) -> Callable[[], float]:
    """Return what tells when a file's data start [MJD], asked only where it matters."""
    table = file.table(hdu=1)
    return partial(header_start, table.header, table.where)


def calibration_file(parameter: str, text: str, role: Role, start: Callable[[], float]) -> FitsFile | None:
    """Return the file that a parameter names: a file, none, or that of the CALDB for a start [MJD]."""
    if is_caldb(text):
        return read_fits(next(iter(caldb_files(parameter, role, start()))))
    return None if is_none(text) else read_fits(text)


def hexte_dead_time_coefficients(detector: str, parameter: str = "calvalf") -> str:
    """Return the CALDB's file of HEXTE dead-time coefficients of a cluster, PWA or PWB; its HDU 1 holds them."""
    role = Role.DEAD_TIME_A if detector == DATA_SETS[Role.DEAD_TIME_A].detector else Role.DEAD_TIME_B
    return next(iter(caldb_files(parameter, role)))


def _index(parameter: str, instrument: str) -> tuple[Path, tuple[CalibrationEntry, ...]]:
    root, index = os.environ.get("CALDB", ""), INDEX.format(instrument.lower())
    if not root or "://" in root or not (Path(root) / index).exists():
        raise ConfigError(
            f"{parameter}=CALDB, but the environment variable CALDB is {root!r}, and {index} is not found there; set "
            f"it to a CALDB on disk, or give {parameter}=<file>."
        )
    return Path(root), read_index(read_fits(Path(root) / index).table(hdu=1))


def _missing(parameter: str, root: Path, query: CalibrationQuery) -> NoReturn:
    detector = "" if query.detector == ANY else f" of {query.detector}"
    raise ConfigError(
        f"{root / INDEX.format(query.instrument.lower())} has no {query.codename}{detector} for {query.when}; update "
        f"the CALDB or give {parameter}=<file>."
    )
