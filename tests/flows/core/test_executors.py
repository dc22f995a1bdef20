"""Who works on this machine: one after the other in this process, and processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from flows.core import processes
from flows.core.executor import Executor, Inline
from flows.core.processes import Processes
from flows.core.settings import Settings, load_settings
from flows.core.watcher import Stopped
from flows.executors import open_executor
from rossi.errors import ConfigError
from services.contract import FailureKind, Outcome, StageResult
from services.merge.config import MergeRequest, SourceName
from services.storage import open_store
from services.storage.inventory import status
from tests.flows.conformance import ExecutorConformance, Recorder, merge_of
from tests.flows.core import deadly
from tests.flows.support import Archive, wait_until

pytestmark = pytest.mark.usefixtures("without_figures")


@pytest.fixture
def settings(archive: Archive, tmp_path: Path) -> Settings:
    """A campaign of shards of two observations, two at a time."""
    values = archive.overrides | {"archive": str(archive.root), "store": str(tmp_path / "store")}
    values["campaign"] = {**archive.overrides["campaign"], "workers": 2, "shard_size": 2}
    return load_settings(None, values)


class TestInline(ExecutorConformance):
    """See `ExecutorConformance`."""

    @pytest.fixture
    def opened(self) -> Callable[[Settings], Executor]:
        """Open one."""
        return Inline


class TestProcesses(ExecutorConformance):
    """See `ExecutorConformance`; and whatever happens to a process, no observation is lost."""

    @pytest.fixture
    def opened(self) -> Callable[[Settings], Executor]:
        """Open one."""
        return Processes

    def test_a_source_whose_process_is_killed_is_the_only_one_lost(self, archive: Archive, settings: Settings) -> None:
        results = Inline(settings).reduce(archive.good[:2], Recorder())
        requests = [
            MergeRequest(
                store=settings.store,
                asked=(result.obsid,),
                results=(result,),
                source=SourceName(name=f"Source {number}", slug=f"source-{number}"),
            )
            for number, result in enumerate(results)
        ]

        class Killing(Recorder):
            """Kills the process that merges, while the first of two is merged."""

            def step(self, kind: str, work: Callable[[], list[StageResult]], name: str = "") -> list[StageResult]:
                if name == "merge-source-0":
                    thread = threading.Thread(target=kill_worker)
                    thread.start()
                return super().step(kind, work, name)

        def kill_worker() -> None:
            wait_until(multiprocessing.active_children)
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

        one = settings.model_copy(update={"campaign": settings.campaign.model_copy(update={"workers": 1})})
        lost, merged = Processes(one).merge([*map(merge_of, requests)], "", Killing())
        assert (lost.source, lost.code, lost.kind) == ("source-0", "process_lost", FailureKind.RETRYABLE)
        assert lost.message.startswith("The process that merged Source 0 was killed by SIGKILL;")
        assert (merged.source, merged.outcome) == ("source-1", Outcome.SUCCEEDED)
        records = {record.source: record.outcome for record in status(open_store(settings.store)) if record.source}
        assert records == {"source-0": Outcome.FAILED, "source-1": Outcome.SUCCEEDED}

    def test_observation_that_kills_its_process_is_the_only_one_lost(
        self, archive: Archive, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = archive.good[:3]
        monkeypatch.setattr(processes, "_run_shard", partial(deadly.run_shard, asked[1]))
        one = settings.model_copy(update={"campaign": settings.campaign.model_copy(update={"workers": 1})})
        results = Processes(one).reduce(asked, Recorder())
        assert [result.obsid for result in results] == list(asked)
        assert [result.outcome for result in results] == [Outcome.SUCCEEDED, Outcome.FAILED, Outcome.SUCCEEDED]
        assert results[1].last.kind is FailureKind.RETRYABLE
        assert "killed by SIGKILL" in results[1].message

    def test_other_children_of_this_process_are_left_alone(self, archive: Archive, settings: Settings) -> None:
        other = multiprocessing.get_context("spawn").Process(target=signal.pause, daemon=True)
        other.start()
        try:
            executor = Processes(settings)
            with pytest.raises(Stopped):
                executor.reduce(archive.good, Recorder(executor.stop))
            assert other.is_alive()
            assert multiprocessing.active_children() == [other]
        finally:
            other.terminate()
            other.join()

    def test_a_process_that_is_asked_to_end_ends_the_work(self, archive: Archive, settings: Settings) -> None:
        def terminate() -> None:
            for worker in multiprocessing.active_children():
                worker.terminate()

        with pytest.raises(Stopped, match="was stopped with"):
            Processes(settings).reduce(archive.good, Recorder(terminate))
        assert not multiprocessing.active_children()

    def test_unusable_store_stops_the_shards(self, archive: Archive, settings: Settings, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        wrong = settings.model_copy(update={"store": str(tmp_path / "file" / "store")})
        with pytest.raises(ConfigError, match="file"):
            Processes(wrong).reduce(archive.good[:2], Recorder())

    def test_exception_of_the_watcher_ends_the_processes(self, archive: Archive, settings: Settings) -> None:
        def refuse() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Processes(settings).reduce(archive.good[:2], Recorder(refuse))
        assert not multiprocessing.active_children()


@pytest.mark.parametrize(("name", "kind"), [("inline", Inline), ("local", Processes)])
def test_the_settings_choose(settings: Settings, name: str, kind: type) -> None:
    campaign = {**settings.campaign.model_dump(), "executor": name}
    assert type(open_executor(load_settings(None, {"campaign": campaign}))) is kind
