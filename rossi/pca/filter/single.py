"""Trigonometry in single precision, the same to the last bit on every machine.

The original computes most angles of a filter file with the single-precision functions of the C library. Near a target
the offset angle is a difference of nearly equal numbers, so the last bit of POINT_RA shows in OFFSET. numpy's own
functions differ from machine to machine; these follow the library's algorithms, in numpy's exact arithmetic:
inverse functions as in fdlibm (Copyright (C) 1993 by Sun Microsystems, Inc.; permission to use, copy, modify, and
distribute that software is freely granted, provided that this notice is preserved), sine and cosine as in Arm's
Optimized Routines (MIT or Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Singles: TypeAlias = NDArray[np.float32]
_F = np.float32

PI = _F(np.pi)
#: Degrees in a radian as single precision divides them: one unit of the last place below the nearest number.
DEGREES = _F(180) / PI

_HALF_PI = (_F(1.57079637050628662109375), _F(-4.37113900018624283e-8))
_ARCSIN = [_F(c) for c in (1.666675248e-1, 7.495297643e-2, 4.547037598e-2, 2.417951451e-2, 4.216630880e-2)]
_ARCCOS_P = [
    _F(c)
    for c in (1.6666667163e-1, -3.2556581497e-1, 2.0121252537e-1, -4.0055535734e-2, 7.9153501429e-4, 3.4793309169e-5)
]
_ARCCOS_Q = [_F(c) for c in (1.0, -2.4033949375, 2.0209457874, -6.8828397989e-1, 7.7038154006e-2)]
_HALF_PI_CUT = (_F(1.5707962513), _F(7.5497894159e-8))
_ARCTAN = [
    _F(c)
    for c in (
        *(3.3333334327e-1, -2.0000000298e-1, 1.4285714924e-1, -1.1111110449e-1, 9.0908870101e-2, -7.6918758452e-2),
        *(6.6610731184e-2, -5.8335702866e-2, 4.9768779427e-2, -3.6531571299e-2, 1.6285819933e-2),
    )
]
#: arctan of 0, 1/2, 1, 3/2 and infinity in two parts.
_ARCTAN_HIGH = np.array([0, 4.6364760399e-1, 7.8539812565e-1, 9.8279368877e-1, 1.5707962513], _F)
_ARCTAN_LOW = np.array([0, 5.0121582440e-9, 3.7748947079e-8, 3.4473217170e-8, 7.5497894159e-8], _F)
_SIN = [float.fromhex(c) for c in ("-0x1.555545995a603p-3", "0x1.1107605230bc4p-7", "-0x1.994eb3774cf24p-13")]
_COS = [
    float.fromhex(c)
    for c in ("-0x1.ffffffd0c621cp-2", "0x1.55553e1068f19p-5", "-0x1.6c087e89a359dp-10", "0x1.99343027bf8c3p-16")
]


def _polynomial(t: Singles, coefficients: Sequence[np.float32]) -> Singles:
    value = np.full(t.shape, coefficients[-1], _F)
    for coefficient in coefficients[-2::-1]:
        value = coefficient + t * value
    return value


def _cut(x: Singles) -> Singles:
    """Return numbers without the last 12 bits of the significand, so that their squares are exact."""
    return (x.view(np.uint32) & np.uint32(0xFFFFF000)).view(_F)


def arcsin(x: Singles) -> Singles:
    """Return the arc sine, NaN outside -1 to 1.

    Parameters
    ----------
    x : ndarray (n,) of float32

    Returns
    -------
    ndarray (n,) of float32 [rad]
    """
    size = np.abs(x)
    small = size < _F(0.5)
    with np.errstate(all="ignore"):
        t = np.where(small, x * x, (_F(1) - size) * _F(0.5))
        p = t * _polynomial(t, _ARCSIN)
        s = np.sqrt(t)
        w = _cut(s)
        c = (t - w * w) / (s + w)
        quarter = _F(0.785398185253143310546875)
        middle = quarter - ((_F(2) * s * p - (_HALF_PI[1] - _F(2) * c)) - (quarter - _F(2) * w))
        near_one = _HALF_PI[0] - (_F(2) * (s + s * p) - _HALF_PI[1])
    large = np.copysign(np.where(size >= _F(0.975), near_one, middle), x)
    return np.where(small, x + x * p, np.where(size == 1, np.copysign(_HALF_PI[0], x), large))


def arccos(x: Singles) -> Singles:
    """Return the arc cosine, NaN outside -1 to 1.

    Parameters
    ----------
    x : ndarray (n,) of float32

    Returns
    -------
    ndarray (n,) of float32 [rad]
    """
    size = np.abs(x)
    small = size < _F(0.5)
    high, low = _HALF_PI_CUT
    with np.errstate(all="ignore"):
        z = np.where(small, x * x, (_F(1) - size) * _F(0.5))
        r = z * _polynomial(z, _ARCCOS_P) / _polynomial(z, _ARCCOS_Q)
        s = np.sqrt(z)
        w = _cut(s)
        c = (z - w * w) / (s + w)
        middle = high - (x - (low - x * r))
        negative = _F(2) * high - _F(2) * (s + (r * s - low))
        positive = _F(2) * (w + (r * s + c))
    large = np.where(x < 0, negative, np.where(size == 1, _F(0), positive))
    return np.where(small, middle, large)


def arctan(x: Singles) -> Singles:
    """Return the arc tangent.

    Parameters
    ----------
    x : ndarray (n,) of float32

    Returns
    -------
    ndarray (n,) of float32 [rad]
    """
    size = np.abs(x)
    part = np.searchsorted(np.array([0.4375, 0.6875, 1.1875, 2.4375], _F), size, "right")
    part = np.where(np.isnan(size), 0, part)
    one, half_three = _F(1), _F(1.5)
    with np.errstate(all="ignore"):
        reduced: list[NDArray[Any]] = [
            x,
            (_F(2) * size - one) / (_F(2) + size),
            (size - one) / (size + one),
            (size - half_three) / (one + half_three * size),
            -one / size,
        ]
        t: Singles = np.choose(part, reduced)
        z = t * t
        w = z * z
        s = z * _polynomial(w, _ARCTAN[0::2]) + w * _polynomial(w, _ARCTAN[1::2])
        large = _ARCTAN_HIGH[part] - ((t * s - _ARCTAN_LOW[part]) - t)
    return np.asarray(np.where(part == 0, t - t * s, np.copysign(large, x)))


def arctan2(y: Singles, x: Singles) -> Singles:
    """Return the angle of (x, y), -pi to pi.

    Parameters
    ----------
    y, x : ndarray (n,) of float32

    Returns
    -------
    ndarray (n,) of float32 [rad]
    """
    with np.errstate(all="ignore"):
        z = arctan(np.abs(y / x))
    low = _F(-8.7422776573e-8)
    return np.copysign(np.where(x < 0, PI - (z - low), z), y)


def _sine_cosine(x: Singles) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return sine and cosine of the angle less the nearest multiple of pi/2, and that multiple."""
    wide = x.astype(np.float64)
    turns = np.where(np.isnan(wide), 0.0, np.rint(wide * (2 / np.pi)))
    wide = wide - turns * (np.pi / 2)
    square = wide * wide
    cube = wide * square
    sine = (wide + cube * _SIN[0]) + cube * square * (_SIN[1] + square * _SIN[2])
    fourth = square * square
    cosine = ((1.0 + square * _COS[0]) + fourth * _COS[1]) + fourth * square * (_COS[2] + square * _COS[3])
    return sine, cosine, turns.astype(np.int64)


def sin(x: Singles) -> Singles:
    """Return the sine of an angle.

    Parameters
    ----------
    x : ndarray (n,) of float32 [rad]
        Some turns at most.

    Returns
    -------
    ndarray (n,) of float32
    """
    sine, cosine, turns = _sine_cosine(x)
    value = np.where(turns % 2 == 0, sine, cosine)
    return np.where(turns % 4 >= 2, -value, value).astype(_F)


def cos(x: Singles) -> Singles:
    """Return the cosine of an angle.

    Parameters
    ----------
    x : ndarray (n,) of float32 [rad]
        Some turns at most.

    Returns
    -------
    ndarray (n,) of float32
    """
    sine, cosine, turns = _sine_cosine(x)
    value = np.where(turns % 2 == 0, cosine, -sine)
    return np.where(turns % 4 >= 2, -value, value).astype(_F)
