"""Which sources a campaign is about, and which observations are whose: known before any is worked on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.table import Table

from flows.core.settings import Settings
from rossi.errors import ConfigError
from rossi.sources import By, Observations, Rule, Source, Sources, choose, group
from rossi.sources.listed import read_places
from rossi.sources.rule import Place
from rossi.sources.tables import sources_of, sources_table
from services.merge.config import SourceName
from services.merge.front_stage import last_table
from services.query.sources import rule_of as rule_of_query
from services.query.worklist import WorkList, WorkRow
from services.storage import ObjectStore


@dataclass(frozen=True, slots=True)
class Unit:
    """What is merged together.

    Parameters
    ----------
    source : SourceName or None
        None where all observations were asked for as those of one source.
    obsids : tuple of str
    """

    source: SourceName | None
    obsids: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Observations, and the sources that they belong to.

    Parameters
    ----------
    observations : Observations
    found : Sources
        Theirs.
    rule : Rule
    several : bool
        Whether the archive has several sources, also where only some of them are asked for: each is then merged under
        its name. Else all that was asked for is merged together.
    chosen : bool
        Whether only some are asked for.
    neighbours : tuple of Place
        More sources, of which nothing is merged.
    """

    observations: Observations
    found: Sources
    rule: Rule
    several: bool
    chosen: bool = False
    neighbours: tuple[Place, ...] = ()

    @property
    def obsids(self) -> tuple[str, ...]:
        """Of all observations."""
        return tuple(self.observations.obsid)

    @property
    def apart(self) -> tuple[str, ...]:
        """ObsIDs that belong to no source, and are merged nowhere."""
        if not self.several:
            merged = {obsid for unit in self.units for obsid in unit.obsids}
            return tuple(obsid for obsid in self.obsids if obsid not in merged)
        return tuple(self.observations.obsid[row] for row in np.flatnonzero(self.found.number < 0).tolist())

    @property
    def units(self) -> tuple[Unit, ...]:
        """What is merged together: a source each, in the order of `found`."""
        if not self.several:
            return (self._one(),)
        members = self.found.members()
        return tuple(
            Unit(name, tuple(self.observations.obsid[row] for row in members[name.name].tolist()))
            for name in self._names()
            if name.name in members
        )

    def _one(self) -> Unit:
        """Take what nobody can tell the source of, such as what is not in the archive, for the only source's."""
        stay = self.found.number < 0 if self.rule.by is By.TABLE else self.observations.moving & (self.found.number < 0)
        rows = np.flatnonzero(~stay) if not stay.all() else np.arange(len(stay))
        names = [name for name in self._names() if name.name in self.found.members()]
        asked_for = self.rule.by is By.AUTO and self.rule.only
        obsids = tuple(self.observations.obsid[row] for row in rows.tolist())
        return Unit(None if asked_for or not names else names[0], obsids)

    def _names(self) -> list[SourceName]:
        table = sources_table(self.found, self.observations)
        rows = zip(self.found.sources, table["ra"].tolist(), table["dec"].tolist(), strict=True)
        return [
            SourceName(name=s.name, slug=s.slug, ra=_known(ra), dec=_known(dec), names=s.names) for s, ra, dec in rows
        ]

    def only(self, names: Sequence[str]) -> Grouping:
        """Return some sources with their observations.

        Raises
        ------
        ConfigError
            If a name is not known, or nothing was observed of those that are meant.
        """
        if not names:
            return self
        chosen = {source.name for source in choose(self.found.sources, names)}
        wanted = np.array([source.name in chosen for source in self.found.sources], bool)
        rows = np.flatnonzero((self.found.number >= 0) & wanted[self.found.number])
        if not len(rows):
            raise ConfigError(f"There is no observation of {', '.join(sorted(chosen))} among those that [query] finds.")
        seen = self.observations
        obsid, target = ([column[row] for row in rows.tolist()] for column in (seen.obsid, seen.target))
        numbers = (column[rows] for column in (seen.ra, seen.dec, seen.time, seen.exposure))
        found = replace(self.found, number=self.found.number[rows], remarks=())
        return replace(self, observations=Observations(obsid, target, *numbers), found=found, chosen=True)


def grouped(settings: Settings, rows: Sequence[WorkRow], store: ObjectStore) -> Grouping:
    """Sort a work list into sources, those that ``[sources] names`` names; see the page Sources of the documentation.

    Sources that the store has a table of keep their names and anchors.

    Raises
    ------
    ConfigError
        If the table of sources can't be read, or a name is not known.
    """
    rule = rule_of(settings)
    observations = Observations.of(WorkList(tuple(rows)).to_table())
    found = group(observations, rule, _yesterday(settings, rule, store))
    whole = Grouping(
        observations, found, rule, several=len(found.present) > 1, neighbours=_neighbours(settings.sources.neighbours)
    )
    return whole.only(settings.sources.names)


def rule_of(settings: Settings) -> Rule:
    """Return which observations are one source; what was asked for by one name or position is one.

    Raises
    ------
    ConfigError
        If the table of sources can't be read.
    """
    asked, query = settings.sources, settings.query
    only = rule_of_query(query).only or (query.targets[0].strip() if len(query.targets) == 1 else "")
    table = read_places(_content(asked.table, "table"), asked.table) if asked.by is By.TABLE else ()
    moving = bool(only) and (query.slews or bool(query.obsids))
    return Rule(asked.by, asked.radius, table, only if asked.by is By.AUTO else "", moving)


def _neighbours(path: str) -> tuple[Place, ...]:
    if not path:
        return ()
    places = read_places(_content(path, "neighbours"), path)
    lost = next((one for one in places if not (np.isfinite(one.ra) and abs(one.dec) <= 90)), None)
    if lost is not None:
        raise ConfigError(
            f"{path}: {lost.name} stands at ra {lost.ra:g}, dec {lost.dec:g}; a place on the sky, in degrees, was "
            "expected."
        )
    return places


def _content(path: str, setting: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"[sources] {setting} {path}: the file can't be read ({error.strerror}).") from None


def _yesterday(settings: Settings, rule: Rule, store: ObjectStore) -> tuple[Source, ...]:
    if rule.by is By.TABLE or (rule.by is By.AUTO and rule.only):
        return ()
    data = last_table(store, settings.prefix, rule.by)
    return sources_of(Table.read(data.decode(), format="ascii.ecsv", fill_values=[])) if data else ()


def _known(angle: float) -> float | None:
    return float(angle) if np.isfinite(angle) else None
