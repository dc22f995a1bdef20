"""A machine as an operator has it: what `rossi up` starts, in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.flows.api import Api
from tests.flows.support import Archive, Rossi, marked, no_strays
from tests.servers.process import free_port


@dataclass(frozen=True)
class Up:
    """A machine with Prefect and the flows."""

    rossi: Rossi
    api: Api
    ports: tuple[int, int]
    mark: str
    options: tuple[str, ...] = ()

    @property
    def auth(self) -> str:
        """What the server asks for."""
        return (self.rossi.folder / "state/prefect-auth").read_text()

    @property
    def store(self) -> Path:
        """Where products are."""
        return self.rossi.folder / "store"

    @property
    def command(self) -> tuple[str, ...]:
        """What was said to start it."""
        port, products = self.ports
        return (
            "up",
            "--state",
            "state",
            "--port",
            str(port),
            "--products-port",
            str(products),
            "--store",
            "store",
            *self.options,
        )

    def start(self) -> None:
        """Start what does not run."""
        done = self.rossi(*self.command, mark=self.mark)
        assert done.returncode == 0, done.stderr

    def pid(self, name: str) -> int:
        """The process of a name, and its group."""
        found = json.loads((self.rossi.folder / "state/processes.json").read_text())
        return int(next(process["pid"] for process in found if process["name"] == name))

    def kill_server(self) -> None:
        """Take the server away without a warning."""
        os.killpg(self.pid("prefect-server"), signal.SIGKILL)

    def done(self, prefix: str) -> int:
        """How many observations of a prefix have a light curve."""
        return len(list(self.store.glob(f"{prefix}/*/pca_extract/*/manifest.json")))

    def workers(self) -> list[str]:
        """The processes that reduce; their parent is the one that they are forked from."""
        found = [Path(folder) for folder in marked(self.mark)]
        return [str(f) for f in found if _command(f).count("forkserver") and "forkserver" in _command(_parent(f))]


def _command(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_text()
    except OSError:
        return ""


def _parent(folder: Path) -> Path:
    try:
        return Path("/proc") / (folder / "stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return Path("/proc/0")


@contextmanager
def machine(
    archive: Archive,
    folder: Path,
    *options: str,
    environment: dict[str, str] | None = None,
    database: Path | None = None,
) -> Iterator[Up]:
    """Start everything; afterwards nothing of it may be left.

    Parameters
    ----------
    archive : Archive
    folder : Path
    *options : str
        More of ``rossi up``.
    environment : dict, optional
        More variables.
    database : Path, optional
        A folder with Prefect's database, as an earlier start has left it; without, it is made now.
    """
    if database is not None:
        shutil.copytree(database, folder / "state/prefect")
    (folder / "rossi.toml").write_text(f'archive = "{archive.root}"\n' + archive.config + "workers = 2\n")
    with no_strays() as mark:
        port, products = free_port(), free_port()
        auth = folder / "state/prefect-auth"
        api = Api(f"http://127.0.0.1:{port}/api", auth=auth)
        rossi = Rossi(folder, folder, auth=auth, environment=environment or {})
        up = Up(rossi, api, (port, products), mark, options)
        try:
            up.start()
            yield up
        finally:
            down = rossi("down", "--state", "state", mark=mark)
        assert "prefect-server (" in down.stdout
        assert rossi("down", "--state", "state", mark=mark).stdout == "Nothing was up.\n"
