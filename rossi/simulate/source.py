"""The source and its detection: a power law through a simple model of a PCU, and the flux over years."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.simulate import clock
from rossi.simulate.spec import PCUS

#: First absolute channel of each of the 129 Standard2 elements; the last element ends with channel 255.
FIRST_CHANNEL = np.r_[0, 5:54, 54:135:2, 136:236:3, 238:247:4, 250]
#: The same as the files' CPIX keyword has it.
CPIX = "0~4,5:53,(54~135;2),(136~237;3),(238~249;4),250~255"
#: Relative areas of PCU 0 to 4.
PCU_AREA = np.array([0.993, 0.993, 1.0, 0.940, 0.929])
#: Geometric area of a PCU behind its collimator [cm2].
AREA = 1300.0
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


def _layers(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of detection in layers 1 to 3, (3, n): a window, then 1.35 cm of xenon each."""
    window = np.exp(-((2.3 / energy) ** 2.8))
    depth = 1.47 * (10.0 / energy) ** 2.75 * np.where(energy > 34.56, 6.0, 1.0)
    return np.asarray(window * np.exp(-np.arange(3)[:, None] * depth) * -np.expm1(-depth))


def _binned(density: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Integrate a density on the fine energy grid over the Standard2 elements."""
    return np.add.reduceat(density * step, FIRST_CHANNEL * _STEPS, axis=-1)


@lru_cache(maxsize=32)
def _templates(gain: float, photon_index: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    step = 1.0 / (_STEPS * gain)
    energy: NDArray[np.float64] = (np.arange(256 * _STEPS, dtype=np.float64) + 0.5) * step
    source = _binned(AREA * energy**-photon_index * _layers(energy), step)
    particles = 0.5 * (energy / 10.0) ** -0.4 + 0.2 * np.exp(-0.5 * ((energy - 27.0) / 4.0) ** 2)
    background = np.array([[0.42], [0.30], [0.28]]) * _binned(particles, step)
    return np.repeat(source / 2, 2, axis=0), np.repeat(background / 2, 2, axis=0)


def source_rates(met: float, flux: float, photon_index: float) -> NDArray[np.float64]:
    """Return the rates of the source, free of dead time, per anode and element, on target.

    Parameters
    ----------
    met : float [s]
        Chooses the gain epoch.
    flux : float [photon / cm2 / s / keV]
        At 1 keV.
    photon_index : float

    Returns
    -------
    ndarray (5, 6, 129) [count / s]
        PCU; anodes X1L, X1R, X2L, X2R, X3L, X3R; Standard2 element.
    """
    each = [_templates(clock.gain(met, pcu), photon_index)[0] for pcu in range(PCUS)]
    return np.asarray(flux * PCU_AREA[:, None, None] * np.stack(each))


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
    rates = np.stack([_templates(clock.gain(met, pcu), 2.0)[1] for pcu in range(PCUS)])
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
        At 1 keV [photon / cm2 / s / keV].
    amplitude, period, phase : float
        Relative amplitude, period [s] and phase [rad] of the modulation.
    outburst, peak, rise, decay : float
        Height above the mean, in units of it; time of the middle of the rise, e-folding times of rise and decay [s].
    photon_index : float
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
    )
