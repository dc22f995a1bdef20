"""From the 129 elements of a Standard2 spectrum to single channels, and drift of the gain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.extract.channels import parse_channels

Singles = NDArray[np.float32]

#: Absolute channels of the 129 elements of a xenon spectrum of Standard2.
STANDARD2_CHANNELS = "(0~4),(5:53),(54~135;2),(136~237;3),(238~249;4),(250~255)"
N_ELEMENT, N_CHANNEL = 129, 256

_BOUNDS = parse_channels(STANDARD2_CHANNELS)
_FIRST, _LAST = _BOUNDS[:, 0], _BOUNDS[:, 1]
_WIDTH = (_LAST - _FIRST + 1).astype(np.float32)
_CENTRE = (_FIRST + (_LAST - _FIRST) / 2).astype(np.float32)
_ELEMENT = np.repeat(np.arange(N_ELEMENT), _LAST - _FIRST + 1)

#: What part of an element's counts a channel gets before smoothing: one over the width, with the decimals that the
#: models were made with (0.3333 for three channels and 0.1667 for six).
_FRACTION = np.array([0, 1.0, 0.5, 0.3333, 0.25, 0.2, 0.1667], np.float32)[_WIDTH.astype(int)][_ELEMENT]


def channel_weights(spectra: Singles, channels: NDArray[np.intp] | None = None) -> Singles:
    """Return how a spectrum varies inside its elements, from the slope between the elements on both sides.

    Parameters
    ----------
    spectra : ndarray (..., 129) of float32 [count] or [count / s]
    channels : ndarray (n_channel,) of int, optional
        Which absolute channels; all 256 by default.

    Returns
    -------
    ndarray (..., n_channel) of float32
        1 in the middle of an element; also 1 throughout elements of one channel, the first and last element, and
        those without counts.
    """
    at = np.arange(N_CHANNEL) if channels is None else channels
    element = _ELEMENT[at]
    smooth = (_WIDTH[element] > 1) & (element > 0) & (element < N_ELEMENT - 1)
    weights = np.ones((*spectra.shape[:-1], len(at)), np.float32)
    chosen = element[smooth]
    below, above = spectra[..., chosen - 1], spectra[..., chosen + 1]
    wide_below, wide_above = _WIDTH[chosen - 1], _WIDTH[chosen + 1]
    rise = above / wide_above - below / wide_below
    run = _CENTRE[chosen + 1] - _CENTRE[chosen - 1]
    slope = rise / run / _safe_sum(below, above) * (wide_below + wide_above)
    weight = np.float32(1.0) + slope * (at[smooth].astype(np.float32) - _CENTRE[chosen])
    weights[..., smooth] = np.where(spectra[..., chosen] == 0, np.float32(1.0), weight)
    return weights


def _safe_sum(a: Singles, b: Singles) -> Singles:
    """Return a + b, kept away from 0 where they cancel."""
    total, fifth = a + b, np.float32(0.2)
    opposite = a * b < 0
    near_b = np.where(opposite & (np.abs(total) < fifth * np.abs(b)), fifth * b, total)
    result = np.where(opposite & (np.abs(total) < fifth * np.abs(a)), fifth * a, near_b)
    return np.asarray(np.where((a == 0) & (b == 0), np.float32(1.0), result), np.float32)


def expand(spectra: Singles) -> Singles:
    """Return spectra of 129 elements as spectra of 256 channels.

    Parameters
    ----------
    spectra : ndarray (..., 129) of float32 [count]

    Returns
    -------
    ndarray (..., 256) of float32 [count]
    """
    return np.asarray(spectra[..., _ELEMENT] * _FRACTION * channel_weights(spectra))


def drifted(spectra: Singles, factor: float) -> Singles:
    """Return spectra whose gain has drifted: each element gives a part of its counts to the next one.

    Parameters
    ----------
    spectra : ndarray (..., 129) of float32 [count]
    factor : float
        Part of a channel by which a spectrum moves, for each channel number; above 0 it moves upwards.

    Returns
    -------
    ndarray (..., 129) of float32 [count]
        The first and last element only take. Each element first gives, then takes.
    """
    upwards = factor > 0
    inner = slice(1, N_ELEMENT - 1)
    edge = (_LAST if upwards else _FIRST)[inner]
    moved = (edge * abs(factor)) * _FRACTION[edge].astype(np.float64) * channel_weights(spectra, edge)
    moved *= spectra[..., inner]
    result = spectra.copy()
    result[..., inner] = (spectra[..., inner] - moved).astype(np.float32)
    to = slice(2, N_ELEMENT) if upwards else slice(0, N_ELEMENT - 2)
    result[..., to] = (result[..., to] + moved).astype(np.float32)
    return result
