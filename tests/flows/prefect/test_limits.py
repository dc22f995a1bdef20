"""One campaign at a time for a store: whoever held the place and is dead does not hold it for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from flows.core.settings import load_settings
from flows.prefect import OWN_SERVER, limits
from flows.prefect.limits import Taken, limit_name, one_at_a_time
from tests.flows.api import Api
from tests.flows.support import Rossi, no_strays, wait_until
from tests.servers.process import free_port


def test_every_place_has_a_limit_of_its_own() -> None:
    places = [
        {"store": "a"},
        {"store": "a", "prefix": "b"},
        {"store": "a/b"},
        {"store": "s3://a"},
        {"store": "s3://a/"},
    ]
    names = [limit_name(load_settings(None, place)) for place in places]
    assert len(set(names)) == len(names)
    assert limit_name(load_settings(None, {"store": "a", "prefix": "b/"})) == names[1]


def test_a_server_of_ones_own_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OWN_SERVER, "1")
    with one_at_a_time(load_settings(None, {"store": "a"}), lambda: None):
        pass


@dataclass
class Prefect:
    """What a run that waits hears of a server."""

    holders: list[Any] = field(default_factory=list)
    given_free: int = 0

    def upsert_global_concurrency_limit_by_name(self, name: str, limit: int) -> None:
        """There is one already, or not."""

    def read_flow_runs(self, **_: object) -> list[Any]:
        """Who has the tag."""
        return self.holders

    def update_global_concurrency_limit(self, name: str, change: Any) -> None:
        """Somebody takes the place away."""
        assert change.active_slots == 0
        self.given_free += 1


def run(*, final: bool = False, scheduled: bool = False) -> Any:
    """A flow run as Prefect has it."""
    state = SimpleNamespace(is_final=lambda: final)
    return SimpleNamespace(id=uuid4(), name="one", state=state, updated=0, auto_scheduled=scheduled)


@dataclass
class Waiting:
    """A run that waits, and the time."""

    monkeypatch: pytest.MonkeyPatch
    prefect: Prefect = field(default_factory=Prefect)
    now: float = 0.0

    def queue(self, *, scheduled: bool = False) -> Any:
        """Begin to wait."""
        self.monkeypatch.setattr(limits.time, "monotonic", lambda: self.now)
        self.monkeypatch.setattr(limits, "get_run_logger", lambda: SimpleNamespace(info=print, warning=print))
        context = SimpleNamespace(flow_run=run(scheduled=scheduled))
        self.monkeypatch.setattr(limits.FlowRunContext, "get", lambda: context)
        return limits._Queue(self.prefect, "store-a")  # type: ignore[arg-type]


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """A run that will wait."""
    return Waiting(monkeypatch)


def test_holder_that_lives_is_waited_for(waiting: Waiting, capsys: pytest.CaptureFixture[str]) -> None:
    waiting.prefect.holders = [run()]
    queue = waiting.queue()
    for waiting.now in range(0, 3600, 5):
        waiting.prefect.holders[0].updated = waiting.now // 30
        queue.look()
    assert waiting.prefect.given_free == 0
    assert capsys.readouterr().out.count("waits its turn") == 1


@pytest.mark.parametrize("holders", [[], [run(final=True)], [run()]], ids=["nobody", "ended", "dead"])
def test_holder_that_does_not_live_loses_the_place(waiting: Waiting, holders: list[Any]) -> None:
    waiting.prefect.holders = holders
    queue = waiting.queue()
    for waiting.now in range(0, 240, 5):
        queue.look()
        assert bool(waiting.prefect.given_free) == (waiting.now > limits.SILENCE)


def test_scheduled_run_does_not_queue_behind_one_that_lives(waiting: Waiting) -> None:
    waiting.prefect.holders = [run()]
    queue = waiting.queue(scheduled=True)
    queue.look()
    queue.look()
    waiting.prefect.holders[0].updated = 30
    with pytest.raises(Taken, match="one works on this store"):
        queue.look()


@dataclass
class Server:
    """A Prefect server of somebody else's, as Prefect has it by default: leases are in memory."""

    home: Path
    port: int
    mark: str

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "ROSSI_TEST_MARK": self.mark}
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            command,
            env={**environment, **quiet, "PREFECT_HOME": str(self.home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(self._answers, 240)

    def kill(self) -> None:
        """Take it away without a warning."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answers(self) -> bool:
        from flows.desktop.server import answers

        return answers(f"http://127.0.0.1:{self.port}/api")


@contextmanager
def somebodys_server(home: Path) -> Iterator[Server]:
    """Have a server."""
    with no_strays() as mark:
        server = Server(home, free_port(), mark)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@pytest.mark.long
@pytest.mark.parametrize("restarted", [False, True], ids=["killed", "killed and the server restarted"])
def test_place_of_a_killed_campaign_is_free_in_minutes(
    rossi: Rossi, many: Path, tmp_path: Path, restarted: bool
) -> None:
    with somebodys_server(tmp_path / "prefect") as server:
        api = Api(f"http://127.0.0.1:{server.port}/api")
        command = ("campaign", "--archive", many, "--store", "store", "--workers", 1)
        one = replace(rossi, server=api.url).start(*command, mark=server.mark)
        wait_until(lambda: list((rossi.folder / "store").glob("*/pca_extract/*/manifest.json")))
        if restarted:
            server.kill()
            server.start()
        one.kill()
        one.communicate()
        begin = time.monotonic()
        again = replace(rossi, server=api.url)(*command, mark=server.mark)
        assert again.returncode == 0, again.stderr
        assert time.monotonic() - begin < 60 + limits.SILENCE + 120  # what was promised, and the work
        newest = api("/flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})[0]["id"]
        assert "works on this store; this one waits its turn" in api.log(newest)
