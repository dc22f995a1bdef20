"""Diagrams of colours in a browser: a point tells its observation, a click opens it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from services.merge.config import MergeConfig
from services.merge.stage import merge_files
from tests.services.merge.test_colours import FILES, OBSIDS


def test_a_point_tells_its_observation(browser: Browser, tmp_path: Path) -> None:
    config = MergeConfig(title="SIM", colours=(("9-20keV", "5-8keV"),))
    (made,) = merge_files(config, FILES).files["report"]
    path = tmp_path / "report.html"
    path.write_bytes(made.data)
    page, problems = browser.new_page(), list[str]()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(path.as_uri())
    plot, said = page.locator("#colours svg"), page.locator("#colours [role=status]")
    expect(said).to_have_text("Point at an observation for its date; a click opens it.")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    dots = plot.locator(".dots").bounding_box()
    assert dots is not None
    place = dots["x"] + 3, dots["y"] + dots["height"] / 2  # the left one of two points: 0.2
    page.mouse.move(*place)
    expect(said).to_contain_text(f"{OBSIDS[0]}, 1998-02-13: 0.20")
    page.mouse.click(*place)
    expect(page.locator("dialog[open]")).to_contain_text(OBSIDS[0])
    assert problems == []
    page.close()
