"""A seal on JSON documents: the sha256 of all their other bytes, so that any changed byte is noticed."""

from __future__ import annotations

import hashlib
import re

#: How a document ends before it is sealed; the field is its last one.
_EMPTY = re.compile(rb'"seal": ?""(?=\s*\}\s*\Z)')
_SEALED = re.compile(rb'"seal": ?"([0-9a-f]{64})"(?=\s*\}\s*\Z)')


def seal(document: bytes) -> bytes:
    """Fill the empty field ``seal`` at the end of a JSON document.

    Raises
    ------
    ValueError
        If it does not end with such a field.
    """
    place = _last(_EMPTY, document)
    if place is None:
        raise ValueError("The document has no empty field 'seal' at its end.")
    return document[: place.end() - 1] + _digest(document) + document[place.end() - 1 :]


def seal_of(document: bytes) -> str:
    """Return the seal that a document bears, whether it is that of its content or not; empty if it bears none."""
    place = _last(_SEALED, document)
    return "" if place is None else place[1].decode()


def is_intact(document: bytes) -> bool:
    """Return whether a document bears the seal of its content."""
    place = _last(_SEALED, document)
    if place is None:
        return False
    return _digest(document[: place.start(1)] + document[place.end(1) :]) == place[1]


def _last(pattern: re.Pattern[bytes], document: bytes) -> re.Match[bytes] | None:
    """Return the match of a pattern for the field at the end, without looking at all that is ahead of it."""
    return pattern.match(document, max(document.rfind(b'"seal"'), 0))


def _digest(document: bytes) -> bytes:
    return hashlib.sha256(document).hexdigest().encode()
