"""Activation by passages of the South Atlantic Anomaly, from the history of their doses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.calibration import Validity
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table

#: Passages longer ago than this many lifetimes are forgotten; what they would add is below 5e-5 of their dose.
LIFETIMES = 10.0


def passages(table: Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the passages that a history lists.

    Parameters
    ----------
    table : Table
        Column 1 is the time, column 2 the dose of a passage.

    Returns
    -------
    time : ndarray (n_passage,) [s]
    dose : ndarray (n_passage,)

    Raises
    ------
    DataError
        If there are not two columns of numbers.
    """
    names = [info.name for info in table.infos.values()]
    if len(names) < 2:
        raise DataError(f"{table.where}: two columns, time and dose, are expected; found {', '.join(names) or 'none'}.")
    return table.numbers(names[0]), table.numbers(names[1])


def decayed_dose(file: FitsFile, time: NDArray[np.float64], lifetime: float, mjd: float) -> NDArray[np.float32]:
    """Return the sum of the doses of earlier passages, each decayed exponentially.

    Parameters
    ----------
    file : FitsFile
        The history: column 1 of its first table is the time, column 2 the dose of a passage.
    time : ndarray (n_row,) [s]
        Starts of the rows. Passages at or after the start of a row do not count for it.
    lifetime : float [s]
    mjd : float [MJD]
        Of the observation.

    Returns
    -------
    ndarray (n_row,) of float32
        In the unit of the dose; every addition is rounded to single precision, in the order of the history.

    Raises
    ------
    DataError
        If the history is not valid for the observation.
    """
    table = file.table(hdu=1)
    validity = Validity.of(table.header, table.where)
    if mjd not in validity:
        raise DataError(
            f"{table.where}: the SAA history is valid from MJD {validity.start:.5f} to {validity.stop:.5f}, the "
            f"observation is of MJD {mjd:.5f}; give a later saahfile."
        )
    if lifetime <= 0:
        raise DataError(f"{table.where}: the background model asks for a decay with lifetime {lifetime} s (CSVAL).")
    passage, dose = passages(table)
    total = np.zeros(len(time), np.float32)
    if not len(time):
        return total
    counts = (passage >= time.min() - LIFETIMES * lifetime) & (passage <= time.max())
    for at, amount in zip(passage[counts], dose[counts], strict=True):
        grown = (total + amount * np.exp(np.minimum((at - time) / lifetime, 0.0))).astype(np.float32)
        total = np.where(at < time, grown, total)
    return total
