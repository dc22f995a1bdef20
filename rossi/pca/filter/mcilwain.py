"""McIlwain's L: the field line that the spacecraft is on, traced through a model of the Earth's magnetic field.

The method is that of G. Kluge's SHELLC (NSSDC's public "shellig"): a field line is followed from the spacecraft towards
its top in inverse coordinates, the integral of the mirror-point motion is taken along it, and L follows from the
integral by Hilton's fit.

The original takes the inertial position of the spacecraft for one that turns with the Earth, so that the column is not
what its name says. It is nevertheless computed like that, to be equal; nothing in a reduction uses it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
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
    """Points on field lines, one a line, in inverse dipole coordinates; each array is (n,), the first two (2, n).

    Parameters
    ----------
    across, slope : ndarray
        The two coordinates across the line and their derivatives by the one along it.
    along, radius : ndarray
    p6, p7 : ndarray
        Field strength and length of the line, as they enter the integral.
    strength : ndarray
        Square of the field.
    """

    across: Floats
    slope: Floats
    along: Floats
    radius: Floats
    p6: Floats
    p7: Floats
    strength: Floats

    @property
    def square(self) -> Floats:
        """Square of the distance from the dipole's axis."""
        return np.asarray((self.across**2).sum(0))

    def growth(self, step: Floats) -> Floats:
        """Change of `square` during a step along the line."""
        return np.asarray(2 * step * (self.across * self.slope).sum(0))

    def where(self, choose: NDArray[np.bool_], other: _Point) -> _Point:
        """Return these points where `choose`, and the other ones elsewhere."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__slots__)
        return _Point(*(np.where(choose, a, b) for a, b in pairs))


def _evaluate(across: Floats, along: Floats) -> _Point:
    flat = (across**2).sum(0) + 1e-15
    radius = (flat + np.sqrt(flat**2 + 4 * along**2)) / 2
    root = np.sqrt(radius)
    place = np.array([*(across * root), along])
    inverse = _DIPOLE @ place
    h1, h2, h3, h4 = potential_and_gradient(inverse)
    scaled = h1 / radius**2
    gradient = _DIPOLE.T @ (2 * np.array([h3, h4, h2]) + scaled * inverse)
    a, b, c = gradient
    mean = (place * gradient).sum(0) / radius
    slope = (root * np.array([a, b]) - across * mean / 2) / (radius * c)
    strength = radius**2 * (a**2 + b**2 + c**2)
    p6 = np.sqrt(strength / (radius**2 + 3 * along**2))
    p7 = p6 * (radius**2 + along**2) / (radius**2 * c)
    return _Point(across, slope, along, radius, p6, p7, strength * radius**4)


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
    return [after.where(turn, before), start, before.where(turn, after)], step


def _local(before: Floats, here: Floats, after: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the parabola through three points."""
    return here, (after - before) / 2, (after + before - 2 * here) / 2


@dataclass(slots=True)
class _Quadrature:
    """The integral along the field lines, as far as it has come; each array is (n,)."""

    field: Floats
    z: Floats
    width: Floats
    running: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    total: Floats
    radicand: Floats
    last: Floats
    term: Floats

    def advance(self, points: list[_Point], growth: list[Floats], step: Floats) -> None:
        """Integrate up to the last of three points."""
        before, here, after = points
        third = (growth[2] + growth[0] - 2 * growth[1]) / 6
        radial = here.square, growth[1], (growth[2] - growth[0]) / 4, third
        sixth, seventh = (_local(getattr(before, p), getattr(here, p), getattr(after, p)) for p in ("p6", "p7"))
        direction = np.sign(step)
        while True:
            t = (self.z - here.along) / step
            inside = self.running & (t <= 1)
            if not inside.any():
                return
            half = (radial[0] + t * (radial[1] + t * (radial[2] + t * radial[3]))) / 2
            height = self.z**2
            r = half + np.sqrt(half**2 + height)
            stretch = np.sqrt(1 + 3 * height / r**2)
            strength = sixth[0] + t * (sixth[1] + t * sixth[2])
            radicand = self.field - strength * r**3 * stretch
            lost = inside & ((r <= _LOWEST) | (r > _HIGHEST))
            done = lost | (inside & (2 * radicand <= self.radicand))
            go = inside & ~done
            length = seventh[0] + t * (seventh[1] + t * seventh[2])
            term = np.sqrt(np.where(go, radicand, 0.0)) * stretch * length / (r**2 + height)
            self.bad |= lost
            self.running &= ~done
            self.last = np.where(inside, radicand, self.last)
            self.total = np.where(go, self.total + self.width * (self.term + term), self.total)
            self.radicand = np.where(go, radicand, self.radicand)
            self.term = np.where(go, term, self.term)
            self.width = np.where(go, _QUADRATURE * r * direction, self.width)
            self.z = np.where(go, self.z + self.width, self.z)

    def result(self) -> Floats:
        """Return the integral in the unit of the fit, NaN where the line leaves the range."""
        rest = (
            self.width
            / 0.75
            * self.term
            * self.radicand
            / np.where(self.radicand > self.last, self.radicand - self.last, 1)
        )
        whole = np.where(self.radicand >= 1e-15, self.total + rest, self.total)
        found = np.abs(whole) / (2 * np.sqrt(self.field)) + 1e-12
        return np.where(self.bad | self.running, np.nan, found)


def _corrected(points: list[_Point], step: Floats) -> _Point:
    before, here, after = points
    across = here.across + step / 12 * (5 * after.slope + 8 * here.slope - before.slope)
    return replace(after, across=across)


def _next(points: list[_Point], step: Floats) -> _Point:
    before, here, after = points
    slope = (23 * after.slope - 16 * here.slope + 5 * before.slope) / 12
    return _evaluate(after.across + step * slope, after.along + step)


def _fit(integral: Floats, field: Floats) -> Floats:
    """Return L [Earth radii] of the integral, by Hilton's fit."""
    x = np.log(integral**3 * field / DIPOLE_MOMENT)
    piece = np.searchsorted([upper for upper, _ in _FIT], x, "left")
    g = np.choose(np.minimum(piece, len(_FIT) - 1), [np.polyval(coefficients, x) for _, coefficients in _FIT])
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
    points, step = _first_points(position[:, known].astype(np.float64) / _EARTH_RADIUS)
    growth = [point.growth(step) for point in points]
    here = points[1]
    first = here.radius * _QUADRATURE * np.sign(step)
    field, zero = np.sqrt(here.strength), np.zeros(len(step))
    quadrature = _Quadrature(
        field,
        here.along + first,
        first / 0.75,
        np.ones(len(step), bool),
        np.zeros(len(step), bool),
        zero,
        zero,
        zero,
        zero,
    )
    for _ in range(_LONGEST):
        points[2] = _corrected(points, step)
        growth[2] = points[2].growth(step)
        quadrature.advance(points, growth, step)
        if not quadrature.running.any():
            break
        points = [*points[1:], _next(points, step)]
        growth = [*growth[1:], growth[2]]
    found[known] = _fit(quadrature.result(), field)
    return found
