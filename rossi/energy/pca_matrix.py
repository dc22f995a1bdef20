"""Redistribution matrices of the PCA (``pcarmf``)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.energy.absorption import efficiency
from rossi.energy.channel_law import CHANNELS, ChannelLaw
from rossi.energy.channel_table import Extension
from rossi.energy.detectors import PCUS
from rossi.energy.layers import ALL_XENON, NAMES, XENON
from rossi.energy.redistribution import PARTIAL_CHARGE, redistribution
from rossi.spectra.algebra import Compat
from rossi.spectra.response import Response, stored_groups

Singles = NDArray[np.float32]

#: Photon energies of a response [keV], how many bins it has, and in how many logarithmic steps they are laid out.
_LOWEST, _HIGHEST, _BINS, _STEPS = 1.5, 80.0, 300, 296
#: Xenon's edges L3, L2, L1 and K, which are edges of bins, too [keV].
_EDGES = (4.782, 5.104, 5.453, 34.561)
#: Elements that are not above are not stored (LO_THRES).
THRESHOLD = 1e-6


@lru_cache(maxsize=1)
def energy_grid() -> tuple[Singles, Singles]:
    """Return the lower and upper edges of the bins of photon energy, ndarray (300,) [keV].

    Steps add up in single precision, as in the original: 3e-6 of an energy, 4e-5 of a matrix' peak.
    """
    single = np.float32
    at, top = (single(np.log10(energy)) for energy in (_LOWEST, _HIGHEST))
    step, waiting = (top - at) / single(_STEPS), [single(edge) for edge in _EDGES]
    edges = [_power(at)]
    for _ in range(_BINS - 1):
        energy = _power(at + step)
        if waiting and energy >= waiting[0]:
            edges.append(waiting.pop(0))
        else:
            at = at + step
            edges.append(energy)
    edges.append(single(_HIGHEST))
    grid = np.array(edges, single)
    return grid[:-1], grid[1:]


def _power(exponent: np.float32) -> np.float32:
    """Return ten to a power, rounded once, so that it is the same on every machine."""
    return np.float32(10 ** float(exponent))


def pca_matrix(
    table: Extension, code: int, mjd: float, partial_charge: float = PARTIAL_CHARGE, *, compat: Compat = None
) -> Response:
    """Return the matrix of a PCU in 256 channels: counts a channel per photon on its geometric area.

    Parameters
    ----------
    table : Extension
        Of the energy-to-channel table: the PCU's, at the moment.
    code : int
        Group of anodes; the layers of all xenon (63) are added up.
    mjd : float [MJD]
        UTC.
    partial_charge : float
        Coefficient of partial charge collection.
    compat : {"heasoft"}, optional
        See `rossi.energy.absorption.has_propane`.

    Returns
    -------
    Response
        Its channel energies are nominal ones, of layer 1 for all xenon.

    Raises
    ------
    DataError
        If the table has no law of a layer, or there is no propane.
    """
    lower, upper = energy_grid()
    middle = ((lower + upper) / np.float32(2)).astype(np.float64)
    total: Floats = np.zeros((len(lower), CHANNELS))
    for layer in XENON if code == ALL_XENON else (code,):
        absorbed = efficiency(PCUS[table.pcu], layer, mjd, middle, compat=compat)
        total += redistribution(PCUS[table.pcu], table.law(layer, mjd), middle, absorbed, partial_charge)
    kept = total > THRESHOLD
    matrix = np.where(kept, total, 0.0).astype(np.float32)
    e_min, e_max = table.law(code, mjd).edges()
    row, first, count = stored_groups(kept)
    return Response(_name(table.law(code, mjd)), lower, upper, matrix, row, first, count, e_min, e_max, 0)


def _name(law: ChannelLaw) -> str:
    return f"PCU {law.pcu} {NAMES[law.code]} MJD {law.day:.0f}"
