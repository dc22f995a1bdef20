"""What a kept release or a newest result names is never removed; all else that is old enough is, wherever it stops."""

import os
import time

import pytest

from rossi.errors import DataError
from services.execution.ledger import put_work, read_shard, settle
from services.execution.request import Shard
from services.storage import open_store, releases
from services.storage.gone import tell_to_go
from services.storage.memory import MemoryStore
from services.storage.prune import PruneConfig, find_prunable, sweep
from services.storage.releases import list_releases, make_current
from services.storage.superseded import Kind
from services.storage.verification import verify
from tests.services.storage.history import DAY, OBSIDS, Aged, Archive, night, prune
from tests.services.storage.test_releases import read_all


@pytest.fixture
def archive():
    return Archive(Aged(MemoryStore()), data=dict.fromkeys(OBSIDS, 0))


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
