"""When light that is met by the spacecraft is at the barycentre of the solar system.

Worked out from astropy's own ephemeris and the orbit of the simulation, so that it stands for itself beside what
`rossi.timing` makes of an orbit file and DE405; both agree to the 50 us of that ephemeris.
"""

from __future__ import annotations

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from rossi.met import DAY, MJDREFF, MJDREFI
from rossi.simulate import orbit

#: A kilometre [light s]; 2 G M_sun / c^3 [s].
_KM = 1 / 299792.458
_SUN = 2 * 4.925490948e-6
#: Distance of the nodes between which the delay is linear, to 4 ns [s].
_STEP = 1.0


def barycentric_delay(met: NDArray[np.float64], ra: float, dec: float, zero: float) -> NDArray[np.float64]:
    """Return what is to be added to times at the spacecraft (TT) to have those at the barycentre (TDB).

    Parameters
    ----------
    met : ndarray (n,) [s]
        Spacecraft clock.
    ra, dec : float [deg]
        Of the source, J2000.
    zero : float [s]
        TIMEZERO.

    Returns
    -------
    ndarray (n,) [s]
    """
    node = np.arange(np.floor(met.min()), met.max() + 2 * _STEP, _STEP)
    return np.interp(met, node, _exact(node, orbit.unit(ra, dec), zero))


def _exact(met: NDArray[np.float64], unit: NDArray[np.float64], zero: float) -> NDArray[np.float64]:
    from astropy.coordinates import get_body_barycentric, get_body_barycentric_posvel  # takes a while

    terrestrial = Time(MJDREFI, MJDREFF + (met + zero) / DAY, format="mjd", scale="tt")
    time = terrestrial.tdb
    time_scale = ((time.jd1 - terrestrial.jd1) + (time.jd2 - terrestrial.jd2)) * DAY
    earth, velocity = (part.xyz.T for part in get_body_barycentric_posvel("earth", time, ephemeris="builtin"))
    sun = get_body_barycentric("sun", time, ephemeris="builtin").xyz.T.to_value("km") * _KM
    spacecraft = orbit.position(met + zero) * _KM  # as orbit files have it, whose times are TT
    place = earth.to_value("km") * _KM + spacecraft
    from_sun = place - sun
    cosine = from_sun @ unit / np.linalg.norm(from_sun, axis=1)
    moving = (spacecraft * velocity.to_value("km/s")).sum(axis=1) * _KM
    return np.asarray(time_scale + place @ unit + moving + _SUN * np.log1p(cosine))
