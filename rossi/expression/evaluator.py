"""Evaluating the tree of a row-filter expression."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from lark import Token, Tree
from lark.visitors import Interpreter
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError, did_you_mean
from rossi.expression import bits, functions, vectors
from rossi.expression import operators as op
from rossi.expression.operand import Kind, Operand
from rossi.expression.scene import FUNCTIONS as scene_functions
from rossi.expression.scene import Scene
from rossi.expression.scene import call as call_in
from rossi.fits.structure import ColumnInfo

_MAX_NAME = 68  # as much as a FITS card can hold
_CONSTANTS = {
    "#PI": Operand.constant(math.pi),
    "#E": Operand.constant(math.e),
    "#DEG": Operand.constant(math.pi / 180.0),
    "#NULL": Operand.of(Kind.INTEGER, 0, True),
    "#SNULL": Operand.of(Kind.STRING, "", True),
}


class Evaluator(Interpreter[Token, Operand]):
    """Walks the tree; one method a rule of the grammar."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.table = scene, scene.table
        self._columns: dict[str, Operand] = {}

    def _two(self, tree: Tree[Token]) -> tuple[Operand, str, Operand]:
        left, operator, right = tree.children
        assert isinstance(operator, Token)
        return self.visit(left), operator.type, self.visit(right)  # type: ignore[arg-type]

    def logical(self, tree: Tree[Token]) -> Operand:
        left, operator, right = self._two(tree)
        return op.logical(operator == "AND", left, right)

    def compare(self, tree: Tree[Token]) -> Operand:
        left, operator, right = tree.children
        assert isinstance(operator, Token)
        value, inverse = self._left(left)  # type: ignore[arg-type]
        result = op.compare(operator.type, value, self.visit(right))  # type: ignore[arg-type]
        return op.negated(result) if inverse else result

    def between(self, tree: Tree[Token]) -> Operand:
        left, low, high = tree.children
        value, inverse = self._left(left)  # type: ignore[arg-type]
        result = op.between(value, self.visit(low), self.visit(high))  # type: ignore[arg-type]
        return op.negated(result) if inverse else result

    def _left(self, tree: Tree[Token]) -> tuple[Operand, bool]:
        """Return a comparison's left side; True for ``! NUM`` of ``! NUM > 2``, where NOT means the comparison."""
        if tree.data == "negation":
            value = self.visit(tree.children[1])  # type: ignore[arg-type]
            own = value.kind in (Kind.BOOLEAN, Kind.BITS)
            return (op.negated(value), False) if own else (value, True)
        if tree.data in ("arithmetic", "bitwise"):
            left, operator, right = tree.children
            assert isinstance(operator, Token)
            value, inverse = self._left(left)  # type: ignore[arg-type]
            apply = op.arithmetic if tree.data == "arithmetic" else op.bitwise
            return apply(operator.type, value, self.visit(right)), inverse  # type: ignore[arg-type]
        return self.visit(tree), False

    def arithmetic(self, tree: Tree[Token]) -> Operand:
        left, operator, right = self._two(tree)
        return op.arithmetic(operator, left, right)

    def bitwise(self, tree: Tree[Token]) -> Operand:
        left, operator, right = self._two(tree)
        return op.bitwise(operator, left, right)

    def conditional(self, tree: Tree[Token]) -> Operand:
        return op.conditional(*self.visit_children(tree))

    def negation(self, tree: Tree[Token]) -> Operand:
        return op.negated(self.visit(tree.children[1]))  # type: ignore[arg-type]

    def minus(self, tree: Tree[Token]) -> Operand:
        return op.minus(self.visit(tree.children[1]))  # type: ignore[arg-type]

    def plus(self, tree: Tree[Token]) -> Operand:
        return op.arithmetic("PLUS", Operand.constant(0), self.visit(tree.children[1]))  # type: ignore[arg-type]

    def cast(self, tree: Tree[Token]) -> Operand:
        integer = str(tree.children[0]).lower() == "(int)"
        return op.cast(self.visit(tree.children[1]), Kind.INTEGER if integer else Kind.REAL)  # type: ignore[arg-type]

    def integer(self, tree: Tree[Token]) -> Operand:
        return Operand.constant(_whole(_text(tree)))

    def real(self, tree: Tree[Token]) -> Operand:
        return Operand.constant(float(_text(tree).lower().replace("d", "e")))

    def boolean(self, tree: Tree[Token]) -> Operand:
        return Operand.constant(_text(tree) in "tT")

    def string(self, tree: Tree[Token]) -> Operand:
        return Operand.constant(_text(tree)[1:-1])

    def mask(self, tree: Tree[Token]) -> Operand:
        return bits.mask(_text(tree))

    def special(self, tree: Tree[Token]) -> Operand:
        word = _text(tree).upper()
        if word == "#ROW":
            return Operand.of(Kind.INTEGER, np.arange(1, len(self.table) + 1))
        return _CONSTANTS[word] if word in _CONSTANTS else self._keyword(word[1:].strip("$"))

    def name(self, tree: Tree[Token]) -> Operand:
        return self._value(_text(tree))

    def vector(self, tree: Tree[Token]) -> Operand:
        return vectors.vector(self.visit_children(tree))

    def function(self, tree: Tree[Token]) -> Operand:
        name = str(tree.children[0]).upper()
        if not (functions.is_known(name) or name in scene_functions):
            known = ", ".join(sorted([*functions.names(), *scene_functions]))
            raise ConfigError(
                f"the filter expression calls {name[:100]}, which is not known; known functions are {known}."
            )
        arguments = [self.visit(child) for child in tree.children[1:] if isinstance(child, Tree)]
        return call_in(self.scene, name, arguments) if name in scene_functions else functions.call(name, arguments)

    def shifted(self, tree: Tree[Token]) -> Operand:
        name, offset = tree.children
        sign, digits = offset.children  # type: ignore[union-attr]
        step = min(int(_whole(str(digits))), len(self.table)) * (-1 if sign == "-" else 1)
        value = self._value(str(name))
        if value.is_constant:
            raise ConfigError(f"the filter expression asks for {name} of another row, but {name} is a keyword.")
        row = np.arange(len(self.table)) + step
        outside = (row < 0) | (row >= len(self.table))
        row = np.where(outside, 0, row)
        outside = outside.reshape(-1, *[1] * len(value.axes))
        if value.kind == Kind.BITS:  # bits are never undefined
            return Operand.of(Kind.BITS, np.where(outside, 0, value.values[row]))
        return Operand(value.kind, value.values[row], value.full_null[row] | outside)

    def element(self, tree: Tree[Token]) -> Operand:
        vector, *indices = self.visit_children(tree)
        left = tree.children[0]
        named = isinstance(left, Tree) and left.data == "name"
        return vectors.element(vector, indices, _text(left) if named else "the vector")  # type: ignore[arg-type]

    def _value(self, name: str) -> Operand:
        name = name.strip("$").upper()
        if name not in self._columns:
            self._columns[name] = self._column(name) if name in self.table else self._keyword(name)
        return self._columns[name]

    def _column(self, name: str) -> Operand:
        info = self.table.info(name)
        if info.code == "X":
            return bits.column(self.table.column(name).reshape(len(self.table), -(-info.repeat // 8)), info.repeat)
        values: NDArray[Any] = self.table.column(name)
        kind = {"L": Kind.BOOLEAN, "A": Kind.STRING, "K": Kind.REAL}.get(info.code, Kind.INTEGER)
        if kind == Kind.REAL or values.dtype.kind == "f":
            with np.errstate(invalid="ignore"):  # signalling NaNs of single precision
                kind, values = Kind.REAL, values.astype(np.float64)
        if kind == Kind.STRING:
            values = values.astype(f"U{max(info.repeat, 1)}")  # as wide as the column: NELEM
        shape = (len(self.table), *self._axes(info)) if values.ndim > 1 else values.shape
        return Operand(kind, values.reshape(shape), self.table.null(name).reshape(shape))

    def _axes(self, info: ColumnInfo) -> tuple[int, ...]:
        """Return the axes that TDIM gives a column, in C order."""
        numbers = re.findall(r"\d+", str(self.table.header.get(f"TDIM{info.number}", "")))
        axes = tuple(int(n[:9]) for n in numbers[::-1])
        return axes if math.prod(axes) == info.repeat else (info.repeat,)

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
    if digits[:2].lower() in ("0x", "0o", "0b"):
        return int(digits[:18], 0)
    return int(digits) if len(digits) <= 18 else float(digits[:300])


def _text(tree: Tree[Token]) -> str:
    return str(tree.children[0])
