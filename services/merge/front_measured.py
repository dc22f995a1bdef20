"""What was measured of every observation, from the summaries of its stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rossi.sources import Observations
from rossi.sources.measured import BandRates, Measured
from services.contract import ObservationResult


def measured(observations: Observations, result_of: Callable[[str], ObservationResult | None]) -> Measured:
    """Return outcomes and mean rates of observations; bands are named as merged light curves are."""
    outcomes, told = [], dict[str, dict[int, tuple[float, float, float]]]()
    for row, obsid in enumerate(observations.obsid):
        result = result_of(obsid)
        outcomes.append(str(result.outcome) if result is not None else "")
        for end in result.ends if result is not None else ():
            for band, found in end.summary.get("bands", {}).items():
                rate, error, exposure = (found.get(of) for of in ("rate", "error", "exposure"))
                told.setdefault(band, {})[row] = (_number(rate), _number(error), _number(exposure))
    bands = {band: _rates(told[band], len(outcomes)) for band in sorted(told)}
    return Measured(bands, outcomes)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _rates(told: Mapping[int, tuple[float, float, float]], number: int) -> BandRates:
    columns = np.full((3, number), np.nan)
    columns[2] = 0.0
    columns[:, list(told)] = np.array(list(told.values())).T
    return BandRates(*columns)
