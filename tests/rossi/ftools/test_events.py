"""``seextrct`` and ``decodeevt`` under their FTOOLS names (more golden calls are in test_golden)."""

import json

import numpy as np
import pytest

from rossi import ftools
from rossi.fits.reader import read_fits
from rossi.ftools.task import call
from tests.golden.comparison import differences
from tests.rossi.extract.eventfile import T0, event_file, words
from tests.rossi.ftools.hexte import CASES, GOLDEN, replayed


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a small event file and a bit mask, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    data = event_file(T0 + np.arange(101) * 0.9, [0x10, *(int(w) for w in words(np.arange(100) % 5, 3))])
    (tmp_path / "FS4f").write_bytes(data)
    (tmp_path / "mask").write_text("Event == b1xxxxxxx &&\nEvent == bx010xxxx\n")
    return tmp_path


def counts(**parameters):
    result = ftools.seextrct(infile="FS4f", outroot="out", binsz=1, lcmode="SUM", **parameters)
    assert result.returncode == 0, result.stdout
    assert result.output == ("out.lc", "out.pha")
    return int(read_fits("out.pha").tables[0].column("COUNTS").sum())


def test_markers_and_masks(folder):
    assert counts() == 101
    assert counts(markers="no") == 100
    assert counts(bitfile="mask") == 20


def test_all_terms_of_a_line_count_unless_compatibility_is_asked_for(folder):
    (folder / "line").write_text("Event == b1xxxxxxx && Event == bx010xxxx\n")
    assert counts(bitfile="line") == 20
    assert counts(bitfile="line", compat="yes") == 100


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"bitfile": "nowhere"}, "the bit mask nowhere can't be read"),
        ({"lcmode": "MEAN"}, "RATE or SUM"),
        ({"printmode": "X"}, "printmode is 'X'"),
        ({"binsz": 1e-5}, "the times of FS4f are only good to"),
        ({"columns": "Time"}, "column Time has the form 1D"),
        ({"columns": "Nothing"}, "column Nothing is missing"),
    ],
)
def test_mistakes_are_explained_and_leave_nothing(folder, more, message):
    before = sorted(folder.iterdir())
    result = ftools.seextrct(**{"infile": "FS4f", "outroot": "out", "binsz": 1} | more)
    assert result.returncode != 0
    assert message in result.stdout
    assert sorted(folder.iterdir()) == before


def test_decodeevt(folder):
    assert ftools.decodeevt(infile="FS4f", outfile="d.evt").returncode == 0
    table = read_fits("d.evt").tables[0]
    assert [info.name for info in table.infos.values()] == ["Time", "CHANNEL", "PCUID", "ANODE", "PROPANE"]
    assert table.column("PCUID").tolist() == [n % 5 for n in range(100)]
    assert set(table.column("CHANNEL")) == {3}
    assert set(table.column("ANODE")) <= {"X1L", "X1R", "X2L", "X2R", "X3L", "X3R", "INDEF"}
    assert table.header["TEVTB2"] == read_fits("FS4f").tables[0].header["TEVTB2"]
    assert ftools.decodeevt(infile="FS4f", outfile="o.evt", outformat="O").returncode == 0
    ogip = read_fits("o.evt").tables[0]
    assert set(ogip.column("PHA")) == {3}
    assert list(ogip.column("PCUID")) == list(table.column("PCUID"))
    assert "expected A" in ftools.decodeevt(infile="FS4f", outfile="x.evt", outformat="Z").stdout


@pytest.mark.parametrize("name", ["FS4f+1", "FS4f[1]", "FS4f[XTE_SE]", "FS4f[ xte_se ]", "FS4f"])
def test_a_file_is_taken_with_its_extension(folder, name):
    assert ftools.decodeevt(infile=name, outfile="d.evt", clobber=True).returncode == 0
    assert ftools.seextrct(infile=name, outroot="n", binsz=1, clobber=True).returncode == 0
    assert ftools.seextrct(infile="FS4f", outroot="m", binsz=1, clobber=True).returncode == 0
    assert differences(read_fits("n.lc"), read_fits("m.lc")) == []


def test_a_light_curve_of_groups_tells_them(folder):
    assert ftools.seextrct(infile="FS4f", outroot="g", binsz=1, chbin="2-9,10-20", clobber=True).returncode == 0
    curve, pha = (read_fits(f"g.{kind}").tables[0].header for kind in ("lc", "pha"))
    assert curve["CPIX"] == pha["CPIX1"] == "2-9,10-20"
    assert (curve["MINCHAN"], curve["MAXCHAN"]) == (2, 20)


def test_the_wrong_extension_is_named(folder):
    result = ftools.seextrct(infile="FS4f[NOTHING]", outroot="n", binsz=1)
    assert result.returncode != 0
    assert "extension NOTHING is missing; found XTE_SE" in result.stdout


@pytest.mark.parametrize("case", [c for c in CASES if "archive" not in c])
def test_hexte_events_are_equal_to_the_last_bit(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    for expected, made in replayed(GOLDEN / case, "seextrct", tmp_path):
        assert differences(read_fits(expected), read_fits(made)) == [], made.name


def test_one_line_masks_select_as_the_reference_does_with_compat(golden, tmp_path, monkeypatch):
    case = golden / "e3_all5"
    steps = json.loads((case / "plan.json").read_text())["steps"]
    step = next(s for s in steps if s["name"] == "se_quirk_one_line")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "se").mkdir()
    for name, lines in step["files"].items():
        (tmp_path / name).write_text("\n".join(lines))
    (tmp_path / "input").symlink_to(case / "input")
    result = call("seextrct", step["parameters"] | {"compat": "yes"})
    assert result.returncode == 0, result.stdout
    for made in result.output:
        expected = read_fits(case / "expected" / f"{made}.gz")
        assert differences(expected, read_fits(made)) == []
