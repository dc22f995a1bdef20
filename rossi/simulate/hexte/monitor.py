"""The rates that the 16-s housekeeping reports, and its file."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rossi.fits.writer import Column
from rossi.simulate.detector import particle_level
from rossi.simulate.hexte.cluster import CREATOR, DETECTORS, FRAME, Cluster
from rossi.simulate.hexte.rocking import ARCHIVE_CODES, DWELL_CODES, dwell, positions
from rossi.simulate.keywords import TIME, Columns, data_file, gti_table
from rossi.simulate.spec import ObservationSpec

#: Typical rates of the counters, clusters A and B, detectors 0 to 3 [1/s].
_TYPICAL = {
    "uld": ((215, 224, 236, 250), (221, 232, 228, 243)),
    "xuld": ((136, 143, 151, 158), (141, 149, 146, 155)),
    "arm": ((752, 741, 715, 730), (738, 746, 722, 709)),
    "trigger": ((541, 549, 556, 538), (533, 552, 547, 529)),
    "veto": ((437, 443, 421, 465), (429, 451, 438, 447)),
}
#: Their names in the housekeeping, without the detector.
NAMES = {"arm": "ctArmD", "trigger": "ctTrigD", "veto": "ctHwVetoD", "uld": "ctUldD", "xuld": "ctXuldD"}
#: Frames of housekeeping before and behind the observation; the archive mode is evaluated with that of a frame earlier.
_MARGIN = 2
#: Commanded position: the pattern with 1.5 deg.
_PATTERN = 1


@dataclass(frozen=True, slots=True)
class Monitor:
    """Rates of the counters in each frame and detector: large pulses, arms, triggers, vetoes.

    Parameters
    ----------
    uld, xuld, arm, trigger, veto : ndarray (n, 4) of int [count / s]
    """

    uld: NDArray[np.int64]
    xuld: NDArray[np.int64]
    arm: NDArray[np.int64]
    trigger: NDArray[np.int64]
    veto: NDArray[np.int64]

    @classmethod
    def mean(cls, cluster: Cluster) -> Monitor:
        """Return the typical rates, as of one frame.

        Parameters
        ----------
        cluster : Cluster
        """
        return cls(**{name: np.array([rates[cluster.index]]) for name, rates in _TYPICAL.items()})

    def __getitem__(self, frames: NDArray[np.int64]) -> Monitor:
        """Return some of the frames."""
        return Monitor(*(getattr(self, field.name)[frames] for field in fields(self)))


def frame_times(spec: ObservationSpec) -> NDArray[np.float64]:
    """Return the starts of the frames that the housekeeping covers, a little more than the observation.

    Parameters
    ----------
    spec : ObservationSpec

    Returns
    -------
    ndarray (n,) [s]
    """
    margin = _MARGIN * FRAME
    return np.arange(spec.start - margin, spec.stop + margin, FRAME, dtype=np.float64)


def draw_monitor(cluster: Cluster, time: NDArray[np.float64], rng: np.random.Generator) -> Monitor:
    """Draw the rates in frames: Poisson numbers around what the particle environment makes of the typical ones.

    Parameters
    ----------
    cluster : Cluster
    time : ndarray (n,) [s]
        Starts of the frames.
    rng : Generator
    """
    level = particle_level(time + FRAME / 2)[:, None]
    mean = {name: np.array(rates[cluster.index]) * (0.7 + 0.3 * level) for name, rates in _TYPICAL.items()}
    return Monitor(**{name: np.rint(rng.poisson(rate * FRAME) / FRAME).astype(np.int64) for name, rate in mean.items()})


def housekeeping_file(
    spec: ObservationSpec, cluster: Cluster, time: NDArray[np.float64], monitor: Monitor
) -> tuple[str, bytes]:
    """Return path and content of a cluster's 16-s housekeeping.

    Parameters
    ----------
    spec : ObservationSpec
    cluster : Cluster
    time : ndarray (n,) [s]
        Starts of the frames.
    monitor : Monitor
    """
    code = np.full(len(time), DWELL_CODES[dwell(cluster, spec.start)])
    position = ARCHIVE_CODES[positions(cluster, spec.start, time).position]
    states = {
        "CmdDwellApMod": code,
        "cmdPosApMod": np.full(len(time), _PATTERN),
        "posApMod": position,
        "DwellPdApMod": code,
    }
    columns: Columns = [
        (TIME, time),
        *((Column(name, "B", keywords=(("TDDES", f"H[{name}]"),)), values) for name, values in states.items()),
        *(
            (
                Column(f"{name}{d}", "I", "count/s", keywords=(("TDDES", f"H[{name}{d}]"),)),
                getattr(monitor, field)[:, d],
            )
            for field, name in NAMES.items()
            for d in range(DETECTORS)
        ),
    ]
    start, stop = int(time[0]), int(time[-1]) + FRAME
    cards = [*cluster.cards("TEMPORALDATA", "HOUSEKEEPING", cluster.housekeeping), ("TIMEDEL", float(FRAME))]
    gti = gti_table(spec, [(start, stop)])
    content = data_file(spec, (start, stop), "XTE_HK", columns, cards, (gti,), spec.compress, CREATOR)
    return f"hexte/FH{cluster.housekeeping:02x}_{start:x}-{stop:x}", content
