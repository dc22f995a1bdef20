"""Angles on the sky."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Pointings of one source lie within this angle of its first one [deg]: 0.2 deg off its axis the collimator of the PCA
#: (1 deg FWHM) still lets four fifths through, and the Galactic centre has sources 0.3 deg from each other. A larger
#: angle joins these, a smaller one makes two of a source that some proposals pointed beside.
SOURCE_RADIUS = 0.2
_DEGREE = np.pi / 180


def separation(ra1: Any, dec1: Any, ra2: Any, dec2: Any) -> Any:
    """Return the angle between two directions, exact for small angles too.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : float or ndarray (...) [deg]

    Returns
    -------
    float or ndarray (...) [deg]
    """
    across, along = np.sin((ra2 - ra1) * _DEGREE / 2), np.sin((dec2 - dec1) * _DEGREE / 2)
    half = along * along + np.cos(dec1 * _DEGREE) * np.cos(dec2 * _DEGREE) * across * across
    return 2 * np.arctan2(np.sqrt(half), np.sqrt(1 - half)) / _DEGREE


def offsets(ra: float, dec: float, of_ra: Any, of_dec: Any) -> tuple[Any, Any]:
    """Return where directions lie as seen from another one, on a flat map that has the angles from there true.

    Zenithal equidistant (ARC of Calabretta and Greisen 2002, A&A 395, 1077).

    Parameters
    ----------
    ra, dec : float [deg]
        The middle of the map.
    of_ra, of_dec : float or ndarray (...) [deg]

    Returns
    -------
    east, north : float or ndarray (...) [deg]
    """
    turn, here, there = (np.asarray(of_ra) - ra) * _DEGREE, dec * _DEGREE, np.asarray(of_dec) * _DEGREE
    east = np.cos(there) * np.sin(turn)
    north = np.cos(here) * np.sin(there) - np.sin(here) * np.cos(there) * np.cos(turn)
    angle, away = np.arctan2(east, north), separation(ra, dec, of_ra, of_dec)
    return away * np.sin(angle), away * np.cos(angle)


def mean_direction(ra: Any, dec: Any, weight: Any = None) -> tuple[float, float]:
    """Return the mean of directions: that of the sum of their unit vectors.

    Parameters
    ----------
    ra, dec : ndarray (n,) [deg]
        Those that are not finite don't count.
    weight : ndarray (n,), optional
        What each counts; where none is above 0, all count alike.

    Returns
    -------
    ra, dec : float [deg]
        NaN where there is no direction, or they cancel out.
    """
    ra, dec = (np.asarray(angle, np.float64) for angle in (ra, dec))
    known = np.isfinite(ra) & np.isfinite(dec)
    weight = np.ones(len(ra)) if weight is None else np.nan_to_num(np.asarray(weight, np.float64))
    weight = np.where(known, np.clip(weight, 0.0, None), 0.0)
    if not weight.any():
        weight = known.astype(np.float64)
    x, y, z = map(float, weight @ unit_vectors(*(np.where(known, angle, 0.0) for angle in (ra, dec))))
    if np.sqrt(x * x + y * y + z * z) <= 1e-9 * weight.sum():
        return float("nan"), float("nan")
    return float(np.arctan2(y, x) / _DEGREE % 360), float(np.arctan2(z, np.hypot(x, y)) / _DEGREE)


def unit_vectors(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit vectors of directions.

    Parameters
    ----------
    ra, dec : ndarray (n,) [deg]

    Returns
    -------
    ndarray (n, 3)
    """
    a, d = ra * _DEGREE, dec * _DEGREE
    return np.stack((np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)), -1)
