"""All benchmarks, or some: one table, a line for each goal that is missed, and the numbers as JSON.

    python -m tests.benchmarks                  # make bench
    python -m tests.benchmarks worker timing    # some of them
    python -m tests.benchmarks --all            # those that take an hour, too
    python -m tests.benchmarks --markdown start # what is in out/bench.json, for the documentation; runs nothing
    python -m tests.benchmarks.bench_worker --help

Numbers are ratios to a named reference, which is measured in turn with rossi, or is what HEASoft 6.20 took elsewhere:
see the text of each module. They go to out/bench.json, with the machine and the versions; those of a benchmark that is
not run again stay there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.table import MEASURED, ROOT, Row, machine, markdown, show

#: In the order in which they are run, with their options; the simulation begins with what the others have found.
_SUITE: dict[str, list[str]] = {
    **{name: [] for name in ("start", "worker", "events", "timing", "fast", "hexte", "response")},
    "observation": [],
    "requests": ["--observations", "20", "--changed-part", "0.1"],
    "waiting": [],
    "processes": [],
    **{name: [] for name in ("prefect", "fanout", "store", "query", "report", "front_page")},
    "sources": ["--sources", "100", "--observations", "5000"],
    "coordinator": ["--observations", "12000"],
    "scale": [],
}
#: Those that take half an hour and more.
_LONG: dict[str, list[str]] = {"coordinator": [], "sources": [], "many": [], "store_growth": []}


def run(name: str, options: list[str]) -> list[Row] | None:
    """Run a benchmark in a process of its own; None if it fails."""
    module = f"bench_{name}" if Path(__file__).with_name(f"bench_{name}.py").exists() else name
    with tempfile.NamedTemporaryFile(suffix=".json") as kept:
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", "--json", kept.name, *options]
        print(f"{name} ...", file=sys.stderr, flush=True)
        if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
            return None
        return [Row(**row) for row in json.loads(Path(kept.name).read_text())]


def keep(name: str, rows: list[Row]) -> None:
    """Put a benchmark's numbers in place of those of before."""
    known = json.loads(MEASURED.read_text())["rows"] if MEASURED.exists() else []
    fields = ("what", "rossi", "unit", "against", "reference", "goal", "ratio", "missed")
    new = [{"benchmark": name} | {field: getattr(row, field) for field in fields} for row in rows]
    MEASURED.parent.mkdir(exist_ok=True)
    kept = [row for row in known if row["benchmark"] != name]
    MEASURED.write_text(json.dumps({"machine": machine(), "rows": [*kept, *new]}, indent=1))


def told(names: list[str]) -> str:
    """Return what was kept of some benchmarks, or of all, as Markdown, with the machine it was measured on."""
    kept = json.loads(MEASURED.read_text())
    fields = ("what", "rossi", "unit", "against", "reference", "goal")
    chosen = [row for row in kept["rows"] if not names or row["benchmark"] in names]
    about = ", ".join(f"{name} {value}" for name, value in kept["machine"].items())
    return f"{markdown([Row(**{field: row[field] for field in fields}) for row in chosen])}\n\nMeasured with: {about}."


def main() -> None:
    """Do as the module's text says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", help=", ".join({**_SUITE, **_LONG}))
    parser.add_argument("--all", action="store_true", help="also those that take long")
    parser.add_argument("--markdown", action="store_true", help="print what was kept, and run nothing")
    given = parser.parse_args()
    if unknown := set(given.name) - {*_SUITE, *_LONG}:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join({**_SUITE, **_LONG})}")
    chosen = {**_SUITE, **_LONG} if given.all else _SUITE
    if given.markdown:
        print(told(given.name))
        return
    found, failed = [], []
    for name in given.name or chosen:
        rows = run(name, {**_LONG, **chosen}[name])
        if rows is None:
            failed.append(name)
            continue
        keep(name, rows)
        found += rows
    about = machine()
    print(f"{about['cores']} cores of {about['processor']}, load {about['load']}; the numbers are in {MEASURED}")
    show(found)
    for name in failed:
        print(f"Failed: {name}; python -m tests.benchmarks {name} shows why.")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
