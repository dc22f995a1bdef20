"""What headers of standard products say, those of the archive too."""

from __future__ import annotations

from pathlib import Path

import pytest

from rossi.errors import DataError
from rossi.product import Content
from rossi.validate.standard import read_standard_product

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


@pytest.mark.parametrize("name", ["xp90171010100.rsp", "x90171010100.xfl", "xp1_n2a.lc", "n2a.lc"])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="no name of a standard product"):
        read_standard_product(b"", name)
