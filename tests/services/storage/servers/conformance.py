"""What every store must do; a backend's test class inherits `StoreConformance` and gives the fixture `store`.

Of a backend of your own:

    from tests.services.storage.servers.conformance import StoreConformance

    class TestMine(StoreConformance):
        @pytest.fixture
        def store(self):
            return MyStore(...)  # empty
"""

import hashlib
import string
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from services.contract import File, Outputs
from services.storage import MissingObject, ObjectInfo
from services.storage.bundle import object_key
from services.storage.outputs import fetch_outputs
from services.storage.publication import new_manifest, output_key, publish, ready

KEYS = ["a/1", "a/2", "a-b", "a_c/d/1", "B", "b/1.fits.gz"]
STEP = st.tuples(st.sampled_from(["put", "delete", "get", "list"]), st.sampled_from(KEYS), st.binary(max_size=40))
#: Every example has a place of its own, and every backend is a class of its own.
HARMLESS = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
#: What keys may have but for letters and digits.
MARKS = "_+=@-."
#: What servers answer where a signature is missing, wrong or too old.
REFUSED = (400, 401, 403)
BAD_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.hidden", "a\\b", "a\0", "ä", "x" * 1000, "a b"]


class StoreConformance:
    """Tests of one backend."""

    #: Of concurrent writers exactly one is told that it created the object.
    one_winner = True
    #: That are tried in keys.
    characters = string.ascii_letters + string.digits + MARKS

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

    def test_content_may_be_put_again(self, store):
        contents = {f"{folder}/{n}": b"same" * n for folder in ("c", "d/e") for n in range(3)}
        assert list(store.put_contents([*contents.items()])) == [True] * 6
        assert len(store.put_contents([*contents.items(), ("c/3", b"new")])) == 7
        assert not store.put("c/1", b"other")
        contents["c/3"] = b"new"
        assert {info.key: store.get(info.key) for info in store.list()} == contents
        assert list(store.leftovers()) == []

    def test_empty_object(self, store):
        assert store.put("empty", b"")
        assert store.get("empty") == b""
        assert store.head("empty").size == 0

    def test_missing_object(self, store):
        assert store.head("k/absent") is None
        with pytest.raises(MissingObject, match="k/absent"):
            store.get("k/absent")
        store.delete("k/absent")

    def test_delete_and_create_again(self, store):
        store.put("k/1", b"old")
        store.delete("k/1")
        assert store.head("k/1") is None
        assert store.put("k/1", b"new")
        assert store.get("k/1") == b"new"

    def test_delete_many(self, store):
        """In batches where the server knows such, missing ones among them; the others stay."""
        keys = [f"k/{n}" for n in range(5)]
        for key in [*keys, "k/50", "other"]:
            store.put(key, b"1")
        store.delete_all([*keys, "k/absent"])
        store.delete_all([])
        assert [info.key for info in store.list()] == ["k/50", "other"]
        assert store.put("k/1", b"new")

    def test_age(self, store):
        """By the store's clock, which on another machine may be a little off."""
        before = time.time()
        store.put("k/1", b"1")
        for found in (store.head("k/1"), *store.list("k/")):
            assert before - 60 < found.modified < time.time() + 60

    def test_swap(self, store):
        store.put("k/1", b"first")
        first = store.get_tagged("k/1")
        assert first.data == b"first"
        assert store.swap("k/1", b"second", first.tag)
        second = store.get_tagged("k/1")
        assert second.data == store.get("k/1") == b"second"
        assert not store.swap("k/1", b"third", first.tag)
        assert store.swap("k/1", b"fourth", second.tag)
        assert store.get("k/1") == b"fourth"
        assert not store.swap("k/absent", b"1", second.tag)
        assert not store.swap("absent/1", b"1", second.tag)
        assert [info.key for info in store.list()] == ["k/1"]
        assert store.conditional is self.one_winner

    def test_concurrent_swaps(self, store):
        store.put("warm", b"0")  # the first one finds out what the server can do
        assert store.swap("warm", b"1", store.get_tagged("warm").tag)
        store.put("k/1", b"")
        tag, start = store.get_tagged("k/1").tag, Barrier(6)

        def swap(number):
            start.wait()
            return store.swap("k/1", bytes([65 + number]) * 20_000, tag)

        with ThreadPoolExecutor(6) as pool:
            done = list(pool.map(swap, range(6)))
        assert True in done
        if self.one_winner:
            assert done.count(True) == 1
            assert store.get("k/1") == bytes([65 + done.index(True)]) * 20_000

    def test_readers_see_what_was_before_a_swap_or_after(self, store):
        contents = [bytes([65 + n]) * 50_000 for n in range(12)]
        store.put("k/1", contents[0])

        def read(_):
            return [store.get("k/1") for _ in range(15)]

        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(read, n) for n in range(2)]
            for content in contents[1:]:
                assert store.swap("k/1", content, store.get_tagged("k/1").tag)
            for reader in readers:
                seen = [contents.index(data) for data in reader.result()]
                assert seen == sorted(seen)

    def test_nothing_is_left_over(self, store):
        store.put("k/1", b"1")
        assert list(store.leftovers()) == list(store.leftovers("k")) == []
        store.discard([])
        assert store.get("k/1") == b"1"

    def test_list_is_ordered_and_selects_by_beginning(self, store):
        for key in reversed(KEYS):
            store.put(key, key.encode())
        assert [info.key for info in store.list()] == sorted(KEYS)
        assert list(store.list("a/")) == [ObjectInfo("a/1", 3), ObjectInfo("a/2", 3)]
        assert [info.key for info in store.list("a")] == ["a-b", "a/1", "a/2", "a_c/d/1"]
        assert [info.key for info in store.list("a_c/d/")] == ["a_c/d/1"]
        assert list(store.list("none/")) == []

    def test_which_folders_are_occupied(self, store):
        for key in ("run/20402-01-45-03/a/1", "run/20402-01-45-030/b", "run/20402-01-45-05/1", "run/file", "other/x/1"):
            store.put(key, b"1")
        asked = ["20402-01-45-03", "20402-01-45-04", "20402-01-45-05", "20402-01-45", "fil", "x", "zz"]
        assert store.occupied("run", asked) == {"20402-01-45-03", "20402-01-45-05"}
        assert store.occupied("", ["run", "other", "o", "x"]) == {"run", "other"}
        assert store.occupied("run", []) == store.occupied("absent", ["x"]) == set()

    def test_bad_keys_are_refused(self, store, subtests):
        for key in BAD_KEYS:
            with subtests.test(key=key):
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

    def test_every_legal_character(self, store):
        """At every place where it may stand; S3 servers differ in what they make of + and @ in URLs."""
        for character in self.characters:
            first = "x" if character == "." else character
            key = f"{first}{character}/{first}{character}{character}b"
            assert store.put(key, key.encode()), key
            assert store.get(key) == key.encode()
            assert store.head(key) == ObjectInfo(key, len(key))
            assert [info.key for info in store.list(key)] == [key]
        assert len(list(store.list())) == len(self.characters)

    def test_longest_key(self, store):
        key = "/".join(["k" * 99] * 7)  # leaves room for the store's own folder
        assert store.put(key, b"1")
        assert store.get(key) == b"1"
        assert [info.key for info in store.list()] == [key]

    def test_more_than_a_page_of_a_listing(self, store):
        keys = [f"page/{n:04}/1" for n in range(1005)]
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda key: store.put(key, b""), keys))
        assert [info.key for info in store.list("page/")] == keys
        assert store.occupied("page", ["0", "0003", "00030", "1004", "1005"]) == {"0003", "1004"}

    def test_damage_is_noticed_on_reading(self, store):
        outputs = Outputs({"number": (File("number.txt", b"42"),)})
        made = new_manifest("count", "20402-01-45-03", "0" * 64, {}, [], outputs, 0.1)
        manifest = publish(store, "run/x", made, outputs.files)
        assert fetch_outputs(store, "run/x/manifest.json", "number")[0].data == b"42"
        payload = output_key("run/x/manifest.json", manifest, manifest.outputs[0])
        for key, damaged in ((payload, b"43"), (payload, b"4"), ("run/x/manifest.json", None)):
            data = store.get(key)
            store.delete(key)
            store.put(key, data.replace(b'"count"', b'"court"') if damaged is None else damaged)
            with pytest.raises(DataError, match="damaged"):
                fetch_outputs(store, "run/x/manifest.json", "number")
            store.delete(key)
            store.put(key, data)
        assert fetch_outputs(store, "run/x/manifest.json", "number")[0].data == b"42"

    def test_products_in_one_object(self, store):
        files = {"number": (File("1.txt", b"42"), File("2.txt", b"43" * 9)), "other": (File("3.txt", b"x"),)}
        made = new_manifest("count", "20402-01-45-03", "0" * 64, {}, [], Outputs(files), 0.1)
        manifest = ready("run/x", made, files, together=True).put(store)
        key = "run/x/manifest.json"
        assert {name: fetch_outputs(store, key, name) for name in files} == files
        assert len(list(store.list("run/x/"))) == 2
        place = object_key(output_key(key, manifest, manifest.outputs[1]))
        whole = store.get(place)
        for damaged in (whole.replace(b"43", b"44"), whole[:600], b"", None):
            store.delete(place)
            if damaged is not None:
                store.put(place, damaged)
            with pytest.raises(DataError, match=r"damaged|missing"):
                fetch_outputs(store, key, "number")
        store.delete(place)
        ready("run/x", made, files, together=True).put(store)
        assert fetch_outputs(store, key, "number") == files["number"]

    def test_concurrent_readers_see_whole_objects_or_none(self, store):
        data = hashlib.sha256(b"x").digest() * 20_000

        def read(_):
            seen = [store.get("k/w") if store.head("k/w") else b"" for _ in range(10)]
            return all(one in (b"", data) for one in seen)

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read, n) for n in range(3)]
            store.put("k/w", data)
            assert all(reader.result() for reader in readers)

    def test_url_is_for_people(self, store):
        assert store.url("a/b.fits").endswith("a/b.fits")
        assert "secret" not in store.url("a")


def _status(url, method="GET", data=None):
    """What a server answers to somebody without credentials."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
