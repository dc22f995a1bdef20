"""Size of a report of 5000 observations, and how long a browser takes until its figure is there.

    python -m tests.benchmarks.bench_report [--observations 5000] [--keep FOLDER]

Both instruments, three bands, spectra, good time and provenance of every observation, with the noise of real counts,
which is what does not compress. The reference of each figure is what a page may weigh (10 MB) and take (a second).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rossi.fits.header import Header
from rossi.product import About, Kind
from rossi.timeseries.series import LightCurve, filled_intervals
from services.contract import Caveat, Outcome, OutputRecord, StageResult
from services.merge.config import Neighbour
from services.merge.details import Details, Provenance, ShownSpectrum
from services.merge.fields import hexte_fields
from services.merge.inputs import StageProducts
from services.merge.observations import Observation, bands
from services.merge.products import join_band
from services.merge.report import Place, report
from services.merge.shown import Shown
from tests.benchmarks.table import Row, script
from tests.browser import chromium

_MOST, _SECOND = 10e6, 1.0
_BANDS = (("ch5-10", "PCA", 16.0, 60.0), ("pwa_ch15-61", "HEXTE", 64.0, 8.0), ("pwb_ch15-61", "HEXTE", 64.0, 8.0))
_STAGES = {
    "pca_prep": ["FP_04095004-0409588c.xfl.gz", "FS4a_4095010-40951a0_dt.gz", "FS4a_4095010-40951a0_dtbkg.gz"],
    "pca_extract": ["_ch5-10.lc", "_src.pha", "_bkg.pha", ".gti"],
    "hexte_back": [f"FS5{c}_4095010-40951a0_{kind}.gz" for c in "28" for kind in ("src", "p", "m")],
    "hexte_dead": [f"_pw{c}_{end}" for c in "ab" for end in ("ch15-61.lc", "src.pha", "bkg.pha", "p.pha", "m.pha")],
}


def _series(
    rng: np.random.Generator, start: float, length: float, instrument: str, width: float, rate: float
) -> LightCurve:
    when = start + width * np.arange(max(2, int(length / width)))
    live = np.full(len(when), width * (3 if instrument == "PCA" else 0.3))
    counts = rng.poisson(rate * rng.lognormal(0, 0.1, len(when)) * live)
    extra = {"LiveTime": live} if instrument == "PCA" else {}
    header = Header([("INSTRUME", instrument), ("OBJECT", "SIM X-1")])
    gti = filled_intervals(when, width)
    sizes = (counts / live, np.sqrt(counts) / live, np.ones(len(when)))
    return LightCurve("made", when, *sizes, width, gti, header, Header(), extra)


def _products(rng: np.random.Generator, obsid: str) -> dict[str, StageProducts]:
    made = {}
    for stage, ends in _STAGES.items():
        digest = rng.bytes(32).hex()
        names = [end if end.startswith("F") else obsid + end for end in ends]
        told = Provenance(
            digest, "2026-11-21T18:09:50+00:00", float(rng.exponential()), int(rng.integers(20, 60)),
            int(rng.integers(10**6)), tuple((r, f"pca_{r}_e5v20020201.mdl", "15c860abe663") for r in ("model", "saa")),
            {"rossi": "0.1.0", "python": "3.11.7", "numpy": "2.4.6"}, {"expression": "ELV > 10 && OFFSET < 0.02 " * 4},
        )  # fmt: skip
        files = {f"{obsid}/{stage}/{digest}/{digest[:16]}/{name}": _record(rng, obsid, name) for name in names}
        made[stage] = StageProducts(f"{obsid}/{stage}/{digest}/manifest.json", files, told)
    return made


def _record(rng: np.random.Generator, obsid: str, name: str) -> OutputRecord:
    is_curve, label = name.endswith(".lc"), name.removeprefix(f"{obsid}_").removesuffix(".lc")
    about, output = About(Kind.LIGHT_CURVE, label) if is_curve else About(), "light_curve" if is_curve else "other"
    return OutputRecord(output=output, name=name, size=int(rng.integers(10**5)), sha256="", about=about)


def _details(rng: np.random.Generator, start: float, length: float) -> Details:
    spectra = []
    for label, channels in (("PCA", 129), ("HEXTE A", 64), ("HEXTE B", 64)):
        for kind in ("source", "background", "net"):
            counts = rng.poisson(2e4 * np.exp(-np.arange(channels) / 20) + 20)
            spectra.append(ShownSpectrum(label, kind, length, "s", 1.0, np.arange(channels + 1.0), counts / length))
    cuts = start + np.sort(rng.uniform(0, length, 6)).reshape(-1, 2)
    return Details(spectra, {"PCA": cuts, "HEXTE": cuts})


def fabricated(count: int) -> Shown:
    """Return what a report of so many observations shows."""
    rng = np.random.default_rng(1)
    observations, details = [], {}
    for number, start in enumerate(np.sort(rng.uniform(7e7, 5.6e8, count))):
        obsid = f"{10000 + number:05d}-{number % 90:02d}-{number % 70:02d}-00"
        length = float(np.clip(rng.lognormal(7.8, 0.7), 300, 30_000))
        curves = {name: _series(rng, start, length, *more) for name, *more in _BANDS}
        products = _products(rng, obsid)
        stages = tuple(StageResult(stage=s, obsid=obsid, outcome=Outcome.SUCCEEDED) for s in products)
        remark = Caveat(code="backgrounds_differ", message=f"Cluster A: {rng.normal():.3f} sigma; use the other side.")
        ends = ("pca_extract", "hexte_dead")
        told = ({"pcus": 3.2, "target": "SIM X-1", "axes": _axes(rng).tolist()},)
        noted = (remark,) if number % 5 == 0 else ()
        outcome = Outcome.SUCCEEDED
        abouts = {name: About(Kind.LIGHT_CURVE, name) for name in curves}
        observations.append(Observation(obsid, outcome, "", noted, told, curves, abouts, stages, ends, products))
        details[obsid] = _details(rng, start, length)
    joined = [join_band(observations, b, keep_null=True) for b in bands(observations)]
    beside = [
        Neighbour(name=f"GX {n}", ra=float(ra), dec=float(dec)) for n, (ra, dec) in enumerate(rng.normal(0, 2, (40, 2)))
    ]
    return Shown(observations, joined, details, hexte_fields(observations, beside))


def _axes(rng: np.random.Generator) -> np.ndarray:
    """Return body axes that look at RA 0, Dec 0, turned by any angle."""
    c, s = np.cos(angle := rng.uniform(0, 2 * np.pi)), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def loading(page: Path) -> dict[str, float]:
    """Return seconds until the figure is drawn, until the page answers, and until a panel is open; medians of five."""
    found = []
    with chromium() as browser:
        for _ in range(5):
            tab = browser.new_page(viewport={"width": 1400, "height": 1130})
            tab.goto(page.as_uri())
            marks = "['figure', 'ready'].map(name => performance.getEntriesByName(name)[0]?.startTime ?? 0)"
            while not all(times := tab.evaluate(marks)):
                tab.wait_for_timeout(20)
            begin = time.perf_counter()
            tab.locator("#rows tbody th button").nth(70).click()
            tab.locator("#told svg").first.wait_for()
            found.append([times[0] / 1e3, times[1] / 1e3, time.perf_counter() - begin])
            tab.close()
    return dict(zip(("figure", "table and keys", "panel"), np.median(found, axis=0), strict=True))


def rows(observations: int = 5000, keep: str = "") -> Iterator[Row]:
    """Return what the page weighs and takes; it stays in the folder `keep`."""
    shown = fabricated(observations)
    begin = time.process_time()
    place = Place("/data/products", "", "0" * 64)
    made = report("Thousands of observations", "Fabricated.", shown, ["a.lc"], place, 20_000)
    what = f"report of {observations} observations"
    yield Row(f"{what}: made", time.process_time() - begin, "s CPU")
    yield Row(f"{what}: size", len(made.page) / 1e6, "MB", "allowed", _MOST / 1e6, 1)
    yield Row(f"{what}: largest file beside it", max((len(p.data) for p in made.parts), default=0) / 1e6, "MB")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(keep or temporary).resolve()
        (folder / "report.html").write_bytes(made.page)
        for part in made.parts:
            (folder / part.name).write_bytes(part.data)
        for part, spent in loading(folder / "report.html").items():
            yield Row(f"{what}: {part} in a browser", spent, "s", "allowed", _SECOND, 1)


if __name__ == "__main__":
    script(rows)
