"""The work list: which observations there are, one row each, in the words of the archive's catalogue."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import numpy as np
from astropy.table import Column, Table

from rossi.archive import ObsID
from rossi.errors import ConfigError, shortened
from rossi.exchange import to_parquet
from services.contract import Caveat

_UNITS = {"time": "d", "exposure": "s", "ra": "deg", "dec": "deg"}
_BARE = re.compile(r"[\w.+*/()\[\]-]+")
_LINE = "{} {} {} {} {} {} {} {}\n".format
_TYPES = {"str": np.str_, "int": np.int64, "float": np.float64}
_MEANING = {
    "target_name": "Source as the observer spelled it",
    "cycle": "Observing cycle",
    "prnb": "Proposal number",
    "obsid": "Observation",
    "time": "Start, MJD (TT)",
    "exposure": "Good time as the catalogue has it; from an archive's master index, stop minus start",
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
        From the catalogue. From the master index, StopMET - StartMET: an upper limit, as Earth occultations and slews
        are in it.
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
    vanished : tuple of str
        Observations that were in the archive when the list was last made, and are not any more.
    """

    rows: tuple[WorkRow, ...]
    caveats: tuple[Caveat, ...] = ()
    vanished: tuple[str, ...] = ()

    @property
    def obsids(self) -> tuple[str, ...]:
        """The ObsIDs, in order."""
        return tuple(row.obsid for row in self.rows)

    def to_table(self) -> Table:
        """Return the rows as a table."""
        names = [field.name for field in fields(WorkRow)]
        values: list[Any] = list(zip(*map(attrgetter(*names), self.rows), strict=True)) or [()] * len(names)
        columns: list[Any] = [np.array(v, _TYPES[str(f.type)]) for f, v in zip(fields(WorkRow), values, strict=True)]
        return Table(columns, names=names, units=_UNITS, descriptions=_MEANING, copy=False)

    def to_ecsv(self) -> bytes:
        """Return the rows as an ECSV table."""
        return ecsv(self.to_table())


def ecsv(table: Table) -> bytes:
    """Return a work list's table as ECSV: as astropy writes it, but many times as fast."""
    stream = io.StringIO()
    table[:0].write(stream, format="ascii.ecsv")
    stream.writelines(map(_LINE, *(_texts(table[name]) for name in table.colnames)))
    return stream.getvalue().encode()


def parquet(table: Table) -> bytes:
    """Return a work list's table as Parquet."""
    return to_parquet(table)


def read_obsids(data: bytes, name: str) -> tuple[str, ...]:
    """Return the ObsIDs of a work list.

    Parameters
    ----------
    data : bytes
        ECSV or Parquet with a column obsid, or a text with an ObsID a line.
    name : str
        For messages.

    Raises
    ------
    ConfigError
        If it is none of these.
    """
    try:
        if data[:4] == b"PAR1":
            try:
                import pyarrow
                import pyarrow.parquet
            except ImportError:
                raise ConfigError(
                    f"{name}: to read Parquet, install rossi[parquet]; or give the list as ECSV."
                ) from None

            found = pyarrow.parquet.read_table(pyarrow.BufferReader(data), columns=["obsid"])["obsid"].to_pylist()
        elif data[:6] == b"# %ECS":
            found = Table.read(data.decode(), format="ascii.ecsv")["obsid"].tolist()
        else:
            found = [line.strip() for line in data.decode().splitlines()]
            found = [line for line in found if line and not line.startswith("#")]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ConfigError(f"{name}: this is no work list with a column obsid ({str(error)[:300]}).") from None
    if wrong := [obsid for obsid in found if blank(obsid).cycle == 0 and not obsid.startswith("0")]:
        raise ConfigError(
            f"{name}: {shortened(wrong[0])} is no ObsID; a work list has a column obsid, or an ObsID a line."
        )
    if not found:
        raise ConfigError(f"{name}: the work list names no observation.")
    return tuple(dict.fromkeys(found))


def read_rows(data: bytes) -> list[WorkRow]:
    """Return the rows of a list that `ecsv` wrote."""
    table = Table.read(data.decode(), format="ascii.ecsv", fill_values=[])
    columns = [table[one.name].tolist() for one in fields(WorkRow)]
    return [WorkRow(*row) for row in zip(*columns, strict=True)]


def _texts(column: Column) -> list[str]:
    if column.dtype.kind == "U":
        return [_quoted(text) for text in column.tolist()]
    return [repr(value) for value in column.tolist()]


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) else '"' + text.replace('"', '""') + '"'


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
