"""The published coefficient files, where they are at hand."""

import pytest

from rossi.fits.reader import read_fits
from rossi.hexte.coefficients import coefficients
from rossi.hexte.science import Cluster
from tests.rossi.hexte import synthetic


@pytest.mark.parametrize("cluster", list(Cluster))
def test_the_last_row_holds_for_most_of_the_mission(shared, cluster):
    name = cluster.value.lower()
    table = read_fits(shared / f"data/real/calibration/hxtdead_97jul2_{name}.fits").table()
    mine = coefficients(synthetic.coefficients(name).table(), cluster, (2e8, 3e8))
    real = coefficients(table, cluster, (2e8, 3e8))
    assert (real.xuld.tolist(), real.uld.tolist()) == (mine.xuld.tolist(), mine.uld.tolist())
    assert real.remarks == ()


def test_rows_that_are_shifted_by_a_column_are_used_as_they_are(shared):
    table = read_fits(shared / "data/real/calibration/hxtdead_97jul2_pwb.fits").table()
    known = coefficients(table, Cluster.B, (68400000.0, 68500000.0))
    assert known.xuld[0] == 0
    assert known.uld[0] == pytest.approx(16 * 0.00214)


def test_the_gaps_between_rows_are_said(shared):
    table = read_fits(shared / "data/real/calibration/hxtdead_97jul2_pwa.fits").table()
    assert [r.code for r in coefficients(table, Cluster.A, (66400000.0, 66530000.0)).remarks] == ["no_coefficients"]
