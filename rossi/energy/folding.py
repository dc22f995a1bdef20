"""What a spectrum of photons looks like in the channels of an instrument: folding with a response."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import ConfigError, DataError
from rossi.spectra.response import Response

#: Absorption by interstellar gas: energies [keV] at which segments begin, and c0, c1, c2 of each in
#: ``sigma = (c0 + c1 E + c2 E**2) E**-3 1e-24 cm**2`` per hydrogen atom (Morrison & McCammon 1983, ApJ 270, 119). The
#: last one goes on above 10 keV, where 1e23 atoms / cm**2 take less than 10 %.
_SEGMENTS = (0.03, 0.1, 0.284, 0.4, 0.532, 0.707, 0.867, 1.303, 1.84, 2.471, 3.21, 4.038, 7.111, 8.331)
_COEFFICIENTS = np.array(
    [
        *((17.3, 608.1, -2150.0), (34.6, 267.9, -476.1), (78.1, 18.8, 4.3), (71.4, 66.8, -51.4), (95.5, 145.8, -61.1)),
        *((308.9, -380.6, 294.0), (120.6, 169.3, -47.7), (141.3, 146.8, -31.5), (202.7, 104.7, -17.0)),
        *((342.7, 18.7, 0.0), (352.2, 18.7, 0.0), (433.9, -2.4, 0.75), (629.0, 30.9, 0.0), (701.2, 25.2, 0.0)),
    ]
)
#: Points and weights of the integral over a bin of energy, from -1 to 1.
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(5)


@dataclass(frozen=True, slots=True)
class AbsorbedPowerLaw:
    """Photons of a power law behind interstellar gas: ``norm E**-index exp(-nh sigma(E))``.

    Parameters
    ----------
    index : float
        Photon index.
    norm : float [photon / cm**2 / s / keV]
        At 1 keV, without absorption.
    nh : float [1e22 / cm**2]
        Hydrogen on the line of sight.
    """

    index: float
    norm: float
    nh: float = 0.0

    def photons(self, energ_lo: NDArray[np.floating], energ_hi: NDArray[np.floating]) -> Floats:
        """Return the photons in bins of energy.

        Parameters
        ----------
        energ_lo, energ_hi : ndarray (n,) [keV]

        Returns
        -------
        ndarray (n,) [photon / cm**2 / s]
        """
        low, high = np.asarray(energ_lo, np.float64), np.asarray(energ_hi, np.float64)
        energy = (high + low)[:, None] / 2 + (high - low)[:, None] / 2 * _POINTS
        density = self.norm * energy**-self.index * np.exp(-self.nh * 1e22 * absorption(energy))
        return np.asarray((density * _WEIGHTS).sum(1) * (high - low) / 2)


def absorption(energy: Floats) -> Floats:
    """Return the cross section of interstellar gas per hydrogen atom.

    Parameters
    ----------
    energy : ndarray (...) [keV]
        From 0.03 on.

    Returns
    -------
    ndarray (...) [cm**2]

    Raises
    ------
    ConfigError
        For lower energies.
    """
    e = np.asarray(energy, np.float64)
    if not (e >= _SEGMENTS[0]).all():
        raise ConfigError(f"absorption is known from {_SEGMENTS[0]} keV on, but {e.min():g} keV was asked for.")
    c0, c1, c2 = _COEFFICIENTS[np.searchsorted(_SEGMENTS, e, "right") - 1].transpose(-1, *range(e.ndim))
    return np.asarray((c0 + c1 * e + c2 * e**2) * e**-3 * 1e-24)


def fold(response: Response, photons: Floats, exposure: float = 1.0) -> Floats:
    """Return the counts that are expected of a spectrum of photons.

    Parameters
    ----------
    response : Response
        Whose matrix contains the effective area (cm**2): a mean over PCUs for exposures in PCU seconds.
    photons : ndarray (n_energy,) [photon / cm**2 / s]
        In its bins of energy.
    exposure : float [s]

    Returns
    -------
    ndarray (n_channel,) [count]

    Raises
    ------
    DataError
        If there are not as many numbers as bins, or one is no number.
    """
    flux = np.asarray(photons, np.float64)
    if flux.shape != response.energ_lo.shape or not np.isfinite(flux).all():
        raise DataError(
            f"{response.name}: {len(response.energ_lo)} bins of energy, but the spectrum of photons has the shape "
            f"{flux.shape} or numbers that are not finite; calculate it in the response's bins."
        )
    return np.asarray(flux @ response.matrix.astype(np.float64) * exposure)


def draw(expected: Floats, random: np.random.Generator) -> Floats:
    """Return counts drawn from Poisson's distribution with these means.

    Means below 0, as of a spectrum that was subtracted, count as 0.

    Parameters
    ----------
    expected : ndarray (n_channel,) [count]
    random : numpy.random.Generator

    Returns
    -------
    ndarray (n_channel,) [count]
    """
    return random.poisson(np.maximum(expected, 0.0)).astype(np.float64)
