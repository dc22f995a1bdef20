"""Runs whose flow process goes away are taken up again: killed, asked to end, and on a cluster with their Job."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from flows.recovery import Rescuer
from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.controller import Controller
from tests.flows.machine import Up, machine
from tests.flows.support import MANY, Archive, marked, wait_until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A cluster's stand-in."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "pods").mkdir()
    api = ApiServer()
    api.start()
    api.kubeconfig(folder / "kubeconfig")
    controller = Controller(api, folder / "pods")
    yield controller
    controller.close()
    api.stop()


@pytest.fixture(scope="module")
def up(archive: Archive, cluster: Controller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A machine on which everything was started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(cluster.folder.parent / "kubeconfig"))
        with machine(archive, tmp_path_factory.mktemp("recovery"), "--cron", "") as started:
            yield started


def states(up: Up, run: str) -> list[str]:
    """Names of the states that a run has had."""
    return [state["name"] for state in up.api(f"/flow_run_states/?flow_run_id={run}")]


def flow_processes(up: Up) -> list[int]:
    """The processes of flow runs, and of what they started."""
    others = {up.pid("prefect-server"), up.pid("flows")}
    return [pid for pid in (int(Path(folder).name) for folder in marked(up.mark)) if pid not in others]


def test_asked_to_end_and_started_again(up: Up, many: Path) -> None:
    """As `kubectl rollout restart deployment/rossi-flow` does."""
    run = up.api.run("campaign", archive=str(many), prefix="graceful")
    wait_until(lambda: up.done("graceful"))
    os.kill(up.pid("flows"), signal.SIGTERM)
    wait_until(lambda: up.api.state(run)["state_type"] == "SCHEDULED", patience=30)
    wait_until(lambda: not _alive(up.pid("flows")))
    before = up.done("graceful")
    assert 0 < before < MANY
    up.start()
    ended = up.api.ended(run)
    assert ended["state_type"] == "COMPLETED", ended
    assert ended["state"]["message"].startswith(f"{MANY} observations: {MANY} done, 0 no work, 0 failed; ")
    assert not {"Cancelled", "Crashed"} & set(states(up, run))
    assert ended["run_count"] == 2
    assert list(up.store.glob("graceful/products/*")) or list(up.store.glob("graceful/**/report.html"))


def test_killed_and_started_again_with_its_job(up: Up, archive: Archive, cluster: Controller) -> None:
    """All processes of the flows are gone without a word, and the Job goes on; its results are merged all the same."""
    slow = archive.good[-1]
    cluster.environment["ROSSI_TEST_SLOW"] = slow
    run = up.api.run("campaign", obsids=archive.good, prefix="killed", executor="kubernetes")
    wait_until(lambda: len(cluster.running()) == 1 and up.done("killed") == len(archive.good) - 1, patience=240)
    (job,) = cluster.api.objects.all("jobs")
    flows = up.pid("flows")
    for pid in [flows, *flow_processes(up)]:
        if pid != up.pid("prefect-server"):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not _alive(flows))
    assert up.api.state(run)["state_type"] == "RUNNING"
    cluster.environment.clear()
    cluster.running()[0].process.kill()  # the slow pod's index is tried again, and soon done
    up.start()
    ended = up.api.ended(run, patience=400)
    assert ended["state_type"] == "COMPLETED", ended
    assert ended["state"]["message"].startswith(f"{len(archive.good)} observations: {len(archive.good)} done")
    assert ended["run_count"] == 2
    assert [one["metadata"]["uid"] for one in cluster.api.objects.all("jobs")] == [job["metadata"]["uid"]]
    assert "is there already; going on with it" in up.api.log(run)
    assert "No sign of life for 3 minutes: taken up again." in [
        state["message"] for state in up.api(f"/flow_run_states/?flow_run_id={run}")
    ]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Server:
    """What a rescuer sees of a server."""

    def __init__(self, *runs: Any) -> None:
        self.runs = list(runs)
        self.set: list[tuple[UUID, str]] = []

    def read_flow_runs(self, **_: object) -> list[Any]:
        return self.runs

    def set_flow_run_state(self, run: UUID, state: Any, force: bool) -> None:
        assert force
        self.set.append((run, state.name))


def a_run(kind: str, count: int = 1) -> Any:
    state = SimpleNamespace(id=uuid4(), is_cancelling=lambda: kind == "CANCELLING")
    return SimpleNamespace(id=uuid4(), name="r", updated=0, state=state, run_count=count)


@pytest.mark.parametrize(
    ("kind", "count", "then"), [("RUNNING", 1, "Scheduled"), ("CANCELLING", 1, "Cancelled"), ("RUNNING", 11, "Crashed")]
)
def test_what_becomes_of_silent_runs(kind: str, count: int, then: str) -> None:
    silent, lively = a_run(kind, count), a_run("RUNNING")
    server, cancelled = Server(silent, lively), []
    rescuer = Rescuer([uuid4()], cancelled.append, silence=0.2)
    for _ in range(4):
        rescuer.look(server)  # type: ignore[arg-type]
        lively.updated += 1
        time.sleep(0.09)
    assert {run for run, _ in server.set} == {silent.id}
    assert {name for _, name in server.set} == {then}
    assert bool(cancelled) == (kind == "CANCELLING")
