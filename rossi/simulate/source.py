"""The source and its detection: photons through the response of a PCU, background, and the flux over years."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.energy.built_in import built_in_table
from rossi.energy.detectors import PCUS as DETECTORS
from rossi.energy.folding import AbsorbedPowerLaw, fold
from rossi.energy.layers import CODES
from rossi.energy.pca_matrix import pca_matrix
from rossi.simulate import clock
from rossi.simulate.spec import PCUS

#: First absolute channel of each of the 129 Standard2 elements; the last element ends with channel 255.
FIRST_CHANNEL = np.r_[0, 5:54, 54:135:2, 136:236:3, 238:247:4, 250]
#: The same as the files' CPIX keyword has it.
CPIX = "0~4,5:53,(54~135;2),(136~237;3),(238~249;4),250~255"
#: Layers 1 to 3, as responses call them.
_LAYERS = (CODES["LR1"], CODES["LR2"], CODES["LR3"])
#: Share of the background in layers 1 to 3.
_SHARES = np.array([[0.42], [0.30], [0.28]])
_STEPS = 8


def elements(low: int, high: int) -> slice:
    """Return the Standard2 elements that overlap absolute channels.

    Parameters
    ----------
    low, high : int
        First and last channel.
    """
    last = np.r_[FIRST_CHANNEL[1:], 256] - 1
    found = np.flatnonzero((last >= low) & (high >= FIRST_CHANNEL))
    return slice(int(found[0]), int(found[-1]) + 1)


@lru_cache(maxsize=4096)
def _folded(pcu: int, mjd: float, unit: AbsorbedPowerLaw) -> NDArray[np.float64]:
    """Return the rates of a PCU on target (3, 129): layer, element, through the response of the day."""
    table = built_in_table().extension(pcu=pcu, mjd=mjd)
    layers = [pca_matrix(table, layer, mjd) for layer in _LAYERS]
    photons = unit.photons(layers[0].energ_lo, layers[0].energ_hi) * DETECTORS[pcu].area
    return np.add.reduceat([fold(layer, photons) for layer in layers], FIRST_CHANNEL, axis=-1)


def source_rates(met: float, spectrum: AbsorbedPowerLaw) -> NDArray[np.float64]:
    """Return the rates of the source, free of dead time, per anode and element, on target.

    The photons go through the matrix of each layer and the geometric area of the PCU, by the energy-to-channel table
    that comes with rossi, on the day: so does a response that is made without collimator. Both halves of a layer get
    the same.

    Parameters
    ----------
    met : float [s]
        Chooses the law of the channels.
    spectrum : AbsorbedPowerLaw

    Returns
    -------
    ndarray (5, 6, 129) [count / s]
        PCU; anodes X1L, X1R, X2L, X2R, X3L, X3R; Standard2 element.
    """
    mjd, unit = clock.mjd_utc(met), replace(spectrum, norm=1.0)
    halves = np.stack([_folded(pcu, mjd, unit) for pcu in range(PCUS)]) / 2
    return np.asarray(spectrum.norm * np.repeat(halves, 2, axis=1))


@lru_cache(maxsize=32)
def _background(gain: float) -> NDArray[np.float64]:
    step = 1.0 / (_STEPS * gain)
    energy: NDArray[np.float64] = (np.arange(256 * _STEPS, dtype=np.float64) + 0.5) * step
    particles = 0.5 * (energy / 10.0) ** -0.4 + 0.2 * np.exp(-0.5 * ((energy - 27.0) / 4.0) ** 2)
    binned = np.add.reduceat(particles * step, FIRST_CHANNEL * _STEPS)
    return np.repeat(_SHARES * binned / 2, 2, axis=0)


def background_rates(met: float) -> NDArray[np.float64]:
    """Return the mean rates of the background; layer 1 has more where the propane is lost.

    Parameters
    ----------
    met : float [s]

    Returns
    -------
    ndarray (5, 6, 129) [count / s]
        As `source_rates` has them.
    """
    rates = np.stack([_background(clock.gain(met, pcu)) for pcu in range(PCUS)])
    for pcu, lost in clock.PROPANE_LOST.items():
        if met >= lost:
            rates[pcu, :2] *= 1.5
    return rates


@dataclass(frozen=True, slots=True)
class LongTerm:
    """Flux over years: a slow modulation and one outburst.

    Parameters
    ----------
    mean : float
        At 1 keV, without absorption [photon / cm2 / s / keV].
    amplitude, period, phase : float
        Relative amplitude, period [s] and phase [rad] of the modulation.
    outburst, peak, rise, decay : float
        Height above the mean, in units of it; time of the middle of the rise, e-folding times of rise and decay [s].
    photon_index : float
    nh : float
        Hydrogen on the line of sight [1e22 / cm2].
    """

    mean: float
    amplitude: float
    period: float
    phase: float
    outburst: float
    peak: float
    rise: float
    decay: float
    photon_index: float
    nh: float

    def flux(self, met: ArrayLike) -> NDArray[np.float64]:
        """Return the flux at 1 keV.

        Parameters
        ----------
        met : array_like (...) [s]

        Returns
        -------
        ndarray (...) [photon / cm2 / s / keV]
        """
        time = np.asarray(met, np.float64)
        since = np.clip((time - self.peak) / np.array([[self.rise], [self.decay]]), -50.0, 50.0)
        burst = 2.0 * self.outburst / (np.exp(-since[0]) + np.exp(since[1]))
        slow = self.amplitude * np.sin(2 * np.pi * time / self.period + self.phase)
        return np.asarray(self.mean * (1.0 + slow + burst.reshape(time.shape)))


def long_term(seed: int, which: int = 0) -> LongTerm:
    """Draw the long-term model of a source of a simulated archive.

    Parameters
    ----------
    seed : int
    which : int
        Number of the source.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2**32 - 1, *([which] if which else [])]))
    year = 3.15576e7
    return LongTerm(
        mean=float(rng.uniform(0.8, 1.5)),
        amplitude=float(rng.uniform(0.2, 0.4)),
        period=float(rng.uniform(4, 7) * year),
        phase=float(rng.uniform(0, 2 * np.pi)),
        outburst=float(rng.uniform(3, 6)),
        peak=float(rng.uniform(1.2e8, 4.0e8)),
        rise=float(rng.uniform(0.3, 0.6) * year),
        decay=float(rng.uniform(2.0, 4.0) * year),
        photon_index=round(float(rng.uniform(1.8, 2.3)), 2),
        nh=round(float(rng.uniform(0.2, 2.0)), 2),
    )
