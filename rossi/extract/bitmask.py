"""Bit masks that select events: lines such as ``Event == b1xxx0101xxxxxxxx &&``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError
from rossi.extract.eventword import Words

_TERM = re.compile(r"^(\w+)\s*(==|<=|>=|<|>)\s*[bB]([01xX]+)$")
#: Bits of the widest words, and how much of a mask that can't be read a message repeats.
_MAX_BITS, _SHOWN = 64, 100
_COMPARE = {"==": eq, "<=": le, ">=": ge, "<": lt, ">": gt}


@dataclass(frozen=True, slots=True)
class Term:
    """A comparison of some adjacent bits with a number.

    Parameters
    ----------
    operator : {"==", "<=", ">=", "<", ">"}
    skip, width : int
        Bits before them, from the most significant one, and their number.
    value : int
    """

    operator: str
    skip: int
    width: int
    value: int


@dataclass(frozen=True, slots=True)
class BitMask:
    """Comparisons that an event must all pass.

    Parameters
    ----------
    terms : tuple of Term
    size : int or None
        Bits of the words that it is for; None if it has no term.
    """

    terms: tuple[Term, ...] = ()
    size: int | None = None

    def passes(self, words: Words, size: int) -> NDArray[np.bool_]:
        """Return which words pass.

        Parameters
        ----------
        words : ndarray (n,) of unsigned int
        size : int
            Bits of a word.

        Returns
        -------
        ndarray (n,) of bool

        Raises
        ------
        ConfigError
            If the mask is for words of another size.
        """
        if self.size not in (None, size):
            raise ConfigError(f"the bit mask has {self.size} bits, the events {size}; masks belong to one data mode.")
        result = np.ones(words.shape, bool)
        for term in self.terms:
            kind: Any = words.dtype.type
            bits = (words >> kind(size - term.skip - term.width)) & kind((1 << term.width) - 1)
            result &= _COMPARE[term.operator](bits, kind(term.value))
        return result


def parse_bit_mask(text: str, *, first_term_only: bool = False) -> BitMask:
    """Read a bit-mask file.

    Terms are joined by ``&&``, at the end of a line or within it. Each run of 0 and 1 between x (any bit) is compared
    on its own as an unsigned number, so ``<= b01x01`` asks for both pairs of bits to be at most 1.

    Parameters
    ----------
    text : str
    first_term_only : bool
        Compatibility: of each line, only what stands before the first ``&&`` counts, as in ``seextrct``.

    Raises
    ------
    ConfigError
        If a term can't be read (``||``, ``!`` and parentheses are no part of masks), or masks differ in length.
    """
    terms: list[Term] = []
    sizes: set[int] = set()
    for line in text.splitlines():
        parts = [part.strip() for part in re.split("&+", line)]
        for part in parts[:1] if first_term_only else parts:
            if not part:
                continue
            match = _TERM.match(part)
            if match is None:
                raise ConfigError(
                    f"bit mask {part[:_SHOWN]!r} can't be read; terms like Event == b1xxx0101xxxxxxxx are expected."
                )
            if len(match[3]) > _MAX_BITS:
                raise ConfigError(f"a bit mask has {len(match[3])} bits; no event has more than {_MAX_BITS}.")
            sizes.add(len(match[3]))
            runs = re.finditer("[01]+", match[3])
            terms += [Term(match[2], run.start(), len(run[0]), int(run[0], 2)) for run in runs]
    if len(sizes) > 1:
        raise ConfigError(
            f"the masks have {' and '.join(map(str, sorted(sizes)))} bits; all must be as long as the event."
        )
    return BitMask(tuple(terms), next(iter(sizes), None))
