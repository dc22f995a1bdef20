"""How long a catalogue of 100,000 observations takes, and how fast an archive elsewhere is read.

    python -m tests.benchmarks.bench_query [--catalogued 100000] [--objects 2000] [--size 300000]

The catalogue is a TAP service on this machine, in a process of its own; its rows are paged, counted, and written as
ECSV, Parquet and figure. The archive is an S3 server on this machine (rclone), whose objects are read through the
archive source (comparison with size, ETag and MD5) and with boto3 alone, with the same number of threads: into memory,
and into files on disk.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import boto3

from services.query.catalogue import look_up
from services.query.config import QueryConfig
from services.query.stage import outputs
from services.storage import CacheConfig, open_archive
from services.storage.s3 import _CLIENT
from services.storage.transfer import REQUESTS
from tests.benchmarks.table import Row, script

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "public"


@contextmanager
def tap_service(rows: int) -> Iterator[str]:
    """Run a TAP service in a process of its own."""
    command = [sys.executable, "-m", "tests.servers.tap", "--rows", str(rows)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


@contextmanager
def s3_service(folder: Path) -> Iterator[str]:
    """Run an S3 server over a folder."""
    binary = shutil.which("rclone", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(binary), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--vfs-cache-mode", "off", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "RCLONE_CONFIG": os.devnull})
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def catalogue(rows: int) -> Iterator[Row]:
    with tap_service(rows) as url:
        start, cpu = time.perf_counter(), time.process_time()
        work = look_up(QueryConfig(service=url))
        made = outputs(work)
        used = time.process_time() - cpu
    assert len(work.rows) == rows
    size = sum(len(file.data) for group in made.files.values() for file in group)
    assert size
    yield Row(f"catalogue, {rows} rows: paged, checked and written", used, "s CPU", "allowed", 5.0, 1)
    yield Row(f"catalogue, {rows} rows: the answer of a server of this machine included", time.perf_counter() - start)


def bare(endpoint: str, keys: list[str]) -> float:
    """Read objects with boto3 alone."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=_CLIENT)
    start = time.perf_counter()
    with ThreadPoolExecutor(REQUESTS) as threads:
        for _ in threads.map(lambda key: len(client.get_object(Bucket=BUCKET, Key=key)["Body"].read()), keys):
            pass
    return time.perf_counter() - start


def downloaded(endpoint: str, keys: list[str], folder: Path) -> float:
    """Copy objects to files with boto3 alone."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=_CLIENT)
    folder.mkdir()
    start = time.perf_counter()
    with ThreadPoolExecutor(REQUESTS) as threads:
        for _ in threads.map(lambda key: client.download_file(BUCKET, key, str(folder / key.replace("/", "-"))), keys):
            pass
    return time.perf_counter() - start


def source(endpoint: str, number: int, cache: CacheConfig | None) -> float:
    """Read objects through the archive source."""
    archive = open_archive(f"s3://{BUCKET}?endpoint={endpoint}", cache)
    files = archive.list("AO1")
    start = time.perf_counter()
    for first in range(0, number, 500):
        archive.fetch_many(files[first : first + 500])
    return time.perf_counter() - start


def archive(objects: int, size: int, rounds: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = folder / "data" / BUCKET / "AO1"
        place.mkdir(parents=True)
        block = os.urandom(size)
        for n in range(objects):
            (place / f"{n:05d}").write_bytes(n.to_bytes(8) + block[8:])
        keys = [f"AO1/{n:05d}" for n in range(objects)]
        with s3_service(folder / "data") as endpoint:
            bare(endpoint, keys[: objects // 10])  # warm
            alone, plain, files, kept = [], [], [], []
            for _ in range(rounds):  # by turns, as the machine is not always equally busy
                alone.append(bare(endpoint, keys))
                plain.append(source(endpoint, objects, None))
                files.append(downloaded(endpoint, keys, folder / "files"))
                shutil.rmtree(folder / "files")
                kept.append(source(endpoint, objects, CacheConfig(folder=str(folder / "cache"))))
                shutil.rmtree(folder / "cache")
    what = f"archive, {objects} objects of {size // 1000} kB"
    yield Row(f"{what}: read", min(plain), "s", "boto3 into memory", min(alone))
    yield Row(f"{what}: read, copies kept on disk", min(kept), "s", "boto3's download_file", min(files))


def rows(catalogued: int = 100_000, objects: int = 2000, size: int = 300_000, rounds: int = 2) -> Iterator[Row]:
    """Return what a catalogue and an archive take."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    yield from catalogue(catalogued)
    yield from archive(objects, size, rounds)


if __name__ == "__main__":
    script(rows)
