"""A shard in a process of its own: whatever happens to the process, no observation is lost."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from flows.core.plan import make_shard
from flows.core.processes import Interrupted, run_in_process, stop_all
from flows.core.settings import load_settings
from rossi.errors import ConfigError
from services.contract import FailureKind, ObservationResult, Outcome
from services.execution.request import Shard
from tests.flows.support import SLEWING, Archive


def shard_of(archive: Archive, store: Path) -> Shard:
    places = {"archive": str(archive.root), "store": str(store)}
    return make_shard(load_settings(None, places | archive.overrides), archive.asked)


def test_every_result_is_told_in_order(archive: Archive, tmp_path: Path) -> None:
    told: list[ObservationResult] = []
    results = run_in_process(shard_of(archive, tmp_path / "store"), told.append)
    assert told == results
    assert [result.obsid for result in results] == list(archive.asked)
    outcomes = {result.obsid: result.outcome for result in results}
    assert {obsid for obsid in outcomes if outcomes[obsid] is Outcome.SUCCEEDED} == set(archive.good)
    assert outcomes[SLEWING] is Outcome.NO_WORK


def test_observation_that_kills_its_process_is_the_only_one_lost(archive: Archive, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_once(_: ObservationResult) -> None:
        if not killed:
            (worker,) = multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)

    results = run_in_process(shard_of(archive, tmp_path / "store"), kill_once)
    assert [result.obsid for result in results] == list(archive.asked)
    lost = [result for result in results if result.last.kind is FailureKind.RETRYABLE]
    assert len(lost) == 1
    assert "SIGKILL" in lost[0].last.message


def test_stopped_shard_does_not_go_on(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run_in_process(shard_of(archive, tmp_path / "store"), lambda _: stop_all())
    assert not multiprocessing.active_children()


def test_unusable_store_stops_the_shard(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file"):
        run_in_process(shard_of(archive, tmp_path / "file" / "store"), lambda _: None)


def test_exception_of_the_listener_ends_the_process(archive: Archive, tmp_path: Path) -> None:
    def refuse(_: ObservationResult) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_process(shard_of(archive, tmp_path / "store"), refuse)
    assert not multiprocessing.active_children()
