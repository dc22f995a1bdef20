"""Which directions lie near which, without comparing each with each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.sky import unit_vectors

Ints = NDArray[np.int64]

#: Angles that differ by less are the same [deg], so that no rounding decides; far below what a pointing is known to.
_SAME = 1e-7
#: What a cosine may be off, and more.
_ROUGH = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Sphere:
    """Directions in the order of their declination, to look around in.

    Parameters
    ----------
    dec : ndarray (n,) [deg]
        Rising.
    vector : ndarray (n, 3)
    order : ndarray (n,) of int
        Place of each among the directions as they were given.
    """

    dec: Floats
    vector: Floats
    order: Ints

    @classmethod
    def of(cls, ra: Floats, dec: Floats) -> Sphere:
        """Return directions, ready to be looked around in.

        Parameters
        ----------
        ra, dec : ndarray (n,) [deg]
            All of them finite.
        """
        order = np.argsort(dec, kind="stable")
        return cls(dec[order], unit_vectors(ra, dec)[order], order)

    def around(self, ra: float, dec: float, radius: float) -> tuple[Ints, Floats]:
        """Return the directions within an angle of one, and how far they are from it.

        Declinations differ by no more than directions do, at the poles too, so that only a belt is looked at.

        Parameters
        ----------
        ra, dec, radius : float [deg]

        Returns
        -------
        place : ndarray (m,) of int
            Among the directions as they were given.
        angle : ndarray (m,) [deg]
        """
        low, high = np.searchsorted(self.dec, (dec - radius - _SAME, dec + radius + _SAME))
        center = unit_vectors(np.array([ra]), np.array([dec]))[0]
        # The cosine is quick and tells roughly; of what may be near, the chord is exact for small angles too.
        maybe = low + np.flatnonzero(self.vector[low:high] @ center >= np.cos(np.radians(radius)) - _ROUGH)
        chord = np.sqrt(((self.vector[maybe] - center) ** 2).sum(-1))
        angle = np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1.0)))
        near = angle <= radius + _SAME
        return self.order[maybe[near]], angle[near]


def new_anchors(sphere: Sphere, ra: Floats, dec: Floats, radius: float, covered: NDArray[np.bool_]) -> list[int]:
    """Choose the directions that stand for all: each is no nearer to another one than the radius.

    Parameters
    ----------
    sphere : Sphere
    ra, dec : ndarray (n,) [deg]
        In the order in which they are asked: one that no earlier anchor reaches becomes an anchor.
    radius : float [deg]
    covered : ndarray (n,) of bool
        Which ones are reached already; changed.
    """
    found = []
    for place in range(len(covered)):
        if not covered[place]:
            found.append(place)
            covered[sphere.around(ra[place], dec[place], radius)[0]] = True
    return found


def nearest(
    sphere: Sphere, anchors: Iterable[tuple[float, float, float]], keys: Ints, anchor_keys: Sequence[int]
) -> Ints:
    """Return the anchor of each direction: one of its own key before one of another, then the nearest, then the first.

    Parameters
    ----------
    sphere : Sphere
    anchors : iterable of (ra, dec, radius) [deg]
    keys : ndarray (n,) of int
        What a direction is called.
    anchor_keys : sequence of int
        What each anchor is called.

    Returns
    -------
    ndarray (n,) of int
        -1 where no anchor reaches.
    """
    best = np.full(len(keys), -1, np.int64)
    near = np.full(len(keys), np.inf)
    alike = np.zeros(len(keys), bool)
    for number, ((ra, dec, radius), key) in enumerate(zip(anchors, anchor_keys, strict=True)):
        place, angle = sphere.around(ra, dec, radius)
        own = keys[place] == key
        better = (own & ~alike[place]) | ((own == alike[place]) & (angle < near[place] - _SAME))
        chosen = place[better]
        best[chosen], near[chosen], alike[chosen] = number, angle[better], own[better]
    return best
