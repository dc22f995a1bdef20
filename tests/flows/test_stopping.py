"""SIGTERM: within ten seconds, with the exit code that says that trying again may help, and nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.execution import signals
from tests.conftest import LONG
from tests.flows.support import (
    ROOT,
    Archive,
    Rossi,
    no_strays,
    product_files,
    same_products,
    wait_until,
)

STOPPED = "Stopped. What was finished is kept; the same command again goes on from there."
#: What a scheduler waits before it kills [s].
GRACE = 10.0


@pytest.fixture(scope="module")
def asked(many: Path) -> tuple[str, ...]:
    """So many that some are still to be done when the first products are there, which are put together."""
    return tuple(sorted(path.name for path in many.glob("AO*/P*/*"))[:24])


@pytest.fixture(scope="module")
def undisturbed(archive: Archive, many: Path, asked: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with their products, made without any trouble."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "rossi.toml").write_text(archive.config)
    assert Rossi(folder, folder)("reduce", *asked, "--archive", many, "--store", "store").returncode == 0
    return folder / "store"


@pytest.mark.parametrize("command", ["reduce", "campaign"])
def test_sigterm_then_again(
    rossi: Rossi, archive: Archive, many: Path, asked: tuple[str, ...], undisturbed: Path, command: str
) -> None:
    named = ", ".join(f'"{obsid}"' for obsid in asked)
    (rossi.folder / "rossi.toml").write_text(f"[query]\nobsids = [{named}]\n{archive.config}workers = 1\n")
    places, store = ("--archive", many, "--store", rossi.folder / "store"), rossi.folder / "store"
    with no_strays() as mark:
        process = rossi.start(*(("reduce", *asked) if command == "reduce" else [command]), *places, mark=mark)
        wait_until(lambda: list(store.glob("[0-9]*/*/*/manifest.json")) or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        sent = time.monotonic()
        _, said = process.communicate()
    assert time.monotonic() - sent < GRACE * 2  # of which two busy processors may need half
    assert process.returncode == 1
    assert said.splitlines()[-1] == STOPPED
    left = {path.name for path in store.glob("[0-9]*")}
    assert 0 < len(left) < len(asked)  # what was made is kept
    assert rossi("reduce", *asked, *places).returncode == 0  # a campaign that was killed goes on in test_campaign.py
    assert product_files(store).keys() == product_files(undisturbed).keys()
    same_products(store, undisturbed)


@pytest.mark.parametrize("busy", ["time.sleep(99)", "hashlib.pbkdf2_hmac('md5', b'', b'', 10**9)"])
def test_compiled_code_that_does_not_return(busy: str, tmp_path: Path) -> None:
    """It is waited for as long as a scheduler waits, or for a part of that."""
    assert signals.PATIENCE < GRACE
    patience = signals.PATIENCE if LONG else 1.0
    code = (
        f"import hashlib, time\nfrom services.execution import signals\nsignals.PATIENCE = {patience}\n"
        f"signals.end_on_sigterm('stopped')\nprint('ready', flush=True)\n{busy}"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(signals.PATIENCE + GRACE) == 1
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
