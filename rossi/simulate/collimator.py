"""The collimators of simulated instruments as files: 1 deg FWHM, a cone around the boresight, at all energies."""

from __future__ import annotations

import numpy as np

from rossi.energy.collimator import BORESIGHT
from rossi.fits.header import CardTuple
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.simulate.attitude import through
from rossi.simulate.keywords import ORIGIN

#: Half width and step of the grid of directions, which has the boresight in its middle.
_REACH, _STEP = 0.02, 0.001
#: Energies that it holds for [keV].
_ENERGIES = (1.0, 300.0)


def collimator_cube(instrument: str, detnam: str) -> bytes:
    """Return a collimator cube (COLLRESP).

    Parameters
    ----------
    instrument : str
        INSTRUME.
    detnam : str
    """
    grid = np.arange(-round(_REACH / _STEP), round(_REACH / _STEP) + 1) * _STEP
    alpha, beta = (BORESIGHT[0] + grid).astype(np.float32), (BORESIGHT[1] + grid).astype(np.float32)
    angle = np.degrees(np.hypot(alpha - np.float32(BORESIGHT[0]), (beta - np.float32(BORESIGHT[1]))[:, None]))
    rows = {
        **{"ENERG_LO": np.array(_ENERGIES[:1]), "ENERG_HI": np.array(_ENERGIES[1:]), "ALPHA": alpha, "BETA": beta},
        "COLLRESP": through(angle).ravel(),
    }
    units = {"ENERG_LO": "keV", "ENERG_HI": "keV"}
    columns = [
        (Column(name, f"{len(row)}E", units.get(name, "")), row.astype(np.float32)[None]) for name, row in rows.items()
    ]
    cards: list[CardTuple] = [
        *(("HDUCLASS", "OGIP"), ("HDUCLAS1", "RESPONSE"), ("HDUCLAS2", "COLLRESP"), ("HDUVERS2", "1.1.0")),
        *(("TELESCOP", "XTE"), ("INSTRUME", instrument), ("DETNAM", detnam)),
        *(("ORIGIN", ORIGIN, "simulated, not measured"), ("CCNM0001", "COLLRESP"), ("CVSD0001", "1995-12-31")),
        *(("TDIM5", f"(1,{len(alpha)},{len(beta)})"), ("CREF5", "(ENERG_LO:ENERG_HI,ALPHA,BETA)")),
        *(("1CTYP5", "ENERGY"), ("2CTYP5", "COORD-1"), ("3CTYP5", "COORD-2")),
    ]
    return fits_bytes(primary_hdu(), [table_hdu("COLLRESP", columns, cards)])
