"""Background of cluster A estimated from that of cluster B (``hextebackest``).

Cluster A has stared at the source since 2006, so it sees no background of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.edit import select_rows, with_values
from rossi.fits.table import Table
from rossi.spectra.algebra import Compat

Singles = NDArray[np.float32]

#: The correction is tabulated for HEXTE's full resolution.
N_CHANNEL = 256
#: How many of the 256 channels make each of the 64 of the archive mode.
ARCHIVE_FACTORS = np.repeat([2, 4, 8], [32, 16, 16])
#: The same as saextrct writes it.
ARCHIVE_CPIX = "(0:63;2),(64:127;4),(128:255;8)"


@dataclass(frozen=True, slots=True)
class Correction:
    """Coefficients that turn the background of cluster B into that of cluster A.

    Parameters
    ----------
    offset : ndarray (256,) [count / s]
        YOFFSET.
    slope : ndarray (256,)
        SLOPE: counts of A for each of B.
    """

    offset: Floats
    slope: Floats


def read_correction(table: Table) -> Correction:
    """Read a correction (CALDB: CORR_COEFF); undefined coefficients count as 0, and CHANNEL is not looked at.

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If a column is missing, or there are fewer than 256 rows.
    """
    if len(table) < N_CHANNEL:
        raise DataError(
            f"{table.where}: {len(table)} rows found, expected {N_CHANNEL}, a channel each; give the correction "
            "coefficients of hextebackest (CALDB: CORR_COEFF)."
        )
    offset, slope = (_column(table, name)[:N_CHANNEL] for name in ("YOFFSET", "SLOPE"))
    return Correction(_defined(offset), _defined(slope))


def estimate_counts(
    counts: Floats, error: Floats, exposure: float, correction: Correction
) -> tuple[NDArray[np.int64], Singles]:
    """Return counts and errors of cluster A for those of cluster B.

    ``counts_A = trunc(SLOPE trunc(counts_B) + EXPOSURE YOFFSET)``; the error is scaled by SLOPE alone.

    Parameters
    ----------
    counts, error : ndarray (256,) [count]
    exposure : float [s]
        Of cluster B's spectrum.
    correction : Correction

    Returns
    -------
    counts : ndarray (256,) of int [count]
        May be negative.
    error : ndarray (256,) of float32 [count]
    """
    estimate = np.trunc(correction.slope * np.trunc(counts) + exposure * correction.offset)
    scaled = correction.slope * error.astype(np.float32).astype(np.float64)
    return estimate.astype(np.int64), scaled.astype(np.float32)


def join_for_archive(counts: NDArray[np.int64], error: Singles) -> tuple[NDArray[np.int64], Singles]:
    """Join 256 channels to the 64 of the archive mode; squares of errors add up in single precision, one by one.

    Parameters
    ----------
    counts : ndarray (256,) of int [count]
    error : ndarray (256,) of float32 [count]

    Returns
    -------
    counts : ndarray (64,) of int [count]
    error : ndarray (64,) of float32 [count]
    """
    first = _first_channels()
    joined = np.add.reduceat(counts, first)
    square = np.zeros(len(first), np.float32)
    for member in range(int(ARCHIVE_FACTORS.max())):
        has = member < ARCHIVE_FACTORS
        square[has] += error[first[has] + member] ** 2
    return joined, np.sqrt(square)


def estimate_background(background: Table, correction: Table) -> Table:
    """Estimate the background spectrum of cluster A.

    Parameters
    ----------
    background : Table
        Background spectrum of cluster B in counts, 256 channels, corrected for dead time.
    correction : Table
        See `read_correction`.

    Returns
    -------
    Table
        The spectrum with other COUNTS and STAT_ERR. All keywords but INSTRUME, CREATOR and DATE stay: EXPOSURE is
        that of cluster B, and so is DETNAM.

    Raises
    ------
    DataError
        If it is another kind of spectrum, or a column is missing.
    """
    _check(background)
    exposure = background.header.number("EXPOSURE", background.where)
    counts, error = (_column(background, name) for name in ("COUNTS", "STAT_ERR"))
    new_counts, new_error = estimate_counts(counts, error, exposure, read_correction(correction))
    header = background.header.copy()
    header.set("INSTRUME", "HEXTE", "instrument name")
    made = background.with_rows(background.rows, header)
    return with_values(made, {"COUNTS": new_counts, "STAT_ERR": new_error})


def archive_form(estimate: Table, *, compat: Compat = None) -> Table:
    """Return an estimated background in the 64 channels of the archive mode.

    Parameters
    ----------
    estimate : Table
        Of `estimate_background`.
    compat : {"heasoft"}, optional
        Follow hextebackest, which leaves CPIX1 as it is and takes QUALITY from the first 64 channels. By default CPIX1
        tells how channels were joined, and a channel is as good as the worst that it is made of.
    """
    counts, error = estimate.numbers("COUNTS"), estimate.numbers("STAT_ERR").astype(np.float32)
    joined, joined_error = join_for_archive(counts.astype(np.int64), error)
    n = len(joined)
    made = select_rows(estimate, np.arange(n))
    made.header.set("DETCHANS", n, "total number of channels")
    made.header.set(f"TLMAX{made.info('CHANNEL').number}", n - 1, "highest legal channel number")
    values: dict[str, ArrayLike] = {"CHANNEL": np.arange(n), "COUNTS": joined, "STAT_ERR": joined_error}
    if compat is None:
        made.header.set("CPIX1", ARCHIVE_CPIX, "channel binning of CHANNEL column")
        if "QUALITY" in estimate:
            values["QUALITY"] = np.maximum.reduceat(estimate.integers("QUALITY"), _first_channels())
    return with_values(made, values)


def _first_channels() -> NDArray[np.int64]:
    return np.asarray(np.cumsum(ARCHIVE_FACTORS) - ARCHIVE_FACTORS)


def _check(table: Table) -> None:
    """Raise a `DataError` unless a table is a spectrum of cluster B in counts with 256 channels."""
    if "COUNTS" not in table and "RATE" in table:
        raise DataError(
            f"{table.where}: column RATE found, COUNTS expected; extract the background of cluster B in counts."
        )
    table.info("COUNTS")
    if len(table) != N_CHANNEL:
        raise DataError(
            f"{table.where}: column COUNTS has {len(table)} channels, {N_CHANNEL} expected; extract the background of "
            "cluster B from event data, with all channels (the archive mode's 64 are not enough)."
        )
    detector = str(table.header.get("DETNAM", "")).strip()
    if not detector.startswith("PWB"):
        raise DataError(
            f"{table.where}: keyword DETNAM is {detector!r}, PWB (cluster B) expected; give the background of cluster "
            "B, corrected by hxtdead, which writes DETNAM."
        )


def _column(table: Table, name: str) -> Floats:
    values = table.numbers(name)
    if values.ndim != 1:
        raise DataError(
            f"{table.where}: column {name} has {values.shape[1]} numbers a row, one expected; give a table with a "
            "channel a row."
        )
    if name in {"COUNTS", "STAT_ERR"} and not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(
            f"{table.where}: row {row + 1} of column {name} is {values[row]}, a number expected; extract the spectrum "
            "again."
        )
    return values


def _defined(values: Floats) -> Floats:
    return np.where(np.isnan(values), 0.0, values)
