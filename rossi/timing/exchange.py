"""Event lists and counts as stingray's types, for power spectra."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.gti import Gti
from rossi.met import MJDREFF, MJDREFI
from rossi.optional import load


def _stingray(what: str) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The recommended numba package", UserWarning)
        return load("stingray", "timing", what)


def stingray_events(
    time: Floats, channel: NDArray[np.int64], pcu: NDArray[np.uint8], gti: Gti, resolution: float
) -> Any:
    """Return photons as stingray's event list.

    Parameters
    ----------
    time : ndarray (n,) [s]
        MET.
    channel : ndarray (n,)
        Absolute channels.
    pcu : ndarray (n,)
    gti : Gti
    resolution : float [s]

    Returns
    -------
    stingray.EventList

    Raises
    ------
    ConfigError
        If stingray is not installed.
    """
    return _stingray("Event lists of stingray").EventList(
        time,
        gti=gti,
        mjdref=MJDREFI + MJDREFF,
        pi=channel,
        detector_id=pcu,
        dt=resolution,
        mission="xte",
        instr="pca",
    )


def stingray_counts(time: Floats, counts: NDArray[np.int32], gti: Gti, width: float) -> Any:
    """Return counts of whole bins as stingray's light curve.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Middle of each bin, MET.
    counts : ndarray (n,)
    gti : Gti
    width : float [s]

    Returns
    -------
    stingray.Lightcurve

    Raises
    ------
    ConfigError
        If stingray is not installed.
    """
    return _stingray("Light curves of stingray").Lightcurve(
        time,
        counts,
        gti=gti,
        dt=width,
        mjdref=MJDREFI + MJDREFF,
        err_dist="poisson",
        mission="xte",
        instr="pca",
        skip_checks=True,
    )
