"""From a list of observations to shards."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flows.config import Settings
from services.contract import Shard


def plan_shards(settings: Settings, obsids: Sequence[str]) -> tuple[Shard, ...]:
    """Deal observations out to shards, each observation once.

    A shard is one process's work: as large as the configuration allows, but small enough that every worker gets one.
    """
    unique = tuple(dict.fromkeys(obsids))
    size = max(1, min(settings.campaign.shard_size, math.ceil(len(unique) / settings.campaign.workers)))
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
        archive=settings.archive,
        cache=settings.cache.model_dump(mode="json"),
        calibration=settings.calibration.model_dump(mode="json"),
        store=settings.store,
        prefix=settings.prefix,
    )
