import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from rossi.errors import DataError
from services.contract import FailureKind, File, InputRecord, Outcome
from services.execution import observation
from services.execution.executor import execute
from services.execution.known import begun
from services.execution.making import Memory, put
from services.execution.request import Shard
from services.storage import open_archive, open_store
from services.storage.memory import MemoryStore
from services.storage.outputs import fetch_outputs
from services.storage.publication import fingerprint, output_key, publish, read_manifest, ready
from tests.services.fakes import COUNT, DOUBLE, FakeEngine, FaultyStore, count, make_archive, request

OBSID = "20402-01-45-03"


@pytest.fixture
def archive(tmp_path):
    return make_archive(tmp_path / "archive", o20402_01_45_03="banana", o20402_01_45_04="corrupt")


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


def run(archive, store, stage=COUNT, **options):
    return execute(stage, request(stage.name, **options), archive=open_archive(str(archive)), store=store)


def keys(store):
    return [info.key for info in store.list()]


def failures(store):
    return [json.loads(store.get(key)) for key in keys(store) if "/failures/" in key]


class TestSuccess:
    def test_products_and_manifest(self, archive, store):
        result = run(archive, store)
        assert (result.outcome, result.reused, result.summary) == (Outcome.SUCCEEDED, False, {"number": 3})
        assert result.manifest == f"run/1/{OBSID}/count/{result.fingerprint}/manifest.json"
        manifest = read_manifest(store, result.manifest)
        assert [(r.input, r.path, r.size) for r in manifest.inputs] == [("data", "pca/1.txt", 6)]
        assert manifest.config == {"letter": "a", "ends": "well"}
        assert {"rossi", "python", "numpy"} <= manifest.versions.keys()
        (file,) = fetch_outputs(store, result.manifest, "number")
        assert file.name == "number.txt"
        assert file.data.startswith(b"3 made")
        assert sorted(keys(store)) == sorted(
            [result.manifest, output_key(result.manifest, manifest, manifest.outputs[0])]
        )

    def test_opens_what_the_request_names(self, archive, tmp_path):
        result = execute(COUNT, request(archive=archive, store=tmp_path / "store"))
        assert result.outcome is Outcome.SUCCEEDED

    def test_again_reads_the_manifest_only(self, archive, store):
        first = run(archive, store)
        watched = FaultyStore(store)
        again = run(archive, watched)
        assert again.reused
        assert again == first.model_copy(update={"reused": True, "seconds": again.seconds})
        assert watched.calls == [("get", first.manifest)]

    @pytest.mark.parametrize(("on_disk", "parts"), [(False, [2]), (True, [1, 1])])
    def test_of_files_for_disk_a_few_are_in_memory(self, archive, store, monkeypatch, on_disk, parts):
        (archive / f"AO2/P20402/{OBSID}/pca/2.txt").write_text("papaya")
        stage = replace(COUNT, inputs=tuple(replace(one, on_disk=on_disk) for one in COUNT.inputs))
        source, asked = open_archive(str(archive)), []
        fetch = source.fetch_many
        monkeypatch.setattr(source, "fetch_many", lambda files: asked.append(len(files)) or fetch(files))
        monkeypatch.setattr(observation, "_IN_MEMORY", 6)
        result = execute(stage, request(), archive=source, store=store)
        assert (result.summary, asked) == ({"number": 6}, parts)

    def test_what_changes_the_result_changes_the_key(self, archive, store):
        first = run(archive, store)
        assert not run(archive, store, config={"letter": "n"}).reused
        assert not run(archive, store, replace(COUNT, version=2)).reused
        (archive / f"AO2/P20402/{OBSID}/pca/1.txt").write_text("bananas")
        assert not run(archive, store).reused
        assert run(archive, store, config={"letter": "a"}).fingerprint != first.fingerprint

    def test_other_files_of_the_directory_do_not_matter(self, archive, store):
        run(archive, store)
        (archive / f"AO2/P20402/{OBSID}/hexte.txt").write_text("a")
        assert run(archive, store).reused

    def test_caveats_are_kept(self, archive, store):
        for reused in (False, True):
            result = run(archive, store, config={"letter": "b"})
            assert (result.reused, [c.code for c in result.caveats]) == (reused, ["few"])


class TestSecondStage:
    def test_reads_the_first_ones_output(self, archive, store):
        first = run(archive, store)
        result = run(archive, store, DOUBLE, upstream={"count": first.manifest})
        assert fetch_outputs(store, result.manifest, "product")[0].data == b"6"
        assert run(archive, store, DOUBLE, upstream={"count": first.manifest}).reused

    def test_needs_no_archive(self, archive, store):
        first = run(archive, store)
        result = execute(DOUBLE, request("double", upstream={"count": first.manifest}), store=store)
        assert result.outcome is Outcome.SUCCEEDED

    def test_memory_saves_fetching(self, archive, store):
        memory, watched = Memory(), FaultyStore(store)
        options = {"archive": open_archive(str(archive)), "store": watched, "memory": memory}
        first = execute(COUNT, request(), **options)
        watched.calls.clear()
        result = execute(DOUBLE, request("double", upstream={"count": first.manifest}), **options)
        assert result.outcome is Outcome.SUCCEEDED
        assert not [key for method, key in watched.calls if method == "get" and "/count/" in key]

    def test_upstream_without_work(self, archive, store):
        first = run(archive, store, config={"ends": "no time"})
        result = run(archive, store, DOUBLE, upstream={"count": first.manifest})
        assert (result.outcome, result.message) == (Outcome.NO_WORK, "All 12 rows are outside the good time.")

    def test_upstream_absent(self, archive, store):
        assert run(archive, store, DOUBLE).kind is FailureKind.CONFIG
        result = run(archive, store, DOUBLE, upstream={"count": "run/1/none/manifest.json"})
        assert result.kind is FailureKind.DATA
        assert "run that stage first" in result.message

    def test_damaged_product_is_noticed(self, archive, store):
        first = run(archive, store)
        manifest = read_manifest(store, first.manifest)
        payload = Path(store.root / output_key(first.manifest, manifest, manifest.outputs[0]))
        payload.write_bytes(payload.read_bytes()[:-1] + b"?")
        result = run(archive, store, DOUBLE, upstream={"count": first.manifest})
        assert result.kind is FailureKind.DATA
        assert "damaged" in result.message
        assert payload.name in result.message
        payload.unlink()
        assert "missing" in run(archive, store, DOUBLE, upstream={"count": first.manifest}).message

    def test_damaged_manifest_is_noticed(self, archive, store):
        first = run(archive, store)
        (store.root / first.manifest).write_text('{"stage": "count"')
        assert "not a manifest" in run(archive, store).message


class TestFailures:
    def test_no_good_time_is_not_repeated(self, archive, store):
        result = run(archive, store, config={"ends": "no time"})
        assert (result.outcome, result.message) == (Outcome.NO_WORK, "All 12 rows are outside the good time.")
        again = run(archive, store, config={"ends": "no time"})
        assert again.reused
        assert again.message == result.message
        assert [c.code for c in again.caveats] == ["no_good_time"]

    @pytest.mark.parametrize(
        ("ends", "kind", "message"),
        [
            ("bad data", FailureKind.DATA, "pca/1.txt: the file is damaged."),
            ("bad config", FailureKind.CONFIG, "does not exist"),
            ("bug", FailureKind.RETRYABLE, "RuntimeError: unforeseen"),
            ("undeclared", FailureKind.RETRYABLE, "surprise"),
            ("empty", FailureKind.DATA, "number.txt"),
            ("nothing", FailureKind.DATA, "made 0 files of output number"),
        ],
    )
    def test_is_recorded_and_never_taken_for_a_result(self, archive, store, ends, kind, message):
        for n in (1, 2):
            result = run(archive, store, config={"ends": ends})
            assert (result.outcome, result.kind, result.reused) == (Outcome.FAILED, kind, False)
            assert message in result.message
            assert [record["kind"] for record in failures(store)] == [kind] * n
        assert not [key for key in keys(store) if key.endswith("manifest.json")]

    def test_unexpected_error_is_logged_with_its_place(self, archive, store, caplog):
        run(archive, store, config={"ends": "bug"})
        assert any(r.exc_info and r.levelno == logging.ERROR for r in caplog.records)

    def test_a_full_disk_is_named_and_the_observation_may_be_tried_again(self, archive, store, caplog):
        result = run(archive, store, config={"ends": "full"})
        assert result.kind is FailureKind.RETRYABLE
        assert result.message.startswith("/tmp/sandbox/x.fits: the disk of the machine that works is full (No space")
        assert "kubernetes.scratch" in result.message
        assert not any(record.exc_info for record in caplog.records)
        assert run(archive, store).outcome is Outcome.SUCCEEDED

    @pytest.mark.parametrize(
        ("obsid", "code", "words"),
        [
            ("2040-01", "bad_data", "'2040-01' is no ObsID"),
            ("../../etc", "bad_data", "is no ObsID"),
            ("20402-01-45-99", "not_in_archive", "AO2/P20402/20402-01-45-99/ is not in the archive"),
        ],
    )
    def test_bad_request(self, archive, store, obsid, code, words):
        result = run(archive, store, obsid=obsid)
        assert (result.kind, result.code) == (FailureKind.DATA, code)
        assert words in result.message

    def test_missing_and_surplus_files(self, archive, store):
        folder = archive / f"AO2/P20402/{OBSID}/pca"
        for n in (2, 3):
            (folder / f"{n}.txt").write_text("")
        assert "3 files for input data (text), at most 2" in run(archive, store).message
        for n in (1, 2, 3):
            (folder / f"{n}.txt").unlink()
        result = run(archive, store)
        assert (result.kind, result.code) == (FailureKind.DATA, "missing_input")
        assert "There is no text; fetch it." in result.message

    def test_unwritable_store(self, archive, tmp_path):
        (tmp_path / "file").write_text("")
        result = execute(COUNT, request(archive=archive, store=tmp_path / "file/store"))
        assert result.kind is FailureKind.CONFIG
        assert "can't be written" in result.message

    def test_store_that_breaks_off_may_be_tried_again(self, archive, store):
        result = run(archive, FaultyStore(store, lambda method, _: method == "put"))
        assert (result.kind, result.message) == (FailureKind.RETRYABLE, "the server broke off")


class TestCrashes:
    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
    def test_between_payload_and_manifest(self, archive, store, error):
        crashing = FaultyStore(store, lambda method, key: method == "put" and key.endswith("manifest.json"), error)
        try:
            assert run(archive, crashing).outcome is Outcome.FAILED
        except KeyboardInterrupt:
            assert error is KeyboardInterrupt
        (left,) = [key for key in keys(store) if key.endswith("number.txt")]
        result = run(archive, store)
        assert (result.outcome, result.reused) == (Outcome.SUCCEEDED, False)
        (file,) = fetch_outputs(store, result.manifest, "number")
        assert file.data != store.get(left)  # the new attempt's own

    def test_concurrent_executors_agree(self, archive, store, monkeypatch):
        start = Barrier(4)

        def together(config, inputs):
            outputs = count(config, inputs)
            start.wait()  # everybody has made its own product before anybody publishes
            return outputs

        monkeypatch.setitem(FakeEngine.functions, "count", together)
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda _: run(archive, store), range(4)))
        assert {r.outcome for r in results} == {Outcome.SUCCEEDED}
        assert len({r.manifest for r in results}) == 1
        assert len([key for key in keys(store) if key.endswith("manifest.json")]) == 1
        assert len([key for key in keys(store) if key.endswith("number.txt")]) == 4
        assert fetch_outputs(store, results[0].manifest, "number")[0].data.startswith(b"3 made")

    def test_memory_holds_what_the_store_holds(self, archive, store, monkeypatch, caplog):
        """A slower writer must not feed its own copy to the next stage under the faster one's manifest."""
        memory = Memory()

        def overtaken(config, inputs):
            monkeypatch.setitem(FakeEngine.functions, "count", count)
            run(archive, store)
            return count(config, inputs)

        options = {"archive": open_archive(str(archive)), "store": store, "memory": memory}
        run(archive, MemoryStore())
        assert not caplog.records  # nobody else was at it
        monkeypatch.setitem(FakeEngine.functions, "count", overtaken)
        result = execute(COUNT, request(), **options)
        assert result.outcome is Outcome.SUCCEEDED
        assert memory == {}
        # The same was made twice: not without a word.
        (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert said.endswith(" count: another process has made the same meanwhile; its products stay.")


class TestPublication:
    def test_fingerprint_ignores_order_only(self):
        one = InputRecord(input="data", path="a", size=1, identity="x")
        two = InputRecord(input="data", path="b", size=1, identity="y")
        base = fingerprint("s", 1, {"p": 1, "q": [1, 2]}, [one, two])
        assert fingerprint("s", 1, {"q": [1, 2], "p": 1}, [two, one]) == base
        others = [
            fingerprint("t", 1, {"p": 1, "q": [1, 2]}, [one, two]),
            fingerprint("s", 2, {"p": 1, "q": [1, 2]}, [one, two]),
            fingerprint("s", 1, {"p": 1, "q": [2, 1]}, [one, two]),
            fingerprint("s", 1, {"p": 1, "q": [1, 2]}, [one]),
            fingerprint("s", 1, {"p": 1, "q": [1, 2]}, [one, replace(two, identity="z")]),
        ]
        assert len({base, *others}) == 6

    def test_two_files_of_one_name(self, archive, store):
        manifest = read_manifest(store, run(archive, store).manifest)
        with pytest.raises(ValueError, match="two files of one name"):
            publish(store, "x", manifest, {"a": (File("f", b"1"),), "b": (File("f", b"2"),)})
        assert not [key for key in keys(store) if key.startswith("x")]

    def test_absent_output_is_empty(self, archive, store):
        assert fetch_outputs(store, run(archive, store).manifest, "other") == ()

    def test_damage_names_the_object(self, archive, store):
        result = run(archive, store)
        manifest = read_manifest(store, result.manifest)
        key = output_key(result.manifest, manifest, manifest.outputs[0])
        (store.root / key).write_bytes(b"short")
        with pytest.raises(DataError, match=r"number\.txt: the content is damaged: 5 bytes"):
            fetch_outputs(store, result.manifest, "number")


def test_observations_of_which_the_store_has_something(store):
    held, other = OBSID, "20402-01-45-04"
    store.put(f"run/{held}/count/0/manifest.json", b"{}")
    common = {"number": 0, "stages": {}, "archive": "a", "store": "s", "prefix": "run"}
    assert begun(Shard(obsids=(held, other, "no key/"), **common), store) == {held}
    assert begun(Shard(obsids=(other,), **common), store) == {other}  # it is asked for anyway


@pytest.mark.parametrize(
    ("what", "told"),
    [({"obsid": OBSID}, OBSID), ({"obsid": "", "source": "CRAB"}, "CRAB"), ({"obsid": ""}, "all")],
)
def test_a_slower_writer_says_what_it_made(archive, store, caplog, what, told):
    manifest = read_manifest(store, run(archive, store).manifest).model_copy(update=what | {"seal": ""})
    for content in (b"1", b"2"):
        kept = put(ready("run/1/x/count/y", manifest, {"number": (File("n", content),)}), store)
    assert kept == read_manifest(store, "run/1/x/count/y/manifest.json")
    (said,) = [record.getMessage() for record in caplog.records]
    assert said == f"{told} count: another process has made the same meanwhile; its products stay."
