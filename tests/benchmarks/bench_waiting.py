"""What a worker asks an archive and a store elsewhere for, and how much of the waiting for answers is hidden.

    python -m tests.benchmarks.bench_waiting [--observations 50] [--delay 0.05]

A simulated archive of both instruments, and a store. First both are buckets of moto's S3 server on this machine, behind
a proxy that is late with every answer: requests are counted by kind. Then both are folders of which every request takes
as long, and which get products as buckets do, so that no server takes the processor's time: what a shard takes is
compared with its CPU time, and with what it takes where nothing is late; beside it the same with observations one after
the other, each from its first request to its last. Every figure is of a process of its own. Where others use the
processor, how long computing stands still for answers says more.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.httpsession import URLLib3Session

from flows.cli.simulate import command as simulate
from flows.core.plan import make_shard
from flows.core.settings import load_settings
from services.execution import executor, worker
from services.execution.request import Shard
from services.execution.worker import run_observation, run_shard
from services.storage import ArchiveFile, ObjectStore, open_store
from services.storage.local_archive import LocalArchive
from services.storage.opening import puts_together
from services.storage.remote import RemoteArchive
from services.storage.s3 import _CLIENT
from services.storage.transfer import Content
from services.storage.web import Web
from tests.benchmarks.bench_requests import bucket, kind_of
from tests.benchmarks.table import Row, apart, script
from tests.servers.process import free_port, running

#: Of an observation of both instruments; and the time of a shard over its CPU time, where each answer takes 50 ms.
REQUESTS, RATIO = 35, 1.25
#: Where folders are that no disk is behind, if there is such a place.
IN_MEMORY = Path("/dev/shm")
#: Observations that are reduced before anything is measured.
_WARM = 3
_PROXY = """
import sys, threading
from tests.flows.proxy import Proxy
import asyncio
proxy = Proxy(int(sys.argv[1]))
proxy.delay = (float(sys.argv[3]),) * 2
async def serve():
    server = await asyncio.start_server(proxy._connection, "127.0.0.1", int(sys.argv[2]))
    await server.serve_forever()
asyncio.run(serve())
"""


@dataclass
class Measured:
    """What a shard took, for an observation."""

    cpu: float
    seconds: float
    still: float
    archive: dict[str, float]
    store: dict[str, float]


class LateStore:
    """A store that takes a while for each request."""

    def __init__(self, store: ObjectStore, delay: float) -> None:
        self._store, self._delay = store, delay

    def __getattr__(self, method: str) -> Any:
        if method != "url":
            time.sleep(self._delay)
        return getattr(self._store, method)


class LateFolder:
    """A folder as an archive elsewhere that tells sizes and identities in its listings; see `Remote`."""

    def __init__(self, root: Path, delay: float) -> None:
        self._root, self._folder, self._delay, self.url = root, LocalArchive(root), delay, str(root)

    def files(self, path: str, _together: object) -> list[ArchiveFile]:
        """See `Remote.files`."""
        time.sleep(self._delay)
        found = self._folder.list(path)
        return [file._replace(size=(self._root / file.path).stat().st_size, identity="etag:1") for file in found]

    def read(self, path: str, start: int, _size: int) -> Content:
        """See `Remote.read`."""
        time.sleep(self._delay)
        return Content(self._folder.fetch(path)[start:], start)


def work(shard: Shard, overlap: bool = True, delay: float | None = None, warm: int = _WARM) -> Measured:
    """Reduce a shard in this process, count and measure, but for so many observations at its beginning."""
    archive, store, still = Counter[str](), Counter[str](), list[float]()
    send, ask, result_of = URLLib3Session.send, Web._send, Future.result

    def sent(session: URLLib3Session, request: Any) -> Any:
        store[kind_of(request)] += 1
        return send(session, request)

    def asked(web: Web, method: str, url: str, *arguments: Any) -> Any:
        archive["LIST" if "list-type=2" in url else method] += 1
        return ask(web, method, url, *arguments)

    def late(shard: Shard) -> tuple[Any, Any]:
        archive: Any = LateFolder(Path(shard.archive), delay or 0)
        return RemoteArchive(archive), LateStore(open_store(shard.store), delay or 0)

    def timed(future: Future[Any], timeout: float | None = None) -> Any:
        start = time.perf_counter()
        try:
            return result_of(future, timeout)
        finally:
            if threading.current_thread() is threading.main_thread():
                still.append(time.perf_counter() - start)

    def part(first: int, last: int | None) -> Shard:
        return shard.model_copy(update={"obsids": shard.obsids[first:last]})

    run_shard(part(0, warm))
    left = part(warm, None)
    places = worker.open_places if delay is None else late
    with (
        patch.object(URLLib3Session, "send", sent),
        patch.object(Web, "_send", asked),
        patch.object(Future, "result", timed),
        patch.object(worker, "open_places", places),
        patch.object(executor, "puts_together", lambda url: delay is not None or puts_together(url)),
    ):
        cpu, begin = time.process_time(), time.perf_counter()
        if overlap:
            results = run_shard(left)
        else:
            opened = dict(zip(("archive", "store"), places(left), strict=True))
            results = [run_observation(obsid, left, **opened) for obsid in left.obsids]
        cpu, seconds = time.process_time() - cpu, time.perf_counter() - begin
    assert all(result.outcome == "succeeded" for result in results)
    number = len(results)
    each = [{kind: count / number for kind, count in kinds.items()} for kinds in (archive, store)]
    return Measured(cpu / number, seconds / number, sum(still) / number, *each)


def fill(folder: Path, endpoint: str) -> None:
    """Copy an archive into a bucket."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=_CLIENT)
    client.create_bucket(Bucket="archive")
    for path in folder.glob("AO*/**/*"):
        if path.is_file():
            client.put_object(
                Bucket="archive", Key=f"xte/{path.relative_to(folder)}", Body=path.read_bytes(), ACL="public-read"
            )


def shard_of(root: Path, archive: str, store: str, number: int) -> Shard:
    """Return some of the simulated observations as a shard."""
    given = {"archive": archive, "store": store, "cache": {"folder": ""}}
    settings = load_settings(root / "archive" / "rossi.toml", given)
    return make_shard(settings, sorted(path.name for path in (root / "archive").glob("AO*/P*/*"))[:number])


def count(root: Path, number: int, delay: float) -> Iterator[Row]:
    """Return the requests of an observation, those of a whole shard over their number, and print them by kind."""
    with bucket(root) as url:
        place, _, endpoint = url.partition("?endpoint=")
        fill(root / "archive", endpoint)
        port = free_port()
        command = [sys.executable, "-c", _PROXY, endpoint.rpartition(":")[2], str(port), str(delay)]
        with running(command, root / "proxy.log", port):
            far = f"?endpoint=http://127.0.0.1:{port}"
            for products, goal in (("together", 1), ("single", None)):
                store = f"{place}-{products}{far}&products={products}"
                found = apart(work, shard_of(root, f"s3://archive/xte{far}", store, number), True, None, 0)
                what = f"requests to buckets for an observation, products {products}"
                for where, kinds in (("archive", found.archive), ("store", found.store)):
                    print(f"{what}, {where}: " + ", ".join(f"{n:.2f} {kind}" for kind, n in sorted(kinds.items())))
                    yield Row(f"{what}: {where}", sum(kinds.values()), "")
                written = sum(number for kind, number in found.store.items() if kind.startswith("PUT"))
                yield Row(f"{what}: store, of these written", written, "")
                every = sum(found.archive.values()) + sum(found.store.values())
                yield Row(what, every, "", "allowed" if goal else "", REQUESTS if goal else None, goal)


def wait(root: Path, number: int, delay: float, rounds: int) -> Iterator[Row]:
    """Return what of the waiting is not hidden: of some rounds that in which others took least of the processor."""
    kinds: list[tuple[bool, float]] = [(True, 0.0), (True, delay), (False, delay)]
    turns: list[list[Measured]] = []
    for turn in range(rounds):
        with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
            shards = [shard_of(root, str(root / "archive"), f"{folder}/{kind}", number) for kind in range(len(kinds))]
            # one by one takes long, and little of the processor
            chosen = zip(shards, kinds, strict=True) if not turn else zip(shards[:2], kinds[:2], strict=True)
            turns.append([apart(work, shard, *kind) for shard, kind in chosen])
    near, far = (min((turn[kind] for turn in turns), key=lambda one: one.seconds / one.cpu) for kind in (0, 1))
    single = turns[0][2]
    late = f"{1000 * delay:.0f} ms late"
    yield Row("an observation, answers at once", near.seconds, "s", "its processor time", near.cpu)
    yield Row(f"an observation, answers {late}", far.seconds, "s", "its processor time", far.cpu, 1 / RATIO)
    what, quarter = f"an observation, answers {late}: for which computing stands still", (RATIO - 1) * far.cpu
    yield Row(what, far.still, "s", "a quarter of its processor time", quarter, 1)
    yield Row(f"an observation, answers {late}, beside", far.seconds, "s", "answers at once", near.seconds, 1 / RATIO)
    yield Row(f"an observation, answers {late}, one by one", single.seconds, "s", "answers at once", near.seconds)


def rows(observations: int = 50, delay: float = 0.05, rounds: int = 3) -> Iterator[Row]:
    """Return requests, and what of the waiting is not hidden."""
    with tempfile.TemporaryDirectory() as name:
        root, number = Path(name), observations + _WARM
        with redirect_stdout(StringIO()):
            simulate(root / "archive", number, 1)
        yield from count(root, observations, delay)
        yield from wait(root, number, delay, rounds)


if __name__ == "__main__":
    script(rows)
