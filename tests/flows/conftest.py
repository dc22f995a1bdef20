"""An archive with damaged observations, and a Prefect server."""

from __future__ import annotations

import gzip
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from rossi.archive import ObsID
from rossi.simulate import ObservationSpec, simulate_observation
from tests.conftest import LONG
from tests.flows.machine import Up, machine
from tests.flows.support import MANY, SLEWING, Archive, Rossi, pixel
from tests.once import once, simulated, together
from tests.servers.webhook import webhook
from tests.services.merge.undrawn import undrawn


@pytest.fixture(scope="session")
def prefect_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a server has that runs already, one for all processes."""

    def start(folder: Path) -> list[str]:
        return [sys.executable, "-m", "tests.servers.prefect", str(folder)]

    with together(tmp_path_factory, "prefect", start) as folder:
        yield folder


@pytest.fixture(scope="session")
def prefect_url(prefect_folder: Path) -> tuple[str, Path]:
    """The URL of its API, and the file of what it asks for."""
    return (prefect_folder / "url").read_text(), prefect_folder / "auth"


@pytest.fixture(scope="session")
def prefect_database(prefect_folder: Path) -> Path:
    """A folder for Prefect with the database that it makes at its first start, which takes longer than the start."""
    return prefect_folder / "database"


@pytest.fixture(scope="session")
def prefect_home(prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for Prefect."""
    return Path(shutil.copytree(prefect_database, tmp_path_factory.mktemp("prefect") / "home"))


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What this process merges has no figures of light curves, and pixels for all others: nobody looks at them."""
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", pixel)
    with undrawn():
        yield


@pytest.fixture
def plain(tmp_path: Path, archive: Archive) -> Rossi:
    """The command, in a folder with a configuration for the archive, for what starts no Prefect server."""
    (tmp_path / "rossi.toml").write_text(archive.config)
    return Rossi(tmp_path, tmp_path / "prefect")


@pytest.fixture
def rossi(plain: Rossi, prefect_home: Path) -> Rossi:
    """The same, for what starts one."""
    return replace(plain, home=prefect_home)


@pytest.fixture
def served(plain: Rossi, prefect_url: tuple[str, Path]) -> Rossi:
    """The same, whose campaigns are told to a server that runs already."""
    url, auth = prefect_url
    return replace(plain, server=url, auth=auth)


@pytest.fixture(scope="session")
def hook() -> Iterator[tuple[str, list[str]]]:
    """Whom the machine tells of runs that end badly."""
    with webhook() as received:
        yield received


@pytest.fixture(scope="session")
def up(
    archive: Archive, hook: tuple[str, list[str]], prefect_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Up]:
    """A machine on which everything was started, for all files that look at one.

    `tests.conftest` gives them to one process. In the long form its database is made first; of a cluster it is told
    where the credentials will be, for those who have one.
    """
    folder, made = tmp_path_factory.mktemp("machine"), None if LONG else prefect_database
    environment = {"KUBECONFIG": str(folder / "kubeconfig"), "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    options = ("--notify", hook[0], "--prefix", "form")
    with machine(archive, folder, *options, environment=environment, database=made) as started:
        yield started


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Nine simulated observations, three of them damaged, and one without good time."""
    sound, _ = simulated(tmp_path_factory, 9, seed=3)
    root = once(tmp_path_factory, "archive", partial(_make_archive, sound))
    obsids = sorted(path.name for path in root.glob("AO*/P*/*") if path.name != SLEWING)
    return Archive(root, tuple(obsids[3:]), dict(zip(obsids, ("gzip", "FS4a", "filter file"), strict=False)))


@pytest.fixture(scope="session")
def undisturbed(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the products of the archive's sound observations, made without any trouble."""

    def make(folder: Path) -> None:
        (folder / "rossi.toml").write_text(archive.config)
        places = ("--archive", archive.root, "--store", "store")
        assert Rossi(folder, folder)("reduce", *archive.good, SLEWING, *places).returncode == 0

    return once(tmp_path_factory, "undisturbed", make) / "store"


def _make_archive(sound: Path, root: Path) -> None:
    shutil.copytree(sound, root, dirs_exist_ok=True)
    obsids = sorted(path.name for path in root.glob("AO*/P*/*"))
    truncate_gzip(_one(root, obsids[0], "pca/FS4a*"))
    cut_fits(_one(root, obsids[1], "pca/FS4a*"))
    _one(root, obsids[2], "stdprod/x*.xfl*").unlink()
    slewing = ObservationSpec(obsid=ObsID(SLEWING), start=100_000_000, duration=1600, slew=16_000)
    for name, data in simulate_observation(slewing).items():
        path = root / slewing.obsid.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture(scope="session")
def many(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of one observation under many names."""
    root = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        path = root / ObsID(f"20999-02-{number:02}-00").path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to((archive.root / ObsID(archive.good[0]).path).resolve(), target_is_directory=True)
    return root


def _one(root: Path, obsid: str, pattern: str) -> Path:
    return min((root / ObsID(obsid).path).glob(pattern))


def truncate_gzip(path: Path) -> None:
    """Leave two thirds of a gzipped file."""
    data = path.read_bytes()
    if path.suffix != ".gz":
        path.unlink()
        data, path = gzip.compress(data), path.with_name(path.name + ".gz")
    path.write_bytes(data[: len(data) * 2 // 3])


def cut_fits(path: Path) -> None:
    """Leave half of a FITS file, gzipped or not, in a sound gzip."""
    data = path.read_bytes()
    packed = path.suffix == ".gz"
    plain = gzip.decompress(data) if packed else data
    half = plain[: len(plain) // 2]
    path.write_bytes(gzip.compress(half) if packed else half)
