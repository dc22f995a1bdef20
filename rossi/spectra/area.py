"""Effective areas (ARFs), and matrices that contain them (``marfrmf``)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rossi.errors import DataError
from rossi.fits.table import Table
from rossi.spectra.response import Response, Singles


@dataclass(frozen=True, slots=True)
class EffectiveArea:
    """An effective area, or a factor, as a function of energy.

    Parameters
    ----------
    where : str
        File and extension, for messages.
    energ_lo, energ_hi : ndarray (n,) of float32 [keV]
    area : ndarray (n,) of float32 [cm**2]
    """

    where: str
    energ_lo: Singles
    energ_hi: Singles
    area: Singles


def read_area(table: Table, column: str = "SPECRESP") -> EffectiveArea:
    """Read an effective area.

    Parameters
    ----------
    table : Table
        With ENERG_LO and ENERG_HI.
    column : str
        Of the area.

    Raises
    ------
    DataError
        If a column is missing or has several numbers a row, or an energy bin has no width.
    """
    lower, upper, area = (table.numbers(name, None).astype(np.float32) for name in ("ENERG_LO", "ENERG_HI", column))
    for name, values in (("ENERG_LO", lower), ("ENERG_HI", upper), (column, area)):
        if values.ndim != 1:
            raise DataError(
                f"{table.where}: column {name} has {values.shape[1]} numbers a row, one expected; give an ARF with "
                "an energy bin a row."
            )
    if not len(table):
        raise DataError(f"{table.where}: the effective area has no energy bins; make the file again.")
    require_width(lower, upper, table.where)
    return EffectiveArea(table.where, lower, upper, area)


def require_width(lower: Singles, upper: Singles, where: str) -> None:
    """Require that every energy bin ends above its start.

    Parameters
    ----------
    lower, upper : ndarray (n,) of float32 [keV]
    where : str
        File and extension, for messages.

    Raises
    ------
    DataError
        If one does not.
    """
    wrong = np.flatnonzero(~(upper > lower))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{where}: row {row + 1} has ENERG_LO {lower[row]:g} and ENERG_HI {upper[row]:g} keV; energy bins must "
            "rise. The file may be damaged."
        )


def remap(values: Singles, lower: Singles, upper: Singles, new_lower: Singles, new_upper: Singles) -> Singles:
    """Return averages over other energy bins, weighted with the overlap, in single precision.

    Every old bin adds ``(value width) (overlap / width)`` to each new bin it overlaps, in the old bins' order, the
    whole ``value width`` where it lies inside; the sum is divided by the new bin's width. So the integral is conserved
    where the new bins cover the old ones, also if both are the same, but a value may change in its last bit.

    Parameters
    ----------
    values : ndarray (n,) of float32
    lower, upper : ndarray (n,) of float32 [keV]
        Old bins.
    new_lower, new_upper : ndarray (m,) of float32 [keV]
        New bins. What no old bin covers counts as 0.

    Returns
    -------
    ndarray (m,) of float32
        In the unit of `values`.
    """
    total = np.zeros(len(new_lower), np.float32)
    width = upper - lower
    content = values * width
    for at in range(len(values)):
        low, high = np.maximum(new_lower, lower[at]), np.minimum(new_upper, upper[at])
        inside = (new_lower <= lower[at]) & (upper[at] <= new_upper)
        share = np.where(inside, np.float32(1), np.maximum(high - low, np.float32(0)) / width[at])
        total += content[at] * share
    return np.asarray(total / (new_upper - new_lower))


def with_area(response: Response, area: EffectiveArea) -> Response:
    """Multiply a redistribution matrix with an effective area, which is remapped to its energies first.

    Parameters
    ----------
    response : Response
    area : EffectiveArea

    Raises
    ------
    DataError
        If an energy bin of the response has no width, or all of them lie outside those of the area.
    """
    require_width(response.energ_lo, response.energ_hi, f"{response.name}[MATRIX]")
    if not ((response.energ_lo < area.energ_hi.max()) & (response.energ_hi > area.energ_lo.min())).any():
        raise DataError(
            f"{area.where}: {area.energ_lo.min():g} to {area.energ_hi.max():g} keV, but {response.name}[MATRIX] has "
            f"{response.energ_lo.min():g} to {response.energ_hi.max():g} keV; give files of the same instrument."
        )
    factor = remap(area.area, area.energ_lo, area.energ_hi, response.energ_lo, response.energ_hi)
    return replace(response, matrix=response.matrix * factor[:, None])
