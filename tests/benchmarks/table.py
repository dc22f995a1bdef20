"""What all benchmarks have in common: rows of one table, each a ratio to a named reference, and how they are measured.

A benchmark is a module with a function ``rows`` whose keyword parameters are its options; see `script`. Ratios say how
many times as much the reference takes, so more is better; so do goals.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from rossi.version import __version__

ROOT = Path(__file__).resolve().parents[2]
#: Where the numbers of the last run are, which `scale` begins with.
MEASURED = ROOT / "out" / "bench.json"
_LIBRARIES = ("numpy", "astropy", "pydantic", "prefect", "stingray")

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Row:
    """Something that was measured.

    Parameters
    ----------
    what : str
        What rossi does, and with what.
    rossi : float [unit]
    unit : str
    against : str
        What the reference is; empty where there is none.
    reference : float [unit]
    goal : float
        How many times as much the reference should be, at least.
    """

    what: str
    rossi: float
    unit: str = "s"
    against: str = ""
    reference: float | None = None
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as much the reference is."""
        if self.reference is None:
            return None
        return self.reference / self.rossi if self.rossi else sys.float_info.max

    @property
    def missed(self) -> bool:
        """Whether there is a goal that is not reached."""
        return self.goal is not None and self.ratio is not None and self.ratio < self.goal

    def sentence(self) -> str:
        """Say how far off the goal is."""
        return f"Missed: {self.what}: {number(self.ratio)} times, {number(self.goal)} wanted ({self.against})."


def number(value: float | None) -> str:
    """Return a number with three digits, or so."""
    if value is None:
        return ""
    return "" if value == sys.float_info.max else f"{value:.0f}" if value >= 100 or value == 0 else f"{value:.3g}"


def show(rows: Sequence[Row]) -> None:
    """Print the table, and a line for each goal that is missed."""
    table = Table("", "reference", "", "rossi", "", "ratio", "goal")
    for name in (1, 3, 5, 6):
        table.columns[name].justify = "right"
    for row in rows:
        style = "red" if row.missed else None
        table.add_row(
            *(row.what, number(row.reference), row.against, number(row.rossi), row.unit, number(row.ratio)),
            number(row.goal),
            style=style,
        )
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for row in rows:
        if row.missed:
            console.print(row.sentence(), highlight=False, soft_wrap=True)


def markdown(rows: Sequence[Row]) -> str:
    """Return the table as the documentation has it."""
    cells = [(r.what, f"{number(r.reference)} {r.against}".strip(), f"{number(r.rossi)} {r.unit}".strip(),
              number(r.ratio), number(r.goal)) for r in rows]  # fmt: skip
    lines = [("", "reference", "rossi", "ratio", "goal"), ("---",) * 5, *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> dict[str, Any]:
    """Return what was measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    found = {name: metadata.version(name) for name in _LIBRARIES if _is_installed(name)}
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "rossi": __version__,
        "python": platform.python_version(),
        **found,
    }


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def script(rows: Callable[..., Iterable[Row]]) -> None:
    """Run a benchmark alone: its options are the parameters of `rows`, and ``--json FILE`` keeps the numbers."""
    module = sys.modules[rows.__module__]
    parser = argparse.ArgumentParser(description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, parameter in inspect.signature(rows).parameters.items():
        default = parameter.default
        kind = type(default[0]) if isinstance(default, list) else type(default)
        more: dict[str, Any] = {"nargs": "+"} if isinstance(default, list) else {}
        if kind is bool:
            parser.add_argument(f"--{name.replace('_', '-')}", action="store_true")
        else:
            parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=str(default), **more)
    parser.add_argument("--json", type=Path, help="file that the numbers go to")
    given = vars(parser.parse_args())
    kept = given.pop("json")
    found = list(rows(**given))
    if kept is None:
        show(found)
    else:
        kept.write_text(json.dumps([asdict(row) for row in found]))


def measured() -> dict[str, float]:
    """Return what rossi took in the last run of all benchmarks, by what it did; empty where there was none."""
    if not MEASURED.exists():
        return {}
    return {row["what"]: row["rossi"] for row in json.loads(MEASURED.read_text())["rows"]}


def least(
    repeat: int, *works: Callable[[], object], clock: Callable[[], float] = time.process_time, warm: int = 2
) -> list[float]:
    """Return the least time that each work takes [s]; they take turns, as others use the machine, too."""
    turns = []
    for _ in range(repeat + warm):
        turn = []
        for work in works:
            start = clock()
            work()
            turn.append(clock() - start)
        turns.append(turn)
    return [min(times) for times in zip(*turns[warm:], strict=True)]


def commands(repeat: int, *runs: Callable[[], Sequence[str]], **environment: str) -> list[tuple[float, float]]:
    """Return the least wall clock and processor time [s] of commands, each of which is made anew before it is run.

    What Python compiles is kept, as it is where rossi is installed, and threads are as many as users get; the first
    turn does not count.
    """
    ours = ("PYTHONDONTWRITEBYTECODE", "OPENBLAS_NUM_THREADS")
    known = {name: value for name, value in os.environ.items() if name not in ours} | environment
    turns = []
    for _ in range(repeat + 1):
        turn = []
        for run in runs:
            command, start, before = run(), time.perf_counter(), getrusage(RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True, env=known, cwd=ROOT)
            after = getrusage(RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            turn.append((time.perf_counter() - start, used))
        turns.append(turn)
    return [(min(wall for wall, _ in some), min(used for _, used in some)) for some in zip(*turns[1:], strict=True)]


def apart(work: Callable[..., Given], *arguments: Any) -> Given:
    """Return what a function returns in a process of its own, which holds nothing else in memory."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def peak() -> float:
    """Return the most memory that this process has held [MB]; getrusage has that of the parent at the fork, too."""
    (line,) = (x for x in Path("/proc/self/status").read_text().split("\n") if x.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
