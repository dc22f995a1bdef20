"""What tasks make of a few numbers and words, worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.errors import ConfigError
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.ftools import keywords, vignetting
from rossi.ftools.grouping import _numbers
from rossi.ftools.pha import _errors
from rossi.ftools.statistics import Statistics, describe
from tests.rossi.ftools.test_addspec import response
from tests.rossi.ftools.test_pha import pha_file

NAN = np.nan


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(path, columns, name="T", cards=()):
    Path(path).write_bytes(fits_bytes(primary_hdu(), [table_hdu(name, columns, cards)]))


def test_statistics_of_a_few_numbers():
    found = describe(np.array([4.0, 1.0, NAN, 2.0, 1.0, 2.0, NAN, 8.0]), None, 9)
    assert found == Statistics(
        *(1, 8, 3, 2, pytest.approx(np.sqrt(36 / 6))),  # the squares from the mean of 3 are 1, 4, 1, 4, 1, 25
        *(18, 1, 2, 2, 6, 2, 0),
    )
    assert describe(np.array([5.0, 1.0, 3.0, 7.0]), None, 9).median == 5  # the upper one of two
    rows = np.r_[np.tile([-1.0, 1.0], 50), 50.0, 5.0]  # 50 goes first; then 5 is more than three deviations off, too
    assert [describe(rows, 3.0, n).clipped for n in (0, 1, 2, 20)] == [0, 1, 2, 2]
    assert describe(rows, None, 9).good == 102 and describe(rows, 3.0, 9).good == 100
    edge = np.array([-1.0, 1.0])  # just one standard deviation off
    assert (describe(edge, 1.0, 9).clipped, describe(edge, 0.99, 9).clipped) == (0, 2)
    for nothing in (describe(edge, 0.5, 9), describe(np.array([NAN]), 1.0, 9)):
        assert np.isnan([getattr(nothing, name) for name in Statistics.__slots__[:7]]).all()
        assert (nothing.modes, nothing.modez, nothing.good) == (0, 0, 0)
    assert (describe(edge, 0.5, 9).clipped, describe(edge, 0.5, 9).null) == (2, 0)
    assert (describe(np.array([NAN]), 1.0, 9).clipped, describe(np.array([NAN]), 1.0, 9).null) == (0, 1)


def test_statistics_as_they_are_printed(here):
    values = np.array([1.0, 2.0, 4.0]) / 3
    columns = [(Column("A", "E", "s"), values), (Column("B", "D"), values), (Column("C", "I", null=-1), [5, -1, 6])]
    table("a.fits", columns)
    lines = ftools.ftstat(infile="a.fits").output
    assert lines[:4] == ("====== statistics for a.fits ======", "", "A[s]:", "   min:       0.333333")
    assert "   max:       1.33333333333333" in lines and "   max:       1.33333" in lines
    assert (lines[-11], lines[-4], lines[-1]) == ("   min:       5", " modes:       2", "  null:       1")
    last = ftools.ftstat(infile="a.fits")
    assert (last.params["sum"], last.params["null"], last.params["clipped"]) == (11, 1, 0)
    found = ftools.fstatistic(infile="a.fits+1", colname="C")
    assert (found.params["numb"], found.params["sum"]) == (2, 11)
    one = ftools.fstatistic(infile="a.fits+1", colname="A", minval=0.9)
    assert (one.output[2].split()[-1], one.params["sigma"], one.params["numb"]) == ("undefined", None, 1)
    assert ftools.fstatistic(infile="a.fits+1", colname="B", maxval=2 / 3, minval=1 / 3).params["numb"] == 2
    assert "no value of A counts" in ftools.fstatistic(infile="a.fits+1", colname="A", minval=2).stdout


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("''", ""), ("'a'", "a"), ("'it''s '", "it's"), ("'", "'"), ("'a", "'a"), ("a'", "a'"), (" x y ", "x y")],
        *[("T", True), ("f", False), ("yes", True), ("no", False), ("7", 7), ("-7", -7), ("0.5", 0.5), ("1e3", 1000.0)],
        *[("1d3", 1000.0), ("1.5D-2", 0.015), ("d3", "d3"), ("3days", "3days"), ("", "")],
    ],
)
def test_values_of_keywords(text, value):
    found = keywords._value(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.5 / [s] time", ("3.5", "[s] time")),
        ("'a / b' / c", ("'a / b'", "c")),
        ("'it''s'", ("'it''s'", None)),
        ("T", ("T", None)),
        ("T /", ("T", None)),
        ("/ alone", ("", "alone")),
    ],
)
def test_values_with_comments(text, expected):
    assert keywords._value_and_comment(text) == expected


def test_which_hdu_is_edited(here):
    table("a.fits", [(Column("X", "J"), [1, 2])], cards=[("KEY1", 1), ("KEY2", 2), ("OTHER", 3)])
    assert ftools.fthedit(infile="a.fits", keyword="KEY#", operation="deleteall").returncode == 0
    header = fits.getheader("a.fits", 1)
    assert ("KEY1" in header, "KEY2" in header, header["OTHER"]) == (False, False, 3)
    assert ftools.fparkey(value="9", fitsfile="a.fits", keyword="OTHER").returncode == 0
    assert fits.getheader("a.fits", 1)["OTHER"] == 9
    for at, (before, insert) in enumerate((("SECOND", "OTHER"), ("FIRST", "8"), ("LAST", "NOPE"))):
        ftools.fparkey(value=str(at), fitsfile="a.fits+1", keyword=before, add="yes", insert=insert)
    names = list(fits.getheader("a.fits", 1))
    assert names.index("FIRST") == 8 - 1  # behind the eighth card, of which XTENSION is no key of this table
    assert names.index("SECOND") == names.index("OTHER") + 1
    assert names.index("LAST") > names.index("SECOND")


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("0-4 7 10-20", 2, [[0, 4], [7, 7], [10, 20]]),
        ("3", 2, [[3, 3]]),
        ("0-4 2 10 20 4", 3, [[0, 4, 2], [10, 20, 4]]),
        ("0-4,2,10,20,4", 3, [[0, 4, 2], [10, 20, 4]]),
        ("0-4 0.01 5 0.02", 3, [[0, 4, 0.01], [5, 5, 0.02]]),
        ("0 4 .5", 3, [[0, 4, 0.5]]),
    ],
)
def test_lists_of_channels(text, columns, expected):
    assert _numbers(text, columns) == expected


@pytest.mark.parametrize(
    ("text", "columns"),
    [("0-4", 3), ("0.5-4", 2), ("0 4.5 2", 3), ("0.5 4 2", 3), ("0 4", 3), ("0-inf", 2), ("0-4 nan", 3), ("", 2)],
)
def test_lists_that_are_none(text, columns):
    with pytest.raises(ConfigError, match=r"first (and last )?channel|can't be read|channels are missing"):
        _numbers(text, columns)


def test_what_grppha_shows_and_writes(here):
    pha_file(here / "a.pha", [3, 4, 30, 1], 100.0, TEXT="old", WHOLE=4, REAL=2.5, FLAG=True)
    marks = (
        "bad 0-1 & systematics 2 0.25 & group 0 3 2 & chkey text new word & chkey WHOLE 5 & chkey REAL 3 & chkey FLAG F"
    )
    quality = ["channel 0: quality 5", "channel 1: quality 5"]
    systematics, group = ["channel 2: systematic error 0.25"], ["channels 0 to 3: 2 a group"]
    for what, lines in {
        **{"gro": group, "group": group, "qual": quality, "sys": systematics, "info": ["a.pha"]},
        **{"all": [*group, *quality, *systematics], "": [*group, *quality, *systematics], "text": ["TEXT = new word"]},
        **{"whole": ["WHOLE = 5"], "real": ["REAL = 3"], "flag": ["FLAG = False"]},
    }.items():
        said = ftools.grppha(infile="a.pha", outfile="no", comm=f"{marks} & show {what} & quit").output
        assert (what, [line.removeprefix("grppha: ") for line in said]) == (what, lines)
    keys = ftools.grppha(infile="a.pha", outfile="no", comm="show key & quit").stdout
    assert "EXPOSURE = 100.0" in keys and "RESPFILE = None" in keys
    assert "show flags: nothing is set" in ftools.grppha(infile="a.pha", outfile="no", comm="show flags & quit").stdout
    for what, text in {"group": "0 3 2\n", "qual": "0 0\n1 1\n", "systematics": "2 2 0.25\n"}.items():
        made = ftools.grppha(infile="a.pha", outfile="no", comm=f"{marks} & dump {what} !x & quit")
        assert (made.files, Path("x").read_text()) == (("x",), text)
    for words in ("dump group", "dump nothing x", "gr 0 3 2", "chkey TFORM1 1J", "chkey WHOLE", "chkey TOOLONGER 1"):
        assert ftools.grppha(infile="a.pha", outfile="no", comm=f"{words} & exit").returncode == 1, words
    ends = ftools.grppha(infile="a.pha", outfile="b.pha", comm="bad 0 & exit c.pha & bad 9999")
    assert ends.files == ("c.pha",)  # what is behind exit is not looked at
    assert "commands are group, bad" in ftools.grppha(infile="a.pha", outfile="no", comm="help & quit").stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gauss", "GAUSS"),
        ("Gaussian,", "GAUSS"),
        ("POISS-0", "POISS-0"),
        ("poisson3", "POISS-3"),
        ("Poiss-2", "POISS-2"),
    ],
)
def test_kinds_of_errors(text, expected):
    assert _errors(text) == expected
    for wrong in ("POISS-4", "GAUS", "POISS"):
        with pytest.raises(ConfigError, match="errmeth is"):
            _errors(wrong)


def test_exposures_that_are_given(here):
    name = pha_file(here / "a.pha", [10, 0, 20], 100.0)
    pha_file(here / "b.pha", [10, 20, 40], 400.0)
    for text, seconds in (("CALC", 500.0), ("null", 1.0), ("0.5", 0.5), ("b.pha", 400.0), ("'b.pha'", 400.0)):
        ftools.mathpha(expr="a.pha+b.pha", outfil="!c.pha", exposure=text)
        assert fits.getheader("c.pha", 1)["EXPOSURE"] == seconds
    for text in ("0", "-1", "inf", "nan", "none.pha"):
        assert f"exposure is '{text}'" in ftools.mathpha(expr="a.pha+b.pha", outfil="d.pha", exposure=text).stdout
    rate = ftools.mathpha(expr="'b.pha'/'a.pha'", outfil="r.pha", units="R", divzero=-5, properr=True, errmeth="gauss")
    assert rate.returncode == 0, rate.stdout
    made = fits.getdata("r.pha", 1)  # counts over seconds: 0.025 / 0.1, 0.05 / 0, 0.1 / 0.2
    assert made["RATE"] == pytest.approx([0.25, -5, 0.5])
    assert made["STAT_ERR"][[0, 2]] == pytest.approx([0.25 * np.sqrt(1 / 10 + 1 / 10), 0.5 * np.sqrt(1 / 20 + 1 / 40)])
    ftools.mathpha(expr="a.pha+b.pha", outfil="e.pha", ncomments=2, comment1="one", comment2="two", comment3="three")
    assert [str(one) for one in fits.getheader("e.pha", 1)["COMMENT"]][-3:] == ["Expression: a.pha+b.pha", "one", "two"]
    assert name.endswith("a.pha")


def test_matrices_are_weighted(here):
    for name, scale in (("a", 1.0), ("b", 3.0)):
        response(here / f"{name}.rsp", scale)
    (here / "list").write_text("a.rsp 0.5\nb.rsp\n")
    for words, factor in (
        ({"list": "@list"}, 3.5),
        ({"list": "a.rsp,b.rsp"}, 4.0),
        ({"list": "a.rsp,b.rsp", "weights": "2,0.25"}, 2.75),
    ):
        assert ftools.addrmf(rmffile="!c.rsp", **words).returncode == 0
        with fits.open("c.rsp") as hdus:
            assert np.concatenate(list(hdus["MATRIX"].data["MATRIX"])) == pytest.approx(
                np.array([1, 3, 4, 5, 6]) * factor
            )
    told = ftools.fkeyprint(infile="c.rsp", keynam="HISTORY").stdout
    assert "2 times a.rsp" in told and "0.25 times b.rsp" in told
    wrong = ftools.addrmf(list="a.rsp,b.rsp", weights="1", rmffile="d.rsp").stdout
    assert "there are 2 matrices, but 1 weights (1)" in wrong
    assert "numbers were expected" in ftools.addrmf(list="a.rsp,b.rsp", weights="1,inf", rmffile="d.rsp").stdout


def test_keywords_are_those_of_the_last_file(here):
    for n, name in enumerate("abc"):
        table(f"{name}.fits", [(Column("X", "J"), [n, 10 + n])], cards=[("STOP", float(n)), ("OTHER", n)])
    assert ftools.fmerge(infiles="a.fits+1 b.fits+1 c.fits+1", outfile="m.fits", lastkey="STOP").returncode == 0
    with fits.open("m.fits") as hdus:
        assert hdus[1].data["X"].tolist() == [0, 10, 1, 11, 2, 12]
        assert (hdus[1].header["STOP"], hdus[1].header["OTHER"], hdus[1].name) == (2.0, 0, "T")
    assert (
        ftools.ftmerge(infile="a.fits,b.fits,c.fits", outfile="n.fits", lastkey="STOP,OTHER", insertrow=2).returncode
        == 0
    )
    header = fits.getheader("n.fits", 1)
    assert (header["STOP"], header["OTHER"]) == (2.0, 2)
    assert fits.getdata("n.fits", 1)["X"].tolist() == [0, 10, 1, 11, 2, 12]


def test_an_image_beside_a_table(here):
    image = fits.ImageHDU(np.arange(24, dtype="i2").reshape(2, 3, 4), name="IMG")
    image.header["BSCALE"], image.header["BZERO"] = 0.5, 1.0
    hdus = fits.HDUList(
        [fits.PrimaryHDU(), fits.BinTableHDU.from_columns([fits.Column("X", "J", array=[7, 8])], name="T")]
    )
    hdus.append(image)
    hdus.writeto("a.fits")
    with fits.open("a.fits") as written:
        scaled = written["IMG"].data * 1.0
    lines = ftools.ftlist(infile="a.fits", option="TI", rownum=False, colheader=False).output
    expected = [" ".join(f"{pixel:g}" for pixel in row) for row in scaled.reshape(-1, 4)]
    assert [line.strip() for line in lines if line.strip()] == ["7", "8", *expected]
    part = ftools.ftlist(infile="a.fits[IMG]", option="I", section="2:3,3,1:2").output
    assert list(part) == [" ".join(f"{pixel:g}" for pixel in plane[2, 1:3]) for plane in scaled]
    for section in ("0:2", "3:2", "5", "1:2,4", "x"):
        assert "section is" in ftools.ftlist(infile="a.fits[IMG]", option="I", section=section).stdout
    structure = [line.split() for line in ftools.fstruct(infile="a.fits", colinfo=False).output[2:]]
    assert structure == [
        ["0", "PRIMARY", "8", "0", "1"],
        ["1", "BINTABLE", "T", "8", "4(1)", "2", "0", "1"],
        ["2", "IMAGE", "IMG", "16", "4", "3", "2", "0", "1"],
    ]


def test_what_the_collimator_takes():
    rate, through = np.array([6.0, 3.0]), np.array([0.5, 0.75])
    assert vignetting._divided(rate, through, single=False).tolist() == [12.0, 4.0]
    single = vignetting._divided(rate, through, single=True)
    assert (single.tolist(), single.dtype) == ([12.0, 4.0], np.float32)


def test_counts_become_rates(here):
    """3 and 5 counts in bins of 2 s, half exposed or not, less 1 count."""
    columns = [(Column("TIME", "D", "s"), [100.0, 102.0]), (Column("COUNTS", "J", "count"), [3, 5])]
    columns += [(Column("ERROR", "D"), [1.0, 3.0]), (Column("FRACEXP", "D"), [0.5, 1.0])]
    cards = [("HDUCLAS1", "LIGHTCURVE"), ("TIMEDEL", 2.0), ("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4)]
    table("a.lc", columns, "COUNTS", cards)
    table("b.lc", [*columns[:1], (Column("COUNTS", "J", "count"), [1, 1]), *columns[2:]], "COUNTS", cards)
    assert ftools.lcmath(infile="a.lc", bgfile="b.lc", outfile="c.lc").returncode == 0
    made = fits.getdata("c.lc", 1)
    assert made["RATE"].tolist() == [1.0, 2.0]
    assert made["ERROR"] == pytest.approx([np.hypot(0.5, 0.5), np.hypot(1.5, 1.5)])
