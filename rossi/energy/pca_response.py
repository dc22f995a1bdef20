"""Responses of PCA spectra: the recipe of ``pcarsp``, from the matrix of a layer to the sum of layers and PCUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rossi.energy.area import geometric_area
from rossi.energy.channel_table import Extension
from rossi.energy.collimator import BORESIGHT, CollimatorCube, SourcePosition, transmission
from rossi.energy.detectors import PCUS
from rossi.energy.gain import ChannelShift, shifted
from rossi.energy.layers import ALL_XENON
from rossi.energy.pca_matrix import THRESHOLD, pca_matrix
from rossi.energy.redistribution import PARTIAL_CHARGE
from rossi.errors import ConfigError, DataError
from rossi.spectra.algebra import Compat
from rossi.spectra.area import EffectiveArea, remap, with_area
from rossi.spectra.channels import ChannelGroup
from rossi.spectra.response import Response, rebin_response, weighted_sum


@dataclass(frozen=True, slots=True)
class PcaResponseRequest:
    """What a response is for.

    Parameters
    ----------
    mjd : float [MJD]
        Start of the data, UTC.
    layers : tuple of int
        Codes of groups of anodes, which are added up; see `rossi.energy.layers`.
    weights : mapping of int to float
        By PCU; those without weight are left out. 1 for each gives the sum of their areas, for exposures in seconds;
        shares that add up to 1 give the mean, for exposures in PCU x seconds.
    groups : sequence of ChannelGroup
        How the 256 channels are joined; empty: they are not.
    position : SourcePosition
    shifts : mapping of int to sequence of ChannelShift
        By PCU: how channels were moved on board.
    partial_charge : float
    compat : {"heasoft"}, optional
        Take 1 as the weight of each PCU where there is one group of anodes, as pcarsp does; see `pca_matrix`, too.
    """

    mjd: float
    layers: tuple[int, ...]
    weights: Mapping[int, float]
    groups: Sequence[ChannelGroup] = ()
    position: SourcePosition = field(default_factory=lambda: SourcePosition(*BORESIGHT))
    shifts: Mapping[int, Sequence[ChannelShift]] = field(default_factory=dict)
    partial_charge: float = PARTIAL_CHARGE
    compat: Compat = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ConfigError("no layer is chosen; give at least one group of anodes.")
        wrong = [w for w in self.weights.values() if not 0 <= w < np.inf]
        if wrong or not any(self.weights.values()) or set(self.weights) - set(range(len(PCUS))):
            raise ConfigError(
                f"the weights of the PCUs are {dict(self.weights)}; numbers from 0 on for PCUs 0 to {len(PCUS) - 1} "
                "were expected, one of them above 0."
            )

    @property
    def used(self) -> dict[int, float]:
        """PCUs that count, rising, with their weights."""
        return {pcu: weight for pcu, weight in sorted(self.weights.items()) if weight > 0}


@dataclass(frozen=True, slots=True)
class LayerResponse:
    """The response of a group of anodes of a PCU, step by step.

    Parameters
    ----------
    pcu, layer : int
    full : Response
        In 256 channels, moved as they were on board.
    binned : Response
        Channels joined.
    response : Response
        Multiplied with the effective area.
    """

    pcu: int
    layer: int
    full: Response
    binned: Response
    response: Response


def pca_area(pcu: int, energies: Response, cube: CollimatorCube | None, position: SourcePosition) -> EffectiveArea:
    """Return the effective area of a PCU for a source at a position.

    Parameters
    ----------
    pcu : int
    energies : Response
        Whose bins of photon energy are taken.
    cube : CollimatorCube or None
        Of this PCU; None: nothing is in the way.
    position : SourcePosition
    """
    return area_behind(geometric_area(PCUS[pcu], energies.energ_lo, energies.energ_hi), cube, position)


def area_behind(area: EffectiveArea, cube: CollimatorCube | None, position: SourcePosition) -> EffectiveArea:
    """Return an effective area behind a collimator, for a source at a position.

    Parameters
    ----------
    area : EffectiveArea
        Without collimator.
    cube : CollimatorCube or None
        None: nothing is in the way.
    position : SourcePosition
    """
    if cube is None:
        return area
    through = transmission(cube, position.y, position.z)
    factor = remap(through, cube.energ_lo, cube.energ_hi, area.energ_lo, area.energ_hi)
    return replace(area, where=cube.where, area=area.area * factor)


def layer_responses(
    request: PcaResponseRequest, tables: Mapping[int, Extension], cubes: Mapping[int, CollimatorCube]
) -> list[LayerResponse]:
    """Return the responses of all PCUs with weight and all layers, by PCU, then in the order of the layers.

    Parameters
    ----------
    request : PcaResponseRequest
    tables : mapping of int to Extension
        Energy-to-channel table of each PCU.
    cubes : mapping of int to CollimatorCube
        Collimator of each PCU; where it is missing, nothing is in the way.

    Raises
    ------
    DataError
        If a table has no such law, or the source stood outside a collimator.
    """
    found = []
    for pcu in request.used:
        for layer in request.layers:
            full = pca_matrix(tables[pcu], layer, request.mjd, request.partial_charge, compat=request.compat)
            full = shifted(full, request.shifts.get(pcu, ()))
            binned = rebin_response(full, request.groups, 0) if request.groups else full
            area = pca_area(pcu, binned, cubes.get(pcu), request.position)
            found.append(LayerResponse(pcu, layer, full, binned, with_area(binned, area)))
    return found


def add_layers(parts: Sequence[LayerResponse]) -> dict[int, Response]:
    """Return the sum of the layers of each PCU.

    Parameters
    ----------
    parts : sequence of LayerResponse
        In the order in which they are added; see `layer_responses`.

    Returns
    -------
    dict of int to Response
        By PCU.
    """
    by_pcu: dict[int, list[Response]] = {}
    for part in parts:
        by_pcu.setdefault(part.pcu, []).append(part.response)
    return {pcu: weighted_sum(of, [1.0] * len(of), THRESHOLD) for pcu, of in by_pcu.items()}


def add_pcus(request: PcaResponseRequest, of_pcu: Mapping[int, Response]) -> Response:
    """Return the weighted sum over PCUs; its nominal energies are those of the first one.

    Parameters
    ----------
    request : PcaResponseRequest
    of_pcu : mapping of int to Response
        By PCU; those without weight are left out.

    Raises
    ------
    DataError
        If there is none, or their energies or channels differ.
    """
    used = [pcu for pcu in request.used if pcu in of_pcu]
    if not used:
        raise DataError("no PCU has a response, so there is no sum; give weights above 0.")
    single = request.compat is not None and len(request.layers) == 1 and request.layers[0] != ALL_XENON
    weights = [1.0 if single else request.used[pcu] for pcu in used]
    return weighted_sum([of_pcu[pcu] for pcu in used], weights, THRESHOLD)


def pca_response(
    request: PcaResponseRequest, tables: Mapping[int, Extension], cubes: Mapping[int, CollimatorCube]
) -> Response:
    """Return the response of a PCA spectrum; see `layer_responses`, `add_layers`, `add_pcus`.

    Parameters
    ----------
    request : PcaResponseRequest
    tables : mapping of int to Extension
    cubes : mapping of int to CollimatorCube

    Returns
    -------
    Response
        Its matrix contains the effective area [cm**2].

    Raises
    ------
    DataError
        If a table has no such law, or the source stood outside a collimator.
    """
    return add_pcus(request, add_layers(layer_responses(request, tables, cubes)))
