"""Pruning that is stopped or killed, or goes on beside readers and campaigns; random histories of a store."""

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.storage import StoreError, open_store
from services.storage.memory import MemoryStore
from services.storage.prune import PruneConfig, find_prunable, sweep
from services.storage.releases import current_name, list_releases, make_current
from services.storage.superseded import Kind
from services.storage.verification import verify
from tests.services.storage.faults import FaultyStore, Killed
from tests.services.storage.history import DAY, OBSIDS, Aged, Archive, night, prune
from tests.services.storage.test_releases import read_all
from tests.services.storage.test_s3_store import bucket_at

ROOT = Path(__file__).parents[3]


def busy(store):
    """A store with something of everything to remove."""
    archive = Archive(store, data=dict.fromkeys(OBSIDS, 0))
    for n in range(5):
        night(archive, OBSIDS[n % 3], days=10)
        archive.failure(OBSIDS[n % 3])
        archive.orphan(OBSIDS[0])
    return archive


@pytest.mark.usefixtures("credentials")
def test_on_a_server(moto_endpoint):
    """Removed in batches, the same as in memory."""
    url = f"s3://{bucket_at(moto_endpoint)}/x?endpoint={moto_endpoint}&region=us-east-1"
    whole, archive = busy(Aged(MemoryStore())), busy(Aged(open_store(url)))
    requests = []
    archive.store.store._client.meta.events.register("before-call.s3", lambda model, **_: requests.append(model.name))
    assert prune(archive, keep=1) == prune(whole, keep=1)
    assert [info.key for info in archive.store.list()] == [info.key for info in whole.store.list()]
    assert verify(archive.store, "run").problems == ()
    assert requests.count("DeleteObjects") == 5  # releases; merges and lists; two stages' manifests; payload
    assert "DeleteObject" not in requests


@pytest.mark.parametrize("fails", [StoreError, Killed])
def test_stopped_at_any_object_a_store_is_whole_and_the_next_prune_goes_on(fails):
    whole = busy(Aged(MemoryStore()))
    prune(whole, keep=1)
    expected = {info.key for info in whole.store.list()}
    for at in range(1000):
        archive = busy(Aged(MemoryStore()))
        deletions = iter(range(1000))

        class Stopping(FaultyStore):
            def delete(self, key, mine=archive.store, deletions=deletions, at=at):
                if next(deletions) == at:
                    raise fails("no more")
                mine.delete(key)

        found = find_prunable(archive.store, "run", PruneConfig(keep=1), now=archive.now)
        try:
            sweep(Stopping(archive.store), "run", found)
        except fails:
            pass
        else:
            break
        assert verify(archive.store, "run").problems == ()
        assert read_all(archive.store)
        prune(archive, keep=1)
        assert {info.key for info in archive.store.list()} == expected
    assert at > 30


def test_a_killed_process(tmp_path):
    """SIGKILL while objects go; the local store, by the clock."""
    archive = Archive(Aged(open_store(str(tmp_path))), data=dict.fromkeys(OBSIDS, 0))
    for _ in range(6):
        night(archive, *OBSIDS, days=10)
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (1e9, 1e9))
    code = (
        "import time; from services.storage import open_store; from services.storage.prune import *\n"
        f"store = open_store({str(tmp_path)!r}); found = find_prunable(store, 'run', PruneConfig(keep=1))\n"
        "delete = store.delete\n"
        "store.delete = lambda key: (print(key, flush=True), delete(key), time.sleep(0.002))\n"
        "sweep(store, 'run', found)"
    )
    removed = 0
    for lines in (1, 30):
        with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as process:
            for _ in range(lines):
                removed += bool(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
        assert verify(archive.store, "run").problems == ()
        assert read_all(archive.store)
    assert removed == 31
    found = find_prunable(archive.store.store, "run", PruneConfig(keep=1))
    sweep(archive.store.store, "run", found)
    assert found.by_kind()[Kind.ORPHAN][0] > 0
    assert len(list(archive.store.list())) == 2 * (2 * 3 + 2) + 1 + 2
    assert verify(archive.store, "run").stray == 0


def test_two_at_once():
    """Without a lease, as on servers that can't keep one: both remove the same, and neither minds."""
    alone, archive = (busy(Aged(MemoryStore())) for _ in range(2))
    prune(alone, keep=1)
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(prune, archive, keep=1) for _ in range(3)]:
            done.result()
    assert [info.key for info in archive.store.list()] == [info.key for info in alone.store.list()]


def test_readers_and_a_campaign_meanwhile(tmp_path):
    """Prunes, one after the other, while runs reprocess: a reader never misses a file, nothing young goes."""
    archive = Archive(Aged(open_store(str(tmp_path))), data=dict.fromkeys(OBSIDS, 0))
    night(archive)
    ended, looked, removed = [], [], []

    def campaign():
        try:
            for n in range(200):
                if n >= 12 and sum(removed):  # a prune has overtaken it
                    return
                _, keys = night(archive, OBSIDS[n % 3], days=5)
                assert all(map(archive.store.head, keys))
        finally:
            ended.append(True)

    def read():
        while not ended:
            looked.append(len(read_all(archive.store)))

    with ThreadPoolExecutor(3) as pool:
        others = [pool.submit(campaign), pool.submit(read)]
        while not ended:
            removed.append(sum(prune(archive, keep=2, days=7).values()))
        for other in others:
            other.result()
    prune(archive, keep=2)
    assert sum(removed) > 0
    assert looked
    assert verify(archive.store, "run").problems == ()
    assert len(list_releases(archive.store, "run")) == 2


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("night"), st.sets(st.sampled_from(OBSIDS)), st.sampled_from([0.01, 1, 4, 9])),
        st.tuples(st.just("killed"), st.sets(st.sampled_from(OBSIDS), min_size=1), st.integers(0, 6)),
        st.tuples(st.just("config"), st.integers(1, 3)),
        st.tuples(st.just("failure"), st.sampled_from(OBSIDS)),
        st.tuples(st.just("orphan"), st.sampled_from(OBSIDS)),
        st.tuples(st.just("back"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.sampled_from([3, 20])),
        st.tuples(st.just("prune"), st.integers(1, 3), st.sampled_from([0, 2, 7])),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_random_histories(steps):
    """Against what is expected, said in another way: by what names what, from one listing."""
    archive = Archive(Aged(MemoryStore()), data=dict.fromkeys(OBSIDS, 0))
    for step in [*steps, ("prune", 2, 7)]:
        match step:
            case "night", changed, days:
                night(archive, *changed, days=days)
            case "killed", changed, stages:
                archive.store.now += DAY
                for obsid in sorted(changed):
                    archive.data[obsid] += 1
                done = [archive.observation(obsid) for obsid in sorted(changed)][: stages // 2]
                assert all(done)
            case "config", config:
                archive.config = config
            case "failure", obsid:
                archive.store.now += 1
                archive.failure(obsid)
            case "orphan", obsid:
                archive.orphan(obsid)
            case "back", number:
                names = list_releases(archive.store, "run")
                if names:
                    make_current(archive.store, "run", names[number % len(names)])
            case "wait", days:
                archive.store.now += days * DAY
            case "prune", keep, days:
                expected = expected_after(archive, keep, days)
                prune(archive, keep=keep, days=days)
                assert {info.key for info in archive.store.list()} == expected
                assert verify(archive.store, "run").problems == ()
                assert read_all(archive.store) != []


def expected_after(archive, keep, days):
    store, limit = archive.store, archive.now - days * DAY
    ages = {info.key: info.modified for info in store.list("run/")}
    texts = {key: json.loads(store.get(key)) for key in ages if key.endswith(".json")}
    manifests = {key: text for key, text in texts.items() if key.endswith("/manifest.json")}
    names = sorted(k for k in texts if re.match(r"run/releases/2[^/]*$", k))
    current = current_name(store, "run")
    stay = {k for k in names if k in names[-keep:] or ages[k] >= limit or k == f"run/releases/{current}.json"}
    named = {f"run/{k}" for name in stay for s in texts[name]["sources"] for k in (s["merge"], *s["stages"])}
    newest = {}
    for key, text in sorted(manifests.items(), key=lambda item: (item[1]["created"], item[0])):
        newest[text["obsid"], text["stage"]] = key
    kept = named | set(newest.values()) | {key for key in manifests if ages[key] >= limit}
    indices = {key for key in texts if key.startswith("run/products/")}
    kept_indices = {key for key in indices if texts[key]["merge"] in kept or ages[key] >= limit}
    for index in kept_indices:
        kept |= {s["manifest"] for o in texts[index]["observations"].values() for s in o["stages"].values()}
    for key in list(kept):
        for record in manifests[key]["inputs"] if key in manifests else ():
            if record["input"] == "made":
                kept.add(f"{'/'.join(key.split('/')[:2])}/first/{record['identity']}/manifest.json")
    result = stay | kept_indices | {"run/current.json"} & ages.keys()
    for key, age in ages.items():
        parts = key.split("/")
        base = key.rpartition("/")[0].rpartition("/")[0]
        if "failures" in parts:
            same = [k for k in ages if k.startswith(key.rpartition("/")[0])]
            when = re.sub(r"\D", "", parts[-1][:15])
            made = manifests.get(newest.get((parts[1], parts[2])), {"created": ""})["created"]
            if age >= limit or (key == max(same) and when > re.sub(r"\D", "", made)[:14]):
                result.add(key)
        elif (
            key in kept
            or f"{base}/manifest.json" in kept
            or (len(parts) > 5 and f"{base}/manifest.json" not in manifests and age >= limit)
        ):
            result.add(key)
    return result & ages.keys()
