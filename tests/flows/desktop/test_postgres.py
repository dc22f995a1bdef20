"""Prefect's records in PostgreSQL: one option, and a password that stands in no command line."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flows.api import Api
from tests.flows.support import Archive, Rossi, no_strays, wait_until
from tests.servers.process import free_port, running

#: Where Debian keeps what is not on the PATH.
_DEBIAN = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
_INITDB, _PSQL, _SERVER = (
    shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *_DEBIAN])) for name in ("initdb", "psql", "postgres")
)


@dataclass(frozen=True)
class Postgres:
    """A server with a database."""

    port: int
    pgpass: Path

    @property
    def url(self) -> str:
        """The database, without the password."""
        return f"postgresql://prefect@127.0.0.1:{self.port}/prefect"

    def ask(self, sql: str, *, database: str = "prefect") -> str:
        """Return what a statement gives."""
        command = [_PSQL, "-h", "127.0.0.1", "-p", self.port, "-U", "prefect", "-d", database, "-Atc", sql]
        environment = {**os.environ, "PGPASSFILE": str(self.pgpass)}
        done = subprocess.run([str(c) for c in command], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A real server that asks for a password."""
    if not (_INITDB and _PSQL and _SERVER):
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    # The server refuses to run as root.
    owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory() as name:
        folder, port, password = Path(name), free_port(), secrets.token_hex(8)
        (folder / "password").write_text(password)
        (folder / "pgpass").write_text(f"127.0.0.1:{port}:*:prefect:{password}\n")
        (folder / "pgpass").chmod(0o600)
        (folder / "socket").mkdir()
        if owner:
            for path in (folder, folder / "password", folder / "socket"):
                shutil.chown(path, "postgres")
        data = str(folder / "data")
        options = ["-U", "prefect", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"]
        subprocess.run([_INITDB, "-D", data, *options], check=True, capture_output=True, cwd=folder, **owner)
        arguments = ["-D", data, "-p", str(port), "-k", str(folder / "socket"), "-c", "listen_addresses=127.0.0.1"]
        with running([_SERVER, *arguments], folder / "log", cwd=folder, **owner) as server:
            found = Postgres(port, folder / "pgpass")
            wait_until(lambda: "ready to accept" in (folder / "log").read_text() or server.poll() is not None)
            found.ask("CREATE DATABASE prefect", database="postgres")
            yield found


@pytest.mark.long
def test_everything_runs_on_postgresql(postgres: Postgres, archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "rossi.toml").write_text(f'archive = "{archive.root}"\nstore = "store"\n' + archive.config)
    rossi, ports = Rossi(tmp_path, tmp_path), (free_port(), free_port())
    options = ("--port", ports[0], "--products-port", ports[1], "--cron", "", "--database", postgres.url)
    with no_strays() as mark, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSFILE", str(postgres.pgpass))
        try:
            started = rossi("up", "--state", "state", *options, mark=mark)
            assert started.returncode == 0, started.stderr
            api = Api(f"http://127.0.0.1:{ports[0]}/api", auth=tmp_path / "state/prefect-auth")
            assert not api.deployments()["reprocess_archive"]["schedules"]
            run = api.run("campaign", obsids=archive.good[:1])
            assert api.ended(run)["state_type"] == "COMPLETED"
            assert postgres.ask(f"SELECT state_type FROM flow_run WHERE id = '{run}'") == "COMPLETED"
            assert sorted(api.artifacts(run)) == ["campaign", "light-curve", "outcomes", "progress"]
            assert not list((tmp_path / "state").rglob("*.db"))
        finally:
            rossi("down", "--state", "state", mark=mark)
