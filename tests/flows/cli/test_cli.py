"""The command: help, errors and exit codes, and the sub-commands that need no campaign."""

import json
import os
import shutil
import subprocess
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from flows.cli import app, main
from flows.core.logs import DEBUG
from rossi.archive import ObsID
from rossi.errors import RossiError
from rossi.fits.reader import read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.version import __version__
from services.storage import open_store
from services.storage.lease import hold
from tests.flows.support import (
    ABSENT,
    NO_OBSID,
    ROOT,
    SLEWING,
    Archive,
    Rossi,
)

COMMANDS = ["simulate", "query", "catalogue", "fetch", "campaign", "reduce", "status", "products", "stdprod", "merge"]
COMMANDS += [
    "config",
    "k8s",
    "ftool",
    "retry",
    "verify",
    "compare",
    "up",
    "down",
    "serve",
    "energies",
    "doctor",
    "demo",
]


@dataclass(frozen=True)
class Reduced:
    """Everything reduced once, for those tests that only look."""

    rossi: Rossi
    done: subprocess.CompletedProcess[str]

    @property
    def folder(self) -> Path:
        """Where it was done."""
        return self.rossi.folder


@pytest.fixture(scope="module")
def reduced(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Reduced:
    """All observations of the archive, reduced into ``store`` under ``run/1`` and copied to ``out``."""
    folder = tmp_path_factory.mktemp("reduced")
    rossi = Rossi(folder, folder)
    (folder / "rossi.toml").write_text(archive.config)
    places = ("--archive", archive.root, "--store", "store", "--prefix", "run/1", "--out", "out")
    return Reduced(rossi, rossi("reduce", *archive.asked, *places))


def test_help_is_quick() -> None:
    """None of the heavy libraries is imported before a sub-command needs it."""
    code = (
        "import sys\nfrom flows.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print(sorted({'prefect', 'boto3', 'matplotlib', 'astropy', 'numpy', 'rich'} & set(sys.modules)))"
    )
    for arguments in (["--help"], ["campaign", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_waits_for_no_other() -> None:
    code = (
        "import sys\nfrom flows.cli import main\n"
        "try:\n    main(['--debug', 'reduce', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name in ('flows.cli.reduce', 'flows.cli.k8s', 'flows.cli.up')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['flows.cli.reduce']"


def test_every_command_has_help_with_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def told(*words: str) -> str:
        shown = CliRunner().invoke(app, [*words, "--help"], catch_exceptions=False)
        assert (shown.exit_code, shown.stderr) == (0, "")
        return shown.stdout

    overview = told()
    for command in COMMANDS:
        assert command in overview
        assert f"rossi {command}" in told(command).partition("Example")[2]


def test_version(rossi: Rossi) -> None:
    assert rossi("--version").stdout == f"rossi {__version__}\n"


def test_typo_in_the_configuration(rossi: Rossi, archive: Archive) -> None:
    (rossi.folder / "rossi.toml").write_text("[pca_extract]\nbinz = 32\n")
    for command in (["config"], ["campaign", "--archive", archive.root, "--store", "store"]):
        done = rossi(*command)
        assert done.returncode == 21
        assert done.stderr == "rossi.toml, [pca_extract]: there is no parameter 'binz'; did you mean binsz?\n"
        assert done.stdout == ""


def test_a_configuration_is_written_once(rossi: Rossi) -> None:
    (rossi.folder / "rossi.toml").unlink()
    first = rossi("config", "--archive", "archive", "--store", "elsewhere", "--write", "rossi.toml")
    assert first.returncode == 0
    written = (rossi.folder / "rossi.toml").read_text()
    assert rossi("config").stdout == written
    again = rossi("config", "--store", "other", "--write", "rossi.toml")
    assert again.returncode == 21
    assert again.stderr.startswith("rossi.toml is there already and stays as it is")
    assert (rossi.folder / "rossi.toml").read_text() == written
    assert rossi("config", "--write", "no/such/folder/rossi.toml").returncode == 21


def test_printed_configuration_is_used(rossi: Rossi) -> None:
    first = rossi("config", "--store", "elsewhere")
    (rossi.folder / "rossi.toml").write_text(first.stdout)
    assert 'store = "elsewhere"' in first.stdout
    assert rossi("campaign", "--print-config").stdout.strip() == first.stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["campaign", "--store", "s"], "No archive was given"),
        (["campaign", "--archive", "nowhere", "--store", "s"], "there is no such directory"),
        (["reduce", ABSENT, "--archive", "."], "No store was given"),
        (["reduce", ABSENT, "--archive", "/", "--store", "gopher://x"], "gopher"),
        (["status", "--config", "absent.toml"], "absent.toml: there is no such configuration file"),
    ],
)
def test_configuration_error(rossi: Rossi, arguments: list[str], sentence: str) -> None:
    done = rossi(*arguments)
    assert done.returncode == 21
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_unexpected_error_is_one_line_unless_debugging(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody has thought of it")

    monkeypatch.setattr("services.storage.inventory.status", broken)
    monkeypatch.setenv(DEBUG, "")
    with pytest.raises(SystemExit) as end:
        main(["status", "--store", str(tmp_path)])
    assert end.value.code == 1
    assert capsys.readouterr().err == "ZeroDivisionError: nobody has thought of it (--debug shows more)\n"
    with pytest.raises(ZeroDivisionError):  # which Python shows with a traceback
        main(["--debug", "status", "--store", str(tmp_path)])


def test_unwritable_store(rossi: Rossi, archive: Archive) -> None:
    (rossi.folder / "file").touch()
    done = rossi("reduce", archive.good[0], "--archive", archive.root, "--store", "file/store")
    assert done.returncode == 21
    assert "file/store" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_reduce_tells_each_outcome(reduced: Reduced, archive: Archive) -> None:
    done = reduced.done
    assert done.returncode == 20
    assert done.stderr == ""
    for obsid in archive.good:
        assert (reduced.folder / "out" / obsid / f"{obsid}_ch5-10.lc").is_file()
    messages = {line.split()[0]: line for line in done.stdout.splitlines() if line[:1].isdigit()}
    for obsid, word in {**archive.damaged, SLEWING: "No row", ABSENT: "archive", NO_OBSID: "ObsID"}.items():
        assert word in messages[obsid]


def test_reduce_without_good_time_is_no_failure(rossi: Rossi, archive: Archive) -> None:
    command = ("reduce", SLEWING, "--archive", archive.root, "--store", "store")
    with hold(open_store(str(rossi.folder / "store")), "", "flow run of a campaign"):
        first = rossi(*command)  # which does not wait for it
    assert first.stderr.startswith("flow run of a campaign (")
    assert len(first.stderr.splitlines()) == 1
    assert first.returncode == 0
    assert first.stdout.count("No row of the filter file") == 1
    assert "pca_extract: no good time" in first.stdout
    again = rossi(*command)
    assert again.returncode == 0
    assert "1 of 1 already done, nothing was computed." in again.stdout


def test_a_store_beside_the_products(rossi: Rossi, archive: Archive) -> None:
    (rossi.folder / "rossi.toml").write_text(f'archive = "{archive.root}"\n' + archive.config)
    done = rossi("reduce", archive.good[0], "--out", "some/products")
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"Store: {rossi.folder / 'some' / 'store'} (--store names another)\n"
    assert (rossi.folder / "some" / "products" / archive.good[0]).is_dir()
    assert rossi("verify", "some/store").returncode == 0
    assert "nothing was computed" in rossi("reduce", archive.good[0], "--out", "some/products").stdout


def test_other_files_of_the_same_content_change_nothing(rossi: Rossi, archive: Archive) -> None:
    obsid = archive.good[0]
    copy = rossi.folder / "copy" / ObsID(obsid).path
    shutil.copytree(archive.root / ObsID(obsid).path, copy)
    first = rossi("reduce", obsid, "--archive", archive.root, "--store", "store")
    assert first.returncode == 0, first.stdout
    assert "nothing was computed" in rossi("reduce", obsid, "--archive", "copy", "--store", "store").stdout
    (rossi.folder / "rossi.toml").write_text(archive.config + "[pca_extract]\nbands = [{chmin = 11, chmax = 20}]\n")
    other = rossi("reduce", obsid, "--archive", "copy", "--store", "store", "--out", "out")
    assert "already done" not in other.stdout
    assert (rossi.folder / "out" / obsid / f"{obsid}_ch11-20.lc").is_file()
    # Preparation was not repeated.
    assert len(list((rossi.folder / "store" / obsid / "pca_prep").glob("*/manifest.json"))) == 1


def test_ctrl_c_says_that_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("services.storage.inventory.status", interrupted)
    with pytest.raises(SystemExit) as stop:
        main(["status", "--store", str(tmp_path)])
    assert stop.value.code == 130
    told = capsys.readouterr().err.strip()
    assert told == "Stopped. What was finished is kept; the same command again goes on from there."


@pytest.mark.parametrize("command", ["products", "status"])
def test_a_store_without_products_is_told(rossi: Rossi, command: str) -> None:
    done = rossi(command, "--store", "nowhere")
    assert (done.returncode, done.stdout) == (20, "")
    assert done.stderr.startswith("nowhere: there is nothing yet; check --store")
    assert not (rossi.folder / "nowhere").exists()


def test_products_and_status(reduced: Reduced, archive: Archive) -> None:
    place = ("--store", "store", "--prefix", "run/1")
    listed = [line.split() for line in reduced.rossi("products", *place).stdout.splitlines()]
    assert {obsid for obsid, *_ in listed if obsid in archive.good} == set(archive.good)
    for _, _, size, url in listed:
        assert Path(url.removeprefix("file://")).stat().st_size == int(size)
    got = reduced.rossi("products", archive.good[0], *place, "--get", "copy")
    assert got.returncode == 0
    assert [path.name for path in (reduced.folder / "copy").iterdir()] == [archive.good[0]]
    some = reduced.rossi("products", archive.good[0], "77777-01-01-00", archive.good[1][:-1], *place)
    assert (some.returncode, archive.good[0] in some.stdout) == (20, True)
    assert some.stderr.startswith(f"There are no products of 77777-01-01-00, {archive.good[1][:-1]} (but of ")
    assert archive.good[1] in some.stderr
    shown = reduced.rossi("status", *place).stdout
    for obsid in (*archive.damaged, SLEWING):
        assert obsid in shown
    assert archive.good[0] not in shown


def test_query_lists_what_is_there(rossi: Rossi, archive: Archive) -> None:
    done = rossi("query", "--archive", archive.root)
    assert done.returncode == 0
    for obsid in (*archive.good, *archive.damaged, SLEWING):
        assert obsid in done.stdout


def test_simulate_is_reproducible(rossi: Rossi) -> None:
    for out in ("one", "two"):
        assert rossi("simulate", "--out", out, "--observations", 1, "--seed", 7).returncode == 0
    one, two = (
        {p.relative_to(rossi.folder / out): p.read_bytes() for p in (rossi.folder / out).rglob("*") if p.is_file()}
        for out in ("one", "two")
    )
    assert str(rossi.folder / "one") in one.pop(Path("rossi.toml")).decode()  # the one file that says where it lies
    two.pop(Path("rossi.toml"))
    assert one == two
    assert len(json.loads(one[Path("truth.json")])["observations"]) == 1


def test_an_archive_is_not_simulated_into_another(rossi: Rossi, archive: Archive) -> None:
    one = ("simulate", "--out", "one", "--observations")
    assert rossi(*one, 1, "--seed", 7).returncode == 0
    before = {path: path.read_bytes() for path in (rossi.folder / "one").rglob("*") if path.is_file()}
    other = rossi(*one, 1, "--seed", 8)
    assert (other.returncode, other.stdout) == (21, "")
    assert other.stderr.startswith("one holds 1 observation simulated with seed 7; name another folder")
    (rossi.folder / "real/AO2/P20402").mkdir(parents=True)
    assert rossi("simulate", "--out", "real").stderr.startswith("real is not empty, it holds AO2; ")
    assert {path: path.read_bytes() for path in (rossi.folder / "one").rglob("*") if path.is_file()} == before
    (rossi.folder / "mine").mkdir()
    (rossi.folder / "mine/rossi.toml").write_text("workers = 1")
    assert rossi("simulate", "--out", "mine").stderr.startswith("mine is not empty, it holds rossi.toml; ")
    assert [path.name for path in (rossi.folder / "mine").iterdir()] == ["rossi.toml"]
    assert (rossi.folder / "mine/rossi.toml").read_text() == "workers = 1"
    edited = rossi.folder / "one/rossi.toml"
    edited.write_text(edited.read_text() + "# mine\n")
    more = rossi(*one, 2, "--seed", 7)  # the same, and one more
    assert (more.returncode, "stays" in more.stderr, "# mine" in edited.read_text()) == (0, True, True)
    assert rossi(*one, 1, "--seed", 7).returncode == 21  # fewer than there are


def test_merge_tells_of_each_file_that_is_left_out(rossi: Rossi) -> None:
    time = 1e8 + 16.0 * np.arange(4)
    values = {"TIME": time, "RATE1": time % 7, "ERROR1": np.ones(4), "RATE2": time % 5, "ERROR2": np.ones(4)}
    columns = [(Column(name, "D", "s" if name == "TIME" else ""), each) for name, each in values.items()]
    cards = [("TIMEDEL", 16.0), ("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4), ("OBJECT", "SIM")]
    for name, number in (("one.lc", 3), ("two.lc", 5)):
        table = table_hdu("RATE", columns[:number], cards)
        (rossi.folder / name).write_bytes(fits_bytes(primary_hdu(), [table]))
    (rossi.folder / "folder.lc").mkdir()
    done = rossi("merge", "one.lc", "two.lc", "absent.lc", "folder.lc", "--out", "joined")
    assert done.returncode == 20
    for words in ("two.lc[RATE]: there are 2 light curves", "absent.lc: the file can't be read", "folder.lc: the file"):
        assert words in done.stderr
    assert (rossi.folder / "joined/rxte-light-curves_rate.lc").exists()
    chosen = rossi("merge", "two.lc", "--column", "RATE2", "--out", "chosen")
    assert chosen.returncode == 0, chosen.stderr
    table = read_fits(rossi.folder / "chosen/rxte-light-curves_rate.lc").table("RATE")
    np.testing.assert_array_equal(table.column("RATE"), time % 5)


def test_merge_refuses_several_places(rossi: Rossi) -> None:
    time = 1e8 + 16.0 * np.arange(4)
    columns = [(Column("TIME", "D", "s"), time), (Column("RATE", "D"), time % 7), (Column("ERROR", "D"), np.ones(4))]
    cards = [("TIMEDEL", 16.0), ("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4), ("DEC_OBJ", 0.0)]
    for name, ra in (("one.lc", 359.9), ("two.lc", 0.2)):
        table = table_hdu("RATE", columns, [*cards, ("RA_OBJ", ra)])
        (rossi.folder / name).write_bytes(fits_bytes(primary_hdu(), [table]))
    done = rossi("merge", "one.lc", "two.lc", "--out", "joined")
    assert done.returncode == 21
    assert "two.lc is of a source at RA 0.200, Dec +0.000, 0.30 deg from it; light curves of one source" in done.stderr
    assert not (rossi.folder / "joined").exists()


def test_merge_of_files(reduced: Reduced, archive: Archive) -> None:
    curves = sorted((reduced.folder / "out").glob("*/*.lc"))
    done = reduced.rossi("merge", *curves, "--out", "joined")
    assert done.returncode == 0
    joined = reduced.folder / "joined"
    assert (joined / "report.html").is_file()
    assert sorted(done.stdout.splitlines()) == sorted(f"joined/{path.name}" for path in joined.iterdir())
    missing = reduced.rossi("merge", "absent.lc", "--out", "joined")
    assert missing.returncode == 20
    assert missing.stderr.startswith("absent.lc")
    (reduced.folder / "empty.lc").touch()
    some = reduced.rossi("merge", "empty.lc", *curves, "--out", "some")
    assert some.returncode == 20
    assert some.stderr.startswith("empty.lc: ")
    assert (reduced.folder / "some" / "observations.ecsv").is_file()
    none = reduced.rossi("merge", "empty.lc", "--out", "none")
    assert none.returncode == 20
    assert none.stderr.startswith("empty.lc: ")


def test_ftool_passes_everything_through(rossi: Rossi, archive: Archive) -> None:
    filter_file = min((archive.root / ObsID(archive.good[0]).path).glob("stdprod/x*.xfl*"))
    parameters = ["expr=ELV > 4", "name=NONE", "value=NONE", "time=Time", "compact=no", "prefr=0.5", "postfr=0.5"]
    done = rossi("ftool", "maketime", f"infile={filter_file}", "outfile=good.gti", *parameters)
    assert done.returncode == 0, done.stderr
    assert (rossi.folder / "good.gti").read_bytes().startswith(b"SIMPLE")
    assert rossi("ftool", "maketime", f"infile={filter_file}", "outfile=bad.gti", "expr=ELV >").returncode != 0
    assert rossi("ftool", "nosuchtask").returncode != 0


@pytest.mark.parametrize("event", [KeyboardInterrupt, BrokenPipeError])
def test_a_task_that_is_interrupted_ends_without_a_traceback(
    event: type[BaseException], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also while it is being loaded."""

    class Loading(types.ModuleType):
        def __getattr__(self, name: str) -> object:
            raise event

    monkeypatch.setitem(sys.modules, "rossi.ftools.task", Loading("rossi.ftools.task"))
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    with pytest.raises(SystemExit) as stop:
        main(["ftool", "maketime"])
    assert stop.value.code == (130 if event is KeyboardInterrupt else RossiError.exit_code)
    assert "Traceback" not in capfd.readouterr().err
