"""The front page in a browser: the map of the sky, by mouse, key and finger, and how it is read."""

from __future__ import annotations

import re
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from astropy.wcs import WCS
from playwright.sync_api import Browser, Page, expect

from services.merge.front_page import SourceEntry
from services.merge.front_sources import galactic
from tests.browser import CONTRAST, NAMELESS, screenshot
from tests.services.merge.front.archive import SCRIPT, SOURCES, page_of
from tests.services.merge.report.window import Opened, Quiet, look, wait_until_drawn


def place(page: Page, source: SourceEntry) -> tuple[float, float]:
    """Return where a source is in the whole sky, by the projection AIT as astropy knows it."""
    ait = WCS(naxis=2)
    ait.wcs.ctype = ["GLON-AIT", "GLAT-AIT"]
    ait.wcs.cdelt = [-np.degrees(1), np.degrees(1)]
    (longitude,), (latitude,) = galactic([source])
    ((x, y),) = ait.wcs_world2pix([[longitude, latitude]], 0)
    box = page.locator("#plot").bounding_box()
    scale = min((box["width"] - 24) / 32**0.5, (box["height"] - 16) / 8**0.5)
    return box["x"] + box["width"] / 2 + scale * (x + 1), box["y"] + box["height"] / 2 - scale * (y + 1)


def enlarge(page: Page) -> None:
    """Give the window room for the table beside the sky; the sky is drawn anew with the next frame, not at once."""
    page.set_viewport_size({"width": 1400, "height": 1400})
    look(page)


@pytest.mark.parametrize("number", [0, 1, 3, 5])
def test_a_point_is_where_it_is_on_the_sky(page: Page, number: int) -> None:
    source = SOURCES[number]
    page.mouse.move(*place(page, source))
    tip = page.locator("#tip")
    expect(tip).to_contain_text(source.name)
    expect(tip).to_contain_text(f"{source.observations} observations, {source.exposure / 1000:g} ks")
    expect(page.locator("#under")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_title(page_of(source))


def test_zoom_and_drag(page: Page) -> None:
    whole = look(page)
    x, y = place(page, SOURCES[0])
    page.mouse.move(x, y)
    for _ in range(4):
        page.mouse.wheel(0, -600)
    assert look(page) != whole
    # What is under the pointer stays there; dragging takes it along, and opens nothing.
    page.mouse.move(x + 1, y)
    expect(page.locator("#tip")).to_contain_text("GX 339-4")
    screenshot(page, "front-zoomed")
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=3)
    page.mouse.up()
    page.mouse.move(x + 61, y + 40)
    expect(page.locator("#tip")).to_contain_text("l 338.94°, b −4.33°")
    page.get_by_role("button", name="whole sky").click()
    page.mouse.move(5, 5)
    assert look(page) == whole
    page.get_by_role("button", name="zoom in").click()
    assert look(page) != whole


def test_points_are_by_what_is_chosen(page: Page) -> None:
    before = look(page)
    page.get_by_label("points by").select_option(label="PCA channels 5–10")
    assert look(page) != before
    page.mouse.move(*place(page, SOURCES[1]))
    expect(page.locator("#tip")).to_contain_text("PCA channels 5–10 1000 count/s/PCU")
    assert page.locator("#scale span").all_inner_texts() == ["0.5", "20", "1000"]


def test_what_is_not_listed_is_faint_and_silent(page: Page) -> None:
    enlarge(page)
    page.get_by_label("find sources").fill("gx")
    x, y = place(page, SOURCES[1])
    page.mouse.move(x, y)
    expect(page.locator("#under")).to_be_hidden()
    page.get_by_label("find sources").fill("crab")
    expect(page.locator("#found")).to_contain_text("1 of")
    x, y = place(page, SOURCES[1])
    page.mouse.move(x + 1, y)
    expect(page.locator("#tip")).to_contain_text("Crab")


def test_a_row_shows_its_source_on_the_map(page: Page) -> None:
    enlarge(page)
    page.locator("#rows tbody tr").filter(has_text="GX 339-4").hover()
    expect(page.locator("#under")).to_be_visible()
    ring = page.locator("#under").bounding_box()
    x, y = place(page, SOURCES[0])
    assert (ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2) == pytest.approx((x, y), abs=1)
    page.locator("#rows tbody tr").filter(has_text="LOST").hover()
    expect(page.locator("#under")).to_be_hidden()


def test_by_keyboard_alone(page: Page) -> None:
    plot, said = page.locator("#plot"), page.locator("#said")
    for _ in range(20):
        page.keyboard.press("Tab")
        if plot.evaluate("canvas => canvas === document.activeElement"):
            break
    assert plot.evaluate("canvas => getComputedStyle(canvas).outlineStyle") == "solid"
    # The first arrow goes to the longest exposure; from there, left on the sky is where longitude grows.
    for key, name in (("ArrowLeft", "GX 339-4"), ("ArrowLeft", "Sgr A*"), ("ArrowUp", "North Galactic Pole")):
        page.keyboard.press(key)
        expect(said).to_contain_text(name)
    expect(said).to_have_text(re.compile(r"North Galactic Pole; l .*, b 90\.00°; 60 observations, 500 ks"))
    whole = look(page)
    for key in ("+", "Shift+ArrowUp"):
        before = look(page)
        page.keyboard.press(key)
        assert look(page) != before
    page.keyboard.press("0")
    assert look(page) == whole
    page.keyboard.press("n")
    expect(said).to_contain_text(SCRIPT)
    page.keyboard.press("p")
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    expect(page).to_have_title(page_of(SOURCES[3]))
    page.go_back()
    expect(page.locator("#at")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_names(browser: Browser, index: Path, scheme: str) -> None:
    window = Opened(browser, index, height=900, color_scheme=scheme)
    assert window.page.evaluate(CONTRAST) == []
    assert window.page.evaluate(NAMELESS) == []
    words = window.page.locator("#words li").all_text_contents()
    assert words[0] == "8 of 9 sources have a position; 5 are within 10° of the plane."
    assert words[1].startswith("Observed for longest: GX 339-4 (900 ks), Crab (800 ks), Sgr A* (700 ks)")
    screenshot(window.page, f"front-{scheme}")
    window.close()


def pinch(page: Page) -> None:
    """Move two fingers apart on the map."""
    box = page.locator("#plot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)
    for kind, apart in [("touchStart", 20), *(("touchMove", d) for d in range(30, 110, 20)), ("touchEnd", 0)]:
        points = [{"x": x + side * apart, "y": y, "id": n} for n, side in enumerate((-1, 1))] if apart else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_on_a_phone(browser: Browser, index: Path) -> None:
    window = Opened(browser, index, 390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    page = window.page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    screenshot(page, "front-phone")
    page.locator("#plot").scroll_into_view_if_needed()
    whole = look(page)
    pinch(page)
    assert look(page) != whole
    assert page.evaluate("visualViewport.scale") == 1
    page.get_by_role("button", name="whole sky").tap()
    assert look(page) == whole
    page.touchscreen.tap(*place(page, SOURCES[1]))
    expect(page.locator("#tip")).to_contain_text("Crab")
    page.touchscreen.tap(*place(page, SOURCES[1]))
    expect(page).to_have_title(page_of(SOURCES[1]))
    page.go_back()
    wait_until_drawn(page)
    page.locator("#list").evaluate("list => list.scrollIntoView()")
    page.locator("#rows thead th").last.scroll_into_view_if_needed()
    expect(page.get_by_role("link", name="GX 339-4")).to_be_in_viewport()
    page.locator(".scroll").evaluate("region => { region.scrollLeft = 0; }")
    screenshot(page, "front-phone-table")
    page.get_by_role("link", name="Sgr A*").tap()
    expect(page).to_have_title(page_of(SOURCES[2]))
    window.close()


def test_behind_a_web_server(browser: Browser, index: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=index.parent)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        wait_until_drawn(page)
        page.mouse.click(*place(page, SOURCES[0]))
        expect(page).to_have_title(page_of(SOURCES[0]))
        page.close()
        server.shutdown()
