"""Parsing and evaluating row-filter expressions (the language of CFITSIO, FTOOLS ``maketime``)."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError
from rossi.expression.operand import Kind, Operand
from rossi.expression.scene import Scene
from rossi.fits.table import Table

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

#: The longest expression, and how deep it may be nested: `a && b && c` is two deep. HEASARC's recipes have 200
#: characters and five conditions. More would take memory, time and, for the depth, the interpreter's stack.
MAX_LENGTH, MAX_DEPTH = 10_000, 120

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

    grammar = Path(__file__).with_name("grammar.lark").read_text()
    # By a hash, lark knows whether what is kept is of this grammar; it goes on where that can't be read or written.
    return Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=True, cache=_kept())


def _kept() -> str | bool:
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rossi"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return False
    return str(folder / f"expressions-{sys.implementation.cache_tag}.lark")


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled row-filter expression.

    Parameters
    ----------
    text : str
    tree : lark.Tree
    """

    text: str
    tree: Tree[Token]

    @property
    def names(self) -> frozenset[str]:
        """The columns (or keywords) that the expression uses, as it spells them."""
        nodes = self.tree.find_pred(lambda node: node.data in _NAMING)
        return frozenset(str(node.children[0]).strip("$") for node in nodes)

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
        return np.broadcast_to(result.values & ~result.null, (len(scene.table),))


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
    from lark import UnexpectedInput

    if len(text) > MAX_LENGTH:
        raise ConfigError(
            f"the filter expression has {len(text)} characters, {MAX_LENGTH} are the most that is taken; it begins "
            f"with {text[:60]!r}."
        )
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
    return Expression(text, tree)


def _is_deeper(tree: Tree[Token], limit: int) -> bool:
    level: list[Tree[Token]] = [tree]
    for _ in range(limit):
        level = [child for node in level for child in node.children if not isinstance(child, str | None)]
        if not level:
            return False
    return True
