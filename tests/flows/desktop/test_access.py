"""Whoever has not the auth string of `rossi up` can do nothing: other origins in a browser, users, commands."""

from __future__ import annotations

import functools
import json
import os
import re
import stat
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from flows.desktop.access import SIGN_IN, auth_string, find_auth
from tests.browser import chromium
from tests.flows.machine import Up

#: What a page at another origin does to have a run made: with what it can guess, and with a stolen string.
_ATTACK = """async ([url, auth, plain]) => {
    const headers = plain ? {} : {"Content-Type": "application/json"};
    const later = {type: "SCHEDULED", state_details: {scheduled_time: "2100-01-01T00:00:00Z"}};
    const body = JSON.stringify({parameters: {}, state: later});
    if (auth) headers.Authorization = `Basic ${btoa(auth)}`;
    try {
        const answer = await fetch(url, {method: "POST", headers, body});
        return [answer.status, await answer.text()];
    } catch (error) { return [0, String(error)]; }
}"""


@contextmanager
def other_origin(folder: Path) -> Iterator[str]:
    """Serve an empty page at another port of this machine."""
    (folder / "index.html").write_text("<title>elsewhere</title>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def attack(page: Page, url: str, auth: str = "", *, plain: bool = False) -> tuple[int, str]:
    """Have the page ask for a run."""
    status, text = page.evaluate(_ATTACK, [url, auth, plain])
    return status, text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests here."""
    with chromium() as started:
        yield started


def test_a_page_at_another_origin_starts_nothing(up: Up, browser: Browser, tmp_path: Path) -> None:
    deployment = up.api.deployments()["retry_failed"]["id"]
    url, mine = (
        f"{up.api.url}/deployments/{deployment}/create_flow_run",
        {"deployments": {"id": {"any_": [deployment]}}},
    )
    before = up.api("/flow_runs/count", mine)
    with other_origin(tmp_path) as elsewhere:
        page = browser.new_page()
        page.goto(elsewhere)
        assert attack(page, url)[0] == 0
        assert attack(page, url, plain=True)[0] == 0  # needs no leave of the server's, but has no answer
        assert attack(page, url, up.auth)[0] == 0  # CORS alone
        assert up.api("/flow_runs/count", mine) == before
        page.goto(f"{up.api.url.removesuffix('/api')}{SIGN_IN}")  # its own pages, without and with what they ask for
        assert attack(page, url)[0] == 401
        assert attack(page, url, up.auth)[0] == 201
    assert up.api("/flow_runs/count", mine) == before + 1


def test_the_browser_asks_once(up: Up, browser: Browser) -> None:
    address = up.api.url.removesuffix("/api")
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(address)
    page.get_by_placeholder("admin:pass").fill(up.auth)
    page.get_by_role("button", name="Login").click()
    page.wait_for_url(re.compile("/dashboard"))
    page.close()
    again = context.new_page()
    again.goto(f"{address}/deployments")
    again.get_by_text("reprocess_archive").first.wait_for(timeout=90_000)
    context.close()


def test_other_users_are_asked(up: Up) -> None:
    path = up.rossi.folder / "state/prefect-auth"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"rossi:[\w-]{32}", up.auth)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        replace(up.api, auth=None)("/deployments/filter", {})
    with urllib.request.urlopen(f"{up.api.url}/health") as answer:  # the only thing that anybody may ask
        assert answer.status == 200
    assert up.auth not in Path("/proc/self/cmdline").read_text()
    for process in json.loads((up.rossi.folder / "state/processes.json").read_text()):
        assert up.auth not in Path(f"/proc/{process['pid']}/cmdline").read_text()


def test_commands_without_it_are_told(up: Up) -> None:
    stranger = replace(up.rossi, server=up.api.url, auth=None)
    for command in (("campaign", "--store", "strange"), ("serve", "--store", "strange", "--cron", "")):
        done = stranger(*command)
        assert done.returncode == 21
        assert "asks for an auth string, and none is known; set PREFECT_API_AUTH_STRING" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (up.rossi.folder / "strange").exists()


def test_commands_find_it_where_rossi_up_keeps_it(up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "rossi").symlink_to(up.rossi.folder / "state", target_is_directory=True)
    for url, found in ((up.api.url, up.auth), ("http://127.0.0.1:1/api", None)):
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("PREFECT_API_AUTH_STRING", raising=False)
            find_auth(url)
            assert os.environ.get("PREFECT_API_AUTH_STRING") == found
            os.environ.pop("PREFECT_API_AUTH_STRING", None)


def test_a_string_of_the_users_own_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    made = auth_string(tmp_path)
    assert auth_string(tmp_path) == made
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "me:mine")
    assert auth_string(tmp_path) == "me:mine"
    assert stat.S_IMODE((tmp_path / "prefect-auth").stat().st_mode) == 0o600
