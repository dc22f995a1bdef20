"""Parameters at their edges, and what tasks say of them."""

import gzip
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu
from rossi.ftools import pointing, spectra, texts
from rossi.ftools.barycentre import _heasoft_file
from rossi.ftools.core import _truth
from rossi.ftools.extraction import ExtractionParameters, mode
from rossi.ftools.fitsfile import choose_columns, matching, split_filters
from rossi.ftools.origin import compare_origin
from rossi.ftools.parameters import file_list, is_none, printed, word_list, write_output, write_outputs
from rossi.ftools.pointing import Standing, position_of
from rossi.ftools.rows import row_numbers
from rossi.ftools.texts import ranges_or_file, read_text, text_or_file, time_pairs
from tests.rossi.fits.test_standard import table_of
from tests.rossi.ftools.test_pha import pha_file
from tests.rossi.ftools.test_small_cases import here, table

__all__ = ["here"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("1-2", [(1, 2)]),
        ("1.5 - 2., 3e2 4d2", [(1.5, 2), (300, 400)]),
        ("150000000.0-150000100.0,150000200.0-150000300.0", [(150000000, 150000100), (150000200, 150000300)]),
        (".5-1D1,", [(0.5, 10)]),
    ],
)
def test_pairs_of_times(text, pairs):
    assert time_pairs(text) == pairs


@pytest.mark.parametrize("text", ["", "1", "1-2-3", "a-b", "1-2;3-4", "-1-2"])
def test_texts_that_are_no_times(text):
    with pytest.raises(ConfigError, match="it should be start-stop pairs"):
        time_pairs(text)


def test_texts_and_files(here, monkeypatch):
    Path("a").write_bytes(b"1 2\r\n\r\n3-4\r")
    assert read_text("a", "the list") == "1 2\n\n3-4\n"
    assert (text_or_file("@a", "x"), text_or_file("a b", "x")) == ("1 2  3-4 ", "a b")
    assert [ranges_or_file(text, "x") for text in ("a", "@a", "0-4,5", "nofile")] == [
        "1-2,3-4",
        "1-2,3-4",
        "0-4,5",
        "nofile",
    ]
    assert ranges_or_file("x" * 5000, "x") == "x" * 5000  # too long for a file's name
    Path("1-5").write_text("6 7")
    assert (ranges_or_file("1-5", "x"), ranges_or_file("@1-5", "x")) == ("1-5", "6-7")
    monkeypatch.setattr(texts, "_LONGEST", 10)
    Path("b").write_bytes(b"x" * 10)
    assert read_text("b", "x") == "x" * 10
    for name, data in (("b", b"x" * 11), ("c", b"a\0b"), ("d", b"\xff")):
        Path(name).write_bytes(data)
        with pytest.raises(DataError, match=f"the list {name}: it is no text file; it begins with"):
            read_text(name, "the list")
    with pytest.raises(ConfigError, match=r"the list none can't be read .No such file"):
        read_text("none", "the list")
    Path("l").write_text("a\n\n b \n")
    assert (file_list("@l"), file_list("x, y,"), word_list("@l"), word_list("a,b c"), word_list("@nofile")) == (
        *(["a", "b"], ["x", "y"], ["a", "b"], ["a", "b", "c"], ["nofile"]),
    )
    with pytest.raises(ConfigError, match="names no file"):
        file_list(" , ")
    assert [is_none(text) for text in ("", " - ", "none", "NONE ", "no", "x")] == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("-", range(9)),
        ("", range(9)),
        ("1", [0]),
        ("2-3,9", [1, 2, 8]),
        ("8-", [7, 8]),
        ("-2", [0, 1]),
        ("8-99,50", [7, 8]),
    ],
)
def test_numbers_of_rows(text, numbers):
    assert row_numbers(text, 9) == list(numbers)


@pytest.mark.parametrize("text", ["0", "0-3", "a", "1-2-3", "1;2"])
def test_numbers_that_no_row_has(text):
    with pytest.raises(ConfigError, match="it should look like 1-10,12"):
        row_numbers(text, 9)


def test_outputs_are_all_written_or_none(here):
    assert write_outputs([("a", b"1"), ("b", b"2")], False) == ["a", "b"]
    for files in ([("c", b"3"), ("b", b"4")], [("b", b"4"), ("c", b"3")]):
        with pytest.raises(DataError, match="b exists; give clobber=yes"):
            write_outputs(files, False)
    assert sorted(path.name for path in here.iterdir()) == ["a", "b"]
    assert (write_output("!b", b"5", False), Path("b").read_bytes()) == ("b", b"5")
    assert (write_output("b", b"6", True), Path("b").read_bytes()) == ("b", b"6")
    for name in ("", "!", " ", "a\0b", "!/"):
        with pytest.raises(ConfigError, match="can't be a file's name"):
            write_output(name, b"", True)
    assert printed(["x"], " stdout ", False) == printed(["x"], "-", False) == printed(["x"], "", False) == ["x"]
    assert (printed(["x", "y"], "t", False), Path("t").read_text()) == (["t"], "x\ny\n")


def test_modes_and_columns_of_good_time():
    assert [mode(text, "m").name for text in ("RATE", "r", "event_rate", "SUM", "EVENT_SUM", "mean")] == [
        *("RATE", "RATE", "RATE", "SUM", "SUM", "MEAN"),
    ]
    with pytest.raises(ConfigError, match="lcmode is 'x'; expected RATE, SUM or MEAN"):
        mode("x", "lcmode")
    for wrong in ("START", "A B C", ""):
        with pytest.raises(ConfigError, match="the names of two columns were expected"):
            _ = ExtractionParameters(gticols=wrong)._start
    some = ExtractionParameters(gticols="BEGIN, END")
    assert (some._start, some._stop) == ("BEGIN", "END")
    last = 999999999.0
    for given, span in (
        ({}, None),
        ({"timemin": 5.0}, [[5, last]]),
        ({"timemax": 7.0}, [[0, 7]]),
        ({"timeint": "1-2,3-4"}, [[1, 2], [3, 4]]),
    ):
        found = ExtractionParameters(**given)._span()
        assert (found if found is None else found.tolist()) == span
    for key, value in (("phasefile", "x"), ("ephem", 1.0), ("period", 1.0), ("phaseint", "0-1")):
        with pytest.raises(ConfigError, match="selection by phase is not offered"):
            ExtractionParameters(**{key: value}).time()
    with pytest.raises(ConfigError, match="timezero is '3'; light curves have absolute times"):
        ExtractionParameters(timezero="3").time()
    own = [ExtractionParameters(gtiorfile=text)._own() for text in ("apply", "-", "NONE")]
    assert own == ["apply", "none", "none"]
    assert [ExtractionParameters(compat=yes).time().repeats for yes in (True, False)] == [True, False]
    rejection = ExtractionParameters(mfracexp=0.1, mlcinten=2.0, mspinten=3.0, tnull=-4.0).rejection()
    assert [getattr(rejection, name) for name in type(rejection).__slots__][:3] == [0.1, 2.0, -4.0]
    assert rejection.mspinten == 3.0
    chosen = ExtractionParameters(chint="1-2", chmin=3, chmax=4, chbin="5-6").channels()
    assert (chosen.chint, chosen.chmin, chosen.chmax, chosen.chbin) == ("1-2", 3, 4, "5-6")


@pytest.mark.parametrize(
    ("start", "stop", "interval"),
    [(5.0, 9.0, [5, 9]), (-1.0, -1.0, [100, 150]), (5.0, -1.0, [100, 150]), (-1.0, 9.0, [100, 150])],
)
def test_which_attitude_counts(here, monkeypatch, start, stop, interval):
    """Between two times that are given, or else in the spectrum's good time."""
    pha_file(here / "a.pha", [1], 10.0, RA_OBJ=10.0, DEC_OBJ=20.0)
    table("att", [(Column("TIME", "D"), [1.0])])
    file, asked = open_fits(Path("a.pha").read_bytes(), "a.pha"), []

    def position(attitude, intervals, ra, dec, *, compat):
        asked.append((intervals.tolist()[0], ra, dec, compat))
        return SimpleNamespace(covered=start > 0, jitter=20.0)

    monkeypatch.setattr(pointing, "source_position", position)
    standing = Standing("att", None, 5.0, start, stop, (0.0, 0.0007), 20.0)
    remarks = position_of(standing, file, file.table("SPECTRUM"), compat="heasoft")[1]
    shift = 3.0 if interval[0] == 100 else 0.0  # TIMEZERO of the good time
    assert asked == [([interval[0] + shift, interval[1] + shift], 10.0, 5.0, "heasoft")]
    assert remarks == ["att[T]: the attitude does not cover all of the good time of a.pha."] * (start < 0)
    strict = Standing("att", 1.0, None, start, stop, (0.0, 0.0007), 19.9)
    assert "varied by 20.0 arcsec" in position_of(strict, file, file.table("SPECTRUM"))[1][-1]
    assert asked[1][1:3] == (1.0, 20.0)
    nominal = position_of(Standing(" none ", None, None, -1, -1, (0.1, 0.2), 1.0), file, file.table("SPECTRUM"))[0]
    assert (nominal.y, nominal.z) == (0.1, 0.2)
    pha_file(here / "b.pha", [1], 10.0, gti=False)
    alone = open_fits(Path("b.pha").read_bytes(), "b.pha")
    with pytest.raises(DataError, match="no extension with HDUCLAS1 = GTI has good time"):
        position_of(Standing("att", 1.0, 2.0, -1, -1, (0.0, 0.0), 1.0), alone, alone.table("SPECTRUM"))


def test_files_of_one_instrument():
    xte = {"TELESCOP": "XTE", "INSTRUME": "PCA", "DETNAM": "PCU2"}
    assert compare_origin("a", xte, "b", xte) == compare_origin("a", xte, "b", dict.fromkeys(xte, "")) == []
    assert compare_origin("a", dict.fromkeys(xte, ""), "b", xte) == []
    assert compare_origin("a", xte, "b", xte | {"DETNAM": "PCU3"}) == ["b: DETNAM is PCU3, but a has PCU2."]
    for key in ("TELESCOP", "INSTRUME"):
        with pytest.raises(DataError, match=f"b: {key} is X, but a has"):
            compare_origin("a", xte, "b", xte | {key: "X"})


def test_truths_of_control_parameters():
    assert [_truth(value) for value in ("y", "YES", " 1", "2", "20", "no", "0", "3", "", 1, 0, None, 2.5)] == [
        *([True] * 5), *([False] * 4), *(True, False, False, True),
    ]  # fmt: skip


def test_columns_that_are_chosen():
    some = table_of([(Column(name, "J"), [1]) for name in ("TIME", "RATE", "RATE2", "ERR")])
    for text, names in {
        "rate*;TIME": ["RATE", "RATE2", "TIME"],
        "-RATE*": ["TIME", "ERR"],
        "-err;-T?ME": ["RATE", "RATE2"],
    }.items():
        assert [info.name for info in choose_columns(some, text).infos.values()] == names
    for wrong in ("TIME;-RATE", "A=B", "RATE*2 + 1"):
        with pytest.raises(ConfigError, match="is not understood"):
            choose_columns(some, wrong)
    assert matching(["A1", "B"], ["b", "a#", "A*", "b"]) == ["B", "a#", "A1"]
    assert split_filters("a[2][x][col A]") == ("a", 2, ["x", "col A"])
    assert split_filters("a[*]") == ("a", "*", []) and split_filters("a+3[T > 1]") == ("a", 3, ["T > 1"])


def test_errors_that_a_spectrum_states(here):
    """1 + sqrt(N + 0.75) of the result (POISS-1), in counts or a second; sqrt(N - 0.25) is POISS-2."""
    pha_file(here / "a.pha", [9, 16, 25], 100.0)
    for units, exposure in (("C", 1.0), ("R", 100.0)):
        for method, expected in (
            ("POISS-1", 1 + np.sqrt([9.75, 16.75, 25.75])),
            ("POISS-2", np.sqrt([8.75, 15.75, 24.75])),
        ):
            made = ftools.mathpha(expr="a.pha", units=units, outfil="!b.pha", errmeth=method)
            assert made.returncode == 0, made.stdout
            assert fits.getdata("b.pha", 1)["STAT_ERR"] == pytest.approx(expected / exposure, rel=1e-6)


def test_types_of_columns_that_are_calculated(here):
    def made(expression, **more):
        result = ftools.ftcalc(infile="a.fits", outfile="!b.fits", column="B", expression=expression, **more)
        assert result.returncode == 0, result.stdout
        found = open_fits(Path("b.fits").read_bytes(), "b").table()
        return found, found.structure.forms[found.info("B").number - 1]

    edges = np.array([-(2**31) + 1, 2**31 - 1])
    for more, form in (
        (np.array([0, 0]), "1J"),
        (np.array([-1, 0]), "1K"),
        (np.array([-9, 0]), "1K"),
        (np.array([0, 1]), "1K"),
    ):
        table("a.fits", [(Column("A", "K"), edges + more), (Column("NAME", "2A"), ["x", "yy"])])
        found, told = made("(int) A")
        assert (told, found.column("B").tolist()) == (form, (edges + more).tolist())
    for expression, form in {
        **{
            "NAME + 'abc'": "5A",
            "NAME": "2A",
            "b101": "3X",
            "{1, 2, 3}": "3J",
            "{NAME == 'x', F}": "2L",
            "A * 1.": "1D",
        }
    }.items():
        assert made(expression)[1] == form
    assert made("b101")[0].raw("B").tolist() == [0b10100000] * 2
    assert made("bx11 | b100")[0].raw("B").tolist() == [0b11100000] * 2
    for form, null in (("B", 255), ("I", -32768), ("J", -(2**31)), ("K", -(2**31))):
        found, _ = made("NAME == 'x' ? 7 : #NULL", tform=form)
        assert (found.header["TNULL3"], found.null("B").tolist(), found.raw("B").tolist()) == (
            null,
            [False, True],
            [7, null],
        )
    found, _ = made("7", tform="I", rows="2")
    assert (found.column("B").tolist(), "TNULL3" in found.header) == ([0, 7], False)


@pytest.mark.parametrize(
    ("task", "flag", "parameters"),
    [
        ("ftselect", "history", {"infile": "a.fits", "expression": "A > 1"}),
        ("ftmerge", "history", {"infile": "a.fits,a.fits"}),
        ("fmerge", "history", {"infiles": "a.fits+1 a.fits+1"}),
        ("ftsort", "history", {"infile": "a.fits", "columns": "A"}),
        ("ftcalc", "history", {"infile": "a.fits", "column": "B", "expression": "A"}),
        ("fcalc", "histkw", {"infile": "a.fits+1", "clname": "B", "expr": "A"}),
    ],
)
def test_history_is_written_where_it_is_asked_for(here, task, flag, parameters):
    table("a.fits", [(Column("A", "J"), [2, 1])])
    for wanted in (True, False):
        result = getattr(ftools, task)(**parameters, outfile="!b.fits", **{flag: wanted})
        assert result.returncode == 0, result.stdout
        told = "".join(str(one) for one in fits.getheader("b.fits", 1).get("HISTORY", ()))
        assert told.startswith(f"{task} of rossi ") is wanted


def test_what_is_printed_of_a_table(here):
    table("a.fits", [(Column("A", "J", "s"), range(1, 6)), (Column("LONGER", "D"), np.arange(5) / 2)])
    lines = ftools.fdump(infile="a.fits", prhead=False, skip=2, showunit=False).output
    assert lines == ("  A LONGER", "1 1    0.0", "3 3    1.0", "5 5    2.0", "")
    assert (
        ftools.fdump(infile="a.fits", prhead=False, skip=0, columns="2", showcol=False, showunit=False).output[0]
        == "1    0.0"
    )
    narrow = ftools.fdump(infile="a.fits", prhead=False, pagewidth=8, rows="1")
    assert narrow.output[0] == "  A" and "LONGER" in narrow.stdout
    assert ftools.fdump(infile="a.fits", prhead=False, pagewidth=8, rows="1", wrap=True).output[0] == "  A LONGER"
    assert ftools.ftcopy(infile="a.fits", outfile="b.fits", copyall=False, history=True).returncode == 0
    header = fits.getheader("b.fits", 1)
    told = "".join(str(one) for one in header["HISTORY"])
    assert told.startswith("ftcopy of rossi ") and told.endswith(
        "infile=a.fits outfile=b.fits copyall=False history=True"
    )


def test_files_of_heasoft_are_looked_for_in_order(here, monkeypatch):
    for folder in ("timing", "lhea"):
        Path(folder).mkdir()
        monkeypatch.setenv({"timing": "TIMING_DIR", "lhea": "LHEA_DATA"}[folder], str(here / folder))
    assert _heasoft_file("tdc.dat") == ""
    for folder in ("lhea", "timing"):
        Path(folder, "tdc.dat").write_text("")
        assert _heasoft_file("tdc.dat") == str(here / folder / "tdc.dat")


@pytest.mark.parametrize(
    ("layerlist", "layers"),
    [
        ("ALL", "all"),
        ("1", "LR1"),
        ("1-2", "LR1,LR2"),
        ("X1L,X2L,X2R", "L1,LR2"),
        ("X3R,X1L", "R3,L1"),
        ("1,2,X3L", "LR1,LR2,L3"),
    ],
)
def test_layers_of_a_response(monkeypatch, layerlist, layers):
    monkeypatch.setattr(spectra, "pcarsp", lambda given: given)
    p = spectra.Pcaextspect2Parameters(
        src_infile="s", bkg_infile="b", src_phafile="!s.pha", bkg_phafile="b.pha", layerlist=layerlist, pculist="0,2-3"
    )
    asked = spectra._response(p, p.request())
    assert set(asked.layers.split(",")) == set(layers.split(","))
    assert (asked.pcus, asked.phafil, asked.weights, asked.clobber) == ("0,2,3", "s.pha", "@INFILE", True)


def test_templates_end_and_texts_that_are_not_closed(here):
    table("a.fits", [(Column("A", "J"), [1])], cards=[("ONE", 1), ("TWO", 2)])
    Path("t").write_text("ONE = 'open\n-TWO\nEND\nTHREE = 3\n")
    assert ftools.fmodhead(infile="a.fits+1", tmpfil="t").returncode == 0
    header = fits.getheader("a.fits", 1)
    assert (header["ONE"], "TWO" in header, "THREE" in header) == ("'open", False, False)
    assert ftools.ftkeypar(infile="a.fits[0]", keyword="BITPIX").stdout == "8"
    Path("p.fits").write_bytes(fits_bytes(primary_hdu([("NOTE", "x")])))  # without a table it is the primary HDU
    assert ftools.fkeypar(fitsfile="p.fits", keyword="NOTE").stdout == "'x       '"
    assert ftools.fkeypar(fitsfile="p.fits[primary]", keyword="NOTE").stdout == "'x       '"
    assert "HDU ALPHA is missing; found 0, 1 T." in ftools.fkeypar(fitsfile="a.fits[ALPHA]", keyword="ONE").stdout
    for content in (b"none", b"<html>"):
        Path("x").write_bytes(content)
        assert f"x: not a FITS file (it begins with {content!r})." in ftools.fkeypar(fitsfile="x", keyword="A").stdout
    assert ftools.fthedit(infile="p.fits", keyword="N*", operation="deleteall", protect=False).returncode == 0


def test_a_missing_science_file(here):
    Path("x.lc").write_bytes(b"SIMPLE")
    said = ftools.hxtdead(calvalf="c", engvalf="e", eventarcf="none", phalcf="x.lc").stdout
    assert said == "hxtdead: none: can't be read (No such file or directory)."
    Path("x.lc").write_bytes(gzip.compress(b"SIMPLE"))
    said = ftools.hxtdead(calvalf="c", engvalf="e", eventarcf="none", phalcf="x.lc").stdout
    assert said.startswith("hxtdead: x.lc: the file is gzip-compressed and can't be changed in place")
