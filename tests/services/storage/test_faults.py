"""Every fault at every single request: readers see whole products or none, and the next run makes everything good."""

from collections import Counter
from itertools import count as numbers

import pytest

from services.contract import Outcome, StageResult
from services.execution import worker
from services.execution.inputs import Sources, choose
from services.execution.request import Shard
from services.merge.config import MergeRequest
from services.merge.stage import run_merge
from services.storage import open_archive, open_store
from services.storage.outputs import read_outputs
from services.storage.publication import find_manifest, read_manifest
from services.storage.verification import verify
from tests.services.fakes import COUNT, DOUBLE, make_archive, request, use_fakes
from tests.services.storage.faults import Fault, FaultyStore, Killed

GOOD = "20402-01-45-03"
STAGES_ASKED = {"count": {}, "tally": {}, "double": {"factor": 3}, "treble": {}}
#: Faults that break what a store promises; they are found, but take `rossi verify --remove` to be made good.
BROKEN_PROMISE = frozenset({Fault.SILENT, Fault.TRUNCATE})


@pytest.fixture
def archive(tmp_path, monkeypatch):
    use_fakes(monkeypatch)
    return make_archive(tmp_path / "archive", o20402_01_45_03="banana")


def shard(archive):
    return Shard(number=0, obsids=(GOOD,), stages=STAGES_ASKED, archive=str(archive), store="", prefix="run/1")


def reduce(archive, store):
    """Run all stages of one observation, as a worker does."""
    return worker.run_observation(GOOD, shard(archive), archive=open_archive(str(archive)), store=store)


def products(store):
    """What a reader sees: every product that a manifest names, read and compared, without what says when."""
    seen = {}
    for info in store.list():
        if not info.key.endswith("/manifest.json"):
            continue
        manifest = read_manifest(store, info.key)
        for record in manifest.outputs:
            (file,) = read_outputs(store, info.key, manifest, record.output)
            assert len(file.data) == record.size
            seen[f"{manifest.stage}/{manifest.fingerprint}/{file.name}"] = file.data.split()[0]
    return seen


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        use_fakes(patch)
        store = FaultyStore(open_store(str(folder / "store")))
        result = reduce(make_archive(folder / "archive", o20402_01_45_03="banana"), store)
    assert result.outcome is Outcome.SUCCEEDED
    return products(store.store), len(store.calls)


def remove_damaged(store):
    for problem in verify(store, "run/1").problems:
        for key in problem.keys:
            store.delete(key)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_at_every_request(archive, tmp_path, undisturbed, fault):
    expected, _ = undisturbed
    tried = Counter()
    for at in numbers():
        store = open_store(str(tmp_path / f"store{at}"))
        faulty = FaultyStore(store, at, fault, meanwhile=lambda s=store: reduce(archive, s))
        try:
            first = reduce(archive, faulty)
        except Killed:
            first = None
        if not faulty.hit:
            break
        tried[faulty.calls[at][0]] += 1
        if first is not None:
            assert first.outcome in (Outcome.SUCCEEDED, Outcome.FAILED)
            assert first.message if first.outcome is Outcome.FAILED else True
        damaged = verify(store, "run/1").problems
        assert fault in BROKEN_PROMISE or not damaged
        if damaged:
            remove_damaged(store)
        seen = products(store)  # whole ones, or none
        assert seen.items() <= expected.items()
        second = reduce(archive, store)
        assert second.outcome is Outcome.SUCCEEDED, (fault, faulty.calls[at], second.message)
        assert products(store) == expected
        assert verify(store, "run/1").problems == ()
        assert reduce(archive, store).reused
    assert tried["put"] >= 9
    assert tried["get"] == tried["list"] == 1
    print(fault, sum(tried.values()), "faults injected")


@pytest.mark.parametrize("first", [Fault.FAIL, Fault.LOST, Fault.KILL, Fault.KILL_AFTER, Fault.TRUNCATE])
def test_a_second_fault_while_the_first_one_is_made_good(archive, tmp_path, undisturbed, first):
    expected, calls = undisturbed
    for at in range(calls):
        store = open_store(str(tmp_path / f"store{at}"))
        for fault, place in ((first, at), (Fault.LOST, at), (Fault.KILL_AFTER, max(at - 1, 0))):
            try:
                reduce(archive, FaultyStore(store, place, fault))
            except Killed:
                continue
        if first is Fault.TRUNCATE:
            remove_damaged(store)
        assert products(store).items() <= expected.items()
        assert reduce(archive, store).outcome is Outcome.SUCCEEDED
        assert products(store) == expected


def test_a_truncated_payload_is_put_again(archive, tmp_path):
    """Its place follows from its content, so whatever else lies there is damaged: nobody has to remove it."""

    store = open_store(str(tmp_path / "store"))
    first = worker.execute(COUNT, request(), archive=open_archive(str(archive)), store=store)
    asked = request("double", upstream={"count": first.manifest})
    watched = FaultyStore(open_store(str(tmp_path / "store")), 3, Fault.TRUNCATE)
    broken = worker.execute(DOUBLE, asked, store=watched)
    assert watched.calls[3][0] == "put"
    assert broken.outcome is Outcome.FAILED
    place = watched.calls[3][1]
    assert store.head(place).size == 0
    assert worker.execute(DOUBLE, asked, store=store).outcome is Outcome.SUCCEEDED
    assert store.get(place) == b"6"
    assert verify(store).problems == ()


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in BROKEN_PROMISE])
def test_every_fault_at_every_request_of_the_merge(archive, tmp_path, fault):
    for at in numbers():
        store = open_store(str(tmp_path / f"store{at}"))
        result = reduce(archive, store)
        asked = MergeRequest(store=str(tmp_path / f"store{at}"), prefix="run/1", asked=(GOOD,), results=(result,))
        faulty = FaultyStore(store, at, fault, meanwhile=lambda s=store, a=asked: run_merge(a, s))
        try:
            first = run_merge(asked, faulty)
            assert isinstance(first, StageResult)
        except (Killed, Exception):
            pass
        if not faulty.hit:
            break
        assert verify(store, "run/1").problems == ()
        done = run_merge(asked, store)
        assert done.outcome is Outcome.SUCCEEDED
        assert run_merge(asked, store).reused
        assert verify(store, "run/1").problems == ()
    assert at >= 5
    print(fault, at, "faults injected into the merge")


def test_manifest_comes_last(archive, tmp_path):
    """Whatever a reader could see before it would not be whole."""
    store = FaultyStore(open_store(str(tmp_path / "store")))
    reduce(archive, store)
    puts = [key for method, key in store.calls if method == "put"]
    for at, key in enumerate(puts):
        folder = key.split("/")[:5]
        if key.endswith("manifest.json"):
            assert not [later for later in puts[at + 1 :] if later.split("/")[:5] == folder]


def test_inputs_are_found_before_anything_is_read(archive, tmp_path):
    store = FaultyStore(open_store(str(tmp_path / "store")))
    choose(COUNT.inputs, request(), Sources(open_archive(str(archive)), store))
    assert store.calls == []
    assert find_manifest(store, "run/1/none/manifest.json") is None
