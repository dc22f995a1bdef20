"""What the store's protocol costs.

    python -m tests.benchmarks.bench_store [--observations 5000]

Publishing: a product set of three files and its manifest, as a worker publishes it, against four bare puts of the same
bytes, on a directory and on S3 servers of this machine. Finished: how long a campaign of finished observations takes to
be recognised as done, on a directory, and what it asks of the store.
"""

import os
import statistics
import tempfile
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3

from rossi.archive import ObsID
from services.contract import File, Outcome, Outputs
from services.execution import worker
from services.execution.request import Shard
from services.storage import open_store
from services.storage.publication import new_manifest, output_key, publish
from services.storage.s3 import _CLIENT
from tests.benchmarks.table import Row, script
from tests.services.conftest import KEY_ID, SECRET, rclone
from tests.services.fakes import install
from tests.services.storage.servers import ceph

SIZES = (400_000, 60_000, 20_000)
REPEATS = 60


def product(number):
    """Three files that nobody has put before."""
    salt = uuid.uuid4().bytes
    outputs = Outputs({"files": tuple(File(f"f{n}", salt + os.urandom(size)) for n, size in enumerate(SIZES))})
    made = new_manifest("bench", "20402-01-45-03", f"{number:064}", {}, [], outputs, 0.1)
    return made, outputs


def ratio(name, store, bare):
    """Time publishing against bare puts, in turn; return the medians."""
    published, puts = [], []
    run = uuid.uuid4().hex
    store.put(f"{run}/warm", b"")
    for number in range(REPEATS):
        made, outputs = product(number)
        base = f"{run}/{number}"
        start = time.perf_counter()
        manifest = publish(store, base, made, outputs.files)
        published.append(time.perf_counter() - start)
        files = [output_key(f"{run}/bare{number}/manifest.json", manifest, r) for r in manifest.outputs]
        document = manifest.model_dump_json(indent=1).encode()
        start = time.perf_counter()
        for key, file in zip(files, outputs.files["files"], strict=True):
            bare(key, file.data)
        bare(f"{run}/bare{number}/manifest.json", document)
        puts.append(time.perf_counter() - start)
    took, reference = statistics.median(published) * 1000, statistics.median(puts) * 1000
    return Row(f"publishing on {name}", took, "ms", "bare puts of the same", reference)


def s3(name, endpoint):
    """Compare on one server."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=_CLIENT)
    bucket = f"bench-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=bucket)
    store = open_store(f"s3://{bucket}?endpoint={endpoint}&region=us-east-1")
    return ratio(name, store, lambda key, data: client.put_object(Bucket=bucket, Key=key, Body=data))


def local(folder):
    """Compare on a directory, against writing and flushing files."""

    def bare(key, data):
        path = folder / "bare" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())

    return ratio("disk", open_store(str(folder / "store")), bare)


def finished(folder, observations):
    """Work a campaign of tiny stages off, then time doing it again."""
    install()
    obsids = [f"{20000 + n // 100:05}-01-{n % 100:02}-00" for n in range(observations)]
    for obsid in obsids:
        path = folder / "archive" / ObsID(obsid).path / "pca"
        path.mkdir(parents=True)
        (path / "1.txt").write_text("banana")
    shards = [
        Shard(
            number=at,
            obsids=tuple(obsids[at : at + 200]),
            stages={"count": {}, "tally": {}, "double": {}, "treble": {}},
            archive=str(folder / "archive"),
            store=str(folder / "finished"),
        )
        for at in range(0, observations, 200)
    ]
    with ThreadPoolExecutor(8) as pool:
        assert all(r.outcome is Outcome.SUCCEEDED for some in pool.map(worker.run_shard, shards) for r in some)
    start = time.process_time()
    results = [result for shard in shards for result in worker.run_shard(shard)]
    seconds = time.process_time() - start
    assert all(result.reused for result in results)
    calls = Counter()
    store = open_store(str(folder / "finished"))
    get = store.get
    store.get = lambda key: calls.update(["get"]) or get(key)
    store.put = lambda *_: calls.update(["put"])
    from services.storage import open_archive

    for obsid in shards[0].obsids:
        worker.run_observation(obsid, shards[0], archive=open_archive(str(folder / "archive")), store=store)
    yield Row(f"{observations} finished observations are recognised", seconds, "s CPU")
    yield Row(
        "requests to the store for a finished observation", calls.total() / len(shards[0].obsids), "", "goal", 1, 1
    )


def rows(observations: int = 5000):
    """Return what the store's protocol costs."""
    os.environ |= {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        yield from finished(folder, observations)
        yield local(folder)
        with rclone(folder, "--auth-key", f"{KEY_ID},{SECRET}") as endpoint:
            yield s3("rclone", endpoint)
        if not ceph.missing():
            (folder / "ceph").mkdir()
            with ceph.gateway(folder / "ceph", KEY_ID, SECRET) as endpoint:
                yield s3("Ceph", endpoint)


if __name__ == "__main__":
    script(rows)
