"""What tables and reports show of an observation: a few plain numbers that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rossi.arrays import Floats
from rossi.met import met_to_mjd
from rossi.timeseries.means import mean_rate


def band_summary(rate: Floats, error: Floats, exposure: Floats) -> dict[str, float | int]:
    """Return the mean rate of a light curve and what it rests on; see `mean_rate`.

    Parameters
    ----------
    rate, error : ndarray (n,) [count / s] or [count / s / PCU]
    exposure : ndarray (n,) [s] or [PCU s]

    Returns
    -------
    dict of str to float or int
        The entries rate, error, exposure, and rows (n).
    """
    mean, spread, total = mean_rate(rate, error, exposure)
    return {"rate": mean, "error": spread, "exposure": total, "rows": len(rate)}


def summary(target: str, start: float, stop: float, bands: Mapping[str, Any]) -> dict[str, Any]:
    """Return what all instruments tell.

    Parameters
    ----------
    target : str
    start, stop : float [s]
        Begin of the first bin and end of the last, MET.
    bands : mapping of str to dict
        `band_summary` of each light curve.
    """
    mjd = float(met_to_mjd((start + stop) / 2))
    return {"target": target, "tstart": start, "tstop": stop, "mjd": mjd, "bands": dict(bands)}
