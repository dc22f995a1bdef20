"""The server of the images ends when it is told to, whatever it is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn

from flows.desktop.prompt_server import PATIENCE, PromptServer
from tests.flows.support import ROOT, wait_until
from tests.servers.process import free_port


@pytest.mark.long
def test_told_to_end_while_it_makes_its_database(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
        "PYTHONPATH": str(ROOT),
        "PREFECT_HOME": str(tmp_path),
        "PREFECT_UI_STATIC_DIRECTORY": str(tmp_path / "pages"),
        "PREFECT_SERVER_API_PORT": str(free_port()),
        "DO_NOT_TRACK": "1",
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "flows.desktop.server_entry"]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    wait_until(lambda: any(tmp_path.glob("*.db")), 120)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert b"startup complete" not in log.read_bytes()


@pytest.fixture
def alarms(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was asked of the alarm clock."""
    asked: list[int] = []
    monkeypatch.setattr(signal, "alarm", asked.append)
    monkeypatch.setattr(os, "_exit", sys.exit)
    return asked


def test_answers_under_way_get_some_seconds(alarms: list[int]) -> None:
    before = signal.getsignal(signal.SIGALRM)
    try:
        server = PromptServer(uvicorn.Config("none"))
        server.started = True
        server.handle_exit(signal.SIGTERM, None)
        assert server.should_exit
        assert alarms == [PATIENCE]
        with pytest.raises(SystemExit, match="143"):
            signal.raise_signal(signal.SIGALRM)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_before_it_serves_it_ends_at_once() -> None:
    code = """
import asyncio, uvicorn
from flows.desktop.prompt_server import PromptServer
async def app(scope, receive, send):
    print(scope["type"], flush=True)
    await asyncio.sleep(99)
PromptServer(uvicorn.Config(app, port=0, lifespan="on")).run()
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "lifespan\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
