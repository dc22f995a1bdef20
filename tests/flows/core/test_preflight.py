"""What can't work is said before Prefect starts and before an observation is touched."""

import datetime
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tomlkit

from flows.cli import main
from flows.core.export import check_folder
from flows.core.extras import EXTRAS, need
from flows.core.preflight import check
from flows.core.settings import load_settings, make_settings
from flows.prefect.form import Form, form_of
from rossi.errors import ConfigError
from rossi.simulate import BACKEST_FILE, BREAKDOWN_FILE, DEAD_TIME_FILE_A, DEAD_TIME_FILE_B, MODEL_FILE
from rossi.simulate.calibration import calibration_files
from tests.flows.support import ABSENT, ROOT, Archive, Rossi


@pytest.fixture
def calibration(tmp_path: Path) -> dict[str, object]:
    """Settings that name calibration files of every kind, in a folder of their own."""
    folder = tmp_path / "calibration"
    folder.mkdir()
    for name, content in calibration_files().items():
        (folder / name).write_bytes(content)
    names = {"breakdown": BREAKDOWN_FILE, "dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B}
    names |= {"background_a": BACKEST_FILE}
    return {
        "model": [str(folder / MODEL_FILE)],
        "saa": "NONE",
        **{role: str(folder / name) for role, name in names.items()},
    }


def settings(tmp_path, calibration, **sections):
    (tmp_path / "archive").mkdir(exist_ok=True)
    places = {"archive": str(tmp_path / "archive"), "store": str(tmp_path / "store")}
    return make_settings(places | {"calibration": calibration} | sections, "here")


def test_good_settings_pass(tmp_path, calibration):
    check(settings(tmp_path, calibration))
    check(settings(tmp_path, calibration, campaign={"engine": "heasoft"}))
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("role", "without"),
    [
        ("model", {"pca_prep": {"background": "none"}}),
        ("saa", {"pca_prep": {"background": "none"}}),
        ("breakdown", {"pca_prep": {"background": "none"}}),
        ("dead_time_a", {"campaign": {"instruments": ["pca"]}}),
        ("dead_time_b", {"campaign": {"instruments": ["pca"]}}),
    ],
)
def test_missing_calibration(tmp_path, calibration, role, without):
    calibration[role] = [] if role == "model" else ""
    if role == "breakdown":
        calibration["breakdown_history"] = "NONE"
    with pytest.raises(ConfigError, match=f"set {role} to a file or URL"):
        check(settings(tmp_path, calibration))
    check(settings(tmp_path, calibration, **without))


@pytest.mark.parametrize("role", ["model", "saa", "breakdown", "dead_time_a", "dead_time_b", "background_a"])
def test_a_file_of_another_kind(tmp_path, calibration, role):
    other = calibration["dead_time_a" if role != "dead_time_a" else "dead_time_b"]
    calibration["breakdown_history"] = "NONE"
    calibration[role] = [other] if role == "model" else other
    if role == "saa":  # two columns of numbers are all that a history is
        shutil.copy(ROOT / "LICENSE", tmp_path / "saa")
        calibration["saa"] = str(tmp_path / "saa")
    with pytest.raises(ConfigError, match=rf"^\[calibration\] {role}: "):
        check(settings(tmp_path, calibration))


@pytest.mark.parametrize("prefix", ["../x", "a//b", "a b", "é"])
def test_a_prefix_that_is_none(tmp_path, calibration, prefix):
    with pytest.raises(ConfigError, match=r"can.t be a key of the store; .* Check the prefix"):
        check(settings(tmp_path, calibration, prefix=prefix))
    check(settings(tmp_path, calibration, prefix="/run/1/"))


def test_one_file_of_two_roles_is_judged_for_each(tmp_path, calibration):
    calibration["dead_time_b"] = calibration["dead_time_a"]
    with pytest.raises(ConfigError, match="cluster B were expected"):
        check(settings(tmp_path, calibration))


def test_a_caldb_without_an_index(tmp_path, calibration):
    calibration |= {"model": [], "caldb": str(tmp_path)}
    with pytest.raises(ConfigError, match=r"caldb\.indx: the CALDB has no index there"):
        check(settings(tmp_path, calibration))


@pytest.mark.parametrize(
    ("stage", "expression", "said"),
    [
        ("pca_extract", "ELVV > 4", "ELVV, which is no column of the filter file; did you mean ELV?"),
        ("pca_extract", "offset < 0.02 && NUM_PCUS_ON > 0", "NUM_PCUS_ON, .*; did you mean NUM_PCU_ON?"),
        ("pca_extract", "ELV > 4 && SOMETHING[2] > 1", "SOMETHING, .*ftlist FILE C. lists"),
        ("hexte_dead", "ELV > 10 && OFSET{-1} < 0.02", "OFSET, .*; did you mean OFFSET?"),
    ],
)
def test_misspelt_columns(tmp_path, calibration, stage, expression, said):
    chosen = {stage: {"expression": expression}}
    with pytest.raises(ConfigError, match=rf"^\[{stage}\] expression uses {said}"):
        check(settings(tmp_path, calibration, **chosen))
    own = {"pca_prep": {"filter_file": "archive"}, "hexte_back": {"filter_file": "archive"}}
    check(settings(tmp_path, calibration, **chosen, **own))  # a file from elsewhere may have more columns


def test_keywords_and_constants_are_no_columns(tmp_path, calibration):
    expression = "elv > 4 && TIME_SINCE_SAA < 0 && X_RA < #pi * 10 && #ROW > 1 && PCU0_ON == 1"
    check(settings(tmp_path, calibration, pca_extract={"expression": expression}))


@pytest.mark.parametrize("command", ["campaign", "reduce", "retry"])
def test_nothing_is_begun(plain: Rossi, command: str) -> None:
    (plain.folder / "archive").mkdir()
    what = ["20101-01-01-00"] if command == "reduce" else []
    (plain.folder / "rossi.toml").write_text("")
    done = plain(command, *what, "--archive", "archive", "--store", "store")
    assert (done.returncode, done.stdout) == (21, "")
    assert done.stderr.startswith("calibration: no background model is given")
    assert len(done.stderr.splitlines()) == 1
    assert not (plain.folder / "store").exists()


#: Calls commands in one process from which libraries are hidden, as if only a part had been installed; not to be
#: found, none is kept for the next command either.
_WITHOUT = """
import contextlib, io, json, sys
from importlib.machinery import PathFinder

hidden = set()

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in hidden else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from flows.cli import main
for arguments, without in json.load(sys.stdin):
    hidden.clear()
    hidden.update(without)
    assert not hidden & set(sys.modules)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code or 0
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""
_PLACES = ("--archive", "archive", "--store", "store")
_REMOTE = ("--config", "remote.toml", "--archive", "archive", "--out", "out")
_S3 = "This needs boto3, which is not installed: pip install 'rossi[s3]'.\n"
#: A command, the libraries that are not there, and the one sentence that is said, or a part of it.
_NEEDS = [
    (("campaign", *_PLACES), EXTRAS, "pip install 'rossi[campaign,plot]'"),
    (("up", *_PLACES), EXTRAS, "pip install 'rossi[campaign,plot]'"),
    (("reduce", ABSENT, "--archive", "https://127.0.0.1:1", "--store", "s"), EXTRAS, "pip install 'rossi[web]'"),
    (("fetch", ABSENT, "--archive", "s3://bucket", "--out", "o"), EXTRAS, "pip install 'rossi[web]'"),
    (("serve", *_PLACES), ["prefect"], "pip install 'rossi[campaign]'"),
    (("retry", "store"), ["matplotlib"], "pip install 'rossi[plot]'"),
    (("query", "--all"), ["pyvo"], "pip install 'rossi[catalogue]'"),
    (("k8s", "status"), ["kubernetes"], "pip install 'rossi[kubernetes]'"),
    (("status", "--store", "s3://bucket/store"), ["boto3", "botocore"], "pip install 'rossi[s3]'"),
    # Calibration in a bucket: nothing else is said before.
    (("reduce", ABSENT, *_REMOTE), ["boto3", "botocore"], _S3),
    (("campaign", *_REMOTE), ["boto3", "botocore"], _S3),
]


def test_libraries_that_are_not_installed(plain: Rossi, archive: Archive, subtests: pytest.Subtests) -> None:
    """The science needs none of them."""
    (plain.folder / "archive").symlink_to(archive.root)
    remote = {**archive.overrides["calibration"], "breakdown": "s3://bucket/breakdown.fits"}
    (plain.folder / "remote.toml").write_text(tomlkit.dumps({**archive.overrides, "calibration": remote}))
    science = ("reduce", archive.good[0], "--archive", "archive", "--store", "science")
    calls = [(science, EXTRAS), *((arguments, hidden) for arguments, hidden, _ in _NEEDS)]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        input=json.dumps([(arguments, list(hidden)) for arguments, hidden in calls]),
        cwd=plain.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (code, _, said), *ends = map(json.loads, done.stdout.splitlines())
    assert code == 0, said
    for (arguments, _, words), (code, out, said) in zip(_NEEDS, ends, strict=True):
        with subtests.test(" ".join(arguments)):
            assert (code, out, len(said.splitlines())) == (21, "", 1), said
            assert words in said


def test_a_library_of_no_extra() -> None:
    need("numpy")
    with pytest.raises(ConfigError, match=r"no_such_library, .* pip install 'rossi\[all\]'"):
        need("no_such_library")


def test_every_optional_library_has_its_extra() -> None:
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for library, extra in EXTRAS.items():
        wanted = {"botocore": "boto3"}.get(library, library)
        assert any(one.startswith(wanted) for one in optional[extra])


def test_a_list_is_its_text(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(
        tomlkit.dumps({"pca_extract": {"pcus": [0, 2], "layers": [1]}, "hexte_dead": {"detectors": [0, 1, 3]}})
    )
    chosen = load_settings(tmp_path / "r.toml")
    assert (chosen.pca_extract.pcus, chosen.pca_extract.layers, chosen.hexte_dead.detectors) == ("0,2", "1", "013")
    assert load_settings(None, {"pca_extract": {"pcus": 2}}).pca_extract.pcus == "2"
    with pytest.raises(ConfigError, match="'5' is no PCU"):
        load_settings(None, {"pca_extract": {"pcus": [0, 5]}})


_NO_DATES = [
    "31/12/1999",
    "1999-13-01",
    "1999-02-30",
    "yesterday",
    "1999",
    "19991231",
    "1999-12-31T10:00",
    "nan",
    "inf",
]


@pytest.mark.parametrize("text", [*_NO_DATES, ""])
def test_no_dates(tmp_path: Path, text: str) -> None:
    for name in ("start", "stop"):
        with pytest.raises(ConfigError) as caught:
            load_settings(None, {"query": {name: text}})
        assert str(caught.value) == (
            f"command line, [query]: parameter '{name}' is '{text}': expected a date as year-month-day (1999-12-31), "
            "or mission time in seconds (189302400)."
        )
        with pytest.raises(ConfigError, match=r"expected a date as year-month-day \(1999-12-31\)"):
            form_of({name: text}, Form)
    (tmp_path / "r.toml").write_text(f"[query]\nstart = {text}\n")
    with pytest.raises(ConfigError, match=r"1999-12-31"):
        load_settings(tmp_path / "r.toml")


@pytest.mark.parametrize("text", ["1999-12-31", "1999-12-31T00:00:00", "1999-12-31T00:00:00.000Z"])
def test_dates(tmp_path: Path, text: str) -> None:
    assert load_settings(None, {"query": {"start": text}}).query.start == datetime.date(1999, 12, 31)
    assert form_of({"stop": text}, Form).stop == datetime.date(1999, 12, 31)
    assert load_settings(None, {"query": {"start": "189302400", "stop": 2e8}}).query.start == 189302400.0
    (tmp_path / "r.toml").write_text(f"[query]\nstart = {text}\n")
    assert load_settings(tmp_path / "r.toml").query.start == datetime.date(1999, 12, 31)


_FOLDERS = [
    ("afile", "afile is no folder"),
    ("afile/deep/er", "afile is no folder"),
    ("dangling", "dangling is no folder"),
    ("x" * 300, "x... can't be written (File name too long)"),
]
_WRITERS = [
    ("simulate", "--out"),
    ("campaign", "--archive", ".", "--store", "store", "--out"),
    ("campaign", "--archive", ".", "--store"),
    ("reduce", "20101-01-01-00", "--archive", ".", "--out"),
    ("retry", "store", "--archive", ".", "--out"),
    ("query", "--archive", ".", "--out"),
    ("fetch", "20101-01-01-00", "--archive", ".", "--out"),
    ("stdprod", "--archive", ".", "--out"),
    ("merge", "absent.lc", "--out"),
    ("compare", "afile", "afile", "--out"),
    ("products", "--store", "absent", "--get"),
    ("up", "--state", "state", "--store"),
    ("up", "--state", "state", "--s3"),
]


@pytest.mark.parametrize("arguments", _WRITERS, ids=lambda arguments: f"{arguments[0]} {arguments[-1]}")
def test_folders_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "afile").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    for folder, words in _FOLDERS:
        with pytest.raises(SystemExit) as end:
            main([*arguments, folder])
        said = capsys.readouterr()
        assert (end.value.code, said.out, len(said.err.splitlines())) == (21, "", 1), said.err
        assert words in said.err
        assert arguments[-1] in said.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_is_looked_at_and_left_as_it_is(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "er")
    check_folder(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cron", ["yesterday", "61 3 * * *", "0 3 * *", "@daily"])
def test_schedules_that_are_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, cron: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    for command in (("up", "--state", "state"), ("serve",)):
        with pytest.raises(SystemExit) as end:
            main([*command, "--cron", cron])
        assert end.value.code == 21
        assert capsys.readouterr().err.startswith(f"--cron {cron!r} is no schedule; one looks like '0 3 * * *': minute")
    assert not list(tmp_path.iterdir())


def test_dates_in_order() -> None:
    for start, stop in (("2005-01-01", "2004-01-01"), ("2005-01-01", "2005-01-01"), (3e8, 2e8)):
        with pytest.raises(ConfigError, match=rf"\[query\]: start {start} is not before stop {stop}\.$"):
            load_settings(None, {"query": {"start": start, "stop": stop}})
    assert load_settings(None, {"query": {"start": "2005-01-01", "stop": 4e8}}).query.stop == 4e8
