"""Light curves as the types of other libraries: astropy's time series, stingray's light curve."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy import units as u
from astropy.time import Time
from astropy.timeseries import BinnedTimeSeries

from rossi import met
from rossi.arrays import Floats
from rossi.optional import load
from rossi.timeseries import units

#: One of the five proportional counter units; rates of the PCA are those of one.
PCU = u.def_unit("PCU", doc="Proportional counter unit of RXTE's PCA")
u.add_enabled_units([PCU])  # so that a table that was written is read back with its units
_UNITS = {units.COUNT: u.ct, units.RATE: u.ct / u.s, units.PER_PCU: u.ct / (u.s * PCU)}


def unit_of(text: str) -> u.UnitBase:
    """Return astropy's unit for one of a light curve; what it does not know is kept as its name.

    Parameters
    ----------
    text : str
    """
    return _UNITS.get(text) or u.Unit(text, parse_strict="silent")


def moments(time: Floats, system: str) -> Time:
    """Return MET as times, without loss.

    Parameters
    ----------
    time : ndarray (n,) [s]
    system : str
        TIMESYS: TDB for barycentred times, all else is TT.

    Returns
    -------
    astropy.time.Time (n,)
    """
    if system.strip().upper() != "TDB":
        return met.to_time(time)
    return Time(float(met.MJDREFI), met.MJDREFF + np.asarray(time) / met.DAY, format="mjd", scale="tdb")


def binned_time_series(
    start: Time, widths: Floats, columns: Mapping[str, tuple[Floats, u.UnitBase]], meta: Mapping[str, Any]
) -> BinnedTimeSeries:
    """Return columns over bins as astropy's time series.

    Parameters
    ----------
    start : Time (n,)
    widths : ndarray (n,) [s]
    columns : mapping of str to (ndarray (n,), Unit)
        By name.
    meta : mapping of str to Any
    """
    series = BinnedTimeSeries(time_bin_start=start, time_bin_size=widths * u.s, meta=dict(meta))
    for name, (values, unit) in columns.items():
        series[name] = u.Quantity(values, unit)
    return series


def stingray_curve(time: Floats, rate: Floats, error: Floats, width: float, intervals: Floats, instrument: str) -> Any:
    """Return a curve of rates as stingray's.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Middle of each bin, MET.
    rate, error : ndarray (n,) [count / s]
    width : float [s]
    intervals : ndarray (m, 2) [s]
    instrument : str

    Returns
    -------
    stingray.Lightcurve

    Raises
    ------
    ConfigError
        If stingray is not installed.
    """
    good = np.isfinite(rate) & np.isfinite(error)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The recommended numba package", UserWarning)
        stingray = load("stingray", "timing", "Light curves of stingray")
        warnings.filterwarnings("ignore", "SIMON says: Stingray only uses poisson err_dist", UserWarning)
        return stingray.Lightcurve(
            time[good],
            rate[good],
            err=error[good],
            input_counts=False,
            dt=width,
            gti=intervals,
            mjdref=met.MJDREFI + met.MJDREFF,
            err_dist="gauss",
            mission="xte",
            instr=instrument,
        )
