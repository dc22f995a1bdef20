"""Archives elsewhere: one suite for S3 servers and a web server, then what can go wrong with each."""

import hashlib
import os
import threading
from dataclasses import replace
from uuid import uuid4

import boto3
import pytest
from urllib3 import HTTPConnectionPool

from rossi.errors import ConfigError, DataError
from services.storage import CacheConfig, StoreError, open_archive
from services.storage.archive import ArchiveFile
from services.storage.places import candidates
from services.storage.remote_s3 import address
from services.storage.s3 import _CLIENT
from services.storage.s3_url import parse_s3_url
from services.storage.web import _RETRY
from tests.servers.tap import serving
from tests.servers.web import WebServer
from tests.services.conftest import FOLDER, KEY_ID, SECRET, TREE

STD2 = f"{FOLDER}/pca/FS4a_6f06220-6f066d0.gz"
FILTER = f"{FOLDER}/stdprod/x20402014503.xfl.gz"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Pauses are as short as they can be."""
    monkeypatch.setattr("services.storage.remote._PAUSE", 0.001)
    monkeypatch.setattr("services.storage.web._RETRY", _RETRY.new(backoff_factor=0.0001, backoff_jitter=0.0))


def fill(endpoint, tree, prefix="pub/archive"):
    """Put the tree into a new bucket; return its name."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        config=_CLIENT,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    bucket = f"public-{uuid4().hex[:10]}"
    client.create_bucket(Bucket=bucket, ACL="public-read")
    for name in TREE:
        client.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=(tree / name).read_bytes(), ACL="public-read")
    return bucket


class ArchiveConformance:
    """What holds for every archive."""

    @pytest.fixture
    def archive(self, url):
        return open_archive(url)

    def test_directories(self, archive):
        assert archive.directories("") == ("AO10", "AO2")
        assert archive.directories("AO2/P20402") == ("20402-01-45-03", "20402-01-45-03S")
        assert archive.directories("AO2/P20402/") == archive.directories("AO2/P20402")
        assert archive.directories("AO3") == ()

    def test_listing(self, archive):
        found = archive.list(f"{FOLDER}/")
        assert [file.path for file in found] == sorted(name for name in TREE if name.startswith(f"{FOLDER}/"))
        assert archive.list("AO3") == []
        assert [f.size for f in archive.identify(found)] == [TREE[f.path] for f in found]

    def test_contents(self, archive, tree):
        files = archive.identify(archive.list("AO2"))
        for file, data in zip(files, archive.fetch_many(files), strict=True):
            assert data == (tree / file.path).read_bytes()
        assert archive.fetch(STD2) == (tree / STD2).read_bytes()
        assert archive.fetch("AO10/P91401/91401-02-03-00/FMI") == b""

    def test_identity(self, archive, url):
        one, other = archive.identify(archive.list(f"{FOLDER}/pca"))
        assert one.identity
        assert one.identity != other.identity
        assert open_archive(url).identify([ArchiveFile(one.path, -1)]) == [one]

    def test_missing(self, archive):
        with pytest.raises(DataError, match="AO2/none"):
            archive.fetch("AO2/none")
        with pytest.raises(DataError, match="not there any more"):
            archive.fetch_many([ArchiveFile("AO2/none", 10, "etag:x")])

    def test_an_archive_that_changed(self, archive):
        (file,) = archive.identify([f for f in archive.list(FOLDER) if f.path == STD2])
        with pytest.raises(StoreError, match="the listing says etag:other, the server sent etag:"):
            archive.fetch_many([ArchiveFile(file.path, file.size, "etag:other")])
        with pytest.raises(StoreError, match="300000 bytes arrived, the listing says 300001"):
            archive.fetch_many([ArchiveFile(file.path, 300_001, file.identity)])

    def test_beginnings(self, archive, tree, url, tmp_path):
        files = archive.list(FOLDER)
        found = archive.beginnings(files, 1000)
        assert found == [(tree / file.path).read_bytes()[:1000] for file in files]
        assert archive.transferred == sum(map(len, found)) < sum(TREE[file.path] for file in files)
        assert archive.beginnings([ArchiveFile("AO10/P91401/91401-02-03-00/FMI", -1)], 1000) == [b""]
        with pytest.raises(DataError, match="AO2/none"):
            archive.beginnings([ArchiveFile("AO2/none", -1)], 1000)
        kept = [open_archive(url, CacheConfig(folder=str(tmp_path))) for _ in range(3)]
        files = archive.identify(files)
        kept[0].fetch_many(files[:2])
        assert kept[1].beginnings(files, 1000) == kept[2].beginnings(files, 1000) == found
        assert kept[1].transferred == sum(map(len, found[2:]))
        assert kept[2].transferred == 0

    def test_copies(self, url, tmp_path, tree):
        cache = CacheConfig(folder=str(tmp_path))
        first, second = open_archive(url, cache), open_archive(url, cache)
        files = first.identify(first.list(FOLDER))
        assert first.fetch_many(files) == second.fetch_many(files)
        assert first.transferred == sum(file.size for file in files)
        assert second.transferred == 0

    def test_from_many_threads(self, archive, tree):
        names = [name for name in TREE if name.startswith(FOLDER)] * 10
        problems = []

        def fetch(name):
            if archive.fetch(name) != (tree / name).read_bytes():
                problems.append(name)

        threads = [threading.Thread(target=fetch, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not problems


class S3Conformance(ArchiveConformance):
    def test_nothing_is_ever_signed(self, archive, credentials, monkeypatch):
        sent, send = [], HTTPConnectionPool.urlopen

        def urlopen(pool, method, url, **options):
            sent.append((method, {name.lower() for name in options["headers"]}))
            return send(pool, method, url, **options)

        monkeypatch.setattr(HTTPConnectionPool, "urlopen", urlopen)
        archive.list("AO2")
        archive.fetch(STD2)
        assert [method for method, _ in sent] == ["GET", "HEAD", "GET"]
        assert not any("authorization" in headers for _, headers in sent)

    def test_pages(self, archive, monkeypatch):
        page = archive.remote._page
        monkeypatch.setattr(archive.remote, "_page", lambda options: page({"max-keys": "2"} | options))
        assert len(archive.list("")) == len(TREE)
        assert archive.directories("AO2/P20402") == ("20402-01-45-03", "20402-01-45-03S")

    @pytest.mark.parametrize("token", ["", "the same"])
    def test_a_listing_that_stops_in_the_middle(self, archive, monkeypatch, token):
        page = archive.remote._page
        monkeypatch.setattr(
            archive.remote,
            "_page",
            lambda options: replace(page({"prefix": options["prefix"]}), is_truncated=True, token=token),
        )
        with pytest.raises(StoreError, match="the listing stops in the middle"):
            archive.list(FOLDER)

    def test_no_such_bucket(self, url):
        archive = open_archive(url.replace("s3://public-", "s3://absent-"))
        with pytest.raises(ConfigError, match="no bucket 'absent-"):
            archive.list("AO2")


class TestMoto(S3Conformance):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, moto_endpoint, tree):
        return f"s3://{fill(moto_endpoint, tree)}/pub/archive?endpoint={moto_endpoint}"

    def test_the_md5_is_compared(self, archive, tree):
        (file,) = archive.identify([ArchiveFile(STD2, -1)])
        assert file.identity == f"etag:{hashlib.md5((tree / STD2).read_bytes()).hexdigest()}"
        whole = archive.remote.read

        def flipped(path, start, size):
            content = whole(path, start, size)
            data = bytes([content.data[0] ^ 1]) + content.data[1:]
            return type(content)(data, content.start, content.identity, content.md5)

        archive.remote.read = flipped
        with pytest.raises(StoreError, match="does not have the MD5"):
            archive.fetch_many([file])

    def test_either_name_of_the_archive_is_found(self, moto_endpoint, tree):
        bucket = fill(moto_endpoint, tree, "xte/data/archive")
        for name in ("rxte", "xte"):
            archive = open_archive(f"s3://{bucket}/{name}/data/archive?endpoint={moto_endpoint}")
            assert archive.fetch(STD2) == (tree / STD2).read_bytes()
            assert archive.remote.url == f"s3://{bucket}/xte/data/archive"
        empty = open_archive(f"s3://{bucket}/x/xte/data/archive?endpoint={moto_endpoint}")
        with pytest.raises(ConfigError, match=r"There is no archive at .* nor at"):
            empty.list("AO2")


class TestRclone(S3Conformance):
    """A server that gives another's ETag than an MD5 may, and reads without credentials."""

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, open_rclone_endpoint, tree):
        return f"s3://{fill(open_rclone_endpoint, tree)}/pub/archive?endpoint={open_rclone_endpoint}"


class TestCeph(S3Conformance):
    """The strictest server: a bucket may be listed, and an object read, only because their ACLs say so."""

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, ceph_endpoint, tree):
        return f"s3://{fill(ceph_endpoint, tree)}/pub/archive?endpoint={ceph_endpoint}"


def test_a_bucket_that_is_not_public(rclone_endpoint, tree):
    bucket = fill(rclone_endpoint, tree)
    with pytest.raises(ConfigError, match=r"answers 40. .* without credentials"):
        open_archive(f"s3://{bucket}/pub/archive?endpoint={rclone_endpoint}").list("AO2")


class TestWeb(ArchiveConformance):
    @pytest.fixture
    def url(self, web):
        return web.url

    def test_cut_transfers_go_on_where_they_stopped(self, web, tree):
        archive = open_archive(web.url)
        files = archive.identify([ArchiveFile(FILTER, -1)])
        web.faults.cut[FILTER] = 3
        web.log.clear()
        assert archive.fetch_many(files) == [(tree / FILTER).read_bytes()]
        starts = [int(line.rpartition("=")[2].rstrip("-")) for line in web.log if "bytes=" in line]
        assert len(starts) == 3
        assert starts == sorted(starts)
        assert starts[0] > 0
        assert archive.transferred == TREE[FILTER]

    def test_beginnings_that_break_off(self, web, tree):
        archive = open_archive(web.url)
        web.faults.cut[FILTER] = 2
        assert archive.beginnings([ArchiveFile(FILTER, -1)], 1000) == [(tree / FILTER).read_bytes()[:1000]]
        web.faults.cut[FILTER] = 100
        with pytest.raises(StoreError, match="the transfer broke off"):
            archive.beginnings([ArchiveFile(FILTER, -1)], 1000)

    def test_the_beginning_is_all_that_is_asked_for(self, web):
        web.log.clear()
        open_archive(web.url).beginnings([ArchiveFile(FILTER, -1)], 1000)
        assert web.log[-1] == f"GET {FILTER} bytes=0-999"

    def test_beginnings_from_a_server_without_ranges(self, web, tree):
        web.faults.ranges = False
        archive = open_archive(web.url)
        assert archive.beginnings([ArchiveFile(FILTER, -1)], 1000) == [(tree / FILTER).read_bytes()[:1000]]

    def test_a_server_without_ranges(self, web, tree):
        archive = open_archive(web.url)
        files = archive.identify([ArchiveFile(FILTER, -1)])
        web.faults.cut[FILTER], web.faults.ranges = 1, False
        assert archive.fetch_many(files) == [(tree / FILTER).read_bytes()]

    def test_transfers_that_were_given_up_go_on_in_the_next_run(self, web, tree, tmp_path):
        cache = CacheConfig(folder=str(tmp_path))
        archive = open_archive(web.url, cache)
        files = archive.identify([ArchiveFile(FILTER, -1)])
        web.faults.cut[FILTER] = 5
        with pytest.raises(StoreError, match=r"the transfer broke off after \d+ of 3000000 bytes"):
            archive.fetch_many(files)
        again = open_archive(web.url, cache)
        assert again.fetch_many(files) == [(tree / FILTER).read_bytes()]
        assert again.transferred < TREE[FILTER] - archive.transferred + 1

    def test_busy_for_a_moment(self, web):
        web.faults.busy[FOLDER] = 2
        assert open_archive(web.url).list(FOLDER)

    def test_busy(self, web):
        web.faults.busy[FOLDER] = 1000
        with pytest.raises(StoreError, match="answers 503"):
            open_archive(web.url).list(FOLDER)

    def test_a_listing_that_stops_in_the_middle(self, web):
        web.faults.torn.add(f"{FOLDER}/pca")
        with pytest.raises(StoreError, match=r"the listing stops in the middle \(1 names\)"):
            open_archive(web.url).list(FOLDER)

    def test_bytes_that_differ_from_the_listing(self, web):
        archive = open_archive(web.url)
        files = archive.identify([ArchiveFile(STD2, -1)])
        web.faults.other[STD2] = b"something else"
        with pytest.raises(StoreError, match="14 bytes arrived, the listing says 300000"):
            archive.fetch_many(files)

    def test_by_the_proxy_of_the_environment(self, web, tree, monkeypatch):
        monkeypatch.setenv("http_proxy", web.url)
        monkeypatch.setenv("no_proxy", "near.example.org")
        assert open_archive("http://far.example.org").fetch(STD2) == (tree / STD2).read_bytes()
        monkeypatch.setattr("services.storage.web._RETRY", False)
        with pytest.raises(StoreError, match=r"near\.example\.org.*can't be reached"):
            open_archive("http://near.example.org").fetch(STD2)

    def test_no_server(self):
        with pytest.raises(StoreError, match="can't be reached"):
            open_archive("http://127.0.0.1:9/archive").list("AO2")

    def test_a_page_that_is_no_listing(self, tap):
        with pytest.raises(ConfigError, match="does not list directories"):
            open_archive(f"{tap.root}/sesame").list("AO2")

    def test_either_name_of_the_archive_is_found(self, tree, tmp_path):
        (tmp_path / "FTP/xte/data").mkdir(parents=True)
        (tmp_path / "FTP/xte/data/archive").symlink_to(tree)
        with serving(WebServer(tmp_path)) as server:
            for name in ("", "/rxte/data/archive", "/xte/data/archive/"):
                assert open_archive(f"{server.url}/FTP{name}").fetch(f"{FOLDER}/FMI")


@pytest.mark.parametrize(
    "url", ["s3://user:secret@bucket/x", "s3://bucket/x?key=secret", "https://user:secret@host/x", "gopher://x/y"]
)
def test_urls_that_make_no_sense(url):
    with pytest.raises(ConfigError) as caught:
        open_archive(url)
    assert "secret" not in str(caught.value)


def test_no_s3_server():
    with pytest.raises(StoreError, match=r"can't be reached .* check the network"):
        open_archive("s3://bucket/x?endpoint=http://127.0.0.1:9").list("AO2")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://nasa-heasarc/rxte/data/archive", "https://nasa-heasarc.s3.amazonaws.com"),
        ("s3://mine/a?endpoint=http://127.0.0.1:9/&region=eu-west-1", "http://127.0.0.1:9/mine"),
        ("s3://mine/a?region=eu-west-1", "https://mine.s3.eu-west-1.amazonaws.com"),
        ("s3://data.mine.org/a", "https://s3.amazonaws.com/data.mine.org"),
    ],
)
def test_where_objects_are_read(url, expected):
    assert address(parse_s3_url(url)) == expected


def test_where_the_archive_may_be():
    names = [f"s3://nasa-heasarc/{n}/data/archive" for n in ("rxte", "xte")]
    assert list(candidates("s3://nasa-heasarc")) == names
    assert list(candidates(f"{names[1]}/")) == names[::-1]
    assert candidates("s3://bucket/mine") == ("s3://bucket/mine",)
    assert candidates("https://heasarc.gsfc.nasa.gov/FTP")[1].endswith("/FTP/xte/data/archive")


def test_the_region_does_not_matter_to_anonymous_clients(moto_endpoint, tree, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "else")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    archive = open_archive(f"s3://{fill(moto_endpoint, tree)}/pub/archive?endpoint={moto_endpoint}&region=eu-west-1")
    assert archive.fetch(f"{FOLDER}/FMI")
