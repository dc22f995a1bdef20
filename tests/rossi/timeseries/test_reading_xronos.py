"""Light curves as xronos writes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rossi.fits.reader import open_fits
from rossi.met import MJDREFF, MJDREFI
from rossi.timeseries.reading import light_curve_of
from rossi.timeseries.xronos import newbins, statistics, xronos_file
from tests.rossi.timeseries.test_reading import CURVE, TIME, read

Cards = Sequence[tuple[str, object]]

NAN, INF = float("nan"), float("inf")


def test_what_xronos_writes_is_read() -> None:
    series = read(CURVE)
    written = xronos_file(newbins([series], 16.0), series.header)
    again = light_curve_of(open_fits(written, "y.lc"))
    np.testing.assert_allclose(again.time[:4], TIME, rtol=0, atol=1e-6)
    np.testing.assert_allclose(again.rate[:4], [1, 2, 3, 4], rtol=1e-6)
    assert again.timedel == pytest.approx(16)
    header = open_fits(written, "y.lc").table().header
    start = MJDREFI + MJDREFF + TIME[0] / 86400 - 40000  # in truncated Julian days
    for stem, moment in (("TSTART", start), ("TSTOP", start + 64 / 86400), ("TIMEZER", start + 8 / 86400)):
        assert header[f"{stem}I"] == np.floor(start)
        assert header[f"{stem}I"] + header[f"{stem}F"] == pytest.approx(moment, abs=1e-9)
    assert (header["TIMEUNIT"], header["TIMEDEL"]) == ("d", pytest.approx(16 / 86400, rel=1e-12))


def test_what_xronos_tells_of_rates() -> None:
    """Of 1 and 3, two of four bins: mean 2, variance 1, of which errors of 0.5 make a quarter."""
    rates, errors = np.array([[1, NAN, 3, NAN], [0.5, NAN, 0.5, NAN]], np.float32)
    assert statistics(rates, errors) == pytest.approx(
        {
            **{"AVRGE_1": 2, "FREXP_1": 0.5, "VAROB_1": 1, "VAREX_1": 0.25, "THRDM_1": 0, "MININ_1": 1, "MAXIN_1": 3},
            **{"EXVAR_1": 0.75, "RMS_1": np.sqrt(0.75) / 2, "AVRGE_E1": 0.5, "VAROB_E1": np.sqrt(2)},
            **{"VAREX_E1": np.sqrt(2) / 4, "RMS_E1": np.sqrt(2) / (4 * np.sqrt(0.75))},
        }
    )
    skewed = statistics(np.array([1, 1, 4], np.float32), np.array([2, 2, 2], np.float32))
    assert skewed["THRDM_1"] == pytest.approx((1 + 1) * -1 / 3 + 8 / 3) and skewed["RMS_1"] == pytest.approx(
        -np.sqrt(2) / 2
    )
    alone = statistics(np.array([3, NAN], np.float32), np.array([1, NAN], np.float32))
    assert alone["AVRGE_1"] == 3 and not any("_E" in keyword for keyword in alone)
    assert statistics(rates[:0], errors[:0]) == {"FREXP_1": 0.0}


def test_half_a_bin_of_xronos_may_be_in_days() -> None:
    columns = CURVE | {"XAX_E": np.full(4, 8 / 86400)}
    series = read(columns, [("CONTENT", "XRONOS OUTPUT")], unit={"TIME": "s", "XAX_E": "d"}, timedel=None)
    assert series.widths == pytest.approx(16)
