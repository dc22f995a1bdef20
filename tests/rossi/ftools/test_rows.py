"""Tasks that choose, append, sort and calculate: values are looked at with astropy."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu


def write(path: Path, n: int, start: float = 0.0, form: str = "E", **more: object) -> str:
    """Write a curve of n rows with good time before it, as some archives have it."""
    rows = np.arange(n) + start
    columns = [
        (Column("TIME", "D", "s"), rows),
        (Column("RATE", form, "count/s"), rows * 2),
        (Column("Spec", "3I", "count", null=-1), np.stack([rows, rows + 1, rows + 2], axis=1)),
        (Column("NAME", "4A"), np.array([f"r{int(row)}" for row in rows])),
        (Column("GOOD", "L"), rows % 2 == 0),
    ]
    good_time = table_hdu("GTI", [(Column("START", "D"), [start]), (Column("STOP", "D"), [start + n])])
    cards = [("TSTART", start, "start"), ("TSTOP", start + n, "end"), *more.items()]
    path.write_bytes(fits_bytes(primary_hdu([("TELESCOP", "XTE")]), [good_time, table_hdu("RATE", columns, cards)]))
    return str(path)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(task: str, *words: str, **parameters: object) -> fits.HDUList:
    """Run a task; return what it made, its checksums looked at."""
    result = getattr(ftools, task)(**dict(zip(("infile", "outfile"), words, strict=False)), **parameters)
    assert result.returncode == 0, result.stdout
    with fits.open(result.files[0], checksum=True) as hdus:
        return fits.HDUList([hdu.copy() for hdu in hdus])


def test_ftmerge_appends_rows_of_the_first_table_that_is_no_good_time(here):
    names = [write(here / "a.lc", 3), write(here / "b.lc", 2, 10.0)]
    hdus = made("ftmerge", ",".join(names), "ab.lc", lastkey="TSTOP")
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "GTI", "RATE"]
    table = hdus["RATE"]
    np.testing.assert_array_equal(table.data["TIME"], [0, 1, 2, 10, 11])
    np.testing.assert_array_equal(table.data["RATE"], [0, 2, 4, 20, 22])
    np.testing.assert_array_equal(table.data["Spec"][3], [10, 11, 12])
    assert list(table.data["NAME"]) == ["r0", "r1", "r2", "r10", "r11"]
    np.testing.assert_array_equal(table.data["GOOD"], [True, False, True, True, False])
    assert (table.header["TSTART"], table.header["TSTOP"], table.header["NAXIS2"]) == (0.0, 12.0, 5)
    assert len(hdus["GTI"].data) == 1  # the first file's, as it is


def test_ftmerge_filters_inserts_and_leaves_out(here):
    names = [f"{write(here / 'a.lc', 3)}[RATE][TIME > 0]", f"{write(here / 'b.lc', 2, 10.0)}[RATE]", "missing.lc"]
    (here / "list").write_text("\n".join(names))
    refused = ftools.ftmerge(infile="@list", outfile="out.lc")
    assert (refused.returncode, "missing.lc" in refused.stdout) == (1, True)
    hdus = made("ftmerge", "@list", "out.lc", columns="-NAME,-G*", insertrow=1, skipbadfiles=True, copyall=False)
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "RATE"]
    assert hdus[1].columns.names == ["TIME", "RATE", "Spec"]
    np.testing.assert_array_equal(hdus[1].data["TIME"], [1, 10, 11, 2])


def test_fmerge_takes_the_types_of_the_first_table(here):
    names = [write(here / "a.lc", 2, form="D"), write(here / "b.lc", 2, 10.0)]
    result = ftools.fmerge(
        infiles=" ".join(f"{n}+2" for n in names), outfile="c.lc", columns="RATE TIME", mextname="ALL"
    )
    assert result.returncode == 0, result.stdout
    with fits.open("c.lc", checksum=True) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "ALL"]
        assert [(c.name, c.format) for c in hdus[1].columns] == [("RATE", "D"), ("TIME", "D")]
        np.testing.assert_array_equal(hdus[1].data["RATE"], [0, 2, 20, 22])
        assert "infiles=" in str(hdus[1].header["HISTORY"])
        assert hdus[0].header["TELESCOP"] == "XTE"


def test_numbers_that_a_type_cannot_hold_are_refused(here):
    write(here / "a.lc", 2, form="I")
    write(here / "b.lc", 2, 40000.0)
    result = ftools.fmerge(infiles="a.lc+2 b.lc+2", outfile="c.lc", columns="TIME RATE")
    assert (result.returncode, (here / "c.lc").exists()) == (1, False)
    assert "column RATE is of type I and can't hold the numbers from 80000 to 80002" in result.stdout
    missing = ftools.fmerge(infiles="a.lc+2 b.lc+1", outfile="c.lc", columns="TIME")
    assert "column TIME is missing" in missing.stdout


def test_ftsort_knows_several_columns_both_ways_and_undefined_values(here):
    columns = [
        (Column("A", "E"), np.array([2, 1, np.nan, 1, 2, 1])),
        (Column("B", "J", null=-9), np.array([1, 5, 0, 7, -9, 5])),
        (Column("N", "J"), np.arange(6)),
    ]
    (here / "a.fits").write_bytes(fits_bytes(primary_hdu(), [table_hdu("T", columns)]))
    assert list(made("ftsort", "a.fits", "b.fits", columns="A,-B")[1].data["N"]) == [3, 1, 5, 0, 4, 2]
    assert list(made("ftsort", "a.fits", "c.fits", columns="A,B", unique=True)[1].data["N"]) == [1, 3, 0, 4, 2]
    assert ftools.fsort(infile="a.fits+1", columns="N", ascend=False).returncode == 0
    assert list(fits.getdata("a.fits", 1)["N"]) == [5, 4, 3, 2, 1, 0]


def test_ftcalc_makes_columns_of_all_kinds(here):
    name = write(here / "a.lc", 4, EXPOSURE=2.0)
    table = made("ftcalc", name, "b.lc", column="X", expression="RATE / #EXPOSURE + TIME")["RATE"]
    assert (table.columns["X"].format, list(table.data["X"])) == ("1D", [0, 2, 4, 6])
    table = made("ftcalc", name, "c.lc", column="N", expression="(INT) TIME * 2", tform="1I")["RATE"]
    assert (table.columns["N"].format, list(table.data["N"])) == ("1I", [0, 2, 4, 6])
    table = made("ftcalc", name, "whole.lc", column="N", expression="(INT) TIME - 2")["RATE"]
    assert (table.columns["N"].format, list(table.data["N"])) == ("1J", [-2, -1, 0, 1])
    table = made("ftcalc", name, "d.lc", column="BIG", expression="TIME > 1 ? 5000000000 : 1")["RATE"]
    assert (table.columns["BIG"].format, table.data["BIG"][3]) == ("1K", 5_000_000_000)
    table = made("ftcalc", name, "e.lc", column="OK", expression="TIME > 1")["RATE"]
    assert (table.columns["OK"].format, list(table.data["OK"])) == ("1L", [False, False, True, True])
    table = made("ftcalc", name, "f.lc", column="V", expression="Spec * 2", tform="3E")["RATE"]
    assert (table.columns["V"].format, list(table.data["V"][1])) == ("3E", [2, 4, 6])


def test_ftcalc_changes_columns_rows_and_elements(here):
    name = write(here / "a.lc", 4)
    hdus = made("ftcalc", name, "b.lc", column="rate", expression="RATE + 0.5", rows="2,4-")
    assert (hdus["RATE"].columns["RATE"].format, list(hdus["RATE"].data["RATE"])) == ("E", [0, 2.5, 4, 6.5])
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "GTI", "RATE"]
    vector = made("ftcalc", name, "c.lc", column="Spec", expression="100 + TIME", element=2)["RATE"].data["Spec"]
    np.testing.assert_array_equal(vector, [[0, 100, 2], [1, 101, 3], [2, 102, 4], [3, 103, 5]])
    null = made("ftcalc", name, "e.lc", column="Spec", expression="TIME > 1 ? #NULL : 9", element=2)["RATE"]
    np.testing.assert_array_equal(null.data["Spec"], [[0, 9, 2], [1, 9, 3], [2, -1, 4], [3, -1, 5]])
    nulls = made("ftcalc", name, "d.lc", column="N", expression="TIME > 1 ? #NULL : (INT) TIME")["RATE"]
    assert np.isnan(nulls.data["N"][3]) or nulls.header.get("TNULL6") == nulls.data["N"][3]


def test_fcalc_can_leave_the_other_columns_out(here):
    name = write(here / "a.lc", 3)
    result = ftools.fcalc(infile=f"{name}+2", outfile="b.lc", clname="X", expr="RATE*10", copycol="no", copyall="no")
    assert result.returncode == 0, result.stdout
    with fits.open("b.lc", checksum=True) as hdus:
        assert (len(hdus), hdus[1].columns.names, list(hdus[1].data["X"])) == (2, ["X"], [0, 20, 40])


@pytest.mark.parametrize(
    ("task", "parameters", "words"),
    [
        ("ftcalc", {"column": "A B", "expression": "1"}, "no name of a column"),
        ("ftcalc", {"column": "X", "expression": "NOPE + 1"}, "NOPE"),
        ("ftcalc", {"column": "X", "expression": "TIME", "tform": "7Q"}, "tform is '7Q'"),
        ("ftcalc", {"column": "Spec", "expression": "TIME", "element": 4}, "3 elements a row"),
        ("ftsort", {"columns": "Spec"}, "is a vector"),
        ("ftsort", {"columns": "NOPE"}, "column NOPE is missing"),
        ("ftselect", {"expression": "@none.txt"}, "none.txt can't be read"),
    ],
)
def test_mistakes_give_a_sentence_and_no_file(here, task, parameters, words):
    result = getattr(ftools, task)(infile=write(here / "a.lc", 3), outfile="out.lc", **parameters)
    assert (result.returncode, (here / "out.lc").exists()) == (1, False)
    assert words in result.stdout, result.stdout


def test_statistics_are_numpys(here):
    name = write(here / "a.lc", 7)
    result = ftools.fstatistic(infile=f"{name}+2", colname="RATE", rows="2-6")
    values = np.arange(1, 6) * 2.0
    found = {key: result.params[key] for key in ("sum", "mean", "sigma", "min", "max", "numb")}
    expected = {"sum": 30.0, "mean": 6.0, "sigma": values.std(ddof=1), "min": 2.0, "max": 10.0, "numb": 5}
    assert found == pytest.approx(expected)
    assert [line.split()[-1] for line in result.output] == ["30", "6", "3.16227766", "2", "10", "5"]
    assert ftools.fstatistic(infile=f"{name}+2", colname="Spec").params["sum"] == sum(3 * n + 3 for n in range(7))
    assert ftools.fstatistic(infile=f"{name}+2", colname="Spec[2]", maxval=3).params["numb"] == 3
    described = ftools.ftstat(infile=f"{name}[RATE][col RATE]")
    assert (described.params["median"], described.params["good"], described.params["mode"]) == (6.0, 7, 0.0)
    assert described.params["sigma"] == pytest.approx(4.0)
    assert "Not computing statistics for string column." in ftools.ftstat(infile=f"{name}[RATE]").stdout


def test_outliers_are_left_out(here):
    rows = np.r_[np.tile([1.0, 2.0], 20), 100.0]
    (here / "a.fits").write_bytes(fits_bytes(primary_hdu(), [table_hdu("T", [(Column("X", "D"), rows)])]))
    clipped = ftools.ftstat(infile="a.fits", clip=True, centroid=False).params
    assert (clipped["max"], clipped["clipped"], clipped["mean"]) == (2.0, 1, 1.5)


def test_good_time_is_looked_up_in_the_file_and_in_others(here):
    """The good time of the file itself is 0 to 6 s, that of the other one 1.5 to 4.5 s."""
    name = write(here / "a.lc", 6)
    np.testing.assert_array_equal(made("ftcopy", f"{name}[RATE][gtifilter()]", "b.lc")["RATE"].data["TIME"], range(6))
    hdus = fits.open(name)
    hdus["GTI"].data["START"], hdus["GTI"].data["STOP"] = [1.5], [4.5]
    hdus.writeto("g.fits")
    hdus.close()
    for infile in (
        f"{name}[RATE][gtifilter('g.fits')]",
        f'{name}[RATE][GTIFILTER("g.fits[GTI]", TIME, "START", "STOP")]',
    ):
        np.testing.assert_array_equal(made("ftcopy", infile, "!c.lc")["RATE"].data["TIME"], [2, 3, 4])
    both = made("ftcopy", f"{name}[RATE][col TIME;RATE][gtifilter('g.fits+1') && RATE > 4]", "d.lc")
    assert (both["RATE"].columns.names, list(both["RATE"].data["TIME"])) == (["TIME", "RATE"], [3, 4])
    chosen = made("ftselect", name, "e.lc", expression="gtifilter('g.fits')")
    np.testing.assert_array_equal(chosen["RATE"].data["TIME"], [2, 3, 4])
    missing = ftools.ftcopy(infile=f"{name}[RATE][gtifilter('none.fits')]", outfile="f.lc")
    assert (missing.returncode, "none.fits" in missing.stdout) == (1, True)
