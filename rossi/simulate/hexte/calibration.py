"""Calibration files for simulated HEXTE data: dead time, A's background from B's, and responses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import CardTuple
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.simulate.collimator import collimator_cube
from rossi.simulate.hexte.cluster import CHANNELS, CLUSTERS, DETECTORS, FRAME, A, B, Cluster
from rossi.simulate.hexte.deadtime import ULD_DEAD, XULD_DEAD, nominal_live
from rossi.simulate.hexte.response import area_file, matrix_file
from rossi.simulate.hexte.rocking import SLEW, STARING
from rossi.simulate.hexte.source import background_rates
from rossi.simulate.keywords import ORIGIN, Columns

DEAD_TIME_FILE_A, DEAD_TIME_FILE_B = "sim_hxtdead_pwa.fits", "sim_hxtdead_pwb.fits"
BACKEST_FILE = "sim_hextebackest.fits"
#: Matrix, effective area on axis and collimator of clusters A and B.
MATRIX_FILES = ("sim_hexte_pwa.rmf", "sim_hexte_pwb.rmf")
AREA_FILES = ("sim_hexte_pwa.arf", "sim_hexte_pwb.arf")
COLLIMATOR_FILES = ("sim_hexte_pwa.coll", "sim_hexte_pwb.coll")
#: Effective area of B with all its detectors, before 1996-03-06.
EARLY_AREA_FILE = "sim_hexte_pwb_early.arf"
#: End of the validity of the coefficients [s], as in the files of the real ones.
_ALWAYS = 999_999_999.0


def hexte_calibration_files() -> dict[str, bytes]:
    """Return the calibration files of every simulated archive by name."""
    names = (DEAD_TIME_FILE_A, DEAD_TIME_FILE_B)
    dead = {name: dead_time_coefficients(cluster) for name, cluster in zip(names, CLUSTERS, strict=True)}
    return {**dead, BACKEST_FILE: background_correction(), **_response_files()}


def _response_files() -> dict[str, bytes]:
    files = {EARLY_AREA_FILE: area_file(B, "1995-12-31")}
    for cluster, matrix, area, cube in zip(CLUSTERS, MATRIX_FILES, AREA_FILES, COLLIMATOR_FILES, strict=True):
        lost = cluster.lost_detector(_ALWAYS)
        files[matrix] = matrix_file(cluster)
        files[area] = area_file(cluster, "1995-12-31" if lost is None else "1996-03-06", lost)
        files[cube] = collimator_cube("HEXTE", cluster.detnam)
    return files


def _cards(detnam: str, code: str, start: str) -> list[CardTuple]:
    return [
        ("TELESCOP", "XTE"),
        ("INSTRUME", "HEXTE"),
        ("DETNAM", detnam),
        ("ORIGIN", ORIGIN, "simulated, not measured"),
        ("CCLS0001", "BCF"),
        ("CDTP0001", "DATA"),
        ("CCNM0001", code),
        ("CVSD0001", start),
        ("CVST0001", "00:00:00"),
        ("HDUCLASS", "OGIP"),
    ]


def dead_time_coefficients(cluster: Cluster) -> bytes:
    """Return the file of the dead time after XULD and ULD events, in one row for the whole mission.

    Parameters
    ----------
    cluster : Cluster
    """
    columns: Columns = [
        (Column("TSTART", "D", "s"), [0.0]),
        (Column("TSTOP", "D", "s"), [_ALWAYS]),
        *(
            (Column(f"{cluster.detnam.lower()}{detector}co{number}", "E"), [values[cluster.index, detector]])
            for number, values in enumerate((XULD_DEAD, ULD_DEAD))
            for detector in range(DETECTORS)
        ),
    ]
    cards: list[CardTuple] = [*_cards(cluster.detnam, "HKCONV", "31/12/95"), ("TSYS", "MET")]
    return fits_bytes(primary_hdu(), [table_hdu("HXTDEADCO", columns, cards)])


def _recorded(cluster: Cluster, unblanked: int) -> NDArray[np.float64]:
    """Return the background per live second of the mean detector (256,) [count/s], of detectors that see energies."""
    detectors = list(cluster.spectral_detectors)
    live = nominal_live(cluster, unblanked)[detectors]
    return np.asarray(live @ background_rates(cluster, STARING)[detectors] / live.mean())


def background_correction() -> bytes:
    """Return what the task hextebackest multiplies B's background with to get A's, for each channel.

    B's is that of detectors 0, 1 and 3 while rocking with 32 s, A's that of all detectors, staring; dead-time corrected
    by the mean of the detectors, so that one that is dead for longer counts less.
    """
    stared, rocked = _recorded(A, FRAME), _recorded(B, FRAME - SLEW)
    slope = np.divide(stared, rocked, out=np.ones(CHANNELS), where=rocked > 0)
    columns: Columns = [
        (Column("CHANNEL", "I"), np.arange(CHANNELS)),
        (Column("YOFFSET", "E", "count/s"), np.zeros(CHANNELS)),
        (Column("SLOPE", "E"), slope),
    ]
    table = table_hdu("CORR_COEFF", columns, _cards(A.detnam, "CORR_COEFF", "2006-10-20"))
    return fits_bytes(primary_hdu(), [table])
