"""High-voltage breakdowns of the PCUs, from the calibration file that lists the time without any."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from rossi import gti
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.met import timezero
from rossi.pca.standard2 import PCUS


@lru_cache(maxsize=8)
def read_breakdowns(file: FitsFile, data_timezero: float) -> Mapping[int, gti.Gti]:
    """Return, for each PCU, the time without breakdown, in the raw clock of the data.

    Of the same opened file it is worked out once a process.

    Parameters
    ----------
    file : FitsFile
        With extensions PCU0_GTI to PCU4_GTI (columns START, STOP).
    data_timezero : float [s]
        TIMEZERO of the data to which the result will be compared.

    Returns
    -------
    mapping of int to ndarray (m, 2) [s]

    Raises
    ------
    DataError
        If an extension is missing.
    """
    good = {}
    for pcu in PCUS:
        try:
            table = file.table(f"PCU{pcu}_GTI")
        except DataError as error:
            raise DataError(
                f"{error} Breakdown files have PCU0_GTI to PCU4_GTI; give another breakfile, or NONE."
            ) from None
        shift = timezero(table.header, table.where) - data_timezero
        good[pcu] = gti.make(np.column_stack((table.numbers("START"), table.numbers("STOP"))) + shift)
    return MappingProxyType(good)
