"""``rossi.read``: a file becomes what it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rossi.errors import DataError
from rossi.fits.astropy_table import to_astropy
from rossi.fits.reader import FitsFile, read_fits
from rossi.fits.table import Table
from rossi.goodtime import GoodTime, is_good_time, read_good_time
from rossi.spectra.pha import Spectrum, read_pha
from rossi.timeseries.columns import holds_light_curve
from rossi.timeseries.reading import light_curve_of
from rossi.timeseries.series import LightCurve

if TYPE_CHECKING:
    from astropy import table as astropy_table


def read(path: str | os.PathLike[str]) -> LightCurve | Spectrum | GoodTime | astropy_table.Table:
    """Read a FITS file: a product of rossi, of FTOOLS, or of the archive.

    Parameters
    ----------
    path : str or path-like
        Packed (gzip, .Z, bzip2, xz) or not; ``file[NAME]`` or ``file+2`` takes that extension.

    Returns
    -------
    LightCurve, Spectrum, GoodTime or astropy.table.Table
        A light curve where there are rates or counts beside TIME, a spectrum where there are counts or rates beside
        CHANNEL, good time where the first extension is that; else the first extension, with units.

    Raises
    ------
    DataError
        If it can't be read, or has no table.

    Examples
    --------
    >>> rossi.read("20402-01-45-03_ch5-10.lc").plot()  # doctest: +SKIP
    """
    return understand(read_fits(os.fspath(path)))


def understand(file: FitsFile) -> LightCurve | Spectrum | GoodTime | astropy_table.Table:
    """Return what a file in memory is; see `read`."""
    if not file.tables:
        raise DataError(f"{file.name}: there is no table in the file; a light curve, spectrum or table was expected.")
    if is_good_time(file.tables[0]):
        return read_good_time(file)
    if any(_is_spectrum(table) for table in file.tables):
        return read_pha(file)
    if any(holds_light_curve(table) for table in file.tables):
        return light_curve_of(file, quantity=None)
    return to_astropy(file.tables[0])


def _is_spectrum(table: Table) -> bool:
    return "CHANNEL" in table and ("COUNTS" in table or "RATE" in table)
