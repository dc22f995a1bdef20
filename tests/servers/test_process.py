import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.process import free_port, running

ROOT = Path(__file__).resolve().parents[2]
STARTER = """
import sys
from pathlib import Path
from tests.servers.process import free_port, running

port = free_port()
command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
with running(command, Path(sys.argv[1]), port) as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed (Linux: util-linux)")
def test_a_server_does_not_outlive_who_started_it(tmp_path):
    command = [sys.executable, "-c", STARTER, str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        pid = int(starter.stdout.readline())
        assert runs(pid)
        starter.kill()
    for _ in range(300):
        if not runs(pid):
            return
        time.sleep(0.1)
    os.kill(pid, 9)
    pytest.fail("the server still runs")


def test_a_server_that_does_not_start_says_why(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('no such option')"]
    with pytest.raises(RuntimeError, match="did not start: no such option"), running(command, tmp_path / "log", 9):
        pass


def test_a_server_ends_with_its_block(tmp_path):
    port = free_port()
    with running([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], tmp_path / "log", port) as it:
        assert it.poll() is None
    assert it.returncode is not None
