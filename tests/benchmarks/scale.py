"""The whole archive on 1, 10, 100 and 500 pods: a simulation from what was measured, and where it stops scaling.

    python -m tests.benchmarks.scale [--observations 120000] [--pods 1 10 100 500] [--latency 0.02] [--help]

What an observation, a merge, a worker's start and the campaign's own process take is read from out/bench.json, where
`observation`, `waiting`, `start` and `coordinator` put it; without that file it is what `MEASURED` says. Assumed, and
settable: how long real observations are compared to the simulated ones, how much faster a core of the cluster is, what
the store gives, how fast pods start, and how observations are spread over sources (as in `bench_sources`).

The simulation: pods take shards in order. A worker computes one observation while it waits for the answers, and the
bytes, of `ahead` others, a request at a time; so an observation takes the longer of its processor seconds and its share
of waiting, or longer where the store is busy: it hands out bytes and requests at a rate of its own, to all pods. When
all are reduced, sources are merged by a second Job, one source after the other in a pod, the largest first. The
campaign's own process plans, takes in results and publishes what stands above the sources. Nothing is evicted and
nothing fails.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.execution.overlap import AHEAD
from tests.benchmarks.table import Row, measured, script

#: What is not in out/bench.json is this, from a run on two cores that others used several times over.
MEASURED = {
    "an observation": 0.186,
    "requests to buckets for an observation, products together": 36.1,
    "an observation: bytes of archive and store": 5.2,
    "an observation merged": 0.036,
    "an observation merged: requests": 22.4,
    "an observation merged: bytes": 0.5,
    "a merge of no observation": 0.85,
    "a worker until its first observation is done": 0.87,
    "12000 observations, all: the campaign's own process": 17.3,
}
#: Columns of what units of work take: processor [s], bytes, requests.
_SECONDS, _BYTES, _REQUESTS = range(3)
_HOUR, _MINUTE = 3600.0, 60.0
#: How long a campaign may take on so many pods, and in which unit.
_GOALS = {1: (16.0, _HOUR, "h"), 100: (25.0, _MINUTE, "min")}

Units = NDArray[np.float64]


@dataclass(frozen=True)
class Cluster:
    """What is assumed of a cluster and its store."""

    start: float
    starts_per_second: float
    latency: float
    stream: float
    bandwidth: float
    requests: float
    ahead: int


def run(pods: int, shards: Sequence[Units], cluster: Cluster) -> float:
    """Return the seconds until so many pods have worked off all shards."""
    free = [(pod / cluster.starts_per_second, pod) for pod in range(min(pods, len(shards)))]
    bytes_free = requests_free = end = 0.0
    running: list[tuple[float, int, float, Iterator[Units]]] = []
    waiting = iter(shards)

    def begin(now: float, pod: int) -> None:
        if (shard := next(waiting, None)) is not None:
            heapq.heappush(running, (now + cluster.start, pod, now, iter(shard)))

    for at, pod in free:
        begin(at, pod)
    while running:
        now, pod, begun, units = heapq.heappop(running)
        unit = next(units, None)
        if unit is None:
            end = max(end, now)
            begin(max(now, begun + 1 / cluster.starts_per_second), pod)
            continue
        alone = now + max(unit[_SECONDS], waited(unit, cluster))
        bytes_free = max(bytes_free, now) + unit[_BYTES] / cluster.bandwidth
        requests_free = max(requests_free, now) + unit[_REQUESTS] / cluster.requests
        heapq.heappush(running, (max(alone, bytes_free, requests_free), pod, begun, units))
    return end


def waited(units: Units, cluster: Cluster) -> Units:
    """Return how long a pod waits for answers and bytes, several units at a time [s]."""
    whole: Units = (units[..., _REQUESTS] * cluster.latency + units[..., _BYTES] / cluster.stream) / cluster.ahead
    return whole


def observations_of(known: dict[str, float], number: int, length: float, spread: float, core: float) -> Units:
    """Return what each observation of the archive takes: processor and bytes go with its length."""
    random = np.random.default_rng(1)
    longer = random.lognormal(-0.5 * spread**2, spread, number) * length
    one = "an observation"
    return np.column_stack(
        (
            longer * known[one] / core,
            longer * known[f"{one}: bytes of archive and store"] * 1e6,
            np.full(number, known["requests to buckets for an observation, products together"]),
        )
    )


def merges_of(known: dict[str, float], number: int, sources: int, core: float) -> list[Units]:
    """Return what merging takes, the sources of each part of the second Job; a few are large, most are small."""
    part = np.random.default_rng(1).lognormal(0, 1.5, sources)
    counts = np.sort(1 + np.random.default_rng(1).multinomial(number - sources, part / part.sum()))[::-1]
    one = "an observation merged"
    each = [known[one] / core, known[f"{one}: bytes"] * 1e6, known[f"{one}: requests"]]
    units = counts[:, None] * np.array(each)
    units[:, _SECONDS] += known["a merge of no observation"] / core
    parts = np.cumsum(counts) // 1000
    return [units[parts == which] for which in np.unique(parts)]


def rows(
    observations: int = 120_000,
    pods: list[int] = [1, 10, 100, 500],  # noqa: B006
    sources: int = 2500,
    shard_size: int = 100,
    length: float = 1.5,
    spread: float = 0.8,
    core: float = 1.0,
    latency: float = 0.02,
    stream: float = 50e6,
    bandwidth: float = 1e9,
    requests: float = 5000.0,
    starts: float = 10.0,
    pod_start: float = 2.0,
    ahead: int = AHEAD,
) -> Iterator[Row]:
    """Return how long campaigns take, and what takes longest in them."""
    known = MEASURED | measured()
    start = known["a worker until its first observation is done"] - known["an observation"]
    cluster = Cluster(pod_start + max(0.0, start) / core, starts, latency, stream, bandwidth, requests, ahead)
    own = known["12000 observations, all: the campaign's own process"] * observations / 12_000 / core
    reduced = observations_of(known, observations, length, spread, core)
    merges = merges_of(known, observations, sources, core)
    shards = [reduced[first : first + shard_size] for first in range(0, len(reduced), shard_size)]
    whole = reduced.sum(axis=0) + sum(part.sum(axis=0) for part in merges)
    every = f"{observations} observations"
    yield Row(f"{every}: all processors, merging included", float(whole[_SECONDS]) / _HOUR, "core h")
    yield Row(f"{every}: requests", float(whole[_REQUESTS]) / 1e6, "million")
    yield Row(f"{every}: read and written", float(whole[_BYTES]) / 1e12, "TB")
    for number in pods:
        first, second = run(number, shards, cluster), run(number, merges, cluster)
        goal, scale, unit = _GOALS.get(number, (None, _HOUR, "h"))
        what = f"{every} on {number} pod{'s' * (number > 1)}"
        against = "allowed" if goal else ""
        yield Row(f"{what}, simulated", (first + second + own) / scale, unit, against, goal, 1 if goal else None)
        limits = {
            "the processors": reduced[:, _SECONDS].sum() / number,
            "waiting for answers": waited(reduced, cluster).sum() / number,
            "the store's requests": whole[_REQUESTS] / requests,
            "the store's bytes": whole[_BYTES] / bandwidth,
            "starting pods": number / starts + len(shards) / number * cluster.start,
            "merging": second,
            "the campaign's own process": own,
        }
        longest = max(limits, key=limits.__getitem__)
        yield Row(f"{what}: of this {longest}, which is the most", float(limits[longest]) / scale, unit)


if __name__ == "__main__":
    script(rows)
