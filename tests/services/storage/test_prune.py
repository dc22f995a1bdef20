"""What a kept release or a newest result names is never removed; all else that is old enough is, wherever it stops."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rossi.errors import DataError
from services.execution.ledger import put_work, read_shard, settle
from services.execution.request import Shard
from services.storage import StoreError, open_store, releases
from services.storage.gone import tell_to_go
from services.storage.memory import MemoryStore
from services.storage.prune import PruneConfig, find_prunable, sweep
from services.storage.releases import current_name, list_releases, make_current
from services.storage.superseded import Kind
from services.storage.verification import verify
from tests.services.storage.faults import FaultyStore, Killed
from tests.services.storage.history import DAY, Aged, Archive
from tests.services.storage.test_releases import read_all
from tests.services.storage.test_s3_store import bucket_at

ROOT = Path(__file__).parents[3]
OBSIDS = [f"20402-01-4{n}-00" for n in range(3)]


@pytest.fixture
def archive():
    return Archive(Aged(MemoryStore()), data=dict.fromkeys(OBSIDS, 0))


def night(archive, *changed, days=1.0):
    """Time goes on, some observations have other data, and the archive is reprocessed."""
    archive.store.now += days * DAY
    for obsid in changed:
        archive.data[obsid] += 1
    return archive.run()


def prune(archive, keep=3, days=7.0, **more):
    """What was removed: how many objects of each kind."""
    found = find_prunable(archive.store, archive.prefix, PruneConfig(keep=keep, days=days), now=archive.now, **more)
    sweep(archive.store, archive.prefix, found)
    return {kind: number for kind, (number, _) in found.by_kind().items() if number}


def test_superseded_products_go_and_kept_releases_stay_whole(archive):
    runs = [night(archive, OBSIDS[n % 3]) for n in range(12)]
    names = [release.name for release, _ in runs]
    before = {info.key: info.size for info in archive.store.list("run/")}
    found = find_prunable(archive.store, "run", PruneConfig(keep=3, days=7), now=archive.now)
    assert {info.key for info in archive.store.list("run/")} == before.keys()  # it is only said
    sweep(archive.store, "run", found)
    after = {info.key: info.size for info in archive.store.list("run/")}
    assert (found.objects, found.size) == (len(after), sum(after.values()))
    assert sum(size for _, size in found.by_kind().values()) == sum(before.values()) - sum(after.values())
    # Of twelve nights those of the last seven days are kept: five releases, with a merge and a list of each.
    assert list_releases(archive.store, "run") == names[4:] == names[-8:]
    assert found.by_kind()[Kind.RELEASE][0] == 4
    assert found.by_kind()[Kind.MERGED][0] == 4 * 3  # manifest, file and index
    assert found.by_kind()[Kind.LIST][0] == 4 * 2
    # Each night made the two stages of one observation anew; the releases that stay name those of nights 2 to 12.
    assert found.by_kind()[Kind.SUPERSEDED][0] == 4 * 2 * 2
    for name in list_releases(archive.store, "run"):
        make_current(archive.store, "run", name)
        assert read_all(archive.store)
    assert verify(archive.store, "run").problems == ()
    assert verify(archive.store, "run").stray == 0
    assert prune(archive) == {}


def test_what_was_kept_is_all_reused(archive):
    night(archive)
    for _ in range(3):
        night(archive, *OBSIDS, days=10)
    assert prune(archive, keep=1)
    before = {info.key for info in archive.store.list()}
    assert len(before) == 2 * (2 * 3 + 2) + 1 + 2  # manifest and file of each stage, merge and list; index; release
    _, keys = night(archive)
    made = {info.key for info in archive.store.list()} - before
    assert all("/query/" in key for key in made)
    assert set(keys) <= before


def test_the_last_releases_and_the_current_one_are_kept_however_old(archive):
    names = [night(archive, OBSIDS[0], days=30)[0].name for _ in range(6)]
    make_current(archive.store, "run", names[1])
    archive.store.now += 300 * DAY
    prune(archive, keep=2)
    assert list_releases(archive.store, "run") == [names[1], *names[-2:]]
    assert read_all(archive.store)
    make_current(archive.store, "run", names[-1])
    prune(archive, keep=1)
    assert list_releases(archive.store, "run") == names[-1:]
    assert verify(archive.store, "run").problems == ()


def test_a_newest_result_that_no_release_names_is_kept_with_what_it_was_made_from(archive):
    night(archive)
    archive.store.now += 30 * DAY
    archive.data[OBSIDS[0]] = 1
    first, second = archive.observation(OBSIDS[0])
    archive.data[OBSIDS[0]] = 2
    archive.store.now += 1  # its second stage was never run
    raw = archive.observation(OBSIDS[0])
    for info in list(archive.store.list(raw[1].rpartition("/")[0])):
        archive.store.delete(info.key)
    archive.store.now += 30 * DAY
    assert prune(archive, keep=1) == {}
    assert all(archive.store.head(key) for key in (first, second, raw[0]))


def test_orphans(archive):
    night(archive)
    old = [archive.orphan(OBSIDS[0]), archive.orphan("20402-01-99-00"), archive.orphan("", "merge")]
    _, keys = night(archive, OBSIDS[1])
    slower = f"{keys[1].rpartition('/')[0]}/{'0a' * 8}/first.txt"  # of another writer of the same
    archive.store.put(slower, b"with another date")
    archive.store.now += 8 * DAY
    young = [archive.orphan(OBSIDS[0]), f"{keys[3].rpartition('/')[0]}/{'0b' * 8}/first.txt"]
    archive.store.put(young[1], b"of a writer at work")
    assert verify(archive.store, "run").stray == 6
    assert prune(archive) == {Kind.ORPHAN: 4, Kind.LIST: 2}
    assert not any(archive.store.head(key) for key in (*old, slower))
    assert all(map(archive.store.head, young))
    assert verify(archive.store, "run").stray == 2


def test_failures(archive):
    night(archive)
    failed = [archive.failure(OBSIDS[0]), archive.failure("20402-01-98-00")]
    archive.store.now += 60
    again = archive.failure("20402-01-98-00")
    night(archive, OBSIDS[0])
    archive.store.now += 60
    since = archive.failure(OBSIDS[0])
    archive.store.now += 8 * DAY
    assert prune(archive) == {Kind.FAILURE: 2, Kind.LIST: 2}
    assert [archive.store.head(key) is None for key in (*failed, again, since)] == [True, True, False, False]
    archive.store.now += 8 * DAY
    archive.data[OBSIDS[0]] += 1
    archive.observation(OBSIDS[0])
    assert prune(archive)[Kind.FAILURE] == 1


def test_temporary_files(tmp_path):
    store = open_store(str(tmp_path))
    archive = Archive(store)
    for number, age in enumerate((9, 6)):
        path = tmp_path / "run" / OBSIDS[0] / f".{number:032x}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half of it")
        os.utime(path, (time.time() - age * DAY,) * 2)
    found = find_prunable(store, archive.prefix)
    assert found.by_kind()[Kind.TEMPORARY] == (1, 10)
    sweep(store, archive.prefix, found)
    assert [info.key for info in store.leftovers()] == [f"run/{OBSIDS[0]}/.{1:032x}"]


def test_work_lists_of_finished_runs(archive):
    store = archive.store
    same = {"stages": {"pca_prep": {}}, "archive": "archive", "store": "store", "prefix": "run"}
    shards = [Shard(number=n, obsids=(OBSIDS[n],), **same) for n in (0, 1)]
    done, left = (put_work(store, "run", shards[:n]) for n in (1, 2))
    store.put(f"{done}/runs/uid/00000/results.json", b"[]")
    settle(store, done, "uid")
    store.put(f"{left}/runs/uid-1/00000/results.json", b"[]")
    settle(store, left, "uid-1")
    store.put(f"{left}/runs/uid-2/00000/done/00000.json", b"{}")  # and this run was never merged
    store.now += 8 * DAY
    assert prune(archive) == {Kind.WORK: 4}
    assert list(store.list(done)) == []
    assert [read_shard(store, left, number) for number in range(2)] == list(shards)
    store.now += 30 * DAY
    assert prune(archive) == {Kind.WORK: 6}
    assert list(store.list()) == []
    assert put_work(store, "run", shards[:1]) == done
    store.put(f"{done}/runs/uid/00000/done/00000.json", b"{}")  # at work for days
    store.now += 6 * DAY
    assert prune(archive) == {}


def test_what_is_not_ours_or_damaged_is_left_alone(archive):
    night(archive)
    archive.store.put("run/notes.txt", b"mine")
    archive.store.put(f"run/{OBSIDS[0]}/notes/old.txt", b"mine")
    _, keys = night(archive, OBSIDS[0])
    damaged = keys[1]
    text = archive.store.get(damaged)
    night(archive, OBSIDS[0])
    archive.store.delete(damaged)
    archive.store.now -= 2 * DAY
    archive.store.put(damaged, text.replace(b"first", b"fir5t"))
    archive.store.now += 100 * DAY
    prune(archive, keep=1)
    assert all(archive.store.head(key) for key in ("run/notes.txt", f"run/{OBSIDS[0]}/notes/old.txt", damaged))


def test_other_prefixes_are_left_alone(archive):
    other = Archive(archive.store, prefix="run/night", data=dict.fromkeys(OBSIDS, 0))
    outer = Archive(archive.store, prefix="", data=dict.fromkeys(OBSIDS, 5))
    for one in (other, outer):
        for _ in range(4):
            night(one, OBSIDS[0], days=10)
        one.orphan(OBSIDS[1])
        one.orphan("", "merge")
    before = {info.key for info in archive.store.list()}
    archive.store.now += 100 * DAY
    assert prune(archive) == {}
    removed = prune(outer, keep=1)
    assert removed[Kind.ORPHAN] == 2
    assert {key for key in before if archive.store.head(key) is None} <= {k for k in before if not k.startswith("run/")}
    assert read_all(archive.store, "run/night")


def test_an_observation_that_was_told_to_go(archive):
    _, keys = night(archive)
    mine = [key for key in keys if OBSIDS[0] in key]
    del archive.data[OBSIDS[0]]
    night(archive)
    archive.store.now += 30 * DAY
    assert prune(archive, keep=1) == {Kind.RELEASE: 1, Kind.MERGED: 3, Kind.LIST: 2}
    assert all(map(archive.store.head, mine))
    assert prune(archive, keep=1, gone={OBSIDS[0]: "99991231000000"}) == {Kind.SUPERSEDED: 4}
    assert not any(map(archive.store.head, mine))
    tell_to_go(archive.store, "run", OBSIDS[1])  # it is in the current release
    archive.store.now += 30 * DAY
    assert prune(archive, keep=1) == {}
    assert verify(archive.store, "run").problems == ()


def test_nothing_is_removed_where_a_kept_release_is_damaged(archive):
    release, _ = night(archive)
    for _ in range(3):
        night(archive, *OBSIDS, days=10)
    key = f"run/releases/{list_releases(archive.store, 'run')[-1]}.json"
    text = archive.store.get(key)
    archive.store.delete(key)
    archive.store.put(key, text.replace(b"All", b"Ale"))
    with pytest.raises(DataError, match="damaged"):
        find_prunable(archive.store, "run", now=archive.now)
    assert release.name in list_releases(archive.store, "run")


def test_documents_of_sources_go_with_their_releases(archive, monkeypatch):
    monkeypatch.setattr(releases, "MOST_NAMED", 2)
    for _ in range(5):
        night(archive, OBSIDS[0], days=10)
    assert len(list(archive.store.list("run/releases/products/"))) == 5
    assert prune(archive, keep=2)[Kind.RELEASE] == 3 * 2
    assert len(list(archive.store.list("run/releases/products/"))) == 2
    assert verify(archive.store, "run").problems == ()


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
