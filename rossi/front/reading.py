"""``rossi.read``: a file becomes what it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rossi.errors import ConfigError, DataError
from rossi.fits.astropy_table import to_astropy
from rossi.fits.reader import FitsFile, locate, read_fits
from rossi.fits.table import Table
from rossi.given import path_text
from rossi.goodtime import GoodTime, is_good_time, read_good_time
from rossi.spectra.pha import Spectrum, read_pha
from rossi.timeseries.columns import holds_light_curve, light_curve_columns
from rossi.timeseries.reading import light_curve_of
from rossi.timeseries.series import LightCurve

if TYPE_CHECKING:
    from astropy import table as astropy_table


def read(
    path: str | os.PathLike[str], *, column: str | None = None
) -> LightCurve | Spectrum | GoodTime | astropy_table.Table:
    """Read a FITS file: a product of rossi, of FTOOLS, or of the archive.

    Parameters
    ----------
    path : str or path-like
        Packed (gzip, .Z, bzip2, xz) or not; ``file[NAME]`` or ``file+2`` takes that extension.
    column : str, optional
        Which light curve is meant, where the file has several: RATE2.

    Returns
    -------
    LightCurve, Spectrum, GoodTime or astropy.table.Table
        A light curve where there are rates or counts beside TIME, a spectrum where there are counts or rates beside
        CHANNEL, good time where the first extension is that; else the first extension, with units.

    Raises
    ------
    ConfigError
        If the path is a URL.
    DataError
        If it can't be read, or has no table.

    Examples
    --------
    >>> rossi.read("20402-01-45-03_ch5-10.lc").plot()  # doctest: +SKIP
    """
    place = path_text(path, "path")
    if "://" in place:
        raise ConfigError(f"{place}: rossi.read takes files of this machine; fetch it first, and give the copy's path.")
    file, named = read_fits(place), locate(place)[1] is not None
    if not file.tables:
        raise DataError(f"{file.name}: there is no table in the file; a light curve, spectrum or table was expected.")
    looked_at = file.tables[:1] if named else file.tables
    if column is not None or any(holds_light_curve(table) for table in looked_at):
        return _curve(file, column)
    if any(_is_spectrum(table) for table in looked_at):
        return read_pha(file)
    return read_good_time(file) if is_good_time(file.tables[0]) else to_astropy(file.tables[0])


def _curve(file: FitsFile, column: str | None) -> LightCurve:
    names = light_curve_columns(file)
    if column is None and len(names) > 1:
        raise DataError(
            f"{file.name}: there are {len(names)} light curves, in the columns {', '.join(names)}; say which one is "
            f"meant: rossi.read(..., column={names[0]!r})."
        )
    return light_curve_of(file, quantity=None, column=column)


def _is_spectrum(table: Table) -> bool:
    return "CHANNEL" in table and ("COUNTS" in table or "RATE" in table)
