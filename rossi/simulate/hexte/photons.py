"""What a cluster counts in an observation: frames, their dead time, and the photons."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError
from rossi.simulate import attitude
from rossi.simulate.detector import particle_level
from rossi.simulate.hexte.cluster import CHANNELS, DETECTORS, FRAME, RESOLUTION, Cluster
from rossi.simulate.hexte.deadtime import dead_time
from rossi.simulate.hexte.rocking import positions
from rossi.simulate.hexte.source import background_rates, source_rates
from rossi.simulate.spec import ObservationSpec

#: A sum of eight channels, an element of the archive's spectra, must fit into 16 bits.
_MOST = 32767 // 8


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of 16 s.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Start.
    position : ndarray (n,) of int
        0 on source, +1 and -1 beside it.
    unblanked : ndarray (n,) of int [s]
        In which the cluster does not move.
    dead : ndarray (n, 4) [s]
        True dead time of the detectors.
    pulses, pulses_before : ndarray (n, 4) [s]
        Dead time after large pulses, by the housekeeping of the frame and of the one before.
    """

    time: NDArray[np.float64]
    position: NDArray[np.int64]
    unblanked: NDArray[np.int64]
    dead: NDArray[np.float64]
    pulses: NDArray[np.float64]
    pulses_before: NDArray[np.float64]

    def __getitem__(self, frames: slice) -> Frames:
        """Return some of the frames."""
        return Frames(*(getattr(self, field.name)[frames] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Photons:
    """Photons in the order of their frames.

    Parameters
    ----------
    frame : ndarray (m,) of int
        Number of the frame.
    since : ndarray (m,) [s]
        Since the start of the frame, in whole multiples of 2**-17 s.
    detector, channel : ndarray (m,) of int
    """

    frame: NDArray[np.int64]
    since: NDArray[np.float64]
    detector: NDArray[np.int64]
    channel: NDArray[np.int64]

    def within(self, frames: slice) -> Photons:
        """Return the photons of some of the frames, which are counted from 0.

        Parameters
        ----------
        frames : slice
        """
        first, last = np.searchsorted(self.frame, [frames.start, frames.stop])
        part = slice(first, last)
        return Photons(self.frame[part] - frames.start, self.since[part], self.detector[part], self.channel[part])


def observe(
    spec: ObservationSpec,
    cluster: Cluster,
    time: NDArray[np.float64],
    pulses: tuple[NDArray[np.float64], NDArray[np.float64]],
    rng: np.random.Generator,
) -> tuple[Frames, Photons]:
    """Draw what a cluster counts.

    Parameters
    ----------
    spec : ObservationSpec
    cluster : Cluster
    time : ndarray (n,) [s]
        Starts of the frames.
    pulses : tuple of ndarray (n, 4) [s]
        Two: dead time after large pulses, by the housekeeping of each frame and of the one before.
    rng : Generator

    Returns
    -------
    Frames
    Photons
        Poisson numbers around the true rates times the time that is not dead.

    Raises
    ------
    ConfigError
        If the source is too bright for the archive's 16-bit counters.
    """
    middle = time + FRAME / 2
    where, level = positions(cluster, spec.start, time), particle_level(middle)
    dead = dead_time(cluster, where.unblanked, pulses[0], level, rng)
    light = attitude.transmission(spec, middle) * (where.position == 0)
    rates = background_rates(cluster, spec.start) * level[:, None, None]
    rates += source_rates(cluster, spec.start, spec.spectrum) * light[:, None, None]
    expected = rates * (FRAME - dead)[..., None]
    if expected.max(initial=0.0) > _MOST:
        raise ConfigError(
            f"Simulated observation {spec.obsid}: flux {spec.flux} with photon index {spec.photon_index} "
            "overflows the 16-bit counters of HEXTE; use less."
        )
    counts = rng.poisson(expected).ravel()
    cell = np.repeat(np.arange(len(counts)), counts)
    number = cell // (DETECTORS * CHANNELS)
    since = where.before[number] + rng.random(len(cell)) * where.unblanked[number]
    photons = Photons(number, np.floor(since / RESOLUTION) * RESOLUTION, cell // CHANNELS % DETECTORS, cell % CHANNELS)
    return Frames(time, where.position, where.unblanked, dead, *pulses), photons
