"""Somebody is told of runs that end badly, and a dashboard has numbers: a real server, receivers on this machine."""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.core.metrics import StoreNumbers
from flows.core.runs import last_good_run, record_run
from flows.prefect.notify import check_address
from rossi.errors import ConfigError
from services.query.config import QueryConfig
from services.query.stage import run_query
from services.storage import open_archive, open_store
from tests.flows.machine import Up
from tests.flows.support import ROOT, wait_until


class Mailbox(socketserver.StreamRequestHandler):
    """Enough of SMTP to take a mail."""

    mails: list[str]

    def handle(self) -> None:
        self._say("220 tests")
        while line := self.rfile.readline().decode().strip():
            if line.upper() == "DATA":
                self._say("354 go on")
                lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
                type(self).mails.append("\n".join(lines))
            self._say("221 bye" if line.upper() == "QUIT" else "250 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mailbox() -> Iterator[tuple[str, list[str]]]:
    """Receive mail; gives the address and the mails."""
    mails: list[str] = []
    handler = type("Box", (Mailbox,), {"mails": mails})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"mailto://127.0.0.1:{server.server_address[1]}?from=rossi@example.org&to=me@example.org", mails
    server.shutdown()
    server.server_close()


def test_a_run_that_fails_is_told_with_its_line(up: Up, hook: tuple[str, list[str]]) -> None:
    """It says what to do, in its log without what is of Prefect's making."""
    run = up.api.ended(up.api.run("campaign", targets=["nobody has heard of it"]))
    assert run["state_type"] == "FAILED"
    message = run["state"]["message"]
    assert "no observation matches" in message
    wait_until(lambda: [text for text in hook[1] if text.startswith(f"{run['name']}: Failed\n")])
    (text,) = [text for text in hook[1] if run["name"] in text]
    assert message in text
    assert f"/runs/flow-run/{run['id']}" in text
    log = up.api.log(run["id"])
    assert "no observation matches" in log.partition("Finished in state")[2]  # of the task
    assert "Traceback" not in log
    assert "NoneType" not in log


def test_no_block_asks_another_host_for_its_logo(up: Up) -> None:
    """The pages have a catalogue of blocks; every logo there would be from elsewhere."""
    known = {block["slug"]: block["logo_url"] for block in up.api("/block_types/filter", {})}
    assert known["rossi-webhook"] is None
    assert set(known.values()) == {None}


def test_a_run_that_crashes_or_misses_observations_is_told(up: Up, hook: tuple[str, list[str]]) -> None:
    """The states are set as Prefect and the flow set them."""
    path = f"/deployments/{up.api.deployments()['retry_failed']['id']}/create_flow_run"
    later = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2100-01-01T00:00:00Z"}}}
    for kind, name, message in (
        ("COMPLETED", "Completed", "all is well"),  # which nobody is told: later ones are
        ("CRASHED", "Crashed", 'It\'s gone, "all" of it'),
        ("COMPLETED", "Vanished", "2 <left>"),
    ):
        run = up.api(path, later)["id"]
        state = {"type": kind, "name": name, "message": message}
        up.api(f"/flow_runs/{run}/set_state", {"state": state, "force": True})
        if name != "Completed":
            wait_until(lambda: any(f": {name}\n{message}\n" in text for text in hook[1]))  # noqa: B023
    assert not any("Completed" in text for text in hook[1])


@pytest.mark.long
def test_mail_of_a_run_that_does_not_begin(up: Up, hook: tuple[str, list[str]]) -> None:
    """It stops what serves the flows. A run is late after ten seconds instead of ten minutes."""
    with mailbox() as (address, mails):
        script = "from datetime import timedelta; from flows.prefect.notify import notify; "
        script += f"notify({address!r}, timedelta(seconds=10))"
        client = {"PREFECT_API_URL": up.api.url, "PREFECT_API_AUTH_STRING": up.auth, "PYTHONPATH": str(ROOT)}
        client["PREFECT_HOME"] = str(up.rossi.folder / "home")
        subprocess.run([sys.executable, "-c", script], env={**os.environ, **client}, check=True, cwd=up.rossi.folder)
        os.kill(up.pid("flows"), 15)
        run = up.api.state(up.api.run("campaign", prefix="late"))
        wait_until(lambda: mails, patience=180)
    (mail,) = mails
    assert "To: me@example.org" in mail
    assert f"Subject: {run['name']}: Late" in mail.replace("\n ", " ")
    assert not any(run["name"] in text for text in hook[1])
    up.start()


def test_addresses() -> None:
    assert check_address("https://hooks.example.org/x") == "https://hooks.example.org/x"
    for wrong in ("example.org/hook", "ftp://example.org", "mailto:me@example.org"):
        with pytest.raises(ConfigError, match="--notify takes the address of a webhook"):
            check_address(wrong)


def test_runs_are_remembered(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    assert last_good_run(store, "a") is None
    assert StoreNumbers(store).numbers().last_good is None
    record_run(store, "a", "It did.", good=True)
    record_run(store, "a", "It did not.", good=False)
    last: Any = last_good_run(store, "a")
    assert last.message == "It did."
    assert b"rossi_last_good_run_age_seconds" in StoreNumbers(store, "a").text()


def test_numbers_where_nothing_was_found(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    store = open_store(str(tmp_path / "store"))
    run_query(QueryConfig(), open_archive(str(tmp_path / "archive")), store)
    assert set(StoreNumbers(store).numbers().observations.values()) == {0}
