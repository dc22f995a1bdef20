"""Effective areas of HEXTE behind its collimators (``hxtarf``)."""

from __future__ import annotations

import numpy as np

from rossi.fits import declarations as declared
from rossi.fits.header import Header
from rossi.fits.table import Table
from rossi.fits.writer import TableHDU, now, table_hdu
from rossi.hexte.collimator import CollimatorCube, SourcePosition, transmission
from rossi.spectra.area import EffectiveArea, read_area, remap
from rossi.spectra.response import Singles

#: Keywords of the area on axis that its product is given anew.
_OWN = ("CSYSNAME", "ALPHA", "BETA", "PHAFILE", "CREATOR", "DATE")
_COLUMN_CARDS = ("TTYPE", "TFORM", "TUNIT", "TNULL", "TSCAL", "TZERO", "TDISP", "TDIM", "TLMIN", "TLMAX")


def collimated_area(area: EffectiveArea, cube: CollimatorCube, position: SourcePosition) -> Singles:
    """Return the effective area for a source at a position; 0 at energies that the cube does not have.

    Parameters
    ----------
    area : EffectiveArea
        On the detectors' axis, without collimator.
    cube : CollimatorCube
    position : SourcePosition

    Returns
    -------
    ndarray (n,) of float32 [cm**2]
        In the energy bins of `area`.
    """
    through = transmission(cube, position.y, position.z)
    return area.area * remap(through, cube.energ_lo, cube.energ_hi, area.energ_lo, area.energ_hi)


def area_table(source: Table, cube: CollimatorCube, position: SourcePosition, phafile: str) -> TableHDU:
    """Lay out the effective area for a source at a position.

    Parameters
    ----------
    source : Table
        The area on axis (CALDB: EFF_AREA), which lends its keywords.
    cube : CollimatorCube
    position : SourcePosition
    phafile : str
        Name of the spectrum that it is for.
    """
    area = read_area(source)
    kept = source.header.without(_OWN, _COLUMN_CARDS)
    kept.extend(Header(_cards(area, cube, position, phafile)).images())
    values = (area.energ_lo, area.energ_hi, collimated_area(area, cube, position))
    columns = (declared.ENERG_LO, declared.ENERG_HI, declared.SPECRESP)
    return table_hdu("SPECRESP", list(zip(columns, values, strict=True)), kept)


def _cards(
    area: EffectiveArea, cube: CollimatorCube, position: SourcePosition, phafile: str
) -> list[tuple[str, str | float, str] | tuple[str, str]]:
    through = transmission(cube, position.y, position.z)
    energies = np.column_stack((cube.energ_lo, cube.energ_hi, through))
    return [
        ("CSYSNAME", "XMA_CART", "coordinates in use: spacecraft, cartesian"),
        ("ALPHA", round(position.y, 5), "Y of the source's unit vector"),
        ("BETA", round(position.z, 5), "Z of the source's unit vector"),
        ("PHAFILE", phafile, "spectrum that it is for"),
        ("CREATOR", "hxtarf", "program that produced this file"),
        ("DATE", now(), "file creation date UTC"),
        ("HISTORY", f"effective area on axis: {area.where}"),
        ("HISTORY", f"collimator: {cube.where}"),
        *(("HISTORY", f"transmission {low:g}-{high:g} keV: {value:.6g}") for low, high, value in energies),
    ]
