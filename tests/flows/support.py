"""The command run as a user runs it, and looking at what it leaves."""

from __future__ import annotations

import base64
import gzip
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest
import tomlkit
from astropy.io import fits

from services.contract import Manifest
from services.storage.publication import output_key
from tests import forks
from tests.conftest import LONG

ROOT = Path(__file__).resolve().parents[2]
MARK = "ROSSI_TEST_MARK"
#: Where Linux shows its processes; elsewhere strays are not looked for.
PROC = Path("/proc/self/environ")

#: Observations of long runs: the same few files under many names.
MANY = 60 if LONG else 24
#: An observation that slews all the time: nothing is wrong with it, but no time is good.
SLEWING = "20999-01-01-00"
#: What is asked for and is not there.
ABSENT = "20999-01-02-00"
NO_OBSID = "20999-1"


@dataclass(frozen=True)
class Archive:
    """Where it lies, and which observations are what."""

    root: Path
    good: tuple[str, ...]
    damaged: dict[str, str]

    @property
    def overrides(self) -> dict[str, dict[str, object]]:
        """Settings for this archive: PCA alone, its own filter files, one of which is missing, and calibration."""
        return {
            "pca_prep": {"filter_file": "archive"},
            "calibration": {
                "model": [str(self.root / "calibration" / "sim_pca_background.mdl")],
                "saa": "NONE",
                "energy_to_channel": "e05v03",
                "collimators": ["NONE"],
                "hexte_matrix": ["NONE"],
                "breakdown": str(self.root / "calibration" / "sim_pca_breakdown.fits"),
            },
            "campaign": {"instruments": ["pca"]},
        }

    @property
    def config(self) -> str:
        """The same as the text of a configuration file."""
        return tomlkit.dumps(self.overrides)

    @property
    def asked(self) -> tuple[str, ...]:
        """Everything that is asked for."""
        return (*self.good, *self.damaged, SLEWING, ABSENT, NO_OBSID)


@dataclass(frozen=True)
class Rossi:
    """The command, run in a folder of its own, with a Prefect server of its own if none is named.

    Parameters
    ----------
    folder, home : Path
    server : str
    auth : Path or None
        The file of what the server asks for.
    environment : dict
        More variables.
    interpreter : bool
        Whether each command starts one, as a user's do; else those that run to their end are forks, and sooner done.
    drawn : bool
        Whether merges of these forks draw their figures, which is most of their work.
    """

    folder: Path
    home: Path
    server: str = ""
    auth: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    interpreter: bool = False
    drawn: bool = False

    def start(self, *arguments: object, mark: str = "") -> subprocess.Popen[str]:
        """Start it; every process that comes of it carries the mark in its environment."""
        command = [sys.executable, "-m", "flows.cli", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.folder, env=self._variables(mark), text=True, **pipes)

    def __call__(self, *arguments: object, mark: str = "") -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        if not (self.interpreter or mark):
            undrawn = {} if self.drawn else {forks.UNDRAWN: "1"}
            return forks.run("flows.cli", arguments, self.folder, self._variables() | undrawn)
        process = self.start(*arguments, mark=mark)
        out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def _variables(self, mark: str = "") -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ROSSI_"))}
        environment |= {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(self.home), "COLUMNS": "200", MARK: mark}
        environment |= self.environment
        environment |= {"PREFECT_API_URL": self.server} if self.server else {}
        if self.server and self.auth is not None:
            environment["PREFECT_API_AUTH_STRING"] = self.auth.read_text()
        return environment


def pixel(_figure: object, file: BinaryIO, **_: object) -> None:
    """Take a pixel for a figure (`Figure.savefig`): to draw it is most of what small campaigns take."""
    file.write(base64.b64decode(_PIXEL))


_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="


def wait_until(condition: Callable[[], object], patience: float = 120.0, pause: float = 0.01) -> None:
    """Wait for something that must happen, but not for ever; a server is asked less often, or it does nothing else."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {patience:g} s in vain")
        time.sleep(pause)


def kill_when(process: subprocess.Popen[str], condition: Callable[[], object]) -> None:
    """Kill a process, alone, as soon as something is so."""
    with process:
        try:
            wait_until(lambda: condition() or process.poll() is not None)
        finally:
            process.kill()
            process.communicate()


@contextmanager
def no_strays() -> Iterator[str]:
    """Give a mark; afterwards no process that carries it may be left, where the system can tell (/proc)."""
    mark = uuid.uuid4().hex
    yield mark
    wait_until(lambda: not marked(mark), patience=20, pause=0.1)


def marked(mark: str) -> list[str]:
    """Folders in /proc of the running processes that carry a mark."""
    needle = f"{MARK}={mark}".encode()
    return [str(folder) for folder in Path("/proc").glob("[0-9]*") if needle in environment_of(folder)]


def environment_of(folder: Path) -> list[bytes]:
    """The variables that a process was started with."""
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:  # gone meanwhile, or somebody else's
        return []


def product_files(store: Path) -> dict[str, Path]:
    """Every product that a manifest of an observation names, by manifest and file name."""
    found = {}
    for path in sorted(store.glob("[0-9]*/*/*/manifest.json")):
        manifest = Manifest.model_validate_json(path.read_bytes())
        for record in manifest.outputs:
            found[f"{path.parent.relative_to(store)}/{record.name}"] = Path(output_key(str(path), manifest, record))
    return found


def same_products(one: Path, two: Path) -> None:
    """All products are equal but for the time of making."""
    others = product_files(two)
    for name, path in product_files(one).items():
        mine, other = _content(path), _content(others[name])
        if not mine.startswith(b"SIMPLE"):
            assert mine == other, name
            continue
        if _TIMES.sub(b"", mine) == _TIMES.sub(b"", other):  # else the difference is told, which takes long to find
            continue
        with fits.HDUList.fromstring(mine) as left, fits.HDUList.fromstring(other) as right:
            difference = fits.FITSDiff(left, right, ignore_keywords=["DATE", "CHECKSUM", "DATASUM"])
            assert difference.identical, difference.report()


#: Header cards that say when a file was made, or follow from it.
_TIMES = re.compile(rb"(?:DATE    |CHECKSUM|DATASUM )= .{70}", re.DOTALL)


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
