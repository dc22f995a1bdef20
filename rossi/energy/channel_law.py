"""The channel of an energy, and the energies at the edges of channels, of one layer of one PCU on one day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.arrays import Floats

Singles = NDArray[np.float32]

CHANNELS = 256
#: When the iteration for an edge stops: relative change, and number of steps (pcarmf 11.7).
_CHANGE, _STEPS = 1e-6, 19


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a law comes from.

    Parameters
    ----------
    file : str
        Name of the energy-to-channel table.
    hdu : int
        Its extension, from 1.
    description : str
        CDES0001 of the extension.
    start : float [MJD]
        From when on the extension holds.
    row : tuple of float
        LLD and PARM1 to PARM9.
    """

    file: str
    hdu: int
    description: str
    start: float
    row: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChannelLaw:
    """Channel coordinate ``c = A + B E + C E**2 + D E**3`` of a nominal energy E [keV].

    Channel k reaches from k - 0.5 to k + 0.5.

    Parameters
    ----------
    pcu : int
    code : int
        Group of anodes; see `rossi.energy.layers`.
    day : float [MJD]
        The whole day that it holds for.
    a, b, c, d : float
        A and B in single precision, as the original has them.
    origin : Origin
    """

    pcu: int
    code: int
    day: float
    a: float
    b: float
    c: float
    d: float
    origin: Origin

    def channel(self, nominal: ArrayLike) -> Floats:
        """Return the channel coordinate of nominal energies.

        Parameters
        ----------
        nominal : array_like (...) [keV]

        Returns
        -------
        ndarray (...)
        """
        e = np.asarray(nominal, np.float64)
        return np.asarray(self.a + e * (self.b + e * (self.c + e * self.d)))

    def edges(self) -> tuple[Singles, Singles]:
        """Return the nominal energies at the lower and the upper edges of all channels.

        The quadratic is solved and the cubic term put in by iteration. Where the quadratic has no root, the largest one
        so far is the start (upper edges before lower ones), as in the original.

        Returns
        -------
        ndarray (256,), ndarray (256,) [keV]
            E_MIN and E_MAX of EBOUNDS.
        """
        channel = np.arange(CHANNELS)
        position = np.column_stack((channel + 0.5, channel - 0.5)).ravel()
        found = self._refined(self._roots(position), position).astype(np.float32)
        return found[1::2], found[0::2]

    def _roots(self, position: Floats) -> Floats:
        """Return the roots of the quadratic, the largest one so far where there is none."""
        if self.c == 0:
            return np.asarray((position - self.a) / self.b)
        square = self.b**2 - 4 * self.c * (self.a - position)
        with np.errstate(invalid="ignore"):
            both = (-self.b + np.sqrt(square) * np.array([[1.0], [-1.0]])) / (2 * self.c)
        roots = both.max(0) if self.c > 0 else both.min(0)
        so_far = np.maximum.accumulate(np.where(square > 0, roots, -np.inf))
        return np.where(square > 0, roots, np.where(np.isfinite(so_far), so_far, 0.0))

    def _refined(self, start: Floats, position: Floats) -> Floats:
        energy, active = start.copy(), np.ones(len(start), bool)
        for _ in range(_STEPS):
            old = energy[active]
            energy[active] = (position[active] - self.a - old * old * (self.c + self.d * old)) / self.b
            with np.errstate(divide="ignore", invalid="ignore"):
                # a negative energy stops at once, as its change is negative, too
                active[active] = np.abs(energy[active] - old) / old > _CHANGE
            if not active.any():
                break
        return energy
