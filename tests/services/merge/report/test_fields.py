"""The sky around a source, with HEXTE's background fields, in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser import screenshot
from tests.services.merge.report.store import BESIDE, FAR, GOOD
from tests.services.merge.report.window import Opened


def test_the_map_and_its_table(page: Page) -> None:
    drawing = page.locator("#map svg")
    expect(drawing).to_have_attribute("aria-label", re.compile(f"2 other sources, in background fields {BESIDE.name};"))
    assert drawing.locator(".field").count() == 4  # all observations were turned alike
    assert drawing.locator(".source").count() == 2
    assert BESIDE.name in drawing.locator(".name.inside").all_text_contents()
    rows = page.locator(".plain tbody tr")
    # 1.56 deg from the boresight, which is 0.04 deg north of X; A+ is 1.5 deg north of that.
    assert rows.nth(0).inner_text().split() == ["4U", "<near>", "1.56°", "12×", "0.12°", "—", "—", "—"]
    assert rows.nth(1).inner_text().split()[:3] == ["GX", "2+2", "3.00°"]
    assert FAR.name not in page.locator("#files ~ .note").first.inner_text()
    expect(page.locator(".note", has_text="lies in the background fields A+ of 12 of 12")).to_have_count(1)
    page.locator("#fields").scroll_into_view_if_needed()
    screenshot(page, "report-fields")


def test_an_observation_of_the_table_opens_by_keyboard(page: Page) -> None:
    page.locator(".plain tbody button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#who")).to_have_text(GOOD[0])
    own = page.locator("#told section", has_text="Background fields of HEXTE")
    assert own.locator("tbody tr").first.inner_text().split("\t")[:2] == ["A+", f"{BESIDE.name} (0.12°)"]
    expect(own.locator("svg")).to_have_attribute("aria-label", re.compile(re.escape(BESIDE.name)))
    assert own.locator("svg .name").all_text_contents() == ["A+", "A−", "B+", "B−", BESIDE.name, FAR.name]


def test_on_a_phone_nothing_is_wider_than_it(browser: Browser, opened: Opened) -> None:
    opened.page.set_viewport_size({"width": 390, "height": 844})
    expect(opened.page.locator("#map svg")).to_have_attribute("width", re.compile(r"3\d\d"))
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
