"""Peaks of power spectra that noise alone rarely makes: candidates of oscillations, and no more than that."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.optional import load
from rossi.timing.average import MeanPower, Rebinned

#: The continuum at a bin is the median of so many bins on either side, fewer at the ends; bins with fewer than the
#: second number there are not looked at.
_AROUND, _LEAST = 16, 5


@dataclass(frozen=True, slots=True)
class Peak:
    """A peak above the level that noise passes with a small chance.

    Parameters
    ----------
    freq : float [Hz]
        Of the highest bin.
    low, high : float [Hz]
        Ends of the bins above the level.
    power, continuum : float
        At the highest bin, Leahy's normalization.
    chance : float
        That noise around the continuum gives such a power in any of the bins.
    rms : float
        Fractional, of the power above the continuum.
    """

    freq: float
    low: float
    high: float
    power: float
    continuum: float
    chance: float
    rms: float


def continuum(spectrum: Rebinned, m: int, noise: Floats) -> Floats:
    """Return what a spectrum has around each bin, the level of noise at least; NaN at its ends.

    Parameters
    ----------
    spectrum : Rebinned
    m : int
        Segments.
    noise : ndarray (n,)
        Level at the bins.

    Returns
    -------
    ndarray (n,)
    """
    number, found = len(spectrum.power), np.full(len(spectrum.power), np.nan)
    freedom = 2.0 * m * spectrum.number
    mean_over_median = (1 - 2 / (9 * freedom)) ** -3  # of chi-square (Wilson and Hilferty 1931)
    scaled = spectrum.power * mean_over_median
    for at in range(number):
        half = min(_AROUND, at, number - 1 - at)
        if half >= _LEAST:
            found[at] = np.median(scaled[at - half : at + half + 1])
    return np.where(np.isnan(found), np.nan, np.maximum(found, noise))


def find_peaks(
    mean: MeanPower, spectrum: Rebinned, noise: Floats, false_alarm: float, background: float = 0.0
) -> list[Peak]:
    """Return peaks above a level of false alarm.

    Parameters
    ----------
    mean : MeanPower
    spectrum : Rebinned
        Of it.
    noise : ndarray (n,)
        Level at the bins of the latter.
    false_alarm : float
        Chance that noise around the continuum passes the level in any of the bins.
    background : float [count / s]
        Part of the rate that is not the source's.

    Raises
    ------
    ConfigError
        If stingray is not installed.
    """
    around = continuum(spectrum, mean.m, noise)
    usable = np.isfinite(around)
    trials = int(usable.sum())
    if not trials:
        return []
    chance = np.ones(len(spectrum.power))
    ratio = 2 * spectrum.power[usable] / around[usable]
    chance[usable] = _chance(ratio, mean.m, spectrum.number[usable], trials)
    high = np.flatnonzero(chance < false_alarm)
    groups = np.split(high, np.flatnonzero(np.diff(high) > 1) + 1) if len(high) else []
    scale = 1 / (mean.rate - background) if background < mean.rate else np.nan
    found = []
    for group in groups:
        top = int(group[np.argmax(spectrum.power[group])])
        width = spectrum.number[group] * mean.df
        excess = float(((spectrum.power[group] - around[group]) * width).sum() * mean.rate)
        found.append(
            Peak(
                float(spectrum.freq[top]),
                float(spectrum.freq[group[0]] - width[0] / 2),
                float(spectrum.freq[group[-1]] + width[-1] / 2),
                float(spectrum.power[top]),
                float(around[top]),
                float(chance[top]),
                float(np.sqrt(excess) * scale),
            )
        )
    return found


def _chance(power: Floats, m: int, number: NDArray[np.int64], trials: int) -> Floats:
    """Return the chance that noise gives powers in any of some trials, as stingray has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probability = load("stingray.stats", "timing", "Peaks of power spectra").pds_probability
        made = [
            float(probability(one, ntrial=trials, n_summed_spectra=m, n_rebin=int(n)))
            for one, n in zip(power.tolist(), number.tolist(), strict=True)
        ]
    return np.asarray(made)
