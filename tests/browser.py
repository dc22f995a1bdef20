"""Chromium, driven by tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Where screenshots are kept, to be looked at.
SCREENSHOTS = Path(os.environ.get("ROSSI_SCREENSHOTS", Path(__file__).resolve().parents[1] / "out" / "screenshots"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium: the one that ROSSI_CHROMIUM names, the system's, or Playwright's own."""
    named = os.environ.get("ROSSI_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    with sync_playwright() as playwright:
        path = named or playwright.chromium.executable_path
        assert Path(path).exists(), (
            "Chromium is not installed: run make browser, or apt-get install chromium, or name one in ROSSI_CHROMIUM."
        )
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def screenshot(page: Page, name: str) -> Path:
    """Keep what a page looks like now."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path)
    return path
