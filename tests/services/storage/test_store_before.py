"""A store of the layout before, which a campaign of three observations left: what is in it can still be told.

``tests/golden/store_before.tar.gz`` is of ``rossi simulate --observations 3 --seed 1`` with the Standard2 file of the
last one removed, reduced for one band of each instrument and merged; larger objects are left out.
"""

import tarfile
from pathlib import Path

import pytest

from flows.cli import main
from services.contract import Outcome
from services.storage import open_store
from services.storage.inventory import observations, product_sets, status
from services.storage.publication import output_key
from services.storage.verification import verify

GOLDEN = Path(__file__).parents[2] / "golden/store_before.tar.gz"
FAILED = "95101-01-01-01"
WHOLE = ("20101-01-01-00", "40101-01-01-02")
STAGES = {"hexte_back", "hexte_dead", "pca_extract", "pca_prep"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(GOLDEN) as packed:
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # which came with Python 3.11.4
        packed.extractall(folder, **safe)
    return open_store(str(folder))


def test_status(store, capsys):
    records = {(record.obsid, record.stage): record for record in status(store)}
    done = {(obsid, stage) for obsid in WHOLE for stage in STAGES}
    done |= {(FAILED, "hexte_back"), (FAILED, "hexte_dead"), ("", "merge"), ("", "query")}
    assert records.keys() == done | {(FAILED, "pca_prep")}
    assert {place for place, record in records.items() if record.outcome is Outcome.FAILED} == {(FAILED, "pca_prep")}
    with pytest.raises(SystemExit, match="0"):
        main(["status", str(store.root)])
    shown = capsys.readouterr().out
    assert f"{FAILED} pca_prep: AO14/P95101/{FAILED}/: the observation has no Standard2 data (pca/FS4a_*)" in shown


def test_products(store, capsys):
    entries = product_sets(store)
    (merged,) = [entry.manifest for entry in entries if entry.manifest.stage == "merge"]
    assert merged.summary["bands"]["ch5-10_128s"] == {"rows": 32, "unit": "count/s/PCU"}
    with pytest.raises(SystemExit, match="0"):
        main(["products", "--store", str(store.root)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == sum(len(entry.manifest.outputs) for entry in entries) == 107
    assert any(line.endswith("_ch5-10_128s.lc") and "pca_extract" in line for line in lines)


def test_products_of_observations_are_found_without_reading_others(store, monkeypatch):
    read, get = [], type(store).get
    monkeypatch.setattr(type(store), "get", lambda self, key: read.append(key) or get(self, key))
    entries = product_sets(store, obsids=[WHOLE[1], "no/../key", WHOLE[1], "90000-01-01-00"])
    assert [entry.manifest.stage for entry in entries] == [
        e.manifest.stage for e in product_sets(store) if e.manifest.obsid == WHOLE[1]
    ]
    assert {key.partition("/")[0] for key in read[: len(entries)]} == {WHOLE[1]}
    assert {*WHOLE, FAILED} <= set(observations(store))


def test_verify_misses_what_was_left_out_and_nothing_else(store):
    named = [output_key(entry.key, entry.manifest, r) for entry in product_sets(store) for r in entry.manifest.outputs]
    left_out = {key for key in named if not (store.root / key).exists()}
    found = verify(store)
    assert sorted(problem.message for problem in found.problems) == sorted(
        f"{store.url(key)}: the object is missing though its manifest names it." for key in left_out
    )
    assert (found.manifests, found.stray, len(left_out)) == (12, 0, 42)
