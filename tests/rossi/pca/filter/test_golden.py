"""Filter files of the golden cases: every column to the last bit, but for MCILWAIN_L."""

import numpy as np
import pytest

from rossi.fits.reader import open_fits, read_fits
from rossi.pca.filter import build_filter_file, needed_files
from tests.golden.comparison import KEYWORDS, differences

OTHER_PLACE = (326.4, 38.25)


def check(case, folder="prep", position=None):
    directory = next(case.glob("input/AO*/P*/*"))
    names = [str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()]
    files = {name: (directory / name).read_bytes() for name in needed_files(names)}
    breakdown = read_fits(case.parent / "calibration" / "sim_pca_breakdown.fits.gz")
    expected = read_fits(next((case / "expected" / folder).glob("FP_*.xfl.gz")))
    made = open_fits(build_filter_file(files, breakdown, position=position), "made.xfl")
    different = [line for line in differences(expected, made) if "MCILWAIN_L" not in line]
    assert different == []
    ours, theirs = made.table("XTE_MKF"), expected.table("XTE_MKF")
    np.testing.assert_allclose(ours.column("MCILWAIN_L"), theirs.column("MCILWAIN_L"), rtol=1e-6)
    for name, info in theirs.infos.items():
        mine = ours.infos[name]
        assert (mine.code, mine.null, mine.repeat) == (info.code, info.null, info.repeat), name
    keys = [*KEYWORDS, "OBSERVER", "OBS_ID", "OBJECT"]
    assert {k: made.primary.get(k) for k in keys} == {k: expected.primary.get(k) for k in keys}
    assert made.tables[0].header.get("R_EARTH") == expected.tables[0].header.get("R_EARTH")


@pytest.mark.parametrize("name", ["e5_switch", "e3_split_nulls", "e3_all5"])
def test_filter_file(golden, name):
    check(golden / name)


def test_filter_file_for_another_position(golden):
    check(golden / "e3_split_nulls", "prep_radec", OTHER_PLACE)


def test_what_is_needed():
    named = "FMI FIPC_1-2 FIAC_1-2 acs/FH0e_1-2.gz acs/FH0d_1-2 pca/FS4a_1-2.gz pca/FS46_1-2 pca/FH5e_1-2 pca/FH5f_1-2"
    needed = needed_files(
        [*named.split(), "hexte/FHfb_1-2", "hexte/FH54_1-2", "orbit/FPorbit_Day1", "stdprod/x1.xfl.gz"]
    )
    assert needed == sorted(
        ["FMI", "FIPC_1-2", "FIAC_1-2", "acs/FH0e_1-2.gz", "pca/FS4a_1-2.gz", "pca/FH5e_1-2", "hexte/FHfb_1-2"]
    )
