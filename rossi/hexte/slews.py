"""Realtime data without housekeeping: the first-order correction, for the time that is spent slewing."""

from __future__ import annotations

from dataclasses import replace

from rossi.errors import ConfigError
from rossi.fits.reader import FitsFile
from rossi.hexte.rocking import Position
from rossi.timeseries.series import LightCurve

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


def curve_without_slews(curve: LightCurve, position: Position, dwell: float) -> LightCurve:
    """Return a light curve with slews taken off its exposure, so that rates are higher; dead time stays in it.

    Parameters
    ----------
    curve : LightCurve
    position : Position
    dwell : float [s]
    """
    part, header = exposed_part(position, dwell), curve.header.copy()
    header.append("HISTORY", _said(part))
    return replace(curve, rate=curve.rate / part, error=curve.error / part, header=header)


def spectrum_without_slews(product: FitsFile, position: Position, dwell: float) -> FitsFile:
    """Return a spectrum of counts with slews taken off its EXPOSURE; dead time stays in it.

    Parameters
    ----------
    product : FitsFile
    position : Position
    dwell : float [s]
    """
    part, table = exposed_part(position, dwell), product.table(hdu=1)
    header, exposure = table.header.copy(), table.header.number("EXPOSURE", table.where)
    header.set("OLDEXP", round(exposure, 3), "EXPOSURE with slews")
    header.set("EXPOSURE", round(exposure * part, 3), "[s] without slews")
    header.append("HISTORY", _said(part))
    return replace(product, tables=(table.with_rows(table.rows, header), *product.tables[1:]))


def _said(part: float) -> str:
    return f"no housekeeping: exposure times {part:g} for slews; dead time is not corrected"
