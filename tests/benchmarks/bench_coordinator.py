"""Memory of the process that runs a campaign of the whole archive: both instruments, 2500 sources.

    python -m tests.benchmarks.bench_coordinator [--observations 12000 60000 120000] [--sources 2500]

Results are made up, shard by shard, as large as those of a simulated observation with four stages, and a small manifest
for each merge, so that all that the campaign itself does is done: results come in, the requests of the sources' merges
are put together, the front page, the tables and a release are published, Prefect's pages are written. Then comes a
night in which one observation of a hundred has changed. Told are the processor time of the process, making up the
results included, and its largest resident memory against what it may be, 1 GB; each number of observations in a process
of its own.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

from flows.core import selection
from flows.core.executor import Inline, OnPause, OnResult
from flows.core.grouping import grouped
from flows.core.run import run
from flows.core.selection import Selection
from flows.core.settings import Settings, load_settings
from flows.core.summary import summary_line
from flows.core.watcher import Watcher
from flows.prefect.artifacts import reason_rows, source_rows, summary_page
from rossi.product import About, Kind
from services.contract import File, ObservationResult, Outcome, Outputs, StageResult
from services.execution.request import Shard
from services.execution.survey import Change, Standing
from services.merge.config import Merge
from services.merge.front_sources import Measured, SourceEntry
from services.storage import open_store
from services.storage.publication import manifest_key, new_manifest, publish
from tests.benchmarks.bench_sources import memory, work_list
from tests.benchmarks.table import Row, apart, script

_MOST = 1000.0
_READS = {"pca_prep": (), "pca_extract": ("pca_prep",), "hexte_back": (), "hexte_dead": ("hexte_back",)}
#: One of so many has changed by the second night.
_CHANGED = 100


def result_of(obsid: str, night: int) -> ObservationResult:
    """Return what an observation of both instruments leaves."""
    stages = []
    for number, stage in enumerate(_READS):
        seed = hash((obsid, stage, night))
        digest = "".join(f"{hash((seed, n)) & (1 << 64) - 1:016x}" for n in range(4))
        rate = {"rate": seed % 997 / 7, "error": seed % 89 / 700, "exposure": 2000.0 + seed % 71, "rows": 129}
        measured = {
            "target": "SIM X-1",
            "tstart": 1.1e8 + seed % 10007 / 3,
            "tstop": 1.2e8,
            "mjd": 50627.78 + seed % 97,
        }
        live = {"src": seed % 991 / 1.7, "p": seed % 983 / 1.9, "m": seed % 977 / 2.3, "bkg": seed % 971 / 1.3}
        clusters = {name: {"dwell": 16.0, "live": live} for name in ("pwa", "pwb")}
        bands = {"ch5-10": rate} if number < 2 else {f"{name}_ch15-61": rate for name in clusters}
        told = {
            "manifest": f"{obsid}/{stage}/{digest}/manifest.json",
            "fingerprint": digest,
            "seconds": seed % 1009 / 9973,
        }
        ended = measured | {"bands": bands, "pcus": 4.82, "clusters": clusters}
        summary = ended if _READS[stage] else {"files": 1 + seed % 3}
        reads = _READS[stage]
        stages.append(
            StageResult(stage=stage, obsid=obsid, outcome=Outcome.SUCCEEDED, summary=summary, reads=reads, **told)
        )
    return ObservationResult.of(obsid, stages)


def merge_of(store: str, merge: Merge) -> StageResult:
    """Leave what the front page and a release read of a merged source."""
    assert b'"results":[{' in merge.text()  # as it is handed to a worker
    key = manifest_key(f"merge/{merge.fingerprint}")
    times = tuple(1e8 + 1e6 * n for n in range(60))
    measured = {"observations": merge.observations, "rates": {"PCA": Measured(value=1.0, error=0.1)}}
    entry = SourceEntry(slug=merge.name, name=merge.name, link="report.html", spark=(times, times), **measured)
    files = {
        "report": (File("report.html", b"<html>", about=About(Kind.PAGE)),),
        "entry": (File("entry.json", entry.model_dump_json().encode()),),
    }
    made = new_manifest("merge", "", merge.fingerprint, {}, [], Outputs(files), 1.0, source=merge.name)
    publish(open_store(store), f"merge/{merge.fingerprint}", made, files)
    told = {"manifest": key, "fingerprint": merge.fingerprint, "source": merge.name}
    return StageResult(stage="merge", obsid="", outcome=Outcome.SUCCEEDED, **told)


class MadeUp(Inline):
    """Computes nothing."""

    night = 0

    def _reduce(
        self, shard: Shard, on_result: OnResult[ObservationResult], on_pause: OnPause
    ) -> list[ObservationResult]:
        results = [result_of(obsid, self.night) for obsid in shard.obsids]
        for result in results:
            on_result(result)
        return results

    def _survey(self, shard: Shard, on_result: OnResult[Standing], on_pause: OnPause) -> list[Standing]:
        standings = []
        for obsid in shard.obsids:
            changed = hash(obsid) % _CHANGED == 0
            found = {"changes": (Change.DATA,)} if changed else {"result": result_of(obsid, 0)}
            standings.append(Standing(obsid=obsid, **found))
            on_result(standings[-1])
        return standings

    def _merge(self, batch: Sequence[Merge], on_result: OnResult[StageResult], on_pause: OnPause) -> list[StageResult]:
        return [merge_of(self._settings.store, merge) for merge in batch]


def two_nights(observations: int, sources: int, folder: str) -> list[dict[str, Any]]:
    """Run two nights, and return what they took."""
    campaign = {"workers": 1, "shard_size": 100}
    settings = load_settings(None, {"archive": folder, "store": f"{folder}/store", "campaign": campaign})
    listed = work_list(sources, observations)

    def query(settings: Settings, *_: object) -> Selection:
        grouping = grouped(settings, listed, open_store(settings.store))
        return Selection(grouping, grouping.obsids)

    executor, told = MadeUp(settings), []
    for night, select in enumerate((query, selection.changed)):
        executor.night = night
        with memory() as peaks:
            start = time.process_time()
            selection.everything = query
            result = run(settings, select, executor, Watcher())
            pages = (reason_rows(result.results), source_rows(result, open_store(settings.store), settings.store))
            lines = summary_line(result), summary_page(result, open_store(settings.store), settings.store)
            assert all(pages) and all(lines)
            told.append({"seconds": time.process_time() - start, "peak": peaks["this"]})
            del result, pages
    return told


def rows(observations: list[int] = [12_000, 60_000, 120_000], sources: int = 2500) -> Iterator[Row]:  # noqa: B006
    """Return processor time and memory."""
    for number in observations:
        with tempfile.TemporaryDirectory() as folder:
            nights = apart(two_nights, number, sources, folder)
        for what, night in zip(("all", "a hundredth changed"), nights, strict=True):
            told = f"{number} observations, {what}: the campaign's own process"
            yield Row(told, night["seconds"], "s CPU")
            yield Row(f"{told}: memory", night["peak"], "MB", "allowed", _MOST, 1)


if __name__ == "__main__":
    script(rows)
