"""The published coefficient files, where they are at hand."""

import pytest

from rossi.fits.reader import read_fits
from rossi.hexte.coefficients import coefficients
from rossi.hexte.science import Cluster
from tests.rossi.hexte import synthetic


def test_published_coefficients(shared, subtests):
    """Their last row holds for most of the mission; what is odd before that is used as it is, and said."""
    tables = {
        cluster: read_fits(shared / f"data/real/calibration/hxtdead_97jul2_{cluster.value.lower()}.fits").table()
        for cluster in Cluster
    }
    for cluster, table in tables.items():
        with subtests.test(cluster.value):
            mine = coefficients(synthetic.coefficients(cluster.value.lower()).table(), cluster, (2e8, 3e8))
            real = coefficients(table, cluster, (2e8, 3e8))
            assert (real.xuld.tolist(), real.uld.tolist()) == (mine.xuld.tolist(), mine.uld.tolist())
            assert real.remarks == ()
    with subtests.test("rows that are shifted by a column"):
        known = coefficients(tables[Cluster.B], Cluster.B, (68400000.0, 68500000.0))
        assert known.xuld[0] == 0
        assert known.uld[0] == pytest.approx(16 * 0.00214)
    with subtests.test("a gap between rows"):
        known = coefficients(tables[Cluster.A], Cluster.A, (66400000.0, 66530000.0))
        assert [remark.code for remark in known.remarks] == ["no_coefficients"]
