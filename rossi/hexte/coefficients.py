"""Dead-time coefficients: how long an upper-level event keeps a detector busy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.table import Table
from rossi.hexte.science import DETECTORS, FRAME, Cluster
from rossi.remarks import Remark


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Coefficients in force during a housekeeping file.

    Parameters
    ----------
    xuld, uld : ndarray (4,) [s s]
        Dead time a frame for each count a second of the extra upper and the upper level discriminator.
    remarks : tuple of Remark
        Says so where none is in force, and they are zero.
    """

    xuld: Floats
    uld: Floats
    remarks: tuple[Remark, ...] = ()


def coefficients(table: Table, cluster: Cluster, time: tuple[float, float]) -> Coefficients:
    """Choose the row of a coefficient file that holds for a time; the last one of several.

    Parameters
    ----------
    table : Table
        HXTDEADCO.
    cluster : Cluster
    time : tuple of float [s]
        First and last Time of the housekeeping; the row must hold for both.

    Raises
    ------
    DataError
        If the file is the other cluster's, or has not the columns of a coefficient file.
    """
    prefix = cluster.value.lower()
    if f"{prefix}0co0" not in table:
        raise DataError(
            f"{table.where}: column {prefix}0co0 is missing (DETNAM is {table.header.get('DETNAM', 'absent')!r}); the "
            f"dead-time coefficients of cluster {cluster.name} were expected."
        )
    start, stop = _spans(table)
    (found,) = ((start <= time[0]) & (time[1] <= stop)).nonzero()
    if not len(found):
        remark = Remark(
            "no_coefficients",
            f"{table.where}: no row holds from {time[0]:.0f} to {time[1]:.0f} s, as the housekeeping does; the dead "
            "time of upper-level events is taken as 0, so live times are too long. Give a coefficient file that covers "
            "the observation.",
        )
        return Coefficients(np.zeros(len(DETECTORS)), np.zeros(len(DETECTORS)), (remark,))
    return Coefficients(*_row(table, prefix, int(found[-1])))


@lru_cache(maxsize=4)  # one table holds for many observations
def _spans(table: Table) -> tuple[Floats, Floats]:
    return table.numbers("TSTART"), table.numbers("TSTOP")


@lru_cache(maxsize=8)
def _row(table: Table, prefix: str, row: int) -> tuple[Floats, Floats]:
    """Return what a row has of the extra upper and the upper level discriminator (4,) [s s]."""
    names = [f"{prefix}{d}co{n}" for n in (0, 1) for d in DETECTORS]
    xuld, uld = table.rows_of_numbers(names)[:, row].reshape(2, len(DETECTORS)) * FRAME
    return xuld, uld
