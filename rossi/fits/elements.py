"""Elements of columns: from how they are stored to what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.fits.structure import ColumnInfo


def native(info: ColumnInfo, raw: NDArray[Any]) -> NDArray[Any]:
    """Return elements in native byte order, scaled; texts excepted.

    Parameters
    ----------
    info : ColumnInfo
    raw : ndarray
        As stored.
    """
    if info.element == "L":
        return np.asarray(raw == ord("T"))
    values = raw.astype(raw.dtype.newbyteorder("="))
    if info.scale == 1.0 and info.zero == 0.0:
        return values
    if info.scale == 1.0 and float(info.zero).is_integer() and info.element in "BIJK":
        wide: Any = {"B": np.int16, "I": np.int32}.get(info.element, np.int64)
        return np.asarray(values.astype(wide) + wide(info.zero))
    return np.asarray(values.astype(np.float64) * info.scale + info.zero)


def undefined(info: ColumnInfo, raw: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which elements are undefined: TNULL for integers, NaN for floats, byte 0 for L.

    Parameters
    ----------
    info : ColumnInfo
    raw : ndarray
        As stored.
    """
    if info.element in "ED":
        return np.asarray(np.isnan(raw))
    if info.element == "L":
        return np.asarray((raw != ord("T")) & (raw != ord("F")))
    if info.null is None or info.element in "AX":
        return np.zeros(raw.shape, bool)
    return np.asarray(raw == info.null)
