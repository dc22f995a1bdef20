"""The front page of a small archive in a window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.services.merge.front.archive import make_archive
from tests.services.merge.report.window import Opened


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def window(browser: Browser, index: Path) -> Iterator[Opened]:
    opened = Opened(browser, index, height=900)
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
