"""Energies of HEXTE's channels.

The detectors' gain is held constant on board: a channel is 1 keV wide, and channel n reaches from n to n + 1 keV, as
far as choosing a band is concerned. A response's EBOUNDS tell them exactly (``hxtrsp``). Source of the nominal gain:
Rothschild et al. 1998, ApJ 496, 538 (256 channels of about 1 keV).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats

#: What products call these energies.
NOMINAL = "nominal, 1 keV a channel"
#: How the archive mode joins channels (CPIX): first and last channel, and how many make one bin.
_ARCHIVE = ((0, 63, 2), (64, 127, 4), (128, 255, 8))


def hexte_bins() -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """Return the bins of the archive mode, which every observation has.

    Returns
    -------
    first, last : ndarray (64,) of int
        Absolute channels, both included.
    e_min, e_max : ndarray (64,) [keV]
        Nominal energies of their edges.
    """
    pairs = [(at, at + step - 1) for low, high, step in _ARCHIVE for at in range(low, high + 1, step)]
    first, last = np.array(pairs, np.int64).T
    return first, last, first.astype(np.float64), last + 1.0
