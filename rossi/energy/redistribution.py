"""In which channels a PCU counts photons of an energy: peaks, escape, partial charge, thresholds (``pcarmf``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.energy.absorption import cross_section
from rossi.energy.channel_law import CHANNELS, ChannelLaw
from rossi.energy.conversion import ev_per_electron, nominal_energy
from rossi.energy.detectors import Pcu
from rossi.energy.layers import NUMBER

#: Xenon's K and L3 edges [keV].
K_EDGE, L_EDGE = 34.561, 4.782
#: Fraction of events above the K and the L3 edge that do not veto themselves.
_NOT_VETOED_K, _NOT_VETOED_L = 0.811532, 0.934323
#: Fluorescent photons that escape: K-beta, K-alpha; L by layer.
_ESCAPE_KB, _ESCAPE_KA, _ESCAPE_L = 0.299463, 0.389062, (0.0, 0.00846547, 0.0212959)
#: Counts in the lines of vetoed events, near the edges: K-beta; L by layer.
_LINE_KB, _LINE_L = 0.421195, (0.0, 5.32925, 118.991)
#: Energies of the fluorescent photons [keV], and electrons that go with them.
_KA, _KB, _L = 29.70, 33.62, 4.110
_ELECTRONS_L, _ELECTRONS_KA, _ELECTRONS_KB = 3.9, -2.26, 3.84
#: How far above an edge the lines of vetoed events are put [keV].
_LINE_WINDOW = 1.5
#: Long tracks of electrons, which are lost: reference energy [keV], coefficient (layer 1; 1.33 times as much in the
#: others), exponent.
_TRACK_ENERGY, _TRACK, _TRACK_DEEP, _TRACK_EXPONENT = 18.3403, 0.0378093, 1.33, 3.29062
#: Partial charge collection near the window.
PARTIAL_CHARGE = 0.0138135
#: Points of the transforms that correlate channels.
_SIZE = 2 * CHANNELS
_FWHM = 2.35
_NORM = 1 / math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class _Peak:
    """Gaussians in channels: their areas (n,), the energies (n,) whose resolution they have, and centres (n,)."""

    area: Floats
    width: Floats
    centre: Floats


def redistribution(
    pcu: Pcu, law: ChannelLaw, energy: Floats, efficiency: Floats, partial_charge: float = PARTIAL_CHARGE
) -> Floats:
    """Return the matrix of one layer, before the threshold of storing.

    Parameters
    ----------
    pcu : Pcu
    law : ChannelLaw
        Of a group of anodes of one layer.
    energy : ndarray (n,) [keV]
        Of photons; each row is that of one energy, none is integrated.
    efficiency : ndarray (n,)
        See `rossi.energy.absorption.efficiency`.
    partial_charge : float
        Coefficient of partial charge collection; 0 leaves it out.

    Returns
    -------
    ndarray (n, 256)
        Counts a channel per photon on the geometric area.
    """
    centre = law.channel(nominal_energy(energy))
    rows = np.zeros((len(energy), CHANNELS))
    beyond = np.searchsorted((L_EDGE, K_EDGE), energy)
    for number, peaks in enumerate((_plain, _above_l, _above_k)):
        part = beyond == number
        for peak in peaks(NUMBER[law.code], law, energy[part], efficiency[part]):
            rows[part] += _gaussian(pcu, law, peak)
    rows[(centre < 0) | (centre > CHANNELS - 1)] = 0.0
    if partial_charge > 1e-6:
        rows = _collected(rows, energy, centre, partial_charge)
    rows[:, :4] = 0.0
    rows[:, 4:8] *= pcu.thresholds[NUMBER[law.code] - 1]
    return rows


def _plain(layer: int, law: ChannelLaw, e: Floats, efficiency: Floats) -> list[_Peak]:
    return [_main(law, e, efficiency * _tracks(e, layer))]


def _above_l(layer: int, law: ChannelLaw, e: Floats, efficiency: Floats) -> list[_Peak]:
    escape = _ESCAPE_L[layer - 1]
    left = _escaped(e, _L, _ELECTRONS_L)
    kept = efficiency * _NOT_VETOED_L
    return [
        _main(law, e, kept * (1 - escape) * _tracks(e - L_EDGE, layer)),
        _Peak(kept * escape * _tracks(left, layer), e - _L, law.channel(left)),
        _line(law, e, efficiency * (1 - _NOT_VETOED_L) * _LINE_L[layer - 1], _L, L_EDGE),
    ]


def _above_k(layer: int, law: ChannelLaw, e: Floats, efficiency: Floats) -> list[_Peak]:
    alpha, beta = _escaped(e, _KA, _ELECTRONS_KA), _escaped(e, _KB, _ELECTRONS_KB)
    kept = efficiency * _NOT_VETOED_K
    return [
        _main(law, e, kept * (1 - _ESCAPE_KA - _ESCAPE_KB) * _tracks(e - K_EDGE, layer)),
        _Peak(kept * _ESCAPE_KA * _tracks(alpha, layer), e - _KA, law.channel(alpha)),
        # the original cuts this centre to a whole channel, and the responses of the archive's users have it so
        _Peak(kept * _ESCAPE_KB * _tracks(beta, layer), e - _KB, np.trunc(law.channel(beta))),
        _line(law, e, efficiency * (1 - _NOT_VETOED_K) * _LINE_KB, _KB, K_EDGE),
    ]


def _main(law: ChannelLaw, e: Floats, area: Floats) -> _Peak:
    nominal = nominal_energy(e)
    return _Peak(area, nominal, law.channel(nominal))


def _line(law: ChannelLaw, e: Floats, area: Floats, line: float, edge: float) -> _Peak:
    """Return the peak of events of which only the fluorescent photon is seen, just above an edge."""
    at = np.full(len(e), line)
    return _Peak(np.where(e <= edge + _LINE_WINDOW, area, 0.0), at, law.channel(at))


def _escaped(e: Floats, photon: float, offset: float) -> Floats:
    """Return the nominal energy that is left where a fluorescent photon escapes [keV]."""
    electrons = nominal_energy(e) * 1000 / 22
    return np.asarray((electrons - (1000 * photon / ev_per_electron(e) + offset)) * 22 / 1000)


def _tracks(energy: Floats, layer: int) -> Floats:
    """Return the fraction that is not lost by long tracks; below 0 at the highest energies, as in the original."""
    coefficient = _TRACK * (1.0 if layer == 1 else _TRACK_DEEP)
    with np.errstate(invalid="ignore"):
        return 1 - coefficient * (energy / _TRACK_ENERGY) ** _TRACK_EXPONENT


def _gaussian(pcu: Pcu, law: ChannelLaw, peak: _Peak) -> Floats:
    """Return peaks at the middle of each channel, (n, 256)."""
    sigma = np.sqrt(pcu.fano * peak.width) * law.b / _FWHM
    offset = np.arange(CHANNELS) - peak.centre[:, None]
    return np.asarray((_NORM * peak.area / sigma)[:, None] * np.exp(-(offset**2) / (2 * sigma**2)[:, None]))


def _collected(rows: Floats, energy: Floats, centre: Floats, coefficient: float) -> Floats:
    """Move counts to lower channels, for charge that the window takes.

    From channel n a fraction ``kappa (1 - i / n)**(kappa - 1) / n`` comes to each channel i below, for n up to 1.25
    times the peak's channel; channel 0 gets nothing, and the highest one loses nothing. That is
    ``kappa n**-kappa (n - i)**(kappa - 1)``: a correlation, made with Fourier transforms.
    """
    charge = _charge(energy.tobytes(), coefficient)
    last = np.clip(np.trunc(1.25 * centre), 0, CHANNELS - 1)
    channel = np.arange(CHANNELS)
    donors = np.where((channel > 0) & (channel <= last[:, None]), rows * charge.scale, 0.0)
    gained = np.fft.irfft(np.fft.rfft(donors, _SIZE) * charge.transformed, _SIZE)[:, :CHANNELS]
    inside = (channel > 0) & (channel < last[:, None])
    return np.where(inside, rows - rows * charge.lost + gained, rows)


@dataclass(frozen=True, slots=True)
class _Charge:
    """What partial charge does at energies, whatever the law of channels.

    `scale` (n, 256) is ``kappa n**-kappa``, `lost` (n, 256) the part that leaves a channel, `transformed` (n, 257) the
    conjugate transform of ``j**(kappa - 1)``.
    """

    scale: Floats
    lost: Floats
    transformed: NDArray[np.complex128]


@lru_cache(maxsize=2)
def _charge(energy: bytes, coefficient: float) -> _Charge:
    kappa = coefficient * cross_section("Xe", np.frombuffer(energy)) / cross_section("Xe", np.array([5.0]))
    channel = np.arange(CHANNELS)
    power = np.zeros((len(kappa), CHANNELS))  # j**(kappa - 1), j from 1
    power[:, 1:] = np.exp(np.log(channel[1:]) * (kappa[:, None] - 1))
    scale = kappa[:, None] / np.where(channel > 0, power * channel, 1.0)
    return _Charge(scale, scale * np.cumsum(power, axis=1), np.conj(np.fft.rfft(power, _SIZE)))
