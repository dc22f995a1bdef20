"""Tasks for any FITS table."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.errors import ConfigError
from rossi.expression import compile_expression
from rossi.fits.edit import select_columns, select_rows
from rossi.fits.reader import read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.ftools import utils
from rossi.ftools.fitsfile import split_filters, split_list
from tests.golden.comparison import differences
from tests.rossi.ftools.hexte import GOLDEN, replayed


@pytest.fixture
def file(tmp_path) -> str:
    """A file with an event table and good time."""
    columns = [
        (Column("Time", "D", "s", keywords=(("TDDES", "time"),)), np.arange(5.0)),
        (
            Column("Event", "12X", keywords=(("TEVTB", "(M[1]{1},C[0:7]{11})"),)),
            [[b, 16] for b in (0, 128, 144, 160, 255)],
        ),
        (Column("Spec", "3I", "count", null=-1, keywords=(("1CPIX", "0~4,5,6"),)), np.arange(15).reshape(5, 3) - 1),
        (Column("Good", "L"), np.array([True, False, True, True, False])),
        (Column("Name", "4A"), np.array(["a", "bb", "ccc", "", "dddd"])),
        (Column("Rate", "E", "count/s"), np.array([0.1, np.nan, 2, 3, 4])),
    ]
    events = table_hdu("EVENTS", columns, [("TSTART", 0.0, "start"), ("TSTOP", 5.0), ("OBJECT", "SIM", "who")])
    good_time = table_hdu("GTI", [(Column("START", "D"), [0.0]), (Column("STOP", "D"), [5.0])], [("TSTART", 0.0)])
    path = tmp_path / "a.fits"
    path.write_bytes(fits_bytes(primary_hdu([("TELESCOP", "XTE")]), [events, good_time]))
    return str(path)


def run(task: str, **parameters: object) -> tuple[str, ...]:
    result = getattr(ftools, task)(**parameters)
    assert result.returncode == 0, result.stdout
    return result.output


def test_columns_and_rows_are_copied(file, tmp_path):
    out = str(tmp_path / "b.fits")
    run("ftcopy", infile=f"{file}[1][col Rate;Spec;Time][RATE > 1]", outfile=out, copyall="no")
    with fits.open(out, checksum=True) as hdus:
        assert [h.name for h in hdus] == ["PRIMARY", "EVENTS"]
        table = hdus[1]
        assert table.columns.names == ["Rate", "Spec", "Time"]
        np.testing.assert_array_equal(table.data["Time"], [2, 3, 4])
        np.testing.assert_array_equal(table.data["Spec"][0], [5, 6, 7])
        header = table.header
        assert (header["1CPIX2"], header["TNULL2"], header["TDDES3"]) == ("0~4,5,6", -1, "time")
        assert (header["TFIELDS"], header["NAXIS2"], header["OBJECT"]) == (3, 3, "SIM")
        assert not [key for key in header if key.startswith("TEVTB")]


def test_other_extensions_come_along(file, tmp_path):
    out = str(tmp_path / "b.fits")
    run("ftcopy", infile=f"{file}[EVENTS][col -Event;-S*]", outfile=out)
    made = read_fits(out)
    assert [t.name for t in made.tables] == ["EVENTS", "GTI"]
    assert list(made.table().infos) == ["TIME", "GOOD", "NAME", "RATE"]
    assert (len(made.table()), made.primary["TELESCOP"]) == (5, "XTE")
    run("ftcopy", infile=file, outfile=f"!{out}")
    assert differences(read_fits(file), read_fits(out)) == []


def test_a_real_table_with_its_own_columns_stays_equal(golden, tmp_path):
    source = next((golden / "e5_switch" / "input").rglob("FS4a*"))
    file = read_fits(source)
    names = [info.name for info in file.table().infos.values()]
    run("ftcopy", infile=f"{source}[1][col {';'.join(names)}]", outfile=str(tmp_path / "b"))
    assert differences(file, read_fits(tmp_path / "b")) == []
    part = select_columns(file.table(), names[:3])
    assert part.header["TTYPE3"] == names[2]
    assert len(select_rows(part, [0, 2])) == 2


def test_fselect_knows_bit_masks(file, tmp_path):
    out = str(tmp_path / "b.fits")
    run("fselect", infile=f"{file}+1", outfile=out, expr="Event == b1x0xxxxxxxxx || Event == b0xxxxxxxxxx1")
    np.testing.assert_array_equal(read_fits(out).table().column("Time"), [0, 1, 2])
    (tmp_path / "e.txt").write_text("Event != b1xxxxxxxxxxx\n && GOOD\n")
    run("fselect", infile=f"{file}+1", outfile=f"!{out}", expr=f"@{tmp_path / 'e.txt'}", copyall="no")
    np.testing.assert_array_equal(read_fits(out).table().column("Time"), [0])
    assert len(read_fits(out).tables) == 1


def test_masks_need_bits(file):
    table = read_fits(file).table()
    with pytest.raises(ConfigError, match="one type, but found real and bits"):
        compile_expression("Rate == b1x").select(table)


@pytest.mark.parametrize("case", ["d_event_dx0f_b", "e_staring_a"])
def test_events_without_a_detector_are_equal(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    compared = [
        differences(read_fits(expected), read_fits(made))
        for expected, made in replayed(GOLDEN / case, "fselect", tmp_path)
    ]
    assert compared == [[]] * 4


@pytest.mark.parametrize(
    ("value", "stored"),
    [("0:3", "0:3"), ("3", 3), ("3d2", 300.0), ("yes", True), ("F", False), ("'17'", "17"), ("SIM B", "SIM B")],
)
def test_fparkey_changes_a_keyword_and_keeps_its_comment(file, value, stored):
    run("fparkey", value=value, fitsfile=f"{file}+1", keyword="object")
    with fits.open(file, checksum=True) as hdus:
        assert hdus[1].header["OBJECT"] == stored
        assert hdus[1].header.comments["OBJECT"] == "who"
        assert len(hdus) == 3


def test_fparkey_adds_and_deletes(file):
    refused = ftools.fparkey(value="1", fitsfile=f"{file}[GTI]", keyword="NEW")
    assert (refused.returncode, "add=yes" in refused.stdout) == (1, True)
    run("fparkey", value="1", fitsfile=f"{file}[GTI]", keyword="NEW", add="yes", comm="a number", insert="TTYPE1")
    header = fits.getheader(file, "GTI")
    assert (list(header).index("NEW"), header.comments["NEW"]) == (list(header).index("TTYPE1") + 1, "a number")
    run("fparkey", value="2", fitsfile=f"{file}[0]", keyword="LATER", add="yes")
    assert fits.getheader(file, 0)["LATER"] == 2
    run("fparkey", value="", fitsfile=f"{file}[GTI]", keyword="-NEW")
    assert "NEW" not in fits.getheader(file, "GTI")


def test_fparkey_refuses_what_no_header_holds(file):
    result = ftools.fparkey(value="η Car", fitsfile=file, keyword="OBJECT")
    assert (result.returncode, "printable ASCII" in result.stdout) == (1, True)


def test_fparkey_leaves_compressed_files_alone(file, tmp_path):
    packed = tmp_path / "b.fits.gz"
    packed.write_bytes(gzip.compress(Path(file).read_bytes()))
    result = ftools.fparkey(value="1", fitsfile=str(packed), keyword="OBJECT")
    assert (result.returncode, "uncompress it first" in result.stdout) == (1, True)


def test_fkeyprint_prints_cards(file, tmp_path):
    lines = run("fkeyprint", infile=file, keynam="tst")
    assert [line[:8].strip() for line in lines if line[:1] == "T"] == ["TSTART", "TSTOP", "TSTART"]
    assert [line for line in lines if "EXTENSION" in line] == ["# EXTENSION:    1", "# EXTENSION:    2"]
    exact = run("fkeyprint", infile=f"{file}[1]", keynam="TSTART", exact="yes")
    assert [line for line in exact if line[:1] == "T"] == ["TSTART  =                  0.0 / start"]
    result = ftools.fkeyprint(infile=file, keynam="OBJECT", outfile=str(tmp_path / "k.txt"))
    assert result.output == (str(tmp_path / "k.txt"),)
    assert "'SIM     '           / who" in (tmp_path / "k.txt").read_text()


def test_fdump_prints_tables(file):
    lines = run("fdump", infile=f"{file}[1]", prhead="no", rows="1-2,5", columns="Time,3,N*,Rate,Event,Good")
    assert lines[:2] == (
        "  Time        Event  Spec Good Name    Rate",
        "     s              count           count/s",
    )
    assert lines[2:6] == (
        "1  0.0 000000000001 INDEF    T    a     0.1",
        "                        0                  ",
        "                        1                  ",
        "2  1.0 100000000001     2    F   bb   INDEF",
    )
    narrow = run("fdump", infile=f"{file}[1]", prhead="no", pagewidth=20, showrow="no", showunit="no")
    assert [line.split() for line in narrow if "Time" in line or "Spec" in line] == [
        ["Time", "Event"],
        ["Spec", "Good", "Name"],
    ]
    header = run("fdump", infile=file, prdata="no")
    assert header.count("END") == 3
    assert "OBJECT  = 'SIM     '           / who" in header


def test_file_names_with_filters():
    assert split_filters("a.fits") == ("a.fits", None, [])
    assert split_filters("a+b.fits+2") == ("a+b.fits", 2, [])
    assert split_filters("20101") == ("20101", None, [])
    assert split_filters("a.fits[XTE_SA][SPEC[3] > 1]") == ("a.fits", "XTE_SA", ["SPEC[3] > 1"])
    assert split_filters("a.fits[col A;B]") == ("a.fits", None, ["col A;B"])
    with pytest.raises(ConfigError, match="a bracket that is not closed"):
        split_filters("a.fits[1")
    assert split_list("a.fits[A > (1,2)],max(A, B), c") == ["a.fits[A > (1,2)]", "max(A, B)", "c"]
    assert split_list("(a,b)(c),d;e[1];", ";") == ["(a,b)(c),d", "e[1]"]


@pytest.mark.parametrize(
    ("task", "change", "words"),
    [
        ("ftcopy", {"infile": "[1][col Time=Rate]"}, "not computed or renamed"),
        ("ftcopy", {"infile": "[1][col Tim]"}, "column Tim is missing"),
        ("ftcopy", {"infile": "[7]"}, "HDU 7 is missing; found 0, 1 EVENTS, 2 GTI"),
        ("ftcopy", {"infile": "[0][Rate > 1]"}, "HDU 0 is no binary table"),
        ("fselect", {"expr": "Rate >"}, "can't be read at character 6"),
        ("fdump", {"rows": "all"}, "rows is 'all'"),
        ("fkeyprint", {"infile": ".not"}, "can't be read"),
    ],
)
def test_mistakes_give_a_sentence(file, tmp_path, task, change, words):
    out = tmp_path / "out"
    arguments = {
        "ftcopy": {"outfile": str(out)},
        "fselect": {"outfile": str(out), "expr": "Rate > 1"},
        "fdump": {},
        "fkeyprint": {"keynam": "TSTART"},
    }[task]
    result = getattr(ftools, task)(**arguments | change | {"infile": file + change.get("infile", "[1]")})
    assert (result.returncode, out.exists()) == (1, False)
    assert words in result.stdout


def test_parameter_files_need_no_place(file):
    for context in (ftools.local_pfiles_context, utils.local_pfiles_context):
        with context(), context("/nowhere"):
            assert "\n".join(run("fkeyprint", infile=file, keynam="OBJECT")).count("SIM") == 1
