"""Size of the front page of 3000 sources, and how long a browser takes until it can be used.

    python -m tests.benchmarks.bench_front_page [--sources 3000] [--keep FOLDER]

Three bands, hardness, variability and a small light curve of 60 points for each. The reference of each figure is what
the page may weigh (5 MB) and take (two seconds until it can be used, a tenth for an answer).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord

from services.merge.front_page import Measured, SourceEntry, front_page
from tests.benchmarks.table import Row, script
from tests.browser import chromium

_MOST, _USABLE, _ANSWER = 5e6, 2.0, 0.1
_BANDS = (("PCA channels 5–10", 12.0, "count/s/PCU"), ("PCA channels 11–28", 9.0, "count/s/PCU"))
_BANDS += (("HEXTE A channels 15–61", 3.0, "count/s"),)


def _positions(rng: np.random.Generator, count: int) -> SkyCoord:
    """Return places of which half crowd along the Galactic plane and around its centre."""
    plane = rng.random(count) < 0.5
    longitude = np.where(plane, rng.normal(0, 45, count), rng.uniform(0, 360, count))
    latitude = np.where(plane, rng.normal(0, 3, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count))))
    return SkyCoord(longitude, latitude, unit="deg", frame="galactic").icrs


def _measured(value: float, error: float, unit: str = "") -> Measured:
    return Measured(value=value, error=error, unit=unit)


def _entry(rng: np.random.Generator, ra: float, dec: float) -> SourceEntry:
    hours, minutes = divmod(ra * 4, 60)
    name = (
        f"{rng.choice(['4U', 'XTE J', '1E', 'PKS', 'IGR J', '1ES'])} {hours:02.0f}{minutes:02.0f}{dec:+03.0f}".replace(
            "J ", "J"
        )
    )
    count = int(np.clip(rng.lognormal(2, 1.4), 1, 3000))
    begin, end = np.sort(rng.uniform(7e7, 5.6e8, 2))
    level = rng.lognormal(1, 1.8)
    moments = np.sort(rng.uniform(begin, end, count))
    spread = rng.choice([0.05, 0.2, 0.8])
    curve = 12 * level * rng.lognormal(0, spread, count)
    rates = {n: _measured(level * scale * rng.lognormal(0, 0.4), level * 0.01, unit) for n, scale, unit in _BANDS}
    return SourceEntry(
        slug=name.lower().replace(" ", "-").replace("+", "p"), name=name, link=f"sources/{name}/report.html",
        ra=ra, dec=dec, observations=count, failures=int(rng.random() < 0.1) * int(rng.integers(1, 5)),
        exposure=count * float(rng.lognormal(7.8, 0.5)), first=float(begin), last=float(end), rates=rates,
        hardness=_measured(float(rng.lognormal(-0.3, 0.4)), 0.01), variability=_measured(float(spread), 0.01),
        spark=(moments, curve),
    )  # fmt: skip


def fabricated(count: int) -> list[SourceEntry]:
    """Return so many sources; every hundredth has no position."""
    rng = np.random.default_rng(1)
    places = _positions(rng, count)
    entries = [_entry(rng, ra, dec) for ra, dec in zip(places.ra.deg, places.dec.deg, strict=True)]
    return [
        entry if n % 100 else entry.model_copy(update={"ra": np.nan, "dec": np.nan}) for n, entry in enumerate(entries)
    ]


def loading(page: Path) -> dict[str, float]:
    """Return seconds until the table and the map are there, and until a search and an order are; medians of five."""
    found = []
    with chromium() as browser:
        for _ in range(5):
            tab = browser.new_page(viewport={"width": 1400, "height": 900})
            tab.goto(page.as_uri())
            marks = "['ready', 'figure'].map(name => performance.getEntriesByName(name)[0]?.startTime ?? 0)"
            while not all(times := tab.evaluate(marks)):
                tab.wait_for_timeout(20)
            answers = [tab.evaluate(_TIMED, act) for act in ("search", "sort")]
            found.append([*times, *answers])
            tab.close()
    names = ("table", "map", "search", "sort")
    return dict(zip(names, np.median(found, axis=0) / 1e3, strict=True))


#: Does something and returns the milliseconds until the next frame is painted.
_TIMED = """act => new Promise(done => {
  const begin = performance.now(), find = document.getElementById("find");
  if (act === "sort") document.querySelector("#rows thead button").click();
  else { find.value = "4u 1"; find.dispatchEvent(new Event("input")); }
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)));
})"""


def rows(sources: int = 3000, keep: str = "") -> Iterator[Row]:
    """Return what the page weighs and takes; it stays in the folder `keep`."""
    entries, what = fabricated(sources), f"front page of {sources} sources"
    begin = time.process_time()
    data = front_page(entries, "An archive", "Fabricated.", hardness="PCA 11–28 / 5–10")
    yield Row(f"{what}: made", time.process_time() - begin, "s CPU")
    yield Row(f"{what}: size", len(data) / 1e6, "MB", "allowed", _MOST / 1e6, 1)
    with tempfile.TemporaryDirectory() as temporary:
        page = Path(keep or temporary).resolve() / "index.html"
        page.write_bytes(data)
        for part, spent in loading(page).items():
            most = _USABLE if part in {"table", "map"} else _ANSWER
            yield Row(f"{what}: {part} in a browser", spent, "s", "allowed", most, 1)


if __name__ == "__main__":
    script(rows)
