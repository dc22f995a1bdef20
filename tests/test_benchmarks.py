"""What benchmarks print, and that `make bench` knows all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as suite
from tests.benchmarks import table
from tests.benchmarks.scale import MEASURED, rows
from tests.benchmarks.table import Row

FOLDER = Path(table.__file__).parent


def test_ratios_and_goals(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        Row("twice as fast as wanted", 0.01, "s", "HEASoft", 2.0, 100),
        Row("half as fast as wanted", 0.04, "s", "HEASoft", 2.0, 100),
        Row("only told", 3.0, "MB"),
        Row("nothing at all", 0.0, "MB", "allowed", 10.0, 1),
    ]
    assert [row.missed for row in found] == [False, True, False, False]
    assert [row.ratio for row in found[:3]] == [pytest.approx(200), pytest.approx(50), None]
    table.show(found)
    *_, last = capsys.readouterr().out.splitlines()
    assert last == "Missed: half as fast as wanted: 50 times, 100 wanted (HEASoft)."


def test_every_benchmark_is_run() -> None:
    files = {path.stem.removeprefix("bench_") for path in FOLDER.glob("*.py")} - {"__main__", "table"}
    assert files == {*suite._SUITE, *suite._LONG}


def test_numbers_are_kept_by_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "out" / "bench.json"
    for module in (suite, table):
        monkeypatch.setattr(module, "MEASURED", kept)
    assert table.measured() == {}
    suite.keep("a", [Row("one", 1.0), Row("two", 2.0)])
    suite.keep("b", [Row("three", 3.0, "s", "reference", 6.0, 3)])
    suite.keep("a", [Row("one", 1.5)])
    assert table.measured() == {"three": 3.0, "one": 1.5}
    told = json.loads(kept.read_text())
    assert told["machine"]["cores"] >= 1
    assert [(row["ratio"], row["missed"]) for row in told["rows"]] == [(2.0, True), (None, False)]
    assert suite.told(["b"]).startswith("|  | reference | rossi |")
    assert "| three | 6 reference | 3 s | 2 | 3 |" in suite.told(["b"])


def test_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of equal observations and no waiting, pods share what the processor takes."""
    known = dict.fromkeys(MEASURED, 0.0) | {"an observation": 3.6}
    monkeypatch.setattr("tests.benchmarks.scale.measured", lambda: known)
    found = {row.what: row.rossi for row in rows(1000, pods=[1, 10], sources=10, spread=0.0, length=1.0, pod_start=0.0)}
    assert found["1000 observations on 1 pod, simulated"] == pytest.approx(1.0, rel=0.01)
    assert found["1000 observations on 10 pods, simulated"] == pytest.approx(0.1, rel=0.01)
    (longest,) = (what for what in found if what.startswith("1000 observations on 10 pods: "))
    assert "the processors" in longest
