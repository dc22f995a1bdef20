"""From the energy of a photon to the nominal energy of its channel.

The PCA counts electrons. A photon of energy E frees E / W(E) of them, and 22 eV times that number is its *nominal*
energy, in which channel edges (EBOUNDS) are given: within 1.5 % of E, with steps at xenon's edges. Source: the
energy-to-channel table's own notes; W(E) of Dias et al. 1993, Phys. Rev. A 48, 2887, softened.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rossi.arrays import Floats

#: eV per electron by which energies become nominal; W(E) is pulled towards it.
ELECTRON = 22.0
#: What is left of W(E) - 22 eV (w_xe_fact of pcarmf 11.7); 1 % more of it moves nominal energies by up to 9e-5.
SOFTENING = 0.474636
#: Energy [keV] and W [eV] between which W is linear; two nodes at one energy are a step.
_NODES = np.array(
    [
        *((1.5, 22.72), (2, 22.46), (3, 22.2), (4, 22.05), (4.5, 22.01), (4.78, 21.98), (4.785, 22.36), (5, 22.38)),
        *((5.1, 22.35), (5.105, 22.42), (5.15, 22.43), (5.2, 22.42), (5.4, 22.39), (5.452, 22.45), (5.453, 22.45)),
        *((5.48, 22.46), (6, 22.38), (7, 22.24), (8, 22.14), (9, 22.06), (10, 21.983), (14.2, 21.833), (22, 21.75)),
        *((34.5, 21.708), (34.5, 21.817), (35, 21.825), (36, 21.825), (36.5, 21.813), (100, 21.675)),
    ]
).T


def ev_per_electron(energy: ArrayLike) -> Floats:
    """Return the energy that a photon spends on each electron that it frees.

    Parameters
    ----------
    energy : array_like (...) [keV]

    Returns
    -------
    ndarray (...) [eV]
    """
    nodes, values = _NODES
    e = np.clip(np.asarray(energy, np.float64), nodes[0], nodes[-1])
    above = np.clip(np.searchsorted(nodes, e, "right"), 1, len(nodes) - 1)
    low, high = nodes[above - 1], nodes[above]
    share = (e - low) / (high - low)
    work = values[above - 1] + share * (values[above] - values[above - 1])
    return np.asarray(ELECTRON + (work - ELECTRON) * SOFTENING)


def nominal_energy(energy: ArrayLike) -> Floats:
    """Return the nominal energy of photons: ``22 E / W(E)``.

    Parameters
    ----------
    energy : array_like (...) [keV]

    Returns
    -------
    ndarray (...) [keV]
    """
    e = np.asarray(energy, np.float64)
    return ELECTRON * e / ev_per_electron(e)
