"""How much of a source the collimators of PCA and HEXTE let through, and where it stands in the spacecraft's frame.

Positions are Y and Z of the source's unit vector in the body frame: the original's ALPHA and BETA.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.errors import DataError
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.met import timezero
from rossi.pca.filter.attitude import body_axes, to_body
from rossi.pca.filter.single import Singles
from rossi.spectra.algebra import Compat
from rossi.spectra.area import require_width

#: pi as hxtarf and xpcaarf have it: directions are off by up to 1.1 arcsec, 0.03 % of the transmission off axis.
_PI = np.float32(3.14159)
#: Where a source stands that the spacecraft points at: the boresight of PCA and HEXTE in the body frame.
BORESIGHT = (0.0, 0.0007)
_ARCSEC = 180 * 3600 / np.pi
_QUATERNION = ("ACSESTQ1", "ACSESTQ2", "ACSESTQ3", "ACSESTQ4")
#: The axes of the collimator cube, fastest first.
_AXES = "(ENERG_LO:ENERG_HI,ALPHA,BETA)"


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """Where a source stood in the body frame.

    Parameters
    ----------
    y, z : float
        Means of the components of its unit vector.
    jitter : float [arcsec]
        Standard deviation of the one that varied more.
    covered : bool
        Whether the attitude covers the good time from its start to its end.
    """

    y: float
    z: float
    jitter: float = 0.0
    covered: bool = True


@dataclass(frozen=True, slots=True)
class CollimatorCube:
    """Transmission of the collimators on a grid of energies and positions.

    Parameters
    ----------
    where : str
        File and extension, for messages.
    energ_lo, energ_hi : ndarray (n_energy,) of float32 [keV]
    alpha : ndarray (n_alpha,) of float32
        Y of the grid points, rising.
    beta : ndarray (n_beta,) of float32
        Z of the grid points, rising.
    transmission : ndarray (n_beta, n_alpha, n_energy) of float32
    """

    where: str
    energ_lo: Singles
    energ_hi: Singles
    alpha: Singles
    beta: Singles
    transmission: Singles


def source_vector(ra: float, dec: float) -> Singles:
    """Return the unit vector of a direction, rounded to single precision at the end.

    Parameters
    ----------
    ra, dec : float [deg]

    Returns
    -------
    ndarray (3, 1) of float32
    """
    a, d = (np.float64(angle) * np.float64(_PI) / 180 for angle in (ra, dec))
    vector = [np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)]
    return np.array(vector, np.float64)[:, None].astype(np.float32)


def source_position(attitude: Table, intervals: Gti, ra: float, dec: float, *, compat: Compat = None) -> SourcePosition:
    """Return where a source stood during good time.

    Parameters
    ----------
    attitude : Table
        Filter file or FH0e housekeeping: Time and ACSESTQ1 to ACSESTQ4, scalar last. Rows where one of them is
        undefined do not count.
    intervals : ndarray (n, 2) [s]
        Good time, TIMEZERO applied; both ends count.
    ra, dec : float [deg]
    compat : {"heasoft"}, optional
        Leave out TIMEZERO of the attitude, and take a source as standing at 0, 0 where the attitude is unknown, as the
        originals do.

    Raises
    ------
    DataError
        If a column is missing, or the attitude is unknown during all of the good time.
    """
    quaternion, covered = quaternions_during(attitude, intervals, compat=compat)
    if not quaternion.size:
        return SourcePosition(0.0, 0.0, covered=False)
    _, y, z = to_body(body_axes(quaternion), source_vector(ra, dec)).astype(np.float64)
    spread = max(float(v.std() / (1 + v.mean() ** 2)) for v in (y, z))
    return SourcePosition(float(y.mean()), float(z.mean()), spread * _ARCSEC, covered)


def quaternions_during(attitude: Table, intervals: Gti, *, compat: Compat = None) -> tuple[Singles, bool]:
    """Return the attitude during good time; see `source_position`.

    Parameters
    ----------
    attitude : Table
    intervals : ndarray (n, 2) [s]
    compat : {"heasoft"}, optional

    Returns
    -------
    quaternion : ndarray (4, n) of float32
        Scalar last; none where the attitude is unknown and `compat` takes that.
    covered : bool
        Whether the attitude covers the good time from its start to its end.

    Raises
    ------
    DataError
        If a column is missing, or the attitude is unknown during all of the good time.
    """
    quaternion = attitude.rows_of_numbers(_QUATERNION)
    known = ~np.logical_or.reduce(np.isnan(quaternion[:1] if compat else quaternion))
    time = attitude.numbers("Time") + (0.0 if compat else timezero(attitude.header, attitude.where))
    chosen = known & gti.contains(intervals, time, closed=True)
    if not chosen.any():
        if compat and len(time) and len(intervals) and time.min() <= intervals[-1, 1] and time.max() >= intervals[0, 0]:
            return np.empty((len(_QUATERNION), 0), np.float32), False
        raise DataError(
            f"{attitude.where}: no row of columns Time and ACSESTQ1 lies in the good time "
            f"{intervals[:, 0].min(initial=np.inf):.0f} to {intervals[:, 1].max(initial=-np.inf):.0f}, the rows are "
            f"from {time.min(initial=np.inf):.0f} to {time.max(initial=-np.inf):.0f} (MET, s); give the filter file or "
            "FH0e file of the same observation."
        )
    covered = time[known].min() <= intervals[0, 0] and intervals[-1, 1] <= time[known].max()
    return quaternion[:, chosen].astype(np.float32), bool(covered)


def read_cube(table: Table) -> CollimatorCube:
    """Read a collimator cube (CALDB: COLLRESP).

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If a column is missing, or the numbers are not as many or not in the order that the grid needs.
    """
    if len(table) != 1:
        raise DataError(f"{table.where}: {len(table)} rows found, one expected; give a collimator cube (COLLRESP).")
    lower, upper, alpha, beta = (_grid(table, name) for name in ("ENERG_LO", "ENERG_HI", "ALPHA", "BETA"))
    number = table.info("COLLRESP").number
    shape = tuple(map(int, re.findall(r"\d+", str(table.header.get(f"TDIM{number}", "")))))
    axes = str(table.header.get(f"CREF{number}", _AXES))
    if shape != (len(lower), len(alpha), len(beta)) or axes.replace(" ", "").upper() != _AXES or len(upper) != shape[0]:
        raise DataError(
            f"{table.where}: column COLLRESP has the shape {shape} and the axes {axes}; with {len(lower)} energies, "
            f"{len(alpha)} ALPHA and {len(beta)} BETA, {(len(lower), len(alpha), len(beta))} and {_AXES} were expected."
        )
    require_width(lower, upper, table.where)
    for name, values in (("ALPHA", alpha), ("BETA", beta)):
        if len(values) < 2 or not (np.diff(values) > 0).all():
            raise DataError(f"{table.where}: column {name} must hold two or more rising numbers; found {values}.")
    transmission = table.numbers("COLLRESP", None).astype(np.float32).reshape(shape[::-1])
    return CollimatorCube(table.where, lower, upper, alpha, beta, transmission)


def _grid(table: Table, name: str) -> Singles:
    """Return the numbers of a column; energies of a cube of one plane may stand in keywords instead."""
    if name not in table and name in table.header:
        return np.array([table.header.finite(name, table.where)], np.float32)
    return table.numbers(name, None).astype(np.float32).reshape(-1)


def transmission(cube: CollimatorCube, y: float, z: float) -> Singles:
    """Return the transmission at a position, bilinear between the grid points, along ALPHA first.

    Parameters
    ----------
    cube : CollimatorCube
    y, z : float
        Components of the source's unit vector in the body frame.

    Returns
    -------
    ndarray (n_energy,) of float32

    Raises
    ------
    DataError
        If the position is not on the grid; its last points do not belong to it.
    """
    for name, grid, value in (("ALPHA", cube.alpha, y), ("BETA", cube.beta, z)):
        if not grid[0] <= np.float32(value) < grid[-1]:
            raise DataError(
                f"{cube.where}: the source stands at {name} {value:g}, outside the collimator's grid from {grid[0]:g} "
                f"to {grid[-1]:g}; it was not in the field of view, or the attitude or RA_OBJ and DEC_OBJ are of "
                "another one."
            )
    return np.asarray(transmissions(cube, np.array([y]), np.array([z]))[0])


def transmissions(cube: CollimatorCube, y: NDArray[np.floating], z: NDArray[np.floating]) -> Singles:
    """Return the transmission at many positions, NaN outside the grid.

    Parameters
    ----------
    cube : CollimatorCube
    y, z : ndarray (n,)

    Returns
    -------
    ndarray (n, n_energy)
        Single precision.
    """
    (i, fx, inside_y), (j, fy, inside_z) = (_cells(*axis) for axis in ((cube.alpha, y), (cube.beta, z)))
    values = cube.transmission
    below = values[j, i] + fx[:, None] * (values[j, i + 1] - values[j, i])
    above = values[j + 1, i] + fx[:, None] * (values[j + 1, i + 1] - values[j + 1, i])
    through = below + fy[:, None] * (above - below)
    return np.where((inside_y & inside_z)[:, None], through, np.float32(np.nan))


def _cells(grid: Singles, value: NDArray[np.floating]) -> tuple[NDArray[np.int64], Singles, NDArray[np.bool_]]:
    """Return the grid points below coordinates, how far towards the next ones they lie, and which are on the grid."""
    x = np.asarray(value).astype(np.float32)
    at = np.clip(np.searchsorted(grid, x, "right") - 1, 0, len(grid) - 2)
    return at, (x - grid[at]) / (grid[at + 1] - grid[at]), (grid[0] <= x) & (x < grid[-1])
