"""Angles on the sky."""

from __future__ import annotations

from typing import Any

import numpy as np

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
