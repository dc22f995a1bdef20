import errno
import os

import pytest

from rossi.errors import ConfigError, DataError
from services.storage import StoreError, open_archive, open_store
from tests.storage.conformance import StoreConformance


class TestLocalStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path):
        return open_store(str(tmp_path / "store"))


class TestWithoutHardLinks(StoreConformance):
    one_winner = False

    @pytest.fixture
    def store(self, tmp_path, monkeypatch):
        def no_link(source, target):
            raise OSError(errno.ENOTSUP, "Operation not supported")

        monkeypatch.setattr(os, "link", no_link)
        return open_store(tmp_path.as_uri() + "/store")


def test_an_interrupted_write_leaves_nothing_visible(tmp_path, monkeypatch):
    store = open_store(str(tmp_path))

    def killed(source, target):
        raise SystemExit(1)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(os, "link", killed)
        store.put("a/b", b"data")
    assert list(store.list()) == []
    assert list((tmp_path / "a").iterdir()) == []
    assert store.put("a/b", b"data")


def test_left_temporary_files_are_not_listed(tmp_path):
    store = open_store(str(tmp_path))
    store.put("a/b", b"")
    (tmp_path / "a" / ".0123").write_bytes(b"half")
    assert [info.key for info in store.list()] == ["a/b"]


def test_unwritable_directory(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    store = open_store(str(tmp_path / "file" / "store"))
    with pytest.raises(ConfigError, match=r"file/store.*can't be written.*give a directory"):
        store.put("a/b", b"")


def test_full_disk_may_be_tried_again(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    store = open_store(str(tmp_path))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        store.put("a/b", b"data")
    assert list(store.list()) == []


def test_spaces_in_the_root(tmp_path):
    root = tmp_path / "my store"
    assert open_store(str(root)).put("a", b"1")
    assert open_store(root.as_uri()).get("a") == b"1"
    assert open_store(root.as_uri()).url("a") == (root / "a").as_uri()


@pytest.mark.parametrize("url", ["", "ftp://host/x", "file://host/x", "file://"])
def test_urls_that_make_no_sense(url):
    with pytest.raises(ConfigError):
        open_store(url)


def identity(archive):
    (file,) = archive.identify([f for f in archive.list("AO2") if f.path == "AO2/y"])
    return file.identity


class TestLocalArchive:
    @pytest.fixture
    def root(self, tmp_path):
        for name in ["AO2/P1/b/x.gz", "AO2/P1/a", "AO2/y"]:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(name.encode())
        return tmp_path

    def test_listing(self, root):
        archive = open_archive(str(root))
        assert [(f.path, f.size) for f in archive.list("AO2/P1")] == [("AO2/P1/a", 8), ("AO2/P1/b/x.gz", 13)]
        assert archive.directories("") == ("AO2",)
        assert archive.directories("AO2/P1/") == ("b",)
        assert archive.list("AO9/") == []
        assert archive.directories("AO2/y") == ()

    def test_identity_follows_content_only(self, root):
        archive = open_archive(root.as_uri())
        before = identity(archive)
        os.utime(root / "AO2/y", (1, 1))
        assert identity(archive) == before
        (root / "AO2/y").write_bytes(b"AO2/z")
        assert identity(archive) != before

    def test_missing(self, root):
        with pytest.raises(DataError, match="AO2/none"):
            open_archive(str(root)).fetch("AO2/none")
        with pytest.raises(ConfigError, match="nowhere"):
            open_archive(str(root / "nowhere"))
        with pytest.raises(ConfigError, match="ftp://"):
            open_archive("ftp://host/rxte")
