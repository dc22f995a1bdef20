"""Where the source of a spectrum stood, for the tasks that look through collimators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rossi.energy.collimator import SourcePosition, source_position
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.ftools.origin import hdu_table
from rossi.ftools.parameters import extension, file_list, is_none
from rossi.spectra.algebra import Compat
from rossi.spectra.pha import good_time


@dataclass(frozen=True, slots=True)
class Standing:
    """What parameters say of where a source stood.

    Parameters
    ----------
    attitude : str
        Filter file or attitude (of ``@list`` the first one), or NONE.
    ra, dec : float or None [deg]
        None: RA_OBJ and DEC_OBJ of the spectrum.
    start, stop : float [s]
        -1: the spectrum's good time.
    nominal : (float, float)
        Y and Z of the source without attitude.
    jitter : float [arcsec]
        How much it may vary before it is said.
    """

    attitude: str
    ra: float | None
    dec: float | None
    start: float
    stop: float
    nominal: tuple[float, float]
    jitter: float


def position_of(
    standing: Standing, file: FitsFile, spectrum: Table, *, compat: Compat = None
) -> tuple[SourcePosition, list[str]]:
    """Return where the source stood, and what to say of it; see `rossi.energy.collimator.source_position`."""
    if is_none(standing.attitude):
        return SourcePosition(*standing.nominal), []
    given = standing.start != -1 and standing.stop != -1
    intervals = np.array([[standing.start, standing.stop]]) if given else good_time(file)
    if intervals is None or not len(intervals):
        raise DataError(
            f"{file.name}: no extension with HDUCLAS1 = GTI has good time, so it is unknown which attitude counts; "
            "give start and stop, or no attitude (NONE)."
        )
    header, where = spectrum.header, spectrum.where
    ra = header.finite("RA_OBJ", where) if standing.ra is None else standing.ra
    dec = header.finite("DEC_OBJ", where) if standing.dec is None else standing.dec
    attitude = hdu_table(*extension(file_list(standing.attitude)[0]))
    position = source_position(attitude, intervals, ra, dec, compat=compat)
    remarks = []
    if not position.covered:
        remarks.append(f"{attitude.where}: the attitude does not cover all of the good time of {file.name}.")
    if position.jitter > standing.jitter:
        remarks.append(
            f"{attitude.where}: the pointing varied by {position.jitter:.1f} arcsec during the good time of "
            f"{file.name}, more than {standing.jitter:g}; the response is that of the mean position."
        )
    return position, remarks
