"""Calibration files that belong to a simulated archive; for the PCA a background model, breakdowns and collimators.

The simulated background follows the rate of very large events (VLE), and so does the model: what it predicts from the
VLE counts of a row is what the row's background was drawn from.
"""

from __future__ import annotations

import io
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from astropy.io import fits

from rossi.fits.declarations import STDGTI
from rossi.fits.header import CardTuple
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.met import MJDREFF, MJDREFI
from rossi.simulate import clock
from rossi.simulate.collimator import collimator_cube
from rossi.simulate.detector import VLE_RATE
from rossi.simulate.hexte import (
    AREA_FILES,
    COLLIMATOR_FILES,
    EARLY_AREA_FILE,
    MATRIX_FILES,
    hexte_calibration_files,
)
from rossi.simulate.science import ANODES
from rossi.simulate.source import background_rates
from rossi.simulate.spec import PCUS

MODEL_FILE, BREAKDOWN_FILE = "sim_pca_background.mdl", "sim_pca_breakdown.fits"
#: Collimators of PCU 0 to 4.
PCA_COLLIMATOR_FILES = tuple(f"sim_p{pcu}coll.fits" for pcu in range(PCUS))
#: The model is a straight line through no VLE and this rate [count/s], which no row reaches.
_HIGH_VLE = 4 * VLE_RATE
#: Gain and propane, and with them the background, are the same between these times [s].
_CHANGES = sorted({*clock.EPOCH_STARTS, *clock.PROPANE_LOST.values()})


def calibration_files() -> dict[str, bytes]:
    """Return the calibration files of every simulated archive by name."""
    return dict(_made())


@cache
def _made() -> dict[str, bytes]:
    cubes = {name: collimator_cube("PCA", f"PCU{pcu}") for pcu, name in enumerate(PCA_COLLIMATOR_FILES)}
    pca = {MODEL_FILE: background_model(), BREAKDOWN_FILE: breakdown_history(), **cubes}
    return {**pca, **hexte_calibration_files()}


def response_settings(folder: Path) -> dict[str, str | list[str]]:
    """Return which of the files responses are made with, by their names in section [calibration] of ``rossi.toml``.

    Parameters
    ----------
    folder : Path
        Where they lie.
    """
    lists = {
        **{"collimators": PCA_COLLIMATOR_FILES, "hexte_matrix": MATRIX_FILES, "hexte_collimators": COLLIMATOR_FILES},
        "hexte_area": (*AREA_FILES, EARLY_AREA_FILE),
    }
    paths: dict[str, str | list[str]] = {name: [str(folder / one) for one in files] for name, files in lists.items()}
    return {"energy_to_channel": "e05v03"} | paths


def background_model() -> bytes:
    """Return a background model: an image for each PCU, anode and period, in count / s per channel against VLE rate."""
    hdus: list[fits.PrimaryHDU | fits.ImageHDU] = []
    for start, stop in pairwise(_CHANGES):
        rates = background_rates(start) * (_HIGH_VLE / VLE_RATE)
        for pcu in range(PCUS):
            for anode, rate in zip(ANODES, rates[pcu], strict=True):
                image = np.zeros((2, 2, len(rate)), np.float32)  # VLE rate, data and error, channel
                image[1, 0] = rate
                hdu = (fits.ImageHDU if hdus else fits.PrimaryHDU)(image)
                hdu.header.update(_axes(pcu) | _validity(start, stop))
                hdu.header["EXTNAME"] = hdu.header["BTYPE"] = f"{anode}SpecPcu{pcu}"
                hdus.append(hdu)
    out = io.BytesIO()
    fits.HDUList(hdus).writeto(out, checksum=False)
    return out.getvalue()


def breakdown_history() -> bytes:
    """Return a breakdown file: time since the last breakdown of each PCU, and good time; there never was any."""
    time = np.array([clock.EPOCH_STARTS[0], clock.EPOCH_STARTS[-1]], float)
    cards: list[CardTuple] = [("TELESCOP", "XTE"), ("INSTRUME", "PCA"), ("TIMESYS", "TT"), ("TIMEUNIT", "s")]
    cards += [("MJDREFI", MJDREFI), ("MJDREFF", MJDREFF), ("TIMEZERO", 0.0)]
    names = [f"TIME_SINCE_BRK{pcu}" for pcu in range(PCUS)] + ["TIME_SINCE_BRK"]
    columns = [(Column("TIME", "D", "s"), time)] + [(Column(name, "E", "min"), np.full(2, 1e4)) for name in names]
    history = table_hdu("PCA_BREAKDOWN_HIST", columns, [*cards, ("MAX_GAP", 1e9, "interpolate over the mission")])
    gti_cards: list[CardTuple] = [*cards, ("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI")]
    good = list(zip(STDGTI, time[:, None], strict=True))
    return fits_bytes(primary_hdu(), [history, *(table_hdu(f"PCU{n}_GTI", good, gti_cards) for n in range(PCUS))])


def _axes(pcu: int) -> dict[str, str | float]:
    return {
        **{"TELESCOP": "XTE", "INSTRUME": "PCA", "DETNAM": f"PCU{pcu}", "ALTNAME": f"PCU{pcu} VLE"},
        **{"BUNIT": "count/s", "BGSRC": "INTERNAL", "CCNM0001": "PCA_BKGD_MODEL"},
        **{"CTYPE1": "Channel", "CTYPE2": "Data/Error", "CTYPE3": f"VLECntPcu{pcu}", "CUNIT3": "count/s"},
        **{"CRVAL3": 0.0, "CDELT3": _HIGH_VLE, "1CMID3": 0.0, "2CMID3": _HIGH_VLE},
    }


def _validity(start: float, stop: float) -> dict[str, str]:
    first, last = clock.date(start), clock.date(stop - 1)
    return {
        **{"CVSD0001": f"{first:%Y-%m-%d}", "CVST0001": f"{first:%H:%M:%S}"},
        **{"CVED0001": f"{last:%Y-%m-%d}", "CVET0001": f"{last:%H:%M:%S}"},
    }
