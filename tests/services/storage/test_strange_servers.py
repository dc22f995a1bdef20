"""Web servers that refuse, mislead, tell too little, or do not end; and local folders that do."""

import base64
import logging
import os
import random
import ssl
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rossi.errors import ConfigError, DataError
from services.calibration.fetch import fetch
from services.query.catalogue import look_up
from services.query.stage import QueryConfig, look
from services.storage import CacheConfig, StoreError, open_archive
from services.storage.archive import UNKNOWN, ArchiveFile
from services.storage.web import _RETRY
from tests.servers.certificates import self_signed
from tests.servers.tap import serving
from tests.servers.web import WebServer
from tests.servers.web import _Handler as _WebHandler
from tests.services.conftest import FOLDER, TREE
from tests.services.storage.test_remote_archive import fill

STD2 = f"{FOLDER}/pca/FS4a_6f06220-6f066d0.gz"
OTHER = f"{FOLDER}/pca/FS46_6f06220-6f066d0.gz"
FMI = f"{FOLDER}/FMI"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Pauses are as short as they can be."""
    monkeypatch.setattr("services.storage.remote._PAUSE", 0.001)
    monkeypatch.setattr("services.storage.web._RETRY", _RETRY.new(backoff_factor=0.0001, backoff_jitter=0.0))


class TestRefusals:
    """Of one file or folder they are its observation's failure; only where the root is refused nothing can be done."""

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 405, 406, 409, 418, 451, 501])
    def test_a_file(self, web, tree, status):
        web.faults.status[STD2] = status
        archive = open_archive(web.url)
        with pytest.raises(DataError, match=rf"FS4a.* answers {status} .*, while the archive itself can be read"):
            archive.fetch_many(archive.identify(archive.list(FOLDER)))
        assert archive.fetch(FMI) == (tree / FMI).read_bytes()

    def test_a_file_that_may_be_looked_at_and_not_read(self, web):
        archive = open_archive(web.url)
        files = archive.identify(archive.list(FOLDER))
        web.faults.status[STD2], web.faults.head_status[STD2] = 403, 0
        with pytest.raises(DataError, match=r"FS4a.* answers 403"):
            archive.fetch_many(files)

    @pytest.mark.parametrize("folder", [FOLDER, f"{FOLDER}/pca", "AO2/P20402"])
    def test_a_directory(self, web, folder):
        web.faults.status[folder] = 403
        archive = open_archive(web.url)
        with pytest.raises(DataError, match="answers 403"):
            archive.list(folder)
        assert archive.directories("AO10/P91401") == ("91401-02-03-00",)

    def test_a_proposal_in_a_search(self, web):
        web.faults.status["AO2/P20402"] = 403
        work = look(QueryConfig(source="archive"), open_archive(web.url))
        assert work.obsids == ("91401-02-03-00",)
        assert any(c.code == "directory_unreadable" and "P20402/: the server" in c.message for c in work.caveats)
        named = look(QueryConfig(source="archive", obsids=("20402-01-45-03",)), open_archive(web.url))
        assert named.obsids == ("20402-01-45-03",)

    def test_the_root(self, web):
        web.faults.status[""] = 403
        for ask in (lambda a: a.list(FOLDER), lambda a: a.directories(""), lambda a: a.fetch(FMI)):
            with pytest.raises(ConfigError, match=r"answers 403 .*without credentials: check its URL"):
                ask(open_archive(web.url))

    def test_an_object_of_a_bucket(self, moto_endpoint, tree):
        archive = open_archive(f"s3://{fill(moto_endpoint, tree)}/pub/archive?endpoint={moto_endpoint}")
        files = archive.identify(archive.list(FOLDER))
        with serving(Denying(moto_endpoint, STD2)) as server:
            archive.remote._address = archive.remote._address.replace(moto_endpoint, server.url)
            with pytest.raises(DataError, match=r"answers 403 .*, while the archive itself can be read"):
                archive.fetch_many(files)
            rest = [file for file in files if file.path != STD2]
            assert archive.fetch_many(rest) == [(tree / file.path).read_bytes() for file in rest]


class TestListings:
    def test_links_that_lead_back(self, web, tree):
        web.faults.links[FOLDER] = ["round/", "again/"]
        with serving(Looping(tree)) as server:
            archive = open_archive(server.url)
            found = [file.path for file in archive.list(FOLDER)]
        assert set(found) >= {name for name in TREE if name.startswith(f"{FOLDER}/")}
        assert len(server.log) < 20  # every directory once, and each link once

    @pytest.mark.parametrize("link", ["%2e%2e/", "%2E/", "..%2f..%2fsecret", "a%5cb", "x%00y", "a%0ab", "%2e%2e"])
    def test_names_that_lead_elsewhere(self, web, link):
        web.faults.links[FOLDER] = [link]
        archive = open_archive(web.url)
        assert [file.path for file in archive.list(FOLDER)] == sorted(name for name in TREE if f"{FOLDER}/" in name)

    def test_keys_that_lead_elsewhere(self, moto_endpoint, tree, monkeypatch):
        archive = open_archive(f"s3://{fill(moto_endpoint, tree)}/pub/archive?endpoint={moto_endpoint}")
        page = archive.remote._page
        names = ("pca/../../../../etc/passwd", "pca//a", "./FMI", "a\nb")
        evil = tuple(ArchiveFile(f"pub/archive/{FOLDER}/{name}", 4, "etag:x") for name in names)

        def poisoned(options):
            found = page(options)
            return replace(found, files=(*found.files, *evil))

        monkeypatch.setattr(archive.remote, "_page", poisoned)
        assert [file.path for file in archive.list(FOLDER)] == sorted(name for name in TREE if f"{FOLDER}/" in name)

    def test_one_that_does_not_end(self, web):
        web.faults.endless.add(FOLDER)
        with pytest.raises(DataError, match="the listing does not end after"):
            open_archive(web.url).list(FOLDER)
        assert web.sent < 100_000_000

    def test_too_many_files_and_too_deep(self, web, monkeypatch):
        monkeypatch.setattr("services.storage.remote_http.MOST_FILES", 4)
        with pytest.raises(DataError, match=r"more than .* files below it"):
            open_archive(web.url).list(FOLDER)
        monkeypatch.setattr("services.storage.remote_http.MOST_FILES", 100)
        monkeypatch.setattr("services.storage.remote_http.DEEPEST", 2)
        with pytest.raises(DataError, match=r"directories more than .* deep"):
            open_archive(web.url).list(FOLDER)


class TestAnswers:
    def test_a_file_that_does_not_end(self, web):
        archive = open_archive(web.url)
        files = archive.identify([ArchiveFile(STD2, UNKNOWN)])
        web.faults.endless.add(STD2)
        with pytest.raises(StoreError, match="300001 or more bytes arrived, the listing says 300000"):
            archive.fetch_many(files)
        assert web.sent < 100_000_000

    @pytest.mark.parametrize("status", [404, 403, 503])
    def test_a_refusal_that_does_not_end(self, web, status):
        web.faults.endless.add(STD2)
        web.faults.status[STD2] = status
        with pytest.raises((DataError, StoreError), match=r"there is no such file|answers"):
            open_archive(web.url).fetch(STD2)
        assert web.sent < 100_000_000

    def test_no_lengths_no_tags_and_no_dates(self, web, tree, tmp_path):
        web.faults.chunked = True
        archive = open_archive(web.url, CacheConfig(folder=str(tmp_path)))
        files = archive.identify(archive.list(FOLDER))
        assert [file.size for file in files] == [TREE[file.path] for file in files]
        assert archive.fetch_many(files) == [(tree / file.path).read_bytes() for file in files]
        assert archive.transferred == sum(file.size for file in files)
        assert len({file.identity for file in files}) == len(files)

    def test_a_content_that_changes_where_nothing_is_told(self, web):
        web.faults.chunked = True
        archive = open_archive(web.url)
        files = archive.identify([ArchiveFile(OTHER, UNKNOWN)])
        web.faults.other[OTHER] = random.Random(1).randbytes(TREE[OTHER])
        assert archive.identify([ArchiveFile(OTHER, UNKNOWN)]) != files
        with pytest.raises(StoreError, match="not what it was when it was looked at"):
            archive.fetch_many(files)

    @pytest.mark.parametrize("status", [405, 403, 501])
    def test_a_server_that_refuses_head(self, web, tree, status):
        web.faults.head_status[""] = status
        archive = open_archive(web.url)
        files = archive.identify(archive.list(FOLDER))
        assert archive.fetch_many(files) == [(tree / file.path).read_bytes() for file in files]
        assert open_archive(web.url).identify(files) == files

    def test_redirections_on_the_server(self, web, tree):
        web.faults.elsewhere[STD2] = f"/{OTHER}"
        assert open_archive(web.url).fetch(STD2) == (tree / OTHER).read_bytes()

    def test_redirections_elsewhere(self, web, tree):
        with serving(type(web)(tree)) as other:
            web.faults.elsewhere[STD2] = f"{other.url}/{STD2}"
            archive = open_archive(web.url)
            with pytest.raises(DataError, match=rf"redirects to {other.url}.*, which is not followed"):
                archive.fetch(STD2)
            web.faults.elsewhere[""] = f"{other.url}/"
            with pytest.raises(ConfigError, match=r"redirects to .*if the archive is there, give that address"):
                open_archive(web.url).list("")
            assert other.log == []

    def test_redirections_to_another_scheme_and_in_circles(self, web):
        web.faults.elsewhere[STD2] = web.url.replace("http:", "https:")
        with pytest.raises(DataError, match="redirects to https://127"):
            open_archive(web.url).fetch(STD2)
        web.faults.elsewhere[STD2] = f"/{STD2}"
        with pytest.raises(DataError, match="redirects more than 5 times"):
            open_archive(web.url).fetch(STD2)


class TestProxies:
    def test_user_and_password(self, web, tree, monkeypatch):
        with serving(Proxy(tree)) as proxy:
            monkeypatch.setenv("http_proxy", f"http://someone:p%40ss@127.0.0.1:{proxy.server_address[1]}")
            monkeypatch.setenv("no_proxy", "near.example.org")
            assert open_archive("http://far.example.org").fetch(FMI) == (tree / FMI).read_bytes()
            monkeypatch.setenv("http_proxy", proxy.url)
            with pytest.raises(ConfigError, match=r"the proxy asks for a user name and password \(407\)"):
                open_archive("http://far.example.org").fetch(FMI)

    def test_a_tunnel_that_is_refused(self, tree, monkeypatch):
        with serving(Proxy(tree)) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            monkeypatch.setenv("no_proxy", "near.example.org")
            with pytest.raises(ConfigError, match=r"asks for a user name and password \(407\)"):
                open_archive("https://far.example.org").fetch(FMI)
            assert proxy.log == ["CONNECT far.example.org:443"]  # at once

    @pytest.mark.parametrize(
        ("proxy", "said"),
        [("socks5://u:secret@host:1080", "of kind socks5"), ("host.example:3128", "without http:// or https://")],
    )
    @pytest.mark.parametrize("url", ["http://far.example.org", "s3://bucket/x?endpoint=http://far.example.org"])
    def test_those_that_can_not_be_used(self, monkeypatch, proxy, said, url):
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(ConfigError, match=f"HTTP_PROXY names a proxy {said}") as caught:
            open_archive(url)
        assert "secret" not in str(caught.value)


class TestCertificates:
    @pytest.fixture(scope="class")
    @classmethod
    def secure(cls, tree, tmp_path_factory):
        certificate = self_signed(tmp_path_factory.mktemp("tls"))
        server = WebServer(tree)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with serving(server):
            yield f"https://127.0.0.1:{server.server_address[1]}", certificate

    @pytest.mark.parametrize("form", ["{}", "s3://bucket/x?endpoint={}"])
    def test_one_that_is_not_trusted_is_told_at_once(self, secure, form, monkeypatch):
        pauses = []
        monkeypatch.setattr("time.sleep", pauses.append)
        with pytest.raises(ConfigError, match=r"certificate is not trusted \(self.signed certificate.*SSL_CERT_FILE"):
            open_archive(form.format(secure[0])).list(FOLDER)
        assert pauses == []

    def test_of_a_catalogue_and_of_calibration(self, secure, monkeypatch):
        pauses = []
        monkeypatch.setattr("time.sleep", pauses.append)
        for ask in (
            lambda: look_up(QueryConfig(service=secure[0], targets=("X",))),
            lambda: fetch(f"{secure[0]}/{FMI}"),
        ):
            with pytest.raises(ConfigError, match=r"certificate is not trusted .*SSL_CERT_FILE"):
                ask()
        assert pauses == []

    @pytest.mark.parametrize("form", ["{}/caldb", "s3://bucket/caldb?endpoint={}"])
    def test_the_remedy_holds_for_everything(self, secure, form, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(secure[1]))
        monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
        with pytest.raises((StoreError, ConfigError, DataError)) as caught:
            look_up(QueryConfig(service=secure[0], targets=("X",)))
        assert "trusted" not in str(caught.value)
        try:
            found = fetch(
                form.format(secure[0]) + "/x" if "?" not in form else form.format(secure[0]).replace("?", "/x?")
            )
        except (StoreError, ConfigError) as error:  # it is no S3 server
            found = None
            assert "trusted" not in str(error)
        assert found is None

    def test_the_remedy(self, secure, tree, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(secure[1]))
        assert open_archive(secure[0]).fetch(FMI) == (tree / FMI).read_bytes()


class TestFolders:
    def test_a_size_is_judged_before_the_file_is_read(self, tmp_path):
        place = tmp_path / FOLDER
        place.mkdir(parents=True)
        with (place / "FMI").open("wb") as stream:
            os.truncate(stream.fileno(), 6 << 30)  # takes no room
        archive = open_archive(str(tmp_path))
        for ask in (lambda: archive.fetch(FMI), lambda: archive.identify(archive.list(FOLDER))):
            with pytest.raises(DataError, match=r"FMI: the file has 6442450944 bytes, those of the archive"):
                ask()

    def test_links_to_directories_elsewhere(self, tree, tmp_path, caplog):
        place = tmp_path / FOLDER
        (place / "pca").mkdir(parents=True)
        (place / "pca/FS4a_1-2").write_bytes(b"x")
        for name, target in (("usr", "/usr"), ("all", "/"), ("up", ".."), ("same", "pca"), ("top", str(tmp_path))):
            (place / name).symlink_to(target)
        with caplog.at_level(logging.WARNING):
            found = [file.path for file in open_archive(str(tmp_path)).list(FOLDER)]
        assert found in ([f"{FOLDER}/pca/FS4a_1-2"], [f"{FOLDER}/same/FS4a_1-2"])
        assert "the link leads out of the observation, to /usr" in caplog.text

    def test_an_observation_that_is_a_link_to_everything(self, tmp_path):
        (tmp_path / "AO2/P20402").mkdir(parents=True)
        (tmp_path / FOLDER).symlink_to("/")
        with pytest.raises(DataError, match="more than 20000 files below it"):
            open_archive(str(tmp_path)).list(FOLDER)

    def test_an_archive_that_goes_away(self, tree, tmp_path):
        root = tmp_path / "mounted"
        root.symlink_to(tree)
        archive = open_archive(str(root))
        assert archive.list(FOLDER)
        root.unlink()
        for ask in (archive.list, archive.directories, archive.fetch):
            with pytest.raises(StoreError, match=r"the archive is away .*mount it again"):
                ask(FOLDER)


class Denying(ThreadingHTTPServer):
    """Objects of a bucket elsewhere, one of which may not be read."""

    def __init__(self, endpoint, denied):
        super().__init__(("127.0.0.1", 0), _Denying)
        self.endpoint, self.denied = endpoint, denied

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Denying(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.server.denied in self.path:
            self.send_error(403, "Forbidden")
            return
        with urllib.request.urlopen(self.server.endpoint + self.path) as answer:
            data, tag = answer.read(), answer.headers["ETag"]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


class Looping(WebServer):
    """Every observation has two directories that are itself."""

    def __init__(self, root):
        super().__init__(root)
        self.RequestHandlerClass = _Looping
        self.faults.links[FOLDER] = ["round/", "again/"]


class _Looping(_WebHandler):
    def _answer(self, *, with_body):
        while "/round/" in self.path or "/again/" in self.path:
            self.path = self.path.replace("/round/", "/").replace("/again/", "/")
        super()._answer(with_body=with_body)


class Proxy(WebServer):
    """A proxy that answers as the archive, to who names user and password."""

    def __init__(self, root):
        super().__init__(root)
        self.RequestHandlerClass = _Proxy


class _Proxy(_WebHandler):
    def do_CONNECT(self):
        self.server.log.append(f"CONNECT {self.path}")
        self._send(407, b"who are you?")

    def _answer(self, *, with_body):
        if self.headers.get("Proxy-Authorization") != "Basic " + base64.b64encode(b"someone:p@ss").decode():
            self._send(407, b"who are you?")
            return
        super()._answer(with_body=with_body)


def test_calibration_that_does_not_end(web, tmp_path, monkeypatch):
    monkeypatch.setattr("services.calibration.fetch.MOST_BYTES", 1_000_000)
    web.faults.endless.add("caldb.indx")
    (tmp_path / "large").write_bytes(bytes(1_000_001))
    for url in (f"{web.url}/caldb.indx", str(tmp_path / "large")):
        with pytest.raises(ConfigError, match="there are more than 1000000 bytes"):
            fetch(url)
    assert web.sent < 100_000_000
