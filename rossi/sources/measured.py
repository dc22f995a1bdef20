"""What was measured of observations, and of sources from theirs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import ConfigError
from rossi.timeseries.means import mean_rate
from rossi.timeseries.variability import Variability, fractional_variability

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BandRates:
    """Mean rates of observations in one band.

    Parameters
    ----------
    rate, error : ndarray (n,)
        In `unit`; NaN where an observation has none.
    exposure : ndarray (n,)
        In `exposure_unit`.
    unit, exposure_unit : str
        As astropy spells them.
    """

    rate: Floats
    error: Floats
    exposure: Floats
    unit: str = "ct / s"
    exposure_unit: str = "s"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What came of observations.

    Parameters
    ----------
    bands : mapping of str to BandRates
        By the bands' names.
    outcome : sequence of str (n,), optional
        succeeded, no_work or failed.
    hardness : pair of str, optional
        The hard and the soft band whose ratio is the hardness.
    """

    bands: Mapping[str, BandRates] = field(default_factory=dict)
    outcome: Sequence[str] = ()
    hardness: tuple[str, str] | None = None

    def require(self, number: int) -> None:
        """Check that it is of so many observations, and has the bands of the hardness.

        Parameters
        ----------
        number : int
            How many observations there are.

        Raises
        ------
        ConfigError
            If there are more or fewer rates or outcomes, or a band of the hardness is not there.
        """
        lengths = {f"rates of {band}": len(one.rate) for band, one in self.bands.items()}
        if self.outcome:
            lengths["outcomes"] = len(self.outcome)
        if wrong := next((f"{length} {what}" for what, length in lengths.items() if length != number), ""):
            raise ConfigError(
                f"Tables of {number} observations: {wrong} were given; as many as observations were expected."
            )
        if missing := [band for band in self.hardness or () if band not in self.bands]:
            raise ConfigError(
                f"Hardness of {missing[0]}: the bands are {', '.join(self.bands) or 'none'}; name two of them."
            )


@dataclass(frozen=True, slots=True)
class SourceRates:
    """What is known of a source in one band.

    Parameters
    ----------
    rate, error : float
        Mean weighted with exposure; NaN without any.
    variability : Variability
        Of the observations' means.
    """

    rate: float
    error: float
    variability: Variability


def source_rates(band: BandRates, rows: Ints) -> SourceRates:
    """Return mean and variability of some observations in a band.

    Parameters
    ----------
    band : BandRates
    rows : ndarray (m,) of int
        The observations.
    """
    rate, error, _ = mean_rate(band.rate[rows], band.error[rows], band.exposure[rows])
    return SourceRates(rate, error, fractional_variability(band.rate[rows], band.error[rows]))


def ratio(hard: SourceRates, soft: SourceRates) -> tuple[float, float]:
    """Return the hardness, a rate over another.

    Parameters
    ----------
    hard, soft : SourceRates

    Returns
    -------
    value, error : float
        NaN where the soft rate is not above 0, or the hard one is not known.
    """
    if not soft.rate > 0 or not math.isfinite(hard.rate):
        return math.nan, math.nan
    value = hard.rate / soft.rate
    return value, math.hypot(hard.error, value * soft.error) / soft.rate
