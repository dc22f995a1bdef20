"""Mission elapsed time.

RXTE counts seconds from 1994-01-01T00:00:00 UTC. A file's TIME column, TSTART, TSTOP and GTIs are spacecraft clock;
adding its TIMEZERO (some 3.4 s, the slowly varying clock correction) gives MET in TT.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.errors import DataError
from rossi.fits.header import Header

if TYPE_CHECKING:
    from astropy.time import Time

#: MJDREFI + MJDREFF of every RXTE file: 1994-01-01T00:00:00 UTC in TT; 60.184 s = 28 leap seconds + 32.184 s.
MJDREFI = 49353
MJDREFF = 0.000696574074
DAY = 86400.0
_BEGIN = datetime(1994, 1, 1)  # TT, which is no zone
#: Years of four digits.
_CALENDAR = 6e10


def met_to_mjd(met: ArrayLike) -> NDArray[np.float64]:
    """Convert MET (TT, TIMEZERO applied) to MJD (TT).

    Parameters
    ----------
    met : array_like (...) [s]

    Returns
    -------
    ndarray (...) [d]
        Good to about 1e-6 s.
    """
    return np.asarray(MJDREFI + (MJDREFF + np.asarray(met, np.float64) / DAY), np.float64)


def mjd_to_met(mjd: ArrayLike) -> NDArray[np.float64]:
    """Convert MJD (TT) to MET.

    Parameters
    ----------
    mjd : array_like (...) [d]

    Returns
    -------
    ndarray (...) [s]
    """
    return np.asarray(((np.asarray(mjd, np.float64) - MJDREFI) - MJDREFF) * DAY, np.float64)


def to_time(met: ArrayLike) -> Time:
    """Convert MET (TT) to an astropy `Time` without loss.

    Parameters
    ----------
    met : array_like (...) [s]

    Returns
    -------
    astropy.time.Time (...)
    """
    from astropy.time import Time

    return Time(float(MJDREFI), MJDREFF + np.asarray(met, np.float64) / DAY, format="mjd", scale="tt")


def from_time(time: Time) -> NDArray[np.float64]:
    """Convert an astropy `Time` to MET (TT).

    Parameters
    ----------
    time : astropy.time.Time (...)

    Returns
    -------
    ndarray (...) [s]
    """
    tt = time.tt
    return np.asarray(((tt.jd1 - 2400000.5 - MJDREFI) + (tt.jd2 - MJDREFF)) * DAY, np.float64)


def isot(met: float) -> str:
    """Return a MET (TT) as a date, TT, to the second: what DATE-OBS holds in RXTE files (their TIMESYS is TT).

    Parameters
    ----------
    met : float [s]
    """
    if not abs(met) < _CALENDAR:
        return str(to_time(met).isot)[:19]
    milliseconds = round((float(met) + MJDREFF * DAY) * 1000)
    return (_BEGIN + timedelta(milliseconds=milliseconds)).isoformat()[:19]


def whole_second(met: float) -> float:
    """Return the MET of the last whole second of TT, by which a figure can count.

    Parameters
    ----------
    met : float [s]

    Returns
    -------
    float [s]
    """
    offset = MJDREFF * DAY
    return float(np.floor(met + offset + 1e-6) - offset)


def add_reference(header: Header) -> None:
    """Add MJDREF to a header with MJDREFI and MJDREFF, which remain what counts.

    Astropy's tables know MJDREF alone, and count from MJD 0 without it.

    Parameters
    ----------
    header : Header
    """
    whole, fraction = header.get("MJDREFI"), header.get("MJDREFF")
    if isinstance(whole, int | float) and isinstance(fraction, int | float):
        header.set("MJDREF", whole + fraction, "MJDREFI + MJDREFF")


def split_keyword(header: Header, keyword: str, where: str, default: float | None = None) -> float:
    """Return a time keyword, be it one number (TSTART) or whole part and fraction (TSTARTI and TSTARTF).

    Parameters
    ----------
    header : Header
    keyword : str
    where : str
        File and HDU, for messages.
    default : float, optional
        Where it is absent.

    Returns
    -------
    float
        In the unit of the keyword.

    Raises
    ------
    DataError
        If it is absent and there is no default, or is no finite number.
    """
    stem = keyword[:7]
    if keyword in header:
        return header.finite(keyword, where)
    if stem + "I" in header:
        return header.finite(stem + "I", where) + header.finite(stem + "F", where, 0.0)
    if default is None:
        raise DataError(f"{where}: neither keyword {keyword} nor {stem}I is there; the file has no time reference.")
    return default


def timezero(header: Header, where: str) -> float:
    """Return TIMEZERO (or TIMEZERI + TIMEZERF), 0 where the file has none.

    Parameters
    ----------
    header : Header
    where : str
        File and HDU, for messages.

    Returns
    -------
    float [s]

    Raises
    ------
    DataError
        If it is no finite number.
    """
    return split_keyword(header, "TIMEZERO", where, 0.0)
