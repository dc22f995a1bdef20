"""Where in its orbit the spacecraft is, as the background model wants to know it."""

from __future__ import annotations

import numpy as np

from rossi.pca.filter import single
from rossi.pca.filter.single import PI, Singles

_F = np.float32
#: Inclination in the definition of the orbit's coordinates [rad].
_INCLINATION = _F(0.4013)
#: How far the Earth turns during an orbit, and the node moves [deg].
_TURN = _F(23.617)
#: TIME_SINCE_SAA: longitudes of the node at which the orbit meets the South Atlantic Anomaly, and the value elsewhere.
_NEAR = (-70.0, 150.0)
_FAR = _F(99.99999)


def climbing(latitude: Singles) -> Singles:
    """Return 1 where the latitude rises and -1 where it falls, as a stand-in for the velocity; NaN in the first row.

    Parameters
    ----------
    latitude : ndarray (n,) of float32 [deg]

    Returns
    -------
    ndarray (n,) of float32
    """
    index = np.arange(len(latitude))
    known = ~np.isnan(latitude)
    last = np.maximum.accumulate(np.where(known, index, -1))
    before = np.concatenate(([-1], last[:-1])) if len(index) else index
    previous = np.where(before >= 0, latitude[before], np.float32(np.nan))
    return np.where(np.isnan(previous) | ~known, _F(np.nan), np.where(previous > latitude, _F(-1), _F(1)))


def background_coordinates(latitude: Singles, longitude: Singles, climb: Singles) -> tuple[Singles, Singles]:
    """Return longitude of the ascending node and phase in the orbit: BKGD_THETA and BKGD_PHI.

    Parameters
    ----------
    latitude, longitude : ndarray (n,) of float32 [deg]
        Of the point below the spacecraft.
    climb : ndarray (n,) of float32
        Negative on the way south: the velocity along Z.

    Returns
    -------
    theta, phi : ndarray (n,) of float32 [deg]
        -180 to 180 both.
    """
    sine = np.minimum(np.maximum(latitude * (PI / _F(180)) / _INCLINATION, _F(-1)), _F(1))
    phase = np.arcsin(sine.astype(np.float64)).astype(_F)
    phase = np.where(np.isnan(climb), _F(np.nan), np.where(climb < 0, PI - phase, phase))
    phase = np.where(phase > PI, phase - _F(2) * PI, phase)
    cosine = single.cos(_INCLINATION.reshape(1))
    from_node = single.arctan2(single.sin(phase) * cosine, single.cos(phase))
    node = longitude - from_node / PI * _F(180) + _TURN * phase / (_F(2) * PI)
    node = np.fmod(node, _F(360))
    return np.where(node > 180, node - _F(360), node).astype(_F), (phase / PI * _F(180)).astype(_F)


def time_since_saa(theta: Singles, phi: Singles) -> Singles:
    """Return the approximate time since the peak of the South Atlantic Anomaly.

    Parameters
    ----------
    theta, phi : ndarray (n,) of float32 [deg]
        BKGD_THETA and BKGD_PHI.

    Returns
    -------
    ndarray (n,) of float32 [min]
    """
    near = (theta > _NEAR[0]) & (theta < _NEAR[1])
    since = np.where(near, _F(0.272) * phi + _F(0.214) * theta + _F(15.7), _FAR)
    return np.where(np.isnan(theta), _F(np.nan), since)
