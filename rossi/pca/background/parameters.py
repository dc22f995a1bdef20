"""The values of a model's parameters in each row of the data."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.pca.background.model import Axis
from rossi.pca.background.saa import decayed_dose
from rossi.pca.deadtime import row_totals
from rossi.pca.standard2 import REMAINING

Singles = NDArray[np.float32]

#: Dead time of an event inside the model [s].
_EVENT_DEAD_TIME = 1e-5
#: The models were made with a live fraction that counts a VLE as 15 events and the first layer's left anode six times
#: (for the six anodes); with any other live fraction they would be off by up to a few per cent.
_EVENTS_PER_VLE, _ANODES = 15, 6
_COINCIDENCES = ("X2LX2R", "X3LX3R", "X1LX2L", "X1RX2R", "X2LX3L", "X2RX3R")
#: Standard2 channels 0 to 22 of the lower layers count as below the lower level discriminator for k = 9.
_LOW_CHANNELS = 23


class ParameterSource:
    """Parameters of one Standard2 file; each is worked out once.

    Parameters
    ----------
    data : Table
        XTE_SA of a Standard2 file.
    filter_rows : Table or None
        XTE_MKF of the filter file.
    saa : FitsFile or None
        History of SAA passages.
    mjd : float
        Of the observation.
    """

    def __init__(self, data: Table, filter_rows: Table | None, saa: FitsFile | None, mjd: float) -> None:
        self.data, self.filter_rows, self.saa, self.mjd = data, filter_rows, saa, mjd
        self.time: Floats = data.numbers("Time")
        self.row_length = data.header.number("DELTAT", data.where)
        self._rows = None if filter_rows is None else following_row(filter_rows, self.time)
        self._known: dict[object, Floats] = {}
        self._live: dict[int, Singles] = {}

    def value(self, axis: Axis, pcu: int | None, where: str) -> Floats:
        """Return what to look up on an axis.

        Parameters
        ----------
        axis : Axis
        pcu : int or None
            Whose live fraction counts.
        where : str
            File and HDU of the model, for messages.

        Returns
        -------
        ndarray (n_row,)
            NaN where the parameter is not known.

        Raises
        ------
        DataError
            If no input has the parameter and it can't be worked out.
        """
        key = (axis.parameter, axis.special, axis.per_second, pcu if axis.per_live_time else None)
        if key not in self._known:
            single = self._single(axis, where)
            if axis.per_live_time:
                if pcu is None:
                    raise DataError(f"{where}: CDEDT asks for the live fraction of a PCU, but DETNAM names none.")
                with np.errstate(divide="ignore", invalid="ignore"):
                    single = single / self.live_fraction(pcu)
            self._known[key] = single.astype(np.float64) / (self.row_length if axis.per_second else 1.0)
        return self._known[key]

    def live_fraction(self, pcu: int) -> Singles:
        """Return the live fraction of each row that the models were made with; not that of the dead time.

        Parameters
        ----------
        pcu : int

        Returns
        -------
        ndarray (n_row,) of float32
        """
        if pcu not in self._live:
            others = [f"{name}CntPcu{pcu}" for name in REMAINING if name != "Zero"]
            events = _EVENTS_PER_VLE * self._count([f"VLECntPcu{pcu}"]) + self._count(others)
            events += _ANODES * self._count([f"X1LSpecPcu{pcu}"]) + self._count([f"VpSpecPcu{pcu}"])
            self._live[pcu] = (1.0 - _EVENT_DEAD_TIME * events / self.row_length).astype(np.float32)
        return self._live[pcu]

    def _single(self, axis: Axis, where: str) -> Singles:
        name = axis.parameter
        if _has(self.data, name):
            return _column(self.data, name)
        if self.filter_rows is not None and self._rows is not None and _has(self.filter_rows, name):
            return np.asarray(_column(self.filter_rows, name)[self._rows])
        if name == "Exp_Decay":
            if self.saa is None:
                raise DataError(f"{where}: the model needs the history of SAA passages; give saahfile.")
            return decayed_dose(self.saa, self.time, axis.special, self.mjd)
        counted = self._worked_out(name)
        if counted is None:
            filters = "there is no filter file" if self.filter_rows is None else f"{self.filter_rows.where} has none"
            raise DataError(
                f"{where}: the model's parameter {name} is no column of {self.data.where}, {filters}, and it can't be "
                "worked out; give a filter file that has it, or another model."
            )
        return counted.astype(np.float32)

    def _worked_out(self, name: str) -> Floats | None:
        """Return a quantity that is a sum of counters, None if it is no such quantity."""
        match = re.fullmatch(r"(VxCnt|Xe([679])LLDCnt|VpX\d+Cnt|Vx(\d+)Cnt)Pcu(-1|[0-4])", name)
        if match is None:
            return None
        kind = match[1]
        if kind == "VxCnt":
            counters = ["VxL", "VxH", "VxLVxH"]
        elif kind.startswith("VpX"):
            counters = ["VpX1L", "VpX1R"]
        elif match[3]:
            counters = ["VxX3L", "VxX3R"] + ([] if match[3] == "2" else ["VxX2L", "VxX2R"])
        else:
            counters = [*(() if match[2] == "6" else ("X1LX1R",)), *_COINCIDENCES]
        pcus = (0, 1, 2) if match[4] == "-1" else (int(match[4]),)
        total = self._count([f"{counter}CntPcu{pcu}" for pcu in pcus for counter in counters])
        if match[2] == "9":
            anodes = [f"{anode}SpecPcu{pcu}" for pcu in pcus for anode in ("X2L", "X2R", "X3L", "X3R")]
            total += sum(self.data.column(anode)[:, :_LOW_CHANNELS].sum(axis=1) for anode in anodes)
        return total

    def _count(self, columns: Sequence[str]) -> Floats:
        return row_totals(self.data, tuple(columns)).astype(np.float64)


def following_row(filter_rows: Table, time: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the first filter row at or after each time, the last row where there is none.

    Parameters
    ----------
    filter_rows : Table
        XTE_MKF of the filter file.
    time : ndarray (n_row,) [s]

    Returns
    -------
    ndarray (n_row,) of int

    Raises
    ------
    DataError
        If the filter file has no rows.
    """
    if not len(filter_rows):
        raise DataError(f"{filter_rows.where}: the filter file has no rows; make it again.")
    highest = np.maximum.accumulate(filter_rows.numbers("Time"))
    return np.minimum(np.searchsorted(highest, time, "left"), len(highest) - 1)


def _has(table: Table, name: str) -> bool:
    return name in table and table.info(name).name == name and table.info(name).repeat == 1


def _column(table: Table, name: str) -> Singles:
    """Return a scalar column in single precision, NaN where it is NULL."""
    values = table.numbers(name).astype(np.float32)
    values[table.null(name)] = np.nan
    return values
