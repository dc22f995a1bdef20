"""Archive-mode files: spectra of each detector and 1-s light curves of a cluster, a row a frame."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import CardTuple
from rossi.fits.writer import Column
from rossi.simulate.hexte.cluster import (
    ARCHIVE_CPIX,
    ARCHIVE_FIRST,
    BAND_EDGES,
    CHANNELS,
    CREATOR,
    DETECTORS,
    FRAME,
    Cluster,
)
from rossi.simulate.hexte.deadtime import counter
from rossi.simulate.hexte.photons import Frames, Photons
from rossi.simulate.hexte.rocking import ARCHIVE_CODES
from rossi.simulate.keywords import TIME, Columns, data_file, gti_table
from rossi.simulate.spec import ObservationSpec

_BANDS = len(BAND_EDGES) - 1


@lru_cache(maxsize=2)
def archive_columns(cluster: Cluster) -> tuple[Column, ...]:
    """Declare the 17 columns of an archive-mode table.

    Parameters
    ----------
    cluster : Cluster
    """
    of = f"E[0:63] & G[{cluster.index}]"
    axis = (("1CTYP", "CHANNEL"), ("1CPIX", ARCHIVE_CPIX))
    curves = (
        ("TDIM", f"({_BANDS},{FRAME})"),
        ("TDDES", f"D[0~3] & {of} & T[0.0:16.0;1.0]"),
        *(("1CTYP", "CHANNEL"), ("1CPIX", "(MsLimit1~MsLimit5)")),
        *(("2CTYP", "DELTA_TIME"), ("2CUNI", "s"), ("2CDLT", 1.0)),
    )
    return (
        TIME,
        *(
            Column(f"SpecDet{d}", "64I", "count", keywords=(("TDDES", f"D[{d}] & {of} & C[0~255]"), *axis))
            for d in range(DETECTORS)
        ),
        *(Column(f"MsLimit{n}", "I", "chan") for n in range(1, len(BAND_EDGES) + 1)),
        Column("ClstrPosition", "B"),
        Column("TimSerCnt", f"{_BANDS * FRAME}I", "count", keywords=curves),
        Column("GoodCnt", "J", "count"),
        *(Column(f"LiveTimeDet{d}", "J", "", "dead time, unit 2**-19 s") for d in range(DETECTORS)),
    )


def archive_spectra(n_frame: int, photons: Photons) -> NDArray[np.int64]:
    """Return the spectra in the archive's elements.

    Parameters
    ----------
    n_frame : int
    photons : Photons

    Returns
    -------
    ndarray (n_frame, 4, 64) of int [count]
    """
    cell = (photons.frame * DETECTORS + photons.detector) * CHANNELS + photons.channel
    counts = np.bincount(cell, minlength=n_frame * DETECTORS * CHANNELS).reshape(n_frame, DETECTORS, CHANNELS)
    return np.asarray(np.add.reduceat(counts, ARCHIVE_FIRST, axis=-1))


def light_curves(n_frame: int, photons: Photons) -> NDArray[np.int64]:
    """Return the 1-s light curves in four bands.

    Parameters
    ----------
    n_frame : int
    photons : Photons

    Returns
    -------
    ndarray (n_frame, 16, 4) of int [count]
    """
    band = np.searchsorted(BAND_EDGES, photons.channel, "right") - 1
    inside = (band >= 0) & (band < _BANDS)
    cell = (photons.frame * FRAME + photons.since.astype(np.int64)) * _BANDS + band
    return np.bincount(cell[inside], minlength=n_frame * FRAME * _BANDS).reshape(n_frame, FRAME, _BANDS)


def archive_file(spec: ObservationSpec, cluster: Cluster, frames: Frames, photons: Photons) -> tuple[str, bytes]:
    """Return path and content of the archive-mode file of contiguous frames.

    The task hxtdead evaluates the counters of a row with the housekeeping of the frame before, and takes a quarter of
    the cluster's events for a detector's; so do these counters.

    Parameters
    ----------
    spec : ObservationSpec
    cluster : Cluster
    frames : Frames
    photons : Photons
        Of these frames.
    """
    n_frame = len(frames.time)
    spectra = archive_spectra(n_frame, photons)
    good = spectra.sum((1, 2))
    ticks = counter(frames.dead, frames.unblanked, frames.pulses_before, good[:, None] / DETECTORS)
    values = [
        frames.time,
        *np.moveaxis(spectra, 1, 0),
        *(np.full(n_frame, edge) for edge in BAND_EDGES),
        ARCHIVE_CODES[frames.position],
        light_curves(n_frame, photons),
        good,
        *ticks.T,
    ]
    cards: list[CardTuple] = [
        *cluster.cards("ARRAY", "ALL", cluster.archive),
        ("DATAMODE", "Archive"),
        ("TIMEDEL", float(FRAME), "length of a row"),
        ("DELTAT", float(FRAME), "read-out interval"),
    ]
    columns: Columns = list(zip(archive_columns(cluster), values, strict=True))
    start, stop = int(frames.time[0]), int(frames.time[-1]) + FRAME
    gti = gti_table(spec, [(start, stop)])
    path = f"hexte/FS{cluster.archive:02x}_{start:x}-{stop:x}"
    return path, data_file(spec, (start, stop), "XTE_SA", columns, cards, (gti, gti), spec.compress, CREATOR)
