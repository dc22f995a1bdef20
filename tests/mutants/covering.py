"""Which tests run which lines, told by coverage.py."""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import coverage
import pytest

from tests.mutants.children import pytest_on, run

#: The longest that a file of tests may take.
_SECONDS = 900.0


@dataclass
class Covered:
    """What a file of tests did: the seconds of each test that passed, and the tests that ran each line of modules."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)


class _Watch:
    """A plugin of pytest: says whose lines they are that run, those of a fixture being of every test that has it."""

    def __init__(self, watch: coverage.Coverage) -> None:
        self.watch, self.seconds = watch, defaultdict[str, float](float)
        self.users = defaultdict[str, set[str]](set)
        self.passed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        began = time.process_time()
        for name in getattr(item, "fixturenames", ()):
            self.users[f"fixture {name}"].add(item.nodeid)
        self.watch.switch_context(item.nodeid)
        done = yield
        self.seconds[item.nodeid] += time.process_time() - began
        self.watch.switch_context("")
        return done

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef, request: pytest.FixtureRequest) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        self.watch.switch_context(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            self.watch.switch_context(request.node.nodeid if "::" in request.node.nodeid else "")


def _watched(tree: Path, file: str, sources: list[str], answer: Path) -> int:
    watch = coverage.Coverage(
        data_file=None, source=[str(tree / one) for one in sources], config_file=False, messages=False
    )
    watch.start()
    plugin = _Watch(watch)
    code = pytest_on([file], plugins=[plugin])
    watch.stop()
    data = watch.get_data()
    lines, tests = {}, ["", *plugin.seconds]  # that without a name is what runs at import
    number = {test: at for at, test in enumerate(tests)}
    users = {name: [number[test] for test in own] for name, own in plugin.users.items()} | {
        test: [at] for test, at in number.items()
    }
    for path in data.measured_files():
        if found := data.contexts_by_lineno(path):  # of files that nothing ran, too, it says so
            lines[str(Path(path).relative_to(tree))] = {
                line: sorted({test for context in contexts for test in users.get(context, [])})
                for line, contexts in found.items()
            }
    seconds = {test: taken for test, taken in plugin.seconds.items() if test in plugin.passed}
    told = {"digests": _digests(tree, [file, *lines]), "tests": tests, "seconds": seconds, "lines": lines}
    answer.write_text(json.dumps(told))
    return code


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _digests(tree: Path, files: Iterable[str]) -> dict[str, str]:
    return {file: _digest(tree / file) for file in files}


def cover(tree: Path, file: str, sources: list[str], folder: Path) -> Covered:
    """Run a file of tests, or take what it did from the folder if nothing that it runs has changed since."""
    answer = folder / f"{file.replace('/', '.')}.json"
    told = json.loads(answer.read_text()) if answer.exists() else {}
    if not told or told["digests"] != _digests(tree, told["digests"]):
        folder.mkdir(parents=True, exist_ok=True)
        answer.unlink(missing_ok=True)
        code = run(lambda: _watched(tree, file, sources, answer), _SECONDS, answer.with_suffix(".log"))
        if code:
            print(f"{file}: pytest ended with {code}, see {answer.with_suffix('.log')}", flush=True)
        if not answer.exists():
            nothing = {"tests": [], "seconds": {}, "lines": {}}
            answer.write_text(json.dumps({"digests": _digests(tree, [file])} | nothing))
        told = json.loads(answer.read_text())
    tests = told["tests"]
    lines = {m: {int(n): [tests[at] for at in own] for n, own in by.items()} for m, by in told["lines"].items()}
    return Covered(told["seconds"], lines)
