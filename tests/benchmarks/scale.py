"""The whole archive on 1, 10, 100 and 500 pods: a simulation from what was measured, and where it stops scaling.

    python -m tests.benchmarks.scale [--observations 120000] [--pods 1 10 100 500] [--latency 0.02] [--help]

What an observation, a merge, a worker's start and the campaign's own process take is read from out/bench.json, where
`observation`, `waiting`, `start` and `coordinator` put it; without that file it is what `MEASURED` says. Assumed, and
settable: how long real observations are compared to the simulated ones, how much faster a core of the cluster is, what
the store gives, how fast pods start, and how observations are spread over sources (as in `bench_sources`).

The simulation: pods take shards in order. A worker computes one observation while it waits for the answers, and the
bytes, of `ahead` others, a request at a time; so an observation takes the longer of its processor seconds and its share
of waiting, or longer where a server is busy: it hands out bytes and requests at a rate of its own, to all pods. When
all are reduced, sources are merged by a second Job, one source after the other in a pod, the largest first. The
campaign's own process plans, takes in results and publishes what stands above the sources. Nothing is evicted and
nothing fails.

Archive and store are two buckets. Of each, S3 answers at least 5,500 reads or 3,500 writes a second for every prefix
that has a partition of its own (Amazon S3 User Guide, "Optimizing Amazon S3 performance"). A bucket begins with one and
gets more by itself after half an hour or so of such work, longer than the campaign takes: one is assumed of each
(`--prefixes`), and a write takes away what a read could have had. The last rows are of one server for both, which gives
`--requests` a second.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flows.core.plan import plan_batches
from flows.core.settings import load_settings
from services.execution.overlap import AHEAD
from services.merge.config import Merge
from tests.benchmarks.table import Row, measured, script

#: What is not in out/bench.json is this, from a run on two cores that others used several times over.
MEASURED = {
    "an observation": 0.186,
    "requests to buckets for an observation, products together: archive": 24.6,
    "requests to buckets for an observation, products together: store": 10.2,
    "requests to buckets for an observation, products together: store, of these written": 10.1,
    "an observation: bytes of archive and store": 5.2,
    "an observation merged": 0.036,
    "an observation merged: requests": 4.7,
    "an observation merged: bytes": 0.64,
    "a merge of no observation": 0.85,
    "a merge of no observation: requests": 39.0,
    "a worker until its first observation is done": 0.87,
    "12000 observations, all: the campaign's own process": 17.3,
}
#: Columns of what units of work take: processor [s], bytes, reads of the archive, reads and writes of the store.
_SECONDS, _BYTES, _ARCHIVE, _READS, _WRITES = range(5)
_REQUESTS = slice(_ARCHIVE, None)
_HOUR, _MINUTE = 3600.0, 60.0
#: How long a campaign may take on so many pods, and in which unit.
_GOALS = {1: (16.0, _HOUR, "h"), 100: (25.0, _MINUTE, "min")}

Units = NDArray[np.float64]


@dataclass(frozen=True)
class Cluster:
    """What is assumed of a cluster and its servers; of these, the seconds that each takes for a request [s]."""

    start: float
    starts_per_second: float
    latency: float
    stream: float
    bandwidth: float
    ahead: int
    servers: NDArray[np.float64]

    def served(self, units: Units) -> Units:
        """Return how long each server is busy [s], the one that hands out bytes first."""
        requests = units[..., _REQUESTS] @ self.servers.T
        whole: Units = np.concatenate((units[..., [_BYTES]] / self.bandwidth, requests), axis=-1)
        return whole


def run(pods: int, shards: Sequence[Units], cluster: Cluster) -> float:
    """Return the seconds until so many pods have worked off all shards."""
    free = [(pod / cluster.starts_per_second, pod) for pod in range(min(pods, len(shards)))]
    end, busy = 0.0, np.zeros(1 + len(cluster.servers))
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
        busy = np.maximum(busy, now) + cluster.served(unit)
        heapq.heappush(running, (max(alone, float(busy.max())), pod, begun, units))
    return end


def waited(units: Units, cluster: Cluster) -> Units:
    """Return how long a pod waits for answers and bytes, several units at a time [s]."""
    answers = units[..., _REQUESTS].sum(axis=-1) * cluster.latency
    whole: Units = (answers + units[..., _BYTES] / cluster.stream) / cluster.ahead
    return whole


def observations_of(known: dict[str, float], number: int, length: float, spread: float, core: float) -> Units:
    """Return what each observation of the archive takes: processor and bytes go with its length."""
    random = np.random.default_rng(1)
    longer = random.lognormal(-0.5 * spread**2, spread, number) * length
    one, asked = "an observation", "requests to buckets for an observation, products together"
    written = known[f"{asked}: store, of these written"]
    requests = (known[f"{asked}: archive"], known[f"{asked}: store"] - written, written)
    grows = (known[one] / core, known[f"{one}: bytes of archive and store"] * 1e6)
    return np.column_stack((np.outer(longer, grows), np.tile(requests, (number, 1))))


def merges_of(known: dict[str, float], number: int, sources: int, core: float, pods: int) -> list[Units]:
    """Return what merging takes, the sources of each part of the second Job; a few are large, most are small."""
    campaign = {"campaign": {"executor": "kubernetes"}, "kubernetes": {"parallelism": pods}}
    part = np.random.default_rng(1).lognormal(0, 1.5, sources)
    counts = np.sort(1 + np.random.default_rng(1).multinomial(number - sources, part / part.sum()))[::-1]
    one, none = "an observation merged", "a merge of no observation"
    each = (known[one] / core, known[f"{one}: bytes"] * 1e6, 0.0, known[f"{one}: requests"], 0.0)
    units = np.outer(counts, each)
    units[:, _SECONDS] += known[none] / core
    units[:, _WRITES] += known[f"{none}: requests"]
    which = [Merge(str(one), int(count), "", bytes) for one, count in enumerate(counts)]
    batches = plan_batches(load_settings(None, campaign), which)
    return [units[[int(merge.name) for merge in batch]] for batch in batches]


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
    reads: float = 5500.0,
    writes: float = 3500.0,
    prefixes: float = 1.0,
    requests: float = 5000.0,
    starts: float = 10.0,
    pod_start: float = 2.0,
    ahead: int = AHEAD,
) -> Iterator[Row]:
    """Return how long campaigns take, and what takes longest in them."""
    known = MEASURED | measured()
    start = known["a worker until its first observation is done"] - known["an observation"]
    buckets = np.array([[1 / reads, 0, 0], [0, 1 / reads, 1 / writes]]) / prefixes
    began = pod_start + max(0.0, start) / core
    cluster = Cluster(began, starts, latency, stream, bandwidth, ahead, buckets)
    own = known["12000 observations, all: the campaign's own process"] * observations / 12_000 / core
    reduced = observations_of(known, observations, length, spread, core)
    merges = {number: merges_of(known, observations, sources, core, number) for number in pods}
    shards = [reduced[first : first + shard_size] for first in range(0, len(reduced), shard_size)]
    whole = reduced.sum(axis=0) + sum(part.sum(axis=0) for part in merges[pods[0]])
    every = f"{observations} observations"
    yield Row(f"{every}: all processors, merging included", float(whole[_SECONDS]) / _HOUR, "core h")
    yield Row(f"{every}: requests", float(whole[_REQUESTS].sum()) / 1e6, "million")
    yield Row(f"{every}: read and written", float(whole[_BYTES]) / 1e12, "TB")
    for number in pods:
        what = f"{every} on {number} pod{'s' * (number > 1)}"
        yield from _campaign(what, number, shards, merges[number], cluster, own, _GOALS.get(number))
    one = replace(cluster, servers=np.full((1, 3), 1 / requests))
    what = f"{every} on {pods[-1]} pods, archive and store one server of {requests:,.0f} requests a second"
    yield from _campaign(what, pods[-1], shards, merges[pods[-1]], one, own)


def _campaign(
    what: str,
    pods: int,
    shards: Sequence[Units],
    merges: Sequence[Units],
    cluster: Cluster,
    own: float,
    goal: tuple[float, float, str] | None = None,
) -> Iterator[Row]:
    """Return how long one takes, and what takes longest in it."""
    first, second = run(pods, shards, cluster), run(pods, merges, cluster)
    allowed, scale, unit = goal or (None, _MINUTE if pods > 10 else _HOUR, "min" if pods > 10 else "h")
    against = "allowed" if goal else ""
    yield Row(f"{what}, simulated", (first + second + own) / scale, unit, against, allowed, 1 if goal else None)
    reduced, merged = np.concatenate(shards), np.concatenate(merges)
    bytes_, *servers = cluster.served(np.concatenate((reduced, merged))).sum(axis=0)
    names = ("the archive's requests", "the store's requests") if len(servers) > 1 else ("the server's requests",)
    limits = {
        "the processors": reduced[:, _SECONDS].sum() / pods,
        "waiting for answers": waited(reduced, cluster).sum() / pods,
        "bytes": bytes_,
        "starting pods": pods / cluster.starts_per_second + len(shards) / pods * cluster.start,
        "merging": second,
        "the campaign's own process": own,
        **dict(zip(names, servers, strict=True)),
    }
    longest = max(limits, key=limits.__getitem__)
    yield Row(f"{what}: of this {longest}, which is the most", float(limits[longest]) / scale, unit)


if __name__ == "__main__":
    script(rows)
