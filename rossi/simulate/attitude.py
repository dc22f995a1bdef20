"""Where the spacecraft points: the slew to the target, and the attitude quaternion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.pca.filter.attitude import BORESIGHT
from rossi.simulate import orbit
from rossi.simulate.spec import ObservationSpec

#: Distance from the target at the start [deg].
SLEW_FROM = 1.8


def offset(spec: ObservationSpec, met: ArrayLike) -> NDArray[np.float64]:
    """Return the angle between boresight and target: falls linearly to 0 while the spacecraft slews.

    Parameters
    ----------
    spec : ObservationSpec
    met : array_like (...) [s]

    Returns
    -------
    ndarray (...) [deg]
    """
    left = 1.0 - (np.asarray(met, np.float64) - spec.start) / max(spec.slew, 1)
    return np.asarray(SLEW_FROM * np.clip(left, 0.0, 1.2))


def transmission(spec: ObservationSpec, met: ArrayLike) -> NDArray[np.float64]:
    """Return the part of the target's light that comes through the collimator (1 deg FWHM); 0 behind the Earth.

    Parameters
    ----------
    spec : ObservationSpec
    met : array_like (...) [s]

    Returns
    -------
    ndarray (...)
    """
    seen = orbit.elevation(met, orbit.unit(spec.ra, spec.dec)) > 0.0
    return np.asarray(seen * through(offset(spec, met)))


def through(angle: ArrayLike) -> NDArray[np.float64]:
    """Return the part of the light that comes through the collimator: falls linearly, to half at 0.5 deg.

    Parameters
    ----------
    angle : array_like (...) [deg]
        From the boresight.

    Returns
    -------
    ndarray (...)
    """
    return np.asarray(np.clip(1.0 - np.asarray(angle, np.float64), 0.0, 1.0))


def boresight(spec: ObservationSpec, met: ArrayLike) -> orbit.Vectors:
    """Return the direction of the boresight; the slew comes from the north.

    Parameters
    ----------
    spec : ObservationSpec
    met : array_like (...) [s]

    Returns
    -------
    ndarray (..., 3)
    """
    target, north = orbit.unit(spec.ra, spec.dec), orbit.unit(spec.ra, spec.dec + 90.0)
    angle = np.radians(offset(spec, met))[..., None]
    return np.asarray(np.cos(angle) * target + np.sin(angle) * north)


def body_axes(spec: ObservationSpec, met: ArrayLike) -> NDArray[np.float64]:
    """Return the attitude matrix: rows are the body axes; the Sun is in the XZ plane.

    Parameters
    ----------
    spec : ObservationSpec
    met : array_like (...) [s]

    Returns
    -------
    ndarray (..., 3, 3)
    """
    ahead = boresight(spec, met)
    side = np.cross(orbit.sun(np.full(np.shape(met), spec.start)), ahead)
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    up = np.cross(ahead, side)
    c, _, s = BORESIGHT
    return np.stack([c * ahead - s * up, side, s * ahead + c * up], -2)


def quaternion(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quaternions, scalar last, of attitude matrices, without jumps of sign.

    Parameters
    ----------
    axes : ndarray (n, 3, 3)

    Returns
    -------
    ndarray (n, 4)
        From 4 q qT, of which the row with the largest diagonal element is taken.
    """
    a = np.moveaxis(axes, 0, -1)
    products = np.array(
        [
            [1 + a[0, 0] - a[1, 1] - a[2, 2], a[0, 1] + a[1, 0], a[0, 2] + a[2, 0], a[1, 2] - a[2, 1]],
            [a[0, 1] + a[1, 0], 1 - a[0, 0] + a[1, 1] - a[2, 2], a[1, 2] + a[2, 1], a[2, 0] - a[0, 2]],
            [a[0, 2] + a[2, 0], a[1, 2] + a[2, 1], 1 - a[0, 0] - a[1, 1] + a[2, 2], a[0, 1] - a[1, 0]],
            [a[1, 2] - a[2, 1], a[2, 0] - a[0, 2], a[0, 1] - a[1, 0], 1 + a[0, 0] + a[1, 1] + a[2, 2]],
        ]
    )
    row = products[np.argmax(np.diagonal(products[..., -1]))]
    return np.asarray((row / np.linalg.norm(row, axis=0)).T)
