"""What stages make: seconds, folders, what is declared, and when it is looked for and put."""

from types import SimpleNamespace

import pytest

from rossi.errors import ConfigError, DataError
from services.contract import (
    File,
    Outcome,
    Output,
    Outputs,
    Stage,
)
from services.execution import executor, making
from services.execution.executor import execute
from services.execution.inputs import Sources
from services.execution.known import look
from services.execution.making import Made, Memory, check_outputs, stage_folder
from services.execution.overlap import AHEAD, BEHIND, HELD, _is_full
from services.execution.request import Shard
from services.execution.stages import chains_of, instrument_of, load_stage, stage_configs, with_validation
from services.execution.worker import run_observation
from services.storage import open_archive
from services.storage.held import HeldArchive
from services.storage.memory import MemoryStore
from tests.services.fakes import COUNT, FaultyStore, configured, make_archive, request, use_fakes

OBSID = "20402-01-45-03"


def test_seconds_are_those_that_passed(tmp_path, monkeypatch):
    archive = make_archive(tmp_path / "archive", o20402_01_45_03="banana")
    ticks = iter(range(100, 400, 7))
    monkeypatch.setattr(executor, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    done = execute(COUNT, request(archive=archive, store=tmp_path / "store"))
    assert (done.outcome, done.seconds) == (Outcome.SUCCEEDED, 7.0)
    ticks = iter(range(100, 400, 7))
    bad = execute(COUNT, request(archive=archive, store=tmp_path / "store", config={"ends": "bad data"}))
    assert (bad.outcome, bad.seconds) == (Outcome.FAILED, 14.0)
    ticks = iter(range(100, 400, 5))
    monkeypatch.setattr(making, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    monkeypatch.setattr(executor, "time", SimpleNamespace(perf_counter=lambda: 0.0))
    memory = Memory()
    done = execute(COUNT, request(archive=archive, store="memory:", config={"letter": "b"}), memory=memory)
    assert memory[done.manifest].manifest.seconds == 5.0


def test_a_memory_asks_for_what_may_be_there():
    store = FaultyStore(MemoryStore())
    memory = Memory()
    memory.there = frozenset({"b"})
    assert memory.find(store, "a") is None and store.calls == []
    assert memory.find(store, "b") is None and len(store.calls) == 1
    memory.there = None
    assert memory.find(store, "a") is None and len(store.calls) == 2
    memory["c"] = Made("manifest", {"x": ()})  # type: ignore[arg-type]
    assert memory.find(store, "c") == "manifest" and len(store.calls) == 2
    memory.forget_files()
    assert memory["c"] == Made("manifest")  # type: ignore[arg-type]


def test_folders_of_stages():
    assert stage_folder("/run/1/", OBSID, "count") == f"run/1/{OBSID}/count"
    assert stage_folder("", "", "merge") == "merge"


STAGE = Stage("s", 1, type(COUNT.config()), (), (Output("two", "of them", at_least=2), Output("any", "x", at_least=0)))


def test_outputs_are_as_declared():
    one, other, empty = File("a", b"1"), File("b", b"2"), File("c", b"")
    check_outputs(STAGE, Outputs({"two": (one, other)}))
    check_outputs(STAGE, Outputs({"two": (one, other), "any": (one,)}))
    for files, error, words in (
        ({"two": (one,)}, DataError, r"made 1 files of output two \(of them\), 2 expected"),
        ({"two": (one, other), "any": (one, empty)}, DataError, "left c empty"),
        ({"two": (one, other), "zoo": (one,), "more": ()}, ValueError, "does not declare: more, zoo"),
    ):
        with pytest.raises(error, match=words):
            check_outputs(STAGE, Outputs(files))


def test_which_stages_make_what():
    pca, hexte, fast = ("pca_prep", "pca_extract"), ("hexte_back", "hexte_dead"), ("pca_prep", "pca_fast")
    both, curves = ("pca", "hexte"), ("lightcurves", "spectra")
    assert chains_of(both, curves) == chains_of(both, ["spectra"]) == {"pca": pca, "hexte": hexte}
    assert chains_of(both, ["events"]) == chains_of(["pca"], ["power", "bursts"]) == {"fast": fast}
    assert chains_of(["hexte"], ["fast"]) == {}
    assert chains_of(["pca"], ["lightcurves", "fast"]) == {"pca": pca, "fast": fast}
    assert with_validation({"pca": pca}, ["hexte"]) == {
        "pca": pca,
        "hexte_validation": ("hexte_back", "hexte_validate"),
    }
    named = {
        name: str(instrument_of(name)) for name in (*pca, *hexte, *fast, "pca_validate", "hexte_validate", "merge")
    }
    assert {name: one for name, one in named.items() if one != name.partition("_")[0]} == {"merge": "None"}
    with pytest.raises(ConfigError, match="There is no stage 'x' of an observation; there are pca_prep, pca_extract"):
        load_stage("x")


def test_stages_make_what_is_asked_for():
    chains = chains_of(["pca"], ["lightcurves", "fast"])
    configs = {name: load_stage(name).config() for name in ("pca_prep", "pca_extract", "pca_fast")}
    found = stage_configs(chains, ["lightcurves", "fast"], configs)
    assert list(found) == ["pca_prep", "pca_extract", "pca_fast"]
    assert (found["pca_extract"].spectra, [str(one) for one in found["pca_fast"].products]) == (False, ["fast"])
    assert stage_configs(chains, ["spectra", "fast"], configs)["pca_extract"].spectra
    with pytest.raises(ConfigError, match=r"\[pca_fast\] products is events, but \[campaign\] products asks for fast"):
        stage_configs(chains, ["fast"], configs | {"pca_fast": load_stage("pca_fast").config(products=("events",))})


def test_how_much_waits_to_be_put():
    assert (AHEAD > 1, HELD >> 20) == (True, 48)
    for sizes, full in (([0] * BEHIND, False), ([0] * (BEHIND + 1), True), ([HELD, 0], False), ([HELD, 1], True)):
        ones = [SimpleNamespace(size=size) for size in sizes]
        assert _is_full([SimpleNamespace(ones=ones[:3]), SimpleNamespace(ones=ones[3:])]) is full  # type: ignore[list-item]


def test_one_request_tells_what_was_expected_and_two_what_was_not(tmp_path, monkeypatch):
    use_fakes(monkeypatch)
    archive = open_archive(str(make_archive(tmp_path / "archive", o20402_01_45_03="banana")))
    store = FaultyStore(MemoryStore())
    stages = configured(count={}, double={})
    shard = Shard(number=0, obsids=(OBSID,), stages=stages, archive="a", store="memory:", prefix="run")

    def looked(shard: Shard = shard, **options: object) -> tuple[str, list[str], Memory]:
        store.calls.clear()
        sources = Sources(HeldArchive(archive), store)
        return look(OBSID, shard, sources, **options), [method for method, _ in store.calls], sources.memory

    others = (configured(count={}, double={"factor": 5}), configured(count={"letter": "b"}, double={}))
    assert len({looked(shard.model_copy(update={"stages": one}))[0] for one in (stages, *others)}) == 3

    key, methods, memory = looked()
    assert (key.startswith(f"run/{OBSID}/"), methods, memory.there) == (True, ["get", "list"], frozenset())
    assert looked(done=False)[:2] == (key, ["list"])
    found, methods, memory = looked(new=lambda: True)
    assert (found, methods, memory.there) == (key, [], frozenset())
    result = run_observation(OBSID, shard, archive=archive, store=store)
    assert result.together == key
    for done, methods in ((True, ["get"]), (False, ["list", "get"])):
        found, calls, memory = looked(done=done)
        assert (found, calls, memory.together, len(memory)) == ("", methods, key, 2)
    manifests = {stage.manifest for stage in result.stages}
    monkeypatch.setattr("services.execution.known.find_together", lambda store, key: None)  # none that can be read
    for done in (True, False):
        found, _, memory = looked(done=done)
        assert (found, memory.there, memory.together) == (key, manifests, "")
    assert look(OBSID, shard.model_copy(update={"stages": configured(count={})}), Sources(archive, store)) == ""
    monkeypatch.setattr(store, "fails", lambda method, _: method == "list")
    assert looked()[0] == ""  # whatever is wrong is told by the stage that it concerns


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({}, [{"number.txt", "product.txt"}, {"count"}, {"double"}]),
        ({"stepwise": True}, [{"number.txt"}, {"count"}, {"product.txt"}, {"double"}]),
    ],
)
def test_products_are_put_at_the_end_or_step_by_step(tmp_path, monkeypatch, options, order):
    """Payload before manifests, in either way; files of it in any order, since they are put at the same time."""
    use_fakes(monkeypatch)
    archive = open_archive(str(make_archive(tmp_path / "archive", o20402_01_45_03="banana")))
    store, stages = FaultyStore(MemoryStore()), configured(count={}, double={})
    shard = Shard(number=0, obsids=(OBSID,), stages=stages, archive="a", store="memory:", prefix="run")
    run_observation(OBSID, shard, archive=archive, store=store, **options)
    keys = [key for method, key in store.calls if "put" in method]
    named = [key.split("/")[2 if key.endswith("manifest.json") else -1].rpartition("-")[2] for key in keys]
    steps = iter(named)
    assert [{next(steps) for _ in step} for step in order] == order, keys
