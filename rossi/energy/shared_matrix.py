"""Matrices of the PCA that observations share: of a spell of days, of PCUs with rounded shares, of one grouping.

The gain drifts so slowly that the matrix of the middle of a spell does for all of its days, and the PCUs are so much
alike that their shares may be rounded. What differs from one observation to the next, the area behind the collimator,
is not in the matrix. `docs/howto/energies.md` tells what this costs; `tests/rossi/energy/test_shared_matrix.py`
holds it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rossi.energy.detectors import PCUS
from rossi.energy.epochs import STARTS
from rossi.energy.pca_matrix import THRESHOLD, pca_matrix
from rossi.energy.response_calibration import KnownTable
from rossi.spectra.channels import ChannelGroup
from rossi.spectra.response import Response, rebin_response, weighted_sum

#: Length of a spell [d]. In half of it, the edges of channels below 25 keV move by 5 eV at most, and the counts of a
#: channel by 0.1 % (table e05v03): a fifth of the systematic error.
SPELL = 10.0
#: Shares of PCUs are whole multiples of one divided by this: 0.1 % of the counts of a channel at most.
STEPS = 200
#: When matrices change at once [MJD], besides what the energy-to-channel table says: with the loss of propane.
_PROPANE_LOST = tuple(pcu.propane_lost for pcu in PCUS if math.isfinite(pcu.propane_lost))
#: Moments that are nearer to each other are the same [d].
_SAME = 0.01


@dataclass(frozen=True, slots=True)
class MatrixRecipe:
    """All that a shared matrix depends on, besides the energy-to-channel table.

    Parameters
    ----------
    day : float [MJD]
        Middle of the spell.
    layers : tuple of int
        Codes of groups of anodes, which are added up; see `rossi.energy.layers`.
    shares : tuple of (int, int)
        PCU and its share in `STEPS`; rising, none of them 0.
    groups : tuple of ChannelGroup
        How the 256 channels are joined.
    """

    day: float
    layers: tuple[int, ...]
    shares: tuple[tuple[int, int], ...]
    groups: tuple[ChannelGroup, ...]

    @property
    def pcus(self) -> tuple[int, ...]:
        """PCUs in it."""
        return tuple(pcu for pcu, _ in self.shares)


def spell_of(mjd: float, table: KnownTable) -> float:
    """Return the middle of the spell of days that a moment lies in [MJD].

    No spell reaches over a change of the gain, or over the moment at which a PCU lost its propane.

    Parameters
    ----------
    mjd : float [MJD]
        UTC.
    table : KnownTable
        Tells when the gain changed.
    """
    changes = _changes(table)
    if mjd < changes[0]:  # no law holds, and the table will say so
        return mjd
    start = max(moment for moment in changes if moment <= mjd)
    stop = min((moment for moment in changes if moment > mjd), default=math.inf)
    first = start + SPELL * math.floor((mjd - start) / SPELL)
    return (first + min(first + SPELL, stop)) / 2


@lru_cache(maxsize=4)
def _changes(table: KnownTable) -> tuple[float, ...]:
    found: list[float] = []
    for moment in sorted({*STARTS, *_PROPANE_LOST, *(one.start for one in table.table.extensions)}):
        if found and moment - found[-1] < _SAME:
            found[-1] = moment  # from then on, all of them hold
        else:
            found.append(moment)
    return tuple(found)


def rounded_shares(weights: Mapping[int, float]) -> tuple[tuple[int, int], ...]:
    """Return weights as shares in `STEPS` that add up to 1; those that round to nothing are left out.

    Parameters
    ----------
    weights : mapping of int to float
        By PCU, one of them above 0.
    """
    total = sum(weights.values())
    exact = {pcu: STEPS * weight / total for pcu, weight in sorted(weights.items())}
    shares = {pcu: math.floor(share) for pcu, share in exact.items()}
    # What is cut off most is given back first; of equal remainders the lower PCU's.
    order = sorted(exact, key=lambda pcu: (round(shares[pcu] - exact[pcu], 9), pcu))
    for pcu in order[: STEPS - sum(shares.values())]:
        shares[pcu] += 1
    return tuple((pcu, share) for pcu, share in shares.items() if share)


@lru_cache(maxsize=64)  # each has a few 100 kB
def shared_matrix(table: KnownTable, recipe: MatrixRecipe) -> Response:
    """Return a matrix: counts a channel per photon on the geometric area, the mean of the PCUs by their shares.

    Its nominal energies are those of the first PCU.

    Parameters
    ----------
    table : KnownTable
    recipe : MatrixRecipe

    Raises
    ------
    DataError
        If the table has no law of a PCU and layer on the day.
    """
    of_pcu = [_pcu_matrix(table, pcu, recipe.day, recipe.layers, recipe.groups) for pcu in recipe.pcus]
    return weighted_sum(of_pcu, [share / STEPS for _, share in recipe.shares], THRESHOLD)


@lru_cache(maxsize=64)
def _pcu_matrix(
    table: KnownTable, pcu: int, day: float, layers: tuple[int, ...], groups: tuple[ChannelGroup, ...]
) -> Response:
    extension = table.table.extension(pcu, day)
    of_layer = [rebin_response(pca_matrix(extension, layer, day), groups, 0) for layer in layers]
    return weighted_sum(of_layer, [1.0] * len(of_layer), THRESHOLD)
