"""The paragraph for a paper, and how it is copied from a page in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.services.merge.report.window import wait_until_drawn


@pytest.mark.parametrize("clipboard", [True, False])
def test_copying(browser: Browser, report: Path, clipboard: bool) -> None:
    context = browser.new_context()
    if clipboard:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:  # a browser that has none for pages in folders
        context.add_init_script("delete Navigator.prototype.clipboard")
    page = context.new_page()
    page.goto(report.as_uri())
    wait_until_drawn(page)
    page.locator("#copy").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#copied")).not_to_be_empty()
    paragraph = page.locator("#methods p").first.inner_text()
    assert paragraph.startswith("We used 12 of 14 observations of SIM X-1 by the Rossi X-ray Timing Explorer")
    if clipboard:
        expect(page.locator("#copied")).to_have_text("copied")
        text = page.evaluate("() => navigator.clipboard.readText()")
        assert text.split("\n\n")[0] == paragraph
        assert text.split("\n\n")[1].startswith("References: Bradt")
    else:
        assert paragraph in page.evaluate("() => String(getSelection())")
    context.close()


def test_the_head(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    head = dict(line.split("\n", 1) for line in page.locator(".about div").all_inner_texts())
    assert head["Target"] == "SIM X-1"
    assert "HEXTE A channels 15–61: 15.0–62.0 keV (1 keV a channel)" in head["Energies"]
    assert head["Calibration"] == "background model: model.mdl"
    page.close()
