"""What the keywords of a header alone tell, worked out once a process for all headers of one kind of file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rossi.fits.cards import CARD

#: First five letters of the keywords that describe a table's columns: how they are stored and shown, and their axes.
COLUMN_KEYWORDS = frozenset(
    {"TTYPE", "TFORM", "TUNIT", "TNULL", "TSCAL", "TZERO", "TDISP", "TDDES"}
    | {f"TDIM{n}" for n in range(1, 10)}
    | {f"{axis}{key}" for axis in (1, 2, 3) for key in ("CTYP", "CDLT", "CPIX")}
)


@dataclass(frozen=True, slots=True)
class Keywords:
    """What the keywords of a header block alone tell.

    Parameters
    ----------
    names : tuple of str
    index : dict of str to int
        Where each keyword first stands.
    columns : tuple of int
        See `columns`.
    end : int
        Where END stands.
    has_continuations : bool
    """

    names: tuple[str, ...]
    index: dict[str, int]
    columns: tuple[int, ...]
    end: int
    has_continuations: bool


@lru_cache(maxsize=256)
def keywords(packed: bytes) -> Keywords:
    """Return what the keywords of a header block tell.

    Parameters
    ----------
    packed : bytes
        Eight bytes each.
    """
    names = [packed[at : at + 8].rstrip().decode("latin-1") for at in range(0, len(packed), 8)]
    known = tuple(names[: names.index("END")] if "END" in names else names)
    return Keywords(known, first(known), columns(known), len(known), "CONTINUE" in known)


@lru_cache(maxsize=256)
def first(names: tuple[str, ...]) -> dict[str, int]:
    """Return where each keyword first stands.

    Parameters
    ----------
    names : tuple of str
    """
    return {name: at for at, name in reversed(list(enumerate(names)))}


@lru_cache(maxsize=256)
def columns(names: tuple[str, ...]) -> tuple[int, ...]:
    """Return where keywords stand that describe columns (`COLUMN_KEYWORDS`).

    Parameters
    ----------
    names : tuple of str
    """
    return tuple(at for at, name in enumerate(names) if name[:5] in COLUMN_KEYWORDS)


@lru_cache(maxsize=64)
def unmatched(names: tuple[str, ...], pattern: re.Pattern[str], drop: frozenset[str]) -> tuple[int, ...]:
    """Return where keywords stand that a pattern does not match as a whole, and that are not named.

    Parameters
    ----------
    names : tuple of str
    pattern : re.Pattern
    drop : frozenset of str
    """
    return tuple(at for at, name in enumerate(names) if name not in drop and not pattern.fullmatch(name))


@lru_cache(maxsize=64)
def without(names: tuple[str, ...], drop: frozenset[str], prefixes: tuple[str, ...]) -> tuple[int, ...]:
    """Return where keywords stand that are not named and begin with none of the prefixes.

    Parameters
    ----------
    names : tuple of str
    drop : frozenset of str
    prefixes : tuple of str
    """
    return tuple(at for at, name in enumerate(names) if name not in drop and not name.startswith(prefixes))


def joined(records: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Join CONTINUE records to the card before them.

    Parameters
    ----------
    records : list of bytes

    Yields
    ------
    str, bytes
        Keyword and image of each card.
    """
    cards: list[bytes] = []
    for record in records:
        if record.startswith(b"CONTINUE") and cards:
            cards[-1] += record.ljust(CARD)
        else:
            cards.append(record.ljust(CARD))
    for card in cards:
        yield card[:8].rstrip().decode("latin-1"), card
