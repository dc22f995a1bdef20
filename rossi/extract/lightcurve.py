"""From accumulated counts to a light curve."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import NoGoodTime
from rossi.extract.accumulate import Accumulation
from rossi.gti import Gti


class Mode(StrEnum):
    """What is given in each bin, or channel."""

    RATE = "RATE"
    SUM = "SUM"
    MEAN = "MEAN"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Bins that are set to a value instead of being measured; they stay in the curve, its ONTIME and its GTI.

    Parameters
    ----------
    mfracexp : float
        Smallest fraction of the bin with exposure; only for rates.
    mlcinten : float
        Largest rate; only for rates.
    tnull : float
        Value of a rejected bin; below 0 the bin is left out.
    counts_too : bool
        `mlcinten` also limits the counts of bins, in a curve of counts, as in ``seextrct``.
    mspinten : float
        Largest value of a channel of a spectrum.
    """

    mfracexp: float = 0.0
    mlcinten: float = 1e18
    tnull: float = 0.0
    counts_too: bool = False
    mspinten: float = 1e18


@dataclass(frozen=True, slots=True)
class BinnedCurve:
    """A light curve.

    Parameters
    ----------
    mode : Mode
    time : ndarray (n_bin,)
        Start of each bin, MET (TT) [s].
    value, error : ndarray (n_bin,)
        [count / s] for RATE, else [count]; 1 sigma.
    fracexp : ndarray (n_bin,)
        Exposure over bin length, rounded to 9 decimals.
    gti : ndarray (m, 2) [s]
        Runs of filled bins.
    ontime : float [s]
    rejected : bool
        Whether bins were rejected.
    source : Accumulation
    """

    mode: Mode
    time: Floats
    value: Floats
    error: Floats
    fracexp: Floats
    gti: Gti
    ontime: float
    rejected: bool
    source: Accumulation


def light_curve(source: Accumulation, mode: Mode = Mode.RATE, rejection: Rejection | None = None) -> BinnedCurve:
    """Turn accumulated counts into a light curve.

    RATE is counts over exposure, with sqrt(abs(counts)) over exposure as error; SUM is counts; MEAN is the mean of the
    accepted samples, NaN where there are none.

    Parameters
    ----------
    source : Accumulation
    mode : Mode
    rejection : Rejection, optional

    Raises
    ------
    NoGoodTime
        If no sample is in good time.
    """
    if not len(source.bins):
        raise NoGoodTime("No sample of the data starts in good time; there is no light curve.")
    counts, exposure = source.counts, source.exposure
    covered, error = exposure / source.grid.binsz, np.abs(counts)
    np.sqrt(error, out=error)
    if mode == Mode.RATE:
        value = counts / exposure
        error /= exposure
    elif mode == Mode.SUM:
        value = counts.copy()
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            value = counts / (source.accepted / len(source.bounds))
        error = np.sqrt(np.abs(value))
    keep: slice | NDArray[np.bool_] = slice(None)
    bad = None if rejection is None else _rejected(mode, value, covered, rejection)
    if rejection is not None and bad is not None:
        keep = ~bad if rejection.tnull < 0 else keep
        value = np.where(bad, rejection.tnull / exposure, value)
        error = np.where(bad, rejection.tnull / exposure, error)
    covered *= 1e9
    fracexp = np.rint(covered, out=covered)
    fracexp /= 1e9
    return BinnedCurve(
        mode,
        source.time[keep],
        value[keep],
        error[keep],
        fracexp[keep],
        source.filled,
        source.ontime,
        bad is not None,
        source,
    )


def _rejected(mode: Mode, value: Floats, covered: Floats, rejection: Rejection) -> NDArray[np.bool_] | None:
    """Return which bins are rejected; None where none is."""
    if mode == Mode.RATE:
        bad = (covered < rejection.mfracexp) | (value > rejection.mlcinten)
    elif mode == Mode.SUM and rejection.counts_too:
        bad = value > rejection.mlcinten
    else:
        return None
    return bad if bad.any() else None
