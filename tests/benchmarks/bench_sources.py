"""Merging an archive source by source: time and memory, of all of them, of nothing new, of one new observation.

    python -m tests.benchmarks.bench_sources [--sources 2500] [--observations 120000] [--large 3000]

Manifests and small light curves (PCA, one band) are made up: sources have between a few and many hundred observations,
as the archive's have. Then one source alone, with three bands and six spectra of each observation; 0 leaves it out.
Told are the wall clock, and the largest memory of any process against what it may be, 1 GB; the large source may take
60 s on a core.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from os import getpid
from pathlib import Path

import numpy as np

from flows.core.grouping import grouped
from flows.core.merging import merge_sources, put_above
from flows.core.processes import Processes
from flows.core.results import Results
from flows.core.settings import Settings, load_settings
from flows.core.watcher import Watcher
from rossi.fits.header import Header
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.met import met_to_mjd
from rossi.spectra.product import gti_table
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import File, ObservationResult, Outcome, Outputs, StageResult
from services.query.worklist import WorkRow
from services.storage import open_store
from services.storage.publication import new_manifest, publish
from tests.benchmarks.table import Row, script

#: PCA's and HEXTE's bands of the large source, with their bin widths [s].
_BANDS = {"pca_extract": {"ch5-10": 16.0}, "hexte_dead": {"pwa_ch15-61": 64.0, "pwb_ch15-61": 64.0}}
_MOST, _SECONDS = 1000.0, 60.0


def curve(name: str, instrument: str, start: float, width: float, rows: int, target: str) -> bytes:
    """Return a light curve of so many rows."""
    when = start + width * np.arange(rows)
    rng = np.random.default_rng(int(start))
    exposure = np.full(rows, 3 * width)
    counts = rng.poisson(50 * exposure).astype(float)
    cards = [("HDUCLAS1", "LIGHTCURVE"), ("OBJECT", target), ("INSTRUME", instrument)]
    cards += [("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4)]
    sizes = (counts / exposure, np.sqrt(counts) / exposure, np.ones(rows))
    extra = {"LiveTime": exposure} if instrument == "PCA" else {}
    header, primary = Header(cards), Header([("TELESCOP", "XTE")])
    return write_light_curve(
        LightCurve(name, when, *sizes, width, filled_intervals(when, width), header, primary, extra)
    )


def spectrum(start: float, channels: int, instrument: str, detector: str) -> bytes:
    """Return a spectrum of so many channels."""
    counts = np.rint(4e3 * np.exp(-np.arange(channels) / 20) + 5)
    cards = [("INSTRUME", instrument), ("TELESCOP", "XTE"), ("DETCHANS", channels), ("HDUCLAS1", "SPECTRUM")]
    cards += [("POISSERR", False), ("EXPOSURE", 1000.0), ("DETNAM", detector)]
    cards += [("TSTART", start), ("TSTOP", start + 2400)]
    columns = [("CHANNEL", np.arange(channels)), ("COUNTS", counts), ("STAT_ERR", np.sqrt(counts))]
    table = table_hdu("SPECTRUM", [(Column(name, "D"), values) for name, values in columns], cards)
    return fits_bytes(primary_hdu(), [table, gti_table(np.array([[start, start + 2400]]), Header())])


def stage_files(stage: str, obsid: str, start: float, target: str, whole: bool) -> dict[str, tuple[File, ...]]:
    """Return what a stage of an observation left: light curves, and if `whole` spectra."""
    instrument = "PCA" if stage == "pca_extract" else "HEXTE"
    curves = tuple(
        File(f"{obsid}_{band}.lc", curve(band, instrument, start, width, int((2400 if whole else 320) / width), target))
        for band, width in _BANDS[stage].items()
    )
    if not whole:
        return {"light_curve": curves}
    kinds = [("", 129, "PCU2")] if instrument == "PCA" else [("pwa_", 64, "PWA"), ("pwb_", 64, "PWB")]
    spectra = tuple(
        File(f"{obsid}_{kind}{of}.pha", spectrum(start, channels, instrument, detector))
        for kind, channels, detector in kinds
        for of in ("src", "bkg")
    )
    return {"light_curve": curves, "spectrum": spectra}


def reduce(store: str, row: WorkRow, *, whole: bool = False) -> ObservationResult:
    """Leave the products of one observation in the store."""
    start = (row.time - 49353.000696574074) * 86400
    done = []
    for stage in _BANDS if whole else ["pca_extract"]:
        files = stage_files(stage, row.obsid, start, row.target_name, whole)
        bands = {band: {"rate": 50.0, "error": 0.2, "exposure": 960.0, "rows": 20} for band in _BANDS[stage]}
        summary = {"target": row.target_name, "tstart": start, "tstop": start + 320, "bands": bands, "pcus": 3.0}
        outputs, digest = Outputs(files, summary=summary), f"{hash((stage, row)) & (1 << 60) - 1:064x}"
        base = f"{row.obsid}/{stage}/{digest}"
        publish(open_store(store), base, new_manifest(stage, row.obsid, digest, {}, [], outputs, 1.0), files)
        told = {"manifest": f"{base}/manifest.json", "fingerprint": digest, "summary": summary}
        done.append(StageResult(stage=stage, obsid=row.obsid, outcome=Outcome.SUCCEEDED, **told))
    return ObservationResult.of(row.obsid, done)


def work_list(sources: int, observations: int) -> list[WorkRow]:
    """Return observations of sources that lie degrees apart, a few of most and many of some."""
    rng = np.random.default_rng(1)
    part = rng.lognormal(0, 1.5, sources)
    number = 1 + rng.multinomial(observations - sources, part / part.sum())
    turn = np.arange(sources) * 0.6180339887 % 1 * 360
    dec = np.degrees(np.arcsin(np.linspace(-0.98, 0.98, sources)))
    of = np.repeat(np.arange(sources), number)
    rng.shuffle(of)
    times = np.sort(met_to_mjd(rng.uniform(7e7, 5.6e8, observations)))
    return [
        WorkRow(f"SOURCE {s}", 1, 10_000 + n // 10_000, f"{10_000 + n // 10_000}-{n // 100 % 100:02d}-{n % 100:02d}-00",
                float(times[n]), 320.0, float(turn[s]), float(dec[s]))
        for n, s in enumerate(of.tolist())
    ]  # fmt: skip


@contextmanager
def memory() -> Iterator[dict[str, float]]:
    """Give the largest memory that this process and any below it had [MB]."""
    peaks, ended = {"this": 0.0, "others": 0.0}, threading.Event()

    def look() -> None:
        me = getpid()
        while True:
            for pid in {me, *_below(me)}:
                who = "this" if pid == me else "others"
                peaks[who] = max(peaks[who], _resident(pid))
            if ended.wait(0.2):
                return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def _below(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in map(int, path.read_text().split()):
                found += [child, *_below(child)]
        except OSError:  # gone meanwhile
            continue
    return found


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS")), 0.0)


def merge(what: str, settings: Settings, rows: list[WorkRow], results: Results) -> Iterator[Row]:
    """Group and merge as the end of a campaign does."""
    with memory() as peaks:
        start = time.perf_counter()
        grouping = grouped(settings, rows, open_store(settings.store))
        grouped_at = time.perf_counter()
        merges = merge_sources(settings, grouping, results, Processes(settings), Watcher())
        merged_at = time.perf_counter()
        front = put_above(settings, grouping, results, merges) if grouping.several else None
        end = time.perf_counter()
    wrong = [one.merge.message for one in merges if one.merge.outcome is not Outcome.SUCCEEDED]
    assert not wrong, wrong[0]
    assert front is None or front.outcome is Outcome.SUCCEEDED, front.message
    new = sum(not one.merge.reused for one in merges)
    yield Row(f"{what}: grouped", grouped_at - start)
    yield Row(f"{what}: {new} of {len(merges)} sources merged", merged_at - grouped_at)
    yield Row(f"{what}: front page", end - merged_at)
    yield Row(f"{what}: memory of the largest process", max(peaks.values()), "MB", "allowed", _MOST, 1)


def rows(
    sources: int = 2500,
    observations: int = 120_000,
    large: int = 3000,
    workers: int = os.cpu_count() or 1,
    folder: str = "",
) -> Iterator[Row]:
    """Return what merging takes; the store is made in a folder that is removed again, in `folder` if it is given."""
    with tempfile.TemporaryDirectory(dir=folder or None) as place:
        settings = load_settings(None, {"store": f"{place}/many", "campaign": {"workers": workers}})
        *listed, last = work_list(sources, observations + 1)
        with ProcessPoolExecutor(workers) as pool:
            made = pool.map(partial(reduce, settings.store), [*listed, last], chunksize=200)
            results = Results(made)
        yield from merge(f"{observations} observations", settings, listed, results)
        yield from merge(f"{observations} observations, nothing new", settings, listed, results)
        yield from merge(f"{observations} observations, one more", settings, [*listed, last], results)
        del results
        if large:
            yield from largest(f"{place}/large", large, workers)


def largest(store: str, observations: int, workers: int) -> Iterator[Row]:
    """Merge one source of many observations."""
    listed = work_list(1, observations)
    settings = load_settings(None, {"store": store, "campaign": {"workers": workers}})
    with ProcessPoolExecutor(workers) as pool:
        results = Results(pool.map(partial(reduce, store, whole=True), listed, chunksize=50))
    for row in merge(f"a source of {observations} observations", settings, listed, results):
        merging = "sources merged" in row.what
        yield replace(row, against="allowed", reference=_SECONDS, goal=1) if merging else row


if __name__ == "__main__":
    script(rows)
