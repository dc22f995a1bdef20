"""The response of simulated clusters: a matrix, an effective area, and their files.

The instrument's own matrices are not rossi's to ship, so this one is invented, with the shape of theirs: 256 channels
of about 1 keV, a resolution like that of sodium iodide, and nothing below the lower level discriminator.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.fits.declarations import ENERG_HI, ENERG_LO, SPECRESP
from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import fits_bytes, primary_hdu, table_hdu
from rossi.simulate.hexte.cluster import CHANNELS, DETECTORS, Cluster
from rossi.simulate.keywords import ORIGIN
from rossi.spectra.area import EffectiveArea, with_area
from rossi.spectra.response import Response, stored_groups
from rossi.spectra.response_file import response_bytes

#: Nothing is counted below this channel (lower level discriminator).
LOWEST = 12
#: Photon energies [keV], in how many logarithmic bins: a tenth of the resolution.
_ENERGIES, _BINS = (8.0, 300.0), 360
#: Full width at half maximum at an energy [keV]; it grows with the root of the energy.
_WIDTH, _AT = 9.0, 60.0
_FWHM = 2.3548
#: Elements that are not above are not stored.
_THRESHOLD = 1e-6
#: Effective area of a cluster at its best energies [cm2].
AREA = 200.0
#: Shares of the detectors 0 to 3 in their cluster's area.
SHARE = np.array([[0.252, 0.250, 0.245, 0.253], [0.249, 0.252, 0.247, 0.252]])
#: DATE of the files: they are the same whenever they are made.
_DATE = "2026-01-01"


@lru_cache(maxsize=1)
def redistribution() -> Response:
    """Return the matrix of either cluster, without area: channel n holds n to n + 1 keV."""
    edges = np.geomspace(*_ENERGIES, _BINS + 1).astype(np.float32)
    low, high = edges[:-1], edges[1:]
    middle = ((low + high) / 2).astype(np.float64)[:, None]
    channel = np.arange(CHANNELS)
    sigma = _WIDTH / _FWHM * np.sqrt(middle / _AT)
    density = np.exp(-0.5 * ((channel + 0.5 - middle) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    kept = (density > _THRESHOLD) & (channel >= LOWEST)
    e_min = channel.astype(np.float32)
    matrix = np.where(kept, density, 0.0).astype(np.float32)
    return Response("simulated HEXTE", low, high, matrix, *stored_groups(kept), e_min, e_min + 1, 0)


@lru_cache(maxsize=4)
def effective_area(cluster: Cluster, lost: int | None = None) -> EffectiveArea:
    """Return the effective area of a cluster on axis: best from 20 to 80 keV.

    Parameters
    ----------
    cluster : Cluster
    lost : int, optional
        A detector that doesn't count any more.
    """
    matrix = redistribution()
    energy = (matrix.energ_lo.astype(np.float64) + matrix.energ_hi) / 2
    whole = AREA * np.exp(-((11.0 / energy) ** 4)) / (1.0 + (energy / 150.0) ** 3)
    share = sum(SHARE[cluster.index, n] for n in range(DETECTORS) if n != lost)
    name = f"simulated area of {cluster.detnam}"
    return EffectiveArea(name, matrix.energ_lo, matrix.energ_hi, (whole * share).astype(np.float32))


@lru_cache(maxsize=4)
def response(cluster: Cluster, lost: int | None = None) -> Response:
    """Return the response of a cluster on axis, area contained.

    Parameters
    ----------
    cluster : Cluster
    lost : int, optional
        A detector that doesn't count any more.
    """
    return with_area(redistribution(), effective_area(cluster, lost))


def _cards(cluster: Cluster, class2: str, code: str, since: str) -> list[CardTuple]:
    return [
        ("HDUCLASS", "OGIP"),
        ("HDUCLAS1", "RESPONSE"),
        ("HDUCLAS2", class2),
        ("TELESCOP", "XTE"),
        ("INSTRUME", "HEXTE"),
        ("DETNAM", cluster.detnam),
        ("FILTER", "NONE"),
        ("ORIGIN", ORIGIN, "simulated, not measured"),
        ("CCLS0001", "BCF"),
        ("CDTP0001", "DATA"),
        ("CCNM0001", code),
        ("CVSD0001", since),
        ("CVST0001", "00:00:00"),
    ]


def matrix_file(cluster: Cluster) -> bytes:
    """Return the matrix of a cluster as a file.

    Parameters
    ----------
    cluster : Cluster
    """
    cards = [*_cards(cluster, "RSP_MATRIX", "MATRIX", "1995-12-31"), ("HDUCLAS3", "REDIST"), ("CHANTYPE", "PHA")]
    cards += [("HDUVERS", "1.3.0"), ("HDUVERS1", "1.0.0"), ("HDUVERS2", "1.2.0"), ("LO_THRES", _THRESHOLD)]
    nominal = [*_cards(cluster, "EBOUNDS", "EBOUNDS", "1995-12-31"), ("CHANTYPE", "PHA"), ("HDUVERS", "1.2.0")]
    return response_bytes(redistribution(), Header(cards), Header(nominal), date=_DATE)


def area_file(cluster: Cluster, since: str, lost: int | None = None) -> bytes:
    """Return the effective area of a cluster on axis as a file.

    Parameters
    ----------
    cluster : Cluster
    since : str
        Date from which on it holds.
    lost : int, optional
        A detector that doesn't count any more.
    """
    area = effective_area(cluster, lost)
    cards = [*_cards(cluster, "SPECRESP", "EFF_AREA", since), ("HDUVERS", "1.1.0"), ("CSYSNAME", "RAW_DET")]
    values: tuple[NDArray[np.float32], ...] = (area.energ_lo, area.energ_hi, area.area)
    table = table_hdu("SPECRESP", list(zip((ENERG_LO, ENERG_HI, SPECRESP), values, strict=True)), cards)
    return fits_bytes(primary_hdu(), [table])
