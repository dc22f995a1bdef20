"""The magnetic field of the Earth: IGRF-90 extrapolated to 1996.0, to degree 10."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats

_DEGREE = 10
#: Schmidt coefficients g10 g11 h11 g20 g21 h21 g22 h22 ... [nT].
_SCHMIDT = """
-29667 -1785 5315 -2214 3070 -2374 1693 -464 1333 -2282 -263 1246 305 771 -414 945 788 266 282 -228 -417 105 106 -305
-205 353 47 232 159 -129 -154 -166 -57 -25 98 67 64 -16 72 77 -172 68 2 -58 17 8 -90 33 83 -70 -75 4 -27 34 7 13 14 6
16 10 -23 0 -5 22 -1 16 -1 -20 -11 7 -18 -22 4 12 4 5 -3 -16 -12 -5 4 10 -21 1 15 -12 10 9 -6 -4 -6 -1 9 7 9 2 -7 -6 2
-4 -4 1 2 0 -5 3 -2 6 4 -4 3 0 1 -1 2 4 3 0 0 -6
"""
_SIZE = (_DEGREE + 1) ** 2
#: Points that are worked on together: few enough for the processor's cache, and for a product of matrices that no
#: library shares among threads, which costs more than it gains.
_BLOCK = 88
#: Moment of the dipole [gauss x Earth radius^3].
DIPOLE_MOMENT = float(np.sqrt(sum(float(c) ** 2 for c in _SCHMIDT.split()[:3])) * 1e-5)


def _coefficients() -> Floats:
    """Return the expansion's coefficients in the order of the recursion [gauss]."""
    schmidt = iter(map(float, _SCHMIDT.split()))
    found, f0 = [0.0], -1e-5
    for n in range(1, _DEGREE + 1):
        f0 *= n / 2
        f = f0 * np.sqrt(2.0) / 2
        found.append(next(schmidt) * f0)
        for m in range(1, n + 1):
            f *= np.sqrt((n + m) / (n - m + 1))
            found += [next(schmidt) * f, next(schmidt) * f]
    return np.array(found)


def _times(polynomial: Floats, axis: int) -> Floats:
    """Multiply a polynomial by a coordinate; its degree never exceeds the table."""
    return np.roll(polynomial, 1, axis)


@lru_cache(maxsize=1)
def _field() -> tuple[Floats, NDArray[np.int64]]:
    """Return the field as polynomials in the inverse coordinates.

    The recursion of SHELLC is linear in the coefficients and made of products with the three coordinates, so it is
    carried out once, with polynomials in place of numbers.

    Returns
    -------
    ndarray (4 * (degree + 1), n_term), ndarray (2, n_term)
        Coefficients of potential and gradient, each by the power of the third coordinate, and the powers of the first
        two in each term.
    """
    size = _DEGREE + 1
    g = np.zeros((150, size, size, size))
    g[1 : _SIZE + 1, 0, 0, 0] = _coefficients()
    h = np.zeros_like(g)
    last = slice(_SIZE - 20, _SIZE + 1)
    h[last] = g[last]
    x, y, z = (partial(_times, axis=axis) for axis in range(3))
    for k in (1, 3):
        i, high = 2 * _DEGREE - 1, _SIZE - 20
        while i >= k:
            low, f = high - i, 2.0 / (i - k + 2)
            i -= 2
            for m in range(3, i + 1, 2):
                h[low + m + 1] = (
                    g[low + m + 1]
                    + 2 * f * z(h[high + m + 1])
                    + f * (x(h[high + m + 3] - h[high + m - 1]) - y(h[high + m + 2] + h[high + m - 2]))
                )
                h[low + m] = (
                    g[low + m]
                    + 2 * f * z(h[high + m])
                    + f * (x(h[high + m + 2] - h[high + m - 2]) + y(h[high + m + 3] + h[high + m - 1]))
                )
            if i >= 1:
                across = h[high + 3], h[high]
                h[low + 2] = g[low + 2] + 2 * f * z(h[high + 2]) + f * (x(h[high + 4]) - y(across[0] + across[1]))
                h[low + 1] = g[low + 1] + 2 * f * z(h[high + 1]) + f * (y(h[high + 4]) + x(across[0] - across[1]))
            h[low] = g[low] + 2 * f * z(h[high]) + 2 * f * (x(h[high + 1]) + y(h[high + 2]))
            high = low
    powers = np.argwhere(np.any(h[1:5] != 0, axis=(0, 3)))
    table = np.stack([h[[1, 3, 4, 2], i, j] for i, j in powers], axis=-1)
    return table.reshape(4 * size, len(powers)), powers.T


def _powers(values: Floats) -> Floats:
    """Return the powers of numbers (3, n) from 0 to the degree, (degree + 1, 3, n)."""
    found = np.ones((_DEGREE + 1, *values.shape))
    for n in range(1, _DEGREE + 1):
        np.multiply(found[n - 1], values, out=found[n])
    return found


def potential_and_gradient(inverse: Floats) -> tuple[Floats, Floats]:
    """Return the field's potential and gradient as SHELLC has them: H(1); H(3), H(4) and H(2).

    Parameters
    ----------
    inverse : ndarray (3, n)
        Inverse coordinates: position over its square [1 / Earth radii].

    Returns
    -------
    ndarray (n,), ndarray (3, n) [gauss]
    """
    coefficients, powers = _field()
    x, y, z = _powers(inverse).swapaxes(0, 1)
    found = np.empty((4, inverse.shape[1]))
    for first in range(0, inverse.shape[1], _BLOCK):
        part = slice(first, first + _BLOCK)
        along = coefficients @ (x[powers[0], part] * y[powers[1], part])
        np.einsum("kpn,pn->kn", along.reshape(4, _DEGREE + 1, -1), z[:, part], out=found[:, part])
    return found[0], found[1:]
