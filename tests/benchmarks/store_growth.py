"""How a store grows over nights of reprocessing, and what pruning leaves of it.

    PYTHONPATH=. python tests/benchmarks/store_growth.py [--observations 1000] [--nights 20] [--changed 0.01]

An archive is reduced and then reprocessed every night, when a part of its observations has changed; one failure and one
interrupted attempt a night are left, too. Beside a store that nobody prunes is one that is pruned every night with the
defaults (3 releases, 7 days). The products are made up: two files of 5 kB for each observation, and merged 500 bytes
for each, so that sizes mean something relative to the first night alone. Last, what a prune asks of a store.
"""

import argparse
import time
from collections import Counter

from rich.console import Console
from rich.table import Table

from services.storage.memory import MemoryStore
from services.storage.prune import PruneConfig, find_prunable, sweep
from services.storage.releases import list_releases
from services.storage.verification import verify
from tests.services.storage.history import DAY, Aged, Archive


class Counting(Aged):
    """Counts what would be requests of S3: a listing is one for a thousand objects, so is a removal."""

    def __init__(self, store):
        super().__init__(store)
        self.requests = Counter()

    def get(self, key):
        self.requests["get"] += 1
        return self.store.get(key)

    def list(self, prefix=""):
        for number, info in enumerate(super().list(prefix)):
            self.requests["list"] += number % 1000 == 0
            yield info

    def delete_all(self, keys):
        self.requests["delete"] += 1
        super().delete_all(keys)


def made(observations):
    """A store with the first night's products."""
    data = {f"{20001 + n // 1000}-01-{n // 10 % 100:02}-{n % 10:02}": 0 for n in range(observations)}
    archive = Archive(Counting(MemoryStore()), data=data, size=5000, merged=500)
    archive.run()
    return archive


def night(archive, number, changed):
    """Another night."""
    archive.store.now += DAY
    obsids = sorted(archive.data)
    for n in range(changed):
        archive.data[obsids[(number * changed + n) % len(obsids)]] += 1
    archive.failure(obsids[number % len(obsids)])
    archive.orphan(obsids[-1])
    archive.run()


def size_of(archive):
    """Objects and bytes."""
    sizes = [info.size for info in archive.store.list()]
    return len(sizes), sum(sizes)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--observations", type=int, default=1000)
    parser.add_argument("--nights", type=int, default=20)
    parser.add_argument("--changed", type=float, default=0.01)
    given = parser.parse_args()
    changed = max(1, round(given.changed * given.observations))
    left, pruned = made(given.observations), made(given.observations)
    _, first = size_of(left)
    table = Table("night", "objects", "size", "objects, pruned", "size, pruned", "removed", "releases")
    for number in range(1, given.nights + 1):
        for archive in (left, pruned):
            night(archive, number, changed)
        pruned.store.requests.clear()
        start = time.perf_counter()
        found = find_prunable(pruned.store, "run", PruneConfig(), now=pruned.now)
        sweep(pruned.store, "run", found)
        seconds, requests = time.perf_counter() - start, dict(pruned.store.requests)
        cells = (size_of(left), size_of(pruned))
        numbers = [text for objects, size in cells for text in (str(objects), f"{size / first:.3f}")]
        kept = len(list_releases(pruned.store, "run"))
        table.add_row(str(number), *numbers, str(len(found.doomed)), str(kept))
    print(
        f"{given.observations} observations, {changed} of them changed every night; sizes in those of the first night"
    )
    Console().print(table)
    print(f"The last prune: {requests} requests, {seconds:.2f} s in memory")
    both = [verify(archive.store, "run") for archive in (left, pruned)]
    print("Not whole:", sum(len(found.problems) for found in both), "- stray:", [found.stray for found in both])
    start = time.perf_counter()
    found = find_prunable(left.store, "run", PruneConfig(), now=left.now)
    print(f"All at once after {given.nights} nights: {len(found.doomed)} objects, {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
