"""What two processes of a worker do in the time that one takes.

    python -m tests.benchmarks.bench_processes [--observations 48] [--rounds 5]

The same simulated observations of both instruments, by as many shards, into folders in memory, by the executor that a
campaign on one machine has; with one process at a time and with two, which take turns. The least time of each counts.
Where others use the processor two get less of it than twice what one gets: then the processor time of two over that of
one says what they cost each other, and the ratio of times is a lower bound.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from flows.cli.simulate import command as simulate
from flows.core.processes import Processes
from flows.core.settings import load_settings
from flows.core.watcher import Watcher
from tests.benchmarks.bench_waiting import IN_MEMORY
from tests.benchmarks.table import Row, script

#: Fields of /proc/PID/stat behind the name: the parent; user and system time of a process and of its ended children.
_PARENT, _TIMES = 1, slice(11, 15)


def used() -> float:
    """Return the processor time of the processes that this one started, and of theirs that have ended [s]."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[_PARENT]) == os.getpid():
            ticks += sum(map(int, fields[_TIMES]))
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def reduce(archive: Path, workers: int, shards: int) -> tuple[float, float]:
    """Reduce all observations of an archive; return how long it takes, and the processor time [s]."""
    obsids = sorted(path.name for path in archive.glob("AO*/P*/*"))
    size = -(-len(obsids) // shards)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as store:
        given = {"store": store, "cache": {"folder": ""}, "campaign": {"workers": workers, "shard_size": size}}
        executor = Processes(load_settings(archive / "rossi.toml", given))
        before, start = used(), time.perf_counter()
        results = executor.reduce(obsids, Watcher())
        seconds, cpu = time.perf_counter() - start, used() - before
        assert all(result.outcome == "succeeded" for result in results)
    return seconds, cpu


def rows(observations: int = 48, shards: int = 4, rounds: int = 5) -> Iterator[Row]:
    """Return time and processor time of one process and of two."""
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / "archive"
        with redirect_stdout(StringIO()):
            simulate(archive, observations, 1)
        turns = [[reduce(archive, workers, shards) for workers in (1, 2)] for _ in range(rounds + 1)][1:]
    (one, one_cpu), (two, two_cpu) = (map(min, zip(*(turn[n] for turn in turns), strict=True)) for n in (0, 1))
    what = f"{observations} observations, two processes"
    yield Row(what, two, "s", "one process", one, 1.9)
    yield Row(f"{what}: processor", two_cpu, "s CPU", "one process", one_cpu)


if __name__ == "__main__":
    script(rows)
