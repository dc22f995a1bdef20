"""One call: its sandbox, and what counts as success. The tasks are stand-ins that misbehave as the real ones do."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits
from services.engines.heasoft import sandbox as sandboxes
from services.engines.heasoft.sandbox import INHERITED, TaskStopped, sandbox, time_limit
from services.engines.heasoft.task import Call, Caller, Declared, spelled
from tests.conftest import LONG
from tests.services.engines.heasoft.conftest import ROOT


@pytest.fixture
def call(headas):
    return Caller(headas.environment, str(headas.folder / "lib"), limit=60.0)


@pytest.fixture
def curve(golden):
    folder = golden / "e5_switch" / "expected"
    prepared = next(iter(sorted((folder / "prep").glob("*_dt.gz")))).read_bytes()
    parameters = {"src_infile": "dt", "bkg_infile": "NONE", "outfile": "a.lc", "chmin": 5, "chmax": 10}
    return Call("pcaextlc2", (Declared("a.lc"),), parameters, inputs={"dt": prepared})


def test_a_call_returns_its_declared_outputs(call, curve):
    done = call(curve)
    assert list(done.files) == ["a.lc"]
    assert "RATE" in open_fits(done.files["a.lc"], "a.lc").table()
    assert done.status == 0
    assert "a.lc" in done.logs.said


VERSIONS = ("1.3", "1.4", "1.5")
WAYS = [
    ("silent", r"pcaextlc2 made no a\.lc \(its exit status was 0\)\. The end of its log: Filtering resulted in"),
    ("empty", r"left a\.lc empty"),
    ("garbage", r"left a\.lc damaged: a\.lc: not a FITS file"),
    ("partly", r"left a\.lc damaged: .*the file is cut"),
    ("prompt", r"made no a\.lc .*chmin\? got ''"),
    ("crash", r"made no a\.lc \(its exit status was -11\).*segmentation fault"),
    ("fails", r"made no a\.lc \(its exit status was 1\).*could not open"),
    ("raises", r"made no a\.lc.*something heasoftpy did not expect"),
]


@pytest.mark.parametrize(
    ("version", "how", "words"),
    [(v, *way) for n, way in enumerate(WAYS) for v in (VERSIONS if LONG else VERSIONS[n % 3 :][:1])],
)
def test_success_is_what_was_made(headas, call, curve, version, how, words):
    headas.plan(version, {"pcaextlc2": how}, bytes=version == "1.3")
    with pytest.raises(DataError, match=words):
        call(curve)


def test_what_is_changed_in_place_must_be_changed(headas, call, golden):
    headas.plan(tasks={"hxtdead": "silent"})
    product = next((golden / "e5_switch/expected/lc").glob("*.lc*")).read_bytes()
    parameters = {"calvalf": "c", "engvalf": "h", "eventarcf": "s", "phalcf": "a.lc"}
    with pytest.raises(DataError, match=r"hxtdead did not change a\.lc"):
        call(Call("hxtdead", (Declared("a.lc"),), parameters, inputs={"a.lc": product}))


def test_a_hanging_task_is_stopped_with_all_that_it_started(headas, curve):
    headas.plan(tasks={"pcaextlc2": "hang"})
    call = Caller(headas.environment, str(headas.folder / "lib"), limit=3.0)
    with pytest.raises(TaskStopped, match=r"pcaextlc2: it was stopped after 3 s, its time limit\..*about to hang"):
        call(curve)
    pids = headas.marks.read_text().split()
    assert len(pids) == 2
    assert _gone(pids)


def test_sigterm_ends_a_worker_and_the_task_that_it_waits_for(headas, curve):
    headas.plan(tasks={"pcaextlc2": "hang"})
    code = (
        "from services.execution.signals import end_on_sigterm; end_on_sigterm('stopped')\n"
        "from services.engines.heasoft.task import Call, Caller, Declared\n"
        f"call = Caller({headas.environment!r}, {str(headas.folder / 'lib')!r}, 600.0)\n"
        "call(Call('pcaextlc2', (Declared('a.lc'),), {'outfile': 'a.lc'}))"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not (headas.marks.exists() and len(headas.marks.read_text().split()) == 2):
        assert worker.poll() is None, worker.stderr.read()
        time.sleep(0.1)
    worker.terminate()
    assert (worker.wait(60), worker.communicate()[1]) == (1, "stopped\n")
    assert _gone(headas.marks.read_text().split())


def _gone(pids):
    for _ in range(100):
        if not any(_runs(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def _runs(pid):
    status = Path(f"/proc/{pid}/status")
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return not status.exists() or "zombie" not in status.read_text()


def test_a_killed_task_may_be_tried_again(headas, call, curve):
    headas.plan(tasks={"pcaextlc2": "killed"})
    with pytest.raises(TaskStopped, match="as happens when memory runs out"):
        call(curve)


def test_a_task_that_heasoftpy_does_not_know_is_the_configurations_fault(call):
    with pytest.raises(ConfigError, match=r"hxtback can't be called through heasoftpy: .*No \.par file"):
        call(Call("hxtback", (Declared("x_src"),)))


def test_scripts_with_options_are_called_as_they_are(call, golden):
    source = golden.parent / "hexte/a_archive16/input/FS52_5f5e110-5f5e410.gz"
    declared = tuple(Declared(f"FS52_5f5e110-5f5e410_{name}", needed=False) for name in ("src", "p", "m"))
    name = "FS52_5f5e110-5f5e410.gz"
    done = call(Call("hxtback", declared, options=("-i", name), inputs={name: source.read_bytes()}))
    assert sorted(done.files) == sorted(one.pattern for one in declared)


def test_eight_at_once_never_clash(headas, call):
    calls = 200 if LONG else 40
    headas.plan(tasks={"echo": "echo"})

    def one(number):
        value = f"value{number}"
        done = call(Call("echo", (Declared("out.txt", is_fits=False),), {"outfile": "out.txt", "value": value}))
        return done.files["out.txt"].decode().split()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(one, range(calls)))
    assert [texts[:3] for texts in found] == [[f"value{n}"] * 3 for n in range(calls)]
    assert len({texts[3] for texts in found}) == calls


def test_a_call_sees_its_own_places_and_nothing_else(headas, monkeypatch):
    headas.plan(tasks={"show": "show"})
    given = headas.environment | {"SECRET_KEY": "x", "DISPLAY": ":0", "CALDB": "/caldb", "PFILES": "/home/user/pfiles"}
    call = Caller(given, str(headas.folder / "lib"), 60.0)
    told = json.loads(call(_show()).files["out.txt"])
    environment = told["environment"]
    user, system = environment["PFILES"].split(";")
    assert system == f"{headas.folder}/syspfiles"
    root = str(Path(user).parent)
    places = [told["folder"], environment["HOME"], environment["TMPDIR"]]
    assert all(Path(place).parent == Path(root) for place in places)
    assert len({user, *places}) == 4
    assert all(len(place) < 64 for place in places)
    assert (environment["HEADASPROMPT"], environment["CALDB"]) == ("/dev/null", "/caldb")
    assert environment["PATH"].startswith(f"{headas.folder}/bin:")
    assert "HEADASNOQUERY" in environment
    assert not {"SECRET_KEY", "DISPLAY"} & environment.keys()
    assert not Path(root).exists()


def test_versions_that_make_none_of_indef_are_not_given_it(headas, call):
    asked = Call("show", _show().outputs, {"outfile": "out.txt", "chmin": "INDEF", "chmax": 10})
    for version, names in (("1.3", {"outfile", "chmax"}), ("1.4", {"outfile", "chmin", "chmax"})):
        headas.plan(version, {"show": "show"})
        assert json.loads(call(asked).files["out.txt"])["params"].keys() == names


def _show():
    return Call("show", (Declared("out.txt", is_fits=False),), {"outfile": "out.txt", "yes": True, "number": 16.0})


def test_parameters_are_given_as_ftools_spell_them(headas, call):
    headas.plan(tasks={"show": "show"})
    params = json.loads(call(_show()).files["out.txt"])["params"]
    assert params == {"outfile": "out.txt", "yes": "yes", "number": "16"}
    assert [spelled(value) for value in (False, 0.5, 128, "INDEF")] == ["no", "0.5", "128", "INDEF"]


def test_paths_that_tasks_would_cut_off_are_refused(tmp_path, monkeypatch):
    with sandbox() as box, pytest.raises(ConfigError, match="tasks truncate"):
        box.write({"x" * 120: b""})
    long = tmp_path / ("long" * 12)
    long.mkdir()
    with pytest.raises(ConfigError, match="set TMPDIR"), sandbox(str(long)):
        pass
    monkeypatch.setattr(sandboxes.tempfile, "gettempdir", lambda: str(long))
    with sandbox() as box:
        assert str(box.root).startswith("/tmp/")


def test_the_time_limit_can_be_set():
    assert time_limit({}) == 3600
    assert time_limit({"ROSSI_HEASOFT_TIME_LIMIT": "90"}) == 90
    with pytest.raises(ConfigError, match="positive number of seconds"):
        time_limit({"ROSSI_HEASOFT_TIME_LIMIT": "soon"})


def test_the_inherited_variables_are_spelled_once():
    assert len(set(INHERITED)) == len(INHERITED)
