"""Nothing in a store changes unnoticed."""

import gzip
import random

import numpy as np
import pytest

from rossi.fits.checksum import checksum_problems
from rossi.fits.declarations import COUNTS, TIME
from rossi.fits.writer import fits_bytes, primary_hdu, table_hdu
from services.contract import File, Outputs
from services.contract.seal import is_intact, seal
from services.execution.executor import execute
from services.storage import open_archive, open_store
from services.storage.publication import new_manifest, output_key, publish, read_manifest
from services.storage.verification import verify
from tests.conftest import LONG
from tests.services.fakes import COUNT, DOUBLE, make_archive, request

OBSID = "20402-01-45-03"


def fits_file(compress=False):
    table = table_hdu("RATE", [(TIME, np.arange(40.0)), (COUNTS, np.arange(40.0))], [("OBS_ID", OBSID)])
    return fits_bytes(primary_hdu([("TELESCOP", "XTE")]), [table], compress=compress)


def put_set(store, stage, files, obsid=OBSID):
    outputs = Outputs({"files": tuple(files)})
    made = new_manifest(stage, obsid, "f" * 64, {}, [], outputs, 0.1)
    base = "/".join(filter(None, ("run/1", obsid, stage, made.fingerprint)))
    return publish(store, base, made, outputs.files), f"{base}/manifest.json"


@pytest.fixture
def store(tmp_path):
    """Two stages, a failure, no work, FITS products plain and compressed, an index."""
    archive = open_archive(str(make_archive(tmp_path / "archive", o20402_01_45_03="banana", o20402_01_45_04="corrupt")))
    store = open_store(str(tmp_path / "store"))
    first = execute(COUNT, request(), archive=archive, store=store)
    execute(DOUBLE, request("double", upstream={"count": first.manifest}), store=store)
    execute(COUNT, request(obsid="20402-01-45-04"), archive=archive, store=store)
    execute(COUNT, request(config={"ends": "no time"}), archive=archive, store=store)
    put_set(store, "curves", [File("a.lc", fits_file()), File("b.lc.gz", fits_file(compress=True))])
    store.put("run/1/products/0.json", seal(b'{"observations": {}, "seal": ""}'))
    return store


def test_an_undisturbed_store_is_whole(store):
    told = []
    found = verify(store, "run/1", lambda *numbers: told.append(numbers))
    assert found.problems == ()
    assert (found.manifests, found.objects, found.stray) == (4, 10, 0)
    assert found.size == sum(info.size for info in store.list())
    assert told[-1] == (10, 10)
    assert verify(store) == found


def test_one_changed_byte_anywhere_is_found(store):
    """The object is named; 80 bytes of each, or with ROSSI_LONG_TESTS all of them."""
    chance = random.Random(1)
    changed = 0
    for info in list(store.list()):
        path = store.root / info.key
        original = path.read_bytes()
        places = range(info.size) if LONG else chance.sample(range(info.size), min(info.size, 80))
        for at in places:
            damaged = bytearray(original)
            damaged[at] ^= chance.randrange(1, 256)
            path.write_bytes(damaged)
            assert info.key in " ".join(problem.message for problem in verify(store).problems), (info.key, at)
            changed += 1
        path.write_bytes(original)
    assert changed > 300
    print(changed, "bytes changed and found")
    assert verify(store).problems == ()


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: b""])
def test_changed_lengths_are_found(store, change):
    for info in list(store.list()):
        path = store.root / info.key
        original = path.read_bytes()
        path.write_bytes(change(original))
        assert info.key in " ".join(problem.message for problem in verify(store).problems)
        path.write_bytes(original)


def test_lost_objects_are_found(store):
    """A payload by its manifest, a manifest by what was made from it; nothing else says that it ever was there."""
    for info in list(store.list()):
        data = store.get(info.key)
        store.delete(info.key)
        problems = verify(store).problems
        if info.key.endswith(("number.txt", "product.txt", ".lc", ".gz")):
            assert "missing" in problems[0].message
        elif info.key.endswith("manifest.json") and "/count/" in info.key and b"succeeded" in data:
            assert "is not in the store" in problems[0].message
        else:
            assert problems == ()
        store.put(info.key, data)


def test_swapped_products_and_moved_manifests_are_found(store):
    keys = [info.key for info in store.list() if info.key.endswith(".lc")]
    other = store.root / keys[0].replace("a.lc", "b.lc.gz")
    (store.root / keys[0]).write_bytes(other.read_bytes())
    assert len(verify(store).problems) == 1
    manifest = next(i.key for i in store.list() if "/double/" in i.key and i.key.endswith("manifest.json"))
    moved = manifest.replace("45-03", "45-05")
    (store.root / moved).parent.mkdir(parents=True)
    (store.root / moved).write_bytes((store.root / manifest).read_bytes())
    assert any("moved or copied" in problem.message for problem in verify(store, "run/1").problems)


def test_wrong_sums_inside_a_product_are_found(tmp_path):
    """What was damaged before it was put agrees with its sha256, but not with its own sums."""
    store = open_store(str(tmp_path))
    data = bytearray(fits_file())
    data[-2800] ^= 1
    _, key = put_set(store, "curves", [File("a.lc", bytes(data)), File("b.lc", b"no FITS"), File("c.txt", b"any")])
    manifest = read_manifest(store, key)
    found = verify(store)
    assert len(found.problems) == 2
    assert "DATASUM" in found.problems[0].message
    assert "not a FITS file" in found.problems[1].message
    assert output_key(key, manifest, manifest.outputs[0]) in found.problems[0].keys
    assert key in found.problems[0].keys


def test_stray_objects_are_counted_and_no_problem(store):
    store.put(f"run/1/{OBSID}/count/{'0' * 64}/0123456789abcdef/number.txt", b"of a killed attempt")
    found = verify(store)
    assert (found.stray, found.problems) == (1, ())


def test_what_runs_noted_is_no_stray(store):
    before = verify(store, "run/1")
    store.put("run/1/runs/20300101T000000-00000000.json", b"{}")
    store.put("run/1/campaigns/0123abcd/runs/uid/0/results.json", b"[]")
    assert verify(store, "run/1") == verify(store) == before


@pytest.mark.parametrize("compress", [False, True])
def test_sums_of_every_hdu(compress):
    data = fits_file()
    pack = gzip.compress if compress else bytes
    assert list(checksum_problems(pack(data), "x")) == []
    for at in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[at] ^= 4
        assert list(checksum_problems(pack(bytes(damaged)), "x")), at
    assert "bytes" in next(checksum_problems(pack(data + b"\0" * 2880), "x"))
    without = data.replace(b"DATASUM", b"DATASUN")
    assert "DATASUM missing" in next(checksum_problems(pack(without), "x"))


def test_a_seal_needs_its_place():
    with pytest.raises(ValueError, match="seal"):
        seal(b"{}")
    sealed = seal(b'{"a": 1, "seal": ""}')
    assert is_intact(sealed)
    assert not is_intact(b'{"a": 1, "seal": ""}')
    assert not is_intact(sealed.replace(b"1", b"2"))
