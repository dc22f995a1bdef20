"""Dead time beside fast data: known each 0.125 s from Standard1, or each 16 s from Standard2, and no finer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.extract.array import ScienceArray
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import TableHDU, table_hdu
from rossi.pca.lightcurve import DeadTime, PreparedArray, row_exposure
from rossi.pca.standard2 import PCUS


@dataclass(frozen=True, slots=True)
class DeadFraction:
    """Part of the time in which PCUs were dead.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Begin of each sample, MET (TT), ascending.
    step : float [s]
        Length of a sample.
    fraction : ndarray (n,)
        Mean of the PCUs that were on and good; NaN where none was.
    number : ndarray (n,)
        How many these were.
    """

    time: Floats
    step: float
    fraction: Floats
    number: NDArray[np.int64]

    def at(self, time: Floats) -> Floats:
        """Return the fraction at some times, NaN where it is not known.

        The rate of a bin is its counts over its length and 1 - fraction.

        Parameters
        ----------
        time : ndarray (n,) [s]
            MET (TT).

        Returns
        -------
        ndarray (n,)
        """
        row = np.searchsorted(self.time, time, "right") - 1
        known = (row >= 0) & (time < self.time[np.maximum(row, 0)] + self.step)
        return np.where(known, self.fraction[np.maximum(row, 0)], np.nan)

    def during(self, start: float, stop: float) -> DeadFraction:
        """Return the samples of some time.

        Parameters
        ----------
        start, stop : float [s]
            MET (TT).
        """
        inside = (self.time + self.step > start) & (self.time < stop)
        return DeadFraction(self.time[inside], self.step, self.fraction[inside], self.number[inside])

    def table(self, cards: Iterable[CardTuple] = ()) -> TableHDU:
        """Lay it out as the table DEADTIME.

        Parameters
        ----------
        cards : iterable of CardTuple
            Further keywords.
        """
        header = Header([("HDUCLASS", "ROSSI"), ("HDUCLAS1", "DEADTIME"), ("TIMEDEL", self.step, "[s] of a sample")])
        header.extend(card for card in Header(cards).images() if card[0] != "TIMEDEL")
        columns = list(zip(declared.DEADTIME, (self.time, self.fraction, self.number), strict=True))
        return table_hdu("DEADTIME", columns, header)


def dead_fraction(files: Sequence[ScienceArray], pcus: Sequence[int] = PCUS) -> DeadFraction:
    """Return the dead fraction of prepared Standard1 or Standard2 files.

    Parameters
    ----------
    files : sequence of ScienceArray
        With LiveTimePcuN and OnTimePcuN, as ``pcadeadcalc1`` and ``pcadeadcalc2`` make them; or prepared arrays.
    pcus : sequence of int

    Raises
    ------
    DataError
        If there is none, they are not prepared, or differ in the length of their samples.
    """
    if not files:
        raise DataError("No prepared Standard1 or Standard2 file is given; dead time is not known.")
    parts, steps = [], set()
    for file in files:
        of = "XeCntPcu" if isinstance(file, PreparedArray) else "OnTimePcu"
        shape = file.shape(f"{of}{pcus[0]}")
        time = (file.time[:, None] + np.arange(shape.n_time) * shape.dt).ravel()
        on, live = (row_exposure(file, kind, pcus) for kind in (DeadTime.ON, DeadTime.LIVE))
        parts.append(np.column_stack((time, on.sum(axis=1), live.sum(axis=1), (on > 0).sum(axis=1))))
        steps.add(shape.dt)
    if len(steps) > 1:
        lengths = " and ".join(f"{step:g}" for step in sorted(steps))
        raise DataError(f"{files[0].name}: samples of {lengths} s are mixed; take Standard1 or Standard2 alone.")
    rows = np.concatenate(parts)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    fraction = np.full(len(rows), np.nan)
    some = rows[:, 1] > 0
    fraction[some] = 1 - rows[some, 2] / rows[some, 1]
    return DeadFraction(rows[:, 0], steps.pop(), fraction, rows[:, 3].astype(np.int64))
