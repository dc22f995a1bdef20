"""The archive's filter file: laid out as rossi's, with the simulated truth in place of what rossi finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rossi.arrays import Floats
from rossi.fits.edit import file_bytes, with_values
from rossi.fits.reader import open_fits
from rossi.simulate import attitude, orbit
from rossi.simulate.detector import COUNTERS, Rows, pcu_on
from rossi.simulate.spec import PCUS, ROW, ObservationSpec

_NAMES = list(COUNTERS)
#: Counters whose ratio is called ELECTRONn.
_ABOVE, _BELOW = (_NAMES.index("VpX1L"), _NAMES.index("VpX1R")), _NAMES.index("Q6VxVpXe")


def true_filter_file(spec: ObservationSpec, rows: Rows, laid_out: bytes) -> bytes:
    """Return a filter file with the true pointing, elevation, state of the PCUs and electron ratios.

    Parameters
    ----------
    spec : ObservationSpec
    rows : Rows
        Counters, from which the electron ratios are.
    laid_out : bytes
        A filter file of the observation.
    """
    file = open_fits(laid_out, "stdprod/x.xfl")
    table = file.table(hdu=1)
    time = table.numbers("Time")
    on = pcu_on(spec, time)
    ahead = attitude.boresight(spec, time)
    known: dict[str, Floats] = {
        "ELV": orbit.elevation(time, ahead),
        "OFFSET": attitude.offset(spec, time),
        "POINT_RA": np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0])) % 360,
        "POINT_DEC": np.degrees(np.arcsin(ahead[:, 2])),
        "NUM_PCU_ON": on.sum(1),
    }
    known |= {f"PCU{pcu}_ON": on[:, pcu].astype(float) for pcu in range(PCUS)}
    known |= {f"ELECTRON{pcu}": _ratio(rows, pcu, time) for pcu in range(PCUS)}
    values = {}
    for name, true in known.items():
        found = table.numbers(name)
        found[table.null(name)] = np.nan
        values[name] = np.where(np.isnan(found) | np.isnan(true), table.column(name), true)
    return file_bytes(replace(file, tables=(with_values(table, values), *file.tables[1:])), compress=spec.compress)


def _ratio(rows: Rows, pcu: int, time: Floats) -> Floats:
    """Return the electron ratio at times; NaN where no row is near enough on both sides."""
    if len(rows.time) < 2:
        return np.full(len(time), np.nan)
    above, below = rows.counters[:, pcu, _ABOVE].sum(1), rows.counters[:, pcu, _BELOW]
    at = np.clip(np.searchsorted(rows.time, time, "right"), 1, len(rows.time) - 1)
    near = (rows.time[at] - rows.time[at - 1] <= ROW) & (rows.time[0] <= time) & (time <= rows.time[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.interp(time, rows.time, above) / np.interp(time, rows.time, below)
    return np.where(near & np.isfinite(ratio), ratio, np.nan)
