"""Writing light curves with their good time intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from rossi.fits.writer import Column, TableHDU
from rossi.timeseries.series import LightCurve


def light_curve_tables(
    series: LightCurve, *, form: str = "D", more: Sequence[tuple[Column, NDArray[Any]]] = ()
) -> tuple[TableHDU, TableHDU]:
    """Lay out a light curve; see `LightCurve.tables`.

    Parameters
    ----------
    series : LightCurve
    form : str
    more : sequence of (Column, ndarray (n,))
    """
    return series.tables(form=form, more=more)


def write_light_curve(series: LightCurve, *, form: str = "D") -> bytes:
    """Return a light curve as a FITS file; see `LightCurve.to_bytes`.

    Parameters
    ----------
    series : LightCurve
    form : str
    """
    return series.to_bytes(form=form)
