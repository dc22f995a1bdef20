"""What takes long to make and is only looked at, made once for all processes of a test run."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rossi.simulate import Truth, simulate_archive


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that `make` has filled; whoever comes meanwhile waits for it. Nobody may change what is in it."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of somebody who failed
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def simulated(factory: pytest.TempPathFactory, observations: int, seed: int) -> tuple[Path, Truth]:
    """Return a simulated archive, made once, and the truth about it."""

    def make(folder: Path) -> None:
        simulate_archive(folder / "archive", observations, seed)

    archive = once(factory, f"simulated-{seed}-{observations}", make) / "archive"
    return archive, Truth.model_validate_json((archive / "truth.json").read_bytes())
