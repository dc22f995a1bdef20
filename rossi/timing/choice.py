"""Which modes of an observation give a band at a wanted resolution.

Modes may be added where their channels are disjoint and they ran at the same time: each has counted other photons.
Standard1, Standard2 and GoodXenon have counted all, and are never added to anything. (HEASARC, The ABC of XTE.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.errors import ConfigError, NoGoodTime
from rossi.gti import Gti
from rossi.timing.modes import Kind, Mode

#: Channels of the PCA; configurations with events end at 249, above which there are none worth telemetry.
CHANNELS = 256
_LAST_OF_MODES = 249
#: At equal fit, which kind is preferred: known PCUs, then known dead time, then what is smaller.
_RANK = {Kind.STANDARD2: 0, Kind.STANDARD1: 1, Kind.XENON: 2, Kind.EVENTS: 3, Kind.SINGLE_BIT: 4, Kind.BINNED: 4}
#: Halves of GoodXenon come behind the same merged, which some observations have: that is read as it is.
_APART = 0.5
_ADDED = {Kind.EVENTS, Kind.SINGLE_BIT, Kind.BINNED}
#: Modes that are added at most; four analyzers were there for them.
_MOST = 4
#: Resolutions fit into a bin if they do to this fraction.
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted.

    Parameters
    ----------
    resolution : float [s]
        Length of the bins.
    first, last : int
        Absolute channels.
    by_pcu : bool
        Only modes of which single PCUs can be chosen.
    """

    resolution: float
    first: int = 0
    last: int = CHANNELS - 1
    by_pcu: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.resolution) and self.resolution > 0):
            raise ConfigError(f"The resolution is {self.resolution}; seconds above 0 were expected.")
        if not 0 <= self.first <= self.last < CHANNELS:
            raise ConfigError(f"The channels are {self.first} to {self.last}; 0 to {CHANNELS - 1} were expected.")

    @property
    def channels(self) -> NDArray[np.bool_]:
        """Which channels are wanted (256,)."""
        number = np.arange(CHANNELS)
        return (number >= self.first) & (number <= self.last)


@dataclass(frozen=True, slots=True)
class Choice:
    """Modes that together give a band.

    Parameters
    ----------
    wish : Wish
    modes : tuple of Mode
        More than one are to be added.
    elements : tuple of ndarray of int
        The elements that count, of each.
    channels : ndarray (n_range, 2)
        Absolute channels that they really hold.
    gti : Gti
        When all of them ran, MET (TT).
    """

    wish: Wish
    modes: tuple[Mode, ...]
    elements: tuple[NDArray[np.intp], ...]
    channels: NDArray[np.int64]
    gti: Gti

    @property
    def remark(self) -> str:
        """What to say where the band is not just the wanted one; else empty."""
        wanted = self.wish.channels[: _LAST_OF_MODES + 1]
        if np.array_equal(_channels(self.channels)[: _LAST_OF_MODES + 1], wanted):
            return ""
        held = ", ".join(f"{a}-{b}" for a, b in self.channels)
        names = " + ".join(mode.name for mode in self.modes)
        return (
            f"Channels {self.wish.first}-{self.wish.last} are asked for; the nearest that the data have are {held} "
            f"({names}): elements count as a whole."
        )

    def __str__(self) -> str:
        held = ", ".join(f"{a}-{b}" for a, b in self.channels)
        return f"{' + '.join(mode.name for mode in self.modes)}, channels {held}, {intervals.total(self.gti):.0f} s"


def choose(modes: Sequence[Mode], wish: Wish, during: Gti | None = None) -> Choice:
    """Return what fits a wish best.

    The channels are to be those wanted, as nearly as elements allow; then the fewest modes; then Standard2, Standard1,
    GoodXenon, events, arrays of counts.

    Parameters
    ----------
    modes : sequence of Mode
    wish : Wish
    during : Gti, optional
        Only what ran then.

    Raises
    ------
    NoGoodTime
        If nothing is as fine as wanted, or has any of the channels.
    """
    usable = [mode for mode in modes if _fits(mode, wish)]
    found = [choice for group in _groups(usable) if (choice := _choice(group, wish, during)) is not None]
    if not found:
        names = ", ".join(dict.fromkeys(mode.name for mode in modes)) or "no mode at all"
        raise NoGoodTime(
            f"Bins of {wish.resolution:g} s in channels {wish.first}-{wish.last} can't be had: the observation has "
            f"{names}."
        )
    return min(found, key=_order)


def choose_each(modes: Sequence[Mode], wish: Wish) -> list[Choice]:
    """Return choices one after the other until no time is left in which any mode fits; their times are disjoint.

    Parameters
    ----------
    modes : sequence of Mode
    wish : Wish

    Returns
    -------
    list of Choice
        By start; see `choose`.

    Raises
    ------
    NoGoodTime
        If there is none.
    """
    left = intervals.union(*(mode.gti for mode in modes))
    choices = [choose(modes, wish, left)]
    while True:
        left = intervals.difference(left, choices[-1].gti)
        try:
            choices.append(choose(modes, wish, left))
        except NoGoodTime:
            return sorted(choices, key=lambda choice: float(choice.gti[0, 0]))


def _fits(mode: Mode, wish: Wish) -> bool:
    one = mode.first
    if mode.kind not in _RANK or (wish.by_pcu and not one.tells_pcu):
        return False
    ratio = wish.resolution / one.resolution
    if ratio < 1 - _EXACT:
        return False
    if mode.kind in {Kind.XENON, Kind.EVENTS}:
        return True
    if abs(ratio - round(ratio)) > _EXACT * ratio:
        return False
    return mode.kind != Kind.STANDARD1 or (wish.first == 0 and wish.last >= _LAST_OF_MODES)


def _groups(modes: Sequence[Mode]) -> Iterator[tuple[Mode, ...]]:
    for mode in modes:
        yield (mode,)
    added = sorted((mode for mode in modes if mode.kind in _ADDED), key=lambda m: int(m.first.bounds.min()))
    for number in range(2, _MOST + 1):
        yield from combinations(added, number)


def _choice(group: tuple[Mode, ...], wish: Wish, during: Gti | None) -> Choice | None:
    elements, held = [], np.zeros(CHANNELS, np.int64)
    for mode in group:
        bounds = mode.first.bounds
        inside = np.flatnonzero((bounds[:, 0] <= wish.last) & (bounds[:, 1] >= wish.first))
        if not len(inside):
            return None
        elements.append(inside)
        held += _channels(bounds[inside])
    if (held > 1).any():
        return None
    time = group[0].gti if during is None else intervals.intersection(group[0].gti, during)
    for mode in group[1:]:
        time = intervals.intersection(time, mode.gti)
    if not len(time):
        return None
    return Choice(wish, group, tuple(elements), _ranges(held > 0), time)


def _channels(bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which channels are in any of the ranges (256,)."""
    number = np.arange(CHANNELS)[:, None]
    return np.asarray(((number >= bounds[:, 0]) & (number <= bounds[:, 1])).any(axis=1))


def _ranges(held: NDArray[np.bool_]) -> NDArray[np.int64]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], held, [False])).astype(np.int8)))
    return np.column_stack((edges[::2], edges[1::2] - 1))


def _order(choice: Choice) -> tuple[float, ...]:
    wanted, held = choice.wish.channels, _channels(choice.channels)
    wrong = (wanted != held)[: _LAST_OF_MODES + 1].sum()
    rank = max(_RANK[mode.kind] + _APART * (mode.first.kind == Kind.XENON_HALF) for mode in choice.modes)
    whole = sum(len(elements) for elements in choice.elements)
    return float(wrong), len(choice.modes), rank, -intervals.total(choice.gti), -whole
