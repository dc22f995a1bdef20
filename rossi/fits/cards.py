"""FITS cards as bytes: their values read, new ones formatted, each distinct card once a process.

The fixed formats of the standard (4.0, section 4.2) are read and written here; whatever else is found (free format,
CONTINUE, record values, damage) is astropy's, whose import takes longer than many a task.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from numbers import Integral
from typing import Any, TypeAlias

from rossi.errors import DataError

CARD = 80
_INDICATOR = b"= "
_COMMENTARY = frozenset({"COMMENT", "HISTORY", ""})

#: What a header accepts as a value; None writes an undefined value.
Value: TypeAlias = str | bool | int | float | None
CardTuple: TypeAlias = tuple[str, Value] | tuple[str, Value, str]
#: Keyword and image of a card.
Image: TypeAlias = tuple[str, bytes]

#: What the standard allows in a header.
_PRINTABLE, _UNPRINTABLE = re.compile(rb"[ -~]*"), re.compile(rb"[^ -~]")
_NUMBER = rb"(?P<whole>[+-]?\d{1,20})|(?P<real>[+-]?(?:\d+\.\d*(?:[ED][+-]?\d+)?|\d+[ED][+-]?\d+))"
_FIXED = re.compile(
    rb"(?!HISTORY |COMMENT )[A-Z0-9_-]{1,8} *= "
    rb"(?: *(?:" + _NUMBER + rb"|(?P<truth>[TF]))|'(?P<text>[ -&(-~]*)') *(?:/ *(?P<comment>[ -~]*))?"
)
_RECORD = re.compile(rb"[A-Za-z_][\w.]*: +[-+.\d]")  # what may be a record value
_COMMENT = re.compile(rb"(?:COMMENT|HISTORY| {7}) [ -~]*")
_KEYWORD = re.compile(r"(?!END$|CONTINUE$|HIERARCH$)[A-Z0-9_-]{1,8}")


@lru_cache(maxsize=65536)
def card_value(image: bytes) -> Any:
    """Return the value of a card.

    Parameters
    ----------
    image : bytes
        80 bytes, more where CONTINUE records belong to it.

    Returns
    -------
    str, bool, int, float, complex or None
        None where it has none; what is written behind the keyword of a commentary card.

    Raises
    ------
    DataError
        If it can't be read.
    """
    fixed = _FIXED.fullmatch(image) if len(image) == CARD and image[8:10] == _INDICATOR else None
    if fixed is not None:
        if (text := fixed["text"]) is not None and not _RECORD.match(text):
            return text.rstrip().decode("ascii")
        if (whole := fixed["whole"]) is not None:
            return int(whole)
        if (real := fixed["real"]) is not None:
            return float(real.replace(b"D", b"E"))
        if (truth := fixed["truth"]) is not None:
            return truth == b"T"
    elif len(image) == CARD and _COMMENT.fullmatch(image):
        return image[8:].rstrip().decode("ascii")
    return _read_by_astropy(image)


def _read_by_astropy(image: bytes) -> Any:
    if image[8:10] != _INDICATOR and image[:8].rstrip().decode("latin-1") not in _COMMENTARY:
        return None  # the standard: such a card has no value
    from astropy.io import fits

    if not _PRINTABLE.fullmatch(image) and image[10:].lstrip().startswith(b"'"):
        image = _UNPRINTABLE.sub(b"?", image)  # in a text, what the standard does not allow harms nobody
    try:
        value = fits.Card.fromstring(image).value
    except (fits.VerifyError, ValueError) as error:
        raise DataError(
            f"the header card {image[:CARD].rstrip()!r} can't be read ({str(error).splitlines()[0]}); the file may be "
            "damaged."
        ) from None
    return None if isinstance(value, fits.card.Undefined) else value


def card_comment(image: bytes) -> str:
    """Return the comment of a card, empty where it has none.

    Parameters
    ----------
    image : bytes
        See `card_value`.
    """
    fixed = _FIXED.fullmatch(image) if len(image) == CARD and image[8:10] == _INDICATOR else None
    if fixed is not None:
        return (fixed["comment"] or b"").rstrip().decode("ascii")
    from astropy.io import fits

    return str(fits.Card.fromstring(image).comment)


@lru_cache(maxsize=65536, typed=True)  # True == 1 == 1.0, which would share an entry
def card_image(keyword: str, value: Value, comment: str = "") -> bytes:
    """Format one card, with CONTINUE records where the value is long.

    Parameters
    ----------
    keyword : str
    value : str, bool, int, float or None
    comment : str
        Cut where it does not fit behind the value.

    Returns
    -------
    bytes
        A multiple of 80 bytes.
    """
    if isinstance(value, float) and not math.isfinite(value):
        value = None  # undefined: FITS has no way to write it
    value, comment = _printable(value) if isinstance(value, str) else value, _printable(comment)
    room = CARD - 10 - max(20, len(repr(value))) - 3
    comment = comment[: max(room, 0)].rstrip()
    return _fixed_image(keyword, value, comment) or _image_by_astropy(keyword, value, comment)


def images_of(*cards: CardTuple) -> list[Image]:
    """Return keyword and image of cards.

    Parameters
    ----------
    *cards : CardTuple
    """
    return [(card[0], card_image(*card)) for card in cards]


def _printable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text)


def _fixed_image(keyword: str, value: Value, comment: str) -> bytes:
    """Format a card in the fixed format; empty where it does not fit, or is of another kind."""
    if keyword in _COMMENTARY:
        said = value if isinstance(value, str) and not comment else ""
        lines = [said[at : at + CARD - 8] for at in range(0, len(said), CARD - 8)]
        return b"".join(f"{keyword:8}{line}".encode().ljust(CARD) for line in lines)
    shown = _shown(value) if _KEYWORD.fullmatch(keyword) else ""
    text = f"{keyword:8}= {shown}{' / ' if comment else ''}{comment}"
    return text.encode().ljust(CARD) if shown and len(text) <= CARD else b""


def _shown(value: Value) -> str:
    """Return a value as it stands behind the equal sign; empty where that is to be found out by astropy."""
    if isinstance(value, bool):
        return f"{str(value)[0]:>20}"
    if isinstance(value, str):
        quoted = "'" + value.replace("'", "''").ljust(8) + "'"
        return "" if _RECORD.match(value.encode()) else f"{quoted:20}" if value else "''"
    shown = str(value).replace("e", "E") if isinstance(value, float | Integral) else ""
    return f"{shown:>20}" if 0 < len(shown) <= 20 else ""


def _image_by_astropy(keyword: str, value: Value, comment: str) -> bytes:
    from astropy.io import fits

    card = fits.Card(keyword, value, comment)
    if isinstance(value, str) and len(value) <= 68 and len(card.image) > CARD:
        card = fits.Card(keyword, value)  # never CONTINUE for the sake of a comment
    return str(card.image).encode("ascii", "replace")
