"""The first half of a filter file: housekeeping and Standard2 counters interpolated to a grid of 16 s.

Source: what the FTOOLS task fcollect does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rossi.fits.writer import Column
from rossi.simulate.detector import COUNTERS, Rows
from rossi.simulate.housekeeping import Samples
from rossi.simulate.spec import PCUS, ObservationSpec

Floats = NDArray[np.float64]
Grid = dict[str, tuple[Column, Floats]]

STEP = 16
#: Samples further apart than this are not connected [s].
MAX_GAP = 128.0
_NULL = {"B": 255, "J": 2147483647}
_ELECTRONS = ("VpX1L", "VpX1R", "Q6VxVpXe")
#: Counters that L6CNTPCU0 adds up.
LAYERS = ("X2LX2R", "X3LX3R", "X1LX2L", "X1RX2R", "X2LX3L", "X2RX3R")
_PCU_COLUMNS = ("cmdhvXE", "hvXEon", "hvXErly", "evXEgood")


def grid(spec: ObservationSpec) -> Floats:
    """Return the times of the filter file's rows [s]."""
    start, stop = spec.span
    return np.arange(start, stop + 1, STEP, dtype=np.float64)


def on_grid(time: Floats, x: Floats, y: Floats, *, previous: bool = False) -> Floats:
    """Interpolate samples to a grid.

    Parameters
    ----------
    time : ndarray (n,) [s]
    x, y : ndarray (m,)
        Times and values of the samples.
    previous : bool
        Take the sample before instead of the line between two, even where a sample's time is hit.

    Returns
    -------
    ndarray (n,)
        NaN outside the samples and where they are more than `MAX_GAP` apart.
    """
    if len(x) < 2:
        return np.full(len(time), np.nan)
    i = np.clip(np.searchsorted(x, time, "left"), 1, len(x) - 1)
    y = y.astype(np.float64)
    x0, x1, y0, y1 = x[i - 1], x[i], y[i - 1], y[i]
    value = y0 if previous else y0 + (time - x0) * (y1 - y0) / (x1 - x0)
    good = (time >= x[0]) & (time <= x[-1]) & (x1 - x0 <= MAX_GAP)
    return np.where(good, value, np.nan)


def _longitude(time: Floats, x: Floats, degrees: Floats) -> Floats:
    turns = np.r_[0, np.cumsum(np.diff(degrees) < 0)]
    value = on_grid(time, x, degrees + 360.0 * turns)
    return np.asarray(value - 360.0 * np.trunc(value / 360.0))


def _taken(time: Floats, samples: Samples, column: Column, values: Floats) -> Floats:
    if column.name == "ACSEARTHLON":
        return _longitude(time, samples.time, values)
    found = on_grid(time, samples.time, values, previous=column.name == "cmdhvXE")
    return np.trunc(found) if column.form in _NULL else found


def _output(column: Column, name: str) -> Column:
    return Column(name, column.form, column.unit, null=_NULL.get(column.form), keywords=column.keywords)


def collect(spec: ObservationSpec, acs: Sequence[Samples], rows: Rows, pcus: Sequence[Samples]) -> Grid:
    """Return the interpolated columns of a filter file by name, NULL as NaN."""
    time = grid(spec)
    found: Grid = {}
    for samples in acs:
        for column, values in samples.columns:
            found[column.name] = _output(column, column.name), _taken(time, samples, column, values)
    for pcu in range(PCUS):
        _counters(found, time, rows, pcu, _ELECTRONS)
    _counters(found, time, rows, 0, LAYERS)
    for name in _PCU_COLUMNS:
        for pcu, samples in enumerate(pcus):
            column, values = next(c for c in samples.columns if c[0].name == name)
            renamed = f"{name}_PCU{pcu}"
            found[renamed] = _output(column, renamed), _taken(time, samples, column, values)
    return found


def _counters(found: Grid, time: Floats, rows: Rows, pcu: int, names: Sequence[str]) -> None:
    order = list(COUNTERS)
    for name in names:
        column = Column(f"{name}CntPcu{pcu}", "E", "count", keywords=(("TDDES", f"D[{pcu}] & E[{name}]"),))
        found[column.name] = column, on_grid(time, rows.time, rows.counters[:, pcu, order.index(name)].astype(float))
