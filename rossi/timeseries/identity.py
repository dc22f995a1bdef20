"""What a joined light curve says of its source and its band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rossi.fits.header import Header
from rossi.sky import SOURCE_RADIUS, mean_direction, separation
from rossi.timeseries.series import LightCurve
from rossi.timeseries.source import Source

#: Positions that differ less [deg] are one that was written down twice, and the first one is kept.
_CLOSE = 0.01
_POSITION = ("RA_OBJ", "DEC_OBJ")


def identified(header: Header, series: Sequence[LightCurve], *, channels: bool = True) -> Header:
    """Return a header of a joined curve with OBJECT, RA_OBJ and DEC_OBJ where it is of one source, MINCHAN and MAXCHAN.

    Parameters
    ----------
    header : Header
        What the curves have in common.
    series : sequence of LightCurve
        What was joined, at least one. Those that don't tell are taken to be like the others.
    channels : bool
        Whether channels belong there.

    Notes
    -----
    One source: all positions lie within `rossi.sky.SOURCE_RADIUS` of that of the earliest curve. Then OBJECT is the
    name that the earliest curve which has one gives it, and the position is that of all, or where they differ the mean
    weighted with exposure. Of several sources, which somebody joined by force, nothing is said. The channels are the
    lowest and the highest of any curve: HEXTE's data modes cut a band at different ones.
    """
    both = [(Source.of(one), one) for one in series]
    both.sort(key=lambda one: (one[1].time.min(initial=np.inf), one[0].name, one[0].position or ()))
    told = [source for source, _ in both]
    if not is_one(told):
        made = header.without(("OBJECT", *_POSITION))
    else:
        made = header.copy()
        _tell(made, told, [float(np.nansum(one.exposure)) for _, one in both])
    found = [one.channels for one in series if one.channels is not None]
    if channels and found:
        made.set("MINCHAN", min(low for low, _ in found), "lowest channel that counts")
        made.set("MAXCHAN", max(high for _, high in found), "highest channel that counts")
    return made


def is_one(told: Sequence[Source]) -> bool:
    """Return whether all positions lie within the radius of a source from the first one.

    Parameters
    ----------
    told : sequence of Source
    """
    places = [source.position for source in told if source.position]
    return not places or bool((separation(*places[0], *np.array(places).T) <= SOURCE_RADIUS).all())


def _tell(header: Header, told: Sequence[Source], exposure: Sequence[float]) -> None:
    """Set name and position of one source."""
    if name := next((source.name for source in told if source.name), ""):
        header.set("OBJECT", name)
    placed = [(source.position, weight) for source, weight in zip(told, exposure, strict=True) if source.position]
    if not placed:
        return
    (ra, dec), said = placed[0][0], "[deg] source"
    every = np.array([place for place, _ in placed]).T
    if (separation(ra, dec, *every) > _CLOSE).any():
        mean, said = (
            mean_direction(every[0], every[1], [weight for _, weight in placed]),
            "[deg] mean of the observations",
        )
        ra, dec = (round(angle, 6) for angle in mean)
    header.set("RA_OBJ", ra, said)
    header.set("DEC_OBJ", dec, said)
