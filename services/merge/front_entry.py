"""What the front page tells of a source, from its observations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rossi.timeseries.means import mean_rate
from rossi.timeseries.variability import fractional_variability
from services.contract import Outcome
from services.merge.front_sources import Measured, SourceEntry, sparkline
from services.merge.observations import NO_MEAN
from services.merge.products import MergedBand
from services.merge.shown import Shown


def entry_of(
    shown: Shown,
    slug: str,
    name: str,
    link: str,
    *,
    also: Sequence[str] = (),
    ra: float = np.nan,
    dec: float = np.nan,
    hardness: tuple[str, str] | None = None,
) -> SourceEntry:
    """Return the entry of a source.

    Variability and small light curve are those of the observations' mean rates in the first band.

    Parameters
    ----------
    shown : Shown
        Its observations and bands.
    slug, name, link, also : str
        See `SourceEntry`.
    ra, dec : float [deg]
    hardness : tuple of str, optional
        Names of two bands, the hard one first, whose mean rates' ratio is the hardness.
    """
    observations = shown.observations
    spans = np.array([one.span for one in observations], np.float64).reshape(-1, 2)
    known = spans[np.isfinite(spans).all(axis=1)]
    rates = {band.name: _mean(band, shown) for band in shown.bands}
    time, rate, error = _points(shown.bands[0], shown) if shown.bands else np.empty((3, 0))
    varies = fractional_variability(rate, error)
    hard, soft = (rates.get(band, Measured()) for band in hardness or ("", ""))
    return SourceEntry(
        slug=slug,
        name=name,
        link=link,
        also=tuple(also),
        ra=ra,
        dec=dec,
        observations=len(observations),
        failures=sum(one.outcome is Outcome.FAILED for one in observations),
        exposure=sum(one.ontime for one in observations),
        first=known[:, 0].min() if len(known) else np.nan,
        last=known[:, 1].max() if len(known) else np.nan,
        rates={band.label: rates[band.name] for band in shown.bands},
        hardness=ratio(hard, soft),
        variability=Measured(value=varies.fractional, error=varies.error),
        spark=sparkline(time, rate),
    )


def ratio(hard: Measured, soft: Measured) -> Measured:
    """Return the ratio of two rates; unknown unless the lower one is positive."""
    if not soft.value > 0:
        return Measured()
    value = hard.value / soft.value
    return Measured(value=value, error=float(np.hypot(hard.error, value * soft.error)) / soft.value)


def _means(band: MergedBand, shown: Shown) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return rate, error and exposure of the observations, NaN, NaN and 0 for those without the band."""
    return np.array([one.means.get(band.name, NO_MEAN) for one in shown.observations], np.float64).reshape(-1, 3).T


def _mean(band: MergedBand, shown: Shown) -> Measured:
    rate, error, _ = mean_rate(*_means(band, shown))
    return Measured(value=rate, error=error, unit=band.unit)


def _points(band: MergedBand, shown: Shown) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return time [s], MET, rate and error of the observations."""
    time = [one.middles.get(band.name, np.nan) for one in shown.observations]
    return np.array([time, *_means(band, shown)[:2]])
