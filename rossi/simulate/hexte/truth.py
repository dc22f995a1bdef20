"""What is true of the HEXTE files of a simulated observation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from rossi.simulate.hexte.cluster import ARCHIVE_FIRST, CHANNELS, CLUSTERS, Cluster
from rossi.simulate.hexte.rocking import Motion, dwell, motion
from rossi.simulate.hexte.source import background_rates, source_rates
from rossi.simulate.spec import ObservationSpec

#: The channels of the recipe's light curves, as the extractors' parameter chint has them.
ARCHIVE_BAND, EVENT_BAND = (15, 61), (15, 240)


class ClusterRates(BaseModel):
    """True rates of a cluster, the sum of its detectors, free of dead time [count / s].

    Parameters
    ----------
    source : float
        While on source and on target.
    background : float
        Mean over the good time (over all rows where there is none), the same at all positions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: float
    background: float


class TrueCluster(BaseModel):
    """Truth of a cluster in one observation.

    Parameters
    ----------
    cluster : str
        ``A`` or ``B``.
    motion : Motion
        Whether it rocks, stares on source, or stays off source (then it never sees the source that `archive` and
        `events` tell).
    dwell : int
        At a position [s]; 0 if it does not rock.
    archive : ClusterRates
        In channels 15-61 of the archive mode. An element of the spectra belongs to them if its first channel does:
        first channels 16, 18, ... 60, so these are channels 16 to 61. Detector 2 of B adds nothing from 1996-03-06 on:
        all its counts are in channels 0 to 2.
    events : ClusterRates
        In channels 15 to 240, the same for detector 2.
    archive_files, event_files : int
        Science files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cluster: str
    motion: Motion
    dwell: int
    archive: ClusterRates
    events: ClusterRates
    archive_files: int
    event_files: int


def archive_channels(low: int, high: int) -> NDArray[np.bool_]:
    """Return which channels are in archive elements whose first channel lies in a range.

    Parameters
    ----------
    low, high : int
        Both included.

    Returns
    -------
    ndarray (256,) of bool
    """
    sizes = np.diff(ARCHIVE_FIRST, append=CHANNELS)
    return np.repeat((low <= ARCHIVE_FIRST) & (high >= ARCHIVE_FIRST), sizes)


def _rates(spec: ObservationSpec, cluster: Cluster, level: float, channels: NDArray[np.bool_]) -> ClusterRates:
    source = source_rates(cluster, spec.start, spec.spectrum)[:, channels].sum()
    background = background_rates(cluster, spec.start)[:, channels].sum() * level
    return ClusterRates(source=round(float(source), 6), background=round(float(background), 6))


def true_clusters(spec: ObservationSpec, level: float, files: int) -> tuple[TrueCluster, ...]:
    """Return the truth of both clusters.

    Parameters
    ----------
    spec : ObservationSpec
    level : float
        Mean particle environment in the good time.
    files : int
        Runs of contiguous rows; each makes a file.
    """
    channel = np.arange(CHANNELS)
    return tuple(
        TrueCluster(
            cluster=cluster.name,
            motion=motion(cluster, spec.start),
            dwell=dwell(cluster, spec.start),
            archive=_rates(spec, cluster, level, archive_channels(*ARCHIVE_BAND)),
            events=_rates(spec, cluster, level, (channel >= EVENT_BAND[0]) & (channel <= EVENT_BAND[1])),
            archive_files=files,
            event_files=files if spec.hexte_events else 0,
        )
        for cluster in CLUSTERS
    )
