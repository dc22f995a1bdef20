"""A report in the window of a browser."""

from __future__ import annotations

from collections.abc import Sequence
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from playwright.sync_api import Browser, Page

BANDS = ("PCA channels 5–10", "PCA channels 11–28", "HEXTE A channels 15–61", "HEXTE B channels 15–61")
#: Looks before a page that draws nothing is given up: a minute and more.
_PATIENCE = 3000


def wait_until_drawn(page: Page, marks: Sequence[str] = ("figure", "ready")) -> None:
    """Wait for figure and table; the page forbids evaluating strings, which Playwright's own wait does."""
    for _ in range(_PATIENCE):
        if page.evaluate("marks => marks.every(name => performance.getEntriesByName(name).length)", list(marks)):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"The page was not drawn: {', '.join(marks)} were expected.")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Opened:
    """A report in a window, with what went wrong and what was asked for.

    A window takes longer to open than a page, so tests look at pages in one by turns (`again`).
    """

    def __init__(
        self,
        browser: Browser,
        report: Path,
        width: int = 1400,
        height: int = 1130,
        marks: Sequence[str] = ("figure", "ready"),
        **more: object,
    ) -> None:
        self.size = {"width": width, "height": height}
        self.context = browser.new_context(viewport=self.size, **more)
        self.page = self.context.new_page()
        self.url, self.marks = report.as_uri(), marks
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda r: self.asked.append(r.url))
        self._open()

    def again(self) -> None:
        """Open the page as if it were the first time."""
        self.page.set_viewport_size(self.size)
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")  # else another place in the same page would do
        self.wrong.clear()
        self.asked.clear()
        self._open()

    def _open(self) -> None:
        self.page.goto(self.url)
        wait_until_drawn(self.page, self.marks)

    def close(self) -> None:
        """Close the window; nothing may have gone wrong."""
        self.context.close()
        self.check()

    def check(self) -> None:
        """Nothing may have gone wrong, and nothing come from elsewhere."""
        assert self.wrong == []
        assert [url for url in self.asked if not url.startswith(("file://", "data:"))] == []


def look(page: Page) -> bytes:
    """Return the figure as it is after it has been drawn again."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.getElementById('plot').toDataURL()").encode()


def rows(page: Page) -> list[str]:
    return page.locator("#rows tbody tr:visible th button").all_inner_texts()


def hover_somewhere(page: Page, top: int = 100) -> str:
    """Move over the figure until there is a bin under the pointer, and return what is told of it."""
    box = page.locator("#plot").bounding_box()
    for x in range(80, int(box["width"]) - 20, 6):
        page.mouse.move(box["x"] + x, box["y"] + top)
        if page.locator("#tip").is_visible():
            return page.locator("#tip").inner_text()
    raise AssertionError("There is no bin anywhere.")
