"""Choosing calibration: when an extension is valid, the index of a CALDB (``caldb.indx``), and what it selects.

What stages, tasks and whoever else reduces ask which files of it count is `rossi.calibration_roles.find_files`.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.table import Table

#: What a query leaves open.
ANY = "-"
#: Where the index of an instrument lies in a CALDB.
INDEX = "data/xte/{}/caldb.indx"
#: Columns of an index, in the order of the fields of `CalibrationEntry`.
_COLUMNS = ("TELESCOP", "INSTRUME", "DETNAM", "CAL_DIR", "CAL_FILE", "CAL_XNO", "CAL_CNAM", "REF_TIME", "CAL_QUAL")

_OLD_DATE = re.compile(r"^(\d\d)/(\d\d)/(\d\d)$")
_CLOCK = re.compile(r"^(\d\d):(\d\d):(\d\d(?:\.\d*)?)$")
_MJD_ZERO = datetime.date(1858, 11, 17)


@dataclass(frozen=True, slots=True)
class Validity:
    """A span of time, both ends included.

    Parameters
    ----------
    start, stop : float [MJD]
        Infinite where the header sets no limit.
    """

    start: float
    stop: float

    def __contains__(self, mjd: object) -> bool:
        return isinstance(mjd, float) and self.start <= mjd <= self.stop

    @classmethod
    def of(cls, header: Header, where: str) -> Validity:
        """Read a header; a start without clock time begins at midnight, an end without lasts until 23:59:59.

        Parameters
        ----------
        header : Header
        where : str
            File and HDU, for messages.

        Raises
        ------
        DataError
            If a date can't be read.
        """
        return cls(
            _limit(header, where, ("CVSD0001", "CVST0001"), "00:00:00", -float("inf")),
            _limit(header, where, ("CVED0001", "CVET0001"), "23:59:59", float("inf")),
        )


def calendar_mjd(date: str, clock: str, where: str) -> float:
    """Return the MJD of a date and clock time.

    Parameters
    ----------
    date : str
        ``2000-05-13`` or ``13/05/00``.
    clock : str
        ``23:59:59``.
    where : str
        File, HDU and keyword, for messages.

    Returns
    -------
    float [MJD]

    Raises
    ------
    DataError
        If it is no date or no time.
    """
    old, at = _OLD_DATE.match(date.strip()), _CLOCK.match(clock.strip())
    try:
        if old:
            year = int(old[3])
            day = datetime.date(year + (2000 if year < 50 else 1900), int(old[2]), int(old[1]))
        else:
            day = datetime.date.fromisoformat(date.strip().partition("T")[0])
    except ValueError:
        at = None
    if at is None:
        raise DataError(f"{where}: {date!r} {clock!r} is no date and time; expected 2000-05-13 and 23:59:59.")
    seconds = int(at[1]) * 3600 + int(at[2]) * 60 + float(at[3])
    return (day - _MJD_ZERO).days + seconds / 86400.0


def _limit(header: Header, where: str, keywords: tuple[str, str], clock: str, missing: float) -> float:
    date = str(header.get(keywords[0], "")).strip()
    if not date:
        return missing
    return calendar_mjd(date, str(header.get(keywords[1], clock)).strip() or clock, f"{where} {keywords[0]}")


@dataclass(frozen=True, slots=True)
class CalibrationEntry:
    """One row of a CALDB index: one extension of one file.

    Parameters
    ----------
    telescope, instrument, detector : str
    directory, file : str
        CAL_DIR, relative to the root of the CALDB, and CAL_FILE.
    extension : int
        CAL_XNO; 0 is the primary HDU.
    codename : str
        CAL_CNAM: what it is, e.g. PCA_BKGD_MODEL.
    reference_time : float [MJD]
        REF_TIME: from when on it holds.
    quality : int
        CAL_QUAL; 0 is good.
    boundaries : str
        CAL_CBD: for what else it holds, e.g. METHOD(3).
    """

    telescope: str
    instrument: str
    detector: str
    directory: str
    file: str
    extension: int
    codename: str
    reference_time: float
    quality: int
    boundaries: str = ""

    @property
    def path(self) -> str:
        """The file relative to the root of the CALDB."""
        return f"{self.directory.strip('/')}/{self.file}"


@dataclass(frozen=True, slots=True)
class CalibrationQuery:
    """What is looked for.

    Parameters
    ----------
    codename : str
    start, stop : float [MJD]
        Of the observation.
    detector : str
        `ANY` takes every one; an entry for NONE fits every query.
    instrument : str
    """

    codename: str
    start: float
    stop: float
    detector: str = ANY
    instrument: str = "PCA"

    @property
    def when(self) -> str:
        """Start (and stop, if it is another one), for messages."""
        return " to ".join(map(_date_text, dict.fromkeys((self.start, self.stop))))


def _date_text(mjd: float) -> str:
    if math.isinf(mjd):
        return "now"
    whole = datetime.datetime.combine(_MJD_ZERO, datetime.time()) + datetime.timedelta(seconds=round(mjd * 86400))
    return whole.isoformat(" ")


def read_index(table: Table) -> tuple[CalibrationEntry, ...]:
    """Read the table CIF of a CALDB index.

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If a column is missing.
    """
    bounds = _texts(table, "CAL_CBD") if "CAL_CBD" in table else [""] * len(table)
    rows = zip(*(table.column(name).tolist() for name in _COLUMNS), bounds, strict=True)
    return tuple(
        CalibrationEntry(tel, inst, det, folder, file, int(xno), name, reference, int(quality), bound)
        for tel, inst, det, folder, file, xno, name, reference, quality, bound in rows
    )


def _texts(table: Table, name: str) -> list[str]:
    """Return the cells of a column of text, be they one text or several."""
    return [" ".join(cell) if isinstance(cell, list) else str(cell) for cell in table.column(name).tolist()]


def select(entries: Iterable[CalibrationEntry], query: CalibrationQuery) -> tuple[CalibrationEntry, ...]:
    """Return the entries for an observation, in index order.

    Of the good entries that fit, the newest ones that hold when the observation starts are taken, and those that begin
    to hold before it stops.

    Parameters
    ----------
    entries : iterable of CalibrationEntry
    query : CalibrationQuery
    """
    fitting = matching(entries, query)
    newest = max((e.reference_time for e in fitting if e.reference_time <= query.start), default=None)
    if newest is None:
        return ()
    return tuple(entry for entry in fitting if newest <= entry.reference_time <= max(query.start, query.stop))


def matching(entries: Iterable[CalibrationEntry], query: CalibrationQuery) -> list[CalibrationEntry]:
    """Return the good entries for a query, whatever its dates, in index order.

    Parameters
    ----------
    entries : iterable of CalibrationEntry
    query : CalibrationQuery
    """
    return [entry for entry in entries if _fits(entry, query)]


def _fits(entry: CalibrationEntry, query: CalibrationQuery) -> bool:
    exact = (entry.telescope, entry.instrument, entry.codename) == ("XTE", query.instrument, query.codename)
    return exact and (query.detector == ANY or entry.detector in {query.detector, "NONE"}) and entry.quality == 0


def header_start(header: Header, where: str) -> float:
    """Return when data start: DATE-OBS and TIME-OBS; without TIME-OBS, the time of day that DATE-OBS holds.

    Parameters
    ----------
    header : Header
    where : str
        File and HDU, for messages.

    Returns
    -------
    float [MJD]

    Raises
    ------
    DataError
        If there is no date, or it can't be read.
    """
    date, _, time_of_day = str(header.get("DATE-OBS", "")).partition("T")
    clock = str(header.get("TIME-OBS", time_of_day)).strip() or "00:00:00"
    return calendar_mjd(date, clock, f"{where} DATE-OBS")
