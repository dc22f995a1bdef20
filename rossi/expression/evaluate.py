"""Parsing and evaluating row-filter expressions (the language of CFITSIO, FTOOLS ``maketime``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from lark import Lark, Token, Tree, UnexpectedInput
from lark.visitors import Interpreter
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError
from rossi.expression import operand as op
from rossi.expression.functions import call
from rossi.expression.operand import Kind, Operand
from rossi.fits.table import Table

#: The longest expression, and how deep it may be nested: `a && b && c` is two deep. HEASARC's recipes have 200
#: characters and five conditions. More would take memory, time and, for the depth, the interpreter's stack.
MAX_LENGTH, MAX_DEPTH = 10_000, 120

_MAX_NAME = 68  # as much as a FITS card can hold
_NAMING = frozenset({"name", "shifted", "element"})  # rules of the grammar that begin with a column's name
_CONSTANTS = {"#PI": np.pi, "#E": np.e, "#DEG": 180.0 / np.pi, "#NULL": None}


def shown(text: str) -> str:
    """Return what a message repeats of an expression."""
    return repr(text if len(text) <= 300 else f"{text[:300]}...")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was meant, case aside; empty if none is near."""
    spelt = {one.upper(): one for one in known}
    near = get_close_matches(name.upper(), spelt, 1)
    return f"did you mean {spelt[near[0]]}?" if near else ""


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(
        Path(__file__).with_name("grammar.lark").read_text(),
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
    )


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

    def evaluate(self, table: Table) -> Operand:
        """Return the expression's value in each row.

        Raises
        ------
        DataError
            If a name is neither a column nor a keyword of the table.
        ConfigError
            If types don't fit together.
        """
        result: Operand = _Evaluator(table).visit(self.tree)
        return result

    def select(self, table: Table) -> NDArray[np.bool_]:
        """Return which rows fulfil the expression; NULL does not.

        Raises
        ------
        ConfigError
            Also if the expression is not logical.
        """
        result = self.evaluate(table)
        if result.kind != Kind.BOOLEAN:
            raise ConfigError(
                f"the filter expression {shown(self.text)} gives a {result.kind.name.lower()}; a condition is needed."
            )
        if result.values.ndim > 1:
            raise ConfigError(
                f"the filter expression {shown(self.text)} gives several values a row; choose an element: NAME[1]."
            )
        return np.broadcast_to(result.values & ~result.null, (len(table),))


@lru_cache(maxsize=256)
def compile_expression(text: str) -> Expression:
    """Parse a row-filter expression.

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
        level = [child for node in level for child in node.children if isinstance(child, Tree)]
        if not level:
            return False
    return True


class _Evaluator(Interpreter[Token, Operand]):
    """Walks the tree; one method a rule of the grammar."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._columns: dict[str, Operand] = {}

    def _two(self, tree: Tree[Token]) -> tuple[Operand, str, Operand]:
        left, operator, right = tree.children
        assert isinstance(operator, Token)
        a, b = op.aligned(self.visit(left), self.visit(right))  # type: ignore[arg-type]
        return a, operator.type, b

    def logical(self, tree: Tree[Token]) -> Operand:
        left, operator, right = self._two(tree)
        return op.logical(operator == "AND", left, right)

    def compare(self, tree: Tree[Token]) -> Operand:
        left, operator, right = self._two(tree)
        return op.compare(operator, left, right)

    def bits(self, tree: Tree[Token]) -> Operand:
        column, operator, mask = tree.children
        assert isinstance(operator, Token)
        equal = op.match_bits(self.visit(column), str(mask)[1:])  # type: ignore[arg-type]
        return Operand(Kind.BOOLEAN, equal if operator.type == "EQ" else ~equal, np.asarray(False))

    def arithmetic(self, tree: Tree[Token]) -> Operand:
        left, operator, right = self._two(tree)
        return op.arithmetic(operator, left, right)

    def between(self, tree: Tree[Token]) -> Operand:
        value, low, high = op.aligned(*self.visit_children(tree))
        return op.logical(True, op.compare("GE", value, low), op.compare("LE", value, high))

    def conditional(self, tree: Tree[Token]) -> Operand:
        test, yes, no = op.aligned(*self.visit_children(tree))
        op.require(test.kind == Kind.BOOLEAN, "the condition of ?: must be logical", test)
        alike = (yes.is_number and no.is_number) or yes.kind == no.kind
        op.require(alike, "both results of ?: must be of one type", yes, no)
        values = np.where(test.values, yes.values, no.values)
        return Operand(max(yes.kind, no.kind), values, test.null | np.where(test.values, yes.null, no.null))

    def negation(self, tree: Tree[Token]) -> Operand:
        value = self.visit(tree.children[1])  # type: ignore[arg-type]
        op.require(value.kind == Kind.BOOLEAN, "NOT needs a logical value", value)
        return Operand(Kind.BOOLEAN, ~value.values, value.null)

    def minus(self, tree: Tree[Token]) -> Operand:
        return op.arithmetic("MINUS", Operand.constant(0), self.visit(tree.children[1]))  # type: ignore[arg-type]

    def plus(self, tree: Tree[Token]) -> Operand:
        return op.arithmetic("PLUS", Operand.constant(0), self.visit(tree.children[1]))  # type: ignore[arg-type]

    def cast(self, tree: Tree[Token]) -> Operand:
        value = self.visit(tree.children[1])  # type: ignore[arg-type]
        op.require(value.is_number, "a cast needs a number", value)
        integer = str(tree.children[0]).lower() == "(int)"
        whole = np.where(value.null, 0, value.values)
        kind, dtype = (Kind.INTEGER, np.int64) if integer else (Kind.REAL, np.float64)
        return Operand(kind, whole.astype(dtype), value.null)

    def integer(self, tree: Tree[Token]) -> Operand:
        return Operand.constant(_whole(_text(tree)))

    def real(self, tree: Tree[Token]) -> Operand:
        return Operand.constant(float(_text(tree).lower().replace("d", "e")))

    def boolean(self, tree: Tree[Token]) -> Operand:
        return Operand.constant(_text(tree) in "tT")

    def string(self, tree: Tree[Token]) -> Operand:
        return Operand.constant(_text(tree)[1:-1])

    def special(self, tree: Tree[Token]) -> Operand:
        word = _text(tree).upper()
        if word == "#ROW":
            return Operand(Kind.INTEGER, np.arange(1, len(self.table) + 1), np.asarray(False))
        if word in _CONSTANTS:
            return Operand.constant(_CONSTANTS[word])
        return self._keyword(word[1:])

    def name(self, tree: Tree[Token]) -> Operand:
        return self._value(_text(tree))

    def function(self, tree: Tree[Token]) -> Operand:
        name, *arguments = tree.children
        return call(str(name), list(op.aligned(*(self.visit(a) for a in arguments))))  # type: ignore[arg-type]

    def shifted(self, tree: Tree[Token]) -> Operand:
        name, offset = tree.children
        sign, digits = offset.children  # type: ignore[union-attr]
        step = min(int(_whole(str(digits))), len(self.table)) * (-1 if sign else 1)
        value = self._value(str(name))
        if value.values.ndim == 0:
            raise ConfigError(f"the filter expression asks for {name} of another row, but {name} is a keyword.")
        row = np.arange(len(self.table)) + step
        outside = (row < 0) | (row >= len(self.table))
        row = np.where(outside, 0, row)
        null = np.broadcast_to(value.null, value.values.shape)
        outside = outside.reshape(-1, *[1] * (null.ndim - 1))
        return Operand(value.kind, value.values[row], null[row] | outside)

    def element(self, tree: Tree[Token]) -> Operand:
        name, index = str(tree.children[0]), int(_whole(str(tree.children[1])))
        value = self._value(name)
        width = value.values.shape[1] if value.values.ndim == 2 else 1
        if not 1 <= index <= width:
            raise ConfigError(f"the filter expression asks for {name}[{index:g}], but {name} has {width} element(s).")
        if value.values.ndim == 1:
            return value
        null = np.broadcast_to(value.null, value.values.shape)
        return Operand(value.kind, value.values[:, index - 1], null[:, index - 1])

    def _value(self, name: str) -> Operand:
        name = name.strip("$").upper()
        if name not in self._columns:
            self._columns[name] = self._column(name) if name in self.table else self._keyword(name)
        return self._columns[name]

    def _column(self, name: str) -> Operand:
        info = self.table.info(name)
        if info.code == "X":
            bits = np.unpackbits(self.table.column(name).reshape(len(self.table), -1), axis=1, count=info.repeat)
            return Operand(Kind.BITS, bits, np.asarray(False))
        kind = {"L": Kind.BOOLEAN, "A": Kind.STRING, "E": Kind.REAL, "D": Kind.REAL}.get(info.code, Kind.INTEGER)
        values: NDArray[Any] = self.table.column(name)
        if values.dtype.kind == "f":
            kind, values = Kind.REAL, values.astype(np.float64)
        return Operand(kind, values, self.table.null(name))

    def _keyword(self, name: str) -> Operand:
        if len(name) > _MAX_NAME:
            raise ConfigError(f"the filter expression uses {name[:_MAX_NAME]}..., longer than any column's name.")
        value = self.table.header.get(name)
        if value is None:
            columns = [info.name for info in self.table.infos.values()]
            hint = did_you_mean(name, columns) or "check the spelling, or rebuild the filter file."
            raise DataError(
                f"{self.table.where}: the filter expression uses {name}, which is neither a column nor a keyword "
                f"there; {hint}"
            )
        return Operand.constant(value)


def _whole(digits: str) -> int | float:
    """Return a whole number; as real number where 64 bits can't hold it, without counting millions of digits."""
    return int(digits) if len(digits) <= 18 else float(digits[:300])


def _text(tree: Tree[Token]) -> str:
    return str(tree.children[0])
