"""Channel lists (iCPIXn), the data descriptor language (TDDESn), and which elements a user's channels select."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError

_TOKEN = re.compile(r"([0-9]{1,9})(?:([~:-])([0-9]{1,9}))?(?:;([0-9]{1,9}))?")
_DESCRIPTOR = re.compile(r"([A-Z])\[([^\]]*)\]")

#: Largest number of elements of a channel list that the extractors take.
MAX_ELEMENTS = 512
#: How much of a text that can't be read a message repeats.
_SHOWN = 200

Bounds = NDArray[np.int64]


@lru_cache(maxsize=512)
def parse_channels(text: str) -> Bounds:
    """Read a channel list such as ``0~4,5:53,(54~135;2)``.

    ``a`` and ``a~b`` (or ``a-b``) are one element each, ``a:b`` is one element a channel; ``;n`` behind ``~`` cuts the
    range into elements of n channels, behind ``:`` takes every n-th channel. Parentheses mean nothing.

    Parameters
    ----------
    text : str

    Returns
    -------
    ndarray (n_element, 2) of int
        First and last absolute channel of each element.

    Raises
    ------
    DataError
        If the text is no such list.
    """
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    found: list[tuple[int, int]] = []
    for token in re.sub(r"[()\s]", "", text).split(","):
        starts, width = _elements(token)
        if not width:
            raise DataError(
                f"channel list {shown!r}: {token[:_SHOWN]!r} can't be read; it should look like 0~4, 5:53 or 54~135;2."
            )
        if len(found) + len(starts) > MAX_ELEMENTS:
            raise DataError(
                f"channel list {shown!r} has {len(found) + len(starts)} elements or more; at most {MAX_ELEMENTS} are "
                "possible."
            )
        found += [(start, start + width - 1) for start in starts]
    bounds = np.array(found, np.int64).reshape(-1, 2)
    bounds.setflags(write=False)
    return bounds


def _elements(token: str) -> tuple[range, int]:
    """Return the first channels of a token's elements, and how wide they are; 0 where it can't be read."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return range(0), 0
    first, last = int(match[1]), int(match[3] or match[1])
    step = None if match[4] is None else int(match[4])
    if step == 0 or last < first:
        return range(0), 0
    if match[2] == ":":
        return range(first, last + 1, step or 1), 1
    width = step or last + 1 - first
    return range(first, last + 1, width), width


def descriptor(text: str) -> dict[str, str]:
    """Split a data descriptor: ``D[0] & E[X1L]`` gives {"D": "0", "E": "X1L"} (the first of each letter).

    Parameters
    ----------
    text : str
    """
    tokens: dict[str, str] = {}
    for letter, inside in _DESCRIPTOR.findall(text.upper()):
        tokens.setdefault(letter, inside.strip())
    return tokens


@dataclass(frozen=True, slots=True)
class ChannelSelection:
    """Which absolute channels are wanted, and how they are grouped.

    Parameters
    ----------
    chint : str or None
        A channel list; None is all.
    chmin, chmax : int or None
        Limits on top of it.
    chbin : str or None
        Groups of the spectrum.
    """

    chint: str | None = None
    chmin: int | None = None
    chmax: int | None = None
    chbin: str | None = None

    def wanted(self) -> Bounds:
        """Return the selected channel ranges, clipped to chmin and chmax.

        Returns
        -------
        ndarray (n_range, 2) of int

        Raises
        ------
        ConfigError
            If chmin is above chmax, or nothing is left.
        """
        if self.chmin is not None and self.chmax is not None and self.chmin > self.chmax:
            raise ConfigError(f"chmin is {self.chmin} and chmax {self.chmax}; chmin must not be above chmax.")
        low = 0 if self.chmin is None else self.chmin
        high = 2047 if self.chmax is None else self.chmax
        ranges = parse_channels(self.chint) if self.chint else np.array([[0, 2047]])
        ranges = ranges[(ranges[:, 1] >= low) & (ranges[:, 0] <= high)]
        if not len(ranges):
            raise ConfigError(f"chint={self.chint} with chmin={low} and chmax={high} selects no channel.")
        return np.asarray(np.minimum(np.maximum(ranges, low), high))

    def elements(self, bounds: Bounds) -> NDArray[np.intp]:
        """Return the indices of the elements that overlap the selected channels; an element counts as a whole.

        Parameters
        ----------
        bounds : ndarray (n_element, 2) of int
            Absolute channels of the file's elements.

        Returns
        -------
        ndarray (n_chosen,) of int

        Raises
        ------
        ConfigError
            If the file has none of them.
        """
        return _overlapping(self, np.ascontiguousarray(bounds, np.int64).tobytes())

    def groups(self, bounds: Bounds) -> NDArray[np.intp]:
        """Return, for each element of the file, its group in the spectrum, or -1 where no group contains it whole.

        Without `chbin` every element is its own group.

        Parameters
        ----------
        bounds : ndarray (n_element, 2) of int
            Absolute channels of the file's elements.

        Returns
        -------
        ndarray (n_element,) of int
        """
        if not self.chbin:
            return np.arange(len(bounds))
        wanted = parse_channels(self.chbin)
        inside = (bounds[:, None, 0] >= wanted[None, :, 0]) & (bounds[:, None, 1] <= wanted[None, :, 1])
        return np.asarray(np.where(inside.any(axis=1), inside.argmax(axis=1), -1))


@lru_cache(maxsize=256)
def _overlapping(selection: ChannelSelection, packed: bytes) -> NDArray[np.intp]:
    """Do what `ChannelSelection.elements` says, once a process for all files of one kind."""
    ranges, bounds = selection.wanted(), np.frombuffer(packed, np.int64).reshape(-1, 2)
    overlap = (bounds[:, None, 0] <= ranges[None, :, 1]) & (bounds[:, None, 1] >= ranges[None, :, 0])
    found = np.flatnonzero(overlap.any(axis=1))
    if not len(found) and len(bounds):
        asked = ",".join(f"{a}-{b}" for a, b in ranges[:4])
        raise ConfigError(
            f"channels {asked} are asked for (chint, chmin, chmax), of which the data have none: their channels "
            f"are {bounds.min()} to {bounds.max()}."
        )
    found.setflags(write=False)
    return found
