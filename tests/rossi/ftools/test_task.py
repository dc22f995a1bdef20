import re

import pytest

from rossi import ftools


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
