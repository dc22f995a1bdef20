"""PCU housekeeping (FH5a to FH5e): was the high voltage on, and how were very large events treated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits.dated import clock, dated
from rossi.fits.reader import FitsFile
from rossi.pca.standard2 import PCUS

_FILES = "of all five housekeeping files, pca/FH5a_* to FH5e_*, one file each of PCU 0 to 4 is needed"
_DETECTOR = re.compile(r"D\[([0-4])\]")


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """State of one PCU over time.

    Parameters
    ----------
    pcu : int
    time : ndarray (n,) [s]
        Raw spacecraft clock.
    on : ndarray (n,) of bool
        High voltage commanded, on, and its relay closed.
    vle_setting : ndarray (n,) of int
        ``dsVle``, 0 to 3: how long a very large event blocks the PCU.
    """

    pcu: int
    time: NDArray[np.float64]
    on: NDArray[np.bool_]
    vle_setting: NDArray[np.int64]

    @classmethod
    def from_file(cls, file: FitsFile) -> Housekeeping:
        """Read a housekeeping file; the PCU is the one that TDDES names.

        Parameters
        ----------
        file : FitsFile

        Raises
        ------
        DataError
            If TDDES names no PCU, TIMESYS is missing, or the table has no row.
        """
        table = file.table(hdu=1)
        descriptor = str(table.header.get("TDDES", ""))
        match = _DETECTOR.search(descriptor)
        if match is None:
            raise DataError(f"{table.where}: TDDES is {descriptor!r}; D[0] to D[4] was expected in PCU housekeeping.")
        if "TIMESYS" not in table.header:
            raise DataError(f"{table.where}: keyword TIMESYS is missing; the file's times have no meaning without it.")
        if not len(table):
            raise DataError(f"{table.where}: the table has no row; the state of PCU {match[1]} is unknown.")
        table, _ = dated(table, clock(table))  # the state of the row before holds
        if not len(table):
            raise DataError(f"{table.where}: no row has a time; the state of PCU {match[1]} is unknown.")
        on = np.logical_and.reduce([table.numbers(name) != 0 for name in ("cmdhvXE", "hvXErly", "hvXEon")])
        time = table.numbers(clock(table))
        return cls(int(match[1]), time, on, table.integers("dsVle"))

    def hold_vle_setting(self, time: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the VLE setting at each time: the last sample not later; outside, the nearest sample.

        Parameters
        ----------
        time : ndarray (n,) or (n_row, n_sample) [s]
            Raw spacecraft clock.

        Returns
        -------
        ndarray of int, shaped as `time`
        """
        at = np.searchsorted(self.time, time, "right") - 1
        return self.vle_setting[np.maximum(at, 0)]

    def hold_on(self, time: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whether the PCU is on at each time, and where that is unknown.

        It is unknown before the first sample, and from the last sample on for all but the first such time.

        Parameters
        ----------
        time : ndarray (n,) [s]
            Raw spacecraft clock, increasing.

        Returns
        -------
        on, unknown : ndarray (n,) of bool
        """
        last = len(self.time) - 1
        at = np.searchsorted(self.time, time, "right") - 1
        (beyond,) = (at == last).nonzero()
        unknown = at < 0
        unknown[beyond[1:]] = True
        return self.on[np.maximum(at, 0)], unknown


def missing_pcus(housekeeping: Iterable[Housekeeping]) -> list[int]:
    """Return the PCUs that have no housekeeping.

    Parameters
    ----------
    housekeeping : iterable of Housekeeping
    """
    return sorted(set(PCUS) - {one.pcu for one in housekeeping})


def require_each_pcu(housekeeping: Iterable[Housekeeping], where: str, advice: str = "fetch them again") -> None:
    """Refuse housekeeping that is not one file of each PCU.

    Parameters
    ----------
    housekeeping : iterable of Housekeeping
    where : str
        Where it was looked for, for the message.
    advice : str
        What to do, for the message.

    Raises
    ------
    DataError
        Naming the PCUs that were found.
    """
    found = sorted(one.pcu for one in housekeeping)
    if found != list(PCUS):
        pcus = ", ".join(map(str, found)) or "none"
        raise DataError(f"{where}: {_FILES}, but found those of PCU {pcus}; {advice}.")
