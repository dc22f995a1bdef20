import subprocess
import sys
from types import SimpleNamespace
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from rossi.errors import ConfigError
from services.storage import StoreError, open_store
from services.storage.s3 import _CLIENT, _meaning
from tests.conftest import LONG
from tests.servers.tap import serving
from tests.servers.unconditional import Unconditional
from tests.services.conftest import KEY_ID, SECRET
from tests.services.storage.servers.conformance import MARKS, StoreConformance

pytestmark = pytest.mark.usefixtures("credentials")


def bucket_at(endpoint):
    keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=_CLIENT, **keys)
    name = f"rossi-{uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    return name


class S3Conformance(StoreConformance):
    """Tests of one server, whose URL is the fixture `endpoint`."""

    #: Letters and digits are alike to servers.
    characters = StoreConformance.characters if LONG else f"aZ0{MARKS}"
    #: Of the store's URL, behind that of the server.
    more = ""

    @pytest.fixture(scope="class")
    @classmethod
    def bucket(cls, endpoint):
        return bucket_at(endpoint)

    @pytest.fixture
    def url(self, endpoint, bucket):
        """A folder of its own in the bucket of all."""
        return f"s3://{bucket}/{uuid4().hex}?endpoint={endpoint}{self.more}"

    @pytest.fixture
    def store(self, url):
        return open_store(url)

    def test_prefixes_do_not_see_each_other(self, url):
        one, other = open_store(url), open_store(url.replace("?", "2?", 1))
        one.put("a/b", b"1")
        assert other.head("a/b") is None
        assert other.put("a/b", b"2")
        assert one.get("a/b") == b"1"
        assert [info.key for info in one.list()] == ["a/b"]

    def test_first_write_overwrites_nothing(self, url):
        open_store(url).put("a", b"first")
        fresh = open_store(url)  # has not found out yet what the server does
        assert not fresh.put("a", b"second")
        assert fresh.put("b", b"third")
        assert not fresh.put("a", b"fourth")
        assert fresh.get("a") == b"first"

    def test_whether_conditions_are_honoured_is_found_out(self, store):
        store.put("a", b"1")
        assert store._honours_condition is self.one_winner

    def test_pages(self, store):
        def two_at_a_time(params, **_):
            params["MaxKeys"] = 2

        store._client.meta.events.register("before-parameter-build.s3.ListObjectsV2", two_at_a_time)
        for n in range(5):
            store.put(f"p/{n}", b"")
            store.put(f"q/{n}/1", b"")
        assert [info.key for info in store.list("p/")] == [f"p/{n}" for n in range(5)]
        assert [info.key for info in store.list("q/")] == [f"q/{n}/1" for n in range(5)]
        assert store.occupied("q", ["0", "00", "3", "4", "5"]) == {"0", "3", "4"}

    @pytest.mark.long
    def test_more_than_a_page_of_a_listing(self, store):
        """One of a thousand; in `test_pages` two are a page."""
        super().test_more_than_a_page_of_a_listing(store)

    def test_browsers_are_told_what_a_page_is(self, store):
        for name in ("report.html", "report-0.js", "all.svg"):
            store.put(name, b"1")
            store.put_contents([(f"again/{name}", b"1")])
        kinds = {}
        for info in store.list():
            answer = store._client.head_object(Bucket=store._bucket, Key=store._key(info.key))
            kinds.setdefault(info.key.rpartition(".")[2], set()).add(answer["ContentType"].partition(";")[0])
        assert kinds["html"] == {"text/html"}
        assert kinds["js"] <= {"text/javascript", "application/javascript"}
        assert kinds["svg"] == {"image/svg+xml"}

    def test_servers_without_batches(self, store, monkeypatch):
        """Google's and older ones know no DeleteObjects, others want another check sum with it."""
        store.put("k/1", b"1")
        store.put("k/2", b"2")

        def unknown(**_):
            answer = {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}
            raise ClientError(answer, "DeleteObjects")

        monkeypatch.setattr(store._client, "delete_objects", unknown)
        store.delete_all(["k/1", "k/absent"])
        assert [info.key for info in store.list()] == ["k/2"]

    def test_no_such_bucket(self, url):
        store = open_store(url.replace("s3://rossi-", "s3://absent-"))
        with pytest.raises(ConfigError, match="bucket"):
            store.put("a", b"")

    def test_no_credentials(self, url, monkeypatch):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(ConfigError, match="no credentials"):
            open_store(url).put("a", b"")
        with pytest.raises(ConfigError, match="no credentials"):
            open_store(url).delete_all(["a"])


class WithCredentials:
    """A server that checks who asks."""

    def test_wrong_credentials(self, url, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
        with pytest.raises(ConfigError, match="credentials") as caught:
            open_store(url).put("a", b"")
        assert "wrong-secret" not in str(caught.value)


class TestMoto(S3Conformance):
    more = "&region=us-east-1"

    @pytest.fixture(scope="class")
    @classmethod
    def endpoint(cls, moto_endpoint):
        return moto_endpoint


class TestRclone(S3Conformance, WithCredentials):
    one_winner = False

    @pytest.fixture(scope="class")
    @classmethod
    def endpoint(cls, rclone_endpoint):
        return rclone_endpoint


class TestCeph(S3Conformance, WithCredentials):
    @pytest.fixture(scope="class")
    @classmethod
    def endpoint(cls, ceph_endpoint):
        return ceph_endpoint


class TestWithoutConditions(S3Conformance, WithCredentials):
    """A server that does not even take a request with If-None-Match."""

    one_winner = False
    #: Reading is the same server's as above.
    test_more_than_a_page_of_a_listing = test_readers_see_what_was_before_a_swap_or_after = None

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, rclone_endpoint):
        with serving(Unconditional(rclone_endpoint)) as server:
            yield server

    @pytest.fixture(scope="class")
    @classmethod
    def endpoint(cls, server):
        return server.url

    def test_it_is_asked_once(self, store, server):
        server.refused = 0
        for n in range(3):
            assert store.put(f"a/{n}", b"1")
            assert store.put_contents([(f"c/{n}", b"1")]) == [True]
        assert server.refused == 1
        assert not store.put("a/0", b"2")
        assert store.get("a/0") == b"1"


def test_unreachable_server():
    with pytest.raises(StoreError, match="can't be reached"):
        open_store("s3://bucket?endpoint=http://127.0.0.1:9").put("a", b"")


@pytest.mark.parametrize(
    "url",
    [
        "s3://user:hunter2@bucket/prefix",
        "s3://bucket?endpoint=http://user:hunter2@host:9000",
        "s3://bucket?secret_key=hunter2",
        "s3://bucket?endpoint=hunter2",
        "s3://",
        "s3://bucket/../other",
    ],
)
def test_urls_that_make_no_sense(url):
    with pytest.raises(ConfigError) as caught:
        open_store(url)
    if "endpoint=hunter2" not in url:
        assert "hunter2" not in str(caught.value)


def test_local_stores_do_not_need_boto3(tmp_path):
    code = f"import sys; from services.storage import open_store; open_store({str(tmp_path)!r}).put('a', b'');"
    subprocess.run([sys.executable, "-c", f"{code} sys.exit('boto3' in sys.modules)"], check=True)


@pytest.mark.parametrize(
    ("code", "status"),
    [("XMinioStorageFull", 507), ("507", 507), ("XMinioAdminBucketQuotaExceeded", 400), ("QuotaExceeded", 403)],
)
def test_a_full_store_is_told_as_that(code, status):
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = _meaning(ClientError(answer, "PutObject"), "s3://bucket/run/a", "bucket")
    assert isinstance(error, StoreError)
    assert str(error).startswith(f"s3://bucket/run/a: the store is full ({code}); make room there")


def test_a_server_that_does_not_say_whether_a_listing_is_cut():
    store = open_store("s3://bucket/run?endpoint=http://127.0.0.1:1")
    pages = [
        {"CommonPrefixes": [{"Prefix": "run/a/"}], "NextContinuationToken": "t"},
        {"Contents": [{"Key": "run/c/x"}]},
    ]
    store._client = SimpleNamespace(list_objects_v2=lambda **_: pages.pop(0))
    assert store.occupied("", ["a", "b", "c"]) == {"a", "c"}
    assert pages == []
