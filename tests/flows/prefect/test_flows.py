"""The flows for one observation and for pruning, without a server: their states, tasks and tables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from flows import observation, prune
from flows.observation import reduce_observation
from flows.prefect.progress_reporter import ProgressReporter
from flows.prune import prune_store
from services.storage import open_store
from tests.flows.support import SLEWING, Archive


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProgressReporter, "_run", lambda _: None)


def test_pruning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(prune, "create_table_artifact", lambda rows, **_: shown.append(rows))
    left = tmp_path / "p/20402-01-45-03/pca_prep" / f".{'0a' * 16}"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")
    os.utime(left, (0, 0))
    dry = prune_store.fn(store=str(tmp_path), prefix="p")
    said = (dry.type.name, dry.name, dry.message)
    assert said == ("COMPLETED", "DryRun", "1 object, 10 B, could go; nothing was removed.")
    assert left.exists()
    done = prune_store.fn(store=str(tmp_path), prefix="p", apply=True)
    assert (done.type.name, done.name, done.message) == ("COMPLETED", "Completed", "1 object removed, 10 B.")
    assert not left.exists()
    for rows in shown:
        assert {row["what"]: row for row in rows}["temporary files of killed processes"]["bytes"] == 10
    assert len(shown) == 2


def test_looking_closely(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[str] = []
    pages: list[str] = []

    def as_task(_: str, work: Any, name: str) -> Any:
        tasks.append(name)
        return work()

    monkeypatch.setattr(observation, "as_task", as_task)
    monkeypatch.setattr(observation, "show_stage", lambda result, *_: pages.append(result.stage))
    overrides = dict(archive.overrides)
    overrides.pop("campaign")
    given = {"archive": str(archive.root), "store": str(tmp_path), "instruments": ["pca"], "settings": overrides}
    obsid, damaged = archive.good[0], next(iter(archive.damaged))
    for asked, kind, name, message in (
        (obsid, "COMPLETED", "Completed", f"{obsid}: pca_prep, pca_extract done."),
        (SLEWING, "COMPLETED", "NoWork", "No work: "),
        (damaged, "FAILED", "Failed", "What to do: "),
    ):
        tasks.clear()
        state = reduce_observation.fn(obsid=asked, **given)
        assert (state.type.name, state.name) == (kind, name), state.message
        assert message in state.message
        assert tasks == pages[-len(tasks) :]
        assert tasks[0] == "pca_prep"
        if asked == obsid:
            assert tasks == ["pca_prep", "pca_extract"]
    assert list(open_store(str(tmp_path)).list(f"{obsid}/pca_extract/"))
