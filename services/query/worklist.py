"""The work list: which observations there are, one row each, in the words of the archive's catalogue."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

from astropy.table import Table

from rossi.archive import ObsID
from rossi.errors import ConfigError
from services.contract import Caveat

_UNITS = {"time": "d", "exposure": "s", "ra": "deg", "dec": "deg"}
_MEANING = {
    "target_name": "Source as the master index spells it",
    "cycle": "Observing cycle",
    "prnb": "Proposal number",
    "obsid": "Observation",
    "time": "Start, MJD (TT)",
    "exposure": "Stop minus start of the master index",
    "ra": "Right ascension of the target",
    "dec": "Declination of the target",
}


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One observation.

    Parameters
    ----------
    target_name : str
        Empty if it is not known; numbers that are not known are NaN.
    cycle, prnb : int
        0 if the ObsID is none.
    obsid : str
    time : float [d]
        Start, MJD (TT).
    exposure : float [s]
        StopMET - StartMET of the master index: an upper limit, as Earth occultations and slews are in it.
    ra, dec : float [deg]
    """

    target_name: str
    cycle: int
    prnb: int
    obsid: str
    time: float = math.nan
    exposure: float = math.nan
    ra: float = math.nan
    dec: float = math.nan


@dataclass(frozen=True, slots=True)
class WorkList:
    """Observations by start time, those of unknown time last.

    Parameters
    ----------
    rows : tuple of WorkRow
    caveats : tuple of Caveat
    """

    rows: tuple[WorkRow, ...]
    caveats: tuple[Caveat, ...] = ()

    @property
    def obsids(self) -> tuple[str, ...]:
        """The ObsIDs, in order."""
        return tuple(row.obsid for row in self.rows)

    def to_ecsv(self) -> bytes:
        """Return the rows as an ECSV table."""
        names = [field.name for field in fields(WorkRow)]
        columns = {name: [getattr(row, name) for row in self.rows] for name in names}
        types = ["U1" if not self.rows and field.type == "str" else None for field in fields(WorkRow)]
        table = Table(list(columns.values()), names=names, dtype=types, units=_UNITS, descriptions=_MEANING)
        stream = io.StringIO()
        table.write(stream, format="ascii.ecsv")
        return stream.getvalue().encode()


def blank(obsid: str) -> WorkRow:
    """Return the row of an observation of which only the ObsID is known."""
    try:
        known = ObsID(obsid)
    except ConfigError:
        return WorkRow("", 0, 0, obsid)
    return WorkRow("", known.cycle, int(known.proposal), obsid)


def in_order(rows: Iterable[WorkRow], caveats: Iterable[Caveat]) -> WorkList:
    """Return the rows as a work list."""
    ordered = sorted(rows, key=lambda row: (math.isnan(row.time), row.time if row.time == row.time else 0.0, row.obsid))
    return WorkList(tuple(ordered), tuple(caveats))
