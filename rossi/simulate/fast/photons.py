"""The photons behind the rows of Standard2: all configurations of an observation count the same ones."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rossi.simulate import attitude
from rossi.simulate.brightness import STEP, mean_light, row_light
from rossi.simulate.detector import Counts, Rows, particle_level
from rossi.simulate.signals import FastSpec
from rossi.simulate.source import FIRST_CHANNEL, background_rates, source_rates
from rossi.simulate.spec import PCUS, ROW, ObservationSpec

#: Ticks of GoodXenon in a second.
TICKS = 1 << 20
_WIDTH = np.diff(np.r_[FIRST_CHANNEL, 256])


@dataclass(frozen=True, slots=True)
class Photons:
    """Photons in order of time.

    Parameters
    ----------
    second : ndarray (n,) of int [s]
        Whole seconds, spacecraft clock.
    tick : ndarray (n,) of int
        Of 2^-20 s within it.
    pcu, anode, channel : ndarray (n,) of int
        PCU 0 to 4; anode 0 to 5 as X1L, X1R, X2L, X2R, X3L, X3R; absolute channel 0 to 255.
    """

    second: NDArray[np.int64]
    tick: NDArray[np.int64]
    pcu: NDArray[np.int64]
    anode: NDArray[np.int64]
    channel: NDArray[np.int64]

    def __getitem__(self, which: NDArray[np.bool_]) -> Photons:
        """Return some of them."""
        return Photons(*(getattr(self, one.name)[which] for one in fields(self)))

    def between(self, start: float, stop: float) -> Photons:
        """Return those from a time to another.

        Parameters
        ----------
        start, stop : float [s]
            Whole seconds.
        """
        return self[(self.second >= start) & (self.second < stop)]

    def within(self, first: int, last: int) -> Photons:
        """Return those of absolute channels.

        Parameters
        ----------
        first, last : int
        """
        return self[(self.channel >= first) & (self.channel <= last)]


def draw_photons(spec: ObservationSpec, fast: FastSpec, rows: Rows, rng: np.random.Generator) -> Photons:
    """Draw the photons that Standard2 has counted.

    Within a row of 16 s those of the source follow its light, those of the background are spread evenly; which is which
    is drawn from their rates. Dead time takes the same part of all photons of a row.

    Parameters
    ----------
    spec : ObservationSpec
    fast : FastSpec
    rows : Rows
    rng : Generator
    """
    share = _source_share(spec, rows.time)
    parts = [
        _row(spec, fast, start, counts, of_source, rng)
        for start, counts, of_source in zip(rows.time.tolist(), rows.xenon, share, strict=True)
    ]
    none = np.empty((5, 0), np.int64)
    return Photons(*np.concatenate([none, *parts], axis=1))


def _source_share(spec: ObservationSpec, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return which part of the counts of each row is the source's, (n, 5, 6, 129)."""
    middle = time + ROW / 2
    light = attitude.transmission(spec, middle) * mean_light(spec, time)
    source = source_rates(spec.start, spec.spectrum) * light[:, None, None, None]
    background = background_rates(spec.start) * particle_level(middle)[:, None, None, None]
    return np.asarray(source / (source + background))


def _row(
    spec: ObservationSpec,
    fast: FastSpec,
    start: float,
    counts: Counts,
    of_source: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    since = rng.random(len(cell)) * ROW
    mine = np.flatnonzero(rng.random(len(cell)) < of_source.ravel()[cell])
    light = np.concatenate(([0.0], np.cumsum(row_light(spec, fast, start, rng))))
    since[mine] = np.interp(rng.random(len(mine)) * light[-1], light, STEP * np.arange(len(light)))
    tick = np.minimum((since * TICKS).astype(np.int64), ROW * TICKS - 1)
    pcu, anode, element = np.unravel_index(cell, counts.shape)
    channel = FIRST_CHANNEL[element] + (rng.random(len(cell)) * _WIDTH[element]).astype(np.int64)
    order = np.argsort(tick, kind="stable")
    second = int(start) + tick // TICKS
    return np.array([second, tick % TICKS, pcu, anode, channel])[:, order]


def standard1_counts(photons: Photons, time: NDArray[np.float64], samples: int) -> Counts:
    """Return the counts of Standard1, in the samples of each row of Standard2.

    Parameters
    ----------
    photons : Photons
    time : ndarray (n,) [s]
        Starts of contiguous rows.
    samples : int
        In a row.

    Returns
    -------
    ndarray (n, n_sample, 5) of int [count]
    """
    start, stop = int(time[0]), int(time[-1]) + ROW
    mine = photons.between(start, stop)
    at = ((mine.second - start) * TICKS + mine.tick) * samples // (ROW * TICKS)
    counts = np.bincount(at * PCUS + mine.pcu, minlength=len(time) * samples * PCUS)
    return counts.reshape(len(time), samples, PCUS)
