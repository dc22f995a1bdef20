"""From the front page to a source's page and back, in a store and in a copy."""

from __future__ import annotations

import os.path
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from services.merge.config import SourceName
from services.merge.front_page import SourceEntry, front_page
from services.merge.report import linked_back
from tests.services.merge.report.store import GOOD, make_report
from tests.services.merge.report.window import wait_until_drawn
from tests.services.merge.undrawn import undrawn


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A front page and a source's page, as they lie in a store."""
    source = SourceName(name="SIM X-1", slug="sim-x-1", ra=0.0, dec=0.0)
    with undrawn():
        report = make_report(tmp_path_factory.mktemp("front"), source=source)
    index = report.parents[3] / "sources" / "0f" / "1e" / "index.html"
    index.parent.mkdir(parents=True)
    link = os.path.relpath(report, index.parent)
    index.write_bytes(front_page([SourceEntry(slug="sim-x-1", name="SIM X-1", link=link)], "All"))
    return index, report


def test_there_and_back(browser: Browser, front: tuple[Path, Path]) -> None:
    index, _ = front
    page = browser.new_page()
    page.goto(index.as_uri())
    wait_until_drawn(page, ("ready",))
    page.get_by_role("link", name="SIM X-1").click()
    wait_until_drawn(page)
    up = page.get_by_role("link", name="All sources")
    page.locator("#rows tbody button").first.click()
    assert page.url.endswith(f"#{GOOD[0]}&from=..%2F..%2F..%2Fsources%2F0f%2F1e%2Findex.html")
    page.reload()
    expect(page.locator("#who")).to_have_text(GOOD[0])
    page.keyboard.press("Escape")
    up.click()
    assert page.url == f"{index.as_uri()}#at=sim-x-1"
    page.close()


def test_without_a_front_page_there_is_no_link(
    browser: Browser, front: tuple[Path, Path], subtests: pytest.Subtests
) -> None:
    page = browser.new_page()
    for way in ("", "javascript:alert(1)//index.html", "https://x.org/index.html", "%2F%2Fx.org/index.html"):
        with subtests.test(way=way):
            page.goto("about:blank")
            page.goto(f"{front[1].as_uri()}#from={way}")
            wait_until_drawn(page)
            expect(page.locator("#up")).to_be_hidden()
            assert page.locator("#up").get_attribute("href") is None
    page.close()


def test_a_copy_has_its_link_without_javascript(browser: Browser, front: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "sources" / "sim-x-1" / "report.html"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(linked_back(front[1].read_bytes(), "../../index.html"))
    (tmp_path / "index.html").write_text("<title>front</title>")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(copy.as_uri())
    page.get_by_role("link", name="All sources").click()
    assert page.url == f"{(tmp_path / 'index.html').as_uri()}#at=sim-x-1"
    context.close()
