"""A circular orbit with known positions, as an orbit file."""

import numpy as np

from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

#: RXTE's: 580 km high, 96 minutes, 23 degrees.
RADIUS, RATE, INCLINATION = 6.958e6, 2 * np.pi / 5770, np.radians(23)
START = 203000000.0


def place(time):
    """Return position [m] and velocity [m/s] at MET (TT)."""
    phase = RATE * (np.asarray(time) - START)
    tilt = np.array([[1, 0, 0], [0, np.cos(INCLINATION), np.sin(INCLINATION)]])
    position = RADIUS * np.stack((np.cos(phase), np.sin(phase)), -1) @ tilt
    velocity = RADIUS * RATE * np.stack((-np.sin(phase), np.cos(phase)), -1) @ tilt
    return position, velocity


def orbit_file(time, name="FPorbit_Day2349", deltat=60.0) -> FitsFile:
    position, velocity = place(time)
    columns = [(Column("Time", "D", "s"), np.asarray(time))]
    columns += [(Column(n, "D", "m"), position[:, k]) for k, n in enumerate(("X", "Y", "Z"))]
    columns += [(Column(n, "D", "m/s"), velocity[:, k]) for k, n in enumerate(("Vx", "Vy", "Vz"))]
    hdu = table_hdu("XTE_PE", columns, [("DELTAT", deltat), ("TIMESYS", "TT"), ("TIMEZERO", 0.0)])
    return open_fits(fits_bytes(primary_hdu(), [hdu]), name)


def day(hours=8.0):
    """Return the times of an orbit file from START on, a row a minute."""
    return START + 60.0 * np.arange(int(hours * 60) + 1)
