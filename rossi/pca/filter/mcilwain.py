"""McIlwain's L: the field line that the spacecraft is on, traced through a model of the Earth's magnetic field.

The method is that of G. Kluge's SHELLC (NSSDC's public "shellig"): a field line is followed from the spacecraft towards
its top in inverse coordinates, the integral of the mirror-point motion is taken along it, and L follows from the
integral by Hilton's fit.

The original takes the inertial position of the spacecraft for one that turns with the Earth, so that the column is not
what its name says. It is nevertheless computed like that, to be equal; nothing in a reduction uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats, distinct
from rossi.pca.filter.magnetic import DIPOLE_MOMENT, potential_and_gradient

#: Radius of the Earth in the definition of L [km].
_EARTH_RADIUS = 6371.2
#: Columns: the axes of the dipole's frame.
_DIPOLE = np.array(
    [(0.3511737, -0.9148385, -0.1993679), (0.9335804, 0.3583680, 0), (0.0714471, -0.1861260, 0.9799247)]
).T
#: Step along the field line and in the quadrature; the radii between which the integral is taken.
_STEP, _QUADRATURE = 0.20, 0.03
_LOWEST, _HIGHEST = 0.05, 1.01
#: Longest field line that is followed [steps].
_LONGEST = 3333
#: Hilton's fit: upper end of each piece, and its coefficients, highest power first.
_FIT = (
    (-22.0, (0.333338, 0.30062102)),
    (
        -3.0,
        (
            *(-8.1537735e-14, 8.3232531e-13, 1.0066362e-9, 8.1048663e-8, 3.2916354e-6, 8.2711096e-5, 1.3714667e-3),
            *(1.5017245e-2, 0.43432642, 0.62337691),
        ),
    ),
    (
        3.0,
        (
            *(2.6047023e-10, 2.3028767e-9, -2.1997983e-8, -5.3977642e-7, -3.3408822e-6, 3.8379917e-5, 1.1784234e-3),
            *(1.4492441e-2, 0.43352788, 0.6228644),
        ),
    ),
    (
        11.7,
        (
            *(6.3271665e-10, -3.958306e-8, 9.9766148e-7, -1.2531932e-5, 7.9451313e-5, -3.2077032e-4, 2.1680398e-3),
            *(1.2817956e-2, 0.43510529, 0.6222355),
        ),
    ),
    (23.0, (2.8212095e-8, -3.8049276e-6, 2.170224e-4, -6.7310339e-3, 0.12038224, -0.18461796, 2.0007187)),
    (np.inf, (1.0, -3.0460681)),
)


@dataclass(frozen=True, slots=True)
class _Point:
    """Points on field lines, one a line, in inverse dipole coordinates.

    Parameters
    ----------
    values : ndarray (9, n)
        The two coordinates across the line, their derivatives by the one along it, that one, the radius, field strength
        and length of the line as they enter the integral, and the square of the field.
    """

    values: Floats

    @property
    def across(self) -> Floats:
        """Coordinates across the line (2, n)."""
        return self.values[:2]

    @property
    def slope(self) -> Floats:
        """Their derivatives (2, n)."""
        return self.values[2:4]

    @property
    def along(self) -> Floats:
        """Coordinate along the line."""
        return np.asarray(self.values[4])

    @property
    def radius(self) -> Floats:
        """Distance from the centre."""
        return np.asarray(self.values[5])

    @property
    def integrand(self) -> Floats:
        """Field strength and length of the line (2, n)."""
        return self.values[6:8]

    @property
    def strength(self) -> Floats:
        """Square of the field."""
        return np.asarray(self.values[8])

    @property
    def square(self) -> Floats:
        """Square of the distance from the dipole's axis."""
        return _product(self.across, self.across)

    def growth(self, step: Floats) -> Floats:
        """Change of `square` during a step along the line."""
        return 2 * step * _product(self.across, self.slope)


def _product(a: Floats, b: Floats) -> Floats:
    """Return the scalar product of two vectors across the line."""
    return np.asarray(a[0] * b[0] + a[1] * b[1])


def _evaluate(across: Floats, along: Floats) -> _Point:
    flat, height = _product(across, across) + 1e-15, along * along
    radius = (flat + np.sqrt(flat * flat + 4 * height)) / 2
    square, root = radius * radius, np.sqrt(radius)
    x, y = across * root
    inverse = _DIPOLE @ np.array([x, y, along])
    potential, rise = potential_and_gradient(inverse)
    a, b, c = gradient = _DIPOLE.T @ (2 * rise + potential / square * inverse)
    mean = (x * a + y * b + along * c) / radius
    strength = square * (a * a + b * b + c * c)
    p6 = np.sqrt(strength / (square + 3 * height))
    p7 = p6 * (square + height) / (square * c)
    values = np.empty((9, len(along)))
    values[:2], values[4], values[5], values[6], values[7] = across, along, radius, p6, p7
    np.divide(root * gradient[:2] - across * mean / 2, radius * c, out=values[2:4])
    np.multiply(strength * square, square, out=values[8])
    return _Point(values)


def _first_points(position: Floats) -> tuple[list[_Point], Floats]:
    """Return three points of each line, the middle one at the spacecraft, and the steps between them.

    The order is towards the weaker field.
    """
    e1, e2, e3 = _DIPOLE.T @ position
    square = (position**2).sum(0)
    start = _evaluate(np.array([e1, e2]) * square**-0.75, e3 / square)
    step = -_STEP * np.where(start.along < 0, -1.0, 1.0)
    trial = _evaluate(start.across + step / 2 * start.slope, start.along + step / 2)
    before = _evaluate(start.across - step * (2 * start.slope - trial.slope), start.along - step)
    mean = (20 * trial.slope - 3 * start.slope + before.slope) / 18
    after = _evaluate(start.across + step * mean, start.along + step)
    turn = after.strength > before.strength
    step = np.where(turn, -step, step)
    first, last = (np.where(turn, a.values, b.values) for a, b in ((after, before), (before, after)))
    return [_Point(first), start, _Point(last)], step


class _Quadrature:
    """The integral along the field lines, as far as it has come; each array is (..., n) and changes in place."""

    def __init__(self, here: _Point, step: Floats) -> None:
        """Begin at the spacecraft."""
        first, n = here.radius * _QUADRATURE * np.sign(step), len(step)
        self.field, self.running = np.sqrt(here.strength), np.ones(n, bool)
        #: Where to evaluate next, weight of that; the integral, and radicand, term and distance, as of the last step.
        self.state = np.array([here.along + first, first / 0.75, *np.zeros((4, n))])
        self.last = np.zeros((2, n))  # radicand and distance of the last step, or of that which ended the line

    def advance(self, points: list[_Point], growth: list[Floats], step: Floats) -> None:
        """Integrate up to the last of three points."""
        before, here, after = points
        second, third = (growth[2] - growth[0]) / 8, (growth[2] + growth[0] - 2 * growth[1]) / 12
        flat, first, along, middle = here.square / 2, growth[1] / 2, here.along, here.integrand
        rise = (after.integrand - before.integrand) / 2
        bend = (after.integrand + before.integrand - 2 * middle) / 2
        width, running, state = _QUADRATURE * np.sign(step), self.running, self.state
        then = np.empty_like(state)
        (z, weight, total, previous, term, _), (now, further, more, radicand, next_term, r) = state, then
        while True:
            t = (z - along) / step
            inside = running & (t <= 1)
            if not np.count_nonzero(inside):  # quicker than any(): lines are few
                return
            half, height = flat + t * (first + t * (second + t * third)), z * z
            np.add(half, np.sqrt(half * half + height), out=r)
            square = r * r
            stretch = np.sqrt(1 + 3 * height / square)
            strength, length = middle + t * (rise + t * bend)
            np.subtract(self.field, strength * (square * r) * stretch, out=radicand)
            ends = inside & ((r <= _LOWEST) | (r > _HIGHEST) | (2 * radicand <= previous))
            running ^= ends
            np.copyto(self.last, then[3::2], where=inside)
            np.divide(np.sqrt(radicand) * stretch * length, square + height, out=next_term)
            np.add(total, weight * (term + next_term), out=more)
            np.add(z, np.multiply(r, width, out=further), out=now)
            np.copyto(state, then, where=inside ^ ends)

    def result(self) -> Floats:
        """Return the integral in the unit of the fit, NaN where the line leaves the range."""
        _, width, total, radicand, term, _ = self.state
        last, r = self.last
        rest = width / 0.75 * term * radicand / np.where(radicand > last, radicand - last, 1)
        found = np.abs(np.where(radicand >= 1e-15, total + rest, total)) / (2 * np.sqrt(self.field)) + 1e-12
        return np.where((r <= _LOWEST) | (r > _HIGHEST) | self.running, np.nan, found)


def _corrected(points: list[_Point], step: Floats) -> _Point:
    before, here, after = points
    values = after.values.copy()
    values[:2] = here.across + step / 12 * (5 * after.slope + 8 * here.slope - before.slope)
    return _Point(values)


def _next(points: list[_Point], step: Floats) -> _Point:
    before, here, after = points
    slope = (23 * after.slope - 16 * here.slope + 5 * before.slope) / 12
    return _evaluate(after.across + step * slope, after.along + step)


def _fit(integral: Floats, field: Floats) -> Floats:
    """Return L [Earth radii] of the integral, by Hilton's fit."""
    x = np.log(integral**3 * field / DIPOLE_MOMENT)
    piece = np.minimum(np.searchsorted([upper for upper, _ in _FIT], x, "left"), len(_FIT) - 1)
    g = np.empty(len(x))
    for number in distinct(piece)[0]:
        here = piece == number
        g[here] = np.polyval(_FIT[number][1], x[here])
    return np.asarray(((1 + np.exp(g)) * DIPOLE_MOMENT / field) ** (1 / 3))


def mcilwain_l(position: NDArray[np.floating]) -> Floats:
    """Return McIlwain's L.

    Parameters
    ----------
    position : ndarray (3, n) of float [km]
        Of the spacecraft, inertial (see above).

    Returns
    -------
    ndarray (n,) [Earth radii]
        NaN where a component is undefined or exactly 0, or the field line rises above 1.01 in inverse coordinates.
    """
    found = np.full(position.shape[1], np.nan)
    known = ~(np.isnan(position) | (position == 0)).any(0)
    if not known.any():
        return found
    with np.errstate(invalid="ignore"):  # where a line has come to its end
        found[known] = _traced(position[:, known].astype(np.float64) / _EARTH_RADIUS)
    return found


def _traced(position: Floats) -> Floats:
    """Return L at positions (3, n) [Earth radii]."""
    points, step = _first_points(position)
    growth = [point.growth(step) for point in points]
    quadrature = _Quadrature(points[1], step)
    for _ in range(_LONGEST):
        points[2] = _corrected(points, step)
        growth[2] = points[2].growth(step)
        quadrature.advance(points, growth, step)
        if not quadrature.running.any():
            break
        points = [*points[1:], _next(points, step)]
        growth = [*growth[1:], growth[2]]
    return _fit(quadrature.result(), quadrature.field)
