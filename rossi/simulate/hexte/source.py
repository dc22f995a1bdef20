"""What HEXTE counts without dead time: the source's power law and the background, per detector and channel."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.simulate.hexte.cluster import CHANNELS, Cluster

Rates = NDArray[np.float64]

#: Nothing is counted below this channel (lower level discriminator).
LOWEST = 12
#: Energies of the middle of the channels [keV]: channel n is n to n + 1 keV.
ENERGY = np.arange(CHANNELS) + 0.5
#: Effective area of a cluster at its best energies [cm2].
AREA = 200.0
#: Shares of the detectors 0 to 3 in their cluster's area, and in its background.
_AREA_SHARE = np.array([[0.252, 0.250, 0.245, 0.253], [0.249, 0.252, 0.247, 0.252]])
_BACKGROUND_SHARE = np.array([[0.245, 0.262, 0.238, 0.255], [0.250, 0.243, 0.257, 0.250]])
#: Background of clusters A and B, invented [count/s]: of a falling continuum, and of lines by energies [keV] with their
#: widths [keV].
_CONTINUUM = np.array([42.0, 40.0])
_LINES = {30.0: (2.5, (6.0, 6.5)), 67.0: (5.0, (5.0, 4.4)), 190.0: (12.0, (7.0, 7.6))}
#: Channels in which a detector counts that has lost its energies.
_DUMP = 3


def effective_area() -> NDArray[np.float64]:
    """Return the effective area of a cluster in each channel: best from 20 to 80 keV.

    Returns
    -------
    ndarray (256,) [cm2]
    """
    return np.asarray(AREA * np.exp(-((11.0 / ENERGY) ** 4)) / (1.0 + (ENERGY / 150.0) ** 3))


@lru_cache(maxsize=32)
def _source(photon_index: float) -> NDArray[np.float64]:
    return np.asarray(np.where(np.arange(CHANNELS) < LOWEST, 0.0, effective_area() * ENERGY**-photon_index))


@lru_cache(maxsize=2)
def _background(index: int) -> NDArray[np.float64]:
    seen = np.arange(CHANNELS) >= LOWEST
    continuum = seen * ENERGY**-0.5
    rates = _CONTINUUM[index] * continuum / continuum.sum()
    for energy, (width, strength) in _LINES.items():
        line = seen * np.exp(-0.5 * ((ENERGY - energy) / width) ** 2)
        rates += strength[index] * line / line.sum()
    return np.asarray(rates)


def _detectors(cluster: Cluster, met: float, share: Rates, spectrum: Rates) -> Rates:
    rates = np.outer(share[cluster.index], spectrum)
    lost = cluster.lost_detector(met)
    if lost is not None:
        total = rates[lost].sum()
        rates[lost] = np.where(np.arange(CHANNELS) < _DUMP, total / _DUMP, 0.0)
    return rates


def source_rates(cluster: Cluster, met: float, flux: float, photon_index: float) -> Rates:
    """Return the rates of the source, free of dead time, on target.

    Parameters
    ----------
    cluster : Cluster
    met : float [s]
        Whether detector 2 of cluster B still measures energies.
    flux : float [photon / cm2 / s / keV]
        At 1 keV.
    photon_index : float

    Returns
    -------
    ndarray (4, 256) [count / s]
        Detector, channel: the power law in the middle of the channel times the effective area. All counts of a detector
        that has lost its energies are in the lowest three channels.
    """
    return _detectors(cluster, met, _AREA_SHARE, flux * _source(photon_index))


def background_rates(cluster: Cluster, met: float) -> Rates:
    """Return the mean rates of the background, the same at all positions; see `source_rates`.

    Parameters
    ----------
    cluster : Cluster
    met : float [s]

    Returns
    -------
    ndarray (4, 256) [count / s]
    """
    return _detectors(cluster, met, _BACKGROUND_SHARE, _background(cluster.index))
