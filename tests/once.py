"""What takes long to make or to start, made or started once for all processes of a test run."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from rossi.simulate import Truth, simulate_archive
from tests.forks import ROOT


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that `make` has filled; whoever comes meanwhile waits for it. Nobody may change what is in it."""
    folder, done = _root(factory) / name, _root(factory) / f"{name}.done"
    with _locked(folder):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of somebody who failed
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@contextmanager
def together(factory: pytest.TempPathFactory, name: str, start: Callable[[Path], Sequence[str]]) -> Iterator[Path]:
    """Have a server that the first process starts which needs it, and that ends with the last one, however that ends.

    Yields its folder. What `start` makes of an empty one is the command: it says a line when it is ready, and ends when
    its standard input does, a pipe that all who use it hold open.
    """
    folder = _root(factory) / name
    with _locked(folder):
        try:
            used = os.open(folder / "used", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # there is none yet, or nobody reads it any longer
            used = _started(folder, start)
    try:
        yield folder
    finally:
        os.close(used)


def _started(folder: Path, start: Callable[[Path], Sequence[str]]) -> int:
    """Start a server; returns the pipe that it lives by."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.mkfifo(folder / "used")
    reads = os.open(folder / "used", os.O_RDONLY | os.O_NONBLOCK)
    used = os.open(folder / "used", os.O_WRONLY)
    os.set_blocking(reads, True)
    with (folder / "log").open("wb") as log:
        options = {"cwd": ROOT, "stdin": reads, "stderr": log, "start_new_session": True}
        process = subprocess.Popen(start(folder), stdout=subprocess.PIPE, **options)
    os.close(reads)
    with process.stdout:
        ready = process.stdout.readline()
    if not ready:
        os.close(used)
        raise RuntimeError(f"{folder.name} did not start: {(folder / 'log').read_text()[-300:]}")
    process.returncode = 0  # it is waited for by nobody
    return used


def _root(factory: pytest.TempPathFactory) -> Path:
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def simulated(factory: pytest.TempPathFactory, observations: int, seed: int) -> tuple[Path, Truth]:
    """Return a simulated archive, made once, and the truth about it."""

    def make(folder: Path) -> None:
        simulate_archive(folder / "archive", observations, seed)

    archive = once(factory, f"simulated-{seed}-{observations}", make) / "archive"
    return archive, Truth.model_validate_json((archive / "truth.json").read_bytes())
