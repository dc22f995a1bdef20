"""A small archive with a front page, and a page for each of its sources."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from services.merge.front_page import Measured, SourceEntry, front_page

NAN = float("nan")
SOFT, HARD, HEXTE = "PCA channels 5–10", "PCA channels 11–28", "HEXTE A channels 15–61"
SCRIPT = "<script>alert('1')</script>"


def measured(value: float, error: float, unit: str = "") -> Measured:
    return Measured(value=value, error=error, unit=unit)


def _entry(
    slug: str, name: str, ra: float, dec: float, ks: float, soft: float = NAN, number: int = 3, **more: object
) -> SourceEntry:
    start = 7e7 + 1e6 * number
    told = {
        "rates": {
            HEXTE: measured(NAN, NAN, "count/s"),
            HARD: measured(2 * soft, 0.1, "count/s/PCU"),
            SOFT: measured(soft, 0.25, "count/s/PCU"),
        },
        "spark": (start + 1e5 * np.arange(5), soft * np.array([1, 2, 1, 3, 1.0])),
        "link": f"sources/{slug}/report.html",
        "first": start,
        "last": start + 4e5,
        **more,
    }
    return SourceEntry(slug=slug, name=name, ra=ra, dec=dec, observations=number, exposure=1000 * ks, **told)


#: In order of their exposure, the longest first.
SOURCES = (
    _entry("gx-339-4", "GX 339-4", 255.7058, -48.7897, 900, 42, 120, failures=2, hardness=measured(0.5, 0.01),
           variability=measured(0.31, 0.02), also=("V821 Ara",)),
    _entry("crab", "Crab", 83.6331, 22.0145, 800, 1000, 90, variability=measured(0.012, 0.001)),
    _entry("centre", "Sgr A*", 266.41684, -29.00781, 700, 9, 80),
    _entry("eta-car", "η Carinæ", 161.2648, -59.6844, 600, 3, 70),
    _entry("pole", "North Galactic Pole", 192.859508, 27.128336, 500, 0.5, 60),
    _entry("script", SCRIPT, 10.0, 60.0, 400, 5, 50, failures=1),
    _entry("quotes", "\"Müller's\" & Söhne", 20.0, -70.0, 300, 6, 40, link="sources/100% a#b?/c & d.html"),
    _entry("lost", "LOST", NAN, NAN, 200, 7, 30),
    _entry("dark", "DARK", 300.0, 10.0, 0, NAN, 1, first=NAN, last=NAN),
)  # fmt: skip


def page_of(source: SourceEntry) -> str:
    """Return the title of a source's page."""
    return f"page of {source.slug}"


def make_archive(folder: Path) -> Path:
    """Write the front page and the sources' pages into a folder, and return the path of the former."""
    for source in SOURCES:
        path = folder / source.link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<!doctype html><title>{escape(page_of(source))}</title>", encoding="utf-8")
    page = folder / "index.html"
    page.write_bytes(
        front_page(SOURCES, "All <of> it", "Nine & more.", hardness="11–28 / 5–10", downloads=["sources.parquet"])
    )
    return page
