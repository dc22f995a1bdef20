"""FITS headers as lists of logical cards, parsed only where somebody looks.

A Standard2 file with its dead-time columns has some 2000 cards, of which a reduction reads a few hundred. Cards are
kept as bytes (`rossi.fits.cards`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from rossi.errors import DataError
from rossi.fits import places
from rossi.fits.cards import CARD, CardTuple, Image, Value, card_comment, card_image, card_value

__all__ = ["BLOCK", "CardTuple", "Header"]

BLOCK = 2880
_END = b"END".ljust(CARD)


class Header:
    """An ordered FITS header.

    Parameters
    ----------
    cards : iterable of (keyword, value) or (keyword, value, comment)
        Initial cards.
    """

    __slots__ = ("_cards", "_columns", "_is_own", "_known", "_looked", "_names")

    def __init__(self, cards: Iterable[CardTuple] = ()) -> None:
        given = list(cards)
        self._cards: list[bytes] = [card_image(*card) for card in given]
        self._names: list[str] = [card[0] for card in given]
        self._known: dict[str, int] = {}  # where keywords first stand, of as many cards as were looked at
        self._looked = 0
        self._is_own = True  # else other headers look into it too
        self._columns: tuple[int, ...] | None = None  # positions of cards that describe columns

    @property
    def _index(self) -> dict[str, int]:
        """Position of each keyword's first card, worked out when somebody looks."""
        names, looked = self._names, self._looked
        if not looked and names:
            self._known, self._is_own, self._looked = places.first(tuple(names)), False, len(names)
        elif looked < len(names):
            added = dict(zip(reversed(names[looked:]), range(len(names) - 1, looked - 1, -1), strict=True))
            self._known, self._is_own, self._looked = added | self._known, True, len(names)
        return self._known

    @classmethod
    def of(cls, images: Iterable[Image]) -> Header:
        """Return a header of these cards.

        Parameters
        ----------
        images : iterable of (str, bytes)
            Keyword and image of each.
        """
        self = cls()
        self.extend(images)
        return self

    @classmethod
    def from_block(cls, block: bytes) -> Header:
        """Read the cards of a header block; everything from END on is ignored.

        Parameters
        ----------
        block : bytes
            A multiple of 80 bytes.
        """
        self = cls()
        size = len(block) // CARD
        packed = np.frombuffer(block, "S8", size * 10)[::10]
        known = places.keywords(packed.tobytes())
        records: list[bytes] = np.frombuffer(block, f"S{CARD}", size)[: known.end].tolist()
        if known.has_continuations:
            self.extend(places.joined(records))
            return self
        self._cards, self._names = records, list(known.names)
        self._known, self._looked, self._is_own, self._columns = known.index, known.end, False, known.columns
        return self

    def copy(self) -> Header:
        """Return an independent copy."""
        new = Header.__new__(Header)
        new._known = self._index  # worked out once for all copies
        new._cards, new._names = self._cards.copy(), self._names.copy()
        new._looked, new._columns = self._looked, self._columns
        new._is_own = self._is_own = False
        return new

    def __contains__(self, keyword: object) -> bool:
        return keyword in self._index

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keywords, each once, in order of their first card."""
        return iter(sorted(self._index, key=self._index.__getitem__))

    def __len__(self) -> int:
        return len(self._cards)

    def get(self, keyword: str, default: Any = None) -> Any:
        """Return the value of a keyword, or the default where it is absent or undefined.

        Parameters
        ----------
        keyword : str
        default : Any
        """
        at = self._known.get(keyword)
        if at is None and (self._looked == len(self._names) or (at := self._index.get(keyword)) is None):
            return default
        value = card_value(self._cards[at])
        return default if value is None else value

    def __getitem__(self, keyword: str) -> Any:
        value = self.get(keyword)
        if value is None:
            raise KeyError(keyword)
        return value

    def number(self, keyword: str, where: str, default: float | None = None) -> float:
        """Return a keyword's value as a number.

        Parameters
        ----------
        keyword : str
        where : str
            File and HDU, for messages.
        default : float, optional
            Where it is absent.

        Raises
        ------
        DataError
            If it is absent (and no default is given) or not a number.
        """
        value = self.get(keyword, default)
        if value is None:
            raise DataError(f"{where}: keyword {keyword} is missing; a number was expected.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DataError(f"{where}: keyword {keyword} is {value!r}; a number was expected.")
        return float(value)  # a card has room for seventy digits

    def finite(self, keyword: str, where: str, default: float | None = None) -> float:
        """Return a keyword's value as `number` does.

        Parameters
        ----------
        keyword : str
        where : str
            File and HDU, for messages.
        default : float, optional
            Where it is absent.

        Raises
        ------
        DataError
            Also if it is NaN or infinite.
        """
        number = self.number(keyword, where, default)
        if not math.isfinite(number):
            raise DataError(f"{where}: keyword {keyword} is {number:g}; a finite number was expected.")
        return number

    def known(self, keyword: str) -> float | None:
        """Return a keyword's value where it is a finite number, None for anything else.

        Parameters
        ----------
        keyword : str
        """
        value = self.get(keyword)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        number = self.number(keyword, "")
        return number if math.isfinite(number) else None

    def is_true(self, keyword: str) -> bool:
        """Return whether a keyword's value is T, be it a logical or a text.

        Parameters
        ----------
        keyword : str
        """
        return self.get(keyword) in (True, "T")

    def count(self, keyword: str, where: str, default: int | None = None) -> int:
        """Return a keyword's value as a whole number from 0 on, exactly.

        Parameters
        ----------
        keyword : str
        where : str
            File and HDU, for messages.
        default : int, optional
            Where it is absent.

        Raises
        ------
        DataError
            If it is absent (and no default is given) or anything else.
        """
        value = self.get(keyword, default)
        if type(value) is int and value >= 0:
            return value
        number = self.finite(keyword, where, default)
        if number < 0 or not number.is_integer():
            raise DataError(f"{where}: keyword {keyword} is {number:g}; a whole number from 0 on was expected.")
        return int(self.get(keyword, default))

    def append(self, keyword: str, value: Value, comment: str = "") -> None:
        """Add a card at the end (COMMENT and HISTORY too).

        Parameters
        ----------
        keyword : str
        value : str, bool, int, float or None
        comment : str
        """
        self._cards.append(card_image(keyword, value, comment))
        self._names.append(keyword)
        self._columns = None

    def extend(self, images: Iterable[tuple[str, bytes]]) -> None:
        """Add cards at the end.

        Parameters
        ----------
        images : iterable of (str, bytes)
            Keyword and image of each.
        """
        added, self._columns = list(images), None
        self._names += [keyword for keyword, _ in added]
        self._cards += [image for _, image in added]

    def add(self, other: Header, drop: frozenset[str] = frozenset()) -> None:
        """Add the cards of another header at the end.

        Parameters
        ----------
        other : Header
        drop : frozenset of str
            Keywords whose cards are left out.
        """
        if not drop.isdisjoint(other._names):
            self.extend([card for card in other.images() if card[0] not in drop])
            return
        self._names += other._names
        self._cards += other._cards
        self._columns = None

    def set(self, keyword: str, value: Value, comment: str = "") -> None:
        """Replace the first card of this keyword, or append one.

        Parameters
        ----------
        keyword : str
        value : str, bool, int, float or None
        comment : str
        """
        self.put(((keyword, card_image(keyword, value, comment)),))

    def put(self, images: Iterable[Image]) -> None:
        """Replace the first card of each of these keywords, or append it.

        Parameters
        ----------
        images : iterable of (str, bytes)
            Keyword and image of each.
        """
        known, cards = self._index, self._cards
        for keyword, image in images:
            at = known.get(keyword)
            if at is not None:
                cards[at] = image
                continue
            if not self._is_own:
                known = self._known = known.copy()
                self._is_own = True
            known[keyword] = len(cards)
            cards.append(image)
            self._names.append(keyword)
            self._columns = None
        self._looked = len(cards)

    def images(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over (keyword, card image) in order."""
        return zip(self._names, self._cards, strict=True)

    def column_cards(self) -> tuple[bytes, ...]:
        """Return the images of the cards that describe columns (`rossi.fits.places.COLUMN_KEYWORDS`), in order."""
        if self._columns is None:
            self._columns = places.columns(tuple(self._names))
        cards = self._cards
        return tuple([cards[at] for at in self._columns])

    def image(self, keyword: str) -> bytes:
        """Return the image of a keyword's first card, empty where it is absent.

        Parameters
        ----------
        keyword : str
        """
        at = self._index.get(keyword)
        return b"" if at is None else self._cards[at]

    def comment(self, keyword: str) -> str:
        """Return the comment of a keyword's first card, empty where there is none.

        Parameters
        ----------
        keyword : str
        """
        image = self.image(keyword)
        return card_comment(image) if image else ""

    def picked(self, keywords: Iterable[str]) -> list[tuple[str, bytes]]:
        """Return keyword and image of the first card of each keyword that the header has.

        Parameters
        ----------
        keywords : iterable of str
        """
        index, cards = self._index, self._cards
        return [(key, cards[index[key]]) for key in keywords if key in index]

    def copy_from(self, other: Header, keywords: Iterable[str]) -> None:
        """Copy the cards of the named keywords, where the other header has them, word by word.

        Parameters
        ----------
        other : Header
        keywords : iterable of str
            Those that this header has already stay as they are.
        """
        mine = self._index
        self.extend([card for card in other.picked(keywords) if card[0] not in mine])

    def without(self, drop: Iterable[str] = (), prefixes: tuple[str, ...] = ()) -> Header:
        """Return a copy without the named keywords and those that begin with one of the prefixes.

        Parameters
        ----------
        drop : iterable of str
        prefixes : tuple of str
        """
        names = frozenset(drop)
        if not prefixes and names.isdisjoint(self._names):
            return self.copy()
        return self._only(places.without(tuple(self._names), names, prefixes))

    def without_matching(self, pattern: re.Pattern[str], drop: Iterable[str] = ()) -> Header:
        """Return a copy without the keywords that a pattern matches as a whole, and those named.

        Parameters
        ----------
        pattern : re.Pattern
        drop : iterable of str
        """
        return self._only(places.unmatched(tuple(self._names), pattern, frozenset(drop)))

    def _only(self, kept: tuple[int, ...]) -> Header:
        new = Header()
        new._cards, new._names = [self._cards[at] for at in kept], [self._names[at] for at in kept]
        return new

    def to_block(self, more: Iterable[bytes] = (), drop: frozenset[str] = frozenset()) -> bytes:
        """Return the header as a FITS block: cards, END, padded with blanks to a multiple of 2880 bytes.

        Parameters
        ----------
        more : iterable of bytes
            Images of further cards.
        drop : frozenset of str
            Keywords whose cards are left out.
        """
        cards = self._cards
        if not drop.isdisjoint(self._names):
            cards = [card for name, card in self.images() if name not in drop]
        text = b"".join((*cards, *more, _END))
        return text.ljust(-(-len(text) // BLOCK) * BLOCK)
