import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.errors import ConfigError, DataError
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.ftools import catalogue
from rossi.ftools.describe import examples
from rossi.ftools.lookup import find
from rossi.ftools.parameters import write_stream
from rossi.simulate import simulate_archive


@pytest.fixture
def prepared(golden):
    return golden / "e5_switch" / "expected" / "prep"


@pytest.fixture
def arguments(prepared, tmp_path):
    return {
        "src_infile": str(next(prepared.glob("*_dt.gz"))),
        "bkg_infile": "NONE",
        "outfile": str(tmp_path / "a.lc"),
    }


def test_a_call_returns_what_it_made(arguments):
    result = ftools.pcaextlc2(**arguments, chmin=5, chmax=10)
    assert (result.returncode, result.output) == (0, (arguments["outfile"],))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pculist": "7"}, "pculist is '7'"),
        ({"layerlist": "LR1"}, "'LR1' is no layer"),
        ({"binsz": "20"}, "binsz is 20.0.*multiple of 16"),
        ({"chmin": 20, "chmax": 10}, "chmin must not be above chmax"),
        ({"src_infile": "@none.lis"}, "list none.lis can't be read"),
        ({"src_infile": "none"}, "none.*can't be read"),
        ({"deadcorrtype": "MAYBE"}, "deadcorrtype is 'MAYBE'"),
        ({"lcmode": "MEAN"}, "RATE or SUM"),
        ({"binzs": "16"}, "binzs"),
        ({"binsz": "soon"}, "binsz"),
        ({"ephem": "50000"}, "selection by phase"),
        ({"timemin": "1", "timemax": "2"}, "No sample"),
    ],
)
def test_mistakes_give_one_sentence_and_no_product(arguments, tmp_path, change, words):
    result = ftools.pcaextlc2(**{**arguments, **change})
    assert result.returncode != 0
    assert "\n" not in result.stdout
    assert re.search(words, result.stdout), result.stdout
    assert list(tmp_path.iterdir()) == []


def test_raw_data_are_refused(golden, arguments):
    raw = next((golden / "e5_switch" / "input").rglob("FS4a*"))
    result = ftools.pcaextlc2(**{**arguments, "src_infile": str(raw)})
    assert result.returncode == 1
    assert "column LiveTimePcu0 is missing" in result.stdout


def test_an_output_is_kept_unless_clobbered(prepared, tmp_path):
    out = tmp_path / "good.gti"
    call = {"infile": str(next(prepared.glob("*.xfl.gz"))), "outfile": str(out), "expr": "ELV > 4"}
    assert ftools.maketime(**call).returncode == 0
    before = out.read_bytes()
    again = ftools.maketime(**call)
    assert (again.returncode, out.read_bytes()) == (1, before)
    assert "clobber=yes" in again.stdout
    assert ftools.maketime(**call, clobber=True).returncode == 0
    assert ftools.maketime(**{**call, "outfile": f"!{out}"}).returncode == 0


def test_words_of_a_command_line(prepared, tmp_path, capsys):
    out = tmp_path / "good.gti"
    code = ftools.run("maketime", [str(next(prepared.glob("*.xfl.gz"))), f"outfile={out}", "expr=ELV >= 4", "PREFR=0"])
    assert (code, out.exists()) == (0, True)
    assert ftools.run("maketime", list("abcdefgh")) == 2
    assert ftools.run("nosuch", ["infile=a"]) == 2
    assert re.search("no such task; `rossi ftool` lists", capsys.readouterr().err)


def test_a_task_imports_what_it_needs_alone(table):
    """Scripts call dozens of them, one process each."""
    code = (
        "import sys; from rossi.ftools.task import run; "
        "assert run('maketime', ['a.fits', 'good.gti', 'RATE > 4']) == 0; "
        "print(sorted({'astropy', 'pydantic', 'rich', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["good.gti", "[]"]


def test_a_spectrum_and_a_selection_of_time(golden, tmp_path):
    raw = next((golden / "e5_switch" / "input").rglob("FS4a*"))
    result = ftools.saextrct(
        infile=str(raw),
        outroot=str(tmp_path / "x"),
        columns="X1LSpecPcu2 X1RSpecPcu2",
        timeint="360000100.0-360000200.0",
    )
    assert result.returncode == 0, result.stdout
    assert [p.rpartition(".")[2] for p in result.output] == ["lc", "pha"]


def test_where_the_original_is_followed_unless_told_otherwise():
    """In how it rounds and lays out files; its other defects come with compat=yes alone."""
    given = {name: find(name).parameters.declared().get("compat") for name in catalogue.TASKS}
    assert {name for name, one in given.items() if one is not None and one.default} == {
        *("addspec", "grppha", "hextebackest", "hxtlcurv", "lcmath", "mathpha", "sumpha")
    }


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A folder with a small table in it."""
    monkeypatch.chdir(tmp_path)
    columns = [(Column("TIME", "D", "s"), np.arange(5.0)), (Column("RATE", "E", "count/s"), np.arange(5.0) * 2)]
    (tmp_path / "a.fits").write_bytes(
        fits_bytes(primary_hdu(), [table_hdu("RATE", columns, [("OBJECT", "SIM", "who")])])
    )
    return tmp_path


@pytest.mark.parametrize(
    ("task", "words", "code", "said"),
    [
        ("fkeyprint", ["a.fits", "OBJ"], 0, "OBJECT  = 'SIM     '"),
        ("fkeyprint", ["keynam=OBJECT", "a.fits+1", "EX=yes"], 0, "OBJECT  = 'SIM     '"),  # names by their beginning
        ("FKEYPRINT".lower(), ["INFILE=a.fits", "KEYNAM=OBJECT"], 0, "OBJECT"),
        ("ftselect", ["a.fits", "b.fits", "RATE==4"], 0, "b.fits"),  # an expression is no parameter RATE
        ("ftselect", ["a.fits", "c.fits", "expression=RATE==4"], 0, "c.fits"),
        ("fdump", ["a.fits", "STDOUT", "TIME", "2-3", "prhead=no", "page=no", "more=yes", "mode=ql"], 0, "1.0"),
        ("fdump", ["a.fits", "p=no"], 2, "p is ambiguous; it may be pagewidth or prhead or prdata or page"),
        ("fdump", ["a.fits", "prhed=no"], 2, "there is no parameter prhed; did you mean prhead"),
        ("fdump", ["a.fits", "pagewidth=wide"], 2, "pagewidth is 'wide'; a whole number was expected"),
        ("fdump", ["a.fits", "prhead=perhaps"], 2, "prhead is 'perhaps'; yes or no was expected"),
        ("ftcopy", ["a.fits"], 2, "outfile is missing; give outfile=<file to be made>"),
        (
            "ftcopy",
            ["a.fits", "b.fits", "c.fits"],
            2,
            "'c.fits' should be name=value; all of infile, outfile are",
        ),
        ("powspec", ["a.lc"], 2, "powspec: no task of rossi; `rossi reduce OBSID --product power` makes"),
        ("ftlst", ["a.fits"], 2, "ftlst: no such task; did you mean ftlist"),
        ("hxtback", ["-q"], 2, "there is no option -q; there are -i, -b, -k, -s"),
    ],
)
def test_words_as_ftools_take_them(table, capsys, monkeypatch, task, words, code, said):
    monkeypatch.setattr("sys.stdin", io.StringIO("never read"))
    assert ftools.run(task, words) == code
    captured = capsys.readouterr()
    assert said in (captured.err if code else captured.out)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_parameters_and_an_example(capsys, option):
    assert ftools.run("maketime", [option]) == 0
    text = capsys.readouterr().out
    assert "maketime - good time intervals from a condition on a filter file" in text
    assert "Usage: rossi ftool maketime infile outfile expr" in text
    assert re.search(r"^  expr +text +required +condition on the columns", text, re.MULTILINE)
    assert re.search(r"^  prefr +number +-1.0 +an interval begins", text, re.MULTILINE)
    assert re.search(r"^    rossi ftool maketime archive/\S+xfl", text, re.MULTILINE)
    assert max(map(len, text.split("\n")[:-3])) <= 100


def typed(monkeypatch, answers):
    """Let somebody sit at a terminal and type."""
    terminal = io.StringIO("".join(f"{answer}\n" for answer in answers))
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    return terminal


def test_what_is_missing_is_asked_for_on_a_terminal(table, capsys, monkeypatch):
    monkeypatch.delenv("HEADASNOQUERY", raising=False)
    typed(monkeypatch, ["", "g.fits", "RATE > 2", "", "", "", "no"])
    assert ftools.run("maketime", ["a.fits"]) == 0
    text = capsys.readouterr().out
    assert "good time intervals to be made (outfile)[] outfile is needed[]" in text
    assert "column of times (time)[TIME] " in text and "(compact)[no] " in text
    assert "prefr" not in text  # hidden parameters are not asked for
    assert (table / "g.fits").exists()
    typed(monkeypatch, [])
    assert ftools.run("maketime", ["a.fits"]) == 2
    assert "the input ended" in capsys.readouterr().err


@pytest.mark.parametrize("why", ["mode", "HEADASNOQUERY", "nothing"])
def test_where_nobody_is_asked(table, capsys, monkeypatch, why):
    terminal = typed(monkeypatch, ["b.fits"])
    if why == "HEADASNOQUERY":
        monkeypatch.setenv("HEADASNOQUERY", "")
    words = ["a.fits", "b.fits"] if why == "nothing" else ["a.fits", "mode=h"][: 2 if why == "mode" else 1]
    assert ftools.run("ftcopy", words) == (0 if why == "nothing" else 2)
    assert terminal.read() == "b.fits\n"


def test_python_asks_too_unless_told_not_to(table, monkeypatch):
    monkeypatch.delenv("HEADASNOQUERY", raising=False)
    typed(monkeypatch, ["b.fits"])
    assert ftools.ftcopy(infile="a.fits").files == ("b.fits",)
    terminal = typed(monkeypatch, ["c.fits"])
    assert ftools.ftcopy(infile="a.fits", noprompt=True).returncode == 2
    assert terminal.read() == "c.fits\n"


def test_tasks_are_listed_by_group():
    text = catalogue.index_text()
    assert text.startswith("PCA\n  pcaprepobsid  prepare an observation")
    assert text.count("\n  ") == len(catalogue.TASKS)


def test_every_parameter_says_what_it_is():
    for name in catalogue.TASKS:
        task = find(name)
        unsaid = [parameter for parameter in task.names if not task.parameters.declared()[parameter].meaning]
        assert (name, unsaid, set(task.asked) - set(task.names)) == (name, [], set())
        assert set(task.parameters.required()) <= {*task.asked, "hkfiles", "calvalf", "engvalf"}, name


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    simulate_archive(folder / "archive", observations=6, seed=1)
    return folder


@pytest.mark.filterwarnings("ignore:.*counts are lost")  # mathpha says it of a background's fractions
def test_examples_work_as_they_are_printed(archive, monkeypatch, capsys):
    monkeypatch.chdir(archive)
    done: set[str] = set()
    for name in catalogue.TASKS:
        task = find(name)
        for line in [] if task.needs else examples(name, task):
            if line not in done and line.startswith("rossi ftool "):
                _, _, called, *words = shlex.split(line)
                assert ftools.run(called, words) == 0, (line, capsys.readouterr().err)
            elif line not in done:
                subprocess.run(line, shell=True, check=True)
            done.add(line)
    assert len(done) > 50
    for name, columns in (("std1.lc", "RATE"), ("std2.lc", "RATE"), ("part.lc", "ERROR"), ("x.grp", "GROUPING")):
        assert columns in fits.getdata(name, 1).names
    assert fits.getheader("x.grp", 1)["RESPFILE"] == "x.rsp"
    header = fits.getheader("part.lc", 1)
    assert (header["TARGET"], header["OBSERVER"]) == ("SIM B", "Stronomer")


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        *[("copykw", word, True) for word in ("yes", "Y", "true", "T", "on", "1", 1, 1.0, np.True_)],
        *[("copykw", word, False) for word in ("no", "N", "false", "F", "off", "0", 0, 0.0, np.False_)],
        *[("copykw", word, None) for word in ("2", 2, "", "nay", [1, 2])],
        *[("chatter", value, 5) for value in (5, 5.0, "5", " 5 ", "+5", "5.0", np.int16(5), np.float32(5))],
        *[("chatter", value, None) for value in ("5.5", 5.5, "five", "", "nan", float("inf"), 1j)],
        ("chatter", "9007199254740993", 9007199254740993),
        *[("prefr", value, 0.5) for value in (0.5, "0.5", "5e-1", " .5", np.float64(0.5))],
        *[("prefr", value, None) for value in ("half", "", "nan", "inf", float("nan"))],
        *[("name", value, "2.5") for value in ("2.5", 2.5, np.float64(2.5), Path("2.5"))],
        ("name", [1, "b"], "1,b"),
        ("name", True, None),
        *[("name", value, "NAME") for value in ("INDEF", " indef", None)],  # the default
    ],
)
def test_values_of_parameters(name, given, read):
    task = find("maketime")
    needed = {"infile": "a", "outfile": "b", "expr": "c"}
    if read is None:
        with pytest.raises(ConfigError, match=f"^{name} is .*expected"):
            task.read({**needed, name: given})
    else:
        value = getattr(task.read({**needed, name: given}), name)
        assert (value, type(value)) == (read, type(read))


def test_a_file_that_can_not_be_written_is_told_and_leaves_nothing(tmp_path):
    def full(out):
        out.write(b"SIMPLE")
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match=r"x.evt can't be written \(No space left on device\)"):
        write_stream(str(tmp_path / "x.evt"), False, full)
    assert list(tmp_path.iterdir()) == []
