"""SIGKILL at random moments, over and over, then once to the end: the products are those of an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
import tomlkit

from rossi.simulate import (
    BACKEST_FILE,
    BREAKDOWN_FILE,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    MODEL_FILE,
)
from services.storage import open_store
from services.storage.verification import verify
from tests.conftest import LONG
from tests.flows.support import Archive, product_files, same_products
from tests.forks import Fork
from tests.once import simulated

KILLS = 50 if LONG else 4
#: Works observations off one after the other with both instruments, without the start of the command line.
_WORKER = """
import sys
from flows.core.settings import load_settings
from flows.core.plan import make_shard
from pathlib import Path
from services.execution.worker import run_shard
run_shard(make_shard(load_settings(Path(sys.argv[1])), sys.argv[2].split(",")))
"""


@pytest.fixture(scope="module")
def archive_of_both(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Two observations with PCA and HEXTE."""
    root, _ = simulated(tmp_path_factory, 2, seed=5)
    return Archive(root, tuple(sorted(path.name for path in root.glob("AO*/P*/*"))), {})


def configuration(archive: Archive, folder: Path) -> Path:
    """Settings for both instruments and a store in the folder."""
    calibration = archive.root / "calibration"
    names = {path.name: str(path) for path in calibration.iterdir()}
    files = {
        "model": [names[MODEL_FILE]],
        "saa": "NONE",
        "energy_to_channel": "e05v03",
        "collimators": ["NONE"],
        "hexte_matrix": ["NONE"],
        "breakdown": names[BREAKDOWN_FILE],
        "dead_time_a": names[DEAD_TIME_FILE_A],
        "dead_time_b": names[DEAD_TIME_FILE_B],
        "background_a": names[BACKEST_FILE],
    }
    folder.mkdir(exist_ok=True)
    path = folder / "rossi.toml"
    places = {"archive": str(archive.root), "store": str(folder / "store"), "calibration": files}
    path.write_text(tomlkit.dumps(places))
    return path


def start(path: Path, archive: Archive) -> Fork:
    """Start a worker; it has begun when this returns."""
    script = path.with_name("worker.py")
    script.write_text(_WORKER)
    with path.with_name("log").open("ab", buffering=0) as log:
        return Fork(str(script), [path, ",".join(archive.good)], path.parent, os.environ, log, log)


def test_kills_at_random_moments(archive_of_both: Archive, tmp_path: Path) -> None:
    path = configuration(archive_of_both, tmp_path / "undisturbed")
    whole, began = start(path, archive_of_both), time.monotonic()
    assert whole.wait() == 0
    takes = time.monotonic() - began
    path = configuration(archive_of_both, tmp_path / "killed")
    store, chance = tmp_path / "killed" / "store", random.Random(7)
    killed, half_done = 0, 0
    while killed < KILLS:
        before = len(product_files(store))
        process = start(path, archive_of_both)
        time.sleep(chance.uniform(0, takes * 0.7))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        found = verify(open_store(str(store)))
        assert found.problems == ()  # nothing half-done is visible
        half_done += found.stray > 0
        assert len(product_files(store)) >= before
        if len(product_files(store)) == len(product_files(tmp_path / "undisturbed" / "store")):
            shutil.rmtree(store)  # all done: begin again
    assert start(path, archive_of_both).wait() == 0
    undisturbed = tmp_path / "undisturbed" / "store"
    assert product_files(store).keys() == product_files(undisturbed).keys()
    same_products(store, undisturbed)
    assert verify(open_store(str(store))).problems == ()
    print(f"{killed} kills survived, after {half_done} of them payload without manifest lay there, "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip
