"""What a night costs in requests of S3, by kind and by step: nothing changed, and one observation of a hundred.

    python -m tests.benchmarks.bench_requests [--observations 200] [--sources 6] [--changed-part 0.01]

A simulated archive in a folder, of both instruments, is reduced into a bucket of moto's S3 server on
this machine, which honours conditional puts, as Amazon's does; then it is reprocessed as every night, with another
night before that in which nothing has changed. Everything runs in one process, so that every request is seen. Printed
are requests by step and kind, and seconds: there, an answer takes a millisecond or two, so what they would take
elsewhere is the number times the latency, over the requests made side by side (`services.storage` makes 16).
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session
from rich.console import Console
from rich.table import Table

from flows.cli.simulate import command as simulate
from flows.core.executor import Inline
from flows.core.run import Select, run
from flows.core.selection import changed, everything
from flows.core.settings import Settings, load_settings
from flows.core.turns import turn
from flows.core.watcher import Result, Watcher
from services.storage.s3 import _CLIENT
from tests.benchmarks.table import Row, script
from tests.servers.process import free_port, running

_KINDS = ("GET", "HEAD", "LIST", "PUT", "PUT if absent", "PUT if same", "DELETE")
_REST = "lease, finding, release"


class Steps(Watcher):
    """Counts requests by the step in which they are made.

    Attributes
    ----------
    requests : dict of str to Counter
        By step: kinds of requests.
    seconds : Counter
        By step.
    """

    def __init__(self) -> None:
        self.requests: dict[str, Counter[str]] = {}
        self.seconds = Counter[str]()
        self._step = _REST

    def step(self, kind: str, work: Callable[[], Result], name: str = "") -> Result:
        """Note which it is."""
        self._step, begin = kind, time.perf_counter()
        try:
            return work()
        finally:
            self.seconds[kind] += time.perf_counter() - begin
            self._step = _REST

    def count(self, request: AWSPreparedRequest) -> None:
        """Note a request."""
        self.requests.setdefault(self._step, Counter())[kind_of(request)] += 1


def kind_of(request: AWSPreparedRequest) -> str:
    """Say what kind of request it is, as a bill does, and on which condition it puts."""
    method = str(request.method)
    if method == "GET" and "list-type=2" in request.url:
        return "LIST"
    if method == "PUT":
        return next((f"PUT if {word}" for name, word in _CONDITIONS.items() if name in request.headers), "PUT")
    return "DELETE" if method == "POST" else method


_CONDITIONS = {"If-None-Match": "absent", "If-Match": "same"}


@contextmanager
def counted(steps: Steps) -> Iterator[None]:
    """Count what botocore sends."""
    send = URLLib3Session.send

    def sent(session: URLLib3Session, request: AWSPreparedRequest) -> object:
        steps.count(request)
        return send(session, request)

    with patch.object(URLLib3Session, "send", sent):
        yield


def touch(folder: Path) -> None:
    """Deliver an observation anew: its files packed in another way."""
    for path in folder.rglob("FS*.gz"):
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=1))


def night(what: str, settings: Settings, select: Select) -> Row:
    """Run a campaign and print what it asked for; return how many requests that is for an observation."""
    steps, begin = Steps(), time.perf_counter()
    with counted(steps), turn(settings, what, print):
        result = run(settings, select, Inline(settings), steps)
    seconds = time.perf_counter() - begin
    steps.seconds[_REST] = seconds - steps.seconds.total()
    merged = sum(not one.merge.reused for one in result.merges)
    about = f"{len(result.todo)} of {len(result.asked)} reduced, {merged} of {len(result.merges)} sources merged"
    table = Table("step", *_KINDS, "all", "s", title=f"{what}: {about}")
    whole = Counter[str]()
    for step in ("query", "survey", "shard", "merge", "front", _REST):
        told = steps.requests.get(step, Counter())
        whole.update(told)
        table.add_row(step, *(str(told[kind]) for kind in _KINDS), str(told.total()), f"{steps.seconds[step]:.1f}")
    table.add_row("all", *(str(whole[kind]) for kind in _KINDS), str(whole.total()), f"{seconds:.1f}")
    Console(width=120).print(table)
    return Row(f"requests to a bucket for an observation: {what}", whole.total() / len(result.asked), "")


@contextmanager
def bucket(folder: Path) -> Iterator[str]:
    """Give the URL of a store on a server of this machine."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true"}
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, folder / "moto.log", port):
        endpoint = f"http://127.0.0.1:{port}"
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=_CLIENT)
        client.create_bucket(Bucket="rossi")
        yield f"s3://rossi/run?endpoint={endpoint}"


def rows(observations: int = 200, sources: int = 6, changed_part: float = 0.01) -> Iterator[Row]:
    """Do as the module's text says."""
    with tempfile.TemporaryDirectory() as name, bucket(Path(name)) as store:
        root = Path(name)
        with redirect_stdout(StringIO()):
            simulate(root / "archive", observations, sources)
        folders = sorted((root / "archive").glob("AO*/P*/*"))
        campaign = {"shard_size": 200, "workers": 1}
        settings = load_settings(root / "archive" / "rossi.toml", {"store": store, "campaign": campaign})
        yield night("the first night", settings, everything)
        yield night("nothing has changed", settings, changed)
        for folder in folders[:: max(1, round(observations / max(1, round(observations * changed_part))))]:
            touch(folder)
        yield night("a part has changed", settings, changed)


if __name__ == "__main__":
    script(rows)
