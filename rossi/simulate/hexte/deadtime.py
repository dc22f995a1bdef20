"""Dead time: how much there is, and what the counters of the files say of it.

Most of the dead time is counted by the instrument. What large pulses (upper level discriminator ULD and extra upper
level XULD) cost is not: it follows from their rates in the housekeeping, with the coefficients of the calibration file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.simulate.hexte.cluster import FRAME, Cluster
from rossi.simulate.hexte.monitor import Monitor

#: Ticks of a dead-time counter in a second.
TICKS = 2**19
#: Dead time of a detector after an XULD and after a ULD event [s], invented; clusters A and B, detectors 0 to 3.
XULD_DEAD = np.array([[9.1e-4, 7.4e-4, 5.2e-4, 8.3e-4], [8.0e-4, 6.6e-4, 7.1e-4, 7.7e-4]], np.float32)
ULD_DEAD = np.array([[2.6e-5, 7.9e-5, 1.8e-4, 3.8e-5], [5.5e-5, 1.2e-4, 9.5e-5, 1.1e-4]], np.float32)
#: What the instrument counts too much for an arm without trigger and for another veto, per second of rate in a frame,
#: and for an event [s]; constants of the task hxtdead.
_ARM, _VETO, _EVENT = -4.00e-6, -4.80e-5, 3.75e-6
#: Share of unblanked time that the instrument counts as dead, invented. Detector 2 of B has
#: the mean live time of the others: B's rates are the same whether it is in the mean or not.
_BUSY = np.array([[0.268, 0.259, 0.281, 0.263], [0.262, 0.271, 0.277, 0.277]])
_SCATTER = 0.004


def large_pulses(cluster: Cluster, monitor: Monitor) -> NDArray[np.float64]:
    """Return the dead time after large pulses, less what is counted too much for arms and vetoes.

    Parameters
    ----------
    cluster : Cluster
    monitor : Monitor

    Returns
    -------
    ndarray (n, 4) [s]
        Of a frame that is nowhere blanked.
    """
    alpha, gamma = (c[cluster.index].astype(np.float64) * FRAME for c in (XULD_DEAD, ULD_DEAD))
    arms = np.maximum(monitor.arm - monitor.trigger, 0)
    vetoes = np.maximum(monitor.veto - arms - monitor.xuld, 0)
    return np.asarray(alpha * monitor.xuld + gamma * monitor.uld + _ARM * arms + _VETO * vetoes)


def dead_time(
    cluster: Cluster,
    unblanked: NDArray[np.int64],
    pulses: NDArray[np.float64],
    level: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw the true dead time of frames.

    Parameters
    ----------
    cluster : Cluster
    unblanked : ndarray (n,) of int [s]
        Blanked time is dead.
    pulses : ndarray (n, 4) [s]
        From `large_pulses`.
    level : ndarray (n,)
        Particle environment, about 1.
    rng : Generator

    Returns
    -------
    ndarray (n, 4) [s]
    """
    busy = _BUSY[cluster.index] * (0.9 + 0.1 * level[:, None]) + rng.normal(0.0, _SCATTER, pulses.shape)
    return np.asarray(FRAME - unblanked[:, None] * (1.0 - busy - pulses / FRAME))


def counter(
    dead: NDArray[np.float64], unblanked: NDArray[np.int64], pulses: NDArray[np.float64], events: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the counter from which the task hxtdead finds the dead time again.

    Parameters
    ----------
    dead : ndarray (n, 4) [s]
    unblanked : ndarray (n,) of int [s]
    pulses : ndarray (n, 4) [s]
        From `large_pulses`, of the frame whose housekeeping the task takes.
    events : ndarray (n, 4) or (n, 1) [count]
        Good events of a detector as the task counts them.

    Returns
    -------
    ndarray (n, 4) of int [2**-19 s]
    """
    seconds = dead - pulses * (unblanked[:, None] / FRAME) + _EVENT * events
    return np.asarray(np.rint(seconds * TICKS), np.int64)


def nominal_live(cluster: Cluster, unblanked: int) -> NDArray[np.float64]:
    """Return the live fraction of the detectors in the mean environment.

    Parameters
    ----------
    cluster : Cluster
    unblanked : int [s]
        Of a frame.

    Returns
    -------
    ndarray (4,)
    """
    mean = large_pulses(cluster, Monitor.mean(cluster))[0]
    return np.asarray(unblanked / FRAME * (1.0 - _BUSY[cluster.index] - mean / FRAME))
