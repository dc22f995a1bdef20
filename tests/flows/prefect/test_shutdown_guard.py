"""What hangs when all is done is left off; what hangs before is not."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from flows.prefect import shutdown_guard as module
from flows.prefect.shutdown_guard import leave_off_after
from tests.flows.support import ROOT


@pytest.fixture(autouse=True)
def in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    monkeypatch.setattr(module, "_AGAIN", 0.05)


def test_what_hangs_is_left_off_however_often_it_tries(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with leave_off_after(lambda: True):
        try:
            time.sleep(60)
        finally:
            time.sleep(60)  # tells its server that it ends
    assert "Prefect did not hear how it ended" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGUSR1) == before


def test_what_is_not_done_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    with leave_off_after(lambda: False):
        time.sleep(0.5)
    with pytest.raises(ValueError, match="its own"), leave_off_after(lambda: True):
        raise ValueError("its own")
    assert capsys.readouterr().err == ""


def test_other_threads_are_left_alone() -> None:
    waited = threading.Event()

    def work() -> None:
        with leave_off_after(lambda: True):
            time.sleep(0.3)
            waited.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert waited.is_set()


def test_process_ends_though_a_thread_waits() -> None:
    code = """
import threading, time
from flows.prefect import shutdown_guard
shutdown_guard.LAST = 0.1
threading.Thread(target=time.sleep, args=(600,)).start()
print("all is done")
shutdown_guard.end_soon(20)
raise SystemExit(20)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (20, "all is done\n")
