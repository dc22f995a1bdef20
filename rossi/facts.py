"""How values of rossi show themselves in a session and in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from html import escape


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
