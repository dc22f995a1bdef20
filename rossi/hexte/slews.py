"""Realtime data without housekeeping: the first-order correction, for the time that is spent slewing."""

from __future__ import annotations

import numpy as np

from rossi.errors import ConfigError
from rossi.fits.reader import FitsFile
from rossi.hexte.rocking import Position

#: Two slews of 2 s cut a dwell beside the source [s].
SLEWING = 4.0


def exposed_part(position: Position, dwell: float) -> float:
    """Return the part of the time at a position that is not spent slewing: (dwell - 4 s) / dwell beside the source.

    Source: the cook book's recipe for realtime data, whose 0.75 is that of 16 s.

    Parameters
    ----------
    position : Position
    dwell : float [s]

    Raises
    ------
    ConfigError
        If the dwell is not known.
    """
    if position is Position.SOURCE:
        return 1.0
    if not dwell > SLEWING:
        raise ConfigError(f"The dwell is {dwell:g} s; without housekeeping it must be given (16, 32, 64 or 128).")
    return (dwell - SLEWING) / dwell


def correct_for_slews(product: FitsFile, position: Position, dwell: float) -> FitsFile:
    """Return a light curve or spectrum with slews taken off its exposure; dead time stays in it.

    Parameters
    ----------
    product : FitsFile
        Spectra get a shorter EXPOSURE, light curves higher RATE and ERROR.
    position : Position
    dwell : float [s]
    """
    part = exposed_part(position, dwell)
    table = product.table(hdu=1)
    changed = table.with_rows(table.rows.copy(), table.header.copy())
    if "RATE" in changed:
        for name in ("RATE", "ERROR"):
            field = changed.raw(name)
            field[...] = np.asarray(field, np.float64) / part
    else:
        exposure = changed.header.number("EXPOSURE", table.where)
        changed.header.set("OLDEXP", round(exposure, 3), "EXPOSURE with slews")
        changed.header.set("EXPOSURE", round(exposure * part, 3), "[s] without slews")
    changed.header.append("HISTORY", f"no housekeeping: exposure times {part:g} for slews; dead time is not corrected")
    return FitsFile(product.name, product.primary, (changed, *product.tables[1:]))
