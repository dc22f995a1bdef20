"""From a list of observations to shards."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flows.core.settings import Executor, Settings
from services.execution.request import Shard
from services.merge.config import Merge

#: A Job's indices are numbered below this; with so many, Kubernetes keeps its lists of them short enough.
MAX_SHARDS = 9_999
#: Observations of the sources that one process merges, one source after the other: a minute or so of work.
MOST_MERGED = 1000
#: What a source takes however small it is, its figures and its page, in observations (`tests/benchmarks`: observation).
PAGE = 24


def plan_shards(settings: Settings, obsids: Sequence[str]) -> tuple[Shard, ...]:
    """Deal observations out to shards, each observation once.

    A shard is one process's work: as large as the configuration allows, but small enough that every worker gets one,
    and larger where there would be more than `MAX_SHARDS` else.
    """
    unique = tuple(dict.fromkeys(obsids))
    size = min(settings.campaign.shard_size, math.ceil(len(unique) / _workers(settings)))
    size = max(1, size, math.ceil(len(unique) / MAX_SHARDS))
    return tuple(
        make_shard(settings, unique[start : start + size], number)
        for number, start in enumerate(range(0, len(unique), size))
    )


def plan_batches(settings: Settings, merges: Sequence[Merge]) -> list[list[Merge]]:
    """Deal sources out to batches, each source once: a large one alone, many small ones together.

    A batch is one process's work, done source by source; those with most observations come first, so that no worker
    is left with a large one at the end.
    """
    whole = sum(merge.observations + PAGE for merge in merges)
    most = min(MOST_MERGED, math.ceil(whole / (4 * _workers(settings))))
    most = max(most, math.ceil(2 * whole / MAX_SHARDS))  # two neighbours have more than this together
    batches: list[list[Merge]] = []
    size = most
    for merge in sorted(merges, key=lambda one: -one.observations):
        if size + merge.observations + PAGE > most:
            batches.append([])
            size = 0
        batches[-1].append(merge)
        size += merge.observations + PAGE
    return batches


def _workers(settings: Settings) -> int:
    on_cluster = settings.campaign.executor is Executor.KUBERNETES
    return settings.kubernetes.parallelism if on_cluster else settings.campaign.workers


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
