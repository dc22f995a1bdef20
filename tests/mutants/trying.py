"""Tries changes one by one: makes one in the copy of the tree, runs its tests, and takes it back."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings

from tests.mutants import changes
from tests.mutants.children import load_libraries, pytest_on, run
from tests.mutants.choosing import Tests
from tests.mutants.covering import cover

_NO_TESTS = 5
#: How long tests may take: so many times what they took without the change, and so many seconds.
_TIMES, _SECONDS = 10.0, 60.0


class Trial:
    """A copy of the tree and what is known of it."""

    def __init__(self, tree: Path, work: Path, sources: Sequence[str], tests: Sequence[str]) -> None:
        self.tree, self.work, self.sources = tree, work, list(sources)
        self.results = work / "results.jsonl"
        self.modules = sorted(str(p.relative_to(tree)) for one in sources for p in (tree / one).rglob("*.py"))
        for one in ("rossi", "services", "flows"):
            compileall.compile_dir(tree / one, quiet=2)
        load_libraries()
        self.tests = Tests(tree, [cover(tree, file, self.sources, work / "covered") for file in tests])

    def sample(self, number: int, seed: int, only: str, tests: str, *, last: bool = False) -> Iterator[dict[str, Any]]:
        """Yield what came of so many changes; tries those that are new, or that other tests did not notice.

        `tests` stands for the tests as they are; with `last`, the same changes are tried the other way round.
        """
        known = {}
        if self.results.exists():
            known = {one["rank"]: one for one in map(json.loads, self.results.read_text().splitlines())}
        sample = islice(self._made([module for module in self.modules if module.startswith(only)], seed), number)
        for change, changed in reversed(list(sample)) if last else sample:
            record = known.get(change.rank)
            if record is None or (record["outcome"] == "survived" and record["tests"] != tests):
                record = asdict(change) | self._attempt(change, changed) | {"tests": tests}
                with self.results.open("a") as out:
                    out.write(json.dumps(record) + "\n")
            yield record

    def _made(self, modules: list[str], seed: int) -> Iterator[tuple[changes.Change, str]]:
        """Yield the changes that Python accepts, with the changed source."""
        for change in changes.in_random_order(self.tree, modules, seed):
            if (changed := change.made((self.tree / change.module).read_text())) is not None:
                yield change, changed

    def _attempt(self, change: changes.Change, changed: str) -> dict[str, Any]:
        """Make a change, run its tests, take it back; returns what came of it."""
        path = self.tree / change.module
        lines = zip(changed.splitlines(), path.read_text().splitlines(), strict=False)
        after = next((" ".join(new.split()) for new, old in lines if new != old), "")
        saved = path.with_suffix(".saved")
        shutil.copy2(path, saved)
        lots = self.tests.of(change.module, change.line)
        try:
            path.write_text(changed)
            by = next((lot[0].partition("::")[0] for lot in lots if self._notice(lot)), None)
        finally:
            saved.replace(path)
        return {"outcome": "noticed" if by else "survived", "after": after, "by": by, "lots": len(lots)}

    def _notice(self, tests: list[str]) -> bool:
        allowed = _SECONDS + _TIMES * sum(self.tests.seconds[test] for test in tests)
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))

        def work() -> int:
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            wanted = {test: (files.index(test.partition("::")[0]), self.tests.seconds[test]) for test in tests}
            return pytest_on(files, "-x", "--hypothesis-seed=0", plugins=[_Only(wanted)])

        return run(work, allowed, self.work / "last.log") not in (0, _NO_TESTS)


class _Only:
    """A plugin of pytest that leaves some tests, the least first; hypothesis searches for no simplest failure."""

    def __init__(self, wanted: dict[str, tuple[int, float]]) -> None:
        self.wanted = wanted

    def pytest_collection(self) -> None:
        now = settings.get_profile(settings.get_current_profile_name())
        settings.register_profile("mutants", now, phases=(Phase.explicit, Phase.generate), database=None)
        settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.wanted), key=lambda item: self.wanted[item.nodeid]
        )
