"""The report by keyboard, with little contrast, by what is read aloud, and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from services.merge.observations import utc_date
from tests.browser import screenshot
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


CONTRAST = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => {
    const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = channels(text).map(v => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.disabled) continue;
    const svg = element.namespaceURI.endsWith("svg"), style = getComputedStyle(element);
    const [a, b] = [light(svg ? style.fill : style.color), light(ground(element))].sort((p, q) => q - p);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${element.outerHTML.slice(0, 90)}`);
  }
  const probe = document.createElement("i");
  document.body.append(probe);
  const colour = name => { probe.style.color = `var(${name})`; return light(getComputedStyle(probe).color); };
  for (const name of ["--c0", "--c1", "--c2", "--c3", "--c4", "--c5", "--link", "--faint"]) {
    for (const under of ["--paper", "--panel", "--shade"]) {
      const [a, b] = [colour(name), colour(under)].sort((p, q) => q - p);
      if ((a + 0.05) / (b + 0.05) < (name.startsWith("--c") ? 3 : 4.5)) poor.push(`${name} on ${under}`);
    }
  }
  probe.remove();
  return poor;
}"""


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
    nameless = """() => [...document.querySelectorAll("button, input, select, a, canvas, img, dialog, svg[role=img]")]
      .filter(e => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.alt || e.textContent.trim()
        || e.labels?.length)).map(e => e.outerHTML)"""
    assert page.evaluate(nameless) == []
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
