"""A table of a FITS file as astropy's, with units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import Header
from rossi.fits.table import Table

if TYPE_CHECKING:
    from astropy import table as astropy_table

#: Units as RXTE's files spell them, and what they mean.
_SPELLINGS = {
    "sec": "s",
    "secs": "s",
    "counts": "ct",
    "count": "ct",
    "counts/s": "ct/s",
    "count/s": "ct/s",
    "Re": "R_earth",
}


def to_astropy(table: Table) -> astropy_table.Table:
    """Return a table with units; undefined whole numbers are masked, undefined reals are NaN.

    Parameters
    ----------
    table : Table

    Returns
    -------
    astropy.table.Table
        Its columns (n_row,) or (n_row, repeat) in file order; ``meta`` holds the keywords that do not describe columns.
    """
    from astropy import units as u
    from astropy.table import Column, MaskedColumn
    from astropy.table import Table as AstropyTable

    made = AstropyTable(meta=_keywords(table.header))
    for info in table.infos.values():
        values, null = _values(table, info.name)
        text = info.unit.strip()
        unit = u.Unit(_SPELLINGS.get(text, text), parse_strict="silent") if text else None
        made[info.name] = Column(values, unit=unit) if null is None else MaskedColumn(values, mask=null, unit=unit)
    return made


def _values(table: Table, name: str) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    info = table.info(name)
    if info.is_variable:
        cells = np.empty(len(table), object)
        cells[:] = list(table.cells(name).rows())
        return cells, None
    values = table.column(name)
    if values.dtype.kind == "f":
        null = table.null(name)
        return np.where(null, np.nan, values) if null.any() else values, None
    null = table.null(name) if info.element not in "AX" else np.zeros(1, bool)
    return values, null if null.any() else None


def _keywords(header: Header) -> dict[str, Any]:
    """Return the keywords that do not say how bytes lie."""
    about = ("TTYPE", "TFORM", "TUNIT", "TDISP", "TNULL", "TZERO", "TSCAL", "TDIM", "NAXIS", "CHECKSUM", "DATASUM")
    structural = {"XTENSION", "BITPIX", "PCOUNT", "GCOUNT", "TFIELDS", "COMMENT", "HISTORY", "CONTINUE", ""}
    return {name: header.get(name) for name in header if name not in structural and not name.startswith(about)}
