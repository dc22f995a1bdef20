"""Parsing and evaluating row-filter expressions (the language of CFITSIO, FTOOLS ``maketime``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError
from rossi.expression.operand import Kind, Operand
from rossi.expression.scene import Scene
from rossi.expression.tree import GRAMMAR, Leaf, Node, folder, keep, recall, taken
from rossi.fits.table import Table

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

#: The longest expression, and how deep it may be nested: `a && b && c` is two deep. HEASARC's recipes have 200
#: characters and five conditions. More would take memory, time and, for the depth, the interpreter's stack.
MAX_LENGTH, MAX_DEPTH = 10_000, 120
#: Expressions of a process that others may know without parsing them, and how long these are at most: one that parses
#: many does not start for one.
_FIRST, _SHORT = 16, 1000

_NAMING = frozenset({"name", "shifted"})  # rules of the grammar that begin with a column's name


def shown(text: str) -> str:
    """Return what a message repeats of an expression.

    Parameters
    ----------
    text : str
    """
    return repr(text if len(text) <= 300 else f"{text[:300]}...")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    """Return the parser; its tables, which take longer than most tasks, are kept in the user's cache."""
    from lark import Lark

    place = folder()
    kept = False if place is None else str(place / f"expressions-{sys.implementation.cache_tag}.lark")
    # By a hash, lark knows whether what is kept is of this grammar; it goes on where that can't be read or written.
    return Lark(GRAMMAR.read_text(), parser="lalr", lexer="contextual", propagate_positions=True, cache=kept)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled row-filter expression.

    Parameters
    ----------
    text : str
    tree : Node
    """

    text: str
    tree: Node

    @property
    def names(self) -> frozenset[str]:
        """The columns (or keywords) that the expression uses, as it spells them."""
        return frozenset(_names(self.tree))

    def evaluate(self, scene: Table | Scene) -> Operand:
        """Return the expression's value in each row.

        Parameters
        ----------
        scene : Table or Scene
            A table alone has no good time for GTIFILTER() beside it.

        Returns
        -------
        Operand
            Values and NULLs are () of a constant, (n_row,), or (n_row, n_element) of vectors and bits.

        Raises
        ------
        DataError
            If a name is neither a column nor a keyword of the table.
        ConfigError
            If types don't fit together.
        """
        from rossi.expression.evaluator import Evaluator

        scene = scene if isinstance(scene, Scene) else Scene(scene)
        result: Operand = Evaluator(scene).visit(self.tree)
        return result.per_row(len(scene.table))

    def select(self, scene: Table | Scene) -> NDArray[np.bool_]:
        """Return which rows fulfil the expression; NULL does not.

        Parameters
        ----------
        scene : Table or Scene
            See `evaluate`.

        Returns
        -------
        ndarray (n_row,) of bool

        Raises
        ------
        ConfigError
            If types don't fit together, or the expression is not logical.
        DataError
            If a name is neither a column nor a keyword of the table.
        """
        scene = scene if isinstance(scene, Scene) else Scene(scene)
        result = self.evaluate(scene)
        if result.kind != Kind.BOOLEAN:
            article = "an" if result.kind == Kind.INTEGER else "a"
            raise ConfigError(
                f"the filter expression {shown(self.text)} gives {article} {result.kind.name.lower()}; a condition is "
                "needed."
            )
        if result.values.ndim > 1:
            raise ConfigError(
                f"the filter expression {shown(self.text)} gives several values a row; choose an element: NAME[1]."
            )
        good = result.values & ~result.null
        return np.asarray(good if good.ndim else np.full(len(scene.table), good))


@lru_cache(maxsize=256)
def compile_expression(text: str) -> Expression:
    """Parse a row-filter expression.

    Parameters
    ----------
    text : str

    Raises
    ------
    ConfigError
        With the place where the text stops making sense.
    """
    if len(text) > MAX_LENGTH:
        raise ConfigError(
            f"the filter expression has {len(text)} characters, {MAX_LENGTH} are the most that is taken; it begins "
            f"with {text[:60]!r}."
        )
    if (known := recall(text)) is not None:
        return Expression(text, known)
    tree = _parsed(text)
    if len(text) <= _SHORT and compile_expression.cache_info().misses <= _FIRST:
        keep(text, tree)
    return Expression(text, tree)


def _parsed(text: str) -> Node:
    from lark import UnexpectedInput

    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        at = error.pos_in_stream
        place = "at its end" if at is None or at < 0 else f"at character {at + 1}: {text[at : at + 12]!r}"
        raise ConfigError(
            f"the filter expression {shown(text)} can't be read {place}; it should look like (ELV > 4) && .NOT. "
            "ISNULL(ELV)."
        ) from None
    if _is_deeper(tree, MAX_DEPTH):
        raise ConfigError(
            f"the filter expression {shown(text)} is nested more than {MAX_DEPTH} deep, or joins more conditions than "
            "that; divide it."
        )
    node: Node = taken(tree)
    return node


def _names(node: Node) -> Iterator[str]:
    if node.data in _NAMING and isinstance(node.children[0], Leaf):
        yield node.children[0].text.strip("$")
    for child in node.children:
        if isinstance(child, Node):
            yield from _names(child)


def _is_deeper(tree: Tree[Token], limit: int) -> bool:
    level: list[Tree[Token]] = [tree]
    for _ in range(limit):
        level = [child for node in level for child in node.children if not isinstance(child, str | None)]
        if not level:
            return False
    return True
