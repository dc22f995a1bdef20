"""Which other sources are near the one that is merged: HEXTE's background fields may hold them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.core.grouping import Grouping, Unit
from flows.core.settings import Settings
from rossi.arrays import Floats
from rossi.hexte.fields import EDGE
from rossi.hexte.rocking import ANGLES
from rossi.sky import SOURCE_RADIUS, mean_direction, separation
from services.execution.stages import Instrument
from services.merge.config import Neighbour

#: From a source [deg]: the widest rocking, and half of a field, from a pointing beside the anchor.
_REACH = max(ANGLES) + EDGE + SOURCE_RADIUS


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """All sources that are known.

    Parameters
    ----------
    slugs : list of str (n,)
        Of those of the archive; empty for others.
    names : list of str (n,)
    ra, dec : ndarray (n,) [deg]
        Of the archive's sources the anchors, which never move, so that nothing is merged again for a night's pointing.
    """

    slugs: list[str]
    names: list[str]
    ra: Floats
    dec: Floats

    @classmethod
    def of(cls, settings: Settings, grouping: Grouping) -> Sky:
        """Return the archive's sources and those that ``[sources] neighbours`` lists; none if HEXTE is not reduced."""
        if Instrument.HEXTE not in settings.campaign.instruments:
            return cls([], [], np.empty(0), np.empty(0))
        mine = [one for one in grouping.found.sources if one.placed and not one.into and grouping.several]
        ra, dec = (np.array([getattr(one, axis) for one in mine], np.float64) for axis in ("ra", "dec"))
        more = [one for one in grouping.neighbours if not (separation(one.ra, one.dec, ra, dec) < SOURCE_RADIUS).any()]
        return cls(
            [*(one.slug for one in mine), *("" for _ in more)],
            [*(one.name for one in mine), *(one.name for one in more)],
            np.append(ra, [one.ra for one in more]),
            np.append(dec, [one.dec for one in more]),
        )

    def near(self, unit: Unit, grouping: Grouping) -> tuple[Neighbour, ...]:
        """Return the sources that a background field of a source can reach, the nearest first."""
        if not self.names:
            return ()
        away = separation(*self._place(unit, grouping), self.ra, self.dec)
        slug = unit.source.slug if unit.source else None
        rows = [n for n in np.argsort(away, kind="stable").tolist() if away[n] <= _REACH and self.slugs[n] != slug]
        return tuple(Neighbour(name=self.names[n], ra=float(self.ra[n]), dec=float(self.dec[n])) for n in rows)

    def _place(self, unit: Unit, grouping: Grouping) -> tuple[float, float]:
        if unit.source is not None and unit.source.slug in self.slugs:
            row = self.slugs.index(unit.source.slug)
            return float(self.ra[row]), float(self.dec[row])
        wanted, seen = set(unit.obsids), grouping.observations
        rows = np.array([obsid in wanted for obsid in seen.obsid], bool)
        return mean_direction(seen.ra[rows], seen.dec[rows])
