"""While one observation is computed the next are fetched and the last are put: every promise holds all the same."""

import threading
import time
from dataclasses import replace
from itertools import count as numbers

import pytest

from services.contract import FailureKind, Outcome
from services.execution import overlap, worker
from services.storage import StoreError, open_archive, open_store
from services.storage.verification import verify
from tests.services.execution.shards import OBSIDS, outcomes, products, with_store
from tests.services.fakes import STAGES, FaultyStore, configured, use_fakes
from tests.services.storage import faults
from tests.services.storage.faults import Fault, Killed

BAD = OBSIDS[1]

far = pytest.mark.parametrize("near", [False], indirect=True)


def test_results_come_in_order_when_all_is_put(shard, monkeypatch):
    store = with_store(monkeypatch, shard, FaultyStore(open_store(shard.store)))
    begun, told = [], []

    def tell(result):
        told.append(result.obsid)
        assert {stage.manifest for stage in result.stages} <= {info.key for info in store.store.list()}

    results = worker.run_shard(shard, tell, on_begin=begun.append)
    assert begun == told == list(OBSIDS)
    assert outcomes(results) == [Outcome.SUCCEEDED] * 4
    for obsid in OBSIDS:
        puts = [key.split("/")[2:] for method, key in store.calls if method == "put" and f"/{obsid}/" in key]
        manifests = [key[0] for key in puts if key[-1] == "manifest.json"]
        assert manifests.index("count") < manifests.index("double")
        assert puts[-1][0] == "manifests"
        assert [key[-1] for key in puts[-5:-1]] == ["manifest.json"] * 4  # the payload of all stages before any
        for place, (stage, *_, name) in enumerate(puts):
            assert name != "manifest.json" or stage not in [key[0] for key in puts[place + 1 :]]
    assert all(result.reused for result in worker.run_shard(shard))


def test_what_is_new_is_known_by_one_request_for_all(shard, monkeypatch):
    store = with_store(monkeypatch, shard, FaultyStore(open_store(shard.store)))
    results = worker.run_shard(shard)
    asked = [method for method, _ in store.calls if method not in ("put", "url")]
    assert asked == ["occupied"]
    assert [result.together for result in results] == [
        info.key for info in store.store.list() if "/manifests/" in info.key
    ]
    store.calls.clear()
    again = worker.run_shard(shard)
    assert sorted(method for method, _ in store.calls) == [*["get"] * len(OBSIDS), "occupied"]
    assert [result.together for result in again] == [result.together for result in results]
    assert all(result.reused for result in again)


def test_it_is_asked_of_each_where_that_can_not_be_told(shard, monkeypatch):
    store = FaultyStore(open_store(shard.store), lambda method, _: method == "occupied")
    with_store(monkeypatch, shard, store)
    assert outcomes(worker.run_shard(shard)) == [Outcome.SUCCEEDED] * 4
    assert [method for method, _ in store.calls].count("list") == len(OBSIDS)


def test_it_gives_what_is_given_one_by_one(shard, tmp_path):
    results = worker.run_shard(shard)
    alone = open_store(str(tmp_path / "alone"))
    for obsid, result in zip(OBSIDS, results, strict=True):
        other = worker.run_observation(obsid, shard, archive=open_archive(shard.archive), store=alone)
        assert [s.fingerprint for s in other.stages] == [s.fingerprint for s in result.stages]
        assert [(s.outcome, s.reads, s.summary) for s in other.stages] == [
            (s.outcome, s.reads, s.summary) for s in result.stages
        ]
    assert products(alone) == products(open_store(shard.store))


@pytest.mark.parametrize("stepwise", [True, False])
def test_products_are_put_after_each_stage_for_whoever_looks_at_them(shard, stepwise):
    store, there = open_store(shard.store), []

    def run(*arguments, **places):
        result = worker.execute(*arguments, **places)
        there.append(store.head(result.manifest) is not None)
        return result

    archive = open_archive(shard.archive)
    result = worker.run_observation(BAD, shard, archive=archive, store=store, run=run, stepwise=stepwise)
    assert there == [stepwise] * 4
    assert all(store.head(stage.manifest) for stage in result.stages)


def test_what_can_not_be_put_is_that_observations_failure(shard, monkeypatch):
    def fails(method, key):
        return method == "put" and f"/{BAD}/count/" in key and "failures" not in key

    store = with_store(monkeypatch, shard, FaultyStore(open_store(shard.store), fails))
    results = worker.run_shard(shard)
    assert outcomes(results) == ["succeeded", "failed", "succeeded", "succeeded"]
    assert [(s.stage, s.kind) for s in results[1].stages] == [
        ("count", FailureKind.RETRYABLE),
        ("tally", None),
        ("treble", None),
    ]
    assert any("/count/failures/" in info.key for info in store.store.list(f"r/{BAD}/"))
    assert not any("/manifests/" in info.key for info in store.store.list(f"r/{BAD}/"))
    assert verify(store.store, "r").problems == ()
    store.fails = lambda *_: False
    assert outcomes(worker.run_shard(shard)) == [Outcome.SUCCEEDED] * 4


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.LOST, Fault.TWICE, Fault.DELAY, Fault.KILL, Fault.KILL_AFTER])
def test_a_fault_at_any_request(shard, tmp_path, monkeypatch, fault):
    """Of two observations: whichever thread meets it, the other observation does not suffer, and nothing is lost."""
    two = shard.model_copy(update={"obsids": OBSIDS[:2]})
    for at in numbers(0, 3):
        store = open_store(str(tmp_path / f"store{at}"))

        def meanwhile(store=store):
            worker.run_observation(BAD, two, archive=open_archive(shard.archive), store=store)

        faulty = with_store(monkeypatch, shard, faults.FaultyStore(store, at, fault, meanwhile))
        try:
            results = worker.run_shard(two)
        except Killed:
            assert fault in (Fault.KILL, Fault.KILL_AFTER)
        else:
            assert len(results) == 2
            assert outcomes(results).count("failed") <= 1
        assert verify(store, "r").problems == ()
        if not faulty.hit:
            break
        with_store(monkeypatch, shard, store)
        assert outcomes(worker.run_shard(two)) == [Outcome.SUCCEEDED] * 2
        assert verify(store, "r").problems == ()
        assert len(products(store)) == 8
    assert at > 20


class Slow:
    """A store whose answers take a while."""

    def __init__(self, store):
        self.store = store

    def __getattr__(self, method):
        time.sleep(0.003)
        return getattr(self.store, method)


def test_no_more_than_so_many_are_on_their_way(shard, monkeypatch, near):
    monkeypatch.setattr(overlap, "BEHIND", 1)
    monkeypatch.setattr(overlap, "GATHERED", 2)
    with_store(monkeypatch, shard, Slow(open_store(shard.store)))
    begun, told, flying = [], [], []

    def begin(obsid):
        begun.append(obsid)
        flying.append(len(begun) - len(told))

    worker.run_shard(shard, told.append, on_begin=begin)
    assert max(flying) == 2
    monkeypatch.setattr(overlap, "HELD", 1)  # no room: each is put before the next is begun
    changed = shard.model_copy(update={"stages": configured(count={"letter": "b"}, double={})})
    begun, told, flying = [], [], []
    worker.run_shard(changed, told.append, on_begin=begin)
    assert max(flying) == 1


@far
def test_each_file_is_read_once_and_before_its_turn(shard, monkeypatch):
    archive, read = open_archive(shard.archive), []
    place = archive._read
    monkeypatch.setattr(
        archive, "_read", lambda path, name: read.append(threading.current_thread()) or place(path, name)
    )
    monkeypatch.setattr(worker, "open_places", lambda _: (archive, open_store(shard.store)))
    worker.run_shard(shard)
    assert len(read) == len(OBSIDS)
    assert threading.main_thread() not in read


class Elsewhere:
    """An archive that tells sizes and identities without fetching, and notes who fetches what."""

    def __init__(self, archive):
        self.archive, self.fetched = archive, []

    def __getattr__(self, name):
        return getattr(self.archive, name)

    def identify(self, files, contents=None):
        return [file._replace(size=len(self.archive.fetch(file.path)), identity="tag") for file in files]

    def fetch_many(self, files):
        self.fetched += [(threading.current_thread().name[:5], file.path.split("/")[2]) for file in files]
        return [self.archive.fetch(file.path) for file in files]


@far
def test_of_an_archive_elsewhere_what_is_to_be_done_is_fetched_before_its_turn(shard, monkeypatch):
    archive = Elsewhere(open_archive(shard.archive))
    monkeypatch.setattr(worker, "open_places", lambda _: (archive, open_store(shard.store)))
    worker.run_shard(shard.model_copy(update={"obsids": OBSIDS[:2]}))
    assert sorted(archive.fetched) == [("ahead", obsid) for obsid in OBSIDS[:2]]
    archive.fetched.clear()
    further = configured(count={}, tally={}, double={"factor": 5})  # of the first two only this is not done
    assert outcomes(worker.run_shard(shard.model_copy(update={"stages": further}))) == [Outcome.SUCCEEDED] * 4
    assert sorted(archive.fetched) == [("ahead", obsid) for obsid in OBSIDS[2:]]


def test_what_goes_to_disk_is_not_fetched_before_its_turn(shard, monkeypatch):
    for name in ("count", "tally"):
        stage = STAGES[name]
        inputs = tuple(replace(one, on_disk=True) for one in stage.inputs)
        monkeypatch.setitem(STAGES, name, replace(stage, inputs=inputs))
    archive = Elsewhere(open_archive(shard.archive))
    monkeypatch.setattr(worker, "open_places", lambda _: (archive, open_store(shard.store)))
    assert outcomes(worker.run_shard(shard)) == [Outcome.SUCCEEDED] * 4
    assert {thread for thread, _ in archive.fetched} == {"MainT"}


def test_what_is_wrong_ahead_is_told_in_its_turn(shard, monkeypatch):
    def broken(*_):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(overlap, "look", broken)
    assert outcomes(worker.run_shard(shard)) == [Outcome.SUCCEEDED] * 4
    bad = shard.model_copy(update={"obsids": (*OBSIDS[:2], "20402-01-99-99", "nonsense")})
    monkeypatch.undo()
    use_fakes(monkeypatch)
    assert outcomes(worker.run_shard(bad)) == ["succeeded", "succeeded", "failed", "failed"]


def test_an_interruption_leaves_nothing_behind(shard, monkeypatch):
    store = with_store(monkeypatch, shard, Slow(open_store(shard.store)))

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.run_shard(shard, interrupt)
    assert not [t for t in threading.enumerate() if t.name.startswith(("ahead", "behind"))]
    assert verify(store.store, "r").problems == ()
    assert outcomes(worker.run_shard(shard)) == [Outcome.SUCCEEDED] * 4


def test_a_wrong_configuration_does_not_lose_what_was_made_before(shard, monkeypatch):
    from rossi.errors import ConfigError

    run, told = worker.run_observation, []

    def wrong(obsid, *arguments, **options):
        if obsid == OBSIDS[2]:
            raise ConfigError("No.")
        return run(obsid, *arguments, **options)

    monkeypatch.setattr(worker, "run_observation", wrong)
    with pytest.raises(ConfigError, match="No"):
        worker.run_shard(shard, lambda result: told.append(result.obsid))
    assert told == list(OBSIDS[:2])


def test_a_store_that_refuses_everything_ends_the_shard(shard, monkeypatch):
    from rossi.errors import ConfigError

    refusing = FaultyStore(open_store(shard.store), lambda method, _: method == "put", error=ConfigError)
    with_store(monkeypatch, shard, refusing)
    with pytest.raises(ConfigError, match="broke off"):
        worker.run_shard(shard)


def test_the_store_is_away_while_products_wait(shard, monkeypatch):
    """All of them are made again when it is back, also those that failed while somebody waited."""
    away = threading.Event()
    pauses = []

    def fails(method, key):
        if method == "put" and f"/{OBSIDS[0]}/double/" in key and not pauses:
            away.set()
        return away.is_set()

    def wait(seconds):
        pauses.append(seconds)
        away.clear()

    monkeypatch.setattr("services.storage.patience.time.sleep", wait)
    with_store(monkeypatch, shard, FaultyStore(open_store(shard.store), fails, error=StoreError))
    assert outcomes(worker.run_shard(shard)) == [Outcome.SUCCEEDED] * 4
    assert pauses
    assert verify(open_store(shard.store), "r").problems == ()
