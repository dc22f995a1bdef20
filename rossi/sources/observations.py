"""The observations that are sorted into sources: where each looked, at what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.archive import LETTERS, Kind, ObsID
from rossi.arrays import Floats
from rossi.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Observations, in any order.

    Parameters
    ----------
    obsid, target : sequence of str (n,)
        Target as the observer spelled it, empty where it is not known.
    ra, dec : ndarray (n,) [deg]
        Of the pointing, J2000; NaN where not known.
    time : ndarray (n,) [d]
        Start, MJD; NaN where not known.
    exposure : ndarray (n,) [s]
        NaN where not known.

    Raises
    ------
    ConfigError
        If they are not as many.
    """

    obsid: Sequence[str]
    target: Sequence[str]
    ra: Floats
    dec: Floats
    time: Floats
    exposure: Floats

    def __post_init__(self) -> None:
        given = {one.name: len(getattr(self, one.name)) for one in fields(self)}
        if len(set(given.values())) > 1:
            told = ", ".join(f"{name} {number}" for name, number in given.items())
            raise ConfigError(f"Observations to be grouped: columns of one length were expected; found {told} rows.")

    @classmethod
    def of(cls, table: Any, *, target: str = "target_name") -> Observations:
        """Return the observations of a table by its columns, those of a work list.

        Parameters
        ----------
        table : astropy.table.Table
            With the columns obsid, target_name, ra, dec, time, exposure.
        target : str
            Column of the targets' names.

        Raises
        ------
        ConfigError
            If a column is missing.
        """
        names = ("obsid", target, "ra", "dec", "time", "exposure")
        if missing := [name for name in names if name not in table.colnames]:
            raise ConfigError(f"Observations to be grouped: columns {', '.join(missing)} are missing in the table.")
        obsid, targets = ([str(text) for text in table[name].tolist()] for name in names[:2])
        return cls(obsid, targets, *(_numbers(table[name]) for name in names[2:]))

    def __len__(self) -> int:
        return len(self.obsid)

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Whether the pointing of each is known, and is one (n,)."""
        return np.isfinite(self.ra) & np.isfinite(self.dec) & (np.abs(self.dec) <= 90)

    @property
    def moving(self) -> NDArray[np.bool_]:
        """Which are slews, scans or rasters, as the last letter of the ObsID says (n,)."""
        letters = {letter for letter, (kind, _) in LETTERS.items() if kind in {Kind.SLEW, Kind.SCAN}}
        return np.array([obsid[-1:] in letters and _is_obsid(obsid) for obsid in self.obsid], bool)

    @property
    def rank(self) -> NDArray[np.int64]:
        """Place of each by start, those without one last; equal rows aside, the same whatever the order (n,)."""
        keys = (self.target, self.dec, self.ra, self.obsid, self.time)
        order = np.lexsort([np.asarray(key) for key in keys])
        rank = np.empty(len(self), np.int64)
        rank[order] = np.arange(len(self))
        return rank


def _is_obsid(text: str) -> bool:
    try:
        return bool(ObsID(text))
    except ConfigError:
        return False


def _numbers(column: Any) -> Floats:
    filled = column.filled(np.nan) if hasattr(column, "filled") else column
    return np.asarray(filled, np.float64)
