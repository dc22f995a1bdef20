"""Means over bins: of a whole light curve, and over groups of them (rebinlc)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats, distinct
from rossi.errors import ConfigError
from rossi.timeseries.series import EXPOSURES, OF_PCU, LightCurve, require_one_width


def rebin(series: LightCurve, factor: int, origin: float | None = None) -> LightCurve:
    """Join groups of bins.

    Source: FTOOLS rebinlc. Rows are weighted with TIMEDEL * min(FRACEXP, 1); rows without a rate are left out; a group
    that was observed in part has FRACEXP < 1, one not observed at all gives no row. Exposures add up, background rates
    are averaged with the same weights. Counts add up, their errors in quadrature.

    Parameters
    ----------
    series : LightCurve
        Time-sorted.
    factor : int
        How many bins make one.
    origin : float, optional
        Where the grid of new bins begins, not behind the first row [s]; by default at the first row.

    Raises
    ------
    ConfigError
        If the factor is below 1.
    DataError
        If bins differ in width: multiples of one number would not join them on one grid.
    """
    require_one_width(series)
    if not 1 <= factor < 1 << 53:
        raise ConfigError(f"The rebinning factor is {factor}; a whole number of at least 1 was expected.")
    width = series.timedel * factor
    known = np.isfinite(series.rate) & np.isfinite(series.time)
    good: NDArray[np.bool_] | slice = slice(None) if known.all() else known
    time = series.time[good]
    if origin is None:
        origin = series.time[0] if len(series) else 0.0
    weight = series.timedel * np.minimum(series.fracexp[good], 1.0)
    number = np.trunc((time - origin) / width)
    groups, group = distinct(number)

    def total(values: Floats) -> Floats:
        return np.bincount(group, values, len(groups)).astype(np.float64, copy=False)

    seconds = total(weight)
    enough = seconds > 1e-16
    filled: NDArray[np.bool_] | slice = slice(None) if enough.all() else enough

    def mean(values: Floats) -> Floats:
        return total(values[good] * weight)[filled] / seconds[filled]

    def mean_error(errors: Floats) -> Floats:
        return np.sqrt(total((errors[good] * weight) ** 2)[filled]) / seconds[filled]

    def add(values: Floats) -> Floats:
        return total(values[good])[filled]

    rates = series.quantity == "RATE"
    starts = origin + groups[filled] * width

    def at_barycentre(values: Floats) -> Floats:
        known = np.isfinite(values) & np.isfinite(series.time)
        if not known.any():
            return np.full(len(starts), np.nan)
        return starts + np.interp(starts, series.time[known], (values - series.time)[known])

    how = {"BARYTIME": at_barycentre, "BACKV": mean, "BACKE": mean_error, "CRAB": mean}
    how |= dict.fromkeys((*EXPOSURES, *OF_PCU), add)
    header = series.header.copy()
    header.set("TIMEDEL", width, "bin width [s]")
    return replace(
        series,
        time=starts,
        rate=mean(series.rate) if rates else add(series.rate),
        error=mean_error(series.error) if rates else np.sqrt(add(series.error**2)),
        fracexp=seconds[filled] / width,
        timedel=width,
        header=header,
        extra={name: how[name](values) for name, values in series.extra.items()},
    )
