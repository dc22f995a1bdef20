"""Choosing calibration: when an extension is valid, the index of a CALDB (``caldb.indx``), and what it selects.

`find_files` is what stages, tasks and whoever else reduces ask which files of a CALDB count.
"""

from __future__ import annotations

import datetime
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

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


class Role(StrEnum):
    """What a calibration file is for."""

    MODEL = "model"
    SAA = "saa"
    BREAKDOWN = "breakdown"
    BREAKDOWN_HISTORY = "breakdown_history"
    DEAD_TIME_A = "dead_time_a"
    DEAD_TIME_B = "dead_time_b"
    BACKGROUND_A = "background_a"
    ENERGY_TO_CHANNEL = "energy_to_channel"
    COLLIMATORS = "collimators"
    HEXTE_MATRIX = "hexte_matrix"
    HEXTE_AREA = "hexte_area"
    HEXTE_COLLIMATORS = "hexte_collimators"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class DataSet:
    """How the files of a role are asked for.

    Parameters
    ----------
    meaning : str
        For messages.
    instrument, codename, detector : str
    task_dates : tuple of (float, float), optional [MJD]
        What the FTOOLS task asks for whatever the date of the observation.
    boundary : str
        What CAL_CBD must name, if anything.
    each : bool
        Whether each detector has its own: all are taken, of each what holds.
    whole : bool
        Whether all there is counts, whatever the date.
    optional : bool
        Whether there may be none: products are then without what needs it.
    without : (str, str), optional
        Code of the remark, and the remark, of products without.
    """

    meaning: str
    instrument: str
    codename: str
    detector: str = ANY
    task_dates: tuple[float, float] = (0.0, 0.0)
    boundary: str = ""
    each: bool = False
    whole: bool = False
    optional: bool = False
    without: tuple[str, str] = ("", "")

    @property
    def extensions(self) -> bool:
        """Whether it is told which extensions of a file count."""
        return self.codename == "PCA_BKGD_MODEL" or self.each or self.whole

    def query(self, start: float | None) -> CalibrationQuery:
        """Return the question for an observation.

        Parameters
        ----------
        start : float or None [MJD]
            Of the observation; None asks as the FTOOLS task does.
        """
        begin, end = self.task_dates if start is None else (start, start)
        return CalibrationQuery(self.codename, begin, end, self.detector, instrument=self.instrument)


#: hxtdead asks from 31/12/95 to 31/12/99 [MJD].
_DEAD_TIME = (50082.0, 51543.0)
#: hextebackest asks from 2006-07-13 on, when cluster A stopped rocking [MJD].
_STARING = (53929.0, math.inf)
DATA_SETS = {
    Role.MODEL: DataSet("background model", "PCA", "PCA_BKGD_MODEL"),
    Role.SAA: DataSet("history of SAA passages", "PCA", "PCA_SAA_HIST_DATA"),
    Role.BREAKDOWN: DataSet("list of times without breakdown", "PCA", "STDGTI", "ALL"),
    Role.BREAKDOWN_HISTORY: DataSet("history of breakdowns", "PCA", "PCA_BREAKDOWN_HIST"),
    Role.DEAD_TIME_A: DataSet(
        "file of HEXTE dead-time coefficients (cluster A)", "HEXTE", "HKCONV", "PWA", task_dates=_DEAD_TIME
    ),
    Role.DEAD_TIME_B: DataSet(
        "file of HEXTE dead-time coefficients (cluster B)", "HEXTE", "HKCONV", "PWB", task_dates=_DEAD_TIME
    ),
    Role.BACKGROUND_A: DataSet("correction of HEXTE's background", "HEXTE", "CORR_COEFF", task_dates=_STARING),
    Role.ENERGY_TO_CHANNEL: DataSet(
        "energy-to-channel table of the PCA",
        "PCA",
        "E2C_PARM",
        boundary="METHOD(3)",
        whole=True,
        optional=True,
        without=(
            "old_energies",
            "No energy-to-channel table is given, so energies of channels are those of e05v03 of HEASoft 6.20, which "
            "are off by 0.04 keV below 20 keV and 6 keV at the top; name a CALDB or a table in [calibration], "
            "energy_to_channel, or e05v03 to take it as good.",
        ),
    ),
    Role.COLLIMATORS: DataSet(
        "collimator of a PCU",
        "PCA",
        "COLLRESP",
        each=True,
        optional=True,
        without=(
            "no_collimator",
            "No collimators of the PCUs are given, so effective areas are the geometric ones, 0.3 % too large on axis "
            "and more off it; name a CALDB or the collimators in [calibration], or ['NONE'].",
        ),
    ),
    Role.HEXTE_MATRIX: DataSet(
        "matrix of HEXTE",
        "HEXTE",
        "MATRIX",
        each=True,
        optional=True,
        without=(
            "no_response",
            "No matrices of HEXTE are given, so its spectra have no response; name a CALDB or hexte_matrix in "
            "[calibration], or set responses = false in [hexte_dead].",
        ),
    ),
    Role.HEXTE_AREA: DataSet("effective area of HEXTE", "HEXTE", "EFF_AREA", each=True, optional=True),
    Role.HEXTE_COLLIMATORS: DataSet("collimator of HEXTE", "HEXTE", "COLLRESP", each=True, optional=True),
    Role.CLOCK: DataSet("file of fine clock corrections (tdc.dat)", "PCA", "tdc.dat"),  # no CALDB has it
}


def find_files(index: Iterable[CalibrationEntry], role: Role, start: float | None) -> dict[str, tuple[int, ...]]:
    """Return which files of a CALDB count for an observation.

    Parameters
    ----------
    index : iterable of CalibrationEntry
        Of the role's instrument; see `read_index`.
    role : Role
    start : float or None [MJD]
        Start of the observation; None asks as the FTOOLS task does, for dates of its own.

    Returns
    -------
    dict of str to tuple of int
        HDUs by the file's path below the root of the CALDB: of all models that hold, of what each detector has its own,
        else one file; empty where there is none.
    """
    wanted = DATA_SETS[role]
    query = wanted.query(start)
    fitting = [entry for entry in index if wanted.boundary in entry.boundaries]
    chosen: Iterable[CalibrationEntry]
    if wanted.whole:
        chosen = matching(fitting, query)
    elif wanted.each:
        detectors = dict.fromkeys(entry.detector for entry in matching(fitting, query))
        chosen = [entry for name in detectors for entry in select(fitting, replace(query, detector=name))]
    else:
        chosen = select(fitting, query)
    found: dict[str, list[int]] = defaultdict(list)
    for entry in chosen:
        if (wanted.extensions or not found) and entry.extension not in found[entry.path]:
            found[entry.path].append(entry.extension)
    return {path: tuple(hdus) for path, hdus in found.items()}


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
