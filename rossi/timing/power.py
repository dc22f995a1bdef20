"""What power spectra of the PCA need besides stingray, which makes them: the noise level with dead time, background."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from rossi.arrays import Floats
from rossi.errors import ConfigError, NoGoodTime
from rossi.optional import load

#: Dead time of an event [s] (HEASARC, RXTE Cook Book, "PCA dead time").
EVENT_DEAD_TIME = 1e-5


@dataclass(frozen=True, slots=True)
class VeryLargeEvents:
    """Very large events of a PCU.

    Parameters
    ----------
    rate : float [count / s]
        Of one PCU.
    dead_time : float [s]
        That each causes: 12, 60, 150 or 500 us by the setting of the PCU (`rossi.pca.deadtime.VLE_DEAD_TIME`).
    """

    rate: float = 0.0
    dead_time: float = 150e-6


def noise_level(
    frequency: Floats,
    rate: float,
    dt: float,
    number: int,
    very_large: VeryLargeEvents | None = None,
    dead_time: float = EVENT_DEAD_TIME,
) -> Floats:
    """Return the power of Poisson noise with dead time, Leahy's normalization: 2 without dead time.

    2 [1 - 2 r t (1 - t / 2b)] - 2 (N - 1) / N r t (t / b) cos(2 pi f b) + 2 v r T^2 [sin(pi T f) / (pi T f)]^2, with
    the detected rate r and dead time t of events, bins b, N a segment, and very large events of rate v and dead time T
    (Zhang et al. 1995, ApJ 449, 930; for the last term Jernigan et al. 2000, ApJ 530, 875). PCUs are dead independently
    of each other: the level of several is that of one. All terms are linear in r: it holds for parts of the channels,
    with the rate of that part, and v always that of all very large events. Good to some 1e-3.

    Parameters
    ----------
    frequency : ndarray (n,) [Hz]
    rate : float [count / s]
        Detected, of one PCU.
    dt : float [s]
        Bins of the power spectrum.
    number : int
        Bins of a segment.
    very_large : VeryLargeEvents, optional
    dead_time : float [s]

    Returns
    -------
    ndarray (n,)

    Raises
    ------
    ConfigError
        If the dead time is longer than a bin, for which the formula does not hold, or a rate is negative.
    """
    very_large = very_large or VeryLargeEvents()
    if dead_time > dt:
        raise ConfigError(f"Bins of {dt:g} s are shorter than the dead time of {dead_time:g} s; take longer ones.")
    if rate < 0 or very_large.rate < 0:
        raise ConfigError(f"Rates are {rate:g} and {very_large.rate:g}; they must not be negative.")
    lost = rate * dead_time
    level: Floats = np.full(len(frequency), 2 * (1 - 2 * lost * (1 - dead_time / (2 * dt))))
    level = level - 2 * (number - 1) / number * lost * (dead_time / dt) * np.cos(2 * np.pi * frequency * dt)
    shape = np.sinc(very_large.dead_time * frequency) ** 2
    return np.asarray(level + 2 * very_large.rate * rate * very_large.dead_time**2 * shape, np.float64)


def power_spectrum(
    data: Any, segment: float, dt: float | None = None, *, norm: str = "leahy", common: bool = True
) -> Any:
    """Return the averaged power spectrum of whole segments inside good time, as stingray makes it.

    Parameters
    ----------
    data : stingray.EventList or stingray.Lightcurve
        See `EventList.to_stingray` and `FastLightCurve.to_stingray`.
    segment : float [s]
    dt : float, optional [s]
        Bins of events; a light curve has its own.
    norm : str
        ``leahy``, ``frac`` or ``abs``.
    common : bool
        Divide by the mean number of photons of all segments, instead of by each one's.

    Returns
    -------
    stingray.AveragedPowerspectrum

    Raises
    ------
    NoGoodTime
        If no segment fits into good time.
    ConfigError
        If stingray is not installed, or events are given without dt.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spectra = load("stingray", "timing", "Power spectra of stingray").AveragedPowerspectrum
        options = {"segment_size": segment, "norm": norm, "use_common_mean": common, "gti": data.gti, "silent": True}
        if not (np.diff(np.asarray(data.gti)) >= segment).any():
            raise NoGoodTime(f"No good time interval is as long as a segment of {segment:g} s; take shorter ones.")
        if hasattr(data, "counts"):
            return spectra.from_lightcurve(data, **options)
        if dt is None:
            raise ConfigError("Events need the length of the bins, dt.")
        return spectra.from_events(data, dt=dt, **options)


def fractional_rms(
    spectrum: Any, low: float, high: float, noise: float | Floats = 2.0, background: float = 0.0
) -> float:
    """Return the fractional rms of the source in a band of frequencies.

    Parameters
    ----------
    spectrum : stingray.AveragedPowerspectrum
        Leahy's normalization, not rebinned.
    low, high : float [Hz]
        Both inside the band.
    noise : float or ndarray
        Level of the noise, or that at each frequency of the spectrum (`noise_level`).
    background : float [count / s]
        Part of the rate that is not the source's, and does not vary.

    Returns
    -------
    float
        Negative where the power is below the noise: minus the root of its amount.

    Raises
    ------
    ConfigError
        If the background is as high as the rate, or the band has no frequency.
    """
    rate = float(spectrum.nphots / spectrum.segment_size)
    if not 0 <= background < rate:
        raise ConfigError(f"The background is {background:g} count/s, the rate {rate:g}; the rest would be the source.")
    inside = (spectrum.freq >= low) & (spectrum.freq <= high)
    if not inside.any():
        raise ConfigError(f"The spectrum has no frequency from {low:g} to {high:g} Hz.")
    excess = np.asarray(spectrum.power) - noise
    variance = float((excess[inside] / rate).sum() * spectrum.df)
    return float(np.copysign(np.sqrt(abs(variance)), variance)) * rate / (rate - background)
