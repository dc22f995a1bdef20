"""``pcadeadcalc1`` and ``pcaextlc1`` under their FTOOLS names."""

import numpy as np
import pytest

from rossi import ftools
from rossi.fits.reader import read_fits


@pytest.fixture(scope="module")
def case(golden, tmp_path_factory):
    """Return a prepared Standard1 file, its GTI and its Standard2 background, and a folder."""
    folder, work = golden / "e5_switch", tmp_path_factory.mktemp("std1")
    pca = next((folder / "input").glob("AO*/P*/*/pca"))
    parameters = {
        "infile": str(next(pca.glob("FS46*"))),
        "outfile": str(work / "dt"),
        "hkfiles": ",".join(map(str, sorted(pca.glob("FH5*")))),
        "breakfile": str(golden / "calibration/sim_pca_breakdown.fits.gz"),
    }
    result = ftools.pcadeadcalc1(**parameters)
    assert result.returncode == 0, result.stdout
    again = ftools.pcadeadcalc1(**parameters)
    assert (again.returncode, "clobber=yes" in again.stdout) == (1, True)
    background = next((folder / "expected/prep").glob("*_dtbkg.gz"))
    return work, str(folder / "expected/gti/recipe.gti.gz"), str(background)


def extract(case, **more):
    work, gti, _ = case
    common = {"src_infile": str(work / "dt"), "bkg_infile": "NONE", "outfile": str(work / "a.lc"), "gtiandfile": gti}
    result = ftools.pcaextlc1(**common | more)
    return result, read_fits(work / "a.lc").tables[0] if result.returncode == 0 else None


def test_light_curves(case):
    _, fine = extract(case, binsz=0.125, lcmode="SUM")
    _, coarse = extract(case, binsz=16, lcmode="SUM")
    assert fine.column("COUNTS").sum() == coarse.column("COUNTS").sum()
    assert fine.column("LiveTime").sum() == pytest.approx(coarse.column("LiveTime").sum())
    assert (fine.header["TIMEDEL"], fine.header["DEADAPP"], fine.header["CPIX"]) == (0.125, True, "(0~255)")


def test_background_is_subtracted(case):
    _, raw = extract(case, binsz=4)
    _, net = extract(case, binsz=4, bkg_infile=case[2])
    good = np.isfinite(raw.column("RATE"))
    assert net.column("RATE")[good] == pytest.approx((raw.column("RATE") - net.column("BACKV"))[good])
    assert net.header["BACKAPP"] is True
    _, kept = extract(case, binsz=4, bkg_infile=case[2], bkgsub="no")
    assert np.array_equal(kept.column("RATE")[good], raw.column("RATE")[good])


def test_the_words_of_notebooks(case):
    _, plain = extract(case, binsz=4)
    words = {"chmin": "INDEF", "chmax": "INDEF", "layerlist": "ALL", "pculist": "ALL", "binsz": np.float64(4.0)}
    for more in (words, {"chmin": 0, "chmax": 255, "layerlist": "1-3", "binsz": "4"}):
        _, same = extract(case, **more)
        np.testing.assert_array_equal(same.column("RATE"), plain.column("RATE"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"layerlist": "1"}, "layerlist is '1'"),
        ({"chmax": 100}, "Standard1 data have no channels"),
        ({"binsz": 0.1}, "give a multiple"),
        ({"chmin": 5}, "Standard1 data have no channels"),
        ({"deadcorrtype": "SOME"}, "expected LIVE, ON or NONE"),
        ({"lcmode": "MEAN"}, "can be RATE or SUM"),
    ],
)
def test_mistakes_are_explained(case, more, message):
    result, _ = extract(case, **more)
    assert result.returncode != 0
    assert message in result.stdout


def test_raw_files_and_missing_housekeeping_are_refused(case, golden):
    pca = next((golden / "e5_switch/input").glob("AO*/P*/*/pca"))
    result, _ = extract(case, src_infile=str(next(pca.glob("FS46*"))))
    assert result.returncode == 1
    assert "LiveTimePcu0 is missing" in result.stdout
    four = ",".join(map(str, sorted(pca.glob("FH5*"))[:4]))
    result = ftools.pcadeadcalc1(infile=str(next(pca.glob("FS46*"))), outfile=str(case[0] / "x"), hkfiles=four)
    assert "one file each of PCU 0 to 4 is needed" in result.stdout
