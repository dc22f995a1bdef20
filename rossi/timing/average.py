"""Power spectra of more segments than fit into memory: averages of some, as stingray makes them, put together."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import ConfigError, NoGoodTime
from rossi.optional import load
from rossi.timing.exchange import stingray_counts
from rossi.timing.fastcurve import FastLightCurve
from rossi.timing.power import power_spectrum

#: Bins whose spectra are made at a time.
_BINS = 1 << 20


@dataclass(frozen=True, slots=True)
class MeanPower:
    """A power spectrum averaged over segments, Leahy's normalization by the mean number of photons of all.

    Parameters
    ----------
    freq : ndarray (n,) [Hz]
    power, error : ndarray (n,)
        1 sigma, of as many segments as there are.
    m : int
        Segments.
    nphots : float
        Mean number of photons of a segment.
    segment_size, dt : float [s]
    """

    freq: Floats
    power: Floats
    error: Floats
    m: int
    nphots: float
    segment_size: float
    dt: float

    @property
    def df(self) -> float:
        """Distance of frequencies [Hz]."""
        return 1 / self.segment_size

    @property
    def rate(self) -> float:
        """Mean rate [count / s]."""
        return self.nphots / self.segment_size

    @property
    def number(self) -> int:
        """Bins of a segment."""
        return round(self.segment_size / self.dt)


@dataclass(frozen=True, slots=True)
class Rebinned:
    """A power spectrum in bins that grow.

    Parameters
    ----------
    freq : ndarray (n,) [Hz]
        Middles.
    power, error : ndarray (n,)
    number : ndarray (n,) of int
        Frequencies that were averaged.
    """

    freq: Floats
    power: Floats
    error: Floats
    number: NDArray[np.int64]


def average(parts: Iterable[MeanPower]) -> MeanPower:
    """Return the average of averages: of powers, each with the photons that it is of.

    Parameters
    ----------
    parts : iterable of MeanPower
        Of the same frequencies, one at least.

    Raises
    ------
    ConfigError
        If they differ in bins or segments.
    """
    first, photons, segments = None, 0.0, 0
    for part in parts:
        if first is None:
            first, total = part, np.zeros(len(part.freq))
        if (part.segment_size, part.dt, len(part.freq)) != (first.segment_size, first.dt, len(first.freq)):
            raise ConfigError(
                f"Power spectra of segments of {first.segment_size:g} s in bins of {first.dt:g} s and of "
                f"{part.segment_size:g} s in bins of {part.dt:g} s can't be averaged."
            )
        total += part.m * part.nphots * part.power
        photons += part.m * part.nphots
        segments += part.m
    if first is None:
        raise NoGoodTime("There is no power spectrum to average.")
    power = total / photons
    return replace(first, power=power, error=power / np.sqrt(segments), m=segments, nphots=photons / segments)


def mean_powers(pieces: Iterable[FastLightCurve], segment: float, band: int = 0) -> Iterator[MeanPower]:
    """Iterate over the power spectra of pieces of a light curve, some segments each.

    Segments follow each other from the begin of each run of bins; what is left at its end is in none.

    Parameters
    ----------
    pieces : iterable of FastLightCurve
    segment : float [s]
        A multiple of their bins.
    band : int
        Number of the band, from 0.

    Raises
    ------
    ConfigError
        If stingray is not installed.
    """
    for piece in pieces:
        length = round(segment / piece.dt)
        together = max(1, _BINS // length) * length
        for _, counts in piece.runs():
            whole = counts.shape[1] // length * length
            for at in range(0, whole, together):
                some = counts[band, at : min(at + together, whole)].astype(np.int32)
                if some.any():
                    yield _of_counts(some, piece.dt, segment)


def _of_counts(counts: NDArray[np.int32], dt: float, segment: float) -> MeanPower:
    time: Floats = np.asarray((np.arange(len(counts)) + 0.5) * dt, np.float64)
    good = np.array([[0.0, len(counts) * dt]])
    made = power_spectrum(stingray_counts(time, counts, good, dt), segment)
    power = np.asarray(made.power, np.float64)
    return MeanPower(
        np.asarray(made.freq, np.float64), power, power / np.sqrt(made.m), int(made.m), float(made.nphots), segment, dt
    )


def rebinned(mean: MeanPower, factor: float) -> Rebinned:
    """Return a spectrum in bins each wider than the one before by a part of itself, as stingray makes them.

    Parameters
    ----------
    mean : MeanPower
    factor : float
        That part.
    """
    freq, power, error, number = rebinned_values(mean, factor, mean.power, mean.error)
    return Rebinned(freq, power, error, number)


def rebinned_values(
    mean: MeanPower, factor: float, values: Floats, errors: Floats
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Return values at the frequencies of a spectrum in bins that grow; see `rebinned`.

    Parameters
    ----------
    mean : MeanPower
    factor : float
    values, errors : ndarray (n,)

    Returns
    -------
    freq, values, errors : ndarray (n_bin,)
    number : ndarray (n_bin,) of int
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rebin = load("stingray.utils", "timing", "Power spectra of stingray").rebin_data_log
        freq, value, error, number = rebin(mean.freq, values, factor, y_err=errors, dx=mean.df)
    some = np.asarray(number) > 0
    made = (np.asarray(one, np.float64)[some] for one in (freq, value, error))
    return (*made, np.asarray(number, np.int64)[some])  # type: ignore[return-value]
