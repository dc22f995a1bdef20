"""Any changed bit repeats exactly the stages that it concerns, and nothing else repeats any."""

import os
import random
import shutil
from collections import Counter
from dataclasses import replace

import pytest

import services.storage.publication
from rossi.archive import ObsID
from rossi.simulate import (
    BACKEST_FILE,
    BREAKDOWN_FILE,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    MODEL_FILE,
)
from services.calibration import find
from services.contract import EngineName, File, Outcome, Outputs
from services.engines import ENGINES
from services.execution import worker
from services.execution.request import Shard
from services.execution.stages import STAGES
from services.storage import open_archive, open_store
from services.storage.verification import verify
from tests.conftest import LONG
from tests.once import simulated
from tests.services.storage.faults import FaultyStore

PREP, PCA = {"pca_prep", "pca_extract", "pca_fast", "pca_validate"}, {"pca_extract"}
HEXTE, FAST = {"hexte_back", "hexte_dead", "hexte_validate"}, {"pca_fast"}
BOTH = PREP | HEXTE
#: What a file of an observation concerns, by how its path begins; everything else concerns nobody.
CONCERNS = {
    "pca/FS4a": PREP,
    "pca/FS46": FAST | {"pca_validate"},
    "stdprod/xh": {"hexte_validate"},
    "stdprod/x": {"pca_validate"},
    "pca/FH5": BOTH,
    "hexte/FH": BOTH,
    "hexte/FS52": HEXTE,
    "hexte/FS58": HEXTE,
}
CONCERNS |= {"acs/FH": BOTH} | dict.fromkeys(("FMI", "FIST", "FIAC", "FIHX", "FIPC"), BOTH)
CALIBRATION = {
    "model": (MODEL_FILE, PREP),
    "breakdown": (BREAKDOWN_FILE, PREP),
    "dead_time_a": (DEAD_TIME_FILE_A, {"hexte_dead", "hexte_validate"}),
    "dead_time_b": (DEAD_TIME_FILE_B, {"hexte_dead", "hexte_validate"}),
    "background_a": (BACKEST_FILE, {"hexte_dead"}),
}


class Reduced:
    """One observation, whose stages are declared as they are but compute nothing."""

    def __init__(self, folder):
        self.folder, self.ran = folder, []
        self.obsid = next(path.name for path in (folder / "archive").glob("AO*/P*/*"))
        self.place = folder / "archive" / ObsID(self.obsid).path
        self.store = FaultyStore(open_store(str(folder / "store")))
        self.configs = {name: {} for name in STAGES}
        self.calibration = {key: str(folder / "archive/calibration" / name) for key, (name, _) in CALIBRATION.items()}
        self.stages = {name: self.declared(stage) for name, stage in STAGES.items()}

    def declared(self, stage):
        """Declare what later stages read as always there."""
        needed = {i.name for later in STAGES.values() for i in later.inputs if i.source == stage.name}
        return replace(
            stage, outputs=tuple(replace(o, at_least=max(o.at_least, o.name in needed)) for o in stage.outputs)
        )

    def run(self, name, config, inputs):
        """Make something small of what a stage declares, and tell that it ran."""
        self.ran.append(name)
        outputs = self.stages[name].outputs
        made = {o.name: tuple(File(f"{o.name}{n}.txt", b"x") for n in range(o.at_least)) for o in outputs}
        return Outputs({output: files for output, files in made.items() if files})

    def versions(self, name):
        return {}

    def again(self):
        """Run all stages and return those that did anything."""
        self.ran.clear()
        find._library.cache_clear()  # what another process would not know
        self.store.calls.clear()
        calibration = {**self.calibration, "model": [self.calibration["model"]], "saa": "NONE"}
        shard = Shard(
            number=0,
            obsids=(self.obsid,),
            stages=self.configs,
            archive=str(self.folder / "archive"),
            calibration=calibration,
            store="",
        )
        archive = open_archive(shard.archive)
        result = worker.run_observation(self.obsid, shard, archive=archive, store=self.store)
        assert result.outcome is Outcome.SUCCEEDED, result.message
        return set(self.ran)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return simulated(tmp_path_factory, 1, seed=1)[0]


@pytest.fixture
def reduced(archive, tmp_path, monkeypatch):
    shutil.copytree(archive, tmp_path / "archive")
    made = Reduced(tmp_path)
    monkeypatch.setattr("services.execution.stages.STAGES", made.stages)
    monkeypatch.setitem(ENGINES, EngineName.NATIVE, made)
    assert made.again() == set(STAGES)
    assert made.again() == set()
    return made


def flip(path, bit):
    """Change one bit of a file; returns what it was."""
    before = path.read_bytes()
    data = bytearray(before)
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    return before


def test_a_flipped_bit_of_an_observation_repeats_exactly_what_it_concerns(reduced):
    """One of each file, or with ROSSI_LONG_TESTS twenty."""
    chance, tried = random.Random(3), Counter()
    paths = sorted(p for p in reduced.place.rglob("*") if p.is_file())
    light_curves = [p for p in paths if p.parent.name == "stdprod" and ".lc" in p.name]
    for path in paths:
        if path in light_curves[1:-1] and not LONG:  # all are alike
            continue
        name = path.relative_to(reduced.place).as_posix()
        concerns = next((stages for start, stages in CONCERNS.items() if name.startswith(start)), set())
        for bit in chance.sample(range(8 * path.stat().st_size), 20 if LONG else 1):  # of each the result stays
            before = flip(path, bit)
            repeated = reduced.again()
            path.write_bytes(before)
            tried[name] += 1
            assert repeated == concerns, name
    assert reduced.again() == set()
    assert len(tried) > 20


def test_calibration_repeats_what_uses_it(reduced):
    chance = random.Random(4)
    for name, concerns in CALIBRATION.values():
        path = reduced.folder / "archive/calibration" / name
        before = path.read_bytes()
        data = bytearray(before)
        data[chance.randrange(len(data) - 2880, len(data))] ^= 1  # behind the headers, by which HDUs are chosen
        path.write_bytes(data)
        repeated = reduced.again()
        path.write_bytes(before)
        assert repeated == concerns, name
        assert reduced.again() == set()


@pytest.mark.parametrize(
    ("stage", "change", "concerns"),
    [
        ("pca_prep", {"zero_bad": False}, PREP),
        ("pca_extract", {"binsz": 32}, PCA),
        ("pca_fast", {"segment": 8}, FAST),
        ("hexte_dead", {"binsz": 8}, {"hexte_dead"}),
    ],
)
def test_settings_repeat_their_own_stage_and_those_that_read_from_it(reduced, stage, change, concerns):
    reduced.configs = {**reduced.configs, stage: change}
    assert reduced.again() == concerns
    assert reduced.again() == set()


def test_another_version_repeats_everything(reduced, monkeypatch):
    monkeypatch.setattr(services.storage.publication, "versions", lambda: {"rossi": "999"})
    assert reduced.again() == set(STAGES)


def test_touching_and_copying_change_nothing(reduced):
    for path in reduced.folder.rglob("*"):
        os.utime(path, (1, 1))
    assert reduced.again() == set()
    shutil.copytree(reduced.folder / "archive", reduced.folder / "copy", copy_function=shutil.copyfile)
    reduced.folder.joinpath("archive").rename(reduced.folder / "old")
    reduced.folder.joinpath("copy").rename(reduced.folder / "archive")
    assert reduced.again() == set()


def test_what_is_finished_costs_one_small_read(reduced):
    """Neither payload is read nor anything written: all manifests in one object."""
    assert reduced.again() == set()
    ((method, key),) = reduced.store.calls
    assert method == "get"
    assert key.split("/")[-2] == "manifests"


def test_without_that_object_the_manifests_tell(reduced):
    """A store of the version before, or one from which it was removed; it is put anew."""
    for info in list(reduced.store.list(f"{reduced.obsid}/manifests/")):
        reduced.store.delete(info.key)
    assert reduced.again() == set()
    asked = Counter((method, key.rpartition("/")[2] == "manifest.json") for method, key in reduced.store.calls)
    assert asked == {("get", False): 1, ("list", False): 1, ("get", True): len(STAGES), ("put", False): 1}
    test_what_is_finished_costs_one_small_read(reduced)


def test_a_damaged_one_is_not_believed(reduced):
    (info,) = reduced.store.list(f"{reduced.obsid}/manifests/")
    flip(reduced.folder / "store" / info.key, 8 * 100)
    assert reduced.again() == set()
    assert ("list", f"{reduced.obsid}/") in reduced.store.calls
    (problem,) = verify(reduced.store).problems
    assert problem.keys == (info.key,)


def test_what_is_removed_goes_with_what_repeats_it(reduced):
    """Else it would be taken for done."""
    manifest = min((reduced.folder / "store").glob("*/pca_extract/*/manifest.json"))
    flip(next(path for path in manifest.parent.rglob("*.txt")), 0)
    (problem,) = verify(reduced.store).problems
    assert [key.split("/")[1] for key in problem.keys[:2]] == ["manifests", "pca_extract"]
    for key in problem.keys:
        reduced.store.delete(key)
    assert reduced.again() == {"pca_extract"}
    assert verify(reduced.store).problems == ()


def test_what_repeats_a_manifest_that_is_not_there_is_told(reduced):
    next((reduced.folder / "store").glob("*/pca_extract/*/manifest.json")).unlink()
    (problem,) = verify(reduced.store).problems
    assert problem.keys[0].split("/")[1] == "manifests"
