"""From criteria to conditions in ADQL, the query language of the Virtual Observatory."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from astropy.time import Time

from rossi.errors import ConfigError
from rossi.met import to_time
from services.query.config import QueryConfig
from services.query.names import Cone

#: The columns of a work list, as the catalogue calls them.
COLUMNS = ("target_name", "cycle", "prnb", "obsid", "time", "exposure", "ra", "dec")
#: Names in one condition: a text of a few kilobytes.
_LIST = 500
#: How columns are spelled in queries: as they are called, or quoted where that is a word of ADQL's own (``time``).
#: Which these are, services do not agree on; their own lists of columns tell.
AS_CALLED: Mapping[str, str] = {name: name for name in COLUMNS}


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a table.

    Parameters
    ----------
    table : str
    conditions : tuple of str
        All of them hold.
    spelled : mapping
        How the service wants each of `COLUMNS`.
    """

    table: str
    conditions: tuple[str, ...] = ()
    spelled: Mapping[str, str] = field(default_factory=lambda: AS_CALLED)

    def where(self, *conditions: str) -> Selection:
        """Return those of the rows for which more conditions hold."""
        return replace(self, conditions=(*self.conditions, *conditions))

    def observed(self) -> Selection:
        """Return those that were observed; the rest is accepted proposals, and pointings from which nothing came."""
        return self.where(f"{self.spelled['exposure']} > 0")

    def nameless(self) -> Selection:
        """Return those without an ObsID."""
        obsid = self.spelled["obsid"]
        return self.where(f"({obsid} IS NULL OR {obsid} = '')")

    def timeless(self) -> Selection:
        """Return those without a time."""
        return self.where(f"{self.spelled['time']} IS NULL")

    def between(self, low: float, high: float) -> Selection:
        """Return those of a time [d] from `low` on and before `high`."""
        time = self.spelled["time"]
        return self.where(f"{time} >= {low!r}", f"{time} < {high!r}")

    def rows(self) -> str:
        """Return the query for all `COLUMNS`, in the order of time."""
        return f"{self._select(self.spelled[name] for name in COLUMNS)} ORDER BY {self.spelled['time']}"

    def count(self) -> str:
        """Return the query for how many they are."""
        return self._select(["COUNT(*) AS n"])

    def span(self) -> str:
        """Return the query for the first and the last time."""
        time = self.spelled["time"]
        return self._select([f"MIN({time}) AS low", f"MAX({time}) AS high"])

    def _select(self, what: Iterable[str]) -> str:
        where = f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""
        return f"SELECT {', '.join(what)} FROM {self.table}{where}"


def selections(config: QueryConfig, cone: Cone | None, spelled: Mapping[str, str] = AS_CALLED) -> list[Selection]:
    """Return what is asked for, as several selections where a list of ObsIDs is long; `adql` is not looked at.

    Parameters
    ----------
    config : QueryConfig
    cone : Cone or None
        That of the configuration, which may have been looked up.
    spelled : mapping
        See `Selection`.

    Raises
    ------
    ConfigError
        If something can't be read.
    """
    whole, conditions = Selection(config.table, spelled=spelled), []
    if cone:
        circle = f"CIRCLE('ICRS', {cone.ra:.6f}, {cone.dec:.6f}, {cone.radius:.6f})"
        conditions.append(f"CONTAINS(POINT('ICRS', {spelled['ra']}, {spelled['dec']}), {circle}) = 1")
    if config.targets:
        names = sorted({spelling for target in config.targets for spelling in _spellings(target)})
        conditions.append(_among(spelled["target_name"], names))
    if config.proposals:
        conditions.append(f"{spelled['prnb']} IN ({', '.join(str(number) for number in config.proposals)})")
    if config.start is not None:
        conditions.append(f"{spelled['time']} >= {_mjd(config.start)!r}")
    if config.stop is not None:
        conditions.append(f"{spelled['time']} < {_mjd(config.stop)!r}")
    whole, obsids = whole.where(*conditions), list(dict.fromkeys(config.obsids))
    if not obsids:
        return [whole]
    return [whole.where(_among(spelled["obsid"], obsids[n : n + _LIST])) for n in range(0, len(obsids), _LIST)]


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
