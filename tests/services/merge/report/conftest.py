"""One report, and a browser that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page

from tests.once import once
from tests.services.merge.report.store import make_report
from tests.services.merge.report.window import Opened, Quiet
from tests.services.merge.undrawn import undrawn


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with undrawn():
        folder = once(tmp_path_factory, "report", make_report)
    return next((folder / "store/merge").rglob("report.html"))


@pytest.fixture(scope="module")
def served(report: Path) -> Iterator[str]:
    """The store behind a web server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=report.parents[3])) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def window(browser: Browser, report: Path) -> Iterator[Opened]:
    opened = Opened(browser, report)
    yield opened
    opened.close()


@pytest.fixture
def opened(window: Opened) -> Iterator[Opened]:
    window.again()
    yield window
    window.check()


@pytest.fixture
def page(opened: Opened) -> Page:
    return opened.page
