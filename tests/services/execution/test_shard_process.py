"""A shard as one index of a Job: what it leaves in the store, and what it says to whoever tries it again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rossi.errors import ConfigError
from services.contract import ExitCode, ObservationResult, Outcome
from services.execution import shard_process as index
from services.execution import worker
from services.execution.ledger import Ledger, is_settled, put_work, read_plan, read_shard, settle
from services.execution.portion import Stop, work_off_portion
from services.execution.request import Shard
from services.storage import StoreError, open_store
from tests import forks
from tests.services.fakes import FaultyStore, configured, make_archive, use_fakes

ROOT = Path(__file__).parents[3]
GOOD = ("20402-01-45-03", "20402-01-45-05", "91401-02-03-00")


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


@pytest.fixture
def shard(tmp_path, monkeypatch):
    use_fakes(monkeypatch)
    names = {f"o{obsid.replace('-', '_')}": "banana" for obsid in GOOD}
    archive = make_archive(tmp_path / "archive", **names, o20402_01_45_04="corrupt")
    return Shard(
        number=1,
        obsids=GOOD,
        stages={"count": {}, "double": {"factor": 3}},
        archive=str(archive),
        store=str(tmp_path / "store"),
        prefix="run",
    )


@pytest.fixture
def ledger(store, shard):
    return Ledger(
        store, put_work(store, "run", [shard.model_copy(update={"number": 0}), shard]), "job-1", 1, ObservationResult
    )


def with_bad(shard):
    return shard.model_copy(update={"obsids": (GOOD[0], "20402-01-45-04", *GOOD[1:])})


def work_off(shard, ledger, attempt=0, **options):
    return work_off_portion(index.portion_of(shard), ledger, attempt, **options)


def outcomes(results):
    return [result.outcome if result else None for result in results]


def test_a_work_list_is_written_once(store, shard):
    work = put_work(store, "run/1", [shard])
    assert work.startswith("run/1/campaigns/")
    keys = [info.key for info in store.list()]
    assert put_work(store, "run/1", [shard]) == work
    assert [info.key for info in store.list()] == keys
    assert read_shard(store, work, 1) == shard
    assert put_work(store, "run/1", [with_bad(shard)]) != work
    with pytest.raises(ConfigError, match="no shard 0"):
        read_shard(store, work, 0)
    assert read_plan(store, work).names == (shard.obsids,)
    with pytest.raises(ConfigError, match="no such work list"):
        read_plan(store, "run/1/campaigns/another")


def test_a_run_is_settled_once_it_is(store):
    assert not is_settled(store, "w", "uid")
    settle(store, "w", "uid")
    assert is_settled(store, "w", "uid")
    assert not is_settled(store, "w", "other")


def test_all_went_well(shard, ledger):
    assert work_off(shard, ledger) == ExitCode.OK
    assert outcomes(ledger.whole()) == ["succeeded"] * 3


def test_a_failure_for_good_says_so_when_all_is_accounted_for(shard, ledger):
    shard = with_bad(shard)
    assert work_off(shard, ledger) == ExitCode.DATA_ERROR
    assert outcomes(ledger.whole()) == ["succeeded", "failed", "succeeded", "succeeded"]


def test_what_may_get_better_is_tried_again_and_the_rest_is_not(shard, ledger, store, monkeypatch):
    shard = with_bad(shard)
    faulty = FaultyStore(store, lambda method, key: method == "put" and f"/{GOOD[1]}/count/" in key)
    monkeypatch.setattr(worker, "open_store", lambda _: faulty)
    assert work_off(shard, ledger, attempt=0) == ExitCode.RETRYABLE
    ledger.look()
    assert outcomes(ledger.results(4)) == ["succeeded", "failed", "failed", "succeeded"]
    assert ledger.whole() is None
    ran = []
    monkeypatch.setattr(worker, "open_store", lambda _: store)
    run = index.run_observation
    monkeypatch.setattr(index, "run_observation", lambda obsid, *a, **o: ran.append(obsid) or run(obsid, *a, **o))
    assert work_off(shard, ledger, attempt=1) == ExitCode.DATA_ERROR
    assert ran == [GOOD[1]]
    assert outcomes(ledger.whole()) == ["succeeded", "failed", "succeeded", "succeeded"]


def test_another_run_tries_failures_again(shard, ledger, store):
    work_off(with_bad(shard), ledger)
    other = Ledger(store, ledger.work, "job-2", 1, ObservationResult)
    assert work_off(with_bad(shard), other) == ExitCode.DATA_ERROR
    assert [result.reused for result in other.whole()] == [True, False, True, True]


def test_an_observation_that_kills_its_process_is_left_out_at_the_third_attempt(shard, ledger, monkeypatch):
    class Killed(BaseException):
        pass

    run = index.run_observation

    def deadly(obsid, *arguments, **options):
        if obsid == GOOD[1]:
            raise Killed
        return run(obsid, *arguments, **options)

    monkeypatch.setattr(index, "run_observation", deadly)
    for attempt in (0, 1):
        with pytest.raises(Killed):
            work_off(shard, ledger, attempt)
    assert work_off(shard, ledger, attempt=2) == ExitCode.DATA_ERROR
    assert outcomes(ledger.whole()) == ["succeeded", "failed", "succeeded"]
    assert "was killed, twice" in ledger.whole()[1].message


def test_evictions_count_for_nothing(shard, ledger, monkeypatch):
    class Evicted(BaseException):
        pass

    def evicted(*_, **__):
        raise Evicted

    with monkeypatch.context() as patch:
        patch.setattr(index, "run_observation", evicted)
        for _ in range(4):  # the attempt's number stays, as Kubernetes counts failures
            with pytest.raises(Evicted):
                work_off(shard, ledger, attempt=1)
    assert work_off(shard, ledger, attempt=1) == ExitCode.OK


def test_a_wish_to_stop_is_heard_between_observations(shard, ledger, monkeypatch):
    stop = Stop()
    run = index.run_observation

    def run_and_stop(obsid, *arguments, **options):
        stop.asked = True
        return run(obsid, *arguments, **options)

    monkeypatch.setattr(index, "run_observation", run_and_stop)
    assert work_off(shard, ledger, stop=stop) == ExitCode.RETRYABLE
    ledger.look()
    assert outcomes(ledger.results(3)) == [Outcome.SUCCEEDED, None, None]


def test_a_store_that_breaks_off_is_retryable(shard, ledger, store):
    broken = Ledger(FaultyStore(store, lambda method, _: method == "list"), ledger.work, "job-1", 1, ObservationResult)
    with pytest.raises(StoreError):
        work_off(shard, broken)


SLOW = """
import signal, sys, time
from services.execution import shard_process as index
from services.execution import signals
from tests.services.fakes import install

def slow(*_, **__):
    # its sleep is not ended by the signal, as if that had come just before
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    print("running", flush=True)
    time.sleep(60)

install()
signals.PATIENCE = 0.5
if "slow" in sys.argv:
    sys.argv.remove("slow")
    index.run_observation = slow
index.main()
"""


def start(*arguments, **variables):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, "-c", SLOW, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def run(tmp_path):
    """Run it to its end, as a fork; return the exit code and what it said."""

    def run(*arguments, **variables):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)} | variables
        (tmp_path / "script.py").write_text(SLOW)
        done = forks.run(str(tmp_path / "script.py"), arguments, tmp_path, environment)
        return done.returncode, done.stderr

    return run


def test_as_a_process(shard, ledger):
    place = ("--store", shard.store, "--work", ledger.work)
    variables = {"JOB_COMPLETION_INDEX": "1", "ROSSI_RUN": "job-1", "ROSSI_ATTEMPT": ""}
    process = start(*place, "--index-from", "JOB_COMPLETION_INDEX", **variables)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    begun = [line for line in said.splitlines() if " of 3" in line]
    assert begun == [f"INFO {obsid}: observation {n} of 3" for n, obsid in enumerate(GOOD, 1)]
    assert said.splitlines()[-1] == "INFO shard 1, attempt 0: 3 observations, 0 failed, 0 to be tried again"
    assert len(ledger.whole()) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--index-from", "JOB_COMPLETION_INDEX"], "JOB_COMPLETION_INDEX is ''"),
        ([], "Say which shard"),
        (["--index", "77"], "no shard 77"),
    ],
)
def test_wrong_arguments_stop_everything(run, shard, ledger, arguments, words):
    code, said = run("--store", shard.store, "--work", ledger.work, *arguments)
    assert code == 21
    assert words in said
    assert said.count("\n") == 1


def test_a_wrong_configuration_stops_everything(run, shard, store):
    wrong = shard.model_copy(update={"stages": configured(count={"ends": "bad config"})})
    code, said = run("--store", shard.store, "--work", put_work(store, "", [wrong]), "--index", 1)
    assert code == 21
    assert said.splitlines()[-1] == "ERROR Letter 'a' does not exist."


def test_sigterm_gives_up_the_observation_at_hand(shard, ledger):
    process = start("--store", shard.store, "--work", ledger.work, "--index", 1, "slow")
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Traceback" not in said
    ledger.look()
    assert outcomes(ledger.results(3)) == [None] * 3


def test_sigterm_is_heard_while_it_starts(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(HOLD)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "services.execution", "--help"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "")


#: Holds the process up when it imports pydantic.
HOLD = """
import sys, time

class Hold:
    def find_spec(self, name, path=None, target=None):
        if name == "pydantic":
            print("importing", flush=True)
            time.sleep(30)

sys.meta_path.insert(0, Hold())
"""
