"""Many files are flushed by one call for their file system, where that is sure and quick; else one by one."""

import ctypes
import errno
import os
import platform

import pytest

from services.storage import StoreError, flushing, open_store

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="file systems are flushed whole on Linux alone")
MANY = [(f"a{number % 3}/{number}", b"1") for number in range(12)]


class Library:
    """The C library, noting calls."""

    def __init__(self, calls, kind=0xEF53, fails=0):
        self.calls, self.kind, self.fails = calls, kind, fails
        self.asked = []

    def fstatfs(self, _descriptor, about):
        about._obj[0] = self.kind
        return 0

    def syncfs(self, descriptor):
        self.calls.append("syncfs")
        self.asked.append(descriptor)
        ctypes.set_errno(self.fails)
        return -1 if self.fails else 0


@pytest.fixture
def calls(monkeypatch):
    """What is asked of the disk: of the file systems that count as sure, and of each file."""
    found = []
    monkeypatch.setattr(flushing, "_known", {})
    monkeypatch.setattr(flushing._Whole, "is_quick", True)
    monkeypatch.setattr(flushing, "_begin", lambda _: None)
    monkeypatch.setattr(flushing.platform, "release", lambda: "5.8.0-1-generic")
    monkeypatch.setattr(os, "fsync", lambda _: found.append("fsync"))
    for name in ("replace", "link"):
        call = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, call=call, **o: found.append("name") or call(*a, **o))
    return found


@pytest.fixture
def library(monkeypatch, calls):
    made = Library(calls)
    monkeypatch.setattr(flushing, "_library", lambda: made)
    return made


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("how", ["put_contents", "put_in_order"])
def test_many_files_are_flushed_together_before_they_have_names(tmp_path, calls, how):
    assert getattr(open_store(str(tmp_path)), how)(MANY) == [True] * 12
    assert calls == ["syncfs", *["name"] * 12, *["fsync"] * 3]  # few folders


@pytest.mark.usefixtures("library")
def test_many_folders_are_flushed_together_too_and_few_files_are_not(tmp_path, calls):
    store = open_store(str(tmp_path))
    assert all(store.put_contents([(f"{number}/a", b"1") for number in range(4)]))
    assert calls == ["syncfs", *["name"] * 4, "syncfs"]
    calls.clear()
    assert all(store.put_contents([(f"{number}/b", b"1") for number in range(3)]))
    assert calls == [*["fsync"] * 3, *["name"] * 3, *["fsync"] * 3]


def test_that_is_asked_which_was_opened_before_anything_was_written(tmp_path, library, monkeypatch):
    opened, open_file = [], os.open
    monkeypatch.setattr(os, "open", lambda *a, **o: opened.append(open_file(*a, **o)) or opened[-1])
    store = open_store(str(tmp_path))
    assert all(store.put_contents([("a/0", b"1")]))
    opened.clear()
    assert all(store.put_contents([(f"a/{number}", b"1") for number in range(1, 9)]))
    folder, *files = opened
    assert library.asked == [files[0]]
    assert folder not in files


@pytest.mark.parametrize(
    ("kind", "release"), [(0x65735546, "6.1.0"), (0xEF53, "5.7.19"), (0xEF53, "4.18.0-553.el8"), (0xEF53, "strange")]
)
def test_what_is_not_sure_is_flushed_file_by_file(tmp_path, library, calls, monkeypatch, kind, release):
    library.kind = kind
    monkeypatch.setattr(flushing.platform, "release", lambda: release)
    assert all(open_store(str(tmp_path)).put_contents(MANY))
    assert calls == [*["fsync"] * 12, *["name"] * 12, *["fsync"] * 3]


@pytest.mark.parametrize("kind", [0xEF53, 0x58465342, 0x9123683E, 0x01021994])
def test_these_file_systems_are(tmp_path, library, calls, kind):
    library.kind = kind
    assert all(open_store(str(tmp_path)).put_contents(MANY))
    assert calls[0] == "syncfs"


@pytest.mark.usefixtures("library")
def test_who_waits_long_for_others_asks_no_more(tmp_path, calls, monkeypatch):
    clock = iter((0.0, 0.9, 10.0, 11.0))
    monkeypatch.setattr(flushing.time, "monotonic", lambda: next(clock))
    for turn in ("a", "b", "c"):
        open_store(str(tmp_path / turn)).put_contents(MANY)
    assert calls.count("syncfs") == 2
    assert calls.count("fsync") == 3 + 3 + 12 + 3


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, "is full"), (errno.EIO, "can't be written")])
def test_what_the_disk_could_not_write_is_not_there(tmp_path, library, number, said):
    library.fails = number
    store = open_store(str(tmp_path))
    with pytest.raises(StoreError, match=said):
        store.put_contents(MANY)
    assert [*store.list(), *store.leftovers()] == []


@pytest.mark.parametrize("kinds", [set(), flushing._KINDS], ids=["one by one", "together"])
def test_with_the_disk_that_there_is(tmp_path, monkeypatch, kinds):
    monkeypatch.setattr(flushing, "_known", {})
    monkeypatch.setattr(flushing, "_KINDS", kinds)
    store = open_store(str(tmp_path))
    assert all(store.put_contents(MANY))
    assert {info.key: store.get(info.key) for info in store.list()} == dict(MANY)
