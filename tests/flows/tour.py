"""Prefect's pages as an operator uses them, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import chromium

#: Milliseconds that a page of a busy server has.
PATIENCE = 90_000
#: Changes the address; what leads through the pages listens to it.
_GO = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate', {state: null})); }"


class Tour:
    """Goes through the pages, leaves pictures, and notes what is fetched from elsewhere.

    Parameters
    ----------
    page : Page
    address : str
        Of Prefect's pages.
    pictures : Path or None
        Folder, if there are to be any.
    """

    def __init__(self, page: Page, address: str, pictures: Path | None) -> None:
        self._page, self._address, self._pictures, self._number = page, address, pictures, 0
        self.outside: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self._note(request.url))

    def sign_in(self, auth: str) -> None:
        """Open the address that signs in."""
        self._page.goto(f"{self._address}/sign-in#{auth}")
        self._page.wait_for_url(re.compile("/dashboard"))

    def fill_in_and_submit(self, deployment: str, *, prefix: str, obsids: Sequence[str]) -> None:
        """Run a deployment from its form."""
        page = self._page
        self._open(f"/deployments/deployment/{deployment}/run")
        page.get_by_text("PCA light curves: ranges of absolute channels").wait_for()
        for number, obsid in enumerate(obsids, 1):
            page.get_by_role("button", name="Add item").nth(1).click()
            # The list's items are the first texts below the help text; until the new one is there, the archive.
            item = page.get_by_text("Observations, such as").locator(f"xpath=following::textarea[{number}]")
            expect(item).to_have_value("", timeout=PATIENCE)
            item.fill(obsid)
        page.get_by_text("Folder of this run within the store").locator("xpath=following::textarea[1]").fill(prefix)
        self._picture("form")
        with page.expect_response("**/create_flow_run") as answer:
            page.get_by_role("button", name="Submit").click()
        assert answer.value.ok, answer.value.text()
        page.wait_for_url(f"**/deployment/{deployment}?tab=Runs")

    def see_runs(self) -> None:
        """Open the page of all runs, and wait until one of them is listed."""
        self._open("/runs")
        self._page.locator("a[href*='/runs/flow-run/']").first.wait_for()
        self._picture("runs")

    def see(self, path: str, sentence: str) -> None:
        """Open a page, and wait for a sentence."""
        self._open(path)
        self._page.get_by_text(sentence).first.wait_for()
        self._picture(path.strip("/").replace("/", "-"))

    def see_run(self, run: str, *sentences: str) -> None:
        """Open a run's page, and wait until something stands in its log."""
        self._open(f"/runs/flow-run/{run}")
        for sentence in sentences:
            self._page.get_by_text(sentence).first.wait_for()
        self._picture("run")

    def see_artifact(self, artifact: str, name: str, sentence: str = "") -> None:
        """Open an artifact, and wait for a sentence or a picture."""
        self._open(f"/artifacts/artifact/{artifact}")
        if sentence:
            self._page.get_by_text(sentence).first.wait_for()
        else:
            self._page.wait_for_function("[...document.images].some(i => i.complete && i.naturalWidth > 300)")
        self._picture(name)

    def follow(self, name: str) -> str:
        """Click a link of the page that is open; returns the text of the page that it leads to."""
        with self._page.expect_popup() if self._opens_tab(name) else self._page.expect_navigation() as opened:
            self._page.get_by_role("link", name=name).first.click()
        there = opened.value if hasattr(opened.value, "inner_text") else self._page
        there.wait_for_load_state()
        self._picture("report", there)
        return str(there.inner_text("body"))

    def _opens_tab(self, name: str) -> bool:
        return self._page.get_by_role("link", name=name).first.get_attribute("target") == "_blank"

    def _note(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.outside.append(url)

    def _open(self, path: str) -> None:
        """Go to a page as the pages' own links do, which load nothing anew."""
        self._page.evaluate(_GO, path)

    def _picture(self, name: str, page: Page | None = None) -> None:
        if self._pictures is not None:
            self._number += 1
            (page or self._page).screenshot(path=self._pictures / f"{self._number}-{name}.png", full_page=True)


@contextmanager
def tour(address: str, pictures: Path | None) -> Iterator[Tour]:
    """Open a browser."""
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        yield Tour(browser.new_page(viewport={"width": 1400, "height": 1000}), address, pictures)
