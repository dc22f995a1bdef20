"""Which channels a band in keV is when: the spells of the mission in which they stay the same."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from rossi.energy import epochs
from rossi.energy.bands import STANDARD2_STARTS, ChannelBand, EnergyBand, band_of
from rossi.energy.channel_table import ChannelTable

#: Days after which a band is looked at again; the gain drifts by less than a hundredth of a channel in that time.
STEP = 10.0


@dataclass(frozen=True, slots=True)
class Spell:
    """A span of time in which a band has the same channels.

    Parameters
    ----------
    epoch : int
        Gain epoch.
    start, stop : float [MJD]
        UTC, to `STEP` days within an epoch.
    channels : ChannelBand
        On the first day.
    emin, emax : (float, float) [keV]
        Lowest and highest nominal energy of the lower, and of the upper edge.
    """

    epoch: int
    start: float
    stop: float
    channels: ChannelBand
    emin: tuple[float, float]
    emax: tuple[float, float]


def band_history(
    band: EnergyBand, table: ChannelTable, pcu: int, starts: tuple[int, ...] = STANDARD2_STARTS
) -> list[Spell]:
    """Return the spells of a band for a PCU, through the whole mission.

    Parameters
    ----------
    band : EnergyBand
    table : ChannelTable
    pcu : int
    starts : tuple of int
        First channels of bins; see `rossi.energy.bands.channels_of`.

    Raises
    ------
    ConfigError
        If the band is narrower than a bin at some time.
    DataError
        If the table does not begin with the mission.
    """
    spells: list[Spell] = []
    for epoch in range(1, len(epochs.STARTS) + 1):
        begin, end = epochs.span(epoch)
        days = [begin, *np.arange(np.floor(begin) + STEP, end, STEP).tolist()]
        found = [(day, band_of(band, table, pcu, day, starts)) for day in days]
        runs = [list(run) for _, run in groupby(found, key=lambda one: (one[1].first, one[1].last))]
        stops = [*(run[0][0] for run in runs[1:]), end]
        spells += [_spell(epoch, run, stop) for run, stop in zip(runs, stops, strict=True)]
    return spells


def _spell(epoch: int, run: list[tuple[float, ChannelBand]], stop: float) -> Spell:
    low, high = [one.emin for _, one in run], [one.emax for _, one in run]
    return Spell(epoch, run[0][0], stop, run[0][1], (min(low), max(low)), (min(high), max(high)))
