"""``python -m tests.mutants``: changes the source at random places, one at a time, and tells what no test notices.

A change is one of cosmic-ray's (an operator, a comparison, a number, a truth value, a loop, an exception). Each is
tried by the tests that ran its statement. All is done on a copy of the tree; what is known so far is kept, so a run
can be broken off and taken up.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("rossi", "services/execution")
#: The rooms' own tests, and those of the stages; none that needs a browser or a foreign program.
TESTS = ("tests/rossi", *(f"tests/services/{room}" for room in ("execution", "engines/native", "query", "merge")))
LEFT_OUT = ("merge/front/", "merge/report/", "test_dachs", "test_heasoftpy")
#: Of what is noticed, at least.
WANTED = 0.9


def _copy(work: Path) -> Path:
    """Bring a copy of what git knows of the tree up to date."""
    tree = work / "tree"
    named = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = {name for name in named.stdout.splitlines() if (ROOT / name).is_file()}
    for old in tree.rglob("*"):
        if old.is_file() and old.suffix in {".py", ".lark"} and str(old.relative_to(tree)) not in names:
            old.unlink()
    for name in names:
        source, target = ROOT / name, tree / name
        if not target.exists() or target.stat().st_mtime_ns != source.stat().st_mtime_ns:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    os.environ.setdefault("ROSSI_SHARED", str(ROOT.parent / "shared"))
    return tree


def _digest(tree: Path) -> str:
    """Return what tells whether tests changed."""
    found = hashlib.sha256()
    for file in sorted(file for folder in TESTS for file in (tree / folder).rglob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def _same() -> dict[tuple[str, str, str], str]:
    """Return the changes known to leave the program the same, with the reasons."""
    told = tomllib.loads(Path(__file__).with_name("same.toml").read_text())
    return {(one["module"], one["before"], one["after"]): one["reason"] for one in told["same"]}


def main() -> int:
    """Try so many changes."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=ROOT / "out/mutants")
    parser.add_argument("--only", default="", help="modules whose path begins so")
    parser.add_argument("--last", action="store_true", help="begin with the last of these changes")
    given = parser.parse_args()
    work = given.work.resolve()
    tree = _copy(work)
    os.chdir(tree)
    sys.path[:] = [str(tree), *(place for place in sys.path if Path(place).resolve() != ROOT)]
    os.environ |= {"PYTHONPATH": str(tree), "OPENBLAS_NUM_THREADS": "1", "ROSSI_CHROMIUM": "none"}
    from tests.mutants.trying import Trial

    tests = sorted(str(p.relative_to(tree)) for one in TESTS for p in (tree / one).rglob("test_*.py"))
    tests = [test for test in tests if not any(part in test for part in LEFT_OUT)]
    trial = Trial(tree, work, SOURCES, tests)
    same, records = _same(), []
    tried = trial.sample(given.number, given.seed, given.only, _digest(tree), last=given.last)
    for at, record in enumerate(tried, 1):
        if (record["module"], record["before"], record["after"]) in same:
            record["outcome"] = "same"
        records.append(record)
        print(f"{at:4d} {record['outcome']:9} {record['module']}:{record['line']} {record['after']}", flush=True)
    return _report(records)


def _report(records: list[dict[str, object]]) -> int:
    """Print what was noticed in each room, and what was not; returns whether that is too much."""
    outcomes = Counter((str(one["module"]).rpartition("/")[0], str(one["outcome"])) for one in records)
    for room in sorted({room for room, _ in outcomes}):
        noticed, same, survived = (outcomes[room, what] for what in ("noticed", "same", "survived"))
        print(f"{room:<26} {noticed + same + survived:4d} changes: {noticed:4d} noticed, {same:3d} the same program")
    for one in records:
        if one["outcome"] == "survived":
            print(f"{one['module']}:{one['line']}\n  - {one['before']}\n  + {one['after']}")
    count = Counter(str(one["outcome"]) for one in records)
    share = count["noticed"] / max(1, len(records) - count["same"])
    told = f"{count['noticed']} noticed, {count['same']} the same program, {count['survived']} not noticed"
    print(f"{len(records)} changes: {told}: {share:.1%} of those that change the program are noticed")
    return int(share < WANTED)


if __name__ == "__main__":
    sys.exit(main())
