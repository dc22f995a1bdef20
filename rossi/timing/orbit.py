"""Where the spacecraft was: orbit files FPorbit_DayNNNN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.met import timezero

#: Seconds in a day of the mission, by which orbit files are named.
_DAY = 86400
#: Rows may be this much further apart than DELTAT [s]; ``barycorr`` calls it tolerance.
_TOLERANCE = 3.0
_COLUMNS = ("X", "Y", "Z", "Vx", "Vy", "Vz")


@dataclass(frozen=True, slots=True)
class Orbit:
    """Positions and velocities of the spacecraft, geocentric, J2000.

    Parameters
    ----------
    names : tuple of str
        Files that they are from.
    time : ndarray (n,) [s]
        MET (TT), ascending.
    position : ndarray (n, 3) [m]
    velocity : ndarray (n, 3) [m / s]
    step : float [s]
        Rows further apart than this are a gap.
    """

    names: tuple[str, ...]
    time: Floats
    position: Floats
    velocity: Floats
    step: float

    def covers(self, time: Floats) -> NDArray[np.bool_]:
        """Return which times lie between rows that follow each other.

        Parameters
        ----------
        time : ndarray (n,) [s]
            MET (TT).

        Returns
        -------
        ndarray (n,) of bool
        """
        row = np.clip(np.searchsorted(self.time, time, "right") - 1, 0, len(self.time) - 2)
        gap = (self.time[row + 1] - self.time[row] > self.step) & (time != self.time[row])
        return np.asarray((time >= self.time[0]) & (time <= self.time[-1]) & ~gap)

    def require(self, time: Floats, what: str) -> None:
        """Raise a `DataError` where times are not inside, or lie in a gap.

        Parameters
        ----------
        time : ndarray (n,) [s]
            MET (TT).
        what : str
            File and HDU that they are from.
        """
        if not len(time):
            return
        wrong = time[~self.covers(time)]
        if len(wrong):
            days = sorted({int(t // _DAY) for t in (wrong.min(), wrong.max())})
            raise DataError(
                f"{what}: its times from {wrong.min():.1f} to {wrong.max():.1f} s are not covered by the orbit of "
                f"{', '.join(self.names)} ({self.time[0]:.1f} to {self.time[-1]:.1f} s); give "
                f"{' and '.join(f'FPorbit_Day{day}' for day in days)} of the archive's folder orbit/ too."
            )

    def at(self, time: Floats) -> Floats:
        """Return positions by cubic Hermite interpolation; near the ends, beyond them, too.

        Parameters
        ----------
        time : ndarray (n,) [s]
            MET (TT).

        Returns
        -------
        ndarray (n, 3) [m]
        """
        row = np.clip(np.searchsorted(self.time, time, "right") - 1, 0, len(self.time) - 2)
        step = (self.time[row + 1] - self.time[row])[:, None]
        x = (time - self.time[row])[:, None] / step
        here, there = self.position[row], self.position[row + 1]
        slope, slope2 = self.velocity[row] * step, self.velocity[row + 1] * step
        rest = there - here
        return np.asarray(here + x * (slope + x * (3 * rest - 2 * slope - slope2 + x * (slope + slope2 - 2 * rest))))

    def near(self, time: Floats) -> Floats:
        """Return positions as the tasks have them: from the nearest row, its velocity and acceleration.

        Parameters
        ----------
        time : ndarray (n,) [s]
            MET (TT).

        Returns
        -------
        ndarray (n, 3) [m]
        """
        row = np.clip(np.searchsorted(self.time, time, "right") - 1, 1, len(self.time) - 2)
        row = np.minimum(row + (time - self.time[row] >= self.time[row + 1] - time), len(self.time) - 2)
        after = (time - self.time[row])[:, None]
        span = (self.time[row + 1] - self.time[row - 1])[:, None]
        acceleration = (self.velocity[row + 1] - self.velocity[row - 1]) / span
        return np.asarray(self.position[row] + after * self.velocity[row] + after**2 * acceleration / 2)


def read_orbit(files: Sequence[FitsFile]) -> Orbit:
    """Join orbit files; of rows at the same time, those of the file that begins first count.

    Parameters
    ----------
    files : sequence of FitsFile
        In any order.

    Raises
    ------
    DataError
        If there is none, or one is no orbit file.
    """
    if not files:
        raise DataError("No orbit file is given; the archive has them in an observation's folder orbit/.")
    parts = [_read(file) for file in files]
    parts.sort(key=lambda part: float(part[0][0]))
    time, states = parts[0]
    for more, more_states in parts[1:]:
        later = more > time[-1]
        time, states = np.concatenate((time, more[later])), np.concatenate((states, more_states[later]))
    deltat = max(
        file.table().header.known("DELTAT") or float(np.diff(part[0]).min())
        for file, part in zip(files, parts, strict=True)
    )
    names = tuple(file.name for file in files)
    return Orbit(names, time, states[:, :3], states[:, 3:], deltat + _TOLERANCE)


def _read(file: FitsFile) -> tuple[Floats, Floats]:
    table = file.table()
    missing = [name for name in ("Time", *_COLUMNS) if name not in table]
    if missing or len(table) < 2:
        found = ", ".join(info.name for info in table.infos.values())
        raise DataError(
            f"{table.where}: an orbit file with Time, X, Y, Z [m], Vx, Vy and Vz [m/s] was expected; found "
            f"{len(table)} rows of {found}."
        )
    time = table.numbers("Time") + timezero(table.header, table.where)
    states = np.column_stack([table.numbers(name) for name in _COLUMNS])
    known = np.isfinite(time) & np.isfinite(states).all(axis=1)
    time, states = time[known], states[known]
    if len(time) < 2 or (np.diff(time) <= 0).any():
        raise DataError(f"{table.where}: its times do not ascend; the file is damaged, fetch it again.")
    return time, states
