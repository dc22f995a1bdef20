"""What a light curve's numbers are in."""

from __future__ import annotations

import re
from functools import lru_cache

from rossi.fits.cards import Image, card_value
from rossi.fits.header import CardTuple, Header
from rossi.met import DAY

RATE = "count/s"
PER_PCU = "count/s/PCU"
COUNT = "count"
#: Of rates that are divided by what the Crab would give.
CRAB = "Crab"

#: Units whose meaning is known.
KNOWN = (RATE, PER_PCU, COUNT, CRAB)

_SPELLINGS = {
    "count": ("count", "counts", "cts", "ct", "cnt", "cnts"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "PCU": ("pcu", "pcus"),
}
_WORDS = {word: name for name, words in _SPELLINGS.items() for word in words}
_UNITS = {frozenset({"count"}): COUNT, frozenset({"count", "/s"}): RATE, frozenset({"count", "/s", "/PCU"}): PER_PCU}
_SECONDS = dict.fromkeys(_SPELLINGS["s"], 1.0) | dict.fromkeys(("d", "day", "days"), DAY)
#: A slash, a bracket, a word, and the power -1.
_FACTOR = re.compile(r"(/?)\s*(\(?)\s*([a-z]+)(\s*(?:\*\*|\^)?\s*\(?-1\)?)?", re.IGNORECASE)


def normalised(text: str) -> str:
    """Return a TUNIT in one spelling: count, count/s or count/s/PCU; any other unit stays as it is.

    ``counts/s``, ``cts s**-1``, ``count/(s PCU)`` and ``ct s^(-1) PCU^(-1)`` are understood.

    Parameters
    ----------
    text : str
    """
    if re.sub(r"[\s*.()]", "", _FACTOR.sub("", text)):  # a number, 10**3 count/s, or what is not understood
        return text.strip()
    factors, below = [], False
    for slash, bracket, word, power in _FACTOR.findall(text):
        below = below or bool(slash and bracket)
        factors.append(("/" if slash or power or below else "") + _WORDS.get(word.lower(), word))
    unit = _UNITS.get(frozenset(factors)) if len(set(factors)) == len(factors) else None
    return text.strip() if unit is None else unit


def seconds(unit: str) -> float | None:
    """Return the length of a unit of time [s]; None for anything else.

    Parameters
    ----------
    unit : str
    """
    return _SECONDS.get(unit.strip().lower())


def per_pcu_cards(header: Header) -> list[CardTuple]:
    """Return the cards that say count/s/PCU of a RATE extension that has an exposure in PCU seconds.

    pcaextlc2 divides by LiveTime or OnTime and calls the result counts/s.

    Parameters
    ----------
    header : Header
        Of the extension; there are no cards where it has no such column, or holds counts.
    """
    return list(_per_pcu(tuple(header.picked(_names(header.count("TFIELDS", "", 0))))))


@lru_cache(maxsize=64)
def _names(n_field: int) -> tuple[str, ...]:
    return tuple(f"TTYPE{number}" for number in range(1, n_field + 1))


@lru_cache(maxsize=64)
def _per_pcu(names: tuple[Image, ...]) -> list[CardTuple]:
    numbers = {str(card_value(image)).strip(): keyword.removeprefix("TTYPE") for keyword, image in names}
    if "RATE" not in numbers or not {"LiveTime", "OnTime"} & numbers.keys():
        return []
    return [(f"TUNIT{numbers[name]}", PER_PCU) for name in ("RATE", "ERROR", "BACKV", "BACKE") if name in numbers]
