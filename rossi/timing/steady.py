"""Good time in which the same PCUs were on: what is cut from it where PCUs were switched, and how many there were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.arrays import Floats
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.met import timezero
from rossi.pca.standard1 import TRANSITION
from rossi.pca.standard2 import PCUS


@dataclass(frozen=True, slots=True)
class Steady:
    """Good time in which PCUs were neither switched nor all off.

    Parameters
    ----------
    gti : Gti
        MET (TT).
    time : ndarray (n,) [s]
        From when on, MET (TT) ...
    on : ndarray (n, 5) of bool
        ... each PCU was on or not.
    """

    gti: Gti
    time: Floats
    on: NDArray[np.bool_]

    def number(self, during: Gti, pcus: Sequence[int] = PCUS) -> float:
        """Return how many PCUs were on, the mean over some time.

        Parameters
        ----------
        during : Gti
            MET (TT).
        pcus : sequence of int
            Which ones count.

        Returns
        -------
        float
            NaN if it is no time.
        """
        middle, length = during.mean(axis=1), np.diff(during)[:, 0]
        if not length.sum() > 0:
            return float("nan")
        row = np.maximum(np.searchsorted(self.time, middle, "right") - 1, 0)
        return float((self.on[row][:, list(pcus)].sum(axis=1) * length).sum() / length.sum())


def steady(table: Table, good: Gti) -> Steady:
    """Return the good time without what lies within 24 s of a switching of any PCU.

    Parameters
    ----------
    table : Table
        Of a filter file: Time and PCU0_ON to PCU4_ON, a row each 16 s or so.
    good : Gti
        MET (TT).
    """
    time = table.numbers("Time") + timezero(table.header, table.where)
    columns = [f"PCU{pcu}_ON" for pcu in PCUS]
    on = np.column_stack([(table.column(name) == 1) & ~table.null(name) for name in columns])
    order = np.argsort(time, kind="stable")
    time, on = time[order], on[order]
    changed = np.flatnonzero((on[1:] != on[:-1]).any(axis=1))
    cut = np.column_stack((time[changed] - TRANSITION, time[changed + 1] + TRANSITION))
    edges = np.append(time, time[-1:] + 1e9)
    off = ~on.any(axis=1)
    none = np.column_stack((edges[:-1][off], edges[1:][off]))
    return Steady(intervals.difference(intervals.difference(good, cut), none), time, on)
