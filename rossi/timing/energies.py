"""Energies of photons, from PCU, anode and channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.energy.channel_table import ChannelTable
from rossi.energy.layers import CODES
from rossi.errors import DataError
from rossi.extract.channels import Bounds
from rossi.extract.eventword import MISSING
from rossi.pca.standard2 import PCUS

#: The anodes' ANODEID, and which law is theirs; of modes that do not tell it, layer 1 has most photons.
_LAWS = {
    **{10: CODES["L1"], 11: CODES["R1"], 20: CODES["L2"], 21: CODES["R2"], 30: CODES["L3"], 31: CODES["R3"]},
    **{40: CODES["P"], MISSING: CODES["LR1"]},
}


def element_energies(table: ChannelTable, bounds: Bounds, mjd: float) -> NDArray[np.float32]:
    """Return the nominal energy in the middle of each element.

    Parameters
    ----------
    table : ChannelTable
    bounds : ndarray (n_element, 2)
        First and last absolute channel of each element.
    mjd : float [MJD]
        UTC.

    Returns
    -------
    ndarray (256, 256, n_element) of float32 [keV]
        By PCU and ANODEID, 255 where it is not known; NaN where the table has no law.
    """
    found = np.full((256, 256, len(bounds)), np.nan, np.float32)
    for pcu in PCUS:
        for anode, code in _LAWS.items():
            try:
                lower, upper = table.law(pcu, code, mjd).edges()
            except DataError:
                continue
            found[pcu, anode] = (lower[bounds[:, 0]] + upper[bounds[:, 1]]) / 2
    return found
