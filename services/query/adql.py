"""From criteria to conditions in ADQL, the query language of the Virtual Observatory."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from astropy.time import Time

from rossi.errors import ConfigError
from rossi.met import to_time
from services.query.config import QueryConfig

#: The columns of a work list, as the catalogue calls them.
COLUMNS = ("target_name", "cycle", "prnb", "obsid", "time", "exposure", "ra", "dec")
#: Names in one condition: a text of a few kilobytes.
_LIST = 500
#: What was observed; the rest is accepted proposals, and pointings from which nothing came down.
OBSERVED = "exposure > 0"
NAMELESS = "(obsid IS NULL OR obsid = '')"


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a table.

    Parameters
    ----------
    table : str
    conditions : tuple of str
        All of them hold.
    """

    table: str
    conditions: tuple[str, ...] = ()

    def where(self, *conditions: str) -> Selection:
        """Return those of the rows for which more conditions hold."""
        return Selection(self.table, (*self.conditions, *conditions))

    def query(self, columns: Iterable[str], order: str = "") -> str:
        """Return the query for them."""
        where = f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""
        return f"SELECT {', '.join(columns)} FROM {self.table}{where}{f' ORDER BY {order}' if order else ''}"


def selections(config: QueryConfig) -> list[Selection]:
    """Return what is asked for, as several selections where a list of ObsIDs is long; `adql` is not looked at.

    Raises
    ------
    ConfigError
        If something can't be read.
    """
    conditions = []
    if cone := config.cone:
        conditions.append(
            f"CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {cone.ra:.6f}, {cone.dec:.6f}, {cone.radius:.6f})) = 1"
        )
    if config.targets:
        conditions.append(_among("target_name", sorted({s for t in config.targets for s in _spellings(t)})))
    if config.proposals:
        conditions.append(f"prnb IN ({', '.join(str(number) for number in config.proposals)})")
    if config.start is not None:
        conditions.append(f"time >= {_mjd(config.start)!r}")
    if config.stop is not None:
        conditions.append(f"time < {_mjd(config.stop)!r}")
    whole = Selection(config.table, tuple(conditions))
    obsids = list(dict.fromkeys(config.obsids))
    if not obsids:
        return [whole]
    return [whole.where(_among("obsid", obsids[n : n + _LIST])) for n in range(0, len(obsids), _LIST)]


def literal(text: str) -> str:
    """Return a text as ADQL has it.

    Raises
    ------
    ConfigError
        If it holds what no name does.
    """
    if not text.isprintable():
        raise ConfigError(f"{text!r} holds characters that no name has.")
    return "'" + text.replace("'", "''") + "'"


def _among(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(map(literal, values))})"


def _spellings(target: str) -> tuple[str, ...]:
    """Return the ways to write a target's name that were in use: as given, or in capitals as all that were seen, with
    blanks, underscores, or neither. (Functions such as UPPER are no part of ADQL 2.0.)
    """
    words = target.upper().replace("_", " ").split()
    return target, " ".join(words), "_".join(words), "".join(words)


def _mjd(moment: float | datetime.date) -> float:
    """Return a moment in the catalogue's time, MJD (UTC)."""
    time = Time(moment.isoformat(), scale="utc") if isinstance(moment, datetime.date) else to_time(moment).utc
    return round(float(time.mjd), 8)
