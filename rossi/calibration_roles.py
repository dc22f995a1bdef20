"""What calibration files are for, and which of a CALDB serve a role on a day."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from rossi.calibration import ANY, CalibrationEntry, CalibrationQuery, matching, select


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
    Role.DEAD_TIME_A: DataSet("dead-time file of HEXTE's cluster A", "HEXTE", "HKCONV", "PWA", task_dates=_DEAD_TIME),
    Role.DEAD_TIME_B: DataSet("dead-time file of HEXTE's cluster B", "HEXTE", "HKCONV", "PWB", task_dates=_DEAD_TIME),
    Role.BACKGROUND_A: DataSet(
        "background correction of HEXTE's cluster A", "HEXTE", "CORR_COEFF", task_dates=_STARING
    ),
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
