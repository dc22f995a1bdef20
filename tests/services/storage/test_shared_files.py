"""Files that observations share lie once, are read by all, and go when nobody names them."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import pytest

from rossi.errors import DamagedFile
from rossi.product import About, Kind
from services.contract import File, Outputs
from services.storage import publication
from services.storage.memory import MemoryStore
from services.storage.outputs import fetch_outputs, read_outputs
from services.storage.prune import PruneConfig, find_prunable, sweep
from services.storage.publication import Seen, new_manifest, publish, read_manifest, ready
from services.storage.putting import put_all
from services.storage.superseded import Kind as Why
from services.storage.verification import verify
from tests.services.storage.faults import FaultyStore
from tests.services.storage.history import DAY, Aged, stamp

MATRIX = File("a.dat", b"matrix" * 100, about=About(Kind.RESPONSE, "rmf"), shared=True)
OTHER = File("b.dat", b"other" * 100, about=About(Kind.RESPONSE, "rmf"), shared=True)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def put(store, obsid, matrix=MATRIX, *, version=1, prefix="run"):
    """Products of an observation, of which one is shared; returns the key of their manifest."""
    outputs = Outputs({"spectrum": (File("x.txt", f"{obsid} {version}".encode()),), "response": (matrix,)})
    made = new_manifest("extract", obsid, digest(f"{obsid} {version}"), {}, (), outputs, 0.1)
    made = made.model_copy(update={"created": stamp(getattr(store, "now", 1.7e9))})
    base = f"{prefix}/{obsid}/extract/{made.fingerprint}".lstrip("/")
    publish(store, base, made, outputs.files)
    return f"{base}/manifest.json"


def keys(store):
    return {info.key for info in store.list()}


@pytest.mark.parametrize("prefix", ["run", "a/b", ""])
def test_a_shared_file_lies_once_and_all_read_it(prefix):
    store = FaultyStore(MemoryStore())
    first, second = (put(store, obsid, prefix=prefix) for obsid in ("10101-01-01-00", "10101-01-01-01"))
    place = "/".join(filter(None, (prefix, "shared", hashlib.sha256(MATRIX.data).hexdigest(), "a.dat")))
    assert [key for key in keys(store) if "shared" in key] == [place]
    for key in (first, second):
        assert fetch_outputs(store, key, "response") == (MATRIX,)
    assert verify(store, prefix).problems == ()
    assert verify(store, prefix).stray == 0


@pytest.mark.parametrize("threads", [1, 4])
def test_what_was_put_in_the_same_shard_is_not_put_again(monkeypatch, threads):
    store, seen = FaultyStore(MemoryStore()), Seen()
    together = Barrier(threads)
    monkeypatch.setattr(publication, "put_all", lambda store, payload: sleep(0.01) or put_all(store, payload))

    def put_one(number):
        obsid = f"10101-01-01-0{number}"
        made = new_manifest("extract", obsid, digest(obsid), {}, (), Outputs({}), 0.1)
        products = ready(f"run/{obsid}/extract/{digest(obsid)}", made, {"response": (MATRIX,)})
        together.wait()
        products.put(store, seen)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(put_one, range(4)))
    assert len([key for _, key in store.calls if "shared" in key]) == 1
    assert verify(store, "run").problems == ()


def test_what_was_read_need_not_be_read_again():
    store = FaultyStore(MemoryStore())
    known, made = {}, [put(store, obsid) for obsid in ("10101-01-01-00", "10101-01-01-01")]
    store.calls.clear()
    for key in made:
        assert read_outputs(store, key, read_manifest(store, key), "response", known) == (MATRIX,)
    assert len([key for name, key in store.calls if name == "get" and key.endswith("a.dat")]) == 1


def test_prune_keeps_what_a_product_names():
    store = Aged(MemoryStore())
    put(store, "10101-01-01-00", MATRIX)
    put(store, "10101-01-01-01", OTHER)
    store.now += 30 * DAY
    put(store, "10101-01-01-01", MATRIX, version=2)  # nobody will name the other one any more
    store.now += 30 * DAY
    found = find_prunable(store, "run", PruneConfig(), now=store.now)
    shared = [one.info.key for one in found.doomed if one.kind is Why.SHARED]
    assert shared == [f"shared/{hashlib.sha256(OTHER.data).hexdigest()}/b.dat"]
    sweep(store, "run", found)
    assert verify(store, "run").problems == ()
    assert verify(store, "run").stray == 0
    assert find_prunable(store, "run", PruneConfig(), now=store.now).doomed == ()
    # What has just been put is not named yet, and stays.
    publish(store, "run/x/y/z", new_manifest("y", "x", "z", {}, (), Outputs({}), 0.1), {})
    store.put(f"run/shared/{digest('young')}/c.dat", b"young")
    assert find_prunable(store, "run", PruneConfig(), now=store.now).doomed == ()


def test_nothing_shared_goes_while_a_manifest_can_not_be_read():
    store = Aged(MemoryStore())
    key = put(store, "10101-01-01-00", MATRIX)
    store.store.delete(key)
    store.put(key, b"damaged")
    store.now += 30 * DAY
    assert find_prunable(store, "run", PruneConfig(), now=store.now).doomed == ()


def test_a_damaged_shared_file_is_found_once_and_made_again_with_all_that_name_it():
    store = MemoryStore()
    made = [put(store, obsid) for obsid in ("10101-01-01-00", "10101-01-01-01")]
    (place,) = [key for key in keys(store) if "shared" in key]
    store.delete(place)
    store.put(place, b"x" * len(MATRIX.data))
    with pytest.raises(DamagedFile):
        fetch_outputs(store, made[0], "response")
    (problem,) = verify(store, "run").problems
    assert place in problem.message
    assert set(problem.keys) == keys(store)
    store.delete_all(problem.keys)
    put(store, "10101-01-01-00")
    assert verify(store, "run").problems == ()
