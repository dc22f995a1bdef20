"""The report by keyboard, with little contrast, by what is read aloud, and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from services.merge.observations import utc_date
from tests.browser import CONTRAST, NAMELESS, screenshot
from tests.services.merge.report.store import GOOD, NOTED, start_of
from tests.services.merge.report.window import BANDS, Opened, look


def test_by_keyboard_alone(page: Page) -> None:
    plot = page.locator("#plot")
    whole = look(page)
    for _ in range(40):
        page.keyboard.press("Tab")
        if plot.evaluate("canvas => canvas === document.activeElement"):
            break
    assert plot.evaluate("canvas => getComputedStyle(canvas).outlineStyle") == "solid"
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    assert look(page) != whole
    page.keyboard.press("0")
    assert look(page) == whole
    page.keyboard.press("n")
    page.keyboard.press("n")
    expect(page.locator("#said")).to_contain_text(f"{GOOD[1]}, {utc_date(start_of(1))} UTC: {BANDS[0]}")
    page.keyboard.press("Enter")
    expect(page.locator("#who")).to_have_text(GOOD[1])
    expect(page.locator("#who")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#who")).to_have_text(GOOD[2])
    page.keyboard.press("Escape")
    expect(plot).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser: Browser, report: Path, scheme: str) -> None:
    window = Opened(browser, report, color_scheme=scheme)
    assert window.page.evaluate(CONTRAST) == []
    screenshot(window.page, f"report-{scheme}")
    window.page.get_by_role("button", name=NOTED).click()
    expect(window.page.locator("#told svg").first).to_be_visible()
    assert window.page.evaluate(CONTRAST) == []
    window.close()


def test_everything_has_a_name(page: Page) -> None:
    assert page.evaluate(NAMELESS) == []
    words = page.locator("#words li").all_text_contents()
    assert len(words) == len(BANDS)
    assert words[0].startswith(f"{BANDS[0]}: 1,344 bins of 12 observations from 1996-03-21 to 2005-")


def test_on_a_phone(browser: Browser, report: Path) -> None:
    window = Opened(browser, report, 390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    page = window.page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    screenshot(page, "report-phone")
    page.locator("#plot").scroll_into_view_if_needed()
    before = look(page)
    page.get_by_role("button", name="zoom in").tap()
    assert look(page) != before
    page.get_by_role("button", name="whole mission").tap()
    page.get_by_role("button", name=GOOD[3]).tap()
    expect(page.locator("#who")).to_have_text(GOOD[3])
    expect(page.locator("#told svg").first).to_be_visible()
    assert page.locator("#panel").evaluate("panel => panel.scrollWidth") <= 390
    screenshot(page, "report-phone-panel")
    page.get_by_role("button", name="close").tap()
    page.locator("#list").evaluate("list => list.scrollIntoView()")
    expect(page.locator("#rows thead th").last).not_to_be_in_viewport()
    page.locator("#rows thead th").last.scroll_into_view_if_needed()
    expect(page.get_by_role("button", name=GOOD[0])).to_be_in_viewport()
    page.locator(".scroll").first.evaluate("region => { region.scrollLeft = 0; }")
    screenshot(page, "report-phone-table")
    window.close()
