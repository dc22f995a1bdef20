"""Event lists: a row a photon."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import CardTuple
from rossi.fits.writer import Column
from rossi.simulate.hexte.cluster import CREATOR, DETECTORS, FRAME, RESOLUTION, Cluster
from rossi.simulate.hexte.deadtime import counter
from rossi.simulate.hexte.photons import Frames, Photons
from rossi.simulate.hexte.rocking import EVENT_CODES
from rossi.simulate.keywords import TIME, Columns, data_file, gti_table
from rossi.simulate.spec import ObservationSpec

#: Share of the rows that come without a dead-time counter.
_WITHOUT = 0.005
#: The event word of each mask of bytes: pulse shape and calibration flag are in the byte that mask 0F leaves out.
_FIELDS = "D[0:3]{2},E[LE1,LE0]{2},T[0.0:1.0;7.62939453125e-6]{17},C[0:255]{8}"
_WORDS = {0x1F: f"E[0:63]{{6}},E[CAL]{{1}},T[0:15;1]{{4}},{_FIELDS}", 0x0F: f"T[0:7;1]{{3}},{_FIELDS}"}
#: Pulse shape of every photon, in the middle of what is accepted.
_SHAPE = 32


def event_words(mask: int, photons: Photons) -> NDArray[np.uint8]:
    """Return the event words of a mask of bytes.

    Parameters
    ----------
    mask : int
    photons : Photons

    Returns
    -------
    ndarray (m, n_byte) of uint8
    """
    coarse = photons.since.astype(np.int64)
    fine = ((photons.since - coarse) / RESOLUTION).astype(np.int64)
    word = ((_SHAPE << 5 | coarse) << 2 | photons.detector) << 19 | fine
    size = mask.bit_count()
    return ((word << 8) | photons.channel).astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - size :]


def _dead_time_values(frames: Frames, photons: Photons, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the value of LiveTime of each photon: only photons that have one count when hxtdead evaluates them."""
    valid = rng.random(len(photons.frame)) >= _WITHOUT
    cell = photons.frame * DETECTORS + photons.detector
    counted = np.bincount(cell[valid], minlength=len(frames.time) * DETECTORS).reshape(-1, DETECTORS)
    ticks = counter(frames.dead, frames.unblanked, frames.pulses, counted.astype(np.float64)).ravel()
    return np.where(valid, ticks[cell], -1)


def event_file(
    spec: ObservationSpec, cluster: Cluster, frames: Frames, photons: Photons, rng: np.random.Generator
) -> tuple[str, bytes]:
    """Return path and content of the event list of contiguous frames.

    Parameters
    ----------
    spec : ObservationSpec
    cluster : Cluster
    frames : Frames
    photons : Photons
        Of these frames.
    rng : Generator
    """
    time = frames.time[photons.frame] + photons.since
    order = np.argsort(time, kind="stable")
    word = (("TDDES", "D[0~3] & E[0~131071] & C[0~255] & T[0~16]"), ("TEVTB", _WORDS[cluster.mask]))
    columns: Columns = [
        (TIME, time[order]),
        (Column("LiveTime", "J", "", "dead time, unit 2**-19 s"), _dead_time_values(frames, photons, rng)[order]),
        (Column("ClstrPosition", "B"), EVENT_CODES[frames.position][photons.frame[order]]),
        (Column("Event", f"{8 * cluster.mask.bit_count()}X", keywords=word), event_words(cluster.mask, photons)[order]),
    ]
    cards: list[CardTuple] = [
        *cluster.cards("EVENTS", "ALL", cluster.events),
        ("DATAMODE", f"E_8us_256_DX{cluster.mask:02X}"),
        ("TIMEDEL", RESOLUTION, "time resolution"),
    ]
    start, stop = int(frames.time[0]), int(frames.time[-1]) + FRAME
    gti = gti_table(spec, [(start, stop)])
    path = f"hexte/FS{cluster.events:02x}_{start:x}-{stop:x}"
    return path, data_file(spec, (start, stop), "XTE_SE", columns, cards, (gti, gti), spec.compress, CREATOR)
