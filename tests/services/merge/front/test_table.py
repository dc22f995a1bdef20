"""The front page in a browser: the table of sources."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from services.merge.front_page import SourceEntry, front_page
from tests.benchmarks.bench_front_page import fabricated
from tests.browser import screenshot
from tests.services.merge.front.archive import HARD, SCRIPT, SOFT, SOURCES, page_of
from tests.services.merge.report.window import Opened

NAMES = [source.name for source in SOURCES]


def listed(page: Page) -> list[str]:
    return page.locator("#rows tbody th a").all_inner_texts()


def head(page: Page, title: str):
    return page.locator("#rows thead th").filter(has_text=title)


def test_the_first_view(opened: Opened, index: Path) -> None:
    page = opened.page
    assert opened.asked == [index.as_uri()]
    expect(page.locator("h1")).to_have_text("All <of> it")
    assert page.locator(".tiles dd").all_inner_texts() == ["9", "541", "3", "1997-03-03 – 2000-01-13", "4,400 ks"]
    assert listed(page) == NAMES
    assert head(page, "Good time").get_attribute("aria-sort") == "descending"
    titles = [" ".join(text.replace("\u2060", "").split()) for text in page.locator("#rows thead th").all_inner_texts()]
    assert titles == [
        "Source", "Light curve peak", "RA deg", "Dec deg", "Observations", "Failed", "Good time ks", "First UTC",
        "Last UTC", f"{SOFT} count/s/PCU", f"{HARD} count/s/PCU", "Hardness 11–28 / 5–10",
        "Variability fractional rms",
    ]  # fmt: skip
    cells = [text.split("\n") for text in page.locator("#rows tbody tr").first.locator("th, td").all_inner_texts()]
    assert cells == [
        ["GX 339-4", "V821 Ara"], ["up to 126"], ["255.706", "l 338.94"], ["−48.790", "b −4.33"], ["120"], ["2"],
        ["900"], ["2000-01-09"], ["2000-01-13"], ["42.00", "± 0.25"], ["84.00", "± 0.10"],
        ["0.500", "± 0.010"], ["0.310", "± 0.020"],
    ]  # fmt: skip
    assert page.locator("#rows tbody svg").count() == len(SOURCES) - 1
    screenshot(page, "front")


def test_every_column_sorts(page: Page) -> None:
    heads = page.locator("#rows thead th")
    for column in range(heads.count()):
        heads.nth(column).locator("button").click()
        assert heads.nth(column).get_attribute("aria-sort") in {"ascending", "descending"}
        assert page.locator("#rows th[aria-sort]").count() == 1
    by_rate = sorted(SOURCES[:-1], key=lambda source: -source.rates[SOFT].value)
    head(page, "5\u2060–\u206010").locator("button").click()
    assert listed(page) == [source.name for source in by_rate] + ["DARK"]
    head(page, "5\u2060–\u206010").locator("button").press("Enter")
    assert listed(page) == [source.name for source in by_rate[::-1]] + ["DARK"]
    head(page, "Variability").locator("button").click()
    assert listed(page)[:2] == ["GX 339-4", "Crab"]
    head(page, "Source").locator("button").click()
    assert listed(page)[2:4] == ["Crab", "DARK"]


def test_search_by_name_however_it_is_spelled(page: Page) -> None:
    find = page.get_by_label("find sources")
    for text, names in {
        "gx339": NAMES[:1], "GX_339-4": NAMES[:1], "ara v821": NAMES[:1], "muller": NAMES[6:7], "<SCRIPT": [SCRIPT],
        "η": NAMES[3:4], "r": [*NAMES[:6], NAMES[6], NAMES[8]],
        "nobody": [],
    }.items():  # fmt: skip
        find.fill(text)
        assert listed(page) == names, text
    expect(page.locator("#found")).to_have_text("0 of 9")
    page.get_by_role("button", name="show all").click()
    assert listed(page) == NAMES
    expect(find).to_be_focused()


def test_search_by_position(page: Page) -> None:
    find = page.get_by_label("find sources")
    find.fill("266.9, -29.0")
    assert listed(page) == ["Sgr A*"]
    expect(page.locator("#found")).to_have_text("1 of 9 within 1° of RA 266.9, Dec -29")
    find.fill("266.9 −29.0 0.4")
    assert listed(page) == []
    for text in ("17:45:40.04 -29:00:28.1", "17 45 40 −29 00 28", "266.4,-29.01 0.02"):
        find.fill(text)
        assert listed(page) == ["Sgr A*"], text
    find.fill("0142 61")
    expect(page.locator("#found")).to_have_text("0 of 9")
    # GX 339-4 is 10.50 degrees from there, the Galactic centre 10.95.
    for text, names in {"261 -39 10.4": [], "261 -39 10.7": NAMES[:1], "261 -39 11": [NAMES[0], NAMES[2]]}.items():
        find.fill(text)
        assert listed(page) == names


def test_ranges_and_failures(page: Page) -> None:
    page.get_by_label("column", exact=True).select_option("rate0")
    page.get_by_label("from", exact=True).fill("5")
    page.get_by_label("to", exact=True).fill("9")
    assert listed(page) == ["Sgr A*", SCRIPT, NAMES[6], "LOST"]
    page.get_by_label("with failures").check()
    assert listed(page) == [SCRIPT]
    page.get_by_role("button", name="show all").click()
    page.get_by_label("column", exact=True).select_option("first")
    page.get_by_label("to", exact=True).fill("1997-08-01")
    assert listed(page) == [NAMES[6], "LOST"]
    page.get_by_label("to", exact=True).fill("soon")
    assert page.get_by_label("to", exact=True).get_attribute("aria-invalid") == "true"
    assert listed(page) == NAMES


def test_a_row_leads_to_the_page_and_back_to_the_same_list(page: Page) -> None:
    page.get_by_label("find sources").fill("a")
    head(page, "Dec").locator("button").click()
    order = listed(page)
    assert len(order) == 7
    page.locator("#rows tbody tr").filter(has_text="Crab").locator("td").nth(5).click()
    expect(page).to_have_title(page_of(SOURCES[1]))
    page.go_back()
    expect(page.locator("#rows tbody tr")).to_have_count(7)
    assert listed(page) == order
    assert page.url.endswith("#find=a&sort=dec&at=crab")


def test_names_and_links_may_be_awkward(opened: Opened) -> None:
    page = opened.page
    for number in (5, 6):
        page.get_by_role("link", name=NAMES[number], exact=True).click()
        expect(page).to_have_title(page_of(SOURCES[number]))
        page.go_back()
    assert [url for url in opened.asked if "alert" in url] == []


def test_three_thousand_sources(browser: Browser, tmp_path: Path) -> None:
    entries = fabricated(3000)
    data = front_page(entries, "Three thousand")
    assert len(data) < 5e6
    (tmp_path / "index.html").write_bytes(data)
    window = Opened(browser, tmp_path / "index.html", 1900, 1000)
    rows = window.page.locator("#rows tbody tr")
    assert rows.count() == 40
    window.page.locator("#more").scroll_into_view_if_needed()
    expect(rows).not_to_have_count(40)
    # The heads stay where all columns have room.
    expect(head(window.page, "Source")).to_be_in_viewport()
    assert window.page.locator("#rows").get_attribute("aria-rowcount") == "3001"
    assert rows.nth(45).get_attribute("aria-rowindex") == "47"
    longest = sorted(entries, key=lambda entry: -entry.exposure)
    assert listed(window.page)[:60] == [entry.name for entry in longest[:60]]
    window.page.get_by_label("find sources").fill(longest[-1].name)
    assert longest[-1].name in listed(window.page)
    screenshot(window.page, "front-many")
    window.close()


def test_without_javascript_there_are_links(browser: Browser, index: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(index.as_uri())
    assert page.locator("noscript li").all_inner_texts() == NAMES
    page.get_by_role("link", name=NAMES[6], exact=True).click()
    expect(page).to_have_title(page_of(SOURCES[6]))
    context.close()


def test_one_source_without_a_place(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(front_page([SourceEntry(slug="x", name="X", link="x.html")], "One"))
    window = Opened(browser, tmp_path / "index.html", marks=["ready"])
    assert window.page.locator("canvas").count() == 0
    assert window.page.locator("#rows tbody tr").inner_text().split() == ["X", *"———0", *"00——"]
    window.close()
