"""What observations of both instruments take, and their merge: processor, bytes, requests.

    python -m tests.benchmarks.bench_observation [--observations 40]

Observations are simulated ones of 25 to 65 minutes, their products put together as in a bucket. Requests of merges are
counted where a store in a folder is called; those of observations are counted by `waiting`. Means; the simulation
(`scale`) begins with them.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from flows.cli.simulate import command as simulate
from flows.core.plan import make_shard
from flows.core.settings import Settings, load_settings
from services.contract import ObservationResult
from services.execution import executor
from services.execution.worker import run_observation
from services.merge.config import MergeRequest
from services.merge.stage import run_merge
from services.storage import open_archive, open_store
from tests.benchmarks.table import Row, script

_MANY = {"fetch_many", "beginnings"}


class Counting:
    """An archive or store that counts requests and bytes of objects.

    An archive in a folder reads files to identify them, and keeps what it has read. The listing of a bucket has
    identities, so that files are fetched when they are wanted, as many.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.requests = self.bytes = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **more: Any) -> Any:
            answer = found(*arguments, **more)
            read = arguments[0] if name == "identify" and more.get("contents", arguments[1:]) else ()
            many = name in {*_MANY, "put_contents"}
            requests = len(answer) if many else len(read) if name == "identify" else name != "url"
            self.requests += requests
            self.bytes += sum(map(len, answer)) if name in _MANY else 0
            self.bytes += sum(file.size for file in read)
            self.bytes += len(answer) if isinstance(answer, bytes) else 0
            self.bytes += len(arguments[1]) if name == "put" else 0
            self.bytes += sum(len(data) for _, data in arguments[0]) if name == "put_contents" else 0
            return answer

        return call


def reduced(settings: Settings, obsids: Sequence[str]) -> tuple[np.ndarray, list[ObservationResult]]:
    """Reduce observations in turn; return seconds and bytes [MB] of each, and results."""
    costs, results = [], []
    shard = make_shard(settings, obsids)
    for obsid in obsids:
        archive, store = Counting(open_archive(settings.archive)), Counting(open_store(settings.store))
        start = time.process_time()
        with patch.object(executor, "puts_together", return_value=True):
            results.append(run_observation(obsid, shard, archive=archive, store=store))
        took = time.process_time() - start
        costs.append((took, (archive.bytes + store.bytes) / 1e6))
    return np.array(costs), results


def merged(settings: Settings, obsids: Sequence[str], results: Sequence[ObservationResult]) -> np.ndarray:
    """Merge observations; return seconds, requests and bytes [MB]."""
    store = Counting(open_store(settings.store))
    told = {"store": settings.store, "prefix": "", "config": settings.merge}
    request = MergeRequest(asked=tuple(obsids), results=tuple(results), **told)
    start = time.process_time()
    run_merge(request, store)
    return np.array([time.process_time() - start, store.requests, store.bytes / 1e6])


def rows(observations: int = 40) -> Iterator[Row]:
    """Return means."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with contextlib.redirect_stdout(io.StringIO()):
            simulate(folder / "archive", observations, 1)
        settings = load_settings(folder / "archive" / "rossi.toml", {"store": str(folder / "store")})
        obsids = sorted(path.name for path in folder.glob("archive/AO*/P*/*"))
        costs, results = reduced(settings, obsids)
        few = max(2, observations // 4)
        merged(settings, obsids[:2], results[:2])  # imports
        some, every = merged(settings, obsids[:few], results[:few]), merged(settings, obsids, results)
    seconds, size = costs[1:].mean(axis=0)  # the first one imports
    yield Row("an observation", seconds, "s CPU")
    yield Row("an observation: bytes of archive and store", size, "MB")
    each = (every - some) / max(1, len(obsids) - few)
    for what, value, unit in zip(("", ": requests", ": bytes"), each, ("s CPU", "", "MB"), strict=True):
        yield Row(f"an observation merged{what}", float(value), unit)
    for what, value, unit in zip(("", ": requests"), some - few * each, ("s CPU", ""), strict=False):
        yield Row(f"a merge of no observation{what}", max(0.0, float(value)), unit)


if __name__ == "__main__":
    script(rows)
