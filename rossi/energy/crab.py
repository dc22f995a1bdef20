"""What the Crab gives in a PCU: its photons through the response of the day."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import floor

from rossi.arrays import Floats
from rossi.energy import epochs
from rossi.energy.built_in import built_in_table
from rossi.energy.detectors import PCUS
from rossi.energy.folding import AbsorbedPowerLaw, fold
from rossi.energy.layers import ALL_XENON
from rossi.energy.pca_matrix import pca_matrix

#: Nebula and pulsar (Toor & Seward 1974, AJ 79, 995), behind what gas there is on the way: 3e21 / cm2, near what radio
#: surveys of hydrogen have there; without it a band of 2-9 keV has 1.8 % more.
CRAB = AbsorbedPowerLaw(index=2.1, norm=9.7, nh=0.3)
#: Days that share a response: in half of that the drift of the gain moves an edge by less than 0.005 keV.
SHARED_DAYS = 60.0


def crab_rate(pcu: int, mjd: float, first: int, last: int, layers: Sequence[int] = (ALL_XENON,)) -> float:
    """Return the rate of the Crab in channels of a PCU, on axis, free of dead time and background.

    By the energy-to-channel table that comes with rossi and the geometric area; responses are shared by `SHARED_DAYS`.

    Parameters
    ----------
    pcu : int
    mjd : float [MJD]
        UTC.
    first, last : int
        Absolute channels, both included.
    layers : sequence of int
        Codes of groups of anodes, which are added up; see `rossi.energy.layers`.

    Returns
    -------
    float [count / s]
    """
    day = _shared_day(mjd)
    return float(sum(_folded(pcu, day, layer)[first : last + 1].sum() for layer in layers))


def _shared_day(mjd: float) -> float:
    """Return the day in the middle of those that share a response; it is of the same gain epoch."""
    start, stop = epochs.span(epochs.epoch_of(mjd))
    number = max(floor((mjd - start) / SHARED_DAYS), 0)
    begin = start + number * SHARED_DAYS
    return (begin + min(begin + SHARED_DAYS, max(stop, begin + 1))) / 2


@lru_cache(maxsize=4096)
def _folded(pcu: int, mjd: float, layer: int) -> Floats:
    """Return the rate in each of the 256 channels (256,) [count / s]."""
    response = pca_matrix(built_in_table().extension(pcu=pcu, mjd=mjd), layer, mjd)
    photons = CRAB.photons(response.energ_lo, response.energ_hi) * PCUS[pcu].area
    return fold(response, photons)
