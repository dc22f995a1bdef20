"""Energies of photons, from PCU, anode and channel."""

from __future__ import annotations

from dataclasses import dataclass

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
#: Which of these rows is an ANODEID's; the last one, which is empty, for what is none.
_ROW = np.full(256, len(_LAWS), np.uint8)
_ROW[list(_LAWS)] = np.arange(len(_LAWS))


@dataclass(frozen=True, slots=True)
class Energies:
    """Nominal energies in the middle of the elements of a mode.

    Parameters
    ----------
    values : ndarray (n_pcu + 1, n_law + 1, n_element) of float32 [keV]
        NaN where there is no law, or PCU or anode are none.
    """

    values: NDArray[np.float32]

    def of(self, pcu: NDArray[np.uint8], anode: NDArray[np.uint8], pha: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the energies of photons (n,) [keV].

        Parameters
        ----------
        pcu, anode, pha : ndarray (n,)
            PCU, ANODEID and element.
        """
        return self.values[np.minimum(pcu, len(PCUS)), _ROW[anode], pha]


def element_energies(table: ChannelTable, bounds: Bounds, mjd: float) -> Energies:
    """Return the nominal energy in the middle of each element.

    Parameters
    ----------
    table : ChannelTable
    bounds : ndarray (n_element, 2)
        First and last absolute channel of each element.
    mjd : float [MJD]
        UTC.
    """
    found = np.full((len(PCUS) + 1, len(_LAWS) + 1, len(bounds)), np.nan, np.float32)
    for pcu in PCUS:
        for row, code in enumerate(_LAWS.values()):
            try:
                lower, upper = table.law(pcu, code, mjd).edges()
            except DataError:
                continue
            found[pcu, row] = (lower[bounds[:, 0]] + upper[bounds[:, 1]]) / 2
    return Energies(found)
