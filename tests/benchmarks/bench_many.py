"""A campaign of ten thousand observations as an operator runs it: `rossi up`, the form, Prefect's pages.

    python -m tests.benchmarks.bench_many [--observations 10000] [--keep FOLDER]

Observations are short ones, PCA alone, a hundred of them under many names; one of fifty has lost its data. Told are
the memory of each process at the end against that in the middle, what was expected against what Prefect has recorded,
and how long its pages take; pictures of them stay in the folder, with the report.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import tomlkit

from rossi.archive import ObsID
from rossi.simulate import BREAKDOWN_FILE, MODEL_FILE, simulate_observation
from rossi.simulate.archive import planned
from rossi.simulate.calibration import calibration_files
from rossi.simulate.source import long_term
from tests.benchmarks.table import Row, script
from tests.flows.api import FINAL, Api
from tests.flows.support import Rossi, marked, no_strays
from tests.flows.tour import Tour, tour
from tests.servers.process import free_port

#: Observations that are simulated; the others are these under other names.
_SIMULATED = 100
#: One of so many has no data.
_DAMAGED = 50
#: How a process is told by its command line; the first that fits.
_ROLES = {"server": ("prefect", "server"), "flow run": ("prefect.engine",), "serving": ("flows.cli", "serve")}


def lay_out(root: Path, observations: int) -> None:
    """Make the archive and its calibration."""
    model, sources = long_term(1), []
    for number in range(min(_SIMULATED, observations)):
        spec = replace(planned(1, number, model), duration=320, gaps=(), hexte_events=False)
        sources.append(folder := root / "simulated" / str(number))
        for name, content in simulate_observation(spec).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    damaged = root / "simulated" / "damaged"
    shutil.copytree(sources[0], damaged)
    min(damaged.glob("pca/FS4a*")).unlink()
    for number in range(observations):
        obsid = ObsID(f"{20001 + number // 1000}-01-{number // 10 % 100:02}-{number % 10:02}")
        path = root / "archive" / obsid.path
        path.parent.mkdir(parents=True, exist_ok=True)
        source = sources[number % len(sources)] if number % _DAMAGED else damaged
        path.symlink_to(source, target_is_directory=True)
    for name, content in calibration_files().items():
        (root / name).write_bytes(content)


def configure(root: Path) -> None:
    """Write the configuration."""
    calibration = {"model": [str(root / MODEL_FILE)], "saa": "NONE", "breakdown": str(root / BREAKDOWN_FILE)}
    settings = {
        "archive": str(root / "archive"),
        "store": str(root / "store"),
        "pca_prep": {"filter_file": "archive"},
        "calibration": calibration,
        "campaign": {"instruments": ["pca"], "workers": os.cpu_count(), "shard_size": 100},
    }
    (root / "rossi.toml").write_text(tomlkit.dumps(settings))


@contextmanager
def memory(mark: str) -> Iterator[dict[str, list[float]]]:
    """Note the resident memory [MB] of all marked processes by what they are, every two seconds."""
    seen: dict[str, list[float]] = defaultdict(list)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(2.0):
            now: dict[str, float] = defaultdict(float)
            for folder in map(Path, marked(mark)):
                try:
                    pages = int((folder / "statm").read_text().split()[1])
                    now[role(folder)] += pages * os.sysconf("SC_PAGE_SIZE") / 1e6
                except OSError:  # has ended meanwhile
                    continue
            for name, size in now.items():
                seen[name].append(size)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def role(folder: Path) -> str:
    """What a process is."""
    words = (folder / "cmdline").read_text().split("\0")
    fitting = (name for name, told in _ROLES.items() if all(any(t in w for w in words) for t in told))
    return next(fitting, "workers" if any("forkserver" in word for word in words) else "other")


def watch_pages(operator: Tour, api: Api, run: str) -> dict[str, float]:
    """Open the pages of a run; returns the seconds that each took."""
    shown = api.artifacts(run)
    steps = {"runs": operator.see_runs, "run": lambda: operator.see_run(run, "observations, ")}
    for key, artifact in shown.items():
        sentence = "observations" if key in {"progress", "campaign", "outcomes"} else ""
        steps[key] = lambda a=artifact["id"], k=key, s=sentence: operator.see_artifact(a, k, s)
    took = {}
    for name, step in steps.items():
        begin = time.perf_counter()
        step()
        took[name] = time.perf_counter() - begin
    return took


def recorded(api: Api, run: str) -> dict[str, int]:
    """What Prefect knows of a run."""
    mine = {"flow_runs": {"id": {"any_": [run]}}}
    completed = {**mine, "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    events = {row["label"]: row["count"] for row in api("/events/count-by/event", {"filter": {}})}
    lines, page = 0, [{}]
    while page:
        query = {"logs": {"flow_run_id": {"any_": [run]}, "level": {"ge_": 30}}, "limit": 200, "offset": lines}
        page = api("/logs/filter", query)
        lines += len(page)
    return {
        "task runs": api("/task_runs/count", mine),
        "task runs completed": api("/task_runs/count", completed),
        "events of task runs completed": events.get("prefect.task-run.Completed", 0),
        "warnings in the log": lines,
    }  # fmt: skip


def work(root: Path, observations: int) -> Iterator[Row]:
    """Run it and return what was seen."""
    lay_out(root, observations)
    configure(root)
    port, products = free_port(), free_port()
    api = Api(f"http://127.0.0.1:{port}/api", auth=root / "state/prefect-auth")
    pictures = root / "pictures"
    with no_strays() as mark, memory(mark) as seen:
        rossi = Rossi(root, root)
        places = ("--state", "state")
        try:
            done = rossi("up", *places, "--port", port, "--products-port", products, "--cron", "", mark=mark)
            assert done.returncode == 0, done.stderr
            run = api.run("campaign")
            with tour(api.url.removesuffix("/api"), pictures) as operator:
                yield from follow(api, run, operator)
            time.sleep(20)  # what is still on its way
            yield from shown(api, run, observations, seen)
        finally:
            rossi("down", *places, mark=mark)


def follow(api: Api, run: str, operator: Tour) -> Iterator[Row]:
    """Look at the pages once a minute until a run has ended, and then once more; return the most that they took."""
    ended, most = False, dict[str, float]()
    while not ended:
        time.sleep(60)
        ended = api.state(run)["state_type"] in FINAL
        shown = api.artifacts(run).get("progress", {}).get("description", "not begun")
        took = watch_pages(operator, api, run) if "observations: " in shown else {}
        most |= {name: max(seconds, most.get(name, 0.0)) for name, seconds in took.items()}
    yield from (Row(f"Prefect's page: {name}", seconds, "s", "allowed", 5.0, 1) for name, seconds in most.items())


def shown(api: Api, run: str, observations: int, seen: dict[str, list[float]]) -> Iterator[Row]:
    """Return the accounts."""
    outcomes = json.loads(api.artifacts(run)["outcomes"]["data"])
    assert sum(row["observations"] for row in outcomes) == observations, outcomes
    expected = {"task runs": -(-observations // 100) + 3, "warnings in the log": -(-observations // _DAMAGED)}
    known = recorded(api, run)
    for name, number in expected.items():
        yield Row(f"Prefect has recorded: {name}", known[name], "", "expected", number, 1)
    for name, sizes in seen.items():
        third = max(1, len(sizes) // 6)
        middle, end = (statistics.median(part) for part in (sizes[len(sizes) // 2 :][:third], sizes[-third:]))
        yield Row(f"memory of {name} at the end", end, "MB", "in the middle", middle)


def rows(observations: int = 10_000, keep: str = "") -> Iterator[Row]:
    """Return what was seen; everything stays in the folder `keep`."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(keep or name).resolve()
        root.mkdir(parents=True, exist_ok=True)
        yield from work(root, observations)


if __name__ == "__main__":
    script(rows)
