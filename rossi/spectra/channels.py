"""How detector channels are joined to spectral channels: from a spectrum's CPIX to groups of channels (``rddescr``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rossi.errors import ConfigError, DataError, shortened
from rossi.fits.header import Header

Compat = Literal["heasoft"] | None
_RANGE = re.compile(r"(\d+)(?:([~:])(\d+)(?:;(\d+))?)?")
#: PCA and HEXTE pulse heights have 256 channels.
LAST_CHANNEL = 255
#: Factor of channels that are left out.
DROPPED = -1


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """Channels that are joined by a factor.

    Parameters
    ----------
    first, last : int
        Both included.
    factor : int
        So many channels make one; -1 leaves them out.
    """

    first: int
    last: int
    factor: int


def cpix_groups(header: Header, where: str, *, compat: Compat = None) -> list[ChannelGroup]:
    """Return how the channels of a spectrum were joined, from CPIXn with the highest n.

    Parameters
    ----------
    header : Header
        Of the SPECTRUM extension.
    where : str
        File and extension, for messages.
    compat : {"heasoft"}, optional
        See `parse_groups`.

    Raises
    ------
    DataError
        If there is no CPIXn, or it can't be read.
    """
    numbers = [int(key[4:]) for key in header if key.startswith("CPIX") and key[4:].isdecimal()]
    if not numbers:
        raise DataError(f"{where}: keyword CPIX1 is missing; a spectrum of saextrct or seextrct was expected.")
    keyword = f"CPIX{max(numbers)}"
    try:
        return parse_groups(str(header[keyword]), compat=compat)
    except ConfigError as error:
        raise DataError(f"{where}: keyword {keyword}: {error}") from None


def parse_groups(text: str, *, compat: Compat = None) -> list[ChannelGroup]:
    """Read a list of channels; channels between 0 and 255 that it does not name are left out (factor -1).

    Parameters
    ----------
    text : str
        ``0~4,5:53,(54~135;2)``: ``~`` joins a range (in steps of the number behind ``;``), ``:`` lists it.
    compat : {"heasoft"}, optional
        Follow rddescr, which forgets a gap right behind the first group, and the channels behind a single group.

    Raises
    ------
    ConfigError
        If it can't be read, or a channel is not between 0 and 255.
    """
    groups = [_group(token.strip(), text) for token in re.sub(r"[()]", "", text).split(",")]
    filled = []
    if groups[0].first > 0:
        filled.append(ChannelGroup(0, groups[0].first - 1, DROPPED))
    filled.append(groups[0])
    for number, (before, group) in enumerate(pairwise(groups)):
        if group.first > before.last + 1 and not (compat and number == 0):
            filled.append(ChannelGroup(before.last + 1, group.first - 1, DROPPED))
        filled.append(group)
    last = groups[-1].last
    if last < LAST_CHANNEL and not (compat and len(groups) == 1):
        filled.append(ChannelGroup(last + 1, LAST_CHANNEL, DROPPED))
    return filled


def _group(token: str, text: str) -> ChannelGroup:
    match = _RANGE.fullmatch(token)
    if match is None:
        raise ConfigError(f"{text!r} has {token!r}, which can't be read; it should look like 0~4,5:53,54~135;2.")
    first = int(match[1])
    last = int(match[3] or first)
    if not first <= last <= LAST_CHANNEL:
        raise ConfigError(f"{text!r} has {token!r}; channels from 0 to {LAST_CHANNEL}, rising, were expected.")
    return ChannelGroup(first, last, int(match[4] or (last - first + 1 if match[2] == "~" else 1)))


def write_groups(groups: Sequence[ChannelGroup]) -> str:
    """Return groups as text, one a line: first, last, factor.

    Parameters
    ----------
    groups : sequence of ChannelGroup
    """
    return "".join(f" {g.first:4d}  {g.last:4d}  {g.factor:4d}\n" for g in groups)


def read_groups(text: str, name: str) -> list[ChannelGroup]:
    """Read groups, one a line.

    Parameters
    ----------
    text : str
        A line each: first channel, last channel, factor.
    name : str
        File name, for messages.

    Raises
    ------
    DataError
        If a line is not three whole numbers.
    """
    groups = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        words = line.split()
        if len(words) != 3 or not all(re.fullmatch(r"-?\d+", word) for word in words):
            raise DataError(
                f"{name}: line {number} is {shortened(line)}; first channel, last channel and factor were expected."
            )
        groups.append(ChannelGroup(*map(int, words)))
    return groups
