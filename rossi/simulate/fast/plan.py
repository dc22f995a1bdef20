"""Which fast data the observations of a simulated archive have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rossi.errors import ConfigError
from rossi.simulate.signals import Burst, Configurations, FastSpec, Pulse, Qpo
from rossi.simulate.spec import ObservationSpec

#: The sets of configurations, by turns; the last one is that of observers who wanted none.
BY_TURNS = tuple(Configurations)
#: Over the flux of observations without fast data: lists of photons stay small, and short.
_FAINTER = 0.1
_PULSE = Pulse(period=0.1514, epoch=2.0e8, fraction=0.7)
_QPO = Qpo(frequency=24.0, width=2.0, rms=0.2)
#: Behind the slew, and away from the gaps and from the changes of detectors.
_BURSTS = (Burst(at=250.0, rise=1.0, decay=8.0, peak=25.0), Burst(at=620.0, rise=0.5, decay=12.0, peak=15.0))
#: What is to be found in which data: a pulse where photons have times of their own, a QPO in counts of bands, bursts.
_SIGNALS = {
    Configurations.XENON: FastSpec(Configurations.XENON, pulse=_PULSE),
    Configurations.BINNED: FastSpec(Configurations.BINNED, qpo=_QPO),
    Configurations.SINGLE_BIT: FastSpec(Configurations.SINGLE_BIT, bursts=_BURSTS),
    Configurations.EVENTS: FastSpec(Configurations.EVENTS, pulse=_PULSE),
    Configurations.NONE: FastSpec(Configurations.NONE),
}


def named(names: Sequence[str]) -> tuple[Configurations, ...]:
    """Return sets of configurations by their names.

    Parameters
    ----------
    names : sequence of str

    Raises
    ------
    ConfigError
        If there is none of a name.
    """
    unknown = [name for name in names if name not in set(Configurations)]
    if unknown:
        raise ConfigError(
            f"{unknown[0]!r} is no set of configurations that can be simulated; expected {', '.join(Configurations)}."
        )
    return tuple(Configurations(name) for name in names)


def with_fast_data(
    spec: ObservationSpec, number: int, configurations: Sequence[Configurations] = BY_TURNS
) -> ObservationSpec:
    """Return the specification of an observation with fast data, of a fainter source.

    Parameters
    ----------
    spec : ObservationSpec
    number : int
        Of the observation, from 0.
    configurations : sequence of Configurations
        Observations have them by turns.
    """
    which = configurations[number % len(configurations)]
    return replace(spec, flux=round(spec.flux * _FAINTER, 6), fast=_SIGNALS[which])
