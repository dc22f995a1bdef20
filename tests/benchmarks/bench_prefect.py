"""What Prefect costs: a campaign against the same without it, and a large campaign's memory.

    python tests/benchmarks/bench_prefect.py [--observations 500] [--repeat 3]
    python tests/benchmarks/bench_prefect.py --tiny 10000

Observations are one simulated observation of 2 ks under many names, PCA and HEXTE, reduced into a new store each time.
The reference is the same campaign in the same number of processes, without Prefect. Both take turns; the Prefect server
runs all the time, as it does for an operator. Printed is the ratio of the medians.

With --tiny, observations are asked for that the archive does not have: each is a failure with its own record and its
own line in the log, the worst that Prefect gets. Printed are the memory of the process while it works and what the
server has recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from flows.core.plan import plan_shards
from flows.core.processes import Processes
from flows.core.run import run
from flows.core.selection import everything
from flows.core.settings import Settings, load_settings
from flows.core.watcher import Watcher
from flows.desktop.server import prefect_server
from rossi.archive import ObsID
from rossi.simulate import BREAKDOWN_FILE, DEAD_TIME_FILE_A, DEAD_TIME_FILE_B, MODEL_FILE, simulate_archive


def lay_out(folder: Path, observations: int) -> dict[str, object]:
    """Simulate one observation and give it many names; returns settings."""
    one = folder / "one"
    simulate_archive(one, observations=1, seed=1)
    (source,) = one.glob("AO*/P*/*")
    for number in range(observations):
        path = folder / "many" / ObsID(f"20{number // 100:03}-01-{number % 100:02}-00").path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(source, target_is_directory=True)
    names = {"breakdown": BREAKDOWN_FILE, "dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B}
    paths = {role: str(one / "calibration" / name) for role, name in names.items()}
    calibration = {"model": [str(one / "calibration" / MODEL_FILE)], "saa": "NONE", **paths}
    return {
        "archive": str(folder / "many"),
        "calibration": calibration,
        "campaign": {"workers": os.cpu_count()},
    }


def without(settings: Settings) -> None:
    """The reference: the same campaign."""
    run(settings, everything, Processes(settings), Watcher())


def with_prefect(settings: Settings) -> None:
    """The same as a flow run."""
    from flows.campaign import run_campaign

    run_campaign(settings)


@contextmanager
def memory(into: list[float]):
    """Note this process's resident memory [MB] twice a second."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            into.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    ended.set()
    thread.join()


def count(kind: str) -> int:
    """How many runs the server has recorded."""
    request = urllib.request.Request(
        f"{os.environ['PREFECT_API_URL']}/{kind}/count", b"{}", {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return int(json.load(answer))


def tiny(folder: Path, observations: int) -> None:
    """A large campaign of next to nothing."""
    from flows.campaign import run_campaign
    from services.contract import Outcome

    (folder / "empty").mkdir()
    obsids = [
        f"{number // 10000 + 20000}-{number // 100 % 100:02}-{number % 100:02}-00" for number in range(observations)
    ]
    places = {"archive": str(folder / "empty"), "store": str(folder / "store")}
    campaign = {"instruments": ["pca"], "workers": os.cpu_count(), "shard_size": 100}
    settings = load_settings(None, {**places, "query": {"obsids": obsids}, "campaign": campaign})
    seen: list[float] = []
    start = time.perf_counter()
    with memory(seen):
        result = run_campaign(settings)
    seconds = time.perf_counter() - start
    failed = sum(one.outcome is Outcome.FAILED for one in result.results)
    quarter = max(1, len(seen) // 4)
    print(f"{observations} observations: {len(result.results)} accounted for, {failed} failed as they should")
    print(f"{observations / seconds:.0f} a second with query and merge")
    print(f"memory of the flow's process: {statistics.median(seen[:quarter]):.0f} MB in the first quarter, ", end="")
    print(f"{statistics.median(seen[-quarter:]):.0f} MB in the last, at most {max(seen):.0f} MB")
    expected = len(plan_shards(settings, obsids)) + 3
    for _ in range(60):
        if count("task_runs") >= expected:
            break
        time.sleep(1)
    print(f"{count('task_runs')} of {expected} task runs recorded")


def compare(folder: Path, observations: int, repeat: int) -> None:
    """Print the ratio."""
    base = lay_out(folder, observations)
    times: dict[str, list[float]] = {"without": [], "with": []}
    for turn in range(repeat + 1):
        for name, work in (("without", without), ("with", with_prefect)):
            some = {"query": {"obsids": ["20000-01-00-00"]}} if turn == 0 else {}  # the first turn warms up
            settings = load_settings(None, {**base, **some, "store": str(folder / f"{name}{turn}")})
            start = time.perf_counter()
            work(settings)
            if turn:
                times[name].append(time.perf_counter() - start)
        if turn:
            print(
                f"turn {turn}: {times['with'][-1] / times['without'][-1]:.3f}, load {os.getloadavg()[0]:.0f}",
                flush=True,
            )
    plain, full = (statistics.median(times[name]) for name in ("without", "with"))
    print(
        f"{observations} observations, {os.cpu_count()} processes: a campaign in Prefect takes {full / plain:.3f} ",
        end="",
    )
    print("of the time of the same shards without it")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--observations", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--tiny", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("PREFECT_HOME", str(folder / "prefect"))
        with prefect_server() as ready:
            ready()
            if given.tiny:
                tiny(folder, given.tiny)
            else:
                compare(folder, given.observations, given.repeat)


if __name__ == "__main__":
    main()
