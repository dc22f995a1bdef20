"""How a store grows over nights of reprocessing, and what pruning leaves of it.

    python -m tests.benchmarks.store_growth [--observations 1000] [--nights 20] [--changed 0.01]

An archive is reduced and then reprocessed every night, when a part of its observations has changed; one failure and one
interrupted attempt a night are left, too. Beside a store that nobody prunes is one that is pruned every night with the
defaults (3 releases, 7 days). The products are made up: two files of 5 kB for each observation, and merged 500 bytes
for each, so that sizes are those of the first night. Last, what a prune asks of a store, in memory.
"""

import time
from collections import Counter

from services.storage.memory import MemoryStore
from services.storage.prune import PruneConfig, find_prunable, sweep
from services.storage.verification import verify
from tests.benchmarks.table import Row, script
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


def rows(observations: int = 1000, nights: int = 20, changed: float = 0.01):
    """Return sizes after the last night, and what a prune takes."""
    some = max(1, round(changed * observations))
    left, pruned = made(observations), made(observations)
    _, first = size_of(left)
    for number in range(1, nights + 1):
        for archive in (left, pruned):
            night(archive, number, some)
        pruned.store.requests.clear()
        start = time.process_time()
        found = find_prunable(pruned.store, "run", PruneConfig(), now=pruned.now)
        sweep(pruned.store, "run", found)
        seconds, requests = time.process_time() - start, pruned.store.requests.total()
    for what, archive in (("nobody prunes", left), ("is pruned every night", pruned)):
        objects, size = size_of(archive)
        whole = verify(archive.store, "run")
        assert not whole.problems, whole.problems
        told = f"store of {observations} observations that {what}, after {nights} nights"
        yield Row(f"{told}: size", size / 1e6, "MB", "after the first", first / 1e6)
        yield Row(f"{told}: objects", objects, "")
    yield Row("the last prune", seconds, "s CPU")
    yield Row("the last prune: requests", requests, "", "objects that are left", objects)
    start = time.process_time()
    found = find_prunable(left.store, "run", PruneConfig(), now=left.now)
    yield Row(f"{len(found.doomed)} objects of {nights} nights found at once", time.process_time() - start, "s CPU")


if __name__ == "__main__":
    script(rows)
