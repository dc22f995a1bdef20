"""The report in a real browser: what a reader does with it, by mouse, keyboard and finger."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from services.merge.config import MergeConfig
from services.merge.observations import utc_date
from services.merge.panels import WHOLE
from services.merge.stage import merge
from tests.browser import chromium, screenshot
from tests.services.report_store import FAILED, GOOD, NO_WORK, NOTED, RATES, SHA, make_report, start_of

BANDS = ("PCA channels 5–10", "PCA channels 11–28", "HEXTE A channels 15–61", "HEXTE B channels 15–61")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_report(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def wait_until_drawn(page: Page, marks: Sequence[str] = ("figure", "ready")) -> None:
    """Wait for figure and table; the page forbids evaluating strings, which Playwright's own wait does."""
    while not page.evaluate("marks => marks.every(name => performance.getEntriesByName(name).length)", list(marks)):
        page.wait_for_timeout(20)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def served(report: Path) -> Iterator[str]:
    """The store behind a web server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=report.parents[3])) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Opened:
    """A report in a window, with what went wrong and what was asked for."""

    def __init__(self, browser: Browser, report: Path, width: int = 1400, height: int = 1130, **more: object) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, **more)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.goto(report.as_uri())
        wait_until_drawn(self.page)

    def close(self) -> None:
        """Close the window; nothing may have gone wrong, and nothing come from elsewhere."""
        self.context.close()
        assert self.wrong == []
        assert [url for url in self.asked if not url.startswith(("file://", "data:"))] == []


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    window = Opened(browser, report)
    yield window
    window.close()


@pytest.fixture
def page(opened: Opened) -> Page:
    return opened.page


def look(page: Page) -> bytes:
    """Return the figure as it is after it has been drawn again."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.getElementById('plot').toDataURL()").encode()


def rows(page: Page) -> list[str]:
    return page.locator("#rows tbody tr:visible th button").all_inner_texts()


def hover_somewhere(page: Page, top: int = 100) -> str:
    """Move over the figure until there is a bin under the pointer, and return what is told of it."""
    box = page.locator("#plot").bounding_box()
    for x in range(80, int(box["width"]) - 20, 6):
        page.mouse.move(box["x"] + x, box["y"] + top)
        if page.locator("#tip").is_visible():
            return page.locator("#tip").inner_text()
    raise AssertionError("There is no bin anywhere.")


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
    titles = ["Caveats", "Light curves", "Spectra", "Backgrounds of HEXTE", "Good time", "Downloads", "Provenance"]
    assert told.locator("h3").all_inner_texts() == titles
    assert told.locator("li").first.inner_text() == "backgrounds_differ Cluster A: <b>plus</b> and minus side differ."
    names = [name.split("\n")[0] for name in told.locator(".small-figure h4").all_inner_texts()]
    for shown in (*BANDS, "PCA", "HEXTE A", "HEXTE B"):
        assert any(name.startswith(shown) for name in names)
    for figure in told.locator("svg[role=img]").all():
        assert re.search(r"bins of|Source|source", figure.get_attribute("aria-label"))
    good = told.get_by_text("2 intervals, 1800 s in all")
    assert good.count() == 2
    expect(told.locator("img")).to_have_js_property("naturalWidth", 80)
    assert SHA[:12] in told.inner_text()
    stages = told.get_by_role("table", name="Stages")
    assert stages.locator("tbody tr").count() == 3
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


def test_panels_of_very_many_observations_say_what_they_leave_out(browser: Browser, tmp_path: Path) -> None:
    obsids = [f"{10000 + n}-01-01-00" for n in range(WHOLE + 1)]
    sentence = f"Of more than {WHOLE} observations, this page tells the light curves and remarks only."
    for asked, seen in ((obsids, True), (obsids[1:], False)):
        page_file = tmp_path / "report.html"
        page_file.write_bytes(merge(MergeConfig(), asked, [], {}).files["report"][0].data)
        page = browser.new_page()
        page.goto(page_file.as_uri())
        wait_until_drawn(page, ("ready",))
        page.locator("#rows tbody th button").first.click()
        expect(page.locator("#told")).to_contain_text("Caveats")
        assert (sentence in page.locator("#told").inner_text()) == seen
        assert (page.locator("#brief").count() == 1) == seen
        page.close()
