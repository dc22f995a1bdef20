"""What headers of standard products say, those of the archive too."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import DataError, NoGoodTime
from rossi.hexte.cluster import Curves
from rossi.hexte.products import ClusterProducts
from rossi.product import Content
from rossi.timeseries.reading import read_light_curve
from rossi.validate.hexte import _light_curve
from rossi.validate.pca import _per_second
from rossi.validate.standard import read_standard_product
from rossi.validate.verdict import Samples

#: Joined from the archive's: channels, PCUs, the factor that makes one PCU of them, rows.
REAL = {
    "xp1007701_e2_n2a.lc": ((6, 28), (0, 1, 2), 0.329547929539537, 6055),
    "xp2007601_e3_n2a.lc": ((5, 24), (0, 1, 2, 3, 4), 0.199999919155531, 3486),
    "xp4004101_e5_n2a.lc": ((5, 21), (2, 3), 0.495211052487505, 10288),
}


def test_light_curves_of_the_archive(shared: Path, subtests: pytest.Subtests) -> None:
    for name in REAL:
        with subtests.test(name):
            is_read(shared, name)


def is_read(shared: Path, name: str) -> None:
    data = (shared / "data/real/pca" / name).read_bytes()
    product = read_standard_product(data, "stdprod/xp40041010100_n2a.lc.gz")
    found = (product.channels, product.pcus, product.scale, len(product.samples.x))
    assert found == REAL[name]
    assert (product.anodes, product.timedel, product.is_live, product.content) == (
        ("X1L", "X1R"),
        16,
        False,
        Content.NET,
    )
    assert product.made.startswith("Version 6.7 product file created")


def test_curves_of_hexte_are_compared_with_those_of_their_band(shared: Path) -> None:
    data = (shared / "data/real/pca/xp1007701_e2_n2a.lc").read_bytes()
    product = replace(read_standard_product(data, "xp40041010100_n2a.lc"), channels=(15, 61))
    curve = read_light_curve(data, "net")
    cluster = ClusterProducts({"15-61": Curves(None, None, curve)}, {}, 16.0, ())
    found = _light_curve(product, cluster)
    assert np.array_equal(found.x, curve.time) and np.array_equal(found.value, curve.rate, equal_nan=True)
    with pytest.raises(DataError, match="does not tell the channels"):
        _light_curve(replace(product, channels=None), cluster)
    with pytest.raises(NoGoodTime, match="no such light curve"):
        _light_curve(product, replace(cluster, curves={"15-61": Curves(None, curve, None)}))


@pytest.mark.parametrize("name", ["xp90171010100.rsp", "x90171010100.xfl", "xp1_n2a.lc", "n2a.lc"])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="no name of a standard product"):
        read_standard_product(b"", name)


def test_rows_that_are_undefined_do_not_count(shared: Path) -> None:
    data = (shared / "data/real/pca/xp1007701_e2_n2a.lc").read_bytes()
    whole = read_standard_product(data, "xp40041010100_n2a.lc").samples
    with fits.open(io.BytesIO(data)) as hdus:
        hdus[1].data["RATE"][3], hdus[1].data["ERROR"][5] = np.nan, np.nan
        damaged = io.BytesIO()
        hdus.writeto(damaged)
    left = read_standard_product(damaged.getvalue(), "xp40041010100_n2a.lc").samples
    np.testing.assert_array_equal(left.x, np.delete(whole.x, [3, 5]))


@pytest.mark.parametrize(("exposure", "pcus"), [(1000.0, 2), (1010.0, 2), (2000.0, 1)])
def test_spectra_are_of_one_pcu(exposure: float, pcus: int) -> None:
    """An exposure that is no longer than the good time is of all PCUs together."""
    samples = Samples(np.zeros(1), np.ones(1), np.ones(1), exposure)
    kind = SimpleNamespace(is_spectrum=True)
    product = SimpleNamespace(kind=kind, samples=samples, gti=np.array([[0.0, 1000.0]]), pcus=(0, 2))
    assert (_per_second(product).value * pcus).tolist() == [1.0]  # type: ignore[arg-type]
