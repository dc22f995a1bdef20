"""The report in a real browser: its figure, and the panel of an observation, by mouse."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from services.merge.observations import utc_date
from tests.browser import screenshot
from tests.services.merge.report.store import FAILED, GOOD, NOTED, RATES, SHA, start_of
from tests.services.merge.report.window import BANDS, Opened, hover_somewhere, look, rows


def test_the_first_view(opened: Opened, report: Path) -> None:
    page = opened.page
    assert page.locator("#bands button").all_inner_texts() == list(BANDS)
    expect(page.locator("h1")).to_have_text("SIM X-1")
    assert len(rows(page)) == len(GOOD) + 2
    assert opened.asked == [report.as_uri()]
    screenshot(page, "report")


def test_bands_are_toggles(page: Page) -> None:
    whole, height = look(page), page.locator("#plot").bounding_box()["height"]
    button = page.locator("#bands button", has_text=BANDS[2])
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert look(page) != whole
    assert page.locator("#plot").bounding_box()["height"] < height
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert look(page) == whole


def test_the_last_band_stays(page: Page) -> None:
    for band in BANDS:
        page.locator("#bands button", has_text=band).click()
    assert page.locator("#bands [aria-pressed=true]").count() == 1


def test_zoom_by_wheel_buttons_and_drag(page: Page) -> None:
    whole = look(page)
    box = page.locator("#plot").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 150)
    page.mouse.wheel(0, -600)
    zoomed = look(page)
    assert zoomed != whole
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 150, steps=3)
    page.mouse.up()
    assert look(page) not in (whole, zoomed)
    assert not page.locator("#panel").is_visible()
    page.mouse.move(box["x"] + 300, box["y"] - 20)
    page.get_by_role("button", name="whole mission").click()
    assert look(page) == whole
    page.get_by_role("button", name="zoom in").click()
    assert look(page) != whole


def test_gaps_and_logarithm(page: Page) -> None:
    whole = look(page)
    for name in ("close gaps", "logarithmic"):
        box = page.get_by_label(name)
        box.click()
        assert look(page) != whole
        box.click()
    assert look(page) == whole


def test_hovering_tells_observation_and_value(page: Page) -> None:
    told = hover_somewhere(page)
    lines = told.splitlines()
    assert lines[0] in GOOD
    assert lines[1] == BANDS[0]
    rate = float(re.match(r"(-?[\d.]+) ± [\d.]+ count/s/PCU", lines[2])[1])
    assert rate == pytest.approx(RATES[GOOD.index(lines[0])], abs=15)
    assert utc_date(start_of(GOOD.index(lines[0])), "%Y-%m-%d") in lines[3]
    screenshot(page, "report-hover")


def test_a_click_opens_the_observation(page: Page) -> None:
    obsid = hover_somewhere(page).splitlines()[0]
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#who")).to_have_text(obsid)
    expect(page.locator("#panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()


def test_the_panel_tells_everything(page: Page) -> None:
    page.get_by_role("button", name=NOTED).click()
    told = page.locator("#told")
    expect(told.locator("figure h4").first).to_contain_text(BANDS[0])
    titles = ["Caveats", "Light curves", "Spectra", "Backgrounds of HEXTE", "Background fields of HEXTE"]
    titles += ["The archive's standard products", "Good time", "Downloads", "Provenance"]
    assert told.locator("h3").all_inner_texts() == titles
    assert told.locator("li").first.inner_text() == "backgrounds_differ Cluster A: <b>plus</b> and minus side differ."
    names = [name.split("\n")[0] for name in told.locator(".small-figure h4").all_inner_texts()]
    for shown in (*BANDS, "PCA", "HEXTE A", "HEXTE B"):
        assert any(name.startswith(shown) for name in names)
    for figure in told.locator("svg[role=img]").all():
        assert re.search(r"bins of|Source|source|Map", figure.get_attribute("aria-label"))
    facts = told.locator("dl.facts").inner_text()
    assert "data modes\nStandard1b, GoodXenon_2s" in facts
    assert "rossi and the archive's standard products\n5 same, 15 within errors" in facts
    good = told.get_by_text("2 intervals, 1800 s in all")
    assert good.count() == 2
    assert told.locator("img").count() == 2
    for picture in told.locator("img").all():
        expect(picture).to_have_js_property("naturalWidth", 80)
    assert SHA[:12] in told.inner_text()
    stages = told.get_by_role("table", name="Stages")
    assert stages.locator("tbody tr").count() == 4
    assert "2 files, 57.4 kB" in stages.inner_text()
    screenshot(page, "report-panel")
    for number, title in enumerate(("Spectra", "Downloads")):
        page.locator("#panel").evaluate(
            "(panel, part) => { panel.scrollTop = part * panel.scrollHeight / 2.2; }", number + 1
        )
        screenshot(page, f"report-panel-{title.lower()}")


def test_every_download_exists_and_is_what_it_says(page: Page, report: Path) -> None:
    page.get_by_role("button", name=GOOD[0]).click()
    links = page.locator("#told a")
    expect(links.first).to_be_visible()
    assert links.count() == 5 + 7
    for link in links.all():
        path = Path(unquote(urlsplit(link.evaluate("a => a.href")).path))
        assert path.is_file()
        assert path.name == link.inner_text()


def test_a_download_from_a_server(browser: Browser, report: Path, served: str) -> None:
    page = browser.new_page()
    page.goto(f"{served}/{report.relative_to(report.parents[3])}#{GOOD[1]}")
    link = page.locator("#told a").first
    with page.expect_download() as waiting:
        link.click()
    assert waiting.value.suggested_filename == f"{GOOD[1]}_ch5-10.lc"
    assert Path(waiting.value.path()).read_bytes().startswith(b"SIMPLE  =")
    page.close()


def test_from_one_observation_to_the_next_and_into_the_figure(page: Page) -> None:
    whole = look(page)
    page.get_by_role("button", name=GOOD[0]).click()
    expect(page.get_by_role("button", name="observation before")).to_be_disabled()
    page.get_by_role("button", name="observation after").click()
    expect(page.locator("#who")).to_have_text(GOOD[1])
    assert page.url.endswith(f"#{GOOD[1]}")
    page.get_by_role("button", name="show in figure").click()
    expect(page.locator("#panel")).to_be_hidden()
    assert look(page) != whole
    page.wait_for_timeout(600)
    screenshot(page, "report-zoomed")


def test_the_address_names_an_observation(browser: Browser, report: Path, page: Page) -> None:
    page.goto("about:blank")
    page.goto(f"{report.as_uri()}#{FAILED}")
    expect(page.locator("#who")).to_have_text(FAILED)
    expect(page.locator("#told")).to_contain_text("pca_extract: FS4a_1-2.gz: the gzip file ends too early & <is> cut.")
    expect(page.locator("#told")).to_contain_text("This observation left no light curve.")
    page.evaluate("name => { location.hash = name; }", GOOD[1])  # another link to the page that is open
    expect(page.locator("#who")).to_have_text(GOOD[1])
