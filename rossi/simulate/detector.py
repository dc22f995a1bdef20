"""Counts of the five PCUs in rows of 16 s: source, background, particles, dead time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.errors import ConfigError
from rossi.simulate import attitude, clock, orbit
from rossi.simulate.brightness import mean_light
from rossi.simulate.source import background_rates, source_rates
from rossi.simulate.spec import PCUS, ROW, ObservationSpec

Counts = NDArray[np.int64]

#: Very large events per PCU [1/s], with the discriminator setting of the housekeeping and its dead time an event [s].
VLE_RATE = 100.0
VLE_SETTING, VLE_DEAD = 2, 150e-6
EVENT_DEAD = 10e-6
#: Propane events per PCU [1/s], spread over 33 elements.
_PROPANE = 55.0 * np.exp(-np.arange(33) / 6.0) / np.exp(-np.arange(33) / 6.0).sum()
#: The counters of coincident and other rejected events, in file order, with typical rates per PCU [1/s].
COUNTERS = {
    "VpX1L": 10.0,
    "VpX1R": 10.0,
    "VxX1L": 51.0,
    "VxX1R": 51.0,
    "VxX2L": 38.0,
    "VxX2R": 38.0,
    "VxX3L": 68.0,
    "VxX3R": 68.0,
    "X1LX1R": 26.0,
    "X2LX2R": 10.0,
    "X3LX3R": 14.0,
    "Q3VxVpXe": 110.0,
    "Q4VxVpXe": 60.0,
    "Q5VxVpXe": 34.0,
    "Q6VxVpXe": 21.0,
    "Q7VxVpXe": 9.0,
    "Q8VxVpXe": 5.0,
    "CAL": 2.6,
    "VxL": 60.0,
    "VxH": 47.0,
    "VxLVxH": 17.0,
    "VpXe23": 9.0,
    "X1LX2L": 22.0,
    "X1RX2R": 22.0,
    "X2LX3L": 22.0,
    "X2RX3R": 22.0,
    "VxpXOR2Xe": 3.5,
    "Zero": 0.9,
}
_COUNTER_RATES = np.array(list(COUNTERS.values()))


@dataclass(frozen=True, slots=True)
class Rows:
    """What Standard2 records, with the expectation of the background for the standard products.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Start of the rows.
    xenon : ndarray (n, 5, 6, 129) of int [count]
        PCU; anodes X1L, X1R, X2L, X2R, X3L, X3R; element.
    propane : ndarray (n, 5, 33) of int [count]
    vle : ndarray (n, 5) of int [count]
    counters : ndarray (n, 5, 28) of int [count]
        In the order of `COUNTERS`.
    background : ndarray (n, 5, 6, 129) [count]
        Expected part of `xenon`.
    """

    time: NDArray[np.float64]
    xenon: Counts
    propane: Counts
    vle: Counts
    counters: Counts
    background: NDArray[np.float64]

    def __getitem__(self, rows: slice) -> Rows:
        """Return some of the rows."""
        return Rows(*(getattr(self, field.name)[rows] for field in fields(self)))


def pcu_on(spec: ObservationSpec, met: ArrayLike) -> NDArray[np.bool_]:
    """Return which PCUs are on.

    Parameters
    ----------
    spec : ObservationSpec
    met : array_like (...) [s]

    Returns
    -------
    ndarray (..., 5) of bool
    """
    since = np.asarray(met, np.float64) - spec.start
    on = np.zeros((*since.shape, PCUS), bool)
    for interval in spec.pcus:
        on[..., interval.pcu] |= (interval.on <= since) & (since < interval.off)
    return on


def particle_level(met: ArrayLike) -> NDArray[np.float64]:
    """Return the particle environment along the orbit, about 1: less at the equator, more at high latitudes.

    Parameters
    ----------
    met : array_like (...) [s]

    Returns
    -------
    ndarray (...)
    """
    return np.asarray(0.88 + 0.3 * (orbit.ground(met)[0] / 23.0) ** 2)


def row_times(spec: ObservationSpec) -> NDArray[np.float64]:
    """Return the starts of the rows that are telemetered: not far behind the Earth's limb, not in a gap.

    Parameters
    ----------
    spec : ObservationSpec

    Returns
    -------
    ndarray (n,) [s]
    """
    time = np.arange(spec.start, spec.stop, ROW, dtype=np.float64)
    sent = orbit.elevation(time, orbit.unit(spec.ra, spec.dec)) > -3.0
    for start, stop in spec.gaps:
        sent &= (time + ROW <= spec.start + start) | (time >= spec.start + stop)
    return time[sent]


def segments(time: NDArray[np.float64]) -> list[slice]:
    """Return the runs of contiguous rows; each becomes a file.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Starts of the rows.
    """
    cuts = np.flatnonzero(np.diff(time) > ROW) + 1
    edges = [0, *cuts.tolist(), len(time)]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def observe(spec: ObservationSpec, rng: np.random.Generator) -> Rows:
    """Draw the counts of an observation.

    A detector that is dead for a time tau after each recorded event records true rates r with the live fraction
    1 / (1 + sum(r tau)); all counters are Poisson around that.

    Parameters
    ----------
    spec : ObservationSpec
    rng : Generator

    Raises
    ------
    ConfigError
        If the source is so bright that a 16-bit counter would overflow.
    """
    time = row_times(spec)
    middle = time + ROW / 2
    level = particle_level(middle)[:, None, None, None]
    light = (attitude.transmission(spec, middle) * mean_light(spec, time))[:, None, None, None]
    background = background_rates(spec.start) * level
    xenon = source_rates(spec.start, spec.spectrum) * light + background
    propane = np.broadcast_to(_PROPANE, (PCUS, 33)).copy()
    for pcu, lost in clock.PROPANE_LOST.items():
        propane[pcu] *= 0.02 if spec.start >= lost else 1.0
    propane = propane * level[..., 0]
    counters = np.broadcast_to(_COUNTER_RATES, (PCUS, len(COUNTERS))) * level[..., 0]
    vle = np.full((1, PCUS), VLE_RATE) * level[..., 0, 0]
    dead = EVENT_DEAD * (xenon.sum((2, 3)) + propane.sum(2) + counters.sum(2)) + VLE_DEAD * vle
    live = ROW * pcu_on(spec, time) / (1.0 + dead)
    rows = Rows(
        time,
        rng.poisson(xenon * live[..., None, None]),
        rng.poisson(propane * live[..., None]),
        rng.poisson(vle * live),
        rng.poisson(counters * live[..., None]),
        background * live[..., None, None],
    )
    if max(rows.xenon.max(initial=0), rows.counters.max(initial=0)) > 65535:
        raise ConfigError(
            f"Simulated observation {spec.obsid}: flux {spec.flux} with photon index {spec.photon_index} "
            "overflows the 16-bit counters; use less."
        )
    return rows
