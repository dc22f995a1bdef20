"""What is told of filter files and good time that differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from rossi.fits.table import Table
from rossi.fits.writer import Column, table_hdu
from rossi.validate.filter_file import compare_filter_files, compare_good_time
from rossi.validate.verdict import Verdict

TIME = 16.0 * np.arange(200)
NAN = float("nan")


def table(columns: Mapping[str, tuple[str, str, np.ndarray | float]], time: np.ndarray = TIME) -> Table:
    """Return a filter file: element, unit and values of each column."""
    hdu = table_hdu(
        "XTE_MKF",
        [
            (Column("Time", "D", "s"), time - 3.0),
            *(
                (Column(name, code, unit, null=255 if code == "B" else None), np.broadcast_to(value, len(time)))
                for name, (code, unit, value) in columns.items()
            ),
        ],
        [("TIMEZERO", 3.0)],
    )
    return Table(hdu.header, hdu.data, "xfl")


@pytest.mark.parametrize(
    ("code", "unit", "archive", "rossi", "rows", "verdict", "largest"),
    [
        ("D", "deg", 10.0, 10.00009, 200, Verdict.SAME, 0.00009),  # digits that single precision loses
        ("D", "deg", 10.0, 10.009, 200, Verdict.WITHIN, 0.009),
        ("D", "deg", 10.0, 10.011, 200, Verdict.DIFFERS, 0.011),
        ("D", "deg", 359.997, 0.004, 200, Verdict.WITHIN, 0.007),
        ("D", "deg", 0.004, 359.993, 200, Verdict.DIFFERS, -0.011),
        ("D", "min", 1.0, 1.04, 200, Verdict.WITHIN, 0.04),
        ("D", "min", 1.0, 0.94, 200, Verdict.DIFFERS, -0.06),
        ("D", "min", 20.0, 20.09, 200, Verdict.WITHIN, 0.09),  # half a per cent
        ("D", "min", 20.0, 20.11, 200, Verdict.DIFFERS, 0.11),
        ("D", "s", 100.0, 101.1, 200, Verdict.DIFFERS, 1.1),
        ("D", "", 0.1, 0.1049, 200, Verdict.WITHIN, 0.0049),
        ("D", "", 0.1, 0.1051, 200, Verdict.DIFFERS, 0.0051),
        ("B", "", 5, 4, 2, Verdict.WITHIN, -1),  # switched a row later: one of a hundred
        ("B", "", 5, 4, 3, Verdict.DIFFERS, -1),
        ("D", "deg", 10.0, NAN, 2, Verdict.WITHIN, 0.0),
        ("D", "deg", 10.0, NAN, 3, Verdict.DIFFERS, 0.0),
        ("B", "", 255, 255, 200, Verdict.SAME, 0.0),
        ("B", "", 5, 255, 2, Verdict.WITHIN, 0.0),
        ("B", "", 5, 255, 3, Verdict.DIFFERS, 0.0),
    ],
)
def test_columns(
    code: str, unit: str, archive: float, rossi: float, rows: int, verdict: Verdict, largest: float
) -> None:
    start = 50 if rows < len(TIME) else 0
    values = np.full(len(TIME), archive)
    theirs = table({"COLUMN": (code, unit, values.copy())})
    values[start : start + rows] = rossi
    mine = table({"COLUMN": (code, unit, values)})
    whole, column = compare_filter_files("xfl", theirs, mine)
    assert (whole.verdict, column.verdict, column.column, column.unit) == (verdict, verdict, "COLUMN", unit)
    assert column.largest == pytest.approx(largest, abs=1e-9)
    assert column.at == TIME[start if largest else 0]
    lost = rows if np.isnan(rossi) or (rossi == 255 != archive) else 0
    assert (column.only_archive, column.only_rossi) == (lost, 0)
    assert column.compared == (0 if archive == 255 else 200 - lost)
    back = compare_filter_files("xfl", mine, theirs)[1]
    assert (back.verdict, back.only_archive, back.only_rossi) == (verdict, 0, lost)


def test_all_columns_together() -> None:
    archive = table({"ELV": ("D", "deg", 10.0), "OFFSET": ("D", "deg", 1.0), "SPARE": ("D", "", 0.0)})
    rossi = table({"ELV": ("D", "deg", 10.5), "OFFSET": ("D", "deg", 1.0)}, TIME[3:] + 0.004)  # clocks: the same rows
    whole, *columns = compare_filter_files("xfl", archive, rossi)
    assert [(one.column, one.verdict) for one in columns] == [("ELV", Verdict.DIFFERS), ("OFFSET", Verdict.SAME)]
    assert (whole.compared, whole.only_archive, whole.only_rossi) == (197, 3, 0)
    assert (whole.verdict, whole.largest, whole.at, whole.unit) == (Verdict.DIFFERS, 0.5, TIME[3], "deg")
    assert whole.reasons == (
        "1 columns same, 0 columns within errors, 1 columns differs.",
        "Different: ELV by up to 0.5 deg.",
        "rossi makes no SPARE.",
        "The archive has 3 rows more.",
    )
    apart = compare_filter_files("xfl", archive, table({"ELV": ("D", "deg", 10.0)}, TIME + 0.03))
    assert [(one.compared, one.only_archive, one.only_rossi) for one in apart] == [(0, 200, 200), (0, 0, 0)]
    assert np.isnan(apart[1].at) and apart[1].largest == 0


@pytest.mark.parametrize(
    ("stop", "verdict"),
    [(1000.009, Verdict.SAME), (1032.0, Verdict.WITHIN), (1033.0, Verdict.DIFFERS), (967.0, Verdict.DIFFERS)],
)
def test_good_time_may_differ_by_a_row_at_each_interval(stop: float, verdict: Verdict) -> None:
    found = compare_good_time("xfl", np.array([[0.0, 1000.0]]), np.array([[0.0, stop]]), "ELV > 10")
    assert (found.verdict, found.is_fine, found.exposures) == (verdict, True, (1000.0, stop))
    assert found.largest == pytest.approx(stop - 1000)
    assert len(found.reasons) == {Verdict.SAME: 0, Verdict.WITHIN: 1, Verdict.DIFFERS: 2}[verdict]
    if stop == 967.0:
        assert found.reasons[0] == "967 s are good in both, 33 s in the archive alone, 0 s in rossi alone."
        assert found.reasons[1].endswith("rossi's is ELV > 10.")
