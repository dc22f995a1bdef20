"""From a list of observations to shards."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flows.core.settings import Executor, Settings
from services.execution.request import Shard

#: A Job's indices are numbered below this; with so many, Kubernetes keeps its lists of them short enough.
MAX_SHARDS = 9_999


def plan_shards(settings: Settings, obsids: Sequence[str]) -> tuple[Shard, ...]:
    """Deal observations out to shards, each observation once.

    A shard is one process's work: as large as the configuration allows, but small enough that every worker gets one,
    and larger where there would be more than `MAX_SHARDS` else.
    """
    unique = tuple(dict.fromkeys(obsids))
    on_cluster = settings.campaign.executor is Executor.KUBERNETES
    workers = settings.kubernetes.parallelism if on_cluster else settings.campaign.workers
    size = min(settings.campaign.shard_size, math.ceil(len(unique) / workers))
    size = max(1, size, math.ceil(len(unique) / MAX_SHARDS))
    return tuple(
        make_shard(settings, unique[start : start + size], number)
        for number, start in enumerate(range(0, len(unique), size))
    )


def make_shard(settings: Settings, obsids: Sequence[str], number: int = 0) -> Shard:
    """One shard of the given observations."""
    return Shard(
        number=number,
        obsids=tuple(obsids),
        stages=settings.stages,
        engine=settings.campaign.engine,
        archive=settings.archive,
        cache=settings.cache,
        calibration=settings.calibration,
        store=settings.store,
        prefix=settings.prefix,
    )
