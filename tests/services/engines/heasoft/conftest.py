"""A stand-in for HEASoft on the path: its folder of parameter files, its programs, and the package heasoftpy."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from flows.core.settings import load_settings
from rossi.ftools.catalogue import TASKS
from rossi.simulate import (
    BACKEST_FILE,
    BREAKDOWN_FILE,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    MODEL_FILE,
)
from services.engines.heasoft import preflight
from services.engines.heasoft.sandbox import Sandbox
from tests import once
from tests.forks import Fork

ROOT = Path(__file__).resolve().parents[4]
_PROGRAM = """#!{python}
import json, os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
plan = json.loads((Path(os.environ["HEADAS"]) / "standin.json").read_text())
how = plan["tasks"].get({task!r}, "well")
versions = {{"fversion": "25Jun2024_V6.33.2", "ftversion": "3.8"}}  # of HEASoft, and of HEATOOLS
if {task!r} in versions:
    print(versions[{task!r}])
elif how == "silent":
    print("fselect: nothing selected")
else:
    from rossi.ftools.task import run
    run({task!r}, sys.argv[1:])  # the exit status is 0 whatever happens
"""


class Headas:
    """A folder that looks like an installation; tasks behave as `plan` says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.marks = folder, folder / "marks"
        for name in ("bin", "syspfiles", "lib/heasoftpy"):
            (folder / name).mkdir(parents=True)
        for task in (*TASKS, "fversion", "ftversion", "echo", "show"):
            if not task.startswith(("hxtback", "hxtlcurv", "hxtrsp")):
                (folder / "syspfiles" / f"{task}.par").write_text("{}")
            program = folder / "bin" / task
            program.write_text(_PROGRAM.format(python=sys.executable, root=str(ROOT), task=task))
            program.chmod(0o755)
        source = Path(__file__).with_name("standin_heasoftpy.py")
        shutil.copyfile(source, folder / "lib/heasoftpy/__init__.py")
        self.plan()

    def plan(self, version: str = "1.4", tasks: dict[str, str] | None = None, **more: object) -> None:
        """Tell the version, and how tasks behave that do not behave well."""
        told = {"version": version, "tasks": tasks or {}, "marks": str(self.marks), **more}
        (self.folder / "standin.json").write_text(json.dumps(told))
        preflight._versions.cache_clear()

    @property
    def environment(self) -> dict[str, str]:
        """Of a shell in which HEASoft was initialized."""
        return {
            "PATH": os.environ["PATH"],
            "HEADAS": str(self.folder),
            "PYTHONPATH": os.pathsep.join((str(self.folder / "lib"), str(ROOT))),
        }


@pytest.fixture
def headas(tmp_path, monkeypatch):
    made = Headas(tmp_path / "headas")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("CALDB", "CALDBCONFIG", "CALDBALIAS", "ROSSI_HEASOFT_TIME_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.syspath_prepend(str(made.folder / "lib"))
    yield made
    preflight._versions.cache_clear()


@pytest.fixture
def forked(monkeypatch):
    """Tasks are forks rather than programs, which is sooner done: for those tests that are about what tasks make."""

    def run(box, command, environment, limit):
        script, *arguments = command[1:] if command[0] == sys.executable else command
        with box.log.open("ab") as log:
            fork = Fork(script, arguments, box.work, environment, log, log)
        return fork.wait(limit)

    monkeypatch.setattr(Sandbox, "run", run)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """A simulated archive and the truth about it."""
    return once.simulated(tmp_path_factory, 6, 2)


def first_of(simulated, event_files=None, **motion):
    """Return the first observation whose clusters moved as asked, with so many event lists each."""
    return next(
        o
        for o in simulated[1].observations
        if all(c.motion == motion.get(c.cluster, c.motion) for c in o.hexte)
        and (event_files is None or all(c.event_files == event_files for c in o.hexte))
    )


@pytest.fixture
def configuration(headas, simulated, tmp_path):
    """What is to be configured for the simulated archive, changed as asked."""
    archive, _ = simulated
    known = archive / "calibration"
    calibration = {"model": [str(known / MODEL_FILE)], "saa": "NONE", "breakdown": str(known / BREAKDOWN_FILE)}
    files = {"dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B, "background_a": BACKEST_FILE}
    calibration |= {name: str(known / file) for name, file in files.items()}

    def make(**changes):
        told = {"archive": str(archive), "store": str(tmp_path / "store"), "calibration": calibration}
        told["campaign"] = {"instruments": ["pca"], "engine": "heasoft"}
        for name, value in changes.items():
            told[name] = {**told.get(name, {}), **value} if isinstance(value, dict) else value
        return told

    return make


@pytest.fixture
def settings(configuration):
    """The same as settings."""
    return lambda **changes: load_settings(None, configuration(**changes))
