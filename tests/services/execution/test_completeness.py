"""Observations whose copy in the archive is not whole, or holds a thing twice: what an operator is told."""

import gzip
import os
import re
import shutil

import pytest

from rossi.errors import DataError
from rossi.simulate import (
    BACKEST_FILE,
    BREAKDOWN_FILE,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    MODEL_FILE,
)
from services.contract import FailureKind, Outcome
from services.execution.fetching import needed
from services.execution.request import Shard
from services.execution.worker import run_observation
from services.storage import open_archive, open_store
from tests import once
from tests.servers.tap import serving
from tests.servers.web import WebServer

PCA = {"pca_prep": {}, "pca_extract": {"bands": [{"chmin": 5, "chmax": 10}]}}
HEXTE = {"hexte_back": {}, "hexte_dead": {"bands": [{"chmin": 15, "chmax": 61}]}}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    archive, truth = once.simulated(tmp_path_factory, 6, 3)
    return archive, next(o for o in truth.observations if o.obsid == "10101-01-01-05")


@pytest.fixture
def copy(simulated, tmp_path):
    """A copy of an observation that is to be damaged: its folder."""
    archive, observation = simulated
    return shutil.copytree(archive / observation.path, tmp_path / "archive" / observation.path)


def run(copy, simulated, stages=PCA, archive=None):
    known = simulated[0] / "calibration"
    names = {"breakdown": BREAKDOWN_FILE, "background_a": BACKEST_FILE}
    names |= {"dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B}
    root = copy.parents[2]
    shard = Shard(
        number=0,
        obsids=(copy.name,),
        stages=stages,
        archive=archive or str(root),
        calibration={role: str(known / name) for role, name in names.items()}
        | {
            "saa": "NONE",
            "energy_to_channel": "e05v03",
            "collimators": ["NONE"],
            "hexte_matrix": ["NONE"],
            "model": [str(known / MODEL_FILE)],
        },
        store=str(root.parent / "store"),
    )
    return run_observation(copy.name, shard, archive=open_archive(shard.archive), store=open_store(shard.store))


def caveats(result):
    return {c.code: c.message for stage in result.stages for c in stage.caveats}


def exposure(result):
    return sum(band["exposure"] for band in result.last.summary["bands"].values())


def first(copy, pattern):
    return sorted(copy.glob(pattern))[0]


def renamed(path):
    """Return the name of a file that ends a second later."""
    stem, last = path.name.removesuffix(".gz")[:-1], path.name.removesuffix(".gz")[-1]
    return path.with_name(f"{stem}{(int(last, 16) + 1) % 16:x}")


@pytest.fixture(scope="module")
def sound(simulated, tmp_path_factory):
    archive, observation = simulated
    copy = shutil.copytree(archive / observation.path, tmp_path_factory.mktemp("sound") / "a" / observation.path)
    results = [run(copy, simulated, stages) for stages in (PCA, HEXTE)]
    assert not any(caveats(result) for result in results)
    return [exposure(result) for result in results]


@pytest.mark.parametrize(("stages", "pattern"), [(PCA, "pca/FS4a*"), (HEXTE, "hexte/FS52*")])
def test_a_file_beside_its_compressed_form_counts_once(copy, simulated, sound, stages, pattern):
    path = first(copy, pattern)
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    result = run(copy, simulated, stages)
    assert exposure(result) in sound
    assert "the one with it is taken" in caveats(result)["two_copies"]
    path.write_bytes(b"")
    result = run(copy, simulated, stages)
    assert exposure(result) in sound
    assert "the one without it is taken" in caveats(result)["two_copies"]


@pytest.mark.parametrize(("stages", "pattern"), [(PCA, "pca/FS4a*"), (HEXTE, "hexte/FS52*")])
def test_a_file_under_two_names_counts_once(copy, simulated, sound, stages, pattern):
    path = first(copy, pattern)
    shutil.copy(path, renamed(path).with_suffix(".gz"))
    result = run(copy, simulated, stages)
    assert exposure(result) in sound
    assert f"has the content of {path.parent.name}/{path.name}" in caveats(result)["same_file_twice"]


@pytest.mark.parametrize(("stages", "pattern"), [(PCA, "pca/FS4a*"), (HEXTE, "hexte/FS52*")])
def test_a_file_of_the_same_rows_counts_once(copy, simulated, sound, stages, pattern):
    path = first(copy, pattern)
    renamed(path).write_bytes(gzip.decompress(path.read_bytes()))
    result = run(copy, simulated, stages)
    assert exposure(result) in sound
    assert "each moment counts once" in caveats(result)["counted_once"]
    assert "is named by no index" in caveats(result)["not_in_index"]


def dangle(path):
    path.unlink()
    path.symlink_to("nowhere")


def link_to_itself(path):
    path.unlink()
    path.symlink_to(path.name)


def make_directory(path):
    path.unlink()
    path.mkdir()
    (path / "x").write_text("")


def make_pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("damage", "source"),
    [
        (os.unlink, "archive"),
        (dangle, "rebuild"),
        (link_to_itself, "rebuild"),
        (make_directory, "rebuild"),
        (make_pipe, "rebuild"),
    ],
)
def test_a_missing_science_file_is_told_with_its_part_of_the_time(copy, simulated, sound, damage, source):
    damage(first(copy, "pca/FS4a*"))
    result = run(copy, simulated, PCA | {"pca_prep": {"filter_file": source}})
    assert result.outcome is Outcome.SUCCEEDED
    assert exposure(result) < 0.7 * sound[0]
    message = caveats(result)["files_missing"]
    assert re.search(r"1 of 2 files .*pca/FS4a_43b98b0-43b9c50; of pca/FS4a, 54 % of the expected 2000 s", message)


def test_a_web_archive_is_compared_too(copy, simulated):
    first(copy, "pca/FS4a*").unlink()
    with serving(WebServer(copy.parents[2])) as server:
        result = run(copy, simulated, archive=server.url)
    assert "54 % of the expected 2000 s" in caveats(result)["files_missing"]


def test_hexte_without_a_cluster(copy, simulated, sound):
    for path in copy.glob("hexte/FS52*"):
        path.unlink()
    result = run(copy, simulated, HEXTE)
    assert result.outcome is Outcome.SUCCEEDED
    assert "of hexte/FS52, 0 % of the expected" in caveats(result)["files_missing"]


@pytest.mark.parametrize("stages", [PCA, HEXTE])
def test_without_attitude_it_is_no_finding_that_no_time_is_good(copy, simulated, stages):
    shutil.rmtree(copy / "acs")
    result = run(copy, simulated, stages)
    assert (result.outcome, result.last.kind) == (Outcome.FAILED, FailureKind.DATA)
    assert "the copy of the observation is not whole" in result.last.message
    assert "acs/FH0e" in result.last.message


def test_a_filter_that_needs_no_attitude_works_without(copy, simulated):
    shutil.rmtree(copy / "acs")
    stages = {"pca_prep": {}, "pca_extract": {**PCA["pca_extract"], "expression": "NUM_PCU_ON > 0"}}
    result = run(copy, simulated, stages)
    assert result.outcome is Outcome.SUCCEEDED
    assert "files_missing" in caveats(result)


def test_hextes_monitors_do_not_matter_to_pca(copy, simulated, sound):
    shutil.rmtree(copy / "hexte")
    result = run(copy, simulated)
    assert exposure(result) == sound[0]
    assert set(caveats(result)) == {"monitors_missing"}


@pytest.mark.parametrize(
    ("pattern", "source", "outcome"),
    [
        ("FIPC*", "archive", Outcome.SUCCEEDED),
        ("FMI", "archive", Outcome.SUCCEEDED),
        ("FIPC*", "rebuild", Outcome.FAILED),
        ("FMI", "rebuild", Outcome.FAILED),
    ],
)
def test_without_an_index_it_is_told_that_nobody_knows(copy, simulated, pattern, source, outcome):
    first(copy, pattern).unlink()
    result = run(copy, simulated, PCA | {"pca_prep": {"filter_file": source}})
    assert result.outcome is outcome
    if outcome is Outcome.SUCCEEDED:
        assert "it can't be told whether files of pca/" in caveats(result)["index_missing"]
    else:
        assert result.last.kind is FailureKind.DATA


def test_letters_are_told(copy, simulated):
    other = copy.with_name(copy.name + "G")
    copy.rename(other)
    result = run(other, simulated)
    assert "stands for a pointing in which data" in caveats(result)["data_gap"]


def test_an_observation_of_which_only_segments_exist_is_answered_with_them(copy, simulated):
    for end in ("0", "1", "G", "A"):
        shutil.copytree(copy, copy.with_name(f"10101-01-07-00{end}"))
    result = run(copy.with_name("10101-01-07-00"), simulated)
    segments = "10101-01-07-000, 10101-01-07-001, 10101-01-07-00G"
    assert f"is not in the archive; but these segments of it are: {segments}." in result.last.message
    with pytest.raises(DataError, match="these segments"):
        needed(open_archive(str(copy.parents[2])), "10101-01-07-00", PCA)
    result = run(copy.with_name("10101-01-07-02"), simulated)
    assert "these observations of the same viewing are: 10101-01-07-000" in result.last.message
    assert "check the ObsID" in run(copy.with_name("10101-01-09-00"), simulated).last.message
