"""The whole archive on 1, 10, 100 and 500 pods: a simulation from measured distributions, and where it stops scaling.

    python tests/benchmarks/scale.py [--observations 120000] [--measured 40] [--pods 1 10 100 500] [--help]

Measured here, on simulated observations: seconds of each, bytes and requests of archive and store, bytes of memory, a
worker's start, the merge. Assumed, and named in the output: how long real observations are compared to the simulated
ones, how much faster a core of the cluster is, what the store gives, and prices.

The simulation: pods take shards in order; an observation takes its seconds, plus the latency of its requests (files
of the archive come many at a time, all else is asked for one after the other), plus its bytes at one connection's
speed, or longer where the store is busy with others: it hands out bytes and requests at a rate of its own. Pods start
at a limited rate. Query, planning, gathering and merging are done once, by one process. Nothing is evicted and
nothing fails, which costs at most a shard's start each time.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import io
import math
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flows.cli.simulate import command as simulate
from flows.core.plan import make_shard
from flows.core.settings import Settings, load_settings
from services.contract import ObservationResult
from services.execution.worker import run_observation
from services.merge.config import MergeRequest
from services.merge.stage import run_merge
from services.storage import open_archive, open_store
from services.storage.transfer import REQUESTS
from tests.benchmarks.bench_fanout import first_observation


class Counting:
    """An archive or store that counts requests and bytes of objects."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.requests = self.waits = self.bytes = 0

    def __getattr__(self, method: str) -> Any:
        def call(*arguments: Any) -> Any:
            if method == "identify":  # without reading, as identities are in the listing of an archive that is a bucket
                return getattr(self._inner, method)(*arguments[:1])
            answer = getattr(self._inner, method)(*arguments)
            requests = len(answer) if method == "fetch_many" else method != "url"
            self.requests += requests
            self.waits += math.ceil(requests / REQUESTS)
            self.bytes += sum(map(len, answer)) if method == "fetch_many" else 0
            self.bytes += len(answer) if isinstance(answer, bytes) else 0
            self.bytes += len(arguments[1]) if method in {"put", "put_content"} else 0
            return answer

        return call


@dataclass(frozen=True)
class Cost:
    """What one observation takes."""

    seconds: float
    fetched: int
    stored: int
    gets: int
    puts: int
    waits: int


def measure(settings: Settings, obsids: Sequence[str]) -> tuple[list[Cost], list[ObservationResult]]:
    """Reduce observations one after the other."""
    costs, results = [], []
    shard = make_shard(settings, obsids)
    for obsid in obsids:
        archive, store = Counting(open_archive(settings.archive)), Counting(open_store(settings.store))
        start = time.process_time()
        results.append(run_observation(obsid, shard, archive=archive, store=store))
        seconds = time.process_time() - start
        costs.append(
            Cost(
                seconds,
                archive.bytes,
                store.bytes,
                archive.requests,
                store.requests + 1,
                archive.waits + store.waits + 1,
            )
        )
    return costs, results


@dataclass(frozen=True)
class Cluster:
    """What is assumed of a cluster and its store."""

    start: float
    starts_per_second: float
    latency: float
    stream: float
    bandwidth: float
    requests: float


def run(pods: int, shards: Iterator[np.ndarray], cluster: Cluster) -> tuple[float, float, float]:
    """Simulate; returns the time to the end, the pods' total time, and the part of it that waits for the store."""
    free = [(pod / cluster.starts_per_second, pod) for pod in range(pods)]
    heapq.heapify(free)
    bytes_free = requests_free = end = busy = waited = 0.0
    running: list[tuple[float, int, float, Iterator[np.ndarray]]] = []
    shard_of = iter(shards)

    def begin(now: float, pod: int) -> bool:
        shard = next(shard_of, None)
        if shard is None:
            return False
        heapq.heappush(running, (now + cluster.start, pod, now, iter(shard)))
        return True

    for at, pod in list(free):
        begin(at, pod)
    while running:
        now, pod, begun, rows = heapq.heappop(running)
        row = next(rows, None)
        if row is None:
            busy += now - begun
            end = max(end, now)
            begin(max(now, begun + 1 / cluster.starts_per_second), pod)
            continue
        seconds, size, requests, waits = row
        alone = now + seconds + waits * cluster.latency + size / cluster.stream
        bytes_free = max(bytes_free, now) + size / cluster.bandwidth
        requests_free = max(requests_free, now) + requests / cluster.requests
        done = max(alone, bytes_free, requests_free)
        waited += done - alone
        heapq.heappush(running, (done, pod, begun, rows))
    return end, busy, waited


def table(costs: Sequence[Cost], options: argparse.Namespace) -> np.ndarray:
    """Draw seconds, bytes and requests of every observation of the archive from those measured."""
    random = np.random.default_rng(1)
    measured = np.array([(c.seconds, c.fetched + c.stored, c.gets + c.puts, c.waits) for c in costs])
    drawn = measured[random.integers(0, len(measured), options.observations)]
    spread = random.lognormal(-0.5 * options.spread**2, options.spread, options.observations) * options.length
    drawn[:, 0] *= spread / options.core
    drawn[:, 1] *= spread
    return drawn


def merge_seconds(
    settings: Settings, obsids: Sequence[str], results: Sequence[ObservationResult]
) -> tuple[float, float]:
    """Return the seconds that a merge takes for one observation more, and for none."""

    def merged(count: int) -> float:
        store = settings.store
        request = MergeRequest(
            store=store, prefix="", asked=tuple(obsids[:count]), results=tuple(results[:count]), config=settings.merge
        )
        start = time.process_time()
        run_merge(request, open_store(store))
        return time.process_time() - start

    merged(2)  # imports
    few, many = len(obsids) // 4, len(obsids)
    first, second = merged(few), merged(many)
    each = max(0.0, (second - first) / (many - few))
    return each, max(0.0, first - few * each)


def read_arguments() -> argparse.Namespace:
    """Return what is assumed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--observations", type=int, default=120_000)
    add("--measured", type=int, default=40, help="simulated observations that are reduced")
    add("--pods", type=int, nargs="+", default=[1, 10, 100, 500])
    add("--shard-size", type=int, default=100)
    add("--length", type=float, default=1.5, help="mean length of real observations over that of simulated ones")
    add("--spread", type=float, default=0.8, help="scatter of that, as the sigma of its logarithm")
    add("--core", type=float, default=1.0, help="speed of a core of the cluster over this one's")
    add("--latency", type=float, default=0.02, help="of a request [s]")
    add("--stream", type=float, default=50e6, help="one connection [byte/s]")
    add("--bandwidth", type=float, default=1e9, help="archive and store for all pods [byte/s]")
    add("--requests", type=float, default=5000, help="archive and store for all pods [1/s]")
    add("--starts", type=float, default=10, help="pods that the cluster starts in a second")
    add("--pod-start", type=float, default=2.0, help="from a pod's making to its process [s]")
    add("--core-hour", type=float, default=0.04, help="price of a pod of one core for an hour")
    add("--gets", type=float, default=0.4, help="price of a million requests that read")
    add("--puts", type=float, default=5.0, help="price of a million requests that write")
    return parser.parse_args()


def main() -> None:
    """Measure, simulate and print."""
    options = read_arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with contextlib.redirect_stdout(io.StringIO()):
            simulate(folder / "archive", options.measured, 1)
        settings = load_settings(folder / "archive" / "rossi.toml", {"store": str(folder / "store")})
        obsids = sorted(path.name for path in folder.glob("archive/AO*/P*/*"))
        costs, results = measure(settings, obsids)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        merge_each, merge_fixed = merge_seconds(settings, obsids, results)
        start = min(first_observation(settings, obsids[0])[0] for _ in range(3))
        said = np.mean([len(result.model_dump_json()) for result in results])
    show_measured(costs, memory, start, merge_each, merge_fixed, float(said))
    drawn = table(costs, options)
    cluster = Cluster(
        *(start / options.core + options.pod_start, options.starts, options.latency),
        *(options.stream, options.bandwidth, options.requests),
    )
    print(f"\nassumed: {options}\n")
    once = 2.0 + options.observations * (merge_each + said / options.stream) + merge_fixed
    whole = drawn[:, 0].sum() + drawn[:, 1].sum() / options.stream + drawn[:, 3].sum() * options.latency
    reads = sum(c.gets for c in costs) / len(costs) * options.observations / 1e6 * options.gets
    writes = sum(c.puts for c in costs) / len(costs) * options.observations / 1e6 * options.puts
    by_bytes, by_requests = drawn[:, 1].sum() / options.bandwidth, drawn[:, 2].sum() / options.requests
    total = f"{drawn[:, 1].sum() / 1e12:.2f} TB, {drawn[:, 2].sum() / 1e6:.1f} million requests"
    print(f"{options.observations} observations: {total}, {drawn[:, 0].sum() / 3600:.0f} core hours")
    print(
        f"one pod: {whole / 3600:.0f} h, of which {drawn[:, 3].sum() * options.latency / 3600:.0f} h wait for answers"
    )
    print(
        f"the store alone: {by_requests / 3600:.2f} h for its requests, {by_bytes / 3600:.2f} h for its bytes: ", end=""
    )
    print(f"more than {whole / max(by_bytes, by_requests):.0f} pods wait for it")
    print(f"gathering and merging, by one process: {once / 3600:.2f} h, as long as {whole / once:.0f} pods need\n")
    print("  pods    fan-out   with merge   efficiency   waits for the store   pod hours   price")
    for pods in options.pods:
        size = options.shard_size
        shards = (drawn[first : first + size] for first in range(0, len(drawn), size))
        end, busy, waited = run(pods, shards, cluster)
        price = busy / 3600 * options.core_hour + reads + writes
        print(f"{pods:6d} {end / 3600:8.2f} h {(end + once) / 3600:9.2f} h {whole / pods / end:11.0%}", end="")
        print(f" {waited / busy:19.0%} {busy / 3600:13.0f} {price:9.0f}")


def show_measured(
    costs: Sequence[Cost], memory: float, start: float, merge_each: float, merge_fixed: float, said: float
) -> None:
    """Print what was measured."""
    print(f"measured on {len(costs)} simulated observations, both instruments   10 %   median    90 %    mean")
    for label, unit, values in (
        ("processor", "s", [c.seconds for c in costs]),
        ("read from the archive", "MB", [c.fetched / 1e6 for c in costs]),
        ("read and written in the store", "MB", [c.stored / 1e6 for c in costs]),
        ("requests to the archive", "", [float(c.gets) for c in costs]),
        ("requests to the store", "", [float(c.puts) for c in costs]),
        ("of all these, one after the other", "", [float(c.waits) for c in costs]),
    ):
        low, middle, high = np.percentile(values, [10, 50, 90])
        print(f"  {f'{label} {unit}':56} {low:8.2f} {middle:8.2f} {high:7.2f} {np.mean(values):7.2f}")
    print(f"  peak memory {memory:.0f} MiB; worker to first observation {start:.2f} s; result {said:.0f} bytes")
    print(f"  merge {1000 * merge_each:.1f} ms an observation and {merge_fixed:.1f} s")


if __name__ == "__main__":
    main()
