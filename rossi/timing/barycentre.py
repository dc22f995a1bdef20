"""From the spacecraft to the barycentre of the solar system.

To a time t (TT) of an event is added

    (TDB - TT) + n.(r_E + r) + r.v_E + 2 T_sun ln(1 + cos theta)

with the direction n to the source, Earth r_E and v_E and Sun from an ephemeris, and the spacecraft r from its orbit
(lengths in light seconds, velocities over c): time scale, Roemer delay, the spacecraft's part of the time scale, and
the Sun's Shapiro delay, theta being the angle between source and Sun-to-spacecraft. The source has neither proper
motion nor parallax.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import ConfigError
from rossi.met import DAY, MJDREFF, MJDREFI
from rossi.timing.ephemeris import Ephemeris
from rossi.timing.orbit import Orbit

#: G M_sun / c^3 [s]; DE405's GMS.
_SUN = 4.925490948e-6
#: Speed of light [m/s]; by definition.
_LIGHT = 299792458.0
#: Small rotation [rad] from the frame of DE200 (FK5) to that of DE405 (ICRS), as HEASoft's tasks have it; 14 mas.
_FK5_TO_ICRS = np.array([0.002, 0.012, 0.006]) / 206265.0
#: Nodes of the interpolation [s]: with 16 s the spacecraft's part, 23 ms in 5800 s, is right to 0.1 ns.
_STEP = 16.0
#: Times that are interpolated at once: what fits into the processor's cache.
_CHUNK = 1 << 15
#: Of less, each is worked out.
_FEW = 8
#: Nodes that a span may have without being thought of as several; some 2 years.
_MOST_NODES = 1 << 22


@dataclass(frozen=True, slots=True)
class Direction:
    """Where the source is.

    Parameters
    ----------
    ra, dec : float [deg]
    frame : str
        ICRS or FK5.
    """

    ra: float
    dec: float
    frame: str = "ICRS"

    def __post_init__(self) -> None:
        if not (0 <= self.ra <= 360 and -90 <= self.dec <= 90):
            raise ConfigError(
                f"The position is {self.ra}, {self.dec}; degrees from 0 to 360 and -90 to 90 were expected."
            )
        if self.frame not in {"ICRS", "FK5"}:
            raise ConfigError(f"The frame of the position is {self.frame!r}; expected ICRS or FK5.")

    def unit(self, frame: str) -> Floats:
        """Return the unit vector in the frame of an ephemeris.

        Parameters
        ----------
        frame : {"ICRS", "FK5"}

        Returns
        -------
        ndarray (3,)
        """
        ra, dec = np.radians([self.ra, self.dec])
        n = np.array([np.cos(ra) * np.cos(dec), np.sin(ra) * np.cos(dec), np.sin(dec)])
        if self.frame == frame:
            return n
        return np.asarray(n + (1 if frame == "ICRS" else -1) * np.cross(_FK5_TO_ICRS, n), np.float64)


def path_delay(met: Floats, spacecraft: Floats, unit: Floats, ephemeris: Ephemeris) -> Floats:
    """Return what is to be added to times at the spacecraft (n,) [s].

    Parameters
    ----------
    met : ndarray (n,) [s]
        MET (TT).
    spacecraft : ndarray (n, 3) [m]
        Geocentric.
    unit : ndarray (3,)
        Direction to the source.
    ephemeris : Ephemeris
    """
    days = met / DAY
    whole = np.floor(days)
    fraction = days - whole + MJDREFF
    tdb_minus_tt = _tdb_minus_tt(whole + MJDREFI, fraction)
    state = ephemeris.state(whole + MJDREFI, fraction + tdb_minus_tt / DAY)
    place = state.earth + spacecraft / _LIGHT
    from_sun = place - state.sun
    cosine = from_sun @ unit / np.linalg.norm(from_sun, axis=1)
    einstein = (spacecraft * state.velocity).sum(axis=1) / _LIGHT
    return np.asarray(tdb_minus_tt + place @ unit + einstein + 2 * _SUN * np.log1p(cosine))


def _tdb_minus_tt(day: Floats, fraction: Floats) -> Floats:
    """Return TDB - TT at the geocentre (n,) [s], Fairhead & Bretagnon 1990; within 0.13 us of the tasks' 126 terms."""
    from astropy.time import Time

    tt = Time(day, fraction, format="mjd", scale="tt")
    tdb = tt.tdb
    return np.asarray(((tdb.jd1 - tt.jd1) + (tdb.jd2 - tt.jd2)) * DAY, np.float64)


@dataclass(frozen=True, slots=True)
class Barycentre:
    """Takes times of events to the barycentre.

    Parameters
    ----------
    direction : Direction
    orbit : Orbit
    ephemeris : Ephemeris
    compat : bool
        Between the rows of the orbit file, take the position as the tasks do: from the nearest row, to second order in
        time; up to 0.15 us off, with steps in the middle between rows. No time is interpolated then.
    """

    direction: Direction
    orbit: Orbit
    ephemeris: Ephemeris
    compat: bool = False

    def delay(self, met: Floats, what: str = "The times") -> Floats:
        """Return what is to be added to times (n,) [s].

        Many times are interpolated between nodes 16 s apart, which is right to 0.2 ns.

        Parameters
        ----------
        met : ndarray (n,) [s]
            MET (TT), in any order.
        what : str
            File and HDU that they are from, for messages.

        Raises
        ------
        DataError
            If a time is not covered by the orbit or the ephemeris.
        """
        met = np.asarray(met, np.float64).ravel()
        if len(met) < _FEW or self.compat or met.max() - met.min() > _STEP * _MOST_NODES:
            self.orbit.require(met, what)
            return self._exact(met)
        origin = float(np.floor(met.min()))
        used = np.zeros(int((met.max() - origin) / _STEP) + 1, bool)
        for part, _ in _chunks(met, met):
            used[((part - origin) * (1 / _STEP)).astype(np.intp)] = True
        self._require(met, origin, used, what)
        cubic, result = self._cubics(origin, used), np.empty(len(met))
        for part, out in _chunks(met, result):
            x = (part - origin) * (1 / _STEP)
            cell = x.astype(np.intp)
            x -= cell
            np.take(cubic[3], cell, out=out, mode="clip")
            for order in (2, 1, 0):
                np.multiply(out, x, out=out)
                np.add(out, cubic[order].take(cell, mode="clip"), out=out)
        return result

    def _require(self, met: Floats, origin: float, used: NDArray[np.bool_], what: str) -> None:
        """Raise where times are not covered by the orbit; those of cells that are need not be looked at."""
        start: Floats = np.asarray(origin + _STEP * np.flatnonzero(used), np.float64)
        open_cells = np.flatnonzero(used)[~(self.orbit.covers(start) & self.orbit.covers(start + _STEP))]
        if len(open_cells):
            cell = ((met - origin) * (1 / _STEP)).astype(np.intp)
            self.orbit.require(met[np.isin(cell, open_cells)], what)

    def _exact(self, met: Floats) -> Floats:
        unit, result = self.direction.unit(self.ephemeris.frame), np.empty(len(met))
        for part, out in _chunks(met, result):
            place = self.orbit.near(part) if self.compat else self.orbit.at(part)
            out[:] = path_delay(part, place, unit, self.ephemeris)
        return result

    def _cubics(self, origin: float, used: NDArray[np.bool_]) -> Floats:
        """Return cubic polynomials through four nodes, (4, n_cell); cells without a time have NaN."""
        node = np.zeros(len(used) + 3, bool)
        for shift in range(4):
            node[shift : shift + len(used)] |= used
        value = np.full(len(node), np.nan)
        value[node] = self._exact(np.asarray(origin + _STEP * (np.flatnonzero(node) - 1.0), np.float64))
        a, b, c, d = (value[shift : shift + len(used)] for shift in range(4))
        return np.array([b, -a / 3 - b / 2 + c - d / 6, a / 2 - b + c / 2, -a / 6 + b / 2 - c / 2 + d / 6])


def _chunks(values: Floats, result: Floats) -> Iterator[tuple[Floats, Floats]]:
    for at in range(0, len(values), _CHUNK):
        yield values[at : at + _CHUNK], result[at : at + _CHUNK]
