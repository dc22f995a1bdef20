"""Tasks for keywords and for what is in a file, looked at with astropy."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    columns = [
        (Column("TIME", "D", "s", keywords=(("TLMIN", 0),)), np.arange(3.0)),
        (Column("Spec", "4I", "count"), np.arange(12).reshape(3, 4)),
    ]
    cards = [("OBJECT", "SIM", "who"), ("EXPOSURE", 2.5, "[s] how long"), ("GOOD", True), ("NROW", 7), ("CMNT1", "a")]
    good_time = table_hdu("GTI", [(Column("START", "D"), [0.0]), (Column("STOP", "D"), [3.0])])
    Path("a.fits").write_bytes(
        fits_bytes(primary_hdu([("TELESCOP", "XTE")]), [table_hdu("RATE", columns, cards), good_time])
    )


def output(called, /, **parameters):
    result = getattr(ftools, called)(**parameters)
    assert result.returncode == 0, result.stdout
    return result


@pytest.mark.parametrize(
    ("keyword", "old", "new", "kind"),
    [
        ("object", "'SIM     '", "SIM", "string"),
        ("EXPOSURE", "2.5", "2.5", "real"),
        ("GOOD", "T", "T", "bool"),
        ("NROW", "7", "7", "int"),
    ],
)
def test_values_of_keywords(keyword, old, new, kind):
    assert output("fkeypar", fitsfile="a.fits+1", keyword=keyword).stdout == old
    found = output("ftkeypar", infile="a.fits", keyword=keyword)  # the first table that is no good time
    assert (found.stdout, found.params["datatype"], found.params["exist"], found.params["value"]) == (
        new,
        kind,
        True,
        old,
    )


def test_keywords_that_are_missing():
    result = ftools.fkeypar(fitsfile="a.fits+1", keyword="NOPE")
    assert (result.returncode, "keyword NOPE is missing" in result.stdout) == (1, True)
    assert output("ftkeypar", infile="a.fits[GTI]", keyword="OBJECT").params["exist"] is False
    assert output("ftkeypar", infile="a.fits[0]", keyword="TELESCOP").stdout == "XTE"


def test_one_keyword_is_edited():
    output(
        "fthedit",
        infile="a.fits[RATE]",
        keyword="exposure",
        operation="add",
        value="11000.0",
        unit="s",
        comment="nominal",
    )
    output("fthedit", infile="a.fits[RATE]", keyword="OBSERVER", operation="a", value="'A / B' / [x] who asked")
    output("fthedit", infile="a.fits[RATE]", keyword="NEW", value="3", insert="OBJECT")
    output("fthedit", infile="a.fits[RATE]", keyword="GOOD", operation="delete")
    output("fthedit", infile="a.fits[RATE]", keyword="C?NT#", operation="deleteall")
    with fits.open("a.fits", checksum=True) as hdus:
        header = hdus["RATE"].header
    assert (header["EXPOSURE"], header.comments["EXPOSURE"]) == (11000.0, "[s] nominal")
    assert (header["OBSERVER"], header.comments["OBSERVER"]) == ("A / B", "[x] who asked")
    assert (list(header).index("NEW"), header["NEW"]) == (list(header).index("OBJECT") + 1, 3)
    assert "GOOD" not in header and "CMNT1" not in header


def test_a_text_of_edits():
    lines = ["# a comment", "object = 'Mira star' / named", "ra 146.5 / [deg]", "NOBS 45", "COMMENT verbatim = this"]
    text = "\n".join([*lines, "", "-GOOD", "-NOPE", "-NROW ROWS", ""])
    Path("edits").write_text(text)
    output("fthedit", infile="a.fits", keyword="@edits")
    header = fits.getheader("a.fits", "RATE")
    assert (header["OBJECT"], header["RA"], header["NOBS"], header["ROWS"]) == ("Mira star", 146.5, 45, 7)
    assert (header.comments["OBJECT"], header.comments["RA"]) == ("named", "[deg]")
    assert header["COMMENT"][0] == "verbatim = this"
    assert "GOOD" not in header and "NROW" not in header
    Path("more").write_text("TELESCOP 'RXTE'\n")
    output("fmodhead", infile="a.fits[0]", tmpfil="more")
    assert fits.getheader("a.fits", 0)["TELESCOP"] == "RXTE"
    Path("more").write_text("TELESCOP 'SIM'\n")
    output("fmodhead", infile="a.fits", tmpfil="more")
    assert fits.getheader("a.fits", 0)["TELESCOP"] == "SIM"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"keyword": "NAXIS2", "value": "9"}, "tells how the HDU is stored"),
        ({"keyword": "TFORM1", "operation": "delete"}, "tells how the HDU is stored"),
        ({"keyword": "NOPE", "operation": "delete"}, "keyword NOPE is missing"),
        ({"keyword": "OBJECT", "operation": "twist"}, "add, delete or deleteall was expected"),
        ({"keyword": "@none"}, "none can't be read"),
        ({"keyword": "OBJECT", "value": "η Car"}, "printable ASCII"),
    ],
)
def test_edits_that_are_refused(parameters, words):
    before = Path("a.fits").read_bytes()
    result = ftools.fthedit(infile="a.fits[RATE]", **parameters)
    assert (result.returncode, Path("a.fits").read_bytes()) == (1, before)
    assert words in result.stdout


def test_files_are_listed():
    lines = output("ftlist", infile="a.fits").output
    assert lines[2:4] == (
        "HDU 1   Primary Array      Null Array",
        "HDU 2   RATE               BinTable   2 cols x 3 rows",
    )
    assert [line.split() for line in lines if " 4I " in line] == [["2", "Spec", "4I", "count"]]
    assert ["1", "TIME", "D", "s", "0"] in [line.split() for line in lines]
    keywords = output("ftlist", infile="a.fits[RATE]", option="k", include="T*,NAXIS#", exclude="TFORM#").output
    found = [line[:8].strip() for line in keywords if line]
    assert set(found) == {"NAXIS1", "NAXIS2", "TFIELDS", "TTYPE1", "TUNIT1", "TLMIN1", "TTYPE2", "TUNIT2"}
    structure = output("fstruct", infile="a.fits", colinfo="no").output
    assert [line.split()[:3] for line in structure[2:]] == [
        ["0", "PRIMARY", "8"],
        ["1", "BINTABLE", "RATE"],
        ["2", "BINTABLE", "GTI"],
    ]


def test_tables_are_listed():
    lines = output("ftlist", infile="a.fits[RATE]", option="T", rows="2-", columns="S*,1", vector="2-3").output
    assert [line.split() for line in lines if line.strip()] == [
        ["Spec", "TIME"], ["count", "s"], ["2", "5", "1.0"], ["6"], ["3", "9", "2.0"], ["10"],
    ]  # fmt: skip
    plain = output(
        "ftlist", infile="a.fits[RATE]", option="t", columns="TIME", rownum="no", colheader="no", separator=","
    )
    assert [line.strip() for line in plain.output if line.strip()] == ["0.0", "1.0", "2.0"]
    csv = output(
        "ftlist", infile="a.fits[GTI]", option="t", rownum="no", colheader="no", separator=",", outfile="!o.txt"
    )
    assert csv.files == () or csv.output == ("o.txt",)
    assert Path("o.txt").read_text().split() == ["0.0,", "3.0"] or Path("o.txt").read_text().strip() == "0.0,3.0"
    wrong = ftools.ftlist(infile="a.fits", option="Q")
    assert "letters out of H, C, K, T and I" in wrong.stdout


@pytest.mark.parametrize(
    ("kind", "name"),
    [("u1", "Int1"), ("i2", "Int2"), ("i4", "Int4"), ("i8", "Int8"), ("f4", "Real4"), ("f8", "Real8")],
)
def test_images_are_listed(kind, name):
    fits.PrimaryHDU(np.arange(6, dtype=kind).reshape(2, 3)).writeto("i.fits")
    lines = output("ftlist", infile="i.fits", option="hi", section="2:3,1:2").output
    assert lines[2:] == (f"HDU 1   Primary Array      Image      {name}(3x2)", "1 2", "4 5")
    assert output("ftlist", infile="i.fits", option="i", section="*,2").output == ("3 4 5",)


def test_manuals():
    assert "maketime - good time" in output("fhelp", task="maketime").stdout
    assert "pcaextlc2" in output("fhelp").stdout
    lines = output("plist", task="maketime").output
    assert lines[0] == "Parameters for maketime"
    assert any(line.split()[:3] == ["(prefr", "=", "-1.0)"] for line in lines)
    assert output("pget", task="maketime", parameter="pre").stdout == "-1.0"
    assert output("punlearn", task="maketime").stdout == ""
    assert "did you mean maketime" in ftools.plist(task="maktime").stdout
    assert "has no default of infile" in ftools.pget(task="maketime", parameter="infile").stdout
