"""How a light curve is laid out in a file: RATE (or COUNTS) and its good time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.fits import declarations as declared
from rossi.fits.cards import CardTuple, images_of
from rossi.fits.header import Header
from rossi.fits.writer import Column, TableHDU, now, primary_hdu, table_hdu
from rossi.met import add_reference
from rossi.timeseries import units

#: Columns beside TIME RATE ERROR FRACEXP that are carried along, in the order in which they are written.
EXTRA = {
    column.name: column
    for column in (
        *(declared.TIMEDEL, declared.LIVE_TIME, declared.ON_TIME, *declared.OF_PCU),
        *(declared.BACKV, declared.BACKE, declared.CRAB, declared.BARYTIME),
    )
}
#: Keywords of the RATE extension that STDGTI has too.
_SHARED = ["TELESCOP", "INSTRUME", "OBJECT", "MJDREFI", "MJDREFF", "TIMESYS", "TIMEUNIT", "DATE-OBS", "TIME-OBS"]
_SHARED += ["DATE-END", "TIME-END", "TSTARTI", "TSTARTF", "TSTOPI", "TSTOPF"]
_GTI = images_of(("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("HDUCLAS2", "ALL"))
_VALUES = {"RATE": (declared.RATE, declared.ERROR), "COUNTS": (declared.COUNTS, declared.COUNTS_ERROR)}


def rate_table(
    values: Mapping[str, NDArray[np.float64]],
    header: Header,
    cards: Sequence[CardTuple],
    unit: str,
    form: str,
    more: Sequence[tuple[Column, NDArray[Any]]] = (),
) -> TableHDU:
    """Lay out the columns of a light curve.

    Parameters
    ----------
    values : mapping of str to ndarray (n,)
        Columns by name, in file order, among them RATE or COUNTS.
    header : Header
    cards : sequence of CardTuple
        What the table says beside it, or instead.
    unit : str
        Of rates.
    form : str
        TFORM of all columns but TIME.
    more : sequence of (Column, ndarray (n,))
        Further columns.
    """
    quantity = next(name for name in _VALUES if name in values)
    known = _columns(quantity, unit, form)
    columns = [(known[name], column) for name, column in values.items()]
    made = table_hdu(quantity, [*columns, *more], header)
    made.header.put(images_of(*cards, _date()))
    add_reference(made.header)
    return made


@lru_cache(maxsize=16)
def _columns(quantity: str, unit: str, form: str) -> Mapping[str, Column]:
    """Return the columns that a light curve may have, by name."""
    known = {declared.TIME.name: declared.TIME} | EXTRA
    known |= {column.name: replace(column, form=form) for column in (*_VALUES[quantity], declared.FRACEXP)}
    if quantity == "RATE" and unit != units.RATE:
        known |= {name: replace(known[name], unit=unit) for name in ("RATE", "ERROR", "BACKV", "BACKE")}
    return known


def primary(header: Header) -> TableHDU:
    """Lay out the primary HDU of a light curve's file.

    Parameters
    ----------
    header : Header
        With its keywords.
    """
    made = primary_hdu(header.without(("DATE",)))
    made.put(images_of(_date()))
    return TableHDU(made, b"")


def _date() -> CardTuple:
    return "DATE", now(), "file creation date"


def gti_table(intervals: NDArray[np.float64], keywords: Header) -> TableHDU:
    """Lay out good time.

    Parameters
    ----------
    intervals : ndarray (m, 2) [s]
        MET.
    keywords : Header
        Of the light curve, with its time keywords.
    """
    own = images_of(
        ("TIMEZERO", 0.0, "is applied"), ("ONTIME", round(gti.total(intervals), 8), "sum of the intervals [s]")
    )
    header = Header.of([*_GTI, *keywords.picked(_SHARED), *own])
    return table_hdu("STDGTI", list(zip(declared.STDGTI, intervals.T, strict=True)), header)
