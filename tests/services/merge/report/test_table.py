"""The report's table of observations."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from services.merge.config import MergeConfig
from services.merge.stage import merge
from tests.browser import screenshot
from tests.services.merge.report.store import FAILED, GOOD, NO_WORK, RATES
from tests.services.merge.report.window import BANDS, rows, wait_until_drawn


def test_every_column_sorts(page: Page) -> None:
    heads = page.locator("#rows thead th")
    assert heads.count() == 5 + len(BANDS)
    for column in range(heads.count()):
        heads.nth(column).locator("button").click()
        assert heads.nth(column).get_attribute("aria-sort") == "ascending"
        assert page.locator("#rows th[aria-sort]").count() == 1
    heads.nth(4).locator("button").click()
    order = [GOOD[n] for n in sorted(range(len(GOOD)), key=lambda n: RATES[n])]
    assert rows(page)[: len(GOOD)] == order
    heads.nth(4).locator("button").press("Enter")
    assert rows(page)[: len(GOOD)] == order[::-1]
    assert set(rows(page)[len(GOOD) :]) == {NO_WORK, FAILED}


def test_filters(page: Page) -> None:
    page.get_by_label("find observations").fill("40703 sim")
    assert rows(page) == list(GOOD[4:8])
    expect(page.locator("#found")).to_have_text("4 of 14")
    page.get_by_label("find observations").fill("")
    page.get_by_label("outcome", exact=True).select_option("failed")
    assert rows(page) == [FAILED]
    page.get_by_label("outcome", exact=True).select_option("")
    page.get_by_label("instrument", exact=True).select_option("HEXTE")
    assert rows(page) == list(GOOD)
    page.locator("#list").scroll_into_view_if_needed()
    expect(page.locator("td.small svg").first).to_be_visible()
    screenshot(page, "report-table")


def test_without_javascript_everything_is_listed(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("#rows tbody tr").count() == len(GOOD) + 2
    expect(page.locator("noscript p")).to_be_visible()
    context.close()


def test_a_long_table_grows_as_it_is_read(browser: Browser, tmp_path: Path) -> None:
    obsids = [f"{10000 + n}-01-01-00" for n in range(250)]
    outputs = merge(MergeConfig(), obsids, [], {})
    page_file = tmp_path / "report.html"
    page_file.write_bytes(outputs.files["report"][0].data)
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(page_file.as_uri())
    wait_until_drawn(page, ("ready",))
    assert page.locator("#rows tbody tr").count() == 100
    page.locator("#more").scroll_into_view_if_needed()
    expect(page.locator("#rows tbody tr")).not_to_have_count(100)
    page.get_by_label("find observations").fill("10249")
    assert rows(page) == obsids[-1:]
    page.get_by_label("find observations").fill("")
    head = page.locator("#rows thead button").first
    head.click()
    head.click()
    assert rows(page)[0] == obsids[-1]
    context.close()
