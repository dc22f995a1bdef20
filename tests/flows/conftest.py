"""An archive with damaged observations."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rossi.archive import ObsID
from rossi.simulate import ObservationSpec, simulate_archive, simulate_observation
from tests.flows.support import MANY, SLEWING, Archive, Rossi


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for Prefect whose parent does not exist yet."""
    return tmp_path_factory.mktemp("prefect") / "not" / "there"


@pytest.fixture
def rossi(tmp_path: Path, prefect_home: Path, archive: Archive) -> Rossi:
    """The command, in a folder with a configuration for the archive."""
    (tmp_path / "rossi.toml").write_text(archive.config)
    return Rossi(tmp_path, prefect_home)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Nine simulated observations, three of them damaged, and one without good time."""
    root = tmp_path_factory.mktemp("archive")
    simulate_archive(root, observations=9, seed=3)
    obsids = sorted(path.name for path in root.glob("AO*/P*/*"))
    truncate_gzip(_one(root, obsids[0], "pca/FS4a*"))
    cut_fits(_one(root, obsids[1], "pca/FS4a*"))
    _one(root, obsids[2], "stdprod/x*.xfl*").unlink()
    damaged = {obsids[0]: "gzip", obsids[1]: "FS4a", obsids[2]: "filter file"}
    slewing = ObservationSpec(obsid=ObsID(SLEWING), start=100_000_000, duration=1600, slew=16_000)
    for name, data in simulate_observation(slewing).items():
        path = root / slewing.obsid.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return Archive(root, tuple(obsids[3:]), damaged)


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
