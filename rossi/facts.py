"""How values of rossi show themselves in a session and in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from html import escape
from math import floor, isfinite, log10


def as_text(kind: str, facts: Mapping[str, str]) -> str:
    """Return facts as a repr: ``<Kind first, second, ...>``; empty ones are left out.

    Parameters
    ----------
    kind : str
        Name of the type.
    facts : mapping of str to str
        What each fact is, and the fact.
    """
    told = ", ".join(fact for fact in facts.values() if fact)
    return f"<{kind} {told}>" if told else f"<{kind}>"


def as_html(kind: str, facts: Mapping[str, str]) -> str:
    """Return facts as a small table for notebooks; see `as_text`.

    Parameters
    ----------
    kind : str
        Name of the type.
    facts : mapping of str to str
        What each fact is, and the fact.
    """
    cells = "<tr><th style='text-align:left'>{}</th><td style='text-align:left'>{}</td></tr>"
    rows = "".join(cells.format(escape(what), escape(fact)) for what, fact in facts.items() if fact)
    return f"<table><caption style='text-align:left'><b>{escape(kind)}</b></caption>{rows}</table>"


def counted(number: int, what: str = "observation") -> str:
    """Return so many of something in words: ``1 observation``, ``2 files``.

    Parameters
    ----------
    number : int
    what : str
        In the singular; its plural ends in s.
    """
    return f"{number} {what}{'s' * (number != 1)}"


def some_of(names: Sequence[str], most: int = 20) -> str:
    """Return names in one text, the first so many of them; the rest are counted: ``a, b and 3 more``.

    Parameters
    ----------
    names : sequence of str
    most : int
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def measured(value: float, error: float) -> tuple[str, str]:
    """Return a value and its error as people write them: the error with two digits, the value with as many decimals.

    Parameters
    ----------
    value, error : float
        Without an error above zero, the value has four digits.
    """
    if not (isfinite(value) and isfinite(error) and error > 0):
        return f"{value:.4g}", f"{error:.2g}"
    decimals = 1 - floor(log10(float(f"{error:.1e}")))
    shown = max(decimals, 0)
    return f"{round(value, decimals):.{shown}f}", f"{round(error, decimals):.{shown}f}"


class Told(ABC):
    """What shows itself by its facts, in a session and in a notebook."""

    __slots__ = ()

    @abstractmethod
    def _facts(self) -> dict[str, str]:
        """What it tells of itself, by the name of the fact."""

    def __repr__(self) -> str:
        return as_text(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        return as_html(type(self).__name__, self._facts())
