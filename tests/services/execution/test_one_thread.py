"""Where archive and store are folders that answer at once, one thread does all: products are gathered, and put."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count as numbers

import pytest

from rossi.errors import ConfigError
from services.contract import Outcome
from services.execution import beside, overlap, worker
from services.storage import open_store
from services.storage.verification import verify
from tests.services.execution.shards import OBSIDS, outcomes, products, with_store
from tests.services.fakes import FaultyStore

pytestmark = pytest.mark.parametrize("near", [True], indirect=True)


def test_of_folders_that_answer_at_once_no_thread_is_asked(shard, monkeypatch):
    store = with_store(monkeypatch, shard, open_store(shard.store))
    monkeypatch.setattr(beside, "_IN_ALL", 60.0)
    monkeypatch.setattr(ThreadPoolExecutor, "submit", lambda *_, **__: pytest.fail("a thread was asked"))
    put, together = store.put_in_order, []
    monkeypatch.setattr(store, "put_in_order", lambda contents: together.append(len(contents)) or put(contents))
    assert outcomes(worker.run_shard(shard)) == [Outcome.SUCCEEDED] * 4
    assert together == [4 * len(OBSIDS), len(OBSIDS)]  # manifests, and what repeats them


def test_what_is_gathered_is_put_while_another_takes_long(shard, monkeypatch):
    """Its own products and its result wait for nothing but a while."""
    monkeypatch.setattr(overlap, "LONG", 0.02)
    store, kept = with_store(monkeypatch, shard, open_store(shard.store)), []

    def begin(position):
        if position == 2:
            end = time.monotonic() + 20
            while len(kept) < 2 and time.monotonic() < end:
                time.sleep(0.01)
            assert kept == [0, 1]
            assert {info.key.split("/")[1] for info in store.list("r/") if "/manifests/" in info.key} == set(OBSIDS[:2])

    def keep(position, _):
        kept.append(position)

    works = overlap.Overlap(shard, *worker.open_places(shard), worker.run_observation, keep, on_begin=begin)
    assert [position for position, _ in works.work(range(4))] == kept == [0, 1, 2, 3]


def test_what_was_made_is_put_though_the_work_is_interrupted(shard, monkeypatch):
    """Also what waits for others to be put together with it."""

    def begin(obsid):
        if obsid == OBSIDS[2]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.run_shard(shard, on_begin=begin)
    there = {info.key.split("/")[1] for info in open_store(shard.store).list("r/") if "/manifests/" in info.key}
    assert there == set(OBSIDS[:2])


@pytest.mark.parametrize("at", range(0, 36, 3))
@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_is_being_put_is_put_though_somebody_interrupts(shard, monkeypatch, at, end):
    """At any call of the system that writes: Ctrl-C and SIGTERM come out when all is there."""
    calls, open_file = numbers(), os.open

    def interrupted(path, flags, *mode, **folder):
        if flags & os.O_CREAT and next(calls) == at:
            raise end
        return open_file(path, flags, *mode, **folder)

    monkeypatch.setattr(os, "open", interrupted)
    with pytest.raises(end):
        worker.run_shard(shard)
    store = open_store(shard.store)
    assert {info.key.split("/")[1] for info in store.list("r/") if "/manifests/" in info.key} == set(OBSIDS)
    assert len(products(store)) == 16
    assert verify(store, "r").problems == ()
    assert list(store.leftovers()) == []


def test_of_several_put_together_those_are_told_that_were_put_before_all_failed(shard, monkeypatch):
    def refuses(method, key):
        return method == "put" and f"/{OBSIDS[2]}/" in key

    with_store(monkeypatch, shard, FaultyStore(open_store(shard.store), refuses, error=ConfigError))
    told = []
    with pytest.raises(ConfigError, match="broke off"):
        worker.run_shard(shard, lambda result: told.append(result.obsid))
    assert told == list(OBSIDS[:2])
