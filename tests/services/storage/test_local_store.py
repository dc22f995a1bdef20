import errno
import fcntl
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from threading import Event

import pytest

from rossi.errors import ConfigError, DataError
from services.storage import StoreError, open_archive, open_store
from services.storage.local import LocalStore
from tests.services.storage.servers.conformance import StoreConformance


class TestLocalStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path):
        return open_store(str(tmp_path / "store"))


class TestWithoutHardLinks(StoreConformance):
    one_winner = False

    @pytest.fixture
    def store(self, tmp_path, monkeypatch):
        def no_link(source, target, **folders):
            raise OSError(errno.ENOTSUP, "Operation not supported")

        monkeypatch.setattr(os, "link", no_link)
        return open_store(tmp_path.as_uri() + "/store")


def test_an_interrupted_write_leaves_nothing_visible(tmp_path, monkeypatch):
    store = open_store(str(tmp_path))

    def killed(source, target, **folders):
        raise SystemExit(1)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(os, "link", killed)
        store.put("a/b", b"data")
    assert list(store.list()) == []
    assert list((tmp_path / "a").iterdir()) == []
    assert store.put("a/b", b"data")


def test_files_are_flushed_before_any_has_its_name_and_their_folder_once(tmp_path, monkeypatch):
    store, done, fsync = open_store(str(tmp_path)), [], os.fsync

    def flushed(descriptor):
        fsync(descriptor)
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    def named(call):
        return lambda *names, **folders: done.append("name") or call(*names, **folders)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "link", named(os.link))
    monkeypatch.setattr(os, "replace", named(os.replace))
    assert store.put_contents([(f"a/{n}", b"1") for n in range(3)]) == [True] * 3
    assert store.put("a/3", b"1")
    assert store.swap("a/3", b"2", store.get_tagged("a/3").tag)
    assert done == [*["file"] * 3, *["name"] * 3, "folder", *["file", "name", "folder"] * 2]


def test_many_files_are_written_with_few_open(tmp_path, monkeypatch):
    number = [0]

    def counted(change, call):
        def counting(*arguments, **options):
            answer = call(*arguments, **options)
            number.append(number[-1] + change)
            return answer

        return counting

    monkeypatch.setattr(os, "open", counted(1, os.open))
    monkeypatch.setattr(os, "close", counted(-1, os.close))
    assert all(open_store(str(tmp_path)).put_contents([(f"a/{n}", b"%d" % n) for n in range(600)]))
    assert (tmp_path / "a/599").read_bytes() == b"599"
    assert number[-1] == 0
    assert max(number) <= 112


def test_what_can_not_be_written_leaves_nothing_half_written(tmp_path):
    store = open_store(str(tmp_path))
    store.put("a/b/c", b"1")
    with pytest.raises(ConfigError, match=r"a/b/c: the store can't be written"):
        store.put_contents([("a/x", b"1"), ("a/b/c/d", b"1")])
    assert list(store.leftovers()) == []


def test_left_temporary_files_are_not_listed(tmp_path):
    store = open_store(str(tmp_path))
    store.put("a/b", b"")
    (tmp_path / "a" / ".0123").write_bytes(b"half")
    assert [info.key for info in store.list()] == ["a/b"]


def test_what_killed_writers_left_is_found_and_removed(tmp_path):
    store = open_store(str(tmp_path))
    store.put("run/a/b", b"1")
    (tmp_path / "run/empty/below").mkdir(parents=True)
    temporary = f".{'0a' * 16}"
    for folder in ("run/a", "run/empty", "other"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / temporary).write_bytes(b"half")
    (tmp_path / "run/a/.mine").write_bytes(b"somebody's own")
    found = list(store.leftovers("run"))
    assert [(info.key, info.size) for info in found] == [(f"run/a/{temporary}", 4), (f"run/empty/{temporary}", 4)]
    assert len(list(store.leftovers())) == 3
    store.discard(found, "run")
    assert list(store.leftovers("run")) == []
    assert sorted(path.name for path in (tmp_path / "run").rglob("*")) == [".mine", "a", "b"]
    assert len(list(store.leftovers())) == 1


def test_writers_do_not_mind_that_empty_folders_go_away(tmp_path):
    store, end = open_store(str(tmp_path)), Event()

    def tidy():
        while not end.is_set():
            store.discard([])

    with ThreadPoolExecutor(1) as pool:
        tidying = pool.submit(tidy)
        try:
            assert all(store.put(f"a{n}/b/c/d", b"1") for n in range(60))
        finally:
            end.set()
        tidying.result()
    assert len(list(store.list())) == 60


def test_a_listing_is_whole_while_objects_go_away(tmp_path, monkeypatch):
    store = open_store(str(tmp_path))
    for name in "abc":
        store.put(f"k/{name}", b"1")
    scan = os.scandir

    def overtaken(folder):
        found = scan(folder)
        entries = list(found)
        found.close()
        (tmp_path / "k/b").unlink(missing_ok=True)
        return nullcontext(entries)

    monkeypatch.setattr(os, "scandir", overtaken)
    assert [info.key for info in store.list("k/")] == ["k/a", "k/c"]


def test_without_locks_what_is_replaced_can_not_be_relied_on(tmp_path, monkeypatch):
    def no_lock(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_lock)
    store = open_store(str(tmp_path))
    store.put("a", b"1")
    assert store.conditional
    assert store.swap("a", b"2", store.get_tagged("a").tag)
    assert not store.conditional


def test_unwritable_directory(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    store = open_store(str(tmp_path / "file" / "store"))
    with pytest.raises(ConfigError, match=r"file/store.*can't be written.*give a directory"):
        store.put("a/b", b"")


@pytest.mark.parametrize(
    "change",
    [
        lambda store, key: store.put(key, b""),
        lambda store, key: store.delete(key),
        lambda store, key: store.swap(key, b"", "tag"),
    ],
    ids=["put", "delete", "swap"],
)
def test_what_a_disk_says_of_a_name_is_told_before_anything_is_written_too(tmp_path, change):
    store = open_store(str(tmp_path))
    store.put("a/b", b"")
    with pytest.raises(ConfigError, match=r"xxx: the store can't be written \(File name too long"):
        change(store, f"a/{'x' * 300}")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_may_be_tried_again(tmp_path, monkeypatch, number):
    def full(descriptor):
        raise OSError(number, os.strerror(number))

    store = open_store(str(tmp_path))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"a/b: the store is full \((No space left|Disk quota).*make room there"):
        store.put("a/b", b"data")
    assert list(store.list()) == []


def test_a_root_may_be_named_from_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert LocalStore(Path("new/store")).put("a/b", b"1")
    assert (tmp_path / "new/store/a/b").read_bytes() == b"1"


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
        listed = archive.list("AO2/P1")
        assert [f.path for f in listed] == ["AO2/P1/a", "AO2/P1/b/x.gz"]
        assert [f.size for f in archive.identify(listed)] == [8, 13]
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

    @pytest.mark.parametrize("path", ["../secret", "AO2/../../secret", "/etc/hostname", "AO2/y\0"])
    def test_paths_that_lead_elsewhere(self, root, path):
        archive = open_archive(str(root / "AO2"))
        for ask in (archive.fetch, archive.list, archive.directories):
            with pytest.raises(DataError, match="is no path in the archive"):
                ask(path)

    def test_links_that_lead_elsewhere(self, root, tmp_path_factory):
        outside = tmp_path_factory.mktemp("outside")
        (outside / "secret").write_bytes(b"secret")
        folder = root / "AO2/P1/20402-01-45-03"
        folder.mkdir()
        (folder / "FMI").symlink_to(outside / "secret")
        (folder / "pca").symlink_to(outside)
        archive = open_archive(str(root))
        for path in ("FMI", "pca/secret"):
            with pytest.raises(DataError, match=r"a link leads out of the archive, to .*secret"):
                archive.fetch(f"AO2/P1/20402-01-45-03/{path}")

    def test_links_that_spread_an_archive_over_disks(self, root, tmp_path_factory):
        disk = tmp_path_factory.mktemp("disk")
        (disk / "pca").mkdir()
        (disk / "pca/FS4a").write_bytes(b"content")
        (disk / "round").symlink_to(disk)  # and one that goes round in circles
        (root / "AO2/P1/20402-01-45-03").symlink_to(disk)
        (root / "AO2/P1/20402-01-45-03S").symlink_to(root / "AO2/P1/b")
        archive = open_archive(str(root))
        assert [file.path for file in archive.list("AO2/P1/20402-01-45-03")] == ["AO2/P1/20402-01-45-03/pca/FS4a"]
        assert archive.fetch("AO2/P1/20402-01-45-03/pca/FS4a") == b"content"
        assert archive.fetch("AO2/P1/20402-01-45-03S/x.gz") == b"AO2/P1/b/x.gz"
