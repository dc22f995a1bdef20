"""Products of an observation's stage in one object: what it means for readers, for verify and for prune."""

import io
import math
import tarfile

import pytest

from rossi.errors import ConfigError
from rossi.product import About, Kind
from rossi.spooled import SpooledFile
from services.contract import Caveat, File, Outputs
from services.storage import open_store
from services.storage.bundle import object_key, pack
from services.storage.opening import puts_together
from services.storage.outputs import read_outputs
from services.storage.prune import find_prunable
from services.storage.publication import new_manifest, output_key, read_manifest, ready
from services.storage.verification import verify

OBSID = "20402-01-45-03"
FILES = {
    "light_curve": (File("a.txt", b"banana"), File("b.txt", b"")),
    "figure": (File("x.png", b"png", about=About(Kind.FIGURE)),),
    "spectrum": (File("s.txt", b"s" * 513),),
    "response": (File("r.txt", b"r", shared=True),),
}
BASE = f"{OBSID}/count/{'0' * 64}"
KEY = f"{BASE}/manifest.json"


@pytest.fixture
def store(tmp_path):
    store = open_store(str(tmp_path))
    ready(BASE, manifest(FILES), FILES, together=True).put(store)
    return store


def manifest(files):
    return new_manifest("count", OBSID, "0" * 64, {}, [], Outputs(files), 0.1)


def bundle_of(store):
    (key,) = (info.key for info in store.list() if info.key.endswith("/products.tar"))
    return key


def test_whoever_has_tar_reads_it(store):
    with tarfile.open(fileobj=io.BytesIO(store.get(bundle_of(store)))) as tar:
        assert {name: tar.extractfile(name).read() for name in tar.getnames()} == {
            "a.txt": b"banana",
            "b.txt": b"",
            "s.txt": b"s" * 513,
        }


def test_whoever_knows_where_a_file_begins_reads_it_alone(store):
    for record in read_manifest(store, KEY).outputs:
        if record.start is not None:
            (file,) = (file for files in FILES.values() for file in files if file.name == record.name)
            assert store.get(bundle_of(store))[record.start : record.start + record.size] == file.data


def test_figures_and_what_others_have_too_are_objects_of_their_own(store):
    names = {info.key.rpartition("/")[2] for info in store.list()}
    assert names == {"manifest.json", "products.tar", "x.png", "r.txt"}


def test_readers_need_not_know(store):
    found = read_manifest(store, KEY)
    assert {name: read_outputs(store, KEY, found, name) for name in FILES} == FILES
    assert {object_key(output_key(KEY, found, record)) for record in found.outputs} | {KEY} == {
        info.key for info in store.list()
    }


def test_a_manifest_that_was_made_is_the_one_that_is_read(tmp_path):
    summary = {"rates": (1.0, math.nan), "name": Kind.FIGURE, "seconds": 16}
    outputs = Outputs(FILES, (Caveat(code="x", message="X."),), summary)
    products = ready(BASE, new_manifest("count", OBSID, "0" * 64, {"bands": [1]}, [], outputs, 0.1), FILES)
    store = open_store(str(tmp_path))
    assert products.put(store) is products.manifest
    assert read_manifest(store, KEY) == products.manifest
    assert products.manifest.summary == {"rates": [1.0, None], "name": "figure", "seconds": 16}


@pytest.mark.parametrize(
    "files", [{"number": (File("1", b"1"),)}, {"number": (SpooledFile("1", b"1"), File("2", b"2"))}]
)
def test_one_file_alone_and_files_on_disk_stay_what_they_are(files, tmp_path):
    store = open_store(str(tmp_path))
    ready(BASE, manifest(files), files, together=True).put(store)
    assert not any(info.key.endswith(".tar") for info in store.list())
    assert [f.data for f in read_outputs(store, KEY, read_manifest(store, KEY), "number")] == [
        f.data for f in files["number"]
    ]


def test_every_changed_byte_is_found(store):
    key = bundle_of(store)
    whole = store.get(key)
    assert verify(store).problems == ()
    assert verify(store).stray == 0
    for place in [*range(0, 700, 7), *range(700, len(whole), 501)]:
        changed = bytearray(whole)
        changed[place] ^= 1
        store.delete(key)
        store.put(key, bytes(changed))
        (problem,) = verify(store).problems
        assert set(problem.keys) >= {key, KEY}
    store.delete(key)
    (problem,) = verify(store).problems
    assert "missing" in problem.message


def test_prune_leaves_it(store):
    assert find_prunable(store, now=4e9).doomed == ()
    store.put(f"{BASE}/{'1' * 16}/products.tar", b"of a slower writer")
    store.put(f"{BASE}/{'2' * 16}/products.tar", b"of another one")
    doomed = find_prunable(store, now=4e9).doomed
    assert sorted(one.info.key.split("/")[-2] for one in doomed) == ["1" * 16, "2" * 16]


def test_equal_files_make_equal_objects():
    files = [("a", b"1"), ("b", b"2" * 600)]
    assert pack(files) == pack(files)


def test_which_stores_do_so():
    assert puts_together("s3://bucket/run?endpoint=http://127.0.0.1:1")
    assert not puts_together("s3://bucket/run?products=single")
    assert not puts_together("/tmp/store")
    assert not puts_together("")
    with pytest.raises(ConfigError, match=r"together .* or single"):
        puts_together("s3://bucket/run?products=double")
