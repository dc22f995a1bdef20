"""Dead time beside fast data."""

import numpy as np
import pytest

from rossi import ftools
from rossi.errors import DataError
from rossi.extract.array import ScienceArray
from rossi.fits.reader import read_fits
from rossi.timing.deadtime import DeadFraction, dead_fraction


@pytest.fixture(scope="module")
def prepared(golden, tmp_path_factory):
    pca = next((golden / "e5_switch/input").glob("AO*/P*/*/pca"))
    out = tmp_path_factory.mktemp("dead") / "dt"
    hkfiles = ",".join(map(str, sorted(pca.glob("FH5*"))))
    result = ftools.pcadeadcalc1(infile=str(next(pca.glob("FS46*"))), outfile=str(out), hkfiles=hkfiles)
    assert result.returncode == 0, result.stdout
    return ScienceArray.from_file(read_fits(out))


def test_one_pcu_has_its_live_fraction(prepared):
    dead = dead_fraction([prepared], [2])
    live = prepared.table.column("LiveFracPcu2").ravel().astype(float)
    good = live > 0
    assert 0 < good.sum() < len(good)
    assert dead.fraction[good] == pytest.approx(1 - live[good], abs=1e-6)
    assert np.isnan(dead.fraction[~good]).all()
    assert (dead.number == good).all() and dead.step == 0.125


def test_several_are_averaged_over_those_that_were_on(prepared):
    dead = dead_fraction([prepared])
    fractions = np.array([prepared.table.column(f"LiveFracPcu{pcu}").ravel() for pcu in range(5)])
    some = (fractions > 0).any(axis=0)
    expected = fractions.sum(axis=0)[some] / (fractions > 0).sum(axis=0)[some]
    assert 1 - dead.fraction[some] == pytest.approx(expected, abs=1e-6)
    at = np.flatnonzero(some)[100]
    inside = dead.time[at] + np.array([0.0, 0.06, 0.12])
    assert dead.at(inside).tolist() == [dead.fraction[at]] * 3
    assert np.isnan(dead.at(np.array([dead.time[0] - 1, dead.time[-1] + 1]))).all()


def test_samples_reach_from_their_begin_to_the_next():
    dead = DeadFraction(np.array([10.0, 11.0, 13.0]), 1.0, np.array([0.1, 0.2, 0.3]), np.array([5, 4, 3]))
    found = dead.at(np.array([9.9, 10.0, 10.9, 11.0, 12.0, 12.9, 13.5, 14.0]))
    assert found == pytest.approx([np.nan, 0.1, 0.1, 0.2, np.nan, np.nan, 0.3, np.nan], nan_ok=True)
    assert dead.during(11.0, 13.0).number.tolist() == [4]
    assert dead.during(10.5, 13.1).number.tolist() == [5, 4, 3]


def test_what_is_not_prepared(golden):
    pca = next((golden / "e5_switch/input").glob("AO*/P*/*/pca"))
    with pytest.raises(DataError, match="column OnTimePcu0 is missing"):
        dead_fraction([ScienceArray.from_file(read_fits(next(pca.glob("FS46*"))))])
    with pytest.raises(DataError, match="dead time is not known"):
        dead_fraction([])
    standard2 = next((golden / "e5_switch/expected/prep").glob("FS4a*_dt.gz"))
    rows = dead_fraction([ScienceArray.from_file(read_fits(standard2))])
    assert rows.step == 16.0 and 0 < np.nanmean(rows.fraction) < 0.2
