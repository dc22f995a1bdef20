"""rossi.ftools in heasoftpy's place: how public scripts and HEASARC's notebooks call it."""

import inspect
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

import rossi.ftools as hsp
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.ftools import catalogue


@pytest.fixture(autouse=True)
def curve(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hsp.Config, "allow_failure", None)
    table = table_hdu("RATE", [(Column("TIME", "D", "s"), np.arange(5.0))], [("OBJECT", "SIM", "who")])
    Path("a.fits").write_bytes(fits_bytes(primary_hdu(), [table]))
    return {"infile": "a.fits+1", "keynam": "OBJECT"}


def test_ways_to_give_parameters(curve):
    expected = hsp.fkeyprint(**curve)
    assert isinstance(expected, hsp.core.HSPResult)
    assert "SIM" in expected.stdout
    task = hsp.HSPTask("fkeyprint")
    assert hsp.fkeyprint(curve) == hsp.fkeyprint(OrderedDict(curve)) == task(curve) == expected
    assert hsp.fkeyprint({"infile": "a.fits+1"}, keynam="OBJECT") == expected
    other = hsp.HSPTask(name="fkeyprint")
    other.infile = "a.fits+1"
    other.keynam = "OBJECT"
    assert other() == hsp.fkeyprint(other) == expected
    assert (other.keynam, other.exact, other.params["infile"]) == ("OBJECT", False, "a.fits+1")


def test_results(curve):
    result = hsp.fkeyprint(curve)
    assert (result.returncode, result.stderr, result.params["keynam"]) == (0, None, "OBJECT")
    assert list(result.output) == result.stdout.split("\n")
    made = hsp.ftcopy(infile="a.fits", outfile=Path("b.fits"))
    assert (made.output[0], made.files) == ("b.fits", ("b.fits",))
    assert hsp.ftkeypar(infile="a.fits+1", keyword="object").params["value"] == "'SIM     '"


def test_messages_apart_from_what_was_made(curve):
    failed = hsp.ftcopy(infile="none.fits", outfile="b.fits", stderr=True)
    assert (failed.returncode, failed.stdout, "none.fits" in failed.stderr) == (1, "", True)
    together = hsp.ftcopy(infile="none.fits", outfile="b.fits")
    assert (together.stderr, "none.fits" in together.stdout) == (None, True)
    assert hsp.fkeyprint(curve, stderr="yes").stderr == ""


def test_failures_are_results_or_exceptions(monkeypatch):
    assert hsp.ftcopy(infile="none.fits", outfile="b").returncode == 1
    with pytest.raises(hsp.HSPTaskException, match=r"ftcopy: none\.fits"):
        hsp.ftcopy(infile="none.fits", outfile="b", allow_failure=False)
    monkeypatch.setattr(hsp.Config, "allow_failure", False)
    with pytest.raises(hsp.HSPTaskException, match=r"ftcopy: none\.fits"):
        hsp.ftcopy(infile="none.fits", outfile="b")
    with pytest.raises(hsp.HSPTaskException, match="outfile is missing"):
        hsp.ftcopy(infile="a.fits", noprompt=True)
    assert hsp.ftcopy(infile="none.fits", outfile="b", allow_failure=True).returncode == 1
    assert hsp.ftcopy(infile="a.fits", outfile="b").returncode == 0


def test_what_makes_no_sense():
    with pytest.raises(hsp.HSPTaskException, match="did you mean maketime"):
        hsp.HSPTask("maktime")
    with pytest.raises(AttributeError, match="did you mean maketime"):
        hsp.maktime  # noqa: B018
    with pytest.raises(hsp.HSPTaskException, match="name of a task"):
        hsp.HSPTask()
    with pytest.raises(hsp.HSPTaskException, match="found str; give a dictionary"):
        hsp.ftcopy("a.fits")
    with pytest.raises(hsp.HSPTaskException, match="there is no parameter infil_; did you mean infile"):
        hsp.HSPTask("ftcopy").infil_ = "a"
    with pytest.raises(AttributeError):
        hsp.HSPTask("ftcopy").nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("controls", "printed", "logged"),
    [
        ({}, False, None),
        ({"verbose": 0}, False, None),
        ({"verbose": True}, True, None),
        ({"verbose": "yes"}, True, None),
        ({"verbose": 2}, True, "fkeyprint.log"),
        ({"verbose": 20, "logfile": "my.log"}, False, "my.log"),
        ({"py_verbose": 20, "py_logfile": "its.log"}, False, "its.log"),
    ],
)
def test_what_is_printed_and_logged(curve, capsys, controls, printed, logged):
    result = hsp.fkeyprint(curve, **controls)
    assert ("SIM" in capsys.readouterr().out) == printed
    assert [path.name for path in Path().glob("*.log")] == ([logged] if logged else [])
    if logged:
        assert Path(logged).read_text() == f"{result.stdout}\n"


def test_a_log_that_can_not_be_written_is_told(curve, caplog):
    assert hsp.fkeyprint(curve, verbose=20, logfile="none/my.log").returncode == 0
    assert "fkeyprint: the log none/my.log can't be written (No such file or directory)." in caplog.text


def test_what_is_wrong_is_told_before_anybody_is_asked(monkeypatch):
    monkeypatch.setattr("rossi.ftools.core.may_ask", lambda mode: True)
    monkeypatch.setattr("builtins.input", lambda prompt: pytest.fail("it asks"))
    assert "there is no parameter nope" in hsp.ftcopy(infile="a.fits", nope=1).stdout


def test_numbers_of_numpy_and_lists(curve):
    result = hsp.fdump(
        infile="a.fits", rows=np.int64(2), pagewidth=np.int32(60), prhead=np.bool_(False), columns=["TIME"]
    )
    assert result.returncode == 0, result.stdout
    assert [line.split() for line in result.output if line.startswith("2")] == [["2", "1.0"]]


def test_signatures_are_real():
    found = inspect.signature(hsp.maketime).parameters
    assert list(found)[1:4] == ["infile", "outfile", "expr"]
    assert found["infile"].default is inspect.Parameter.empty
    assert (found["prefr"].default, found["prefr"].annotation, found["clobber"].default) == (-1.0, float, False)
    text = inspect.getdoc(hsp.maketime)
    assert text.startswith("Good time intervals") and "expr : text" in text and "prefr : number, default -1.0" in text
    assert hsp.maketime.__name__ == "maketime"
    assert inspect.signature(hsp.HSPTask("maketime").__call__)
    assert {"maketime", "HSPTask", "Config"} <= set(dir(hsp))


def test_tasks_can_be_sent_to_other_processes():
    assert pickle.loads(pickle.dumps(hsp.ftcopy)) is hsp.ftcopy


@pytest.mark.parametrize("name", catalogue.TASKS)
def test_every_task_is_found_as_a_function(name):
    function = getattr(hsp, name)
    assert callable(function)
    assert function.__name__ == name


def test_contexts_and_help(capsys):
    with hsp.utils.local_pfiles_context(), hsp.local_pfiles_context("/nowhere"):
        hsp.help()
    assert "pcaextlc2" in capsys.readouterr().out


def test_lists_and_help_cost_no_science():
    code = "import sys, rossi.ftools as f; f.help(); print({'numpy', 'astropy', 'pydantic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")


def test_a_notebook_reads_what_it_made(curve):
    with hsp.utils.local_pfiles_context():
        words = {"name": "NAME", "value": "VALUE", "time": "TIME", "compact": "NO", "clobber": True}
        out = hsp.maketime(infile="a.fits", outfile="g.fits", expr="TIME > 1", **words)
    assert out.returncode == 0, out.stdout
    assert len(fits.getdata("g.fits", 1)) == 1
