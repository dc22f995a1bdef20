"""FITS headers as lists of logical cards, parsed only where somebody looks.

A Standard2 file with its dead-time columns has some 2000 cards, of which a reduction reads a few hundred. Cards are
kept as bytes; their values are parsed (and new ones formatted) by astropy, each distinct card once a process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from astropy.io import fits

from rossi.errors import DataError

CARD = 80
BLOCK = 2880
_COMMENTARY = frozenset({"COMMENT", "HISTORY", ""})

#: What a header accepts as a value; None writes an undefined value.
Value: TypeAlias = str | bool | int | float | None
CardTuple: TypeAlias = tuple[str, Value] | tuple[str, Value, str]


@lru_cache(maxsize=65536)
def _value(image: bytes) -> Any:
    value = fits.Card.fromstring(image).value
    return None if isinstance(value, fits.card.Undefined) else value


@lru_cache(maxsize=65536)
def _image(keyword: str, value: Value, kind: str, comment: str) -> bytes:  # noqa: ARG001 - True == 1 share a hash
    card = fits.Card(keyword, value, comment)
    if isinstance(value, str) and len(value) <= 68 and len(card.image) > CARD:
        card = fits.Card(keyword, value)  # never CONTINUE for the sake of a comment
    return str(card.image).encode("ascii", "replace")


def card_image(keyword: str, value: Value, comment: str = "") -> bytes:
    """Format one card, with CONTINUE records where the value is long.

    Parameters
    ----------
    keyword, value, comment
        Comments that do not fit behind the value are cut.

    Returns
    -------
    bytes
        A multiple of 80 bytes.
    """
    room = CARD - 10 - max(20, len(repr(value))) - 3
    return _image(keyword, value, type(value).__name__, comment[: max(room, 0)])


class Header:
    """An ordered FITS header.

    Parameters
    ----------
    cards : iterable of (keyword, value) or (keyword, value, comment)
        Initial cards.
    """

    __slots__ = ("_cards", "_index")

    def __init__(self, cards: Iterable[CardTuple] = ()) -> None:
        self._cards: list[bytes] = []
        self._index: dict[str, int] = {}
        for card in cards:
            self.append(*card)

    @classmethod
    def from_block(cls, block: bytes) -> Header:
        """Read the cards of a header block; everything from END on is ignored."""
        self = cls()
        cards, index = self._cards, self._index
        for start in range(0, len(block), CARD):
            record = block[start : start + CARD]
            keyword = record[:8].rstrip().decode("latin-1")
            if keyword == "CONTINUE" and cards:
                cards[-1] += record
                continue
            if keyword == "END":
                break
            index.setdefault(keyword, len(cards))
            cards.append(record)
        return self

    def copy(self) -> Header:
        """Return an independent copy."""
        new = Header()
        new._cards, new._index = list(self._cards), dict(self._index)
        return new

    def __contains__(self, keyword: object) -> bool:
        return keyword in self._index

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keywords, each once, in order of their first card."""
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._cards)

    def get(self, keyword: str, default: Any = None) -> Any:
        """Return the value of a keyword, or the default where it is absent or undefined."""
        at = self._index.get(keyword)
        if at is None:
            return default
        value = _value(self._cards[at])
        return default if value is None else value

    def __getitem__(self, keyword: str) -> Any:
        value = self.get(keyword)
        if value is None:
            raise KeyError(keyword)
        return value

    def number(self, keyword: str, where: str, default: float | None = None) -> float:
        """Return a keyword's value as a number.

        Raises
        ------
        DataError
            If it is absent (and no default is given) or not a number; `where` names the file and HDU.
        """
        value = self.get(keyword, default)
        if value is None:
            raise DataError(f"{where}: keyword {keyword} is missing; a number was expected.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DataError(f"{where}: keyword {keyword} is {value!r}; a number was expected.")
        return float(value)

    def append(self, keyword: str, value: Value, comment: str = "") -> None:
        """Add a card at the end (COMMENT and HISTORY too)."""
        self.append_image(card_image(keyword, value, comment))

    def append_image(self, image: bytes) -> None:
        """Add a card, already formatted, at the end."""
        self._index.setdefault(image[:8].rstrip().decode("latin-1"), len(self._cards))
        self._cards.append(image)

    def set(self, keyword: str, value: Value, comment: str = "") -> None:
        """Replace the first card of this keyword, or append one."""
        at = self._index.get(keyword)
        if at is None:
            self.append(keyword, value, comment)
        else:
            self._cards[at] = card_image(keyword, value, comment)

    def images(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over (keyword, card image) in order."""
        for image in self._cards:
            yield image[:8].rstrip().decode("latin-1"), image

    def copy_from(self, other: Header, keywords: Iterable[str]) -> None:
        """Copy the cards of the named keywords, where the other header has them, word by word."""
        for keyword in keywords:
            at = other._index.get(keyword)
            if at is not None and keyword not in self._index:
                self.append_image(other._cards[at])

    def without(self, drop: Iterable[str] = (), prefixes: tuple[str, ...] = ()) -> Header:
        """Return a copy without the named keywords and those that begin with one of the prefixes."""
        names = set(drop)
        new = Header()
        for keyword, image in self.images():
            if keyword not in names and not (prefixes and keyword.startswith(prefixes)):
                new.append_image(image)
        return new

    def to_block(self) -> bytes:
        """Return the header as a FITS block: cards, END, padded with blanks to a multiple of 2880 bytes."""
        text = b"".join(self._cards) + b"END".ljust(CARD)
        return text.ljust(-(-len(text) // BLOCK) * BLOCK)
