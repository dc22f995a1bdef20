"""Names of sources: which spellings mean the same, and what stands for a name in keys and files."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator

#: Longest part of a name that a slug keeps: keys of a store have several such parts in 1024 bytes.
_LONGEST = 60


def plain_name(name: str) -> str:
    """Return a name without what spellings differ in: case, blanks, underscores, hyphens and other punctuation.

    ``GX 339-4``, ``GX339-4`` and ``gx_339-4`` are one. A plus sign stays, so that 4U 1820+30 is not 4U 1820-30, and a
    point, so that 1E 1740.7 is not 1E 17407; letters of other scripts stay. Empty where nothing is left.

    Parameters
    ----------
    name : str
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    left = "".join(letter for letter in folded if letter.isalnum() or letter in "+.")
    return left if any(map(str.isalnum, left)) else ""


def designation(ra: float, dec: float, *, seconds: bool = False) -> str:
    """Return a position as names have it, cut off and not rounded: ``J1745-2900``, with seconds ``J174540-290028``.

    Parameters
    ----------
    ra, dec : float [deg]
    seconds : bool
    """
    # A billionth of a degree keeps 17h45m, which is no exact number of degrees, from becoming 17h44m.
    around, away = int((ra * 240 + 2.4e-7) % 86400), int(abs(dec) * 3600 + 3.6e-6)
    hours, degrees = f"{around // 3600:02d}{around // 60 % 60:02d}", f"{away // 3600:02d}{away // 60 % 60:02d}"
    if seconds:
        hours, degrees = hours + f"{around % 60:02d}", degrees + f"{away % 60:02d}"
    return f"J{hours}{'-' if dec < 0 else '+'}{degrees}"


def slug(name: str) -> str:
    """Return a name as part of keys and file names: small ASCII letters, digits and single hyphens; may be empty.

    A plus sign before a digit becomes ``p`` (``4u-1820p30``), letters of other scripts become what Unicode calls them
    (``eta-car``).

    Parameters
    ----------
    name : str
    """
    text = unicodedata.normalize("NFKD", name)
    text = "".join(_ascii(letter) for letter in text if not unicodedata.combining(letter)).lower()
    text = re.sub(r"\+(?=\d)", "p", text)
    return re.sub(r"[^a-z0-9]+", "-", text)[:_LONGEST].strip("-")


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    if not letter.isalnum():
        return " "
    return unicodedata.name(letter, "x").rpartition(" ")[2]


def labels(name: str, ra: float, dec: float) -> Iterator[str]:
    """Yield what a source can be called, the best first, without end.

    Parameters
    ----------
    name : str
        The target as it is spelled; may be empty.
    ra, dec : float [deg]
        NaN where the position is not known.
    """
    stem = name.strip() if plain_name(name) else ""
    if stem:
        yield stem
    if math.isfinite(ra) and math.isfinite(dec):
        for seconds in (False, True):
            place = designation(ra, dec, seconds=seconds)
            yield f"{stem} @ {place}" if stem else place
    number = 2
    while True:
        yield f"{stem or 'source'} ({number})"
        number += 1


def slugs(label: str, ra: float, dec: float) -> Iterator[str]:
    """Yield what a source can be called in keys, the best first, without end; see `labels`.

    Parameters
    ----------
    label : str
        The source's name.
    ra, dec : float [deg]
        NaN where the position is not known.
    """
    stem = slug(label) or "source"
    yield stem
    if math.isfinite(ra) and math.isfinite(dec):
        yield f"{stem}-{slug(designation(ra, dec))}"
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
