"""The entry of a source from its observations, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.fits.header import Header
from rossi.product import About, Kind
from rossi.timeseries.series import LightCurve, filled_intervals
from services.contract import Outcome
from services.merge.front_entry import entry_of, ratio
from services.merge.front_sources import Measured, SourceEntry, block
from services.merge.observations import Observation
from services.merge.products import join_band
from services.merge.shown import Shown

WIDTH = 16.0
ABOUTS = {
    f"ch{first}-{last}": About(Kind.LIGHT_CURVE, f"ch{first}-{last}", "PCA", None, (first, last))
    for first, last in ((5, 10), (11, 28))
}


def _series(start: float, bins: int, rate: float) -> LightCurve:
    time = start + WIDTH * np.arange(bins)
    live = np.full(bins, 2 * WIDTH)
    header = Header([("INSTRUME", "PCA"), ("OBJECT", "SIM X-1")])
    sizes = np.full(bins, rate), np.full(bins, 0.2), np.ones(bins)
    return LightCurve("made", time, *sizes, WIDTH, filled_intervals(time, WIDTH), header, Header(), {"LiveTime": live})


def _shown() -> Shown:
    kept = [
        Observation(f"1000{n}-01-01-00", Outcome.SUCCEEDED, curves={
            "ch5-10": _series(1e8 + 1e6 * n, bins, rate), "ch11-28": _series(1e8 + 1e6 * n, bins, rate / 2)
        }, abouts=ABOUTS)
        for n, (bins, rate) in enumerate([(4, 10.0), (12, 30.0)])
    ]  # fmt: skip
    observations = [*kept, Observation("10009-01-01-00", Outcome.FAILED, "cut")]
    return Shown(observations, [join_band(observations, band, keep_null=True) for band in ("ch5-10", "ch11-28")])


def test_an_entry_by_hand() -> None:
    entry = entry_of(_shown(), "sim", "SIM X-1", "x.html", ra=10.0, hardness=("ch11-28", "ch5-10"))
    assert (entry.observations, entry.failures, entry.exposure) == (3, 1, 16 * WIDTH)
    assert (entry.first, entry.last) == (1e8, 1e8 + 1e6 + 12 * WIDTH)
    soft, hard = entry.rates["PCA channels 5–10"], entry.rates["PCA channels 11–28"]
    # Weighted with the exposure: 16 bins of equal exposure and error.
    assert soft.value == pytest.approx((4 * 10 + 12 * 30) / 16)
    assert soft.error == pytest.approx(0.2 / 4)
    assert soft.unit == "count/s/PCU"
    assert hard.value == pytest.approx(soft.value / 2)
    assert entry.hardness.value == pytest.approx(0.5)
    assert entry.hardness.error == pytest.approx(np.hypot(0.05, 0.5 * 0.05) / 25)
    # Means 10 and 30 with errors of 0.2 / 2 and 0.2 / sqrt(12): sample variance 200, mean 20.
    assert entry.variability.value == pytest.approx((200 - (0.01 + 0.04 / 12) / 2) ** 0.5 / 20)
    assert entry.spark == (pytest.approx((1e8 + 2 * WIDTH, 1e8 + 1e6 + 6 * WIDTH)), (10, 30))


def test_nothing_is_known_of_failures() -> None:
    entry = entry_of(Shown([Observation("10009-01-01-00", Outcome.FAILED, "cut")], []), "sim", "SIM X-1", "x.html")
    assert (entry.observations, entry.failures, entry.exposure, entry.rates, entry.spark) == (1, 1, 0, {}, ((), ()))
    assert np.isnan([entry.first, entry.last, entry.hardness.value, entry.variability.value]).all()


def test_no_ratio_to_nothing() -> None:
    assert np.isnan(ratio(Measured(value=1, error=1), Measured(value=-0.1, error=1)).value)


def test_an_entry_is_kept_as_json() -> None:
    entry = entry_of(_shown(), "sim", "SIM X-1", "x.html", also=["S"], dec=-3.0)
    again = SourceEntry.model_validate_json(entry.model_dump_json())
    assert again.model_dump_json() == entry.model_dump_json()
    assert np.isnan(again.ra)
    assert block([again]) == block([entry])
