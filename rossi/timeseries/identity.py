"""What a joined light curve says of its source and its band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rossi.fits.cards import CardTuple
from rossi.sky import SOURCE_RADIUS, mean_direction, separation
from rossi.timeseries.series import LightCurve
from rossi.timeseries.source import Source

#: Positions that differ less [deg] are one that was written down twice, and the first one is kept.
_CLOSE = 0.01


@dataclass(frozen=True, slots=True)
class Identity:
    """Source and band of curves that become one.

    One source: all positions lie within `rossi.sky.SOURCE_RADIUS` of that of the earliest curve. Then OBJECT is the
    name that the earliest curve which has one gives it, and the position is that of all, or where they differ the mean
    weighted with exposure. Of several sources, which somebody joined by force, nothing is said. The channels are the
    lowest and the highest of any curve: HEXTE's data modes cut a band at different ones.

    Parameters
    ----------
    cards : tuple of CardTuple
        OBJECT, RA_OBJ and DEC_OBJ.
    is_one : bool
        Whether the curves are of one source.
    channels : (int, int) or None
    """

    cards: tuple[CardTuple, ...]
    is_one: bool
    channels: tuple[int, int] | None

    @classmethod
    def of(cls, series: Sequence[LightCurve], begins: Sequence[float]) -> Identity:
        """Return what curves are together.

        Parameters
        ----------
        series : sequence of LightCurve
            At least one. Those that don't tell are taken to be like the others.
        begins : sequence of float [s]
            When each begins, infinite for one without a bin.
        """
        sources = [Source.of(one) for one in series]
        order = sorted(range(len(series)), key=lambda n: (begins[n], sources[n].name, sources[n].position or ()))
        told = [sources[n] for n in order]
        one = is_one(told)
        found = [one.channels for one in series if one.channels is not None]
        channels = (min(low for low, _ in found), max(high for _, high in found)) if found else None
        return cls(tuple(_cards(told, [series[n] for n in order])) if one else (), one, channels)

    def told(self) -> list[CardTuple]:
        """Return the cards that tell it, MINCHAN and MAXCHAN too."""
        if self.channels is None:
            return list(self.cards)
        low, high = self.channels
        channels = ("MINCHAN", low, "lowest channel that counts"), ("MAXCHAN", high, "highest channel that counts")
        return [*self.cards, *channels]


def is_one(told: Sequence[Source]) -> bool:
    """Return whether all positions lie within the radius of a source from the first one.

    Parameters
    ----------
    told : sequence of Source
    """
    places = [source.position for source in told if source.position]
    return len(set(places)) < 2 or bool((separation(*places[0], *np.array(places).T) <= SOURCE_RADIUS).all())


def _cards(told: Sequence[Source], series: Sequence[LightCurve]) -> list[CardTuple]:
    """Return name and position of one source."""
    cards: list[CardTuple] = []
    if name := next((source.name for source in told if source.name), ""):
        cards.append(("OBJECT", name))
    placed = [(source.position, one) for source, one in zip(told, series, strict=True) if source.position]
    if not placed:
        return cards
    (ra, dec), said = placed[0][0], "[deg] source"
    if len({place for place, _ in placed}) > 1:
        every = np.array([place for place, _ in placed]).T
        if (separation(ra, dec, *every) > _CLOSE).any():
            weights = [float(np.nansum(one.exposure)) for _, one in placed]
            mean, said = mean_direction(every[0], every[1], weights), "[deg] mean of the observations"
            ra, dec = (round(angle, 6) for angle in mean)
    return [*cards, ("RA_OBJ", ra, said), ("DEC_OBJ", dec, said)]
