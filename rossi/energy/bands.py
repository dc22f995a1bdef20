"""Bands in keV: which channels of the PCA they are, by gain epoch and PCU, and the energies that these really have.

The rule: of the edges of bins, those nearest to `emin` and to `emax` are taken, in channel coordinates of layer 1 on
the day. So bands that touch in keV touch in channels, too, and never overlap; the true edges are off by half a bin at
most. A bin is a channel, or a whole bin of Standard2, which joins several channels above channel 53 and below 5.
Energies are nominal ones, those of EBOUNDS in responses; a photon's energy differs from them by 1.5 % at most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from rossi.arrays import Floats
from rossi.energy import epochs
from rossi.energy.channel_law import CHANNELS, ChannelLaw
from rossi.energy.channel_table import ChannelTable
from rossi.energy.layers import CODES
from rossi.errors import ConfigError, shortened
from rossi.pca.standard2 import PCUS

#: First channels of Standard2's bins, which join channels (CPIX of its configuration), and the end behind the last one.
STANDARD2_STARTS = (
    *(0, *range(5, 54), *range(54, 136, 2), *range(136, 238, 3), *range(238, 250, 4), 250),
    CHANNELS,
)
CHANNEL_STARTS = tuple(range(CHANNELS + 1))

_BAND = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*-\s*(\d+(?:\.\d*)?|\.\d+)\s*(?:keV)?\s*", re.IGNORECASE)


class NoChannels(ConfigError):
    """A band that the channels of a detector don't hold on a day: outside of them, or narrower than a bin."""

    code = "band_not_held"


@dataclass(frozen=True, slots=True)
class EnergyBand:
    """A band that is asked for.

    Parameters
    ----------
    emin, emax : float [keV]
        Nominal energies.
    """

    emin: float
    emax: float

    def __post_init__(self) -> None:
        if not 0 <= self.emin < self.emax < np.inf:
            raise ConfigError(f"a band of {self.emin:g} to {self.emax:g} keV; rising numbers from 0 on were expected.")

    @classmethod
    def parse(cls, text: str) -> EnergyBand:
        """Read ``2-9keV`` or ``2-9``.

        Parameters
        ----------
        text : str

        Raises
        ------
        ConfigError
            If it is none.
        """
        match = _BAND.fullmatch(text)
        if match is None:
            raise ConfigError(f"{shortened(text)} is no band of energies; it should look like 2-9keV.")
        return cls(float(match[1]), float(match[2]))

    def __str__(self) -> str:
        return f"{self.emin:.10g}-{self.emax:.10g}keV"


@dataclass(frozen=True, slots=True)
class ChannelBand:
    """The channels of a band for a PCU on a day.

    Parameters
    ----------
    pcu : int
    day : float [MJD]
    first, last : int
        Absolute channels, 0 to 255, both included.
    first_bin, last_bin : int
        Their numbers among the bins: those of Standard2, 0 to 128, or the channels themselves.
    emin, emax : float [keV]
        Nominal energies at the edges of these channels.
    """

    pcu: int
    day: float
    first: int
    last: int
    first_bin: int
    last_bin: int
    emin: float
    emax: float


def channels_of(band: EnergyBand, law: ChannelLaw, starts: tuple[int, ...] = STANDARD2_STARTS) -> ChannelBand:
    """Return the channels of a band.

    Parameters
    ----------
    band : EnergyBand
    law : ChannelLaw
        Of layer 1.
    starts : tuple of int
        First channels of the bins, and behind the last one: `STANDARD2_STARTS` or `CHANNEL_STARTS`.

    Raises
    ------
    NoChannels
        If the band lies outside the channels, or is narrower than a bin.
    """
    lower, upper = law.edges()
    if band.emin >= upper[-1] or band.emax <= lower[0]:
        raise NoChannels(
            f"{band}: the channels of PCU {law.pcu} on MJD {law.day:.0f} reach from {lower[0]:.2f} to {upper[-1]:.2f} "
            "keV; give a band within them."
        )
    edges = np.asarray(starts) - 0.5
    # Above its maximum a law of negative C falls again; no channel is there.
    coordinates = law.channel(np.clip([band.emin, band.emax], lower[0], upper[-1]))
    first, beyond = (_nearest(edges, float(value)) for value in coordinates)
    if first == beyond:
        raise NoChannels(
            f"{band}: narrower than half a bin of PCU {law.pcu} on MJD {law.day:.0f}, so that no bin is left; bins "
            f"there are {_width(law, starts, first):.2f} keV wide. Give a wider band."
        )
    channel, last = starts[first], starts[beyond] - 1
    energies = float(lower[channel]), float(upper[last])
    return ChannelBand(law.pcu, law.day, channel, last, first, beyond - 1, *energies)


def _nearest(edges: Floats, coordinate: float) -> int:
    """Return the edge nearest to a coordinate; of two alike, the higher one."""
    below = int(np.clip(np.searchsorted(edges, coordinate, "right") - 1, 0, len(edges) - 2))
    return below + int(coordinate - edges[below] >= edges[below + 1] - coordinate)


def _width(law: ChannelLaw, starts: tuple[int, ...], at: int) -> float:
    lower, upper = law.edges()
    number = min(at, len(starts) - 2)
    return float(upper[starts[number + 1] - 1] - lower[starts[number]])


def bins_of(band: EnergyBand, e_min: Floats, e_max: Floats, name: str) -> tuple[int, int, float, float]:
    """Return the bins of a band where energies are known anyhow: EBOUNDS of any response, HEXTE's too.

    Parameters
    ----------
    band : EnergyBand
    e_min, e_max : ndarray (n,) [keV]
        Edges of the bins, rising.
    name : str
        Of the response, for messages.

    Returns
    -------
    first, last : int
        Positions of the bins, both included.
    emin, emax : float [keV]
        True edges: those nearest to the band's.

    Raises
    ------
    NoChannels
        If the band lies outside, or is narrower than a bin.
    """
    edges = np.append(e_min, e_max[-1:]).astype(np.float64)
    if len(edges) < 2 or band.emin >= edges[-1] or band.emax <= edges[0]:
        raise NoChannels(f"{band}: lies outside the energies of {name}; give a band within them.")
    first, beyond = (_nearest(edges, value) for value in (band.emin, band.emax))
    if first == beyond:
        raise NoChannels(f"{band}: narrower than half a bin of {name}, so that no bin is left. Give a wider band.")
    return first, beyond - 1, float(edges[first]), float(edges[beyond])


def band_of(
    band: EnergyBand, table: ChannelTable, pcu: int, mjd: float, starts: tuple[int, ...] = STANDARD2_STARTS
) -> ChannelBand:
    """Return the channels of a band for a PCU at a moment; see `channels_of`.

    Parameters
    ----------
    band : EnergyBand
    table : ChannelTable
    pcu : int
    mjd : float [MJD]
        UTC.
    starts : tuple of int

    Raises
    ------
    NoChannels
        If the band lies outside the channels, or is narrower than a bin.
    DataError
        If the table has no law of the PCU then.
    """
    return channels_of(band, table.law(pcu, CODES["LR1"], mjd), starts)


def bands_by_epoch(
    band: EnergyBand,
    table: ChannelTable,
    pcus: tuple[int, ...] = PCUS,
    starts: tuple[int, ...] = STANDARD2_STARTS,
) -> dict[tuple[int, int], ChannelBand]:
    """Return the channels of a band by gain epoch and PCU, on a day that stands for the epoch.

    Parameters
    ----------
    band : EnergyBand
    table : ChannelTable
    pcus : tuple of int
    starts : tuple of int
        See `channels_of`.
    """
    days = enumerate(epochs.REPRESENTATIVE, 1)
    return {(epoch, pcu): band_of(band, table, pcu, day, starts) for epoch, day in days for pcu in pcus}


def channel_energies(
    table: ChannelTable, pcu: int, mjd: float, starts: tuple[int, ...] = STANDARD2_STARTS
) -> tuple[tuple[int, ...], tuple[int, ...], Floats, Floats]:
    """Return the bins of a PCU at a moment: first and last channel, and nominal energies of their edges.

    Parameters
    ----------
    table : ChannelTable
    pcu : int
    mjd : float [MJD]
        UTC.
    starts : tuple of int
        See `channels_of`.

    Returns
    -------
    first, last : tuple of int (n,)
    e_min, e_max : ndarray (n,) [keV]

    Raises
    ------
    DataError
        If the table has no law of the PCU then.
    """
    lower, upper = table.law(pcu, CODES["LR1"], mjd).edges()
    first, last = starts[:-1], tuple(start - 1 for start in starts[1:])
    return first, last, lower[list(first)].astype(np.float64), upper[list(last)].astype(np.float64)
