"""Runs whose flow process goes away are taken up again: killed, asked to end, and on a cluster with their Job."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import State

from flows.prefect import recovery
from flows.prefect.recovery import Rescuer, hand_over
from flows.prefect.signs_of_life import VARIABLE, _silence, duration
from rossi.errors import ConfigError
from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.controller import Controller
from tests.flows.machine import Up
from tests.flows.support import Archive, marked, wait_until

#: Seconds after which a run counts as dead here: a small part of what it is else.
SILENCE = 4
#: Observations that are not done before somebody who waits for the first one has done something.
SOME = 16


@pytest.fixture(scope="module")
def cluster(up: Up, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A cluster's stand-in."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "pods").mkdir()
    api = ApiServer()
    api.start()
    api.kubeconfig(Path(up.rossi.environment["KUBECONFIG"]))
    controller = Controller(api, folder / "pods")
    yield controller
    controller.close()
    api.stop()


def states(up: Up, run: str) -> list[str]:
    """Names of the states that a run has had."""
    return [state["name"] for state in up.api(f"/flow_run_states/?flow_run_id={run}")]


def flow_processes(up: Up) -> list[int]:
    """The processes of flow runs, and of what they started."""
    others = {up.pid("prefect-server"), up.pid("flows")}
    return [pid for pid in (int(Path(folder).name) for folder in marked(up.mark)) if pid not in others]


@pytest.mark.long
def test_asked_to_end_and_started_again(up: Up, many: Path) -> None:
    """As `kubectl rollout restart deployment/rossi-flow` does."""
    obsids = sorted(path.name for path in many.glob("*/*/*"))[:SOME]
    run = up.api.run("campaign", archive=str(many), obsids=obsids, prefix="graceful")
    wait_until(lambda: up.done("graceful"))
    os.kill(up.pid("flows"), signal.SIGTERM)
    wait_until(lambda: up.api.state(run)["state_type"] == "SCHEDULED", patience=30)
    wait_until(lambda: not _alive(up.pid("flows")))
    before = up.done("graceful")
    assert 0 < before < SOME
    up.start()
    ended = up.api.ended(run)
    assert ended["state_type"] == "COMPLETED", ended
    assert ended["state"]["message"].startswith(f"{SOME} observations: {SOME} done, 0 no work, 0 failed; ")
    assert not {"Cancelled", "Crashed"} & set(states(up, run))
    assert ended["run_count"] == 2
    assert list(up.store.glob("graceful/products/*")) or list(up.store.glob("graceful/**/report.html"))


def test_killed_and_started_again_with_its_job(up: Up, archive: Archive, cluster: Controller) -> None:
    """All processes of the flows are gone without a word, and the Job goes on; its results are merged all the same.

    The last test that looks at this machine: runs are taken up soon from here on.
    """
    obsids = archive.good[-2:]
    slow = obsids[-1]
    cluster.environment["ROSSI_TEST_SLOW"] = slow
    run = up.api.run("campaign", obsids=obsids, prefix="killed", executor="kubernetes")
    wait_until(lambda: len(cluster.running()) == 1 and up.done("killed") == 1)
    (job,) = cluster.api.objects.all("jobs")
    flows = up.pid("flows")
    for pid in [flows, *flow_processes(up)]:
        if pid != up.pid("prefect-server"):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not _alive(flows))
    assert up.api.state(run)["state_type"] == "RUNNING"
    cluster.environment.clear()
    cluster.running()[0].process.kill()  # the slow pod's index is tried again, and soon done
    impatient = replace(up.rossi, environment=up.rossi.environment | {VARIABLE: str(SILENCE)})
    replace(up, rossi=impatient).start()
    ended = up.api.ended(run)
    assert ended["state_type"] == "COMPLETED", ended
    assert ended["state"]["message"].startswith("2 observations: 2 done")
    assert ended["run_count"] == 2
    jobs = [one["metadata"] for one in cluster.api.objects.all("jobs")]
    assert [one["uid"] for one in jobs if "-merge-" not in one["name"]] == [job["metadata"]["uid"]]
    assert "is there already; going on with it" in up.api.log(run)
    assert f"No sign of life for {SILENCE} s: taken up again." in [
        state["message"] for state in up.api(f"/flow_run_states/?flow_run_id={run}")
    ]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Server:
    """What a rescuer sees of a server.

    Parameters
    ----------
    *runs : object
        As `a_run` makes them.
    """

    def __init__(self, *runs: Any) -> None:
        self.runs = {run.id: run for run in runs}
        self.set: list[tuple[UUID, str]] = []

    def read_flow_runs(self, flow_run_filter: Any, limit: int) -> list[Any]:
        kinds, mine = flow_run_filter.state.type.any_, flow_run_filter.deployment_id.any_
        return [run for run in self.runs.values() if run.state.type in kinds and run.deployment_id in mine][:limit]

    def read_flow_run(self, run: UUID) -> Any:
        return self.runs[run]

    def set_flow_run_state(self, run: UUID, state: Any, force: bool) -> None:
        assert force
        self.set.append((run, state.name))
        self.runs[run] = SimpleNamespace(**{**vars(self.runs[run]), "state": state})

    def states(self) -> list[str]:
        """How the runs are."""
        return [run.state.type.name for run in self.runs.values()]


class Stale(Server):
    """A server whose list of runs is that of some time ago."""

    def __init__(self, *runs: Any) -> None:
        super().__init__(*runs)
        self.old = list(runs)

    def read_flow_runs(self, flow_run_filter: Any, limit: int) -> list[Any]:
        return self.old


#: The deployment that is served here.
OURS = uuid4()


def a_run(kind: str, count: int = 1, deployment: UUID = OURS) -> Any:
    state = State(type=kind)
    return SimpleNamespace(id=uuid4(), name="r", updated=0, state=state, run_count=count, deployment_id=deployment)


class Clock:
    """The time that rescuers go by."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(recovery, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("kind", "count", "then"), [("RUNNING", 1, "Scheduled"), ("CANCELLING", 1, "Cancelled"), ("RUNNING", 11, "Crashed")]
)
def test_what_becomes_of_silent_runs(kind: str, count: int, then: str, clock: Clock) -> None:
    silent, lively = a_run(kind, count), a_run("RUNNING")
    server, cancelled = Server(silent, lively), []
    rescuer = Rescuer([OURS], cancelled.append, silence=180)
    for clock.now in range(0, 200, 15):
        assert server.set == []
        rescuer.look(server)  # type: ignore[arg-type]
        lively.updated += 1
    assert server.set == [(silent.id, then)]
    assert bool(cancelled) == (kind == "CANCELLING")


def test_a_silent_run_whose_process_lives_here_is_not_begun_twice(clock: Clock) -> None:
    """It may be slow, or not reach the server; when its process has gone, it is taken up."""
    silent = a_run("RUNNING")
    server, here = Server(silent), {silent.id}
    rescuer = Rescuer([OURS], print, lambda: here, silence=180)
    for clock.now in range(0, 1000, 15):
        rescuer.look(server)  # type: ignore[arg-type]
    assert server.set == []
    here.clear()
    for clock.now in range(1000, 1200, 15):
        rescuer.look(server)  # type: ignore[arg-type]
    assert server.set == [(silent.id, "Scheduled")]


def test_two_rescuers_take_a_run_up_once(clock: Clock) -> None:
    """Both have found it silent, and the second one's list is older than what the first one did."""
    server = Stale(a_run("RUNNING"))
    rescuers = [Rescuer([OURS], print, silence=180) for _ in range(2)]
    for clock.now in (0, 181):
        for rescuer in rescuers:
            rescuer.look(server)  # type: ignore[arg-type]
    assert len(server.set) == 1


@pytest.mark.parametrize("kind", ["COMPLETED", "FAILED", "CRASHED", "CANCELLED", "SCHEDULED", "PAUSED"])
def test_runs_that_are_not_under_way_are_left_alone(kind: str, clock: Clock) -> None:
    server = Server(a_run(kind), a_run("RUNNING", deployment=uuid4()))
    rescuer = Rescuer([OURS], print, silence=180)
    for clock.now in range(0, 1000, 15):
        rescuer.look(server)  # type: ignore[arg-type]
    assert server.set == []


def test_only_what_was_under_way_is_handed_over() -> None:
    """A run that somebody has just cancelled does not begin anew, and none that has just ended."""
    server = Server(*map(a_run, ("RUNNING", "PENDING", "CANCELLING", "CANCELLED", "COMPLETED")))
    assert hand_over(server, list(server.runs)) == 2  # type: ignore[arg-type]
    assert server.states() == ["SCHEDULED", "SCHEDULED", "CANCELLING", "CANCELLED", "COMPLETED"]


def test_seconds_of_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert duration(_silence()) == "3 min"
    for wrong in ("soon", "0", "nan", "inf", ""):
        monkeypatch.setenv(VARIABLE, wrong)
        with pytest.raises(ConfigError, match=f"{VARIABLE} is '{wrong}'; expected are seconds from 1 to 86400"):
            _silence()
