"""The words of Science Event files (XTE_SE): what TEVTBn says about their bits, and how they are decoded.

TEVTBn lists alternatives joined by ``^``, such as ``(M[1]{1},D[0:4]{3},C[0:255]{8})``: fields from the most significant
bit on, each with its width in braces. The alternative applies whose marker M is found in the leading bits. HEXTE has
one alternative, without parentheses and markers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.extract.channels import Bounds, parse_channels

Words = NDArray[np.unsignedinteger[Any]]

_FIELD = r"([A-Z])\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\{([0-9]{1,3})\}"
_ALTERNATIVE = re.compile(rf"(\()?{_FIELD}(?:,{_FIELD})*(?(1)\))")
_FIELDS = re.compile(_FIELD)

#: Widest channel that makes sense; 512 elements are the most that channel lists may have.
_MAX_CHANNEL_BITS = 16
#: Bits of the other fields, for which a table of their values is made: PCU, anodes.
_MAX_TABLE_BITS = 8
#: Widest words that there are.
_MAX_BITS = 64
#: How much of a description that can't be read a message repeats.
_SHOWN = 60
#: What a decoded column holds where an event has no such field, as in the OGIP form of event files.
MISSING = 255
#: Codes of the six xenon anodes in the order of their bits, X1L lowest; the tens are the layer.
ANODES = (10, 11, 20, 21, 30, 31)
#: Code of the propane layer.
PROPANE = 40


@dataclass(frozen=True, slots=True)
class Field:
    """Some bits of an event word.

    Parameters
    ----------
    kind : str
        M marker, D detector, C channel, E anodes, Z detector and anode in one, T time, S status.
    text : str
        What stands in the brackets.
    skip, width : int
        Bits before it, from the most significant one, and its own.
    """

    kind: str
    text: str
    skip: int
    width: int


@dataclass(frozen=True, slots=True)
class EventWord:
    """How the photons of an event file are coded.

    Parameters
    ----------
    fields : tuple of Field
        Of the alternative that codes photons: the first one with a channel.
    size : int
        Bits of a word.
    """

    fields: tuple[Field, ...]
    size: int

    def field(self, kind: str, text: str | None = None) -> Field | None:
        """Return the first field of a kind (and with this text), None if there is none.

        Parameters
        ----------
        kind : str
            See `Field`.
        text : str, optional
            What stands in its brackets.
        """
        return next((f for f in self.fields if f.kind == kind and text in (None, f.text)), None)

    def bits(self, words: Words, field: Field) -> Words:
        """Return the value of a field in each word.

        Parameters
        ----------
        words : ndarray (n,) of unsigned int
        field : Field

        Returns
        -------
        ndarray (n,) of unsigned int
        """
        shift = self.size - field.skip - field.width
        return (words >> words.dtype.type(shift)) & words.dtype.type((1 << field.width) - 1)

    def is_photon(self, words: Words) -> NDArray[np.bool_]:
        """Return which words are photons; the others mark time, lost events or spillage.

        Parameters
        ----------
        words : ndarray (n,) of unsigned int

        Returns
        -------
        ndarray (n,) of bool
        """
        marker = self.field("M")
        if marker is None:
            return np.ones(words.shape, bool)
        return np.asarray(self.bits(words, marker) == int(marker.text))

    @property
    def cpix(self) -> str:
        """The channel list."""
        channel = self.field("C")
        assert channel is not None  # or it would not be the alternative of photons
        return channel.text

    @property
    def channel_width(self) -> int:
        """Bits of the channel."""
        channel = self.field("C")
        assert channel is not None  # see cpix
        return channel.width

    @property
    def bounds(self) -> Bounds:
        """First and last absolute channel of each element (n_element, 2)."""
        return parse_channels(self.cpix)

    def channel(self, words: Words) -> Words:
        """Return the channel element of each word, from 0.

        Parameters
        ----------
        words : ndarray (n,) of unsigned int

        Returns
        -------
        ndarray (n,) of unsigned int
        """
        channel = self.field("C")
        assert channel is not None  # see cpix
        return self.bits(words, channel)

    def detector(self, words: Words) -> NDArray[np.uint8]:
        """Return the PCU (or detector) of each photon, 255 where the word does not tell.

        Parameters
        ----------
        words : ndarray (n,) of unsigned int

        Returns
        -------
        ndarray (n,) of uint8
        """
        pair, detector = self.field("Z"), self.field("D")
        if pair is not None:
            return np.asarray(self.bits(words, pair) // len(ANODES), np.uint8)
        if detector is None:
            return np.full(words.shape, MISSING, np.uint8)
        names = _detectors(detector)
        table = np.full(1 << detector.width, MISSING, np.uint8)
        table[: len(names)] = names
        return table[self.bits(words, detector)]

    def anode(self, words: Words) -> NDArray[np.uint8]:
        """Return the anode of each photon: 10 (X1L) to 31 (X3R), 40 for propane, 255 where it is unknown.

        Several anodes at once (a coincidence) are unknown.

        Parameters
        ----------
        words : ndarray (n,) of unsigned int

        Returns
        -------
        ndarray (n,) of uint8
        """
        pair, propane = self.field("Z"), self.field("E", "VPR")
        flags = next((f for f in self.fields if f.kind == "E" and f.width == len(ANODES)), None)
        result = np.full(words.shape, MISSING, np.uint8)
        if pair is not None:
            result = np.asarray(ANODES, np.uint8)[self.bits(words, pair) % len(ANODES)]
        elif flags is not None:
            table = np.full(1 << flags.width, MISSING, np.uint8)
            table[1 << np.arange(len(ANODES))] = ANODES
            result = table[self.bits(words, flags)]
        if propane is not None:
            result = np.where((self.bits(words, propane) == 1) & (result == MISSING), np.uint8(PROPANE), result)
        return result


def parse_event_word(text: str, size: int, where: str) -> EventWord:
    """Read TEVTBn.

    Parameters
    ----------
    text : str
        Blanks mean nothing.
    size : int
        Bits of the column.
    where : str
        File and HDU, for messages.

    Raises
    ------
    DataError
        If it can't be read, has no alternative with a channel, or more bits than the column.
    """
    try:
        return _parsed(text, size)
    except DataError as error:
        raise type(error)(f"{where}: {error}") from None


@lru_cache(maxsize=64)
def _parsed(text: str, size: int) -> EventWord:
    if size > _MAX_BITS:
        raise DataError(f"its event words have {size} bits; {_MAX_BITS} are the most that can be decoded.")
    compact = re.sub(r"\s", "", text).upper()
    alternatives, at = [], 0
    while at < len(compact):
        match = _ALTERNATIVE.match(compact, at)
        if match is None or (match.end() < len(compact) and compact[match.end()] != "^"):
            raise DataError(
                f"the description of its event words can't be read from {compact[at : at + 40]!r} on; "
                "fields such as C[0:255]{8} in parentheses were expected."
            )
        alternatives.append(_alternative(match[0]))
        at = match.end() + 1
    photons = next((fields for fields in alternatives if any(f.kind == "C" for f in fields)), None)
    if photons is None:
        raise DataError(f"its event words ({compact[:_SHOWN]!r}) hold no channel C[...]; they can't be extracted.")
    word = EventWord(photons, size)
    if word.channel_width > _MAX_CHANNEL_BITS or len(word.bounds) > 1 << word.channel_width:
        raise DataError(f"{len(word.bounds)} channels in {word.channel_width} bits; the description is damaged.")
    width = photons[-1].skip + photons[-1].width
    if width > size:
        raise DataError(f"its event words are described with {width} bits, but the column has {size}.")
    marker = next((f for f in photons if f.kind == "M"), None)
    if marker is not None and not re.fullmatch("[0-9]{1,9}", marker.text):
        raise DataError(f"the marker of its photons is M[{marker.text[:_SHOWN]}]; a number was expected.")
    if any(f.kind in "DEZ" and f.width > _MAX_TABLE_BITS for f in photons):
        raise DataError(f"detector or anodes take more than {_MAX_TABLE_BITS} bits; the description is damaged.")
    detector = word.field("D")
    if detector is not None and len(_detectors(detector)) > 1 << detector.width:
        raise DataError(f"{detector.width} bits can't tell D[{detector.text[:_SHOWN]}] apart.")
    return word


def _detectors(field: Field) -> NDArray[np.int64]:
    return parse_channels(field.text.replace("~", ":"))[:, 0]


def _alternative(text: str) -> tuple[Field, ...]:
    fields: list[Field] = []
    skip = 0
    for kind, inside, width in _FIELDS.findall(text):
        fields.append(Field(kind, inside, skip, int(width)))
        skip += int(width)
    return tuple(fields)
