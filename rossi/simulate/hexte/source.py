"""What HEXTE counts without dead time: the source's photons and the background, per detector and channel."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.energy.folding import AbsorbedPowerLaw, fold
from rossi.simulate.hexte.cluster import CHANNELS, Cluster
from rossi.simulate.hexte.response import LOWEST, SHARE, response

Rates = NDArray[np.float64]

#: Energies of the middle of the channels [keV]: channel n is n to n + 1 keV.
ENERGY = np.arange(CHANNELS) + 0.5
#: Shares of the detectors 0 to 3 in their cluster's background.
_BACKGROUND_SHARE = np.array([[0.245, 0.262, 0.238, 0.255], [0.250, 0.243, 0.257, 0.250]])
#: Background of clusters A and B, invented [count/s]: of a falling continuum, and of lines by energies [keV] with their
#: widths [keV].
_CONTINUUM = np.array([42.0, 40.0])
_LINES = {30.0: (2.5, (6.0, 6.5)), 67.0: (5.0, (5.0, 4.4)), 190.0: (12.0, (7.0, 7.6))}
#: Channels in which a detector counts that has lost its energies.
_DUMP = 3


@lru_cache(maxsize=64)
def _source(cluster: Cluster, unit: AbsorbedPowerLaw) -> Rates:
    """Return the rates of a cluster of four detectors (256,)."""
    matrix = response(cluster)
    return fold(matrix, unit.photons(matrix.energ_lo, matrix.energ_hi))


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


def source_rates(cluster: Cluster, met: float, spectrum: AbsorbedPowerLaw) -> Rates:
    """Return the rates of the source, free of dead time, on target.

    Parameters
    ----------
    cluster : Cluster
    met : float [s]
        Whether detector 2 of cluster B still measures energies.
    spectrum : AbsorbedPowerLaw

    Returns
    -------
    ndarray (4, 256) [count / s]
        Detector, channel: the photons through the cluster's response. All counts of a detector that has lost its
        energies are in the lowest three channels.
    """
    return _detectors(cluster, met, SHARE, spectrum.norm * _source(cluster, replace(spectrum, norm=1.0)))


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
