"""Somebody is told of runs that end badly, and a dashboard has numbers: a real server, receivers on this machine."""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows.core.metrics import StoreNumbers
from flows.core.runs import last_good_run, record_run
from flows.prefect.notify import check_address
from rossi.errors import ConfigError
from services.query.config import QueryConfig
from services.query.stage import run_query
from services.storage import open_archive, open_store
from tests.browser import chromium
from tests.flows.machine import Up, machine
from tests.flows.support import ROOT, Archive, wait_until


@contextmanager
def webhook() -> Iterator[tuple[str, list[str]]]:
    """Receive what is posted; gives the address, with a token in it, and the texts."""
    texts: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/token-of-the-tests"
            texts.append(body["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token-of-the-tests", texts
    server.shutdown()
    server.server_close()


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


@pytest.fixture(scope="module")
def hook() -> Iterator[tuple[str, list[str]]]:
    """A receiver."""
    with webhook() as received:
        yield received


@pytest.fixture(scope="module")
def up(
    archive: Archive, hook: tuple[str, list[str]], prefect_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Up]:
    """A machine that tells the receiver."""
    options = ("--cron", "", "--notify", hook[0])
    with machine(archive, tmp_path_factory.mktemp("notify"), *options, database=prefect_database) as started:
        yield started


def numbers(up: Up) -> dict[str, float]:
    """What a dashboard reads."""
    with urllib.request.urlopen(f"http://127.0.0.1:{up.ports[1]}/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = answer.read().decode()
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_run_that_fails_is_told_with_its_line(up: Up, hook: tuple[str, list[str]]) -> None:
    run = up.api.ended(up.api.run("campaign", obsids=["20999-09-09-00"], prefix="failed"))
    assert run["state_type"] == "FAILED"
    wait_until(lambda: hook[1])
    (text,) = hook[1]
    first, rest = text.split("\n", 1)
    assert first == f"{run['name']}: Failed"
    assert run["state"]["message"] in rest
    assert f"/runs/flow-run/{run['id']}" in rest


def test_no_block_asks_another_host_for_its_logo(up: Up) -> None:
    """The pages have a catalogue of blocks; every logo there would be from elsewhere."""
    known = {block["slug"]: block["logo_url"] for block in up.api("/block_types/filter", {})}
    assert known["rossi-webhook"] is None
    assert set(known.values()) == {None}
    with chromium() as browser:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{up.api.url.removesuffix('/api')}/sign-in#{up.auth}")
        page.wait_for_url(re.compile("/dashboard"), timeout=90_000)
        for place, shows in (
            ("blocks", "rossi"),
            ("blocks/catalog", "Webhook (rossi)"),
            ("automations", "rossi: a run"),
        ):
            page.goto(f"{up.api.url.removesuffix('/api')}/{place}")
            page.get_by_text(shows).first.wait_for(timeout=90_000)
    assert [url for url in asked if urlsplit(url).hostname not in ("127.0.0.1", None)] == []


def test_a_run_that_crashes_or_misses_observations_is_told(up: Up, hook: tuple[str, list[str]]) -> None:
    """The states are set as Prefect and the flow set them."""
    path = f"/deployments/{up.api.deployments()['retry_failed']['id']}/create_flow_run"
    later = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2100-01-01T00:00:00Z"}}}
    for kind, name, message in (
        ("CRASHED", "Crashed", 'It\'s gone, "all" of it'),
        ("COMPLETED", "Vanished", "2 <left>"),
    ):
        run = up.api(path, later)["id"]
        state = {"type": kind, "name": name, "message": message}
        up.api(f"/flow_runs/{run}/set_state", {"state": state, "force": True})
        wait_until(lambda: any(f": {name}\n{message}\n" in text for text in hook[1]))  # noqa: B023
    good = up.api(path, later)["id"]
    up.api(f"/flow_runs/{good}/set_state", {"state": {"type": "COMPLETED", "name": "Completed"}, "force": True})
    time.sleep(5)
    assert not any("Completed" in text for text in hook[1])


def test_numbers_for_a_dashboard(up: Up, archive: Archive) -> None:
    up.api.ended(up.api.run("campaign", obsids=[*archive.good, *archive.damaged]))
    found = numbers(up)
    assert found["rossi_observations done"] == len(archive.good)
    assert found["rossi_observations failed"] == len(archive.damaged) + 1  # and the one that the archive has not
    assert found["rossi_observations waiting"] == 0
    assert 0 < found["rossi_observation_seconds"] < 60
    assert 0 <= found["rossi_last_good_run_age_seconds"] < 240


@pytest.mark.long
def test_mail_of_a_run_that_does_not_begin(up: Up, hook: tuple[str, list[str]]) -> None:
    """The last test here: it stops what serves the flows. A run is late after ten seconds instead of ten minutes."""
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
