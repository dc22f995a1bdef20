"""What is kept of runs, and what is chosen, counted and told of observations: case by case."""

import hashlib
import re
from types import SimpleNamespace

import pytest

from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError, NoGoodTime, RossiError
from services.contract import (
    ExitCode,
    FailureKind,
    File,
    Input,
    ObservationResult,
    Outcome,
    Output,
    Outputs,
    Stage,
    StageResult,
)
from services.execution import entry, executor, making
from services.execution import portion as portion_module
from services.execution.executor import execute
from services.execution.failures import failed, lost_observation
from services.execution.front_door import _error
from services.execution.inputs import Sources, _check_count, _start
from services.execution.known import look
from services.execution.ledger import Ledger, is_final, list_key, put_list, read_plan
from services.execution.making import Made, Memory, check_outputs, stage_folder
from services.execution.observation import hint, in_parts, one_of_each, read_obsid
from services.execution.overlap import AHEAD, BEHIND, HELD, _is_full
from services.execution.portion import Portion, _number, work_off_portion
from services.execution.request import Shard
from services.execution.stages import chains_of, instrument_of, load_stage, stage_configs, with_validation
from services.execution.vanished import stop_if_many, vanished_line
from services.execution.worker import run_observation
from services.storage import StoreError, open_archive
from services.storage.archive import ArchiveFile
from services.storage.held import HeldArchive
from services.storage.memory import MemoryStore
from tests.services.fakes import COUNT, FaultyStore, configured, make_archive, request, use_fakes

OBSID = "20402-01-45-03"


def result(obsid: str = "a", kind: FailureKind | None = None, message: str = "") -> StageResult:
    outcome = Outcome.SUCCEEDED if kind is None else Outcome.FAILED
    return StageResult(stage="s", obsid=obsid, outcome=outcome, kind=kind, message=message)


def ledger(store: MemoryStore) -> Ledger[StageResult]:
    return Ledger(store, "w", "job", 7, StageResult)


def test_the_last_that_is_known_of_each_item():
    store = MemoryStore()
    written = ledger(store)
    lost, again = result("0", FailureKind.RETRYABLE, "lost"), result("0", FailureKind.RETRYABLE, "again")
    written.keep(0, 0, lost, final=False)
    written.keep(0, 2, again, final=False)
    written.keep(1, 0, lost, final=False)
    written.keep(1, 1, result("1"), final=True)
    written.keep(12, 0, result("12"), final=True)
    assert sorted(info.key for info in store.list()) == [
        *("w/runs/job/00007/done/00001.json", "w/runs/job/00007/done/00012.json"),
        *("w/runs/job/00007/tried/000/00000.json", "w/runs/job/00007/tried/000/00001.json"),
        "w/runs/job/00007/tried/002/00000.json",
    ]
    known = ledger(store)
    assert known.results(2) == [None, None]  # nobody has looked
    known.look()
    assert known.results(13) == [again, result("1"), *[None] * 10, result("12")]
    assert (known.done(0), known.done(1), known.done(2)) == (None, result("1"), None)
    known.close([result("x"), result("y")])
    known.look()
    assert known.results(2) == known.whole() == [result("x"), result("y")]


def test_an_item_that_killed_its_process():
    """Attempts after the first say what they begin; one that was begun and has not ended took its process along."""
    store = MemoryStore()
    written = ledger(store)
    written.begin(3, 0)
    assert list(store.list()) == []
    written.begin(3, 1)
    written.begin(4, 1)
    written.keep(4, 1, result("4", FailureKind.RETRYABLE), final=False)
    written.look()
    assert [[written.killed_its_process(position, n) for n in (0, 1, 2, 3)] for position in (3, 4, 5)] == [
        [False, False, True, True],
        [False] * 4,
        [False] * 4,
    ]


def test_results_that_nobody_tries_again():
    kinds = (None, FailureKind.DATA, FailureKind.CONFIG, FailureKind.RETRYABLE)
    assert [is_final(result(kind=kind)) for kind in kinds] == [True, True, True, False]
    no_work = result().model_copy(update={"outcome": Outcome.NO_WORK})
    assert is_final(no_work)


def test_a_list_follows_from_its_content():
    store = MemoryStore()
    keys = {list_key(prefix, content) for prefix in ("", "/run/1/") for content in (b"a", b"b")}
    assert len(keys) == 4
    assert all(re.fullmatch(r"(run/1/)?campaigns/[0-9a-f]{32}", key) for key in keys)
    made = []
    for _ in range(2):
        put_list(store, "w", [("x", "y"), ("z",)], [("w/a", lambda: made.append(1) or b"1"), ("w/b", lambda: b"2")])
    assert (made, store.get("w/a"), store.get("w/b")) == ([1], b"1", b"2")
    assert read_plan(store, "w").names == (("x", "y"), ("z",))


def portion(ends: list[StageResult], ran: list[int], stop: list[int] = ()) -> Portion[StageResult]:
    def run(position: int) -> StageResult:
        ran.append(position)
        return ends[position]

    names = tuple(f"item {n}" for n in range(len(ends)))
    return Portion(7, names, run, lambda position: result(str(position), FailureKind.DATA, "killed"), "item", "part")


@pytest.mark.parametrize(
    ("kinds", "code", "closed"),
    [
        ([None, None], ExitCode.OK, True),
        ([None, FailureKind.DATA], ExitCode.DATA_ERROR, True),
        ([FailureKind.DATA, FailureKind.RETRYABLE], ExitCode.RETRYABLE, False),
    ],
)
def test_how_a_part_ends(kinds, code, closed, caplog):
    caplog.set_level("INFO")
    store, ran = MemoryStore(), []
    ends = [result(str(n), kind, f"why {n}" if kind else "") for n, kind in enumerate(kinds)]
    assert work_off_portion(portion(ends, ran), ledger(store)) == code
    assert ran == [0, 1]
    assert (ledger(store).whole() == ends) is closed
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0] == "item 0: item 1 of 2" and messages[1] == "item 1: item 2 of 2"
    assert [f"item {n}: why {n}" for n, kind in enumerate(kinds) if kind] == messages[2:-1]
    failures, undone = sum(map(bool, kinds)), kinds.count(FailureKind.RETRYABLE)
    assert messages[-1] == f"part 7, attempt 0: 2 items, {failures} failed, {undone} to be tried again"


def test_a_part_that_is_stopped_and_taken_up():
    store, ran = MemoryStore(), []
    ends = [result(str(n)) for n in range(3)]
    stop = SimpleNamespace(asked=False)
    first = portion(ends, ran)

    def run(position: int) -> StageResult:
        stop.asked = position == 1
        return first.run(position)

    stopped = Portion(7, first.names, run, first.lost)
    assert work_off_portion(stopped, ledger(store), 0, stop) == ExitCode.RETRYABLE
    assert (ran, ledger(store).whole()) == ([0, 1], None)
    written = ledger(store)
    written.begin(2, 1)
    assert work_off_portion(first, ledger(store), 2) == ExitCode.DATA_ERROR  # it killed the process of attempt 1
    assert ran == [0, 1]
    assert [one.message for one in ledger(store).whole()] == ["", "", "killed"]


def test_the_number_of_a_part(monkeypatch):
    monkeypatch.setenv("PART", "4")
    assert (_number(3, "PART"), _number(0, ""), _number(None, "PART")) == (3, 0, 4)
    for variable, words in (("", "Say which shard"), ("NONE", "NONE is ''")):
        with pytest.raises(Exception, match=words):
            _number(None, variable)


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


@pytest.mark.parametrize(
    ("found", "least", "most", "words"),
    [
        (0, 1, 9, "w: There is no text; fetch it."),
        (1, 2, 9, r"fetch it .1 found, 2 needed.\."),
        (7, 1, 6, "w: 7 files for input data .text., at most 6 expected: 0, 1, 2, 3, 4\\."),
        (1, 1, 1, ""),
        (6, 1, 6, ""),
    ],
)
def test_how_many_files_an_input_takes(found, least, most, words):
    declared = Input("data", "text", pattern=".", at_least=least, at_most=most, missing="There is no text; fetch it.")
    names = [str(n) for n in range(found)]
    if not words:
        _check_count(declared, names, "w")
        return
    with pytest.raises(DataError, match=words):
        _check_count(declared, names, "w")
    with pytest.raises(DataError, match=r"w: input data .text. is missing\."):
        _check_count(Input("data", "text", pattern=".", at_least=1), [], "w")


def test_an_observation_begins_with_its_first_science_file():
    """In seconds since 1994: 0x690d0a0 is 110 153 888, 23 days into July 1997."""
    paths = ["pca/FS4a_690d4a0-690d5a0.gz", "pca/FS37_690d0a0-690d4a0.gz", "pca/FH5a_1000000-2000000.gz", "FMI"]
    paths = [f"AO2/P20402/{OBSID}/{path}" for path in paths]
    assert _start(paths) == pytest.approx(49353.000696574074 + 110_153_888 / 86400, abs=1e-4)
    assert _start(paths[:1]) - _start(paths) == pytest.approx(0x400 / 86400, abs=1e-9)
    assert _start(["x/FMI"]) == pytest.approx(49353, abs=0.01)


def test_files_are_dealt_out_by_size(monkeypatch):
    monkeypatch.setattr("services.execution.observation._IN_MEMORY", 10)

    def parts(*sizes: int) -> list[list[int]]:
        return [
            [file.size for file in part]
            for part in in_parts([ArchiveFile(str(n), size) for n, size in enumerate(sizes)])
        ]

    assert parts() == []
    assert parts(4, 6) == [[4, 6]]
    assert parts(4, 7) == [[4], [7]]
    assert parts(99, 1, 9, 1, 10) == [[99], [1, 9], [1], [10]]


def test_one_of_two_copies():
    some = [ArchiveFile(name, size) for name, size in (("a", 5), ("a.gz", 3), ("b", 5), ("b.gz", 0), ("c.gz", 1))]
    held = SimpleNamespace(beginnings=lambda files, size: [b"\x1f"[: min(file.size, size)] for file in files])
    kept, caveats = one_of_each(some, held)  # type: ignore[arg-type]
    assert [file.path for file in kept] == ["a.gz", "b", "c.gz"]
    assert [caveat.message.partition("; ")[2] for caveat in caveats] == [
        *("the one with it is taken.", "the one without it is taken."),
    ]
    assert one_of_each(some[:1], None) == (some[:1], ())  # type: ignore[arg-type]


@pytest.fixture
def archive(tmp_path):
    names = (
        "20402-01-45-03",
        "20402-01-45-04",
        "20402-01-45-00S",
        "20402-01-46-00",
        "91401-02-03-000",
        "91401-02-03-00G",
    )
    for name in names:
        (tmp_path / ObsID(name).path).mkdir(parents=True)
    (tmp_path / ObsID(names[0]).path).with_name("notes").mkdir()
    return open_archive(str(tmp_path))


@pytest.mark.parametrize(
    ("obsid", "words"),
    [
        ("20402-01-45-09", "these observations of the same viewing are: 20402-01-45-03, 20402-01-45-04. Ask"),
        ("20402-01-45-01S", "are: 20402-01-45-00S, 20402-01-45-03, 20402-01-45-04. Ask"),
        ("91401-02-03-00", "these segments of it are: 91401-02-03-000, 91401-02-03-00G. Ask"),
        (
            "91401-02-03-001",
            "these segments of it are: 91401-02-03-00G|same viewing are: 91401-02-03-000, 91401-02-03-00G",
        ),
        ("91401-02-04-00", "check the ObsID, or fetch the observation."),
    ],
)
def test_what_else_may_have_been_meant(archive, obsid, words):
    assert re.search(words, hint(archive, ObsID(obsid)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("20402-01-45", "Beginning with 20402-01-45, the archive has 20402-01-45-00S, 20402-01-45-03, 20402-01-45-04"),
        ("20402-01-47-", "Beginning with 20402-01-4, the archive has 20402-01-45-00S"),
        ("2040", "Beginning with 2040, the archive has 20402."),
        ("914", "Beginning with 914, the archive has 91401."),
        ("3040", "is no ObsID"),
    ],
)
def test_texts_that_are_no_obsid(archive, text, words):
    with pytest.raises(DataError) as error:
        read_obsid(archive, text)
    assert words in str(error.value)
    assert ("Beginning" in str(error.value)) is words.startswith("Beginning")


@pytest.mark.parametrize(("vanished", "stops"), [(0, False), (29, False), (30, True)])
def test_how_many_may_vanish(vanished, stops):
    names = [f"o{n}" for n in range(vanished)]
    if not stops:
        stop_if_many(names, 100, 0.29, "/data")
        return
    with pytest.raises(StoreError, match=r"30 of 100 observations .*all of /data is mounted.*vanished, now 0.29,"):
        stop_if_many(names, 100, 0.29, "/data")


def test_what_an_exception_means():
    error = DataError("Bad.")
    error.add_note("one")
    error.add_note("two")
    made = failed("s", OBSID, error, source="src")
    assert (made.kind, made.code, made.message, made.detail, made.source) == (
        *(FailureKind.DATA, "bad_data", "Bad.", "one\ntwo", "src"),
    )
    assert failed("s", OBSID, ValueError("x")).message == "ValueError: x"


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
        assert _is_full([SimpleNamespace(size=size) for size in sizes]) is full  # type: ignore[list-item]


def test_what_vanished_is_named():
    assert vanished_line([]) == ""
    assert vanished_line(["a", "b"]) == "2 vanished from the archive, their last products are merged: a, b."


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
        ({}, ["number.txt", "product.txt", "count", "double"]),
        ({"stepwise": True}, ["number.txt", "count", "product.txt", "double"]),
    ],
)
def test_products_are_put_at_the_end_or_step_by_step(tmp_path, monkeypatch, options, order):
    """Payload before manifests, in either way."""
    use_fakes(monkeypatch)
    archive = open_archive(str(make_archive(tmp_path / "archive", o20402_01_45_03="banana")))
    store, stages = FaultyStore(MemoryStore()), configured(count={}, double={})
    shard = Shard(number=0, obsids=(OBSID,), stages=stages, archive="a", store="memory:", prefix="run")
    run_observation(OBSID, shard, archive=archive, store=store, **options)
    keys = [key for method, key in store.calls if "put" in method]
    named = [key.split("/")[2] if key.endswith("manifest.json") else key.rpartition("-")[2] for key in keys]
    assert [name.rpartition("/")[2] for name in named][:4] == order, keys


def test_a_failure_is_recorded_by_time_and_content(monkeypatch, caplog):
    use_fakes(monkeypatch)
    shard = Shard(
        number=0, obsids=(OBSID,), stages=configured(count={}, double={}), archive="a", store="s", prefix="/run/"
    )
    store = MemoryStore()
    lost = lost_observation(shard, OBSID, "Gone.", store)
    (stage,) = lost.stages
    assert (lost.outcome, stage.stage, stage.kind, stage.code) == (
        *(Outcome.FAILED, "count", FailureKind.RETRYABLE, "process_lost"),
    )
    (info,) = store.list()
    name = re.fullmatch(rf"run/{OBSID}/count/failures/(\d{{8}}T\d{{6}})-([0-9a-f]{{64}})\.json", info.key)
    content = store.get(info.key)
    assert hashlib.sha256(content).hexdigest() == name[2]
    assert StageResult.model_validate_json(content) == stage
    assert lost_observation(shard, OBSID, "Gone.") == lost and len(list(store.list())) == 1
    refusing = FaultyStore(store, lambda method, _: method == "put")
    assert lost_observation(shard, OBSID, "Gone.", refusing) == lost
    assert "the failure could not be recorded: the server broke off" in caplog.text


@pytest.mark.parametrize(
    ("kinds", "error"),
    [
        ([None, None], NoGoodTime),
        ([None, FailureKind.DATA], DataError),
        ([FailureKind.DATA, FailureKind.RETRYABLE], RossiError),
    ],
)
def test_why_nothing_could_be_reduced(kinds, error):
    outcomes = [Outcome.NO_WORK if kind is None else Outcome.FAILED for kind in kinds]
    stages = [
        StageResult(stage=name, obsid=OBSID, outcome=outcome, kind=kind, message=name)
        for name, outcome, kind in zip("ab", outcomes, kinds, strict=True)
    ]
    assert type(_error(ObservationResult.of(OBSID, stages))) is error


def test_words_of_a_process(monkeypatch, capsys):
    for name in ("ROSSI_RUN", "ROSSI_ATTEMPT"):
        monkeypatch.delenv(name, raising=False)
    needed = ["--store", "s", "--work", "w"]
    given = portion_module._parser("p", "what", "behind").parse_args(needed)
    assert (given.store, given.work, given.index, given.index_from, given.run, given.attempt) == (
        "s",
        "w",
        None,
        "",
        "by-hand",
        0,
    )
    monkeypatch.setenv("ROSSI_RUN", "job")
    monkeypatch.setenv("ROSSI_ATTEMPT", "2")
    given = portion_module._parser("p", "what", "behind").parse_args([*needed, "--index", "3"])
    assert (given.index, given.run, given.attempt) == (3, "job", 2)
    for words in (
        [*needed[:2]],
        [*needed[2:]],
        [*needed, "--ind", "3"],
        [*needed, "--index", "-1"],
        [*needed, "--attempt", "x"],
    ):
        with pytest.raises(SystemExit, match="2"):
            portion_module._parser("p", "what", "behind").parse_args(words)
    asked = entry._parser("count", "an example\n  in lines").parse_args([])
    assert (asked.request, asked.print_config) == ("", False)
    with pytest.raises(SystemExit, match="2"):
        entry._parser("count", "").parse_args(["--req", "x"])
    capsys.readouterr()
    with pytest.raises(SystemExit, match="0"):
        entry._parser("count", "an example\n  in lines").parse_args(["--help"])
    assert "  an example\n  in lines\n\nExit codes: 0 done" in capsys.readouterr().out
