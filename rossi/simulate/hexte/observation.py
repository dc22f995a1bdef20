"""The HEXTE files of an observation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.simulate.detector import row_times, segments
from rossi.simulate.hexte.cluster import CLUSTERS, FRAME, Cluster
from rossi.simulate.hexte.deadtime import large_pulses
from rossi.simulate.hexte.events import event_file
from rossi.simulate.hexte.monitor import draw_monitor, frame_times, housekeeping_file
from rossi.simulate.hexte.photons import observe
from rossi.simulate.hexte.science import archive_file
from rossi.simulate.hexte.standard import hexte_products
from rossi.simulate.spec import ObservationSpec

#: Sets the random numbers apart from the PCA's.
_STREAM = 2


def hexte_files(spec: ObservationSpec, good: NDArray[np.bool_] | None = None) -> list[tuple[str, bytes]]:
    """Return path and content of the files of both clusters: housekeeping, archive mode, event lists where wanted.

    Parameters
    ----------
    spec : ObservationSpec
    good : ndarray (n,) of bool, optional
        Frames of which standard products are made, which come last; without any, there are none.

    Raises
    ------
    ConfigError
        If the source is too bright for the counters.
    """
    seeds = np.random.SeedSequence([*spec.entropy, _STREAM]).spawn(len(CLUSTERS))
    files: list[tuple[str, bytes]] = []
    for cluster, seed in zip(CLUSTERS, seeds, strict=True):
        files += _cluster_files(spec, cluster, good, np.random.default_rng(seed))
    return files


def _cluster_files(
    spec: ObservationSpec, cluster: Cluster, good: NDArray[np.bool_] | None, rng: np.random.Generator
) -> list[tuple[str, bytes]]:
    covered, time = frame_times(spec), row_times(spec)
    monitor = draw_monitor(cluster, covered, rng)
    number = ((time - covered[0]) // FRAME).astype(np.int64)
    pulses = large_pulses(cluster, monitor)
    frames, photons = observe(spec, cluster, time, (pulses[number], pulses[number - 1]), rng)
    files = [housekeeping_file(spec, cluster, covered, monitor)]
    for run in segments(time):
        part = frames[run], photons.within(run)
        files.append(archive_file(spec, cluster, *part))
        if spec.hexte_events:
            files.append(event_file(spec, cluster, *part, rng))
    return files if good is None else files + hexte_products(spec, cluster, frames, photons, good)
