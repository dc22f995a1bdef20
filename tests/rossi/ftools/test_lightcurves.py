"""Light-curve tasks under their FTOOLS names: golden products, and the specification's numbers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rossi import ftools
from rossi.errors import ConfigError, DataError
from rossi.fits.edit import as_hdu, with_keywords
from rossi.fits.header import Header
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.table import Table
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.ftools.task import call
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.xronos import absolute, newbins
from tests.golden.comparison import differences
from tests.rossi.ftools.hexte import CASES, GOLDEN, replayed

NAN = float("nan")


def curve_file(path: Path, rate: list[float], *, start: float = 1e8, width: float = 16.0, **more: object) -> str:
    n = len(rate)
    columns = {"TIME": start + width * np.arange(n), "RATE": rate, "ERROR": np.ones(n), "FRACEXP": np.ones(n)} | more
    declared = [(Column(name, "D", "s" if name == "TIME" else ""), values) for name, values in columns.items()]
    cards = [("HDUCLAS1", "LIGHTCURVE"), ("TIMEDEL", width), ("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4)]
    cards += [("TSTARTI", int(start)), ("TSTARTF", start % 1), ("OBJECT", "SIM")]
    path.write_bytes(fits_bytes(primary_hdu(), [table_hdu("RATE", declared, cards)]))
    return str(path)


def curve(tmp_path: Path, *args: object, **kwargs: object):
    path = Path(curve_file(tmp_path / "c.lc", *args, **kwargs))
    return read_light_curve(path.read_bytes(), path.name)


@pytest.mark.parametrize("case", ["e5_switch", "e3_split_nulls", "e3_all5"])
def test_rebinlc_and_lcmath_are_equal_to_the_last_bit(golden, tmp_path, monkeypatch, case):
    steps = json.loads((golden / case / "plan.json").read_text())["steps"]
    steps = [step for step in steps if step["task"] in ("rebinlc", "lcmath")]
    shutil.copytree(golden / case / "expected" / "sa", tmp_path / "sa")
    (tmp_path / "arith").mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(steps) == 4
    for step in steps:
        result = call(step["task"], step["parameters"])
        assert result.returncode == 0, result.stdout
        expected = read_fits(golden / case / "expected" / step["outputs"][0])
        assert differences(expected, read_fits(step["outputs"][0])) == []


@pytest.mark.parametrize("case", CASES)
def test_hexte_curves_too(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    for expected, made in replayed(GOLDEN / case, "rebinlc", tmp_path):
        assert differences(read_fits(expected), read_fits(made)) == [], made.name
    for expected, made in replayed(GOLDEN / case, "lcmath", tmp_path):
        for name in ("TIME", "RATE", "ERROR", "FRACEXP"):
            a, b = (read_fits(f).table().column(name) for f in (expected, made))
            np.testing.assert_array_max_ulp(a, b, 1)  # times are compared in days there


def test_lcurve_joins_two_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compared = 0
    for expected, made in replayed(GOLDEN / "b_archive32_gaps", "lcurve", tmp_path):
        want, have = read_fits(expected).table(), read_fits(made).table()
        np.testing.assert_array_equal(have.column("TIME"), want.column("TIME"))
        for name in ("RATE1", "ERROR1", "FRACEXP"):
            np.testing.assert_allclose(have.column(name), want.column(name), rtol=2e-6)
        for keyword in [k for k in want.header if k.endswith(("_1", "_E1")) and k not in ("CHI2_1", "CHI2_E1")]:
            assert have.header[keyword] == pytest.approx(want.header[keyword], rel=1e-5), keyword
        for keyword in ("TSTARTI", "TSTOPI", "TIMEZERI", "HDUCLAS1", "TIMEUNIT", "OBJECT"):
            assert have.header[keyword] == want.header[keyword]
        for keyword in ("TSTARTF", "TSTOPF", "TIMEZERF", "TIMEDEL"):
            assert have.header[keyword] == pytest.approx(want.header[keyword], abs=1e-10)
        compared += 1
    assert compared == 4


def test_new_bins_take_bins_whole_by_their_centre(tmp_path):
    (interval,) = newbins([curve(tmp_path, [1, 2, 3, 4, 5, 6])], 50.0)
    np.testing.assert_allclose(interval.rate, [2, 5])
    np.testing.assert_allclose(interval.fracexp, [48 / 50, 48 / 50])
    np.testing.assert_allclose(interval.error, [1 / np.sqrt(3)] * 2)


def test_new_bins_without_data_are_null_and_long_data_are_split(tmp_path):
    series = curve(tmp_path, [1, NAN, 3, 4, NAN, 6])
    (interval,) = newbins([series], 16.0, 100)
    assert len(interval.rate) == 100
    np.testing.assert_array_equal(interval.rate[:7], [1, NAN, 3, 4, NAN, 6, NAN])
    first, second = newbins([series], 16.0, 4)
    np.testing.assert_array_equal(first.rate, [1, NAN, 3, 4])
    np.testing.assert_array_equal(second.rate, [6, NAN, NAN, NAN])
    assert second.start == 1e8 + 80


def test_an_interval_ends_with_data(tmp_path):
    series = curve(tmp_path, [1.0, 2.0, NAN, 4.0])
    for width, expected in ((None, [1, 2, NAN, 4]), (32.0, [1.5, 4]), (64.0, [7 / 3]), (63.0, [7 / 3])):
        (interval,) = newbins([series], width)
        np.testing.assert_allclose(interval.rate, expected)


def test_default_new_bins(tmp_path):
    (long,) = newbins([curve(tmp_path, [1.0] * 2000, width=1.0)])
    assert (len(long.rate), round(long.width, 4)) == (512, 3.9108)
    (short,) = newbins([curve(tmp_path, [1.0] * 100)])
    assert short.width == 16
    (five,) = newbins([curve(tmp_path, [1.0] * 100)], -5)
    assert five.width == 80


def test_new_bins_that_make_no_sense(tmp_path):
    with pytest.raises(ConfigError, match="New bins of 8 s are narrower than the curves' bins of 16 s"):
        newbins([curve(tmp_path, [1])], 8)
    with pytest.raises(DataError, match="no bin has a rate"):
        newbins([curve(tmp_path, [NAN])])


def test_timetrans_gives_the_numbers_of_the_reference(tmp_path):
    light_curve = Header(
        [("TSTARTI", 442845939), ("TSTARTF", 0.37842941), ("TIMEDEL", 16.0), ("HDUCLAS1", "LIGHTCURVE")]
    )
    np.testing.assert_allclose(
        absolute([(10, 50)], light_curve, "x"), [[442845949.37842941, 442846005.37842941]], rtol=0, atol=1e-7
    )
    events = Header([("TSTART", 503797841.337685), ("TIMEZERO", 3.378431), ("HDUCLAS1", "EVENTS"), ("TIMEDEL", 1.0)])
    np.testing.assert_allclose(
        absolute([(10, 50)], events, "x"), [[503797854.71611798, 503797894.71611798]], rtol=0, atol=1e-5
    )
    source = curve_file(tmp_path / "a.lc", [1, 2])
    (tmp_path / "in.txt").write_text("10 50\n100-200\n")
    for given in ("10-50,100-200", f"@{tmp_path / 'in.txt'}"):
        result = ftools.timetrans(infile=source, outfile=f"!{tmp_path / 'out.txt'}", timeint=given)
        assert result.returncode == 0, result.stdout
        text = (tmp_path / "out.txt").read_text()
        assert text == " 100000010.00000000  100000066.00000000\n 100000100.00000000  100000216.00000000\n"


def test_timetrans_as_scripts_call_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    curve_file(tmp_path / "a.lc", [1, 2])
    (tmp_path / "curves.lis").write_text("a.lc\n")
    for infile in ("a.lc", "a.lc+1", "a.lc[RATE]", "@curves.lis"):
        assert ftools.run("timetrans", ["-i", infile, "-f", "out.txt", "-t", "10-50"]) == 0
        assert (tmp_path / "out.txt").read_text() == " 100000010.00000000  100000066.00000000\n"
        (tmp_path / "out.txt").unlink()


def test_lcurve_takes_what_scripts_give_it(tmp_path):
    call = {"cfile1": curve_file(tmp_path / "a.lc", [1, 2]), "outfile": str(tmp_path / "out.flc")}
    result = ftools.lcurve(**call, nser=1, window="-", tchat=0, lchat=9, logname=str(tmp_path / "x.log"), plot="no")
    assert result.returncode == 0, result.stdout
    assert read_fits(tmp_path / "out.flc").table().column("RATE1").tolist() == [1, 2]


def test_counts_become_rates_over_the_whole_bin(tmp_path):
    counts = tmp_path / "c.lc"
    columns = {"TIME": [1e8], "COUNTS": [160.0], "ERROR": [16.0], "FRACEXP": [0.5]}
    declared = [(Column(name, "D", "s" if name == "TIME" else ""), values) for name, values in columns.items()]
    counts.write_bytes(fits_bytes(primary_hdu(), [table_hdu("COUNTS", declared, [("TIMEDEL", 16.0)])]))
    background = curve_file(tmp_path / "b.lc", [4.0])
    result = ftools.lcmath(infile=str(counts), bgfile=background, outfile=str(tmp_path / "n.lc"))
    assert result.returncode == 0, result.stdout
    net = read_fits(tmp_path / "n.lc").table()
    assert (net.column("RATE")[0], net.header["HDUCLAS3"], net.header["HDUCLAS2"]) == (6.0, "RATE", "NET")
    rebinned = ftools.rebinlc(infile=str(counts), outfile=str(tmp_path / "r.lc"), multiple=2)
    assert rebinned.returncode == 0, rebinned.stdout
    assert read_fits(tmp_path / "r.lc").table("COUNTS").column("COUNTS")[0] == 160


def test_columns_of_pca_curves_are_rebinned_too(golden, tmp_path):
    source = golden / "e5_switch" / "expected" / "lc" / "user_all_16.lc.gz"
    result = ftools.rebinlc(infile=str(source), outfile=str(tmp_path / "r.lc"), multiple=8)
    assert result.returncode == 0, result.stdout
    before, after = read_fits(source).table(), read_fits(tmp_path / "r.lc").table()
    assert list(after.infos) == list(before.infos)
    good = np.isfinite(before.column("RATE"))
    assert after.column("LiveTime").sum() == pytest.approx(before.column("LiveTime")[good].sum())
    assert len(after) < len(before) / 7


def test_compat_is_a_parameter_of_lcmath(tmp_path):
    source = curve_file(tmp_path / "a.lc", [20, NAN])
    background = curve_file(tmp_path / "b.lc", [2, 3])
    for compat, last in (("yes", 17.0), ("no", NAN)):
        result = ftools.lcmath(infile=source, bgfile=background, outfile=f"!{tmp_path / 'n.lc'}", compat=compat)
        assert result.returncode == 0, result.stdout
        np.testing.assert_array_equal(read_fits(tmp_path / "n.lc").table().column("RATE"), [18, last])


@pytest.mark.parametrize(
    ("task", "change", "words"),
    [
        ("rebinlc", {"multiple": 0}, "factor is 0"),
        ("rebinlc", {"columns": "RATE"}, "columns is 'RATE'"),
        ("lcmath", {"bgfile": "none"}, "none: can't be read"),
        ("lcurve", {"nser": 2}, "one series"),
        ("lcurve", {"dtnb": 4}, "make them wider"),
        ("timetrans", {"timeint": "soon"}, "timeint is 'soon'"),
    ],
)
def test_mistakes_give_a_sentence(tmp_path, task, change, words):
    source = curve_file(tmp_path / "a.lc", [1, 2])
    out = str(tmp_path / "out")
    arguments = {
        "rebinlc": {"infile": source, "outfile": out},
        "lcmath": {"infile": source, "bgfile": source, "outfile": out},
        "lcurve": {"cfile1": source, "outfile": out},
        "timetrans": {"infile": source, "outfile": out, "timeint": "1-2"},
    }[task]
    result = call(task, arguments | change)
    assert (result.returncode, Path(out).exists()) == (1, False)
    assert words in result.stdout
    assert result.output == (result.stdout,)


def test_every_task_reads_the_curves_that_people_have(tmp_path):
    """Numbered columns, a table before the curve, rows without a time: one reader for all tasks."""
    path = Path(curve_file(tmp_path / "a.lc", [1, 2, 3, 4], RATE2=np.array([5.0, 6, 7, 8]), ERROR2=np.full(4, 0.5)))
    curve = open_fits(path.read_bytes(), "a.lc").tables[0]
    renamed = curve.header.copy()
    for old, new in (("RATE", "RATE1"), ("ERROR", "ERROR1")):
        renamed.set(f"TTYPE{curve.info(old).number}", new)
    first = table_hdu("SUMMARY", [(Column("RATE", "D"), [1.0])])
    path.write_bytes(fits_bytes(primary_hdu(), [first, as_hdu(Table(renamed, curve.rows.tobytes(), "a.lc"))]))
    out = f"!{tmp_path / 'out.lc'}"
    calls = {
        "rebinlc": {"infile": str(path), "outfile": out, "multiple": 2},
        "lcmath": {"infile": str(path), "bgfile": str(path), "outfile": out, "multb": 0},
        "lcurve": {"cfile1": str(path), "outfile": out, "dtnb": 16},
    }
    for task, parameters in calls.items():
        refused = call(task, parameters)
        assert (refused.returncode, "in the columns RATE1, RATE2" in refused.stdout) == (1, True), task
        done = call(task, parameters | {"column": "RATE2"})
        assert done.returncode == 0, done.stdout
        table = next(t for t in read_fits(tmp_path / "out.lc").tables if "TIME" in t)
        rates = table.column("RATE1" if task == "lcurve" else "RATE")
        expected = [5.5, 7.5] if task == "rebinlc" else [5, 6, 7, 8]
        np.testing.assert_allclose(rates[: len(expected)], expected)


def test_lcurve_counts_each_moment_once_and_says_so(tmp_path):
    one = curve_file(tmp_path / "a.lc", [1, 2, 3, 4])
    again = curve_file(tmp_path / "renamed.lc", [1, 2, 3, 4])
    other = curve_file(tmp_path / "b.lc", [9, 9], start=1e8 + 40)
    alone, joined = tmp_path / "alone.lc", tmp_path / "joined.lc"
    assert ftools.lcurve(cfile1=one, outfile=str(alone), dtnb=32).returncode == 0
    done = ftools.lcurve(cfile1=f"{one},{again},{other}", outfile=str(joined), dtnb=32)
    assert done.returncode == 0, done.stdout
    assert "4 rows were given more than once" in done.stdout
    assert "2 rows are of time that another light curve has too" in done.stdout
    for name in ("TIME", "RATE1", "ERROR1", "FRACEXP"):
        np.testing.assert_array_equal(read_fits(joined).table().column(name), read_fits(alone).table().column(name))


@pytest.mark.parametrize("task", ["lcurve", "lcmath"])
def test_what_can_not_be_one_curve_is_refused(tmp_path, task):
    one = curve_file(tmp_path / "a.lc", [1, 2])
    data = Path(one).read_bytes()
    (tmp_path / "tdb.lc").write_bytes(with_keywords(data, "x", 1, [("TIMESYS", "TDB"), ("TIMEREF", "SOLARSYSTEM")]))
    (tmp_path / "pcu.lc").write_bytes(with_keywords(data, "x", 1, [("TUNIT2", "count/s/PCU")]))
    (tmp_path / "crab.lc").write_bytes(with_keywords(data, "x", 1, [("OBJECT", "CRAB")]))
    out = tmp_path / "out.lc"

    def called(name, **more):
        both = (
            {"cfile1": f"{one},{tmp_path / name}"} if task == "lcurve" else {"infile": one, "bgfile": tmp_path / name}
        )
        return call(task, {key: str(value) for key, value in both.items()} | {"outfile": f"!{out}"} | more)

    for name, words in (("tdb.lc", "time system"), ("pcu.lc", "unit (TUNIT)")):
        refused = called(name)
        assert (refused.returncode, words in refused.stdout, out.exists()) == (1, True, False)
    if task == "lcurve":
        refused = called("crab.lc")
        assert (refused.returncode, "crab: " in refused.stdout, out.exists()) == (1, True, False)
        assert called("crab.lc", force="yes").returncode == 0


def test_a_rate_per_pcu_stays_one(tmp_path):
    one = Path(curve_file(tmp_path / "a.lc", [1, 2]))
    one.write_bytes(with_keywords(one.read_bytes(), "x", 1, [("TUNIT2", "count/s/PCU"), ("TUNIT3", "count/s/PCU")]))
    out = tmp_path / "out.lc"
    for result in (
        ftools.rebinlc(infile=str(one), outfile=f"!{out}", multiple=2),
        ftools.lcmath(infile=str(one), bgfile=str(one), outfile=f"!{out}"),
    ):
        assert result.returncode == 0, result.stdout
        assert [read_fits(out).table().info(name).unit for name in ("RATE", "ERROR")] == ["count/s/PCU"] * 2
