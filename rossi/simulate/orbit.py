"""Where the spacecraft, the Sun and the Moon are: a circular orbit with the precession of the real one.

All vectors are J2000; times are spacecraft clock.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.met import met_to_mjd
from rossi.pca.filter.attitude import EARTH_RADIUS

Vectors = NDArray[np.float64]

#: Circular orbit at a height between launch (580 km) and the last year (485 km) [km]; inclination [rad].
SEMI_MAJOR_AXIS = 6920.0
INCLINATION = np.radians(22.99)
#: How far the equinox moves in longitude [deg / d]: 1.397 deg in a century.
_PRECESSION = 3.8247e-5
#: Angles at an epoch [rad] and their rates [rad / s]; a wrong anchor shifts all simulated occultations.
_EPOCH = 537_580_806.0
_NODE, _NODE_RATE = np.radians(248.06), np.radians(-8.22e-5)
_ARGUMENT, _ARGUMENT_RATE = np.radians(221.94), np.sqrt(398600.4418 / SEMI_MAJOR_AXIS**3)


def _frame(met: ArrayLike) -> tuple[Vectors, Vectors, Vectors]:
    time = np.asarray(met, np.float64) - _EPOCH
    node, argument = _NODE + _NODE_RATE * time, _ARGUMENT + _ARGUMENT_RATE * time
    to_node = np.stack([np.cos(node), np.sin(node), 0 * node], -1)
    ahead = np.stack([-np.sin(node) * np.cos(INCLINATION), np.cos(node) * np.cos(INCLINATION), 0 * node], -1)
    ahead[..., 2] = np.sin(INCLINATION)
    return to_node, ahead, argument[..., None]


def position(met: ArrayLike) -> Vectors:
    """Return the position of the spacecraft.

    Parameters
    ----------
    met : array_like (...) [s]

    Returns
    -------
    ndarray (..., 3) [km]
    """
    to_node, ahead, angle = _frame(met)
    return np.asarray(SEMI_MAJOR_AXIS * (np.cos(angle) * to_node + np.sin(angle) * ahead))


def velocity(met: ArrayLike) -> Vectors:
    """Return the velocity of the spacecraft.

    Parameters
    ----------
    met : array_like (...) [s]

    Returns
    -------
    ndarray (..., 3) [km / s]
    """
    to_node, ahead, angle = _frame(met)
    return np.asarray(SEMI_MAJOR_AXIS * _ARGUMENT_RATE * (np.cos(angle) * ahead - np.sin(angle) * to_node))


def ground(met: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return geocentric latitude and east longitude of the point below the spacecraft.

    Parameters
    ----------
    met : array_like (...) [s]

    Returns
    -------
    latitude, longitude : ndarray (...) [deg]
    """
    x, y, z = np.moveaxis(position(met), -1, 0)
    sidereal = 280.46062 + 360.98564737 * (met_to_mjd(met) - 51544.5)
    return np.degrees(np.arcsin(z / SEMI_MAJOR_AXIS)), (np.degrees(np.arctan2(y, x)) - sidereal) % 360


def unit(ra: ArrayLike, dec: ArrayLike) -> Vectors:
    """Return the unit vector of a direction.

    Parameters
    ----------
    ra, dec : array_like (...) [deg]

    Returns
    -------
    ndarray (..., 3)
    """
    a, d = np.radians(ra), np.radians(dec)
    return np.stack(np.broadcast_arrays(np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)), -1)


def elevation(met: ArrayLike, direction: Vectors) -> NDArray[np.float64]:
    """Return the angle of a direction above the limb of the Earth.

    Parameters
    ----------
    met : array_like (...) [s]
    direction : ndarray (3,) or (..., 3)
        Unit vectors.

    Returns
    -------
    ndarray (...) [deg]
    """
    cosine = (position(met) * direction).sum(-1) / SEMI_MAJOR_AXIS
    return np.asarray(np.degrees(np.arccos(-cosine) - np.arcsin(EARTH_RADIUS / SEMI_MAJOR_AXIS)))


def _ecliptic(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> Vectors:
    x, y, z = np.moveaxis(unit(longitude, latitude), -1, 0)
    tilt = np.radians(23.44)
    return np.stack([x, y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)], -1)


def sun(met: ArrayLike) -> Vectors:
    """Return the direction of the Sun, to 0.01 deg (low-precision formula of the Astronomical Almanac).

    Parameters
    ----------
    met : array_like (...) [s]

    Returns
    -------
    ndarray (..., 3)
    """
    day = met_to_mjd(met) - 51544.5
    anomaly = np.radians(357.528 + 0.9856003 * day)
    longitude = 280.460 + (0.9856474 - _PRECESSION) * day + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    return _ecliptic(longitude, np.zeros_like(longitude))


def moon(met: ArrayLike) -> Vectors:
    """Return the direction of the Moon, to 2 deg (mean orbit and largest terms).

    Parameters
    ----------
    met : array_like (...) [s]

    Returns
    -------
    ndarray (..., 3)
    """
    day = met_to_mjd(met) - 51544.5
    longitude = 218.316 + 13.176396 * day + 6.289 * np.sin(np.radians(134.963 + 13.064993 * day))
    return _ecliptic(longitude, 5.128 * np.sin(np.radians(93.272 + 13.229350 * day)))
