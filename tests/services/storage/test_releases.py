"""Readers take whole products of one run, whatever is published, gone back to or damaged meanwhile."""

import json
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import boto3
import pytest

from rossi.errors import ConfigError, DataError
from services.storage import open_store, releases
from services.storage.memory import MemoryStore
from services.storage.outputs import read_outputs
from services.storage.publication import read_manifest
from services.storage.releases import (
    CURRENT,
    absent,
    current_name,
    current_release,
    list_releases,
    make_current,
    publish_release,
    read_release,
    stages_of,
)
from services.storage.s3 import _CLIENT
from services.storage.verification import verify
from tests.servers.process import free_port, running
from tests.services.storage.faults import Fault, FaultyStore, Killed
from tests.services.storage.history import Aged, Archive
from tests.services.storage.servers.conformance import _status
from tests.services.storage.test_s3_store import bucket_at

ROOT = Path(__file__).parents[3]


@pytest.fixture
def archive():
    return Archive(Aged(MemoryStore()), data={"20402-01-45-03": 0, "20402-01-45-04": 0})


def read_all(store, prefix="run"):
    """Everything that a reader finds who follows ``current``: keys of manifests, each with whole outputs."""
    release = current_release(store, prefix)
    if release is None:
        return None
    keys = [f"{prefix}/{source.merge}" for source in release.sources]
    keys += [key for source in release.sources for key in stages_of(store, prefix, source)]
    for key in keys:
        manifest = read_manifest(store, key)
        for record in manifest.outputs:
            assert read_outputs(store, key, manifest, record.output)
    return sorted(keys)


def test_a_run_publishes_what_it_made(archive):
    release, keys = archive.run()
    store = archive.store
    assert list_releases(store, "run") == [release.name] == [current_name(store, "run")]
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{8}", release.name)
    (source,) = read_release(store, "run", release.name).sources
    assert (source.name, source.slug, source.observations) == ("All", "all", 2)
    assert source.size == sum(r.size for r in read_manifest(store, keys[0]).outputs)
    assert [store.head(f"run/{source.folder}/{name}").size for name in source.files] == [source.size]
    assert read_all(store) == sorted(keys)
    assert verify(store, "run").problems == ()
    assert verify(store, "run").stray == 0


def test_what_has_not_changed_is_not_published_again(archive):
    first, _ = archive.run()
    assert archive.run()[0] == first
    archive.data["20402-01-45-03"] = 1
    second, _ = archive.run()
    assert second.name > first.name  # though it is the same second
    archive.data["20402-01-45-03"] = 0
    third, _ = archive.run()
    assert third.sources == first.sources
    assert list_releases(archive.store, "run") == [first.name, second.name, third.name]
    assert current_name(archive.store, "run") == third.name


def test_going_back_and_forth(archive):
    first, old = archive.run()
    archive.data["20402-01-45-03"] = 1
    second, new = archive.run()
    assert read_all(archive.store) == sorted(new)
    assert make_current(archive.store, "run", first.name) == first
    assert read_all(archive.store) == sorted(old)
    assert archive.run()[0] == second  # nothing has changed, so it stays as somebody wanted it
    assert current_name(archive.store, "run") == first.name
    make_current(archive.store, "run", second.name)
    assert read_all(archive.store) == sorted(new)
    with pytest.raises(ConfigError, match=r"no release 'yesterday'.*rossi releases"):
        make_current(archive.store, "run", "yesterday")
    archive.store.delete(old[1])
    with pytest.raises(DataError, match=r"names it, but it is not in the store \(1 such"):
        make_current(archive.store, "run", first.name)
    assert current_name(archive.store, "run") == second.name


def test_a_source_of_many_observations_has_a_document_of_its_own(archive, monkeypatch):
    monkeypatch.setattr(releases, "MOST_NAMED", 3)
    release, keys = archive.run()
    (source,) = release.sources
    assert source.stages == ()
    assert sorted(stages_of(archive.store, "run", source)) == sorted(keys[1:])
    assert absent(archive.store, "run", release) == []
    assert archive.run()[0] == release
    assert read_all(archive.store) == sorted(keys)
    assert verify(archive.store, "run").problems == ()
    archive.store.delete(f"run/{source.products}")
    with pytest.raises(DataError, match="the object is missing though a release names it"):
        stages_of(archive.store, "run", source)
    assert "a release names it" in verify(archive.store, "run").problems[0].message


def test_two_that_publish_at_once(archive):
    """Both releases are there, and readers take one of them; in the end the later."""
    archive.run()
    _, keys = archive.run(publish=False)

    def publish(number):
        manifest = read_manifest(archive.store, keys[0])
        source = releases.source_of(archive.store, "run", "All", "all", (keys[0], manifest), number, keys[1:])
        return publish_release(archive.store, "run", [source]).name

    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(publish, range(4)))
    assert names <= set(list_releases(archive.store, "run"))
    assert current_name(archive.store, "run") in names
    assert verify(archive.store, "run").problems == ()


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.LOST, Fault.DELAY, Fault.TWICE, Fault.KILL, Fault.KILL_AFTER])
def test_every_fault_at_every_request(fault, monkeypatch):
    """Readers see the products of before or the new ones, and the next run publishes what this one could not."""
    monkeypatch.setattr(releases, "MOST_NAMED", 3)
    at = 0
    while True:
        archive = Archive(Aged(MemoryStore()), data={"20402-01-45-03": 0, "20402-01-45-04": 0})
        _, old = archive.run()
        archive.data["20402-01-45-03"] = 1
        _, new = archive.run(publish=False)
        mine, store = archive.store, archive.store
        faulty = FaultyStore(mine, at, fault, meanwhile=lambda a=archive, n=new: a.publish(n[0], n[1:]))
        archive.store = faulty
        faulty.now = mine.now
        with suppress(Killed, releases.StoreError):
            archive.publish(new[0], new[1:])
        if not faulty.hit:
            break
        assert read_all(store) in (sorted(old), sorted(new))
        assert verify(store, "run").problems == ()
        archive.store = mine
        archive.publish(new[0], new[1:])
        assert read_all(store) == sorted(new)
        assert len(list_releases(store, "run")) == 2
        at += 1
    assert at >= 7


@pytest.mark.parametrize("change", [lambda d: d[:-30], lambda d: d.replace(b"All", b"Ale"), lambda d: b""])
def test_damaged_documents_are_found_and_told(archive, change):
    release, _ = archive.run()
    store, key = archive.store, f"run/releases/{release.name}.json"
    damaged = change(store.get(key))
    store.delete(key)
    store.put(key, damaged)
    with pytest.raises(DataError, match=r"releases/.*rossi verify --remove"):
        current_release(store, "run")
    (problem,) = verify(store, "run").problems
    assert problem.keys == (key,)
    store.delete(key)
    (problem,) = verify(store, "run").problems
    assert problem.keys == (f"run/{CURRENT}",)
    store.delete(f"run/{CURRENT}")
    assert verify(store, "run").problems == ()
    assert read_all(store) is None
    archive.run()
    assert read_all(store)


def test_a_damaged_pointer_is_replaced(archive):
    release, _ = archive.run()
    archive.store.delete(f"run/{CURRENT}")
    archive.store.put(f"run/{CURRENT}", b"{}")
    with pytest.raises(DataError, match=r"current\.json: not a document"):
        current_release(archive.store, "run")
    assert verify(archive.store, "run").problems[0].keys == (f"run/{CURRENT}",)
    make_current(archive.store, "run", release.name)
    assert current_release(archive.store, "run") == release


def test_what_a_release_names_and_is_missing_is_found(archive):
    _, keys = archive.run()
    archive.store.delete(keys[2])
    assert any("releases/" in p.message and keys[2] in p.message for p in verify(archive.store, "run").problems)


def test_readers_never_meet_some_of_two_runs(tmp_path):
    """A reader follows `current` again and again while runs publish."""
    archive = Archive(Aged(open_store(str(tmp_path))), data={f"20402-01-45-0{n}": 0 for n in range(3)})
    whole = [sorted(archive.run()[1])]

    def read():
        seen = []
        while not seen or len(whole) < 8:
            seen.append(read_all(archive.store))
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for night in range(1, 8):
            archive.data["20402-01-45-01"] = night
            _, keys = archive.run(publish=False)
            archive.publish(keys[0], keys[1:])
            whole.append(sorted(keys))
        seen = [keys for reader in readers for keys in reader.result()]
    assert all(keys in whole for keys in seen)


def follow(address):
    """What somebody finds without rossi who knows the address of a prefix: names of files, and their content."""

    def get(path):
        with urllib.request.urlopen(f"{address}/{path}") as answer:
            return answer.read()

    release = json.loads(get(json.loads(get(CURRENT))["path"]))
    return {name: get(f"{one['folder']}/{name}") for one in release["sources"] for name in one["files"]}


def test_a_folder_is_read_over_plain_http(tmp_path):
    archive = Archive(Aged(open_store(str(tmp_path / "store"))), data={"20402-01-45-03": 0})
    archive.run()
    port = free_port()
    command = ["python", "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(tmp_path / "store"), str(port)]
    with running(command, tmp_path / "log", port):
        assert follow(f"http://127.0.0.1:{port}/run").keys() == {"merge.txt"}


@pytest.mark.usefixtures("credentials")
def test_a_public_bucket_is_read_over_plain_http(open_rclone_endpoint):
    bucket = bucket_at(open_rclone_endpoint)
    store = open_store(f"s3://{bucket}/x?endpoint={open_rclone_endpoint}&region=us-east-1")
    archive = Archive(Aged(store), data={"20402-01-45-03": 0})
    archive.run()
    archive.data["20402-01-45-03"] = 1
    _, keys = archive.run()
    found = follow(f"{open_rclone_endpoint}/{bucket}/x/run")
    assert found["merge.txt"].endswith(keys[0].split("/")[-2].encode())


@pytest.mark.usefixtures("credentials")
def test_the_policy_in_the_documentation(ceph_endpoint):
    """What it names can be read by everybody, and nothing else."""
    bucket = bucket_at(ceph_endpoint)
    client = boto3.client("s3", endpoint_url=ceph_endpoint, region_name="us-east-1", config=_CLIENT)
    text = re.search(r"```json\n(.*?)```", (ROOT / "docs/howto/stores.md").read_text(), re.DOTALL)[1]
    client.put_bucket_policy(Bucket=bucket, Policy=text.replace(":::rossi/", f":::{bucket}/"))
    archive = Archive(Aged(open_store(f"s3://{bucket}?endpoint={ceph_endpoint}")), data={"20402-01-45-03": 0})
    archive.run()
    address = f"{ceph_endpoint}/{bucket}"
    assert follow(f"{address}/run").keys() == {"merge.txt"}
    archive.store.put("run/lease.json", b"{}")
    denied = {info.key.split("/")[1] for info in archive.store.list() if _status(f"{address}/{info.key}") == 403}
    assert denied == {"query", "products", "lease.json"}
    assert _status(f"{address}/") == 403
