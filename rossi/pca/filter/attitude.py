"""Where the spacecraft points, and how far from the Sun, the Moon, the Earth's limb and the target that is.

Vectors have their components first: (3, n). Body axes are X (close to the boresight), Y and Z; inertial ones are J2000.
The precision of each step is that of the original.
"""

from __future__ import annotations

import numpy as np

from rossi.arrays import Floats
from rossi.pca.filter import single
from rossi.pca.filter.single import DEGREES, Singles

#: The PCA's boresight in the body frame, 0.04 deg from X towards Z.
BORESIGHT = (0.9999998, 0.0, 0.0007)
#: Radius of the Earth in the definition of ELV [km].
EARTH_RADIUS = 6378.16
#: Degrees in a radian, and pi, as the original rounds them.
_DEGREES = 57.29577951
_PI = 3.1415926535
#: J2000 to galactic coordinates.
_GALACTIC = np.array(
    [
        [-0.054875539726, -0.873437108010, -0.483834985808],
        [0.494109453312, -0.444829589425, 0.746982251810],
        [-0.867666135858, -0.198076386122, 0.455983795705],
    ]
)


def body_axes(quaternion: Singles) -> Singles:
    """Return the body axes in inertial coordinates.

    Parameters
    ----------
    quaternion : ndarray (4, n) of float32
        Scalar last; not renormalised.

    Returns
    -------
    ndarray (3, 3, n) of float32
        First index: which axis.
    """
    xx, yy, zz, ww = quaternion * quaternion
    mixed = quaternion[[1, 2, 0]] * quaternion[[2, 0, 1]]  # yz, zx, xy
    turned = quaternion[:3] * quaternion[3]  # xw, yw, zw
    two = np.float32(2)
    yz, zx, xy = two * (mixed + turned)
    zy, xz, yx = two * (mixed - turned)
    return np.array([[xx - yy - zz + ww, xy, xz], [yx, yy - xx - zz + ww, yz], [zx, zy, zz - (xx + yy) + ww]])


def to_inertial(axes: Singles, body: Singles) -> Singles:
    """Rotate vectors from the body frame.

    Parameters
    ----------
    axes : ndarray (3, 3, n) or (3, 3, 1, n) of float32
    body : ndarray (3, n), (3, n_vector, n) or (3,) of float32

    Returns
    -------
    ndarray (3, n) or (3, n_vector, n) of float32
    """
    return np.asarray(axes[0] * body[0] + axes[1] * body[1] + axes[2] * body[2])


def to_body(axes: Singles, inertial: Singles) -> Singles:
    """Rotate vectors into the body frame.

    Parameters
    ----------
    axes : ndarray (3, 3, n) of float32
    inertial : ndarray (3, n) or (3, 1) of float32

    Returns
    -------
    ndarray (3, n) of float32
    """
    return np.asarray(axes[:, 0] * inertial[0] + axes[:, 1] * inertial[1] + axes[:, 2] * inertial[2])


def boresight(axes: Singles) -> Singles:
    """Return the direction of the boresight; not exactly of length 1.

    Parameters
    ----------
    axes : ndarray (3, 3, n) of float32

    Returns
    -------
    ndarray (3, n) of float32
    """
    return to_inertial(axes, np.array(BORESIGHT, np.float32))


def direction(vector: Singles) -> tuple[Singles, Singles]:
    """Return right ascension and declination of unit vectors.

    An axis exactly at right ascension 0 gets 360.

    Parameters
    ----------
    vector : ndarray (3, ...) of float32

    Returns
    -------
    ra, dec : ndarray (...) of float32 [deg]
    """
    x, y, z = vector
    with np.errstate(all="ignore"):
        angle = single.arctan(np.abs(y / x))
    east = np.where(y > 0, angle, np.float32(2) * single.PI - angle)
    west = np.where(y > 0, single.PI - angle, single.PI + angle)
    return np.where(x > 0, east, west) * DEGREES, single.arcsin(z) * DEGREES


def direction_of_any(vector: Singles) -> tuple[Floats, Floats]:
    """Return right ascension and declination of vectors of any length, in double precision.

    Parameters
    ----------
    vector : ndarray (3, ...) of float32

    Returns
    -------
    ra, dec : ndarray (...) [deg]
    """
    wide = vector.astype(np.float64)
    with np.errstate(all="ignore"):
        x, y, z = wide / np.sqrt(wide[0] ** 2 + wide[1] ** 2 + wide[2] ** 2)
        angle = np.arctan(y / x)
    angle = np.where(angle < 0, angle + 2 * np.pi, angle)
    angle = np.where(x < 0, np.where(y < 0, angle + np.pi, angle - np.pi), angle)
    return angle * _DEGREES, np.arcsin(z) * _DEGREES


def galactic(ra: Singles, dec: Singles) -> tuple[Floats, Floats]:
    """Return galactic longitude, 0 to 360, and latitude of directions.

    Parameters
    ----------
    ra, dec : ndarray (n,) of float32 [deg]

    Returns
    -------
    longitude, latitude : ndarray (n,) [deg]
    """
    a, d = np.radians(ra.astype(np.float64)), np.radians(dec.astype(np.float64))
    x, y, z = _GALACTIC @ np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arcsin(z))


def separation(ra1: Floats, dec1: Floats, ra2: Floats | float, dec2: Floats | float) -> Floats:
    """Return the angle between two directions, by the law of cosines.

    Parameters
    ----------
    ra1, dec1 : ndarray (n,) [deg]
    ra2, dec2 : ndarray (..., n) or float [deg]

    Returns
    -------
    ndarray (..., n) [deg]
    """
    a1, d1, a2, d2 = (angle * _PI / 180 for angle in (ra1, dec1, ra2, dec2))
    cosine = np.sin(d1) * np.sin(d2) + np.cos(d1) * np.cos(d2) * np.cos(a1 - a2)
    return np.asarray(np.arccos(np.minimum(np.maximum(cosine, -1.0), 1.0)) * 180 / _PI)


def roll(axes: Singles, sun: Singles) -> Singles:
    """Return the angle of the Sun around the boresight, above -180 to 180 [deg].

    Parameters
    ----------
    axes : ndarray (3, 3, n) of float32
    sun : ndarray (3, n) of float32
        Inertial. Where it is undefined but the axes are not, the angle is -135, as in the original.

    Returns
    -------
    ndarray (n,) of float32 [deg]
    """
    with np.errstate(all="ignore"):
        s = sun / np.sqrt(sun[0] * sun[0] + sun[1] * sun[1] + sun[2] * sun[2])
        s2, s3 = (axes[i, 0] * s[0] + axes[i, 1] * s[1] + axes[i, 2] * s[2] for i in (1, 2))
        angle = single.arctan(np.abs(s2 / s3))
    angle = np.where(s3 > 0, angle, single.PI - angle)
    found = np.where(s2 < 0, -angle, angle) * DEGREES
    return np.where(np.isnan(s).any(0) & ~np.isnan(axes).any((0, 1)), np.float32(-135), found)


def elevation(position: Singles, pointing: Singles) -> Singles:
    """Return the angle of a direction above the limb of the Earth [deg].

    Parameters
    ----------
    position : ndarray (3, n) of float32 [km]
        Of the spacecraft, inertial.
    pointing : ndarray (3, n) of float32

    Returns
    -------
    ndarray (n,) of float32 [deg]
    """
    with np.errstate(all="ignore"):
        radius = np.sqrt(position[0] * position[0] + position[1] * position[1] + position[2] * position[2])
        along = position[0] * pointing[0] + position[1] * pointing[1] + position[2] * pointing[2]
        limb = single.arcsin(np.float32(EARTH_RADIUS) / radius)
        return np.asarray(DEGREES * (single.arccos(-along / radius) - limb))


def elevation_of_target(position: Floats, ra: float, dec: float) -> Floats:
    """Return the angle of a fixed direction above the limb of the Earth, in double precision.

    Parameters
    ----------
    position : ndarray (3, n) [km]
        Of the spacecraft, inertial.
    ra, dec : float [deg]

    Returns
    -------
    ndarray (n,) [deg]
    """
    a, d = np.radians(ra), np.radians(dec)
    target = np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    with np.errstate(all="ignore"):
        radius = np.sqrt((position**2).sum(0))
        return np.asarray(180 - np.degrees(np.arccos(target @ position / radius) + np.arcsin(EARTH_RADIUS / radius)))


def separation_haversine(ra1: Floats, dec1: Floats, ra2: float, dec2: float) -> Floats:
    """Return the angle between directions, exact for small angles too.

    Parameters
    ----------
    ra1, dec1 : ndarray (n,) [deg]
    ra2, dec2 : float [deg]

    Returns
    -------
    ndarray (n,) [deg]
    """
    a1, d1, a2, d2 = (np.radians(angle) for angle in (ra1, dec1, ra2, dec2))
    a = np.sin((d2 - d1) / 2) ** 2 + np.cos(d1) * np.cos(d2) * np.sin((a2 - a1) / 2) ** 2
    a = np.clip(a, 0.0, 1.0)
    return np.asarray(np.degrees(2 * np.arctan2(np.sqrt(a), np.sqrt(1 - a))))
