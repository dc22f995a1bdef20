"""Net light curves: the background of a rocking cluster subtracted from its source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.hexte.housekeeping import DWELLS
from rossi.timeseries.arithmetic import subtract
from rossi.timeseries.rebin import rebin
from rossi.timeseries.series import LightCurve

#: Dwells in one whole cycle of rocking: on source, plus, on source, minus.
CYCLE = 4


def cycle_net(source: LightCurve, background: LightCurve, dwell: float, multiple: int = 1) -> LightCurve:
    """Return the net light curve in bins of whole rocking cycles.

    Both curves are put on one grid, so that every bin holds the source and the two backgrounds on its both sides; a
    bin without one of them has no rate. Errors are those of the counts, enlarged for dead time, added in quadrature.

    Parameters
    ----------
    source, background : LightCurve
        Corrected for dead time, in bins of one dwell (or shorter).
    dwell : float [s]
        Length of a dwell; 0 for a staring cluster counts as 16.
    multiple : int
        Cycles in a bin.
    """
    factor = int(np.rint((dwell or DWELLS[1]) * CYCLE * multiple / source.timedel))
    origin = min(float(s.time.min()) for s in (source, background))
    return subtract(rebin(source, factor, origin), rebin(background, factor, origin))


def interpolated_net(source: LightCurve, background: LightCurve) -> LightCurve:
    """Return the net light curve in the bins of the source, with the background interpolated between its dwells.

    Net rates that are closer together than two dwells share a background and so are not independent.

    Parameters
    ----------
    source, background : LightCurve
        Corrected for dead time; the source in bins of 16 s or shorter, the background in such of 16 s.
    """
    rate, error = interpolate(source, background)
    return subtract(source, replace(source, rate=rate, error=error, name=background.name))


def interpolate(source: LightCurve, background: LightCurve, *, repeat_output: bool = False) -> tuple[Floats, Floats]:
    """Return rate and error of a background at the bins of a source curve, linear in time between bin starts.

    Source: FTOOLS finterp with extrap=REPEAT, as hxtlcurv calls it. Before the first and behind the last background
    bin its rate is repeated.

    Parameters
    ----------
    source, background : LightCurve
    repeat_output : bool
        Compatibility: behind the last background bin, repeat the last value that was interpolated, as finterp does.

    Returns
    -------
    rate, error : ndarray (n,) [count / s]

    Raises
    ------
    DataError
        If the background has no rate.
    """
    good = np.isfinite(background.rate)
    order = np.argsort(background.time[good], kind="stable")
    time, rate, error = (a[good][order] for a in (background.time, background.rate, background.error))
    if not len(time):
        raise DataError(f"{background.name}: no bin has a rate; there is no background to interpolate.")
    at = np.clip(np.searchsorted(time, source.time, "right") - 1, 0, max(len(time) - 2, 0))
    after = np.minimum(at + 1, len(time) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(after > at, (source.time - time[at]) / (time[after] - time[at]), 0.0)
    share = np.clip(share, 0.0, 1.0)
    found = rate[at] + (rate[after] - rate[at]) * share
    spread = np.sqrt((error[at] * (1 - share)) ** 2 + (error[after] * share) ** 2)
    if repeat_output:
        last = np.flatnonzero(source.time <= time[-1])
        found[source.time > time[-1]] = found[last[-1]] if len(last) else rate[0]
    return found, spread
