"""Where the clusters look: on source, 1.5 deg beside it on either side, by turns and in antiphase."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rossi.simulate.hexte.cluster import FRAME, Cluster

#: From here on a cluster stays 32 s at a position, before 16 s: 1998-01-09, MET without leap seconds [s].
LONGER_DWELL = 126_921_600
#: Cluster A stays on source from here on [s]: 2006-10-20.
STARING = 403_920_000
#: Cluster B stays off source from here on [s]: 2009-12-14 16:12, the first time that hxtback knows of.
PARKED = 503_424_752
#: A move takes this long [s].
SLEW = 2
#: Positions in the order in which a cluster takes them: on source, +1.5 deg, on source, -1.5 deg.
_PATTERN = np.array([0, 1, 0, -1])
#: The codes of positions 0, +1 and -1 (the last element, as an index) in archive files and in event lists.
ARCHIVE_CODES = np.array([0, 1, 5], np.uint8)
EVENT_CODES = np.array([1, 2, 32], np.uint8)
#: The housekeeping's code of a dwell time [s].
DWELL_CODES = {0: 0, 16: 1, 32: 2}


class Motion(StrEnum):
    """What a cluster does during an observation."""

    ROCKING = "rocking"
    ON_SOURCE = "on source"
    OFF_SOURCE = "off source"


def motion(cluster: Cluster, met: float) -> Motion:
    """Return what a cluster does.

    Parameters
    ----------
    cluster : Cluster
    met : float [s]
    """
    if cluster.name == "A":
        return Motion.ON_SOURCE if met >= STARING else Motion.ROCKING
    return Motion.OFF_SOURCE if met >= PARKED else Motion.ROCKING


def dwell(cluster: Cluster, met: float) -> int:
    """Return how long a cluster stays at a position: 16 or 32; 0 if it does not rock.

    Parameters
    ----------
    cluster : Cluster
    met : float [s]

    Returns
    -------
    int [s]
    """
    if motion(cluster, met) is not Motion.ROCKING:
        return 0
    return 32 if met >= LONGER_DWELL else 16


@dataclass(frozen=True, slots=True)
class Positions:
    """Where a cluster looks in frames, and when it is blanked because it moves.

    Parameters
    ----------
    position : ndarray (n,) of int
        0 on source, +1 and -1 beside it.
    before, after : ndarray (n,) of int [s]
        Blanked at the beginning and at the end of the frame; moves are charged to frames off source.
    """

    position: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    @property
    def unblanked(self) -> NDArray[np.int64]:
        """What is left of each frame (n,) [s]."""
        return FRAME - self.before - self.after


def positions(cluster: Cluster, met: float, time: NDArray[np.float64]) -> Positions:
    """Return where a cluster looks.

    Parameters
    ----------
    cluster : Cluster
    met : float [s]
        Start of the observation, which decides about the dwell time.
    time : ndarray (n,) [s]
        Starts of frames. The pattern is locked to multiples of the dwell time; B is one dwell ahead of A.
    """
    duration = dwell(cluster, met)
    if not duration:
        away = int(motion(cluster, met) is Motion.OFF_SOURCE)
        nothing = np.zeros(len(time), np.int64)
        return Positions(nothing + away, nothing, nothing)
    number = (time // duration).astype(np.int64)
    position = _PATTERN[(number + cluster.index) % len(_PATTERN)]
    moving = SLEW * (position != 0)
    return Positions(position, moving * (time % duration == 0), moving * ((time + FRAME) % duration == 0))
