"""Effective areas behind collimators, for a source at a position: PCA (``xpcaarf``) and HEXTE (``hxtarf``)."""

from __future__ import annotations

import numpy as np

from rossi.energy.collimator import CollimatorCube, SourcePosition, transmission
from rossi.energy.detectors import Pcu
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.table import Table
from rossi.fits.writer import TableHDU, now, table_hdu
from rossi.spectra.area import EffectiveArea, read_area, remap
from rossi.spectra.response import Singles

#: Keywords of the area on axis that its product is given anew.
_OWN = ("CSYSNAME", "ALPHA", "BETA", "PHAFILE", "CREATOR", "DATE")
#: Keywords of columns, by their first letters.
COLUMN_CARDS = ("TTYPE", "TFORM", "TUNIT", "TNULL", "TSCAL", "TZERO", "TDISP", "TDIM", "TLMIN", "TLMAX")


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
    ndarray (n,) [cm**2]
        In the energy bins of `area`.
    """
    through = transmission(cube, position.y, position.z)
    return area.area * remap(through, cube.energ_lo, cube.energ_hi, area.energ_lo, area.energ_hi)


def geometric_area(pcu: Pcu, energ_lo: Singles, energ_hi: Singles) -> EffectiveArea:
    """Return the geometric area of a PCU in all bins of energy; its matrix holds the efficiency.

    Parameters
    ----------
    pcu : Pcu
    energ_lo, energ_hi : ndarray (n,) of float32 [keV]
    """
    area = np.full(len(energ_lo), pcu.area, np.float32)
    return EffectiveArea(f"geometric area of PCU {pcu.number}", energ_lo, energ_hi, area)


def area_table(
    source: Table, cube: CollimatorCube, position: SourcePosition, phafile: str, creator: str = "hxtarf"
) -> TableHDU:
    """Lay out the effective area for a source at a position.

    Parameters
    ----------
    source : Table
        The area on axis (CALDB: EFF_AREA), which lends its keywords.
    cube : CollimatorCube
    position : SourcePosition
    phafile : str
        Name of the spectrum that it is for.
    creator : str
        The task.
    """
    area = read_area(source)
    values = collimated_area(area, cube, position)
    kept = source.header.without(_OWN, COLUMN_CARDS)
    kept.extend(Header(position_cards(position, phafile, creator)).images())
    kept.extend(Header([("HISTORY", f"effective area on axis: {area.where}"), *_seen(cube, position)]).images())
    return laid_out(EffectiveArea(area.where, area.energ_lo, area.energ_hi, values), kept)


def pca_area_table(
    pcu: Pcu,
    area: EffectiveArea,
    cube: CollimatorCube | None,
    position: SourcePosition,
    names: tuple[str, str],
) -> TableHDU:
    """Lay out the effective area of a PCU.

    Parameters
    ----------
    pcu : Pcu
    area : EffectiveArea
        See `collimated_area`.
    cube : CollimatorCube or None
        None: the geometric area.
    position : SourcePosition
    names : (str, str)
        Of the spectrum and the matrix that it is for.
    """
    cards = pca_area_cards(f"PCU{pcu.number}", pcu.area, position, names, "xpcaarf")
    seen = [("HISTORY", "no collimator: the geometric area in all bins")] if cube is None else _seen(cube, position)
    return laid_out(area, Header([*cards, *seen]))


def pca_area_cards(
    detector: str, geometric: float, position: SourcePosition, names: tuple[str, str], creator: str
) -> list[CardTuple]:
    """Return what an effective area of the PCA says of itself.

    Parameters
    ----------
    detector : str
        DETNAM.
    geometric : float [cm**2]
        Geometric area.
    position : SourcePosition
    names : (str, str)
        Of the spectrum and the matrix that it is for.
    creator : str
        The task.
    """
    return [
        *(("HDUCLASS", "OGIP", "format conforms to OGIP standard"), ("HDUCLAS1", "RESPONSE", "of a spectrum")),
        *(("HDUCLAS2", "SPECRESP", "effective area"), ("HDUVERS", "1.1.0", "OGIP memo CAL/GEN/92-002a")),
        *(("HDUVERS1", "1.0.0"), ("HDUVERS2", "1.1.0"), ("ARFVERSN", "1992a")),
        *(("TELESCOP", "XTE", "mission"), ("INSTRUME", "PCA", "instrument"), ("DETNAM", detector, "detectors")),
        ("FILTER", "NONE", "there is no filter"),
        *position_cards(position, names[0], creator),
        ("RESPFILE", names[1], "matrix that it goes with"),
        ("GEOMAREA", geometric, "[cm**2] geometric area"),
    ]


def laid_out(area: EffectiveArea, header: Header) -> TableHDU:
    """Lay out an effective area as an ARF.

    Parameters
    ----------
    area : EffectiveArea
    header : Header
        Keywords, those of columns aside.
    """
    columns = (declared.ENERG_LO, declared.ENERG_HI, declared.SPECRESP)
    values = (area.energ_lo, area.energ_hi, area.area)
    return table_hdu("SPECRESP", list(zip(columns, values, strict=True)), header)


def position_cards(position: SourcePosition, phafile: str, creator: str) -> list[CardTuple]:
    """Return what an effective area says of where the source stood, and of what it is for.

    Parameters
    ----------
    position : SourcePosition
    phafile : str
        Name of the spectrum.
    creator : str
        The task.
    """
    return [
        ("CSYSNAME", "XMA_CART", "coordinates in use: spacecraft, cartesian"),
        ("ALPHA", round(position.y, 5), "Y of the source's unit vector"),
        ("BETA", round(position.z, 5), "Z of the source's unit vector"),
        ("PHAFILE", phafile, "spectrum that it is for"),
        ("CREATOR", creator, "program that produced this file"),
        ("DATE", now(), "file creation date UTC"),
    ]


def _seen(cube: CollimatorCube, position: SourcePosition) -> list[CardTuple]:
    through = transmission(cube, position.y, position.z)
    energies = np.column_stack((cube.energ_lo, cube.energ_hi, through))
    told = [("HISTORY", f"transmission {low:g}-{high:g} keV: {value:.6g}") for low, high, value in energies]
    return [("HISTORY", f"collimator: {cube.where}"), *told]
