"""Processes in the background: found by their ids, stopped with what they started, and nobody else's."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.desktop.processes import Machine, Running, StartError, python
from flows.desktop.up import DATABASE, S3, UpOptions, _environment, _start_s3, bring_up, check_database, s3_url
from rossi.errors import ConfigError
from services.storage import open_store
from tests.flows.support import wait_until
from tests.servers.process import free_port

SLEEPS = "import time; print('ready', flush=True); time.sleep(600)"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "state")


def test_started_found_and_stopped_with_its_children(machine: Machine, tmp_path: Path) -> None:
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]).wait()"
    one = machine.start("parent", python("-c", child), {}, "somewhere")
    machine.wait(one, lambda: b"ready" in machine.log("parent").read_bytes(), 60)
    assert Machine(machine.folder).running() == [one]
    assert machine.stop() == [one]
    assert not one.alive
    assert machine.running() == []
    assert machine.stop() == []
    with pytest.raises(ProcessLookupError):
        os.killpg(one.pid, 0)


def test_one_that_does_not_listen_is_killed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.desktop.processes.STOP_TIMEOUT", 0.5)
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"
    one = machine.start("deaf", python("-c", deaf), {})
    machine.wait(one, lambda: b"ready" in machine.log("deaf").read_bytes(), 60)
    machine.stop()
    wait_until(lambda: not one.alive)


def test_a_stranger_with_the_same_pid_is_left_alone(machine: Machine) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEPS]) as stranger:
        record = {"name": "old", "pid": stranger.pid, "born": "long ago", "about": ""}
        (machine.folder / "processes.json").write_text(json.dumps([record]))
        assert machine.stop() == []
        assert stranger.poll() is None
        stranger.kill()


def test_one_that_ends_at_once_is_told_with_its_last_words(machine: Machine) -> None:
    one = machine.start("weak", python("-c", "raise SystemExit('no such thing')"), {})
    with pytest.raises(StartError, match=r"weak ended: no such thing \(all of it in .*weak.log\)"):
        machine.wait(one, lambda: False, 60)


def test_the_error_is_told_rather_than_what_is_said_after_it(machine: Machine) -> None:
    code = "print('odd.Error: no database'); print('(see elsewhere)'); raise SystemExit('Exiting.')"
    with pytest.raises(StartError, match=r"weak ended: odd\.Error: no database \("):
        machine.wait(machine.start("weak", python("-c", code), {}), lambda: False, 60)


def test_nobody_is_never_alive() -> None:
    assert not Running("ghost", 2**22 + 1, "").alive


def test_taken_port(machine: Machine) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "start", lambda *_: pytest.fail("started all the same"))
        import socket

        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="--port"):
            bring_up(machine, UpOptions(port=taken.getsockname()[1]))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ""),
        ("postgresql://prefect@127.0.0.1:5432/prefect", "postgresql+asyncpg://prefect@127.0.0.1:5432/prefect"),
        ("postgres://localhost/p", "postgresql+asyncpg://localhost/p"),
    ],
)
def test_database(url: str, expected: str, machine: Machine) -> None:
    assert check_database(url) == expected
    assert _environment(machine, UpOptions(database=url)).get(DATABASE, "") == expected


def test_database_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError, match="pgpass") as error:
        check_database("postgresql://prefect:s3cret@localhost/prefect")
    assert "s3cret" not in str(error.value)
    with pytest.raises(ConfigError, match="mysql"):
        check_database("mysql://localhost/prefect")


def test_s3_server_keeps_data_and_asks_for_credentials(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    port = free_port()
    _start_s3(machine, tmp_path / "data", port)
    try:
        file = machine.folder / "s3-credentials"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        secret = file.read_text().partition("secret_access_key = ")[2].strip()
        (server,) = machine.running()
        assert server.name == S3
        assert secret not in Path(f"/proc/{server.pid}/cmdline").read_text()
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        assert open_store(s3_url(port)).put("a/b", b"kept")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
        with pytest.raises(ConfigError, match="refused"):
            open_store(s3_url(port)).get("a/b")
    finally:
        machine.stop()
    assert (tmp_path / "data" / "rossi" / "a" / "b").read_bytes() == b"kept"
