"""Makes the ephemeris that rossi carries: ``python -m rossi.timing.ephemeris_table JPLEPH.405 de405.fits.gz``.

JPL's DE405 has the Earth-Moon barycentre, the Moon as seen from the Earth, and the Sun. The Earth's own positions are
fitted anew, with polynomials as short as the accuracy below allows, for the time of the mission.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from rossi.fits.reader import read_fits
from rossi.fits.writer import Column, TableHDU, fits_bytes, primary_hdu, table_hdu
from rossi.timing.ephemeris import Ephemeris, read_jpleph

#: The mission, launch to end with some days to spare [MJD]; spans are a divisor of its length.
FIRST, LAST = 50080, 55968
#: Length of the spans [d] and number of coefficients of each body: errors stay below 0.2 ns (Earth) and 0.4 ns (Sun).
LAYOUT = {"EARTH": (8, 15), "SUN": (32, 11)}
#: Coefficients are multiples of this [light second], which leaves zeros for the compression: 17 mm.
_STEP = 2.0**-34


def coefficients(ephemeris: Ephemeris, body: str) -> NDArray[np.float64]:
    """Return Chebyshev coefficients of Earth or Sun, one row a span.

    Parameters
    ----------
    ephemeris : Ephemeris
        Of the whole mission.
    body : {"EARTH", "SUN"}

    Returns
    -------
    ndarray (n_span, 3 * n_coefficient) [light second]
        Those of x, then of y, then of z.
    """
    span, number = LAYOUT[body]
    nodes = np.cos(np.pi * (np.arange(number) + 0.5) / number)
    starts = np.arange(FIRST, LAST, span, dtype=np.float64)
    rows = []
    for start in starts:
        half = span / 2
        state = ephemeris.state(np.full(number, start + half), nodes * half)
        fitted = chebyshev.chebfit(nodes, state.earth if body == "EARTH" else state.sun, number - 1)
        rows.append(fitted.T.ravel())
    return np.asarray(np.rint(np.array(rows) / _STEP) * _STEP)


def ephemeris_file(ephemeris: Ephemeris) -> bytes:
    """Return the file, gzip-compressed.

    Parameters
    ----------
    ephemeris : Ephemeris
    """
    primary = primary_hdu(
        [
            ("CONTENT", "EPHEMERIS", "positions as Chebyshev polynomials"),
            ("PLEPHEM", ephemeris.name, "what it was made from"),
            ("TIMESYS", "TDB"),
            ("RADECSYS", ephemeris.frame),
        ]
    )
    return fits_bytes(primary, [_table(ephemeris, body) for body in LAYOUT], compress=True)


def _table(ephemeris: Ephemeris, body: str) -> TableHDU:
    span, number = LAYOUT[body]
    column = Column("COEFFICIENTS", f"{3 * number}D", "light second", "x, y, z")
    cards = [("MJDSTART", float(FIRST), "[d] begin of the first span"), ("SPAN", float(span), "[d] length of a span")]
    return table_hdu(body, [(column, coefficients(ephemeris, body))], cards)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(ephemeris_file(read_jpleph(read_fits(sys.argv[1]))))
