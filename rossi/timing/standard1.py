"""Standard1 of an observation, prepared: what fast data need of it, and no more, as it is held all together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import PreparedArray
from rossi.pca.standard1 import PreparedStandard1, Singles, Standard1Pcu, prepare_standard1
from rossi.pca.standard2 import PCUS
from rossi.remarks import Remark
from rossi.timing.power import VeryLargeEvents


@dataclass(frozen=True, slots=True)
class CompactPcu:
    """Samples of one PCU.

    Parameters
    ----------
    bad : ndarray (n_row, n_sample) of bool
    on_time, live_time : ndarray (n_row, n_sample) of float32 [s]
    """

    bad: NDArray[np.bool_]
    on_time: Singles
    live_time: Singles

    @classmethod
    def of(cls, pcu: Standard1Pcu) -> CompactPcu:
        """Return what is kept of samples.

        Parameters
        ----------
        pcu : Standard1Pcu
        """
        return cls(pcu.bad, pcu.on_time, pcu.live_time)


class CompactArray(PreparedArray):
    """A prepared Standard1 file of which only bad samples and exposure are kept.

    Parameters
    ----------
    prepared : PreparedStandard1
    """

    def __init__(self, prepared: PreparedStandard1) -> None:
        super().__init__(prepared)
        self.rows = {number: CompactPcu.of(pcu) for number, pcu in prepared.rows.items()}


@dataclass
class Standard1:
    """All Standard1 files of an observation.

    Parameters
    ----------
    arrays : list of CompactArray
        By start.
    remarks : list of Remark
        On files that are left out.
    """

    arrays: list[CompactArray] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    _counts: float = 0.0
    _dead: float = 0.0
    _seconds: float = 0.0

    @property
    def very_large(self) -> VeryLargeEvents | None:
        """Mean rate of very large events in a PCU, and dead time of each; None where they are not known."""
        if not self._counts:
            return None
        return VeryLargeEvents(self._counts / self._seconds, self._dead / self._counts)

    def add(self, prepared: PreparedStandard1) -> None:
        """Add a file.

        Parameters
        ----------
        prepared : PreparedStandard1
        """
        for pcu in prepared.rows.values():
            good = ~pcu.bad
            self._counts += float(pcu.vle_counts[good].sum(dtype=np.float64))
            self._dead += float(pcu.vle_dead_time[good].sum(dtype=np.float64))
            self._seconds += float(pcu.on_time[good].sum(dtype=np.float64))
        self.arrays.append(CompactArray(prepared))
        self.arrays.sort(key=lambda array: array.tstart)


def read_standard1(files: Iterable[FitsFile], housekeeping: Sequence[Housekeeping], rules: BadRowRules) -> Standard1:
    """Prepare Standard1 files, one after the other; those that are damaged are left out.

    Parameters
    ----------
    files : iterable of FitsFile
    housekeeping : sequence of Housekeeping
        One a PCU; a PCU without counts as off.
    rules : BadRowRules
    """
    made = Standard1()
    for file in files:
        try:
            made.add(prepare_standard1(file, housekeeping, None, rules))
        except DataError as error:
            made.remarks.append(Remark("file_left_out", f"{error} It is left out."))
    if made.arrays and len({one.pcu for one in housekeeping}) < len(PCUS):
        absent = ", ".join(str(pcu) for pcu in PCUS if pcu not in {one.pcu for one in housekeeping})
        made.remarks.append(Remark("no_housekeeping", f"PCU {absent} has no housekeeping file and counts as off."))
    return made
