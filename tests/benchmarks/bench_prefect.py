"""What Prefect costs: a campaign against the same without it, and a large campaign's memory.

    python -m tests.benchmarks.bench_prefect [--observations 200] [--repeat 2] [--tiny-ones 0]

Observations are one simulated observation of 2 ks under many names, PCA and HEXTE, reduced into a new store each time.
The reference is the same campaign in the same number of processes, without Prefect. Both take turns; the Prefect server
runs all the time, as it does for an operator.

With --tiny-ones 10000, observations are asked for that the archive does not have: each is a failure with a record and a
line in the log of its own, the worst that Prefect gets. Told are the memory of the process, and what was recorded.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count as count_from
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
from tests.benchmarks.table import Row, least, peak, script


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


def count(kind: str) -> int:
    """How many runs the server has recorded."""
    request = urllib.request.Request(
        f"{os.environ['PREFECT_API_URL']}/{kind}/count", b"{}", {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return int(json.load(answer))


def tiny(folder: Path, observations: int) -> Iterator[Row]:
    """A large campaign of next to nothing."""
    from flows.campaign import run_campaign
    from services.contract import Outcome

    (folder / "empty").mkdir()
    obsids = [f"{n // 10000 + 20000}-{n // 100 % 100:02}-{n % 100:02}-00" for n in range(observations)]
    places = {"archive": str(folder / "empty"), "store": str(folder / "store")}
    campaign = {"instruments": ["pca"], "workers": os.cpu_count(), "shard_size": 100}
    settings = load_settings(None, {**places, "query": {"obsids": obsids}, "campaign": campaign})
    start = time.perf_counter()
    result = run_campaign(settings)
    seconds = time.perf_counter() - start
    failed = sum(one.outcome is Outcome.FAILED for one in result.results)
    assert failed == len(result.results) == observations
    yield Row(
        f"{observations} failures through Prefect", seconds, "s", "a hundredth of a second each", observations / 100
    )
    yield Row(f"{observations} failures through Prefect: memory of the flow", peak(), "MB", "allowed", 1000, 1)
    expected = len(plan_shards(settings, obsids)) + 3
    for _ in range(60):
        if count("task_runs") >= expected:
            break
        time.sleep(1)
    yield Row("task runs that Prefect has not recorded", expected - count("task_runs"), "", "task runs", expected)


def compared(folder: Path, observations: int, repeat: int) -> Iterator[Row]:
    """Run campaigns in turn."""
    base = lay_out(folder, observations)
    stores = (str(folder / f"store{n}") for n in count_from(0))

    def one(work: Callable[[Settings], None], **some: object) -> None:
        work(load_settings(None, {**base, **some, "store": next(stores)}))

    for work in (without, with_prefect):  # what is loaded once does not count
        one(work, query={"obsids": ["20000-01-00-00"]})
    plain, full = least(repeat, lambda: one(without), lambda: one(with_prefect), clock=time.perf_counter, warm=0)
    yield Row(
        f"campaign of {observations} observations, through Prefect", full, "s", "the same without", plain, 1 / 1.1
    )


def rows(observations: int = 200, repeat: int = 2, tiny_ones: int = 0) -> Iterator[Row]:
    """Return what Prefect costs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("PREFECT_HOME", str(folder / "prefect"))
        with prefect_server() as ready:
            ready()
            yield from tiny(folder, tiny_ones) if tiny_ones else compared(folder, observations, repeat)


if __name__ == "__main__":
    script(rows)
