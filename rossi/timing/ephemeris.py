"""Where Earth and Sun are, seen from the barycentre of the solar system.

rossi carries JPL's DE405 for the mission as Chebyshev polynomials (`rossi.timing.ephemeris_table` makes the file), so
that nothing is downloaded. HEASoft's files JPLEPH.200, JPLEPH.405 ... and what astropy offers can be had by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.polynomial import chebyshev

from rossi.arrays import Floats
from rossi.errors import ConfigError, DataError
from rossi.fits.reader import FitsFile, open_fits, read_fits

#: The ephemeris that is used where none is named, and the name of its file in this package.
DEFAULT = "DE405"
_FILE = "de405.fits.gz"
_DAY = 86400.0
#: Speed of light [km/s]; by definition.
LIGHT = 299792.458


@dataclass(frozen=True, slots=True)
class State:
    """Earth and Sun at some times, barycentric, in the frame of the ephemeris.

    Parameters
    ----------
    earth : ndarray (n, 3) [light second]
    velocity : ndarray (n, 3) [light second / s]
        Of the Earth.
    sun : ndarray (n, 3) [light second]
    """

    earth: Floats
    velocity: Floats
    sun: Floats


class Ephemeris(Protocol):
    """What a barycentre correction asks of an ephemeris."""

    @property
    def name(self) -> str:
        """Value of PLEPHEM, such as JPL-DE405."""

    @property
    def frame(self) -> str:
        """ICRS, or FK5 for ephemerides before DE400."""

    def state(self, day: Floats, fraction: Floats) -> State:
        """Return Earth and Sun.

        Parameters
        ----------
        day, fraction : ndarray (n,) [d]
            MJD (TDB), in two parts.
        """


@dataclass(frozen=True, slots=True)
class Chebyshev:
    """Positions of a body as Chebyshev polynomials over equal spans of time.

    Parameters
    ----------
    start, span : float [d]
        MJD (TDB) at which the first span begins, and the length of each.
    coefficients : ndarray (n_span, 3, n_coefficient) [light second]
    """

    start: float
    span: float
    coefficients: Floats

    def at(self, day: Floats, fraction: Floats) -> tuple[Floats, Floats]:
        """Return position and velocity.

        Parameters
        ----------
        day, fraction : ndarray (n,) [d]
            MJD (TDB), in two parts.

        Returns
        -------
        position : ndarray (n, 3) [light second]
        velocity : ndarray (n, 3) [light second / s]

        Raises
        ------
        DataError
            If a time is outside.
        """
        whole = day - self.start
        number = np.floor((whole + fraction) / self.span).astype(np.int64)
        if len(number) and not 0 <= number.min() <= number.max() < len(self.coefficients):
            stop = self.start + self.span * len(self.coefficients)
            raise DataError(
                f"The ephemeris covers MJD {self.start:g} to {stop:g}; MJD {(day + fraction).min():.3f} to "
                f"{(day + fraction).max():.3f} is asked for. Give another ephemeris (builtin), or check the times."
            )
        x = 2 * ((whole - number * self.span) + fraction) / self.span - 1
        of_span = self.coefficients[number].transpose(2, 0, 1)
        position = chebyshev.chebval(x[:, None], of_span, tensor=False)
        slope = chebyshev.chebval(x[:, None], chebyshev.chebder(of_span, axis=0), tensor=False)
        velocity = slope * (2 / (self.span * _DAY))
        return np.asarray(position, np.float64), np.asarray(velocity, np.float64)


@dataclass(frozen=True, slots=True)
class EarthAndSun:
    """An ephemeris of Earth and Sun alone."""

    name: str
    frame: str
    earth: Chebyshev
    sun: Chebyshev

    def state(self, day: Floats, fraction: Floats) -> State:
        """See `Ephemeris`.

        Parameters
        ----------
        day, fraction : ndarray (n,) [d]
            MJD (TDB), in two parts.

        Raises
        ------
        DataError
            If a time is outside.
        """
        return State(*self.earth.at(day, fraction), self.sun.at(day, fraction)[0])


@dataclass(frozen=True, slots=True)
class Jpleph:
    """An ephemeris of HEASoft's form, JPLEPH.nnn: Earth-Moon barycentre, Moon and Sun.

    Parameters
    ----------
    name, frame : str
    barycentre, moon, sun : Chebyshev
        The Moon as seen from the Earth.
    mass_ratio : float
        Earth to Moon.
    """

    name: str
    frame: str
    barycentre: Chebyshev
    moon: Chebyshev
    sun: Chebyshev
    mass_ratio: float

    def state(self, day: Floats, fraction: Floats) -> State:
        """See `Ephemeris`.

        Parameters
        ----------
        day, fraction : ndarray (n,) [d]
            MJD (TDB), in two parts.

        Raises
        ------
        DataError
            If a time is outside.
        """
        position, velocity = self.barycentre.at(day, fraction)
        moon, moon_velocity = self.moon.at(day, fraction)
        share = 1 / (1 + self.mass_ratio)
        return State(position - share * moon, velocity - share * moon_velocity, self.sun.at(day, fraction)[0])


@dataclass(frozen=True, slots=True)
class AstropyEphemeris:
    """An ephemeris of astropy's: ``builtin``, or a JPL kernel (de421, de440, a file's path or URL)."""

    kernel: str

    @property
    def name(self) -> str:
        """See `Ephemeris`."""
        return "ERFA-EPV00" if self.kernel == "builtin" else f"JPL-{Path(self.kernel).stem.upper()}"

    @property
    def frame(self) -> str:
        """See `Ephemeris`."""
        return "ICRS"

    def state(self, day: Floats, fraction: Floats) -> State:
        """See `Ephemeris`.

        Parameters
        ----------
        day, fraction : ndarray (n,) [d]
            MJD (TDB), in two parts.

        Raises
        ------
        ConfigError
            If astropy does not know the kernel, can't read it, or it does not cover the times.
        """
        from astropy import units as u
        from astropy.coordinates import get_body_barycentric, get_body_barycentric_posvel
        from astropy.time import Time

        time = Time(day, fraction, format="mjd", scale="tdb")
        try:
            position, velocity = get_body_barycentric_posvel("earth", time, ephemeris=self.kernel)
            sun = get_body_barycentric("sun", time, ephemeris=self.kernel)
        except (ValueError, OSError, ImportError, KeyError) as error:
            raise ConfigError(
                f"ephemeris is {self.kernel!r}, which astropy can't use ({str(error).splitlines()[0][:200]}); give "
                "DE405, builtin, a JPLEPH file, or a kernel that astropy knows (with jplephem installed)."
            ) from None
        parts = ((position, u.km, LIGHT), (velocity, u.km / u.s, LIGHT), (sun, u.km, LIGHT))
        return State(*(np.asarray(vector.xyz.to_value(unit)).T / light for vector, unit, light in parts))


def open_ephemeris(name: str | Path = DEFAULT) -> Ephemeris:
    """Return an ephemeris by name.

    Parameters
    ----------
    name : str or Path
        ``DE405``; ``builtin`` or another name that astropy knows; or a file of HEASoft's form, JPLEPH.nnn.

    Raises
    ------
    DataError
        If the file is none, or can't be read.
    """
    text = str(name).strip()
    if text.upper() in {"DE405", "JPL-DE405"}:
        return de405()
    if Path(text).name.upper().startswith("JPLEPH"):
        return read_jpleph(read_fits(text))
    return AstropyEphemeris(text)


@cache
def de405() -> EarthAndSun:
    """Return the ephemeris that comes with rossi: JPL's DE405 for the mission."""
    data = resources.files("rossi.timing").joinpath(_FILE).read_bytes()
    file = open_fits(data, _FILE)
    return EarthAndSun("JPL-DE405", "ICRS", *(_read_body(file, body) for body in ("EARTH", "SUN")))


def _read_body(file: FitsFile, body: str) -> Chebyshev:
    table = file.table(body)
    start, span = (table.header.finite(key, table.where) for key in ("MJDSTART", "SPAN"))
    return Chebyshev(start, span, table.numbers("COEFFICIENTS", None).reshape(len(table), 3, -1))


#: Rows of the table DE2 of JPLEPH.nnn, from 0.
_BODIES = {"barycentre": 2, "moon": 9, "sun": 10}


def read_jpleph(file: FitsFile) -> Jpleph:
    """Read an ephemeris of HEASoft's form.

    Parameters
    ----------
    file : FitsFile

    Raises
    ------
    DataError
        If it is none.
    """
    names, layout, records = (file.table(hdu=number) for number in (1, 2, 3))
    values = dict(zip(names.column("Cname").tolist(), names.numbers("Cvalue").tolist(), strict=True))
    if not {"DENUM", "EMRAT"} <= set(values):
        raise DataError(f"{names.where}: there is no DENUM and EMRAT; a JPLEPH file of HEASoft's was expected.")
    columns = list(layout.infos)[1:4]
    pointer, number, pieces = (layout.integers(column) for column in columns)
    cells = records.numbers(next(iter(records.infos)), None)
    start, span = (records.header.finite(key, records.where) for key in ("TSTART", "TIMEDEL"))
    bodies = {}
    for body, row in _BODIES.items():
        at, n, parts = int(pointer[row]) - 1, int(number[row]), int(pieces[row])
        of_body = cells[:, at : at + 3 * n * parts].reshape(len(cells) * parts, 3, n)
        bodies[body] = Chebyshev(start - 2400000.5, span / parts, of_body / values.get("CLIGHT", LIGHT))
    release = int(values["DENUM"])
    return Jpleph(f"JPL-DE{release}", "FK5" if release < 400 else "ICRS", **bodies, mass_ratio=values["EMRAT"])
