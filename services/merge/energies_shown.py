"""Energies for people's eyes: of a spectrum's channels in a figure, of a band in the report's head.

PCA: those of PCU 2's first layer on the day, by the energy-to-channel table that comes with rossi; the PCUs differ by a
few per cent. HEXTE: a channel is 1 keV, as its gain is held. To fit with, a response is to be taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from rossi.arrays import Floats
from rossi.energy.built_in import built_in_table
from rossi.energy.channel_law import CHANNELS
from rossi.energy.epochs import END, STARTS, epochs_at
from rossi.energy.layers import CODES
from rossi.met import to_time

#: Whose energies are shown: PCU 2 was on in nearly all observations.
PCU = 2


def in_kev(instrument: str, edges: Floats, met: Any = None) -> Floats:
    """Return the nominal energies of edges between channels.

    Parameters
    ----------
    instrument : str
        PCA or HEXTE.
    edges : ndarray (n,)
        Channel n begins at n.
    met : float, optional
        When [s]; the middle of the mission where it is not known.

    Returns
    -------
    ndarray (n,) [keV]
    """
    if instrument == "HEXTE":
        return np.asarray(edges, np.float64)
    known = isinstance(met, int | float) and np.isfinite(met)
    day = float(to_time(met).utc.mjd) if known else (STARTS[0] + END) / 2
    return _edges(int(np.clip(day, STARTS[0], END)))[np.clip(edges, 0, CHANNELS).astype(np.intp)]


@lru_cache(maxsize=4096)
def _edges(day: int) -> Floats:
    lower, upper = built_in_table().law(PCU, CODES["LR1"], day).edges()
    return np.maximum.accumulate(np.append(lower, upper[-1]).astype(np.float64))


def band_in_kev(instrument: str, channels: tuple[int, int], moments: Iterable[float]) -> dict[int, tuple[float, float]]:
    """Return the energies of a band by gain epoch, in the middle of the observations of each.

    Parameters
    ----------
    instrument : str
    channels : tuple of int
        Absolute, first and last.
    moments : iterable of float [s]
        MET of the observations.

    Returns
    -------
    dict of int to tuple of float [keV]
        HEXTE has one, of epoch 0, as its gain does not change.
    """
    edges = np.array([channels[0], channels[1] + 1.0])
    if instrument == "HEXTE":
        return {0: (float(edges[0]), float(edges[1]))}
    met = np.array([moment for moment in moments if np.isfinite(moment)])
    number = epochs_at(met)
    found = {
        epoch: in_kev(instrument, edges, float(np.median(met[number == epoch]))) for epoch in np.unique(number).tolist()
    }
    return {epoch: (float(low), float(high)) for epoch, (low, high) in found.items()}
