"""Refusing to make one light curve of several places in the sky."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rossi.errors import ConfigError
from rossi.met import met_to_mjd
from rossi.sky import SOURCE_RADIUS, separation
from rossi.sources import By, Observations, Rule, group
from rossi.timeseries.source import Source
from services.merge.observations import Observation


def require_one_place(observations: Sequence[Observation]) -> None:
    """Refuse light curves whose positions are not those of one source; see the page Sources of the documentation.

    Raises
    ------
    ConfigError
        If there are several; names the earliest curve, and one of the source farthest from it.
    """
    curves = [(series, Source.of(series)) for one in observations for series in one.curves.values()]
    curves = [(series, source) for series, source in curves if source.position]
    ra, dec = np.array([source.position for _, source in curves]).reshape(-1, 2).T
    start = met_to_mjd(np.array([series.time.min(initial=np.inf) for series, _ in curves]))
    nothing = np.zeros(len(curves))
    names = [series.name for series, _ in curves]
    pointed = Observations(names, [""] * len(curves), ra, dec, start, nothing)
    found, rank = group(pointed, Rule(By.POSITION, moving=True)), pointed.rank
    if len(found.sources) < 2:
        return
    first, *others = (int(rows[np.argmin(rank[rows])]) for rows in found.members().values())
    away = {other: separation(ra[first], dec[first], ra[other], dec[other]) for other in others}
    far = max(others, key=away.__getitem__)
    told = [
        f"{names[n]} is of {curves[n][1].name or 'a source'} at RA {ra[n]:.3f}, Dec {dec[n]:+.3f}" for n in (first, far)
    ]
    raise ConfigError(
        f"{told[0]}, {told[1]}, {away[far]:.2f} deg from it; light curves of one source, within {SOURCE_RADIUS:g} "
        "deg, were expected. Merge those of each source by themselves, or join them all with --force."
    )
