"""What products of campaigns say of themselves, where the FTOOLS extractors say what is not so, or nothing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rossi.errors import ConfigError
from rossi.extract.channels import Bounds, ChannelSelection, parse_channels
from rossi.fits.cards import images_of
from rossi.fits.edit import with_keywords
from rossi.fits.header import CardTuple, Header
from rossi.fits.reader import open_fits
from rossi.product import Content
from rossi.spectra.channels import parse_groups
from rossi.timeseries.units import per_pcu_cards

_MEANING = {
    Content.TOTAL: "source and background",
    Content.NET: "the background is subtracted",
    Content.BACKGROUND: "background alone",
}


def described(
    header: Header, content: Content, selection: ChannelSelection | None = None, obsid: str = ""
) -> list[CardTuple]:
    """Return what the header of a product has to say.

    Parameters
    ----------
    header : Header
        Of the RATE, COUNTS or SPECTRUM extension.
    content : Content
    selection : ChannelSelection, optional
        The channels that were added up: MINCHAN and MAXCHAN are those of the elements of CPIX that it chooses.
    obsid : str
        By default OBS_ID is left as it is.
    """
    cards: list[CardTuple] = [("HDUCLAS2", content.value, _MEANING[content])]
    version = str(header.get("HDUVERS1", "1.1.0"))
    cards.append(("HDUVERS", str(header.get("HDUVERS", version)), "version of the format"))
    if selection is not None and "CPIX" in header:
        lowest, highest = _chosen(str(header["CPIX"]), selection)
        if lowest <= highest:
            cards.append(("MINCHAN", lowest, "lowest channel that counts"))
            cards.append(("MAXCHAN", highest, "highest channel that counts"))
    if obsid:
        cards.append(("OBS_ID", obsid, "observation"))
    return cards + per_pcu_cards(header)


@lru_cache(maxsize=256)
def _chosen(cpix: str, selection: ChannelSelection) -> tuple[int, int]:
    """Return lowest and highest channel of the elements that are chosen; 0 and -1 where there is none."""
    chosen = _extents(cpix)[selection.elements(parse_channels(cpix))]
    return (int(chosen.min()), int(chosen.max())) if len(chosen) else (0, -1)


def _extents(cpix: str) -> Bounds:
    """Return first and last channel of each element.

    HEXTE's ``(128:255;8)`` joins 8 channels each, though the extractors know elements of it by their first channel.
    """
    bounds = parse_channels(cpix)
    try:
        groups = parse_groups(cpix)
    except ConfigError:  # it is not about 256 channels
        return bounds
    pairs = [(at, at + g.factor - 1) for g in groups if g.factor > 0 for at in range(g.first, g.last + 1, g.factor)]
    return np.array(pairs, np.int64) if len(pairs) == len(bounds) else bounds


def describe(header: Header, content: Content, selection: ChannelSelection | None = None, obsid: str = "") -> None:
    """Make a header say what the product is; see `described`.

    Parameters
    ----------
    header : Header
        Of the RATE, COUNTS or SPECTRUM extension.
    content : Content
    selection : ChannelSelection, optional
    obsid : str
    """
    header.put(images_of(*described(header, content, selection, obsid)))


def describe_file(
    data: bytes, name: str, content: Content, selection: ChannelSelection | None = None, obsid: str = ""
) -> bytes:
    """Return a product's file with what its first table has to say; see `described`.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.
    content : Content
    selection : ChannelSelection, optional
    obsid : str
    """
    header = open_fits(data, name).table().header
    return with_keywords(data, name, 1, described(header, content, selection, obsid))
