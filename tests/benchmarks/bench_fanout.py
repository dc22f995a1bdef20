"""What it costs to spread a campaign over a cluster: planning, a worker's start, and bookkeeping within a shard.

    python tests/benchmarks/bench_fanout.py [--observations 120000] [--shard-size 100] [--reduced 40]

Planning is everything between the list of ObsIDs and the Job: shards, the work list in a folder of this machine, the
Job's manifest; in a process of its own, whose peak memory is printed, too. A worker's start is the time from the
command to the first observation, and to its result. Bookkeeping is what a shard does besides running stages.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flows.cli.simulate import command as simulate
from flows.core.plan import make_shard, plan_shards
from flows.core.settings import Settings, load_settings
from flows.kubernetes.job import identity, make_job
from services.contract import ObservationResult
from services.execution import shard_process as index
from services.execution.ledger import Ledger, put_work
from services.storage import open_store

ROOT = Path(__file__).parents[2]


def plan(folder: Path, observations: int, shard_size: int) -> None:
    """Plan a campaign and print seconds, shards, bytes of the manifest and peak memory as JSON."""
    obsids = [
        f"{10000 + n // 10000:05d}-{n // 1000 % 10 + 1:02d}-{n // 100 % 10 + 1:02d}-{n % 100:02d}"
        for n in range(observations)
    ]
    campaign = {"executor": "kubernetes", "shard_size": shard_size}
    settings = load_settings(None, {"archive": "/archive", "store": str(folder), "campaign": campaign})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    shards = plan_shards(settings, obsids)
    job = make_job(settings, identity(settings, obsids), put_work(open_store(settings.store), "", shards), len(shards))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "shards": len(shards), "job": len(json.dumps(job)), "kB": [before, peak]}))


def first_observation(settings: Settings, obsid: str) -> tuple[float, float]:
    """Return the seconds from a worker's start to its first observation and to the end of it."""
    work = put_work(open_store(settings.store), "", [make_shard(settings, [obsid])])
    worker = [sys.executable, "-m", "services.execution"]
    command = [*worker, "--store", settings.store, "--work", work, "--index", "0"]
    start = time.perf_counter()
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"ROSSI_RUN": str(start)}
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "observation 1 of" in line:
                break
        begun = time.perf_counter() - start
        process.stderr.read()
    return begun, time.perf_counter() - start


def bookkeeping(settings: Settings, obsids: list[str]) -> tuple[float, float]:
    """Return the seconds that a shard takes, and those in which its stages run."""
    shard = make_shard(settings, obsids)
    store = open_store(settings.store)
    ledger = Ledger(store, put_work(store, "", [shard]), "bench", 0, ObservationResult)
    inside = 0.0
    run = index.run_observation

    def timed(*arguments: object, **options: object) -> object:
        nonlocal inside
        start = time.perf_counter()
        try:
            return run(*arguments, **options)  # type: ignore[arg-type]
        finally:
            inside += time.perf_counter() - start

    index.run_observation = timed  # type: ignore[assignment]
    start = time.perf_counter()
    index.work_off(shard, ledger)
    return time.perf_counter() - start, inside


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--observations", type=int, default=120_000)
    parser.add_argument("--shard-size", type=int, default=100)
    parser.add_argument("--reduced", type=int, default=40, help="observations that are simulated and reduced")
    parser.add_argument("--plan-only", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plan_only:
        plan(options.plan_only, options.observations, options.shard_size)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, __file__, "--plan-only", str(folder / "plan")]
        sizes = ["--observations", str(options.observations), "--shard-size", str(options.shard_size)]
        done = subprocess.run([*command, *sizes], capture_output=True, text=True, check=True)
        planned = json.loads(done.stdout)
        before, peak = planned["kB"]
        print(
            f"planning {options.observations} observations: {planned['seconds']:.1f} s, {planned['shards']} shards, ",
            end="",
        )
        print(f"manifest of {planned['job']} bytes, peak {peak / 1024:.0f} MiB ({before / 1024:.0f} MiB before)")
        with contextlib.redirect_stdout(io.StringIO()):
            simulate(folder / "archive", options.reduced, 1)
        settings = load_settings(folder / "archive" / "rossi.toml", {"store": str(folder / "store")})
        obsids = sorted(path.name for path in folder.glob("archive/AO*/P*/*"))
        starts = [first_observation(settings, obsids[0]) for _ in range(4)]
        print(f"worker to first observation: {starts[0][0]:.2f} s the first time, then ", end="")
        print(", ".join(f"{begun:.2f} s" for begun, _ in starts[1:]))
        print(
            f"worker from start to end, one observation that is done already: {min(end for _, end in starts[1:]):.2f} s"
        )
        whole, inside = bookkeeping(settings.model_copy(update={"store": str(folder / "other")}), obsids)
        print(f"a shard of {len(obsids)}: {whole:.2f} s, {100 * (whole - inside) / whole:.1f} % of it bookkeeping")


if __name__ == "__main__":
    main()
