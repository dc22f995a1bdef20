"""Which fast data an observation shall have, and what is to be found in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rossi.errors import ConfigError


class Configurations(StrEnum):
    """Sets of configurations that observers chose."""

    #: Both halves of GoodXenon.
    XENON = "goodxenon"
    #: Counts in four bands up to channel 35, events above.
    BINNED = "binned"
    #: Counts in two single bands up to channel 35, events above.
    SINGLE_BIT = "single-bit"
    #: Events in 64 bands.
    EVENTS = "events"
    #: None: the standard configurations alone.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Pulse:
    """A sinusoidal pulse whose phase is counted at the barycentre of the solar system.

    Parameters
    ----------
    period : float [s]
    epoch : float [s]
        MET (TDB) of phase 0, the maximum.
    fraction : float
        Amplitude over mean of the source's light.
    """

    period: float
    epoch: float
    fraction: float

    def __post_init__(self) -> None:
        if not (self.period >= 0.01 and 0 < self.fraction <= 1):
            raise ConfigError(
                f"A simulated pulse of period {self.period} s and fraction {self.fraction}: a period of at least "
                "0.01 s and a fraction above 0 and up to 1 were expected."
            )


@dataclass(frozen=True, slots=True)
class Qpo:
    """A quasi-periodic oscillation of the source: noise with a Lorentzian power spectrum.

    Parameters
    ----------
    frequency, width : float [Hz]
        Centre and full width at half maximum.
    rms : float
        Of the source's light, over its mean.
    """

    frequency: float
    width: float
    rms: float

    def __post_init__(self) -> None:
        if not (0.5 <= self.frequency <= 500 and self.width > 0 and 0 < self.rms <= 0.35):
            raise ConfigError(
                f"A simulated QPO at {self.frequency} Hz with width {self.width} Hz and rms {self.rms}: 0.5 to 500 Hz, "
                "a width above 0 and an rms up to 0.35 were expected."
            )


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst: a linear rise, then an exponential decay.

    Parameters
    ----------
    at : float [s]
        Begin, from the observation's start.
    rise, decay : float [s]
        Length of the rise, and e-folding time of the decay.
    peak : float
        Height over the mean light of the source without burst.
    """

    at: float
    rise: float
    decay: float
    peak: float


@dataclass(frozen=True, slots=True)
class FastSpec:
    """Fast data of a simulated observation.

    Parameters
    ----------
    configurations : Configurations
    pulse : Pulse or None
    qpo : Qpo or None
    bursts : tuple of Burst
    """

    configurations: Configurations
    pulse: Pulse | None = None
    qpo: Qpo | None = None
    bursts: tuple[Burst, ...] = ()
