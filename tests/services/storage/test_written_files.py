"""Products of all stages are inside as FTOOLS' own, so that these go on from them."""

from pathlib import Path

import pytest

from rossi.simulate import (
    BREAKDOWN_FILE,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    MODEL_FILE,
)
from services.contract import File, Outcome
from services.execution.request import Shard
from services.execution.worker import run_shard
from services.merge.config import MergeConfig
from services.merge.stage import merge
from services.storage import open_store
from services.storage.outputs import fetch_outputs
from tests.once import simulated
from tests.real_files import check_file, name_of


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> list[File]:
    """Return all that a campaign of two observations leaves."""
    folder = tmp_path_factory.mktemp("written")
    archive, truth = simulated(tmp_path_factory, 6, seed=2)
    obsids = tuple(str(o.obsid) for o in truth.observations[:2])
    known = {"model": [MODEL_FILE], "breakdown": BREAKDOWN_FILE}
    known |= {"dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B}
    place = str(archive / "calibration")
    calibration = {
        name: f"{place}/{file}" if isinstance(file, str) else [f"{place}/{one}" for one in file]
        for name, file in known.items()
    }
    stages = {"pca_prep": {}, "pca_extract": {"spectra": True}, "hexte_back": {}, "hexte_dead": {}}
    shard = Shard(
        number=0,
        obsids=obsids,
        stages=stages,
        archive=str(archive),
        calibration=calibration
        | {"saa": "NONE", "energy_to_channel": "e05v03", "collimators": ["NONE"], "hexte_matrix": ["NONE"]},
        store=str(folder / "store"),
    )
    results, store = list(run_shard(shard)), open_store(shard.store)
    assert [result.outcome for result in results] == [Outcome.SUCCEEDED] * 2, results
    curves = {
        result.obsid: tuple(
            file
            for stage in result.stages
            if stage.stage in {"pca_extract", "hexte_dead"}
            for file in fetch_outputs(store, stage.manifest, "light_curve")
        )
        for result in results
    }
    merged = merge(MergeConfig(title="SIM"), list(obsids), results, curves)
    kept = [File(path.name, path.read_bytes()) for path in Path(shard.store).rglob("*") if path.is_file()]
    return kept + [file for files in merged.files.values() for file in files]


def is_fits(file: File) -> bool:
    return Path(file.name.removesuffix(".gz")).suffix in {"", ".lc", ".pha", ".gti", ".xfl"}


def test_every_kind_is_written_as_ftools_write_it(products: list[File]) -> None:
    kinds = {name_of(table) for file in products if is_fits(file) for table in check_file(file.data, file.name).tables}
    assert kinds >= {"XTE_SA", "XTE_HK", "XTE_MKF", "RATE", "SPECTRUM", "STDGTI", "GTI", "OBSERVATIONS"}
