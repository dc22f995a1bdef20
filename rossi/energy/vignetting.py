"""What the collimators take from light curves of sources off axis, or while the spacecraft moves (``pcaclrsp``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rossi.arrays import Floats
from rossi.energy.collimator import CollimatorCube, source_vector, transmissions
from rossi.errors import DataError
from rossi.fits.table import Table
from rossi.met import timezero
from rossi.pca.filter.attitude import body_axes, to_body
from rossi.spectra.algebra import Compat

_ARCSEC = 180 * 3600 / np.pi
#: How much the pointing may vary before each bin has a transmission of its own [arcsec] (pcaclrsp 1.x).
JITTER = 20.0


@dataclass(frozen=True, slots=True)
class Pointing:
    """Attitude samples of which the quaternion is known.

    Parameters
    ----------
    where : str
        For messages.
    time : ndarray (n,) [s]
        MET, TIMEZERO applied.
    quaternion : ndarray (4, n)
        Scalar last.
    step : float [s]
        From the first row of the file to the second.
    span : (float, float) [s]
        First and last row of the file, known or not.
    """

    where: str
    time: Floats
    quaternion: Floats
    step: float
    span: tuple[float, float]

    def within(self, start: float, stop: float) -> Pointing:
        """Return the samples from a step before a time to a step after another.

        Parameters
        ----------
        start, stop : float [s]
            MET, TIMEZERO applied.
        """
        near = (self.time >= start - self.step) & (self.time <= stop + self.step)
        return Pointing(self.where, self.time[near], self.quaternion[:, near], self.step, self.span)

    def jitter(self) -> float:
        """Return the angle between the pointings a standard deviation above and below the mean attitude [arcsec]."""
        mean, sigma = self.quaternion.mean(1), self.quaternion.std(1)
        axes = body_axes(np.column_stack((mean + sigma, mean - sigma)).astype(np.float32)).astype(np.float64)[0]
        axes /= np.sqrt((axes**2).sum(0))
        return float(2 * np.arcsin(np.sqrt(((axes[:, 0] - axes[:, 1]) ** 2).sum()) / 2) * _ARCSEC)


def read_pointing(attitude: Table) -> Pointing:
    """Read the attitude.

    Parameters
    ----------
    attitude : Table
        Filter file or FH0e housekeeping: Time and ACSESTQ1 to ACSESTQ4.

    Raises
    ------
    DataError
        If a column is missing, or there are fewer than two rows.
    """
    time = attitude.numbers("Time") + timezero(attitude.header, attitude.where)
    if len(time) < 2:
        raise DataError(f"{attitude.where}: {len(time)} rows; two or more rows of attitude were expected.")
    names = [f"ACSESTQ{n}" for n in (1, 2, 3, 4)]
    known = ~np.any([attitude.null(name) for name in names], axis=0)
    quaternion = np.array([attitude.numbers(name)[known] for name in names])
    span = (float(time.min()), float(time.max()))
    return Pointing(attitude.where, time[known], quaternion, float(time[1] - time[0]), span)


def bin_transmission(
    pointing: Pointing,
    cube: CollimatorCube,
    position: tuple[float, float],
    start: Floats,
    width: float,
    jitter: float = JITTER,
    *,
    compat: Compat = None,
) -> Floats:
    """Return the transmission of each bin of a light curve, averaged over the cube's energies.

    Where the pointing varied by less than `jitter`, all bins have that of the mean attitude. Else each bin has the mean
    of the transmissions at the attitude samples in it; a bin without one, that of the attitude at its middle.

    Parameters
    ----------
    pointing : Pointing
    cube : CollimatorCube
    position : (float, float) [deg]
        Right ascension and declination of the source.
    start : ndarray (n,) [s]
        Starts of the bins, MET, rising.
    width : float [s]
    jitter : float [arcsec]
    compat : {"heasoft"}, optional
        Follow pcaclrsp: bins not longer than a step of the attitude have the attitude at their start, longer ones the
        transmission at the mean quaternion of samples that are half a bin too early and one step too late.

    Returns
    -------
    ndarray (n,)
        NaN where the attitude is unknown, or the source outside the collimator.

    Raises
    ------
    DataError
        If no attitude is known near the light curve.
    """
    first, last = float(start.min()), float(start.max()) + width
    near = pointing.within(max(first, pointing.span[0]), min(last, pointing.span[1]))
    if not len(near.time):
        raise DataError(
            f"{pointing.where}: no known attitude from {first:.0f} to {last:.0f} (MET, s), rows are from "
            f"{pointing.span[0]:.0f} to {pointing.span[1]:.0f}; give the filter file of the same observation."
        )
    if near.jitter() <= jitter:
        one = _mean(near.quaternion.mean(1, keepdims=True), cube, position)
        return np.full(len(start), one[0])
    if compat:
        through = _as_original(near, cube, position, start, width)
        begin, end = start, start
    else:
        through = _in_bins(near, cube, position, start, width)
        begin, end = start, start + width
    known = (begin >= pointing.span[0]) & (end <= pointing.span[1] + near.step)
    return np.where(known & (through > 0), through, np.nan)


def _mean(quaternion: Floats, cube: CollimatorCube, position: tuple[float, float]) -> Floats:
    """Return the mean transmission at attitudes (4, n)."""
    axes = body_axes(quaternion.astype(np.float32))
    _, y, z = to_body(axes, source_vector(*position))
    return np.asarray(transmissions(cube, y, z).mean(1, dtype=np.float32), np.float64)


def _in_bins(p: Pointing, cube: CollimatorCube, position: tuple[float, float], start: Floats, width: float) -> Floats:
    sampled = _mean(p.quaternion, cube, position)
    low, high = np.searchsorted(p.time, start), np.searchsorted(p.time, start + width)
    sums = np.concatenate(([0.0], np.cumsum(np.nan_to_num(sampled))))
    bad = np.concatenate(([0], np.cumsum(np.isnan(sampled))))
    count = high - low
    mean = np.where(bad[high] > bad[low], np.nan, (sums[high] - sums[low]) / np.maximum(count, 1))
    between = _mean(_interpolated(p, start + width / 2), cube, position)
    return np.where(count, mean, between)


def _interpolated(p: Pointing, time: Floats) -> Floats:
    """Return attitudes between samples (4, n), in single precision as the original has them."""
    return np.array([np.interp(time, p.time, component) for component in p.quaternion.astype(np.float32)])


def _as_original(
    p: Pointing, cube: CollimatorCube, position: tuple[float, float], start: Floats, width: float
) -> Floats:
    if width <= p.step:
        return _mean(_interpolated(p, start), cube, position)
    last = len(p.time) - 1
    first = np.searchsorted(p.time[1:], start - width / 2)
    stop = np.searchsorted(p.time, start + width / 2)
    means, at = np.empty((4, len(start))), 0
    for number, (begin, beyond) in enumerate(zip(first, stop, strict=True)):
        at = min(max(at, int(begin)), last - 1)  # never back to samples of an earlier bin
        end = min(max(int(beyond), at + 1), last)
        samples = p.quaternion[:, at + 1 : end + 1].astype(np.float32)
        means[:, number] = np.cumsum(samples, axis=1)[:, -1] / np.float32(end - at)  # in single precision, one by one
        at = end
    return _mean(means, cube, position)
