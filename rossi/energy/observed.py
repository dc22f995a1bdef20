"""The response of a spectrum as it was observed: a matrix that observations share, and an effective area of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from rossi.calibration import header_start
from rossi.energy import epochs
from rossi.energy.area import geometric_area
from rossi.energy.channel_law import ChannelLaw
from rossi.energy.collimator import BORESIGHT, SourcePosition, source_position
from rossi.energy.detectors import PCUS
from rossi.energy.layers import ALL_XENON, XENON, layer_code
from rossi.energy.pca_matrix import energy_grid
from rossi.energy.pca_response import area_behind
from rossi.energy.response_calibration import KnownTable, PcaCalibration
from rossi.energy.shared_matrix import MatrixRecipe, rounded_shares, shared_matrix, spell_of
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.met import met_to_mjd
from rossi.remarks import Remark
from rossi.spectra.area import EffectiveArea
from rossi.spectra.channels import cpix_groups
from rossi.spectra.pha import find_spectrum, good_time
from rossi.spectra.response import Response

#: How far the pointing may vary before it is said [arcsec] (pcarsp, hxtarf).
JITTER = {"PCA": 20.0, "HEXTE": 25.0}


@dataclass(frozen=True, slots=True)
class Observed:
    """The response of a PCA spectrum, in two parts: their product is what ``pcarsp`` makes.

    Parameters
    ----------
    matrix : Response
        Counts a channel per photon on the effective area.
    recipe : MatrixRecipe
        Which matrix it is.
    laws : tuple of ChannelLaw
        Of the PCUs and layers in it; the first one has the nominal energies.
    area : EffectiveArea
        For an exposure in PCU x seconds: the mean of the PCUs.
    position : SourcePosition
    seen : tuple of str
        What is in the way of each PCU.
    remarks : tuple of Remark
    """

    matrix: Response
    recipe: MatrixRecipe
    laws: tuple[ChannelLaw, ...]
    area: EffectiveArea
    position: SourcePosition
    seen: tuple[str, ...]
    remarks: tuple[Remark, ...]

    def summed(self, seconds: float) -> Observed:
        """Return the same for an exposure in seconds: the sum of the PCUs' areas, each by its part of that time.

        Parameters
        ----------
        seconds : float
            PCU x seconds per second of exposure.
        """
        return replace(self, area=replace(self.area, area=(self.area.area * np.float32(seconds)).astype(np.float32)))


def layer_codes(anodes: Sequence[str]) -> tuple[int, ...]:
    """Return the groups of anodes that anodes such as X1L make up; all six are all xenon.

    Parameters
    ----------
    anodes : sequence of str
    """
    sides = {anode[1]: [other for other in anodes if other[1] == anode[1]] for anode in sorted(anodes)}
    names = [f"LR{layer}" if len(some) == 2 else some[0][2] + layer for layer, some in sides.items()]
    return (ALL_XENON,) if names == ["LR1", "LR2", "LR3"] else tuple(map(layer_code, names))


def pcu_weights(header: Header, where: str) -> dict[int, float]:
    """Return the share of each PCU in a spectrum's exposure: PCU_WT0 to PCU_WT4 above 0.

    Parameters
    ----------
    header : Header
    where : str
        File and extension, for messages.

    Raises
    ------
    DataError
        If one is missing, or none is above 0.
    """
    weights = {pcu: header.finite(f"PCU_WT{pcu}", where) for pcu in range(5)}
    used = {pcu: weight for pcu, weight in weights.items() if weight > 0}
    if not used:
        raise DataError(f"{where}: PCU_WT0 to PCU_WT4 are {list(weights.values())}: no PCU has exposure.")
    return used


def standing(
    table: Table, intervals: Gti | None, attitude: Table, instrument: str
) -> tuple[SourcePosition, list[Remark]]:
    """Return where the source of a spectrum stood during its good time, and what to say of it.

    Parameters
    ----------
    table : Table
        The spectrum, with RA_OBJ and DEC_OBJ.
    intervals : ndarray (n, 2) [s] or None
        Its good time.
    attitude : Table
        Filter file.
    instrument : str

    Raises
    ------
    DataError
        If it is not known.
    """
    if intervals is None or not len(intervals):
        raise DataError(f"{table.where}: there is no good time, so it is unknown where the source stood.")
    ra, dec = (table.header.finite(name, table.where) for name in ("RA_OBJ", "DEC_OBJ"))
    position = source_position(attitude, intervals, ra, dec)
    remarks = []
    if position.jitter > JITTER[instrument]:
        text = (
            f"{instrument}: the pointing varied by {position.jitter:.1f} arcsec during good time, more than "
            f"{JITTER[instrument]:g}; the effective area is that of the mean position."
        )
        remarks.append(Remark("pointing_varied", text))
    return position, remarks


def gain_remarks(intervals: Gti | None) -> list[Remark]:
    """Return what to say where good time reaches over a change of the PCA's gain.

    Parameters
    ----------
    intervals : ndarray (n, 2) [s] or None
    """
    if intervals is None or not len(intervals):
        return []
    first, last = (epochs.epoch_of(float(met_to_mjd(time))) for time in (intervals[0, 0], intervals[-1, 1]))
    if first == last:
        return []
    text = (
        f"Good time reaches from gain epoch {first} into {last}; the response is that of epoch {first}. Extract the "
        "epochs apart, by a condition on Time."
    )
    return [Remark("gain_changed", text)]


def observed_response(
    file: FitsFile, anodes: Sequence[str], attitude: Table | None, calibration: PcaCalibration
) -> Observed:
    """Return the response of a PCA spectrum.

    Parameters
    ----------
    file : FitsFile
        Of Standard2 data, with PCU_WTn and CPIX1.
    anodes : sequence of str
        X1L to X3R: what was added up.
    attitude : Table or None
        Filter file; None, or where nothing is in the way: the source is where the PCA points.
    calibration : PcaCalibration

    Raises
    ------
    DataError
        If it can't be known: no exposure, no attitude, a source outside the collimator, other channels, no law of a PCU
        on the day.
    """
    table = find_spectrum(file)
    weights, groups = pcu_weights(table.header, table.where), tuple(cpix_groups(table.header, table.where))
    intervals = good_time(file)
    mjd = header_start(table.header, table.where)
    position, remarks = SourcePosition(*BORESIGHT), gain_remarks(intervals)
    if calibration.cubes and attitude is not None:
        position, more = standing(table, intervals, attitude, "PCA")
        remarks += more
    areas = {pcu: _area(pcu, calibration, position) for pcu in weights}
    layers = layer_codes(anodes)
    shares = rounded_shares({pcu: weight * float(areas[pcu].area.mean()) for pcu, weight in weights.items()})
    recipe = MatrixRecipe(spell_of(mjd, calibration.table), layers, shares, groups)
    matrix = shared_matrix(calibration.table, recipe)
    if len(matrix.e_min) != len(table):
        raise DataError(
            f"{table.where}: {len(table)} channels, but CPIX1 makes {len(matrix.e_min)} of the detectors' 256; a "
            "spectrum of all channels was expected."
        )
    return Observed(
        matrix,
        recipe,
        matrix_laws(calibration, recipe),
        mean_area(weights, areas),
        position,
        tuple(f"PCU {pcu}: {_seen(pcu, calibration)}" for pcu in weights),
        tuple(remarks),
    )


def mean_area(weights: Mapping[int, float], areas: Mapping[int, EffectiveArea]) -> EffectiveArea:
    """Return the mean of effective areas.

    Parameters
    ----------
    weights : mapping of int to float
        By PCU.
    areas : mapping of int to EffectiveArea
        Of the same energies.
    """
    first = next(iter(areas.values()))
    total = np.sum([weight * areas[pcu].area.astype(np.float64) for pcu, weight in weights.items()], axis=0)
    return replace(first, where="mean of " + ", ".join(f"PCU{n}" for n in weights), area=total.astype(np.float32))


def matrix_laws(calibration: PcaCalibration, recipe: MatrixRecipe) -> tuple[ChannelLaw, ...]:
    """Return the laws that a matrix is made with; layer 1 comes first, as its energies are those of EBOUNDS.

    Parameters
    ----------
    calibration : PcaCalibration
    recipe : MatrixRecipe
    """
    return _laws(calibration.table, recipe)


@lru_cache(maxsize=64)
def _laws(known: KnownTable, recipe: MatrixRecipe) -> tuple[ChannelLaw, ...]:
    codes = [one for layer in recipe.layers for one in (reversed(XENON) if layer == ALL_XENON else (layer,))]
    tables = {pcu: known.table.extension(pcu, recipe.day) for pcu in recipe.pcus}
    return tuple(tables[pcu].law(code, recipe.day) for pcu in recipe.pcus for code in codes)


def _area(pcu: int, calibration: PcaCalibration, position: SourcePosition) -> EffectiveArea:
    if calibration.cubes and pcu not in calibration.cubes:
        raise DataError(
            f"There is no collimator of PCU {pcu} among those that are given ([calibration] collimators); give one of "
            "each PCU, or ['NONE'] to take nothing as in the way."
        )
    return area_behind(geometric_area(PCUS[pcu], *energy_grid()), calibration.cubes.get(pcu), position)


def _seen(pcu: int, calibration: PcaCalibration) -> str:
    cube = calibration.cubes.get(pcu)
    return "no collimator" if cube is None else f"collimator {cube.where.rpartition('/')[2]}"
