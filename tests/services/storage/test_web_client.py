"""The one client that reads archives over a network: how long it waits, how much it takes, whom it asks."""

import contextlib
import io
import itertools
import socket
import threading

import pytest

from rossi.errors import ConfigError, DataError
from services.storage import StoreError, open_archive
from services.storage.archive import ArchiveFile
from services.storage.network import proxy_for
from services.storage.pace import _Paced
from services.storage.web import _RETRY, Web
from tests.services.conftest import FOLDER, TREE

STD2 = f"{FOLDER}/pca/FS4a_6f06220-6f066d0.gz"
HEAD = b"HTTP/1.1 200 OK\r\n"


class Raw:
    """A server that answers every request with the same pieces, of which there may be no end; it counts requests."""

    def __init__(self, *pieces):
        self.pieces, self.asked = pieces, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client):
        with client, contextlib.suppress(OSError):
            client.recv(1 << 16)
            self.asked += 1
            for piece in itertools.chain.from_iterable(self.pieces):
                client.sendall(piece)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def raw():
    servers = []

    def start(*pieces):
        servers.append(Raw(*pieces))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Pauses are as short as they can be."""
    monkeypatch.setattr("services.storage.remote._PAUSE", 0.0)
    monkeypatch.setattr("services.storage.web._RETRY", _RETRY.new(backoff_factor=0.0, backoff_jitter=0.0))


@pytest.fixture
def clock(monkeypatch):
    """A clock on which ten seconds pass with every look at it, and nothing that comes is worth a longer wait."""
    monkeypatch.setattr("services.storage.pace._SLOWEST", 1e12)
    monkeypatch.setattr("services.storage.pace.time.monotonic", itertools.count(0.0, 10.0).__next__)


class TestPace:
    """What comes too slowly is given up, however regularly it comes."""

    def test_a_body(self, raw, clock):
        server = raw([HEAD, b"Content-Length: 100000000\r\n\r\n"], itertools.repeat(b"x"))
        with pytest.raises(StoreError, match=r"broke off after \d+ of 100000000 bytes"):
            open_archive(server.url).fetch_many([ArchiveFile(STD2, 100_000_000, "etag:x")])
        assert server.asked == 5

    def test_a_listing(self, raw, clock):
        server = raw([HEAD, b"\r\n"], itertools.repeat(b"<"))
        with pytest.raises(StoreError, match="the listing stops in the middle"):
            open_archive(server.url).list(FOLDER)

    @pytest.mark.parametrize("piece", [b"X", b"X: 1\r\n", b"\r"])
    def test_the_head_of_an_answer(self, raw, clock, piece):
        server = raw([HEAD], itertools.repeat(piece))
        with pytest.raises(StoreError, match="can't be reached"):
            open_archive(server.url).list(FOLDER)

    def test_an_answer_that_only_announces_another(self, raw, clock):
        server = raw(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000))
        with pytest.raises(StoreError, match="can't be reached"):
            open_archive(server.url).list(FOLDER)

    @pytest.mark.parametrize(("piece", "in_time"), [(3000, True), (300, False)])
    def test_a_large_file_over_a_slow_line(self, monkeypatch, piece, in_time):
        """A second for every piece: what keeps coming is waited for, an hour if need be."""

        class Line(io.RawIOBase):
            def readinto(self, buffer):
                return min(piece, len(buffer))

        monkeypatch.setattr("services.storage.pace.time.monotonic", itertools.count(0.0, 1.0).__next__)
        with socket.socket() as unused:
            paced = _Paced(Line(), unused)
            paced.in_body = True
            with contextlib.nullcontext() if in_time else pytest.raises(TimeoutError, match="too slowly"):
                for _ in range(3600):
                    assert paced.readinto(bytearray(4096)) == piece


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        HEAD + b"X: 1\r\n" * 200 + b"\r\n",
        HEAD + b"X" * 70_000,
        HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nx",
        HEAD + b"\r\n<html><h1>Index of</h1><![<![<![</html>",
        HEAD + b"Content-Length: -1\r\n\r\nx",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 70_000,
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz",
        b"HTTP/1.1 301 Moved\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:x/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Moved\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 206 Partial\r\nContent-Length: 3\r\n\r\nxyz",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 999 \x80\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Content-Length: 30\r\n\r\n<?xml version='1.0'?><a>&lt;</a>",
        HEAD + b"Content-Length: 9\r\nETag: " + b"x" * 60_000 + b"\r\n\r\nxyzxyzxyz",
    ],
)
@pytest.mark.parametrize("form", ["{}", "s3://bucket/x?endpoint={}"])
def test_answers_that_make_no_sense(raw, answer, form):
    """Whatever a server says is told in a sentence, to those who ask for a listing, a description and a file."""
    archive = open_archive(form.format(raw([answer]).url))
    for ask in (
        lambda: archive.list(FOLDER),
        lambda: archive.directories(""),
        lambda: archive.identify([ArchiveFile(STD2, -1)]),
        lambda: archive.fetch_many([ArchiveFile(STD2, 2, "etag:a")]),
    ):
        with contextlib.suppress(StoreError, DataError, ConfigError):
            ask()


@pytest.mark.parametrize("form", ["{}", "s3://bucket/x?endpoint={}"])
def test_what_is_no_listing_is_not_waited_for(raw, form):
    server = raw([HEAD + b"Content-Length: 5\r\n\r\nhello"])
    with pytest.raises(ConfigError, match=r"does not list directories|it is no S3 server"):
        open_archive(form.format(server.url)).list(FOLDER)


def test_a_redirection_that_names_the_port(raw):
    web = Web("http://far.example.org")
    seen = []

    def send(method, url, headers):
        seen.append(url)
        return web_answer(301, "http://far.example.org:80/b") if len(seen) == 1 else web_answer(200)

    web._send = send
    assert web.ask("GET", "http://far.example.org/a", lambda answer: answer.status) == 200
    assert seen == ["http://far.example.org/a", "http://far.example.org:80/b"]


def web_answer(status, location=""):
    from urllib3 import HTTPResponse

    return HTTPResponse(b"", {"Location": location} if location else {}, status)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [
        ("", 0.0),
        ("7", 7.0),
        ("86400", 30.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("-5", 0.0),
        ("9" * 5000, 0.0),
        ("soon", 0.0),
        ("Fri, 99 Foo 99999999999 99:99:99 GMT", 0.0),
    ],
)
def test_a_server_that_limits_requests(web, tree, monkeypatch, status, retry_after, waited):
    pauses = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", pauses.append)
    web.faults.busy_status, web.faults.retry_after = status, retry_after
    web.faults.busy[STD2] = 2
    assert open_archive(web.url).fetch(STD2) == (tree / STD2).read_bytes()
    assert {pause for pause in pauses if pause >= 1.0} == ({waited} - {0.0})


class TestRoot:
    """Where nothing is, the root is looked at: an archive that is not there is no archive without observations."""

    @pytest.mark.parametrize("url", ["{}/none", "s3://bucket/x?endpoint={}"])
    def test_one_that_is_not_there(self, web, url):
        url = url.format(web.url)
        for ask in (
            lambda a: a.list(FOLDER),
            lambda a: a.directories(""),
            lambda a: a.directories("AO2"),
            lambda a: a.fetch(STD2),
            lambda a: a.fetch_many([ArchiveFile(STD2, 10, "etag:x")]),
        ):
            with pytest.raises(ConfigError, match=r"[Tt]here is no (archive at .*holds AO1|bucket .*URL)"):
                ask(open_archive(url))

    def test_one_that_goes_away(self, web, tmp_path):
        archive = open_archive(web.url)
        files = archive.identify(archive.list(FOLDER))
        web.root = tmp_path / "unmounted"
        with pytest.raises(StoreError, match=r"was there and is away \(There is no archive"):
            archive.list(FOLDER)
        with pytest.raises(StoreError, match="was there and is away"):
            archive.fetch_many(files)

    def test_a_file_or_an_observation_that_is_not_there(self, web):
        archive = open_archive(web.url)
        assert archive.list("AO2/P20402/20402-01-45-99") == []
        with pytest.raises(DataError, match="there is no such file"):
            archive.fetch(f"{FOLDER}/none")
        assert len(archive.list(FOLDER)) == len([name for name in TREE if name.startswith(f"{FOLDER}/")])

    def test_a_bucket_with_something_else(self, moto_endpoint, credentials):
        import boto3

        client = boto3.client("s3", endpoint_url=moto_endpoint, region_name="us-east-1")
        client.create_bucket(Bucket="something-else")
        client.put_object(Bucket="something-else", Key="README", Body=b"x", ACL="public-read")
        with pytest.raises(ConfigError, match=r"There is no archive at s3://something-else; give the folder"):
            open_archive(f"s3://something-else?endpoint={moto_endpoint}").list(FOLDER)


class TestProxies:
    @pytest.mark.parametrize(
        ("proxy", "said"),
        [
            ("http://u:secret@host:port", "of which the host or the port is none"),
            ("http://u:secret@host:99999", "of which the host or the port is none"),
            ("http://u:secret@[::1", "of which the host or the port is none"),
            ("http://u:secret@host:0", "that makes no sense"),
            ("http://", "that makes no sense"),
            ("socks4://u:secret@host:1080", "of kind socks4"),
            ("u:secret@host:3128", "without http:// or https:// in front"),
        ],
    )
    def test_those_that_can_not_be_used(self, monkeypatch, proxy, said):
        monkeypatch.setenv("https_proxy", proxy)
        with pytest.raises(ConfigError, match=f"HTTPS_PROXY names a proxy {said}") as caught:
            open_archive("https://far.example.org")
        assert "secret" not in str(caught.value)

    def test_a_password_in_any_letters(self, monkeypatch):
        monkeypatch.setenv("https_proxy", "http://us%C3%A9r:%E2%82%AC@host:3128")
        found = proxy_for("https://far.example.org")
        assert found.url == "http://host:3128"
        assert found.headers == {"proxy-authorization": "Basic dXPDqXI64oKs"}

    @pytest.mark.parametrize(
        ("without", "url", "is_direct"),
        [
            ("example.org", "https://far.example.org/x", True),
            (".example.org", "https://far.example.org:8443/x", True),
            ("far.example.org:8443", "https://far.example.org:8443/x", True),
            ("far.example.org:8443", "https://far.example.org/x", False),
            ("*", "https://far.example.org/x", True),
            ("ample.org", "https://far.example.org/x", False),
            ("127.0.0.1, far.example.org", "https://far.example.org", True),
        ],
    )
    def test_hosts_that_need_none(self, monkeypatch, without, url, is_direct):
        monkeypatch.setenv("https_proxy", "http://host:3128")
        monkeypatch.setenv("no_proxy", without)
        assert (proxy_for(url) is None) == is_direct

    def test_a_password_is_in_no_message(self, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://someone:hunter2@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "near.example.org")
        with pytest.raises(StoreError, match="can't be reached") as caught:
            open_archive("https://far.example.org").list(FOLDER)
        assert "hunter2" not in str(caught.value)

    def test_a_host_with_the_number_in_its_name(self, monkeypatch):
        monkeypatch.setattr("services.storage.web._RETRY", False)
        with pytest.raises(StoreError, match="can't be reached"):
            open_archive("http://host-407.invalid").list(FOLDER)


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1/x",
        "https://host:port/x",
        "s3://b/x?endpoint=http://[::1",
        "s3://b/x?endpoint=http://h:secret1",
        "s3://[",
    ],
)
def test_urls_without_a_sensible_host(url):
    with pytest.raises(ConfigError, match="no sensible host or port") as caught:
        open_archive(url)
    assert "secret1" not in str(caught.value)
