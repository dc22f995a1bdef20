"""Observations made to do harm: they fail by themselves with a sentence, and nothing outside is touched."""

import gzip
import warnings

import numpy as np
import pytest

from rossi import simulate
from rossi.archive import ObsID
from rossi.errors import ConfigError
from rossi.fits.edit import as_hdu, with_values
from rossi.fits.reader import iterate_hdus, open_fits
from rossi.fits.writer import TableHDU, join_hdus
from services.contract import FailureKind, StageResult
from services.execution.failures import record_failure
from services.execution.request import Shard
from services.execution.worker import run_observation, run_shard
from services.query.index import describe
from services.storage import open_archive, open_store
from tests.once import simulated

PCA, HEXTE = {"pca_prep": {}, "pca_extract": {}}, {"hexte_back": {}, "hexte_dead": {}}
#: What every text from outside is tried with.
EVIL = ["../../../etc/passwd", "/etc/passwd", "http://127.0.0.1:1/x", "s3://bucket/x", "..", ".", "a\0b", "x" * 3000]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return simulated(tmp_path_factory, 2, seed=5)[0]


@pytest.fixture(scope="module")
def obsid(root):
    return next(path.name for path in root.glob("AO*/P*/*"))


class Changed:
    """An archive in which one file has another content, and which remembers what is asked of it."""

    def __init__(self, archive, path="", data=b""):
        self.archive, self.path, self.data, self.asked = archive, path, data, []

    def list(self, path):
        return self.archive.list(path)

    def directories(self, path):
        return self.archive.directories(path)

    def identify(self, files, contents=None):
        return self.archive.identify(files)

    def fetch(self, path):
        self.asked.append(path)
        return self.data if path == self.path else self.archive.fetch(path)

    def fetch_many(self, files):
        return [self.fetch(file.path) for file in files]


def shard(root, obsid, store, stages):
    folder = root / "calibration"
    calibration = {
        "model": [str(folder / simulate.MODEL_FILE)],
        "saa": "NONE",
        "energy_to_channel": "e05v03",
        "collimators": ["NONE"],
        "hexte_matrix": ["NONE"],
        "breakdown": str(folder / simulate.BREAKDOWN_FILE),
        "dead_time_a": str(folder / simulate.DEAD_TIME_FILE_A),
        "dead_time_b": str(folder / simulate.DEAD_TIME_FILE_B),
        "background_a": str(folder / simulate.BACKEST_FILE),
    }
    places = {"archive": str(root), "store": str(store), "calibration": calibration}
    return Shard(number=0, obsids=(obsid,), stages=stages, **places)


def with_times(path, value, every):
    """A file whose last row, or every row, is at another time."""
    data = path.read_bytes()
    table = open_fits(data, path.name).tables[0]
    time = table.column("Time").copy()
    time[:] = value if every else time
    time[-1] = value
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    hdus = [TableHDU(header, bytes(unit)) for header, unit in iterate_hdus(plain, path.name)]
    hdus[1] = as_hdu(with_values(table, {"Time": time}))
    return join_hdus(hdus)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, 1e12])
@pytest.mark.parametrize(("kind", "stages"), [("pca/FS4a", PCA), ("hexte/FH53", HEXTE), ("hexte/FS52", HEXTE)])
def test_times_that_are_none(root, obsid, tmp_path, kind, stages, value):
    place = ObsID(obsid).path
    path = min((root / place).glob(f"{kind}*"))
    for number, every in enumerate((False, True)):
        data = with_times(path, value, every)
        archive = Changed(open_archive(str(root)), place + str(path.relative_to(root / place)), data)
        store = tmp_path / str(number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            result = run_observation(
                obsid, shard(root, obsid, store, stages), archive=archive, store=open_store(str(store))
            )
        kinds = {stage.kind for stage in result.stages}
        assert kinds <= {None, FailureKind.DATA}, result.message
        said = [result.message, *(caveat.message for stage in result.stages for caveat in stage.caveats)]
        assert not every or any(said), "not one good row, and nobody says so"


@pytest.mark.parametrize("evil", EVIL)
def test_indices_lead_nowhere_else(root, obsid, evil):
    """Whatever an index names, only files of the observation are asked for."""
    place = ObsID(obsid).path
    data = (root / place / "FMI").read_bytes()
    table = open_fits(data, "FMI").tables[0]
    columns = [info.name for info in table.infos.values() if info.code == "A" and "Index_File" in info.name]
    rows = table.rows.copy()
    for name in columns:
        rows[f"f{table.info(name).number}"] = evil.encode()
    changed = data.replace(table.rows.tobytes(), rows.tobytes())
    archive = Changed(open_archive(str(root)), f"{place}FMI", changed)
    describe(archive, ObsID(obsid))
    for path in archive.asked:
        assert path.startswith(place)
        assert "/" not in path.removeprefix(place)


@pytest.mark.parametrize("evil", [*EVIL, "20402-01-45-03/../../x", "20402-01-45-03\n", "٢0402-01-45-03", ""])
def test_obsids_lead_nowhere_else(root, tmp_path, evil):
    with pytest.raises(ConfigError, match="is no ObsID"):
        ObsID(evil)
    store = tmp_path / "in" / "store"
    (result,) = run_shard(shard(root, evil, store, PCA))
    assert result.last.kind is FailureKind.DATA
    assert "is no ObsID" in result.message
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and store not in path.parents]
    assert outside == []


def test_failures_of_such_obsids_are_not_put_elsewhere(tmp_path):
    store = open_store(str(tmp_path / "store"))
    for evil in EVIL:
        record_failure(store, "", StageResult(stage="x", obsid=evil, outcome="failed", message="m"))
    assert [path for path in tmp_path.rglob("*") if path.is_file() and store.root not in path.parents] == []
