"""The column of a product that a figure shows, in both files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rossi.arrays import Floats
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table

#: What is drawn over what, the first that a product has.
_DRAWN = (
    ("TIME", "RATE"),
    ("TIME", "COUNTS"),
    ("CHANNEL", "COUNTS"),
    ("CHANNEL", "RATE"),
    ("TIME", "XeCntPcu2"),
    ("TIME", "ELV"),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """A column over another.

    Parameters
    ----------
    x, y : ndarray (n,)
        NaN where undefined.
    """

    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class Pair:
    """The same column of two products.

    Parameters
    ----------
    name, x_label, y_label : str
    first, second : Curve
    is_counted : bool
        Whether it is a light curve or a spectrum.
    """

    name: str
    x_label: str
    y_label: str
    first: Curve
    second: Curve
    is_counted: bool = False

    @property
    def difference(self) -> Curve:
        """Second minus first, where both have a value of the same x."""
        _, mine, other = np.intersect1d(np.round(self.first.x, 3), np.round(self.second.x, 3), return_indices=True)
        return Curve(self.first.x[mine], self.second.y[other] - self.first.y[mine])


def pair_of(first: FitsFile, second: FitsFile, name: str) -> Pair | None:
    """Return what a figure shows of two products; None for products that nothing is drawn of.

    Parameters
    ----------
    first, second : FitsFile
    name : str
        Of the product.
    """
    for x, y in _DRAWN:
        tables = [_table(file, x, y) for file in (first, second)]
        if tables[0] is not None and tables[1] is not None:
            one, other = (Curve(_numbers(table, x), _numbers(table, y)) for table in tables if table is not None)
            unit = tables[0].info(y).unit
            label = f"{tables[0].info(y).name} [{unit}]" if unit else y
            return Pair(name, tables[0].info(x).name, label, one, other, y in ("RATE", "COUNTS"))
    return None


def _table(file: FitsFile, x: str, y: str) -> Table | None:
    return next((t for t in file.tables if x in t and y in t and t.info(x).repeat == t.info(y).repeat == 1), None)


def _numbers(table: Table, name: str) -> Floats:
    values = table.numbers(name, None)
    values[table.null(name)] = np.nan
    return values
