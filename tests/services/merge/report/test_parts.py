"""A report of many observations: what their panels show is loaded from files beside it when they are opened."""

from __future__ import annotations

import shutil
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect

from services.merge import panels, report
from services.storage import open_store
from services.storage.publication import read_manifest
from tests.benchmarks.bench_report import fabricated
from tests.services.merge.report.store import GOOD, make_report
from tests.services.merge.report.window import Opened, Quiet
from tests.services.merge.undrawn import undrawn


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 14 observations in four files."""
    with undrawn(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(panels, "_INSIDE", 1000)
        patch.setattr(panels, "BLOCK", 4)
        patch.setattr(report, "BLOCK", 4)
        return make_report(tmp_path_factory.mktemp("parted"))


def test_parts_are_loaded_when_they_are_needed(browser: Browser, parted: Path) -> None:
    window = Opened(browser, parted, height=500)

    def loaded() -> list[str]:
        return [Path(url).name for url in window.asked if url.endswith(".js")]

    assert loaded() == []
    window.page.locator("#list").scroll_into_view_if_needed()
    window.page.locator("#rows tbody button", has_text=GOOD[9]).click()
    expect(window.page.locator("#told")).to_contain_text("Spectra")
    expect(window.page.locator("#told svg[aria-label^='Spectrum']")).to_have_count(3)
    assert "report-2.js" in loaded()
    window.page.locator("#after").click()
    window.page.locator("#after").click()
    window.page.locator("#after").click()
    expect(window.page.locator("#who")).not_to_have_text(GOOD[9])
    expect(window.page.locator("#told")).to_contain_text("Provenance")
    assert len(loaded()) == len(set(loaded()))  # each once
    window.close()


def test_over_the_web(browser: Browser, parted: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=parted.parent)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/report.html#{GOOD[5]}")
        expect(page.locator("#told")).to_contain_text("Provenance")
        page.close()
        server.shutdown()


def test_parts_are_products(parted: Path) -> None:
    key = next(parted.parents[1].glob("manifest.json"))
    store = open_store(str(parted.parents[3]))
    manifest = read_manifest(store, str(key.relative_to(parted.parents[3])))
    assert [r.name for r in manifest.outputs if r.output == "part"] == [f"report-{n}.js" for n in range(4)]


def test_a_part_that_was_left_behind_is_named(browser: Browser, parted: Path, tmp_path: Path) -> None:
    page_file = tmp_path / "report.html"
    shutil.copyfile(parted, page_file)
    page = browser.new_page()
    page.goto(f"{page_file.as_uri()}#{GOOD[0]}")
    said = "The file report-0.js could not be loaded; it belongs beside this page."
    expect(page.locator("#told")).to_have_text(said)
    # Once it is there, it is found.
    shutil.copyfile(parted.with_name("report-0.js"), tmp_path / "report-0.js")
    page.locator("#after").click()
    expect(page.locator("#told")).to_contain_text("Provenance")
    page.close()


@pytest.mark.long
def test_five_thousand_observations_are_all_told(browser: Browser, tmp_path: Path) -> None:
    shown = fabricated(5000)
    made = report.report("Many", "", shown, [], report.Place("/s", "", "0" * 64), 20_000)
    (tmp_path / "report.html").write_bytes(made.page)
    for part in made.parts:
        (tmp_path / part.name).write_bytes(part.data)
    assert len(made.page) < 10e6
    assert len(made.parts) == 100
    assert max(len(part.data) for part in made.parts) < 1e6
    for row in (0, 2600, 4999):
        window = Opened(browser, tmp_path / "report.html")
        obsid = shown.observations[row].obsid
        window.page.locator("#find").fill(obsid)
        window.page.locator("#rows tbody button").first.click()
        expect(window.page.locator("#who")).to_have_text(obsid)
        for title in ("Light curves", "Spectra", "Background fields of HEXTE", "Good time", "Downloads", "Provenance"):
            expect(window.page.locator("#told h3", has_text=title)).to_have_count(1)
        assert sum(url.endswith(f"report-{row // 50}.js") for url in window.asked) == 1
        window.close()
