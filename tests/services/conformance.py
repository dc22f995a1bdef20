"""What every store must do; a backend's test class inherits `StoreConformance` and gives the fixture `store`."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rossi.errors import ConfigError
from services.storage import MissingObject, ObjectInfo

KEYS = ["a/1", "a/2", "a-b", "a_c/d/1", "B", "b/1.fits.gz"]
STEP = st.tuples(st.sampled_from(["put", "delete", "get", "list"]), st.sampled_from(KEYS), st.binary(max_size=40))
#: Every example has a place of its own, and every backend is a class of its own.
HARMLESS = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
BAD_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.hidden", "a\\b", "a\0", "ä", "x" * 1000, "a b"]


class StoreConformance:
    """Tests of one backend."""

    #: Of concurrent writers exactly one is told that it created the object.
    one_winner = True

    def test_what_was_put_comes_back(self, store):
        assert store.put("20402-01-45-03/x.lc", b"content")
        assert store.get("20402-01-45-03/x.lc") == b"content"
        assert store.head("20402-01-45-03/x.lc") == ObjectInfo("20402-01-45-03/x.lc", 7)

    def test_nothing_is_overwritten(self, store):
        assert store.put("k/1", b"first")
        assert not store.put("k/1", b"second")
        assert store.put("k/2", b"other")
        assert not store.put("k/2", b"third")
        assert store.get("k/1") == b"first"
        assert store.get("k/2") == b"other"

    def test_empty_object(self, store):
        assert store.put("empty", b"")
        assert store.get("empty") == b""
        assert store.head("empty").size == 0

    def test_missing_object(self, store):
        assert store.head("k/absent") is None
        with pytest.raises(MissingObject, match="k/absent"):
            store.get("k/absent")
        with pytest.raises(MissingObject, match="k/absent"):
            store.get_range("k/absent", 0, 4)
        store.delete("k/absent")

    def test_range(self, store):
        store.put("k/r", b"0123456789")
        assert store.get_range("k/r", 2, 5) == b"234"
        assert store.get_range("k/r", 8, 100) == b"89"
        assert store.get_range("k/r", 10, 20) == b""
        assert store.get_range("k/r", 3, 3) == b""

    def test_delete_and_create_again(self, store):
        store.put("k/1", b"old")
        store.delete("k/1")
        assert store.head("k/1") is None
        assert store.put("k/1", b"new")
        assert store.get("k/1") == b"new"

    def test_list_is_ordered_and_selects_by_beginning(self, store):
        for key in reversed(KEYS):
            store.put(key, key.encode())
        assert [info.key for info in store.list()] == sorted(KEYS)
        assert list(store.list("a/")) == [ObjectInfo("a/1", 3), ObjectInfo("a/2", 3)]
        assert [info.key for info in store.list("a")] == ["a-b", "a/1", "a/2", "a_c/d/1"]
        assert [info.key for info in store.list("a_c/d/")] == ["a_c/d/1"]
        assert list(store.list("none/")) == []

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_bad_keys_are_refused(self, store, key):
        with pytest.raises(ConfigError, match="key"):
            store.put(key, b"")
        with pytest.raises(ConfigError, match="key"):
            store.get(key)

    def test_large_object(self, store):
        data = bytes(range(256)) * 12_000
        assert store.put("k/large", data)
        assert store.get("k/large") == data

    def test_concurrent_writers(self, store):
        store.put("warm", b"up")  # the first write of all finds out what the server can do
        contents = [bytes([65 + n]) * 20_000 for n in range(6)]
        start = Barrier(len(contents))

        def write(data):
            start.wait()
            return store.put("k/contested", data)

        with ThreadPoolExecutor(len(contents)) as pool:
            created = list(pool.map(write, contents))
        stored = store.get("k/contested")
        assert stored in contents  # whole, whoever won
        if self.one_winner:
            assert created.count(True) == 1
            assert stored == contents[created.index(True)]
        else:
            assert True in created

    @settings(max_examples=12, deadline=None, suppress_health_check=HARMLESS)
    @given(steps=st.lists(STEP, max_size=10))
    def test_behaves_as_a_dictionary(self, store, steps):
        top, model = f"m{uuid4().hex}", {}
        for what, key, data in steps:
            if what == "put":
                assert store.put(f"{top}/{key}", data) == (key not in model)
                model.setdefault(key, data)
            elif what == "delete":
                store.delete(f"{top}/{key}")
                model.pop(key, None)
            elif what == "list":
                expected = [ObjectInfo(f"{top}/{k}", len(v)) for k, v in sorted(model.items())]
                assert list(store.list(f"{top}/")) == expected
            elif key in model:
                assert store.get(f"{top}/{key}") == model[key]
            else:
                assert store.head(f"{top}/{key}") is None

    def test_url_is_for_people(self, store):
        assert store.url("a/b.fits").endswith("a/b.fits")
        assert "secret" not in store.url("a")
