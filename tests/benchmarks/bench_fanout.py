"""What it costs to spread a campaign over a cluster: planning, and bookkeeping within a shard.

    python -m tests.benchmarks.bench_fanout [--observations 120000] [--shard-size 100] [--reduced 40]

Planning is everything between the list of ObsIDs and the Job: shards, the work list in a folder of this machine, the
Job's manifest; in a process of its own, whose memory is told, too. Bookkeeping is what a shard does besides running
stages; it may take a tenth.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flows.cli.simulate import command as simulate
from flows.core.plan import make_shard, plan_shards
from flows.core.settings import Settings, load_settings
from flows.kubernetes.job import identity, make_job
from services.contract import ObservationResult
from services.execution import shard_process as index
from services.execution.ledger import Ledger, put_work
from services.execution.portion import work_off_portion
from services.storage import open_store
from tests.benchmarks.table import Row, apart, peak, script

ROOT = Path(__file__).parents[2]


def plan(folder: Path, observations: int, shard_size: int) -> tuple[float, float]:
    """Plan a campaign; return seconds, and the most memory that it took [MB]."""
    obsids = [
        f"{10000 + n // 10000:05d}-{n // 1000 % 10 + 1:02d}-{n // 100 % 10 + 1:02d}-{n % 100:02d}"
        for n in range(observations)
    ]
    campaign = {"executor": "kubernetes", "shard_size": shard_size}
    settings = load_settings(None, {"archive": "/archive", "store": str(folder), "campaign": campaign})
    start = time.process_time()
    shards = plan_shards(settings, obsids)
    job = make_job(settings, identity(settings, obsids), put_work(open_store(settings.store), "", shards), len(shards))
    seconds = time.process_time() - start
    assert job["spec"]["completions"] == len(shards)
    return seconds, peak()


def bookkeeping(settings: Settings, obsids: list[str]) -> tuple[float, float]:
    """Return the seconds that a shard takes, and those in which its stages run."""
    shard = make_shard(settings, obsids)
    store = open_store(settings.store)
    ledger = Ledger(store, put_work(store, "", [shard]), "bench", 0, ObservationResult)
    inside = 0.0
    run = index.run_observation

    def timed(*arguments: object, **options: object) -> object:
        nonlocal inside
        start = time.process_time()
        try:
            return run(*arguments, **options)  # type: ignore[arg-type]
        finally:
            inside += time.process_time() - start

    index.run_observation = timed  # type: ignore[assignment]
    start = time.process_time()
    work_off_portion(index.portion_of(shard), ledger)
    return time.process_time() - start, inside


def rows(observations: int = 120_000, shard_size: int = 100, reduced: int = 40) -> Iterator[Row]:
    """Return what planning and bookkeeping take."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds, memory = apart(plan, folder / "plan", observations, shard_size)
        yield Row(f"planning {observations} observations", seconds, "s CPU", "a minute", 60.0, 1)
        yield Row(f"planning {observations} observations: memory", memory, "MB", "allowed", 1000, 1)
        with contextlib.redirect_stdout(io.StringIO()):
            simulate(folder / "archive", reduced, 1)
        settings = load_settings(folder / "archive" / "rossi.toml", {"store": str(folder / "store")})
        obsids = sorted(path.name for path in folder.glob("archive/AO*/P*/*"))
        whole, inside = bookkeeping(settings, obsids)
        yield Row(f"bookkeeping in a shard of {reduced}", whole - inside, "s CPU", "the shard", whole, 10)


if __name__ == "__main__":
    script(rows)
