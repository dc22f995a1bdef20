"""Of two that want to work on one place of a store, one waits: also when the other is dead, or the server forgetful."""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.storage import StoreError, open_store
from services.storage.lease import LEASE, AtWork, hold, holder_of, once
from services.storage.memory import MemoryStore
from tests.services.storage.faults import FaultyStore
from tests.services.storage.test_s3_store import bucket_at

ROOT = Path(__file__).parents[3]
FAST = {"seconds": 0.4, "look": 0.02}
KEY = f"run/{LEASE}"


class Forgetful(MemoryStore):
    """A server that ignores conditions; that it does has been found out."""

    conditional = False

    def swap(self, key, data, tag):
        self.delete(key)
        return self.put(key, data)


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


def elsewhere(store, **changes):
    """Have the lease say that it was made on another machine."""
    there = store.get_tagged(KEY)
    text = json.loads(there.data) | {"host": "elsewhere", "space": "elsewhere"} | changes
    assert store.swap(KEY, json.dumps(text).encode(), there.tag)


def test_one_after_the_other(store):
    with hold(store, "run", "campaign a", **FAST) as lease:
        assert lease.caveat == ""
        assert holder_of(store, "run").who == "campaign a"
        with hold(store, "other", "campaign b", **FAST):
            assert holder_of(store, "other").who == "campaign b"
        with pytest.raises(AtWork, match=rf"campaign a \(.*, process {os.getpid()}\) is at work there since \d{{4}}-"):
            hold(store, "run", "campaign c", wait=False, **FAST).__enter__()
        lease.check()
    assert holder_of(store, "run") is None
    with hold(store, "run", "campaign c", wait=False, **FAST):
        assert holder_of(store, "run").who == "campaign c"


def test_who_waits_is_told_once_and_gets_the_place(store):
    told, order = [], []

    def second():
        with hold(store, "run", "second", once(told.append), seconds=1.5, look=0.02):
            order.append("second")

    with ThreadPoolExecutor(1) as pool, hold(store, "run", "first", seconds=1.5):
        waiting = pool.submit(second)
        time.sleep(2)  # renewed meanwhile, or it would be taken over
        order.append("first")
        assert not waiting.done()
    waiting.result()
    assert order == ["first", "second"]
    assert len(told) == 1
    assert told[0].startswith("first (")
    assert "this waits until that has ended" in told[0]


def test_of_many_one_at_a_time_works(store):
    at_work, most = [], []

    def work(number):
        with hold(store, "run", str(number), seconds=30, look=0.01):
            at_work.append(number)
            most.append(len(at_work))
            time.sleep(0.01)
            at_work.remove(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert most == [1] * 6


def test_waiting_can_be_ended(store):
    def enough(holder):
        raise KeyboardInterrupt

    with hold(store, "run", "first", **FAST), pytest.raises(KeyboardInterrupt):
        hold(store, "run", "second", enough, **FAST).__enter__()


def test_a_dead_holder_elsewhere_is_waited_for_as_long_as_it_said(store):
    """By the clock of who waits: that of the other machine, which is in the last century, does not count."""
    with hold(store, "run", "first", seconds=30):
        elsewhere(store, seconds=0.3, since="1999-12-31T00:00:00Z", expires="1999-12-31T00:00:00Z")
    told, begun = [], time.monotonic()
    with hold(store, "run", "second", told.append, **FAST) as lease:
        assert 0.3 <= time.monotonic() - begun < 20
        assert told[0].host == "elsewhere"
        lease.check()
        assert holder_of(store, "run").who == "second"


def test_a_killed_process_of_this_machine_is_not_waited_for(store):
    code = (
        "import sys, time; from services.storage import open_store; from services.storage.lease import hold\n"
        f"with hold(open_store({str(store.root)!r}), 'run', 'killed', seconds=3600):\n"
        "    print('at work', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"at work\n"
        assert holder_of(store, "run").pid == process.pid
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert holder_of(store, "run") is None  # dead, though its parent has not asked for it
        process.wait()
    assert store.head(KEY) is not None
    assert holder_of(store, "run") is None
    with hold(store, "run", "next", wait=False, **FAST):
        assert holder_of(store, "run").who == "next"


def test_who_could_not_renew_in_time_notices(store):
    with hold(store, "run", "slow", **FAST) as lease:
        there = store.get_tagged(KEY)
        other = json.loads(there.data) | {"id": "other", "who": "faster"}
        assert store.swap(KEY, json.dumps(other).encode(), there.tag)
        end = time.monotonic() + 20
        while time.monotonic() < end and not lease._lost.is_set():
            time.sleep(0.01)
        with pytest.raises(StoreError, match="somebody else works there now"):
            lease.check()
    assert holder_of(store, "run").who == "faster"  # and keeps the place


def test_a_store_that_is_away_in_passing_costs_nothing(store):
    away = threading.Event()

    class Away(FaultyStore):
        def swap(self, key, data, tag):
            if away.is_set():
                raise StoreError("the server does not answer")
            return super().swap(key, data, tag)

    with hold(Away(store), "run", "first", **FAST) as lease:
        away.set()
        time.sleep(1.5 * FAST["seconds"])
        away.clear()
        before = store.get_tagged(KEY).tag
        end = time.monotonic() + 20
        while time.monotonic() < end and store.get_tagged(KEY).tag == before:
            time.sleep(0.01)
        assert store.get_tagged(KEY).tag != before
        lease.check()


def test_a_lease_that_nobody_can_read_is_waited_for(store, monkeypatch):
    monkeypatch.setattr("services.storage.lease.SECONDS", 0.2)
    store.put(KEY, b"{}")
    told = []
    with hold(store, "run", "next", told.append, **FAST):
        assert told[0].who == "Something"
    assert holder_of(store, "run") is None


def test_servers_that_ignore_conditions_are_told():
    with hold(Forgetful(), "run", "first", **FAST) as lease:
        assert "can't keep two runs apart for certain" in lease.caveat
        lease.check()


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("server", ["moto", "rclone"])
def test_servers(server, request):
    endpoint = request.getfixturevalue(f"{server}_endpoint")
    url = f"s3://{bucket_at(endpoint)}/x?endpoint={endpoint}&region=us-east-1"
    with hold(open_store(url), "run", "first", seconds=30, look=0.05) as lease:
        assert bool(lease.caveat) == (server == "rclone")
        with pytest.raises(AtWork, match="first"):
            hold(open_store(url), "run", "second", wait=False).__enter__()
    with hold(open_store(url), "run", "second", wait=False, look=0.05):
        assert holder_of(open_store(url), "run").who == "second"
