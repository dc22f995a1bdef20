"""A file is known by size, times and inode, for a while; whatever is doubtful is read."""

import os
import time

import pytest
from isal import isal_zlib

from services.storage import CacheConfig, MissingObject, StoreError, open_archive
from services.storage.archive import ArchiveFile, Contents
from services.storage.held import HeldArchive, HeldStore
from services.storage.local import LocalStore
from services.storage.local_archive import LocalArchive
from tests.services.fakes import FaultyStore

PLACE = "AO2/P20402/20402-01-45-03"
NAME = f"{PLACE}/pca/FS4a_1-2"


@pytest.fixture
def path(tmp_path):
    """A file of an observation."""
    path = tmp_path / "archive" / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(b"banana")
    return path


@pytest.fixture
def archive(tmp_path, path, monkeypatch):
    """Opens the archive, as another process does; `reads` counts the files that were read since."""
    later(monkeypatch, 10)

    def opened(days=30.0):
        reads.clear()
        return open_archive(str(tmp_path / "archive"), CacheConfig(folder=str(tmp_path / "cache"), rehash=days))

    reads = []
    read = LocalArchive._read
    monkeypatch.setattr(LocalArchive, "_read", lambda self, place, name: reads.append(name) or read(self, place, name))
    opened.reads = reads
    return opened


def later(monkeypatch, seconds):
    now = time.time_ns() / 1e9 + seconds
    monkeypatch.setattr("services.storage.identities.time.time", lambda: now)


def identity(archive):
    (found,) = archive.identify(archive.list(PLACE))
    return found.identity


def test_a_file_is_read_once_and_then_known_also_by_other_processes(archive):
    first = identity(archive())
    assert archive.reads == [NAME]
    assert identity(archive()) == first
    assert archive.reads == []


def test_what_changes_is_read(archive, path, monkeypatch):
    first = identity(archive())
    status = path.stat()
    path.write_bytes(b"cherry")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as rsync does: size, inode and time of writing stay
    later(monkeypatch, 20)
    assert identity(archive()) != first
    assert archive.reads == [NAME]


def test_what_was_written_just_now_may_change_again_unnoticed(archive, path, monkeypatch):
    later(monkeypatch, 0)
    path.write_bytes(b"cherry")
    identity(archive())
    identity(archive())
    assert archive.reads == [NAME]


@pytest.mark.parametrize(("days", "read"), [(10, False), (40, True)])
def test_after_a_while_a_file_is_read_again(archive, monkeypatch, days, read):
    identity(archive())
    later(monkeypatch, 86400 * days)
    identity(archive())
    assert bool(archive.reads) is read


def test_nothing_is_remembered_where_nobody_wants_it(archive):
    identity(archive(days=0))
    identity(archive(days=0))
    assert archive.reads == [NAME]


def test_a_memory_that_is_none_is_no_obstacle(archive, tmp_path):
    first = identity(archive())
    for document in (tmp_path / "cache").rglob("*.json"):
        for nonsense in (b"", b"[]", b'{"a": 1}', b'{"%s": ["x"]}' % NAME.encode()):
            document.write_bytes(nonsense)
            assert identity(archive()) == first
            assert archive.reads == [NAME]


def test_a_disk_that_goes_bad_is_noticed_when_the_file_is_read(archive, path):
    found = archive()
    (known,) = found.identify(found.list(PLACE))
    path.write_bytes(b"cherry")
    with pytest.raises(StoreError, match="not what it was"):
        found.fetch_many([known])
    (known,) = found.identify(found.list(PLACE))
    assert found.fetch_many([known]) == [b"cherry"]


def test_an_observation_reads_each_file_once(archive):
    held = HeldArchive(archive())
    for _ in range(2):
        files = held.identify(held.list(PLACE))
        assert held.fetch_many(files) == [b"banana"]
        assert held.fetch(NAME) == b"banana"
    assert archive.reads == [NAME]


def test_contents_are_held_as_far_as_there_is_room(archive):
    held = HeldArchive(archive(), room=3)
    for _ in range(2):
        assert held.fetch_many(held.identify(held.list(PLACE))) == [b"banana"]
    assert len(archive.reads) == 3
    contents = Contents(10)
    contents.add("a", b"123456")
    contents.add("b", b"12345")
    assert [contents.get(ArchiveFile(path, 0)) for path in "ab"] == [b"123456", None]


def test_products_that_lie_together_are_held_packed(tmp_path):
    store = FaultyStore(LocalStore(tmp_path))
    data = b"banana" * 1000
    for key in ("a/products.tar", "b/products.tar", "c/single"):
        store.put(key, data)
    room = len(isal_zlib.compress(data, 1))
    held = HeldStore(store, room)
    store.calls.clear()
    for key in ("a/products.tar", "b/products.tar", "c/single") * 2:
        assert held.get(key) == data
    assert [key for _, key in store.calls] == [
        *("a/products.tar", "b/products.tar", "c/single", "b/products.tar", "c/single")
    ]
    with pytest.raises(MissingObject):
        held.get("d/products.tar")


def test_an_empty_file_is_held_too(archive, path):
    path.write_bytes(b"")
    held = HeldArchive(archive())
    for _ in range(2):
        assert held.fetch_many(held.identify(held.list(PLACE))) == [b""]
    assert archive.reads == [NAME]


def test_a_file_that_grows_while_it_is_read_is_read_whole(path, archive, monkeypatch):
    path.write_bytes(b"banana" * 1000)
    fstat = os.fstat
    monkeypatch.setattr(os, "fstat", lambda file: os.stat_result((*fstat(file)[:6], 3, *fstat(file)[7:10])))
    assert archive().fetch(NAME) == b"banana" * 1000
