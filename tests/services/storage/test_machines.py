"""State machines: a store that breaks off against a dictionary, and two workers on one observation, step by step."""

import queue
import shutil
import tempfile
import threading
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.contract import Outcome
from services.execution.executor import execute
from services.storage import MissingObject, ObjectInfo, StoreError, open_archive, open_store
from services.storage.at_once import at_once
from services.storage.outputs import read_outputs
from services.storage.publication import read_manifest
from services.storage.verification import verify
from tests.conftest import LONG
from tests.services.fakes import COUNT, make_archive, request
from tests.services.storage.faults import Fault, FaultyStore, Killed

EXAMPLES = 300 if LONG else 25
KEYS = ["a/1", "a/2", "a-b", "b/c/d"]
HARMLESS = st.sampled_from([None, Fault.FAIL, Fault.LOST, Fault.TWICE, Fault.KILL, Fault.KILL_AFTER])


class StoreMachine(RuleBasedStateMachine):
    """Every call may meet a fault; what it did is then one of two things, and nothing else."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = open_store(str(self.folder / "store"))
        self.model = {}

    def teardown(self):
        shutil.rmtree(self.folder)

    def attempt(self, fault, call):
        faulty = FaultyStore(self.store, 0 if fault else None, fault or Fault.FAIL)
        try:
            return call(faulty), False
        except (StoreError, Killed):
            return None, True

    @rule(key=st.sampled_from(KEYS), data=st.binary(max_size=30), fault=HARMLESS)
    def put(self, key, data, fault):
        created, broke = self.attempt(fault, lambda store: store.put(key, data))
        if broke:
            if self.store.head(key) is not None:
                self.model.setdefault(key, data)
        elif fault is Fault.TWICE:
            assert not created
            self.model.setdefault(key, data)
        else:
            assert created == (key not in self.model)
            self.model.setdefault(key, data)

    @rule(key=st.sampled_from(KEYS), fault=HARMLESS)
    def delete(self, key, fault):
        _, broke = self.attempt(fault, lambda store: store.delete(key))
        if not broke or self.store.head(key) is None:
            self.model.pop(key, None)

    @rule(key=st.sampled_from(KEYS), fault=HARMLESS)
    def get(self, key, fault):
        try:
            data, broke = self.attempt(fault, lambda store: store.get(key))
        except MissingObject:
            assert key not in self.model
        else:
            assert broke or data == self.model[key]

    @invariant()
    def holds_what_the_dictionary_holds(self):
        assert list(self.store.list()) == [ObjectInfo(k, len(v)) for k, v in sorted(self.model.items())]
        for key in KEYS:
            info = self.store.head(key)
            assert (info is not None) == (key in self.model)
            assert info is None or self.store.get(key) == self.model[key]


class SteppedStore:
    """A store that does one call at a time, when it is told to.

    A weak one looks before it puts and then overwrites, as is done on servers that ignore If-None-Match.
    """

    def __init__(self, store, weak):
        self.store, self.weak = store, weak
        self.orders, self.waiting = queue.Queue(), queue.Queue()

    def url(self, key):
        return self.store.url(key)

    def put(self, key, data):
        if not self.weak:
            return self.ask("put", key, data)
        return self.ask("head", key) is None and self.ask("overwrite", key, data)

    def put_in_order(self, contents):
        return [self.put(*content) for content in contents]

    def put_contents(self, contents):
        return at_once(lambda content: self.ask("overwrite" if self.weak else "put", *content), contents)

    def overwrite(self, key, data):
        self.store.delete(key)
        return self.store.put(key, data)

    def ask(self, method, *arguments):
        return self.__getattr__(method)(*arguments)

    def __getattr__(self, method):
        def call(*arguments):
            self.waiting.put((method, *arguments[:1]))
            match self.orders.get():
                case Fault.FAIL:
                    raise StoreError("the server does not answer")
                case Fault.KILL:
                    raise Killed
                case fault:
                    answer = (self.overwrite if method == "overwrite" else getattr(self.store, method))(*arguments)
            if fault is Fault.LOST:
                raise StoreError("the connection broke before the answer")
            if fault is Fault.KILL_AFTER:
                raise Killed
            return answer

        return call


class Worker:
    """A worker that publishes one observation, request by request."""

    def __init__(self, archive, store, weak):
        self.stepped = SteppedStore(store, weak)
        self.result, self.killed = None, False
        self.thread = threading.Thread(target=self.work, args=(open_archive(str(archive)),), daemon=True)
        self.thread.start()
        self.wait()

    def work(self, archive):
        try:
            self.result = execute(COUNT, request(), archive=archive, store=self.stepped)
        except Killed:
            self.killed = True
        self.stepped.waiting.put(None)

    def wait(self):
        self.next = self.stepped.waiting.get(timeout=30)

    @property
    def running(self):
        return self.next is not None

    def step(self, order):
        self.stepped.orders.put(order)
        self.wait()


class TwoWorkers(RuleBasedStateMachine):
    """Two workers on one observation, in any order, killed and started again at any moment."""

    weak = False

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.archive = make_archive(self.folder / "archive", o20402_01_45_03="banana")
        self.store = open_store(str(self.folder / "store"))
        self.workers = []
        self.published = None

    @initialize()
    def start(self):
        self.workers = [Worker(self.archive, self.store, self.weak) for _ in range(2)]

    def teardown(self):
        for worker in self.workers:
            while worker.running:
                worker.step(None)
            worker.thread.join(10)
        done = execute(COUNT, request(), archive=open_archive(str(self.archive)), store=self.store)
        assert done.outcome is Outcome.SUCCEEDED
        assert verify(self.store, "run/1").problems == ()
        shutil.rmtree(self.folder)

    @precondition(lambda self: any(worker.running for worker in self.workers))
    @rule(number=st.integers(0, 1), order=st.sampled_from([None, None, None, Fault.LOST, Fault.FAIL]))
    def step(self, number, order):
        if self.workers[number].running:
            self.workers[number].step(order)

    @rule(number=st.integers(0, 1), order=st.sampled_from([Fault.KILL, Fault.KILL_AFTER]))
    def kill_and_start_again(self, number, order):
        if self.workers[number].running:
            self.workers[number].step(order)
        if not self.workers[number].running:
            self.workers[number] = Worker(self.archive, self.store, self.weak)

    @invariant()
    def a_reader_sees_a_whole_product_or_none(self):
        manifests = [info.key for info in self.store.list() if info.key.endswith("manifest.json")]
        assert len(manifests) <= 1
        if not manifests:
            assert self.published is None
            return
        manifest = read_manifest(self.store, manifests[0])
        (file,) = read_outputs(self.store, manifests[0], manifest, "number")
        assert file.data.startswith(b"3 made")
        assert self.weak or self.published in (None, manifest)  # never another one
        self.published = manifest

    @invariant()
    def both_agree(self):
        done = [w.result for w in self.workers if w.result is not None and w.result.outcome is Outcome.SUCCEEDED]
        assert len({result.manifest for result in done}) <= 1
        assert not done or self.published is not None


class TwoWorkersOnAWeakServer(TwoWorkers):
    """The later manifest stays, and it too describes bytes that are there."""

    weak = True


for machine in (StoreMachine, TwoWorkers, TwoWorkersOnAWeakServer):
    machine.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
TestStore = StoreMachine.TestCase
TestTwoWorkers = TwoWorkers.TestCase
TestTwoWorkersOnAWeakServer = TwoWorkersOnAWeakServer.TestCase
