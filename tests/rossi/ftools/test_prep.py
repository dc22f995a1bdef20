"""``pcaprepobsid`` and what it is made of: the golden products, and calls that can't work."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rossi import ftools
from rossi.fits.reader import read_fits
from rossi.ftools.task import call
from tests.golden.comparison import differences

LISTS = ["FP_bkg2.lis", "FP_dtbkg2.lis", "FP_dtstd2.lis", "FP_pcahk.lis", "FP_std2.lis", "FP_xtefilt.lis", "appid.lis"]


def lay_out(case: Path, work: Path) -> list[dict]:
    """Put input and calibration side by side; return the recorded calls."""
    shutil.copytree(case / "input", work / "input")
    shutil.copytree(case.parent / "calibration", work / "calibration")
    return json.loads((case / "plan.json").read_text())["steps"]


def close(expected: Path, made: Path) -> list[str]:
    """Return what differs between two files, besides the last bits of MCILWAIN_L."""
    ours, theirs = read_fits(made), read_fits(expected)
    if made.suffix == ".xfl":
        pair = (ours.table("XTE_MKF").column("MCILWAIN_L"), theirs.table("XTE_MKF").column("MCILWAIN_L"))
        np.testing.assert_allclose(*pair, rtol=1e-6)
    return [line for line in differences(theirs, ours) if "MCILWAIN_L" not in line]


def check_case(case, work, monkeypatch):
    steps = lay_out(case, work)
    monkeypatch.chdir(work)
    compared = 0
    for step in steps:
        if step["task"] != "pcaprepobsid" or step.get("expect") == "failure":
            continue
        result = call("pcaprepobsid", step["parameters"])
        assert result.returncode == 0, result.stdout
        for expected in sorted((case / "expected" / step["parameters"]["outdir"]).iterdir()):
            made = Path(step["parameters"]["outdir"]) / expected.name.removesuffix(".gz")
            assert str(made) in result.output
            compared += 1
            if made.suffix == ".lis":
                assert made.read_text() == expected.read_text()
            else:
                assert (made.name, close(expected, made)) == (made.name, [])
        assert (Path(step["parameters"]["outdir"]) / "pcaprepobsid_done.txt").exists()
    return compared


@pytest.mark.parametrize(("name", "products"), [("e5_switch", 11), ("e3_split_nulls", 18), ("e3_all5", 10)])
def test_products_are_equal_to_the_last_bit(golden, tmp_path, monkeypatch, name, products):
    assert check_case(golden / name, tmp_path, monkeypatch) == products


@pytest.fixture
def prepared(golden, tmp_path, monkeypatch) -> dict[str, str]:
    """An observation and its calibration; parameters that work."""
    lay_out(golden / "e5_switch", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALDB", raising=False)
    return {
        "indir": str(next(Path("input").glob("AO*/P*/*"))),
        "outdir": "out",
        "modelfile": "calibration/sim_pca_bkgd_e03e05.mdl.gz",
        "saahfile": "calibration/sim_saa_history.fits",
        "breakfile": "calibration/sim_pca_breakdown.fits.gz",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"indir": "nowhere"}, "indir=nowhere: not an observation directory"),
        ({"outdir": "no/such/folder"}, "outdir=no/such/folder: can't be made"),
        ({"modelfile": "missing.mdl"}, "missing.mdl"),
        ({"saahfile": "none"}, "SAA"),
        ({"breakfile": "missing.fits"}, "missing.fits"),
        ({"modelfile": "CALDB"}, "modelfile=CALDB"),
        ({"breakfile": "CALDB"}, "breakfile=CALDB"),
        ({"ra": "0", "dec": "0"}, "position"),
        ({"timestep": "0"}, "step"),
        ({"bkginterval": "32"}, "with rows as long as the data's (interval, bkginterval"),
    ],
)
def test_calls_that_fail_leave_no_product(prepared, changes, message):
    result = ftools.pcaprepobsid(**prepared | changes)
    assert result.returncode != 0
    assert message in result.stdout
    assert list(Path("out").glob("*")) == []


def test_four_housekeeping_files(prepared):
    next(Path(prepared["indir"]).glob("pca/FH5c*")).unlink()
    result = ftools.pcaprepobsid(**prepared)
    assert result.returncode == 1 and "all five housekeeping files" in result.stdout and "FH5a" in result.stdout


def test_without_standard2_there_is_a_filter_file(prepared):
    next(Path(prepared["indir"]).glob("pca/FS4a*")).unlink()
    assert ftools.pcaprepobsid(**prepared, datamodes="Standard2").returncode == 0
    names = sorted(path.name for path in Path("out").iterdir())
    assert names == ["FP_15752a09-15752e73.xfl", "FP_pcahk.lis", "FP_xtefilt.lis", "appid.lis", "pcaprepobsid_done.txt"]
    assert np.isnan(read_fits("out/FP_15752a09-15752e73.xfl").table("XTE_MKF").column("ELECTRON2")).all()


def test_earlier_outputs(prepared):
    assert ftools.pcaprepobsid(**prepared).returncode == 0
    result = ftools.pcaprepobsid(**prepared, clobber="no")
    assert result.returncode == 1 and "exists" in result.stdout
    assert Path("out/pcaprepobsid_done.txt").exists()
    failed = ftools.pcaprepobsid(**prepared | {"saahfile": "none"})
    assert failed.returncode == 1
    assert [name for name in [*LISTS, "pcaprepobsid_done.txt"] if Path("out", name).exists()] == []
    assert ftools.pcaprepobsid(**prepared).returncode == 0


def test_absolute_paths_and_no_breakdowns(prepared):
    assert ftools.pcaprepobsid(**prepared | {"breakfile": "NONE", "abspath": "yes"}).returncode == 0
    for name in LISTS[:-1]:
        for line in Path("out", name).read_text().splitlines():
            assert Path(line).is_absolute() and Path(line).exists()
    table = read_fits(Path("out/FP_dtstd2.lis").read_text().strip()).table("XTE_SA")
    assert "BreakdownPcu2" not in table and "BadPcu2" in table
    assert "TIME_SINCE_BRK" not in read_fits("out/FP_15752a09-15752e73.xfl").table("XTE_MKF")


def test_background_without_layers(prepared):
    result = ftools.pcaprepobsid(**prepared | {"outdir": "flat"}, bkglayers="no")
    assert result.returncode == 0, result.stdout
    flat = read_fits("flat/FS4a_15752a10-15752e70_dtbkg").table("XTE_SA")
    assert "X1LSpecPcu2" not in flat
    bad = flat.column("BadPcu2")
    assert bad.any() and not flat.column("XeSpecPcu2")[bad].any()
    np.testing.assert_allclose(flat.column("XeCntPcu2"), flat.column("XeSpecPcu2").astype(float).sum(1))
    assert flat.column("XeCntPcu2").max() > 100


def test_parts_give_what_the_whole_gives(prepared):
    assert ftools.pcaprepobsid(**prepared).returncode == 0
    result = ftools.xtefilt(p=prepared["indir"], f="filter", o="91401-02-03-00", t=16, b=prepared["breakfile"])
    assert result.output == ("filter.xfl",)
    assert Path("filter.xfl").read_bytes() == Path("out/FP_15752a09-15752e73.xfl").read_bytes()
    (data,) = Path(prepared["indir"]).glob("pca/FS4a*")
    calibration = {key: prepared[key] for key in ("modelfile", "saahfile", "breakfile")}
    made = ftools.pcaprepfile2(
        infile=str(data),
        filterfile="filter.xfl",
        hkfiles="@out/FP_pcahk.lis",
        bkgfile="bkg",
        dtfile="dt",
        dtbkgfile="dtbkg",
        **calibration,
    )
    assert made.output == ("bkg", "dt", "dtbkg"), made.stdout
    for kind in made.output:
        assert differences(read_fits(f"out/FS4a_15752a10-15752e70_{kind}"), read_fits(kind)) == []
    again = ftools.pcaprepfile2(
        infile=str(data), filterfile="filter.xfl", hkfiles="@out/FP_pcahk.lis", bkgfile="b", dtfile="dt",
        dtbkgfile="NONE", **calibration,
    )  # fmt: skip
    assert again.returncode == 1 and "dt exists" in again.stdout and not Path("b").exists()
    alone = {"dtfile": "NONE", "dtbkgfile": "x", "bkgfile": "b", "hkfiles": "@out/FP_pcahk.lis"}
    result = ftools.pcaprepfile2(infile=str(data), filterfile="filter.xfl", **alone, **calibration)
    assert result.returncode == 1 and "without dtfile" in result.stdout


def test_own_columns(prepared):
    Path("columns.lis").write_text("21 ACSALTITUDE HEIGHT\n\n90 dsVle\n")
    assert ftools.xtefilt(p=prepared["indir"], f="own", a="columns.lis").returncode == 0
    table = read_fits("own.xfl").table("XTE_MKF")
    assert [info.name for info in table.infos.values()][:3] == ["Time", "HEIGHT", "dsVle"] and len(table.infos) == 41
    Path("columns.lis").write_text("ACSALTITUDE\n")
    assert "should be an application id" in ftools.xtefilt(p=prepared["indir"], f="own2", a="columns.lis").stdout
    wrong = ftools.xtefilt(p=prepared["indir"], f="own3", o="91401-02-03-01")
    assert wrong.returncode == 1 and "91401-02-03-00" in wrong.stdout


def test_calibration_from_a_caldb(prepared, golden, monkeypatch):
    assert ftools.pcaprepobsid(**prepared).returncode == 0
    tree = golden / "caldb/tree"
    monkeypatch.setenv("CALDB", str(tree))
    result = ftools.pcaprepobsid(**prepared | {"saahfile": "CALDB", "breakfile": "CALDB", "outdir": "other"})
    assert result.returncode == 0, result.stdout
    for path in (path for path in Path("out").iterdir() if path.suffix not in {".lis", ".txt"}):
        assert differences(read_fits(path), read_fits(Path("other") / path.name)) == []


def test_standard1_is_prepared_for_pcaextlc1(prepared):
    result = ftools.pcaprepobsid(**prepared)
    assert result.returncode == 0, result.stdout
    (raw,) = sorted(Path(prepared["indir"]).glob("pca/FS46*"))
    name = f"out/{raw.name.removesuffix('.gz')}_dt"
    assert Path("out/FP_dtstd1.lis").read_text() == f"{name}\n"
    assert Path("out/FP_std1.lis").read_text() == f"{raw}\n"
    hkfiles = ",".join(map(str, sorted(Path(prepared["indir"]).glob("pca/FH5*"))))
    alone = ftools.pcaprepfile1(infile=str(raw), hkfiles=hkfiles, dtfile="dt", breakfile=prepared["breakfile"])
    assert alone.files == ("dt",), alone.stdout
    assert Path("dt").read_bytes() == Path(name).read_bytes()
    assert ftools.maketime(infile=next(Path("out").glob("*.xfl")), outfile="g", expr="ELV > 4").returncode == 0
    curve = ftools.pcaextlc1(
        src_infile="@out/FP_dtstd1.lis",
        bkg_infile="@out/FP_dtbkg2.lis",
        outfile="a.lc",
        gtiandfile="g",
        chmin="INDEF",
        chmax="INDEF",
        pculist="ALL",
        layerlist="ALL",
        binsz=np.float64(2.0),
    )
    assert curve.returncode == 0, curve.stdout
    table = read_fits("a.lc").table()
    assert (table.header["TIMEDEL"], len(table) > 100) == (2.0, True)


@pytest.mark.parametrize(
    ("datamodes", "made", "absent"),
    [
        ("Standard1", ["FP_std1.lis", "FP_dtstd1.lis"], ["FP_std2.lis", "FP_dtstd2.lis"]),
        ("standard2", ["FP_std2.lis", "FP_dtstd2.lis"], ["FP_std1.lis", "FP_dtstd1.lis"]),
        ("Standard1, Standard2", ["FP_dtstd1.lis", "FP_dtstd2.lis"], []),
    ],
)
def test_kinds_of_data_are_chosen(prepared, datamodes, made, absent):
    assert ftools.pcaprepobsid(**prepared, datamodes=datamodes).returncode == 0
    assert all(Path("out", name).exists() for name in made)
    assert not any(Path("out", name).exists() for name in absent)
    wrong = ftools.pcaprepobsid(**prepared, datamodes="Standard3")
    assert "datamodes is 'Standard3'" in wrong.stdout


def test_damaged_standard1_leaves_standard2_alone(prepared):
    (raw,) = Path(prepared["indir"]).glob("pca/FS46*")
    raw.write_bytes(b"SIMPLE  = nonsense")
    result = ftools.pcaprepobsid(**prepared)
    assert result.returncode == 0
    assert "pcaprepobsid: left out: " in result.stdout and raw.name in result.stdout
    assert Path("out/FP_dtstd2.lis").exists() and not Path("out/FP_dtstd1.lis").exists()
    alone = ftools.pcaprepobsid(**prepared, datamodes="Standard1")
    assert (alone.returncode, raw.name in alone.stdout) == (1, True)
