"""Servers that are programs of their own. They end with who started them, also when that is killed."""

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

_SETPRIV = shutil.which("setpriv")
#: The kernel kills what is started so when the thread that started it is gone (Linux; elsewhere a server may be left).
ENDS_WITH_US = [_SETPRIV, "--pdeathsig", "KILL"] if _SETPRIV else []


def free_port():
    """Return a port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command, log, port=0, patience=60.0, **options):
    """Run a server, from when something listens at the port until the block ends; `options` are those of Popen."""
    with log.open("wb") as out:
        process = subprocess.Popen([*ENDS_WITH_US, *command], stdout=out, stderr=subprocess.STDOUT, **options)
    try:
        if port and not _listens(port, process, patience):
            raise RuntimeError(f"{command[0]} did not start: {log.read_text(errors='replace')[-300:]}")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port, process, patience):
    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False
