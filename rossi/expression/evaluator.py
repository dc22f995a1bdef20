"""Evaluating the tree of a row-filter expression."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError, did_you_mean
from rossi.expression import bits, functions, vectors
from rossi.expression import operators as op
from rossi.expression.operand import Kind, Operand
from rossi.expression.scene import FUNCTIONS as scene_functions
from rossi.expression.scene import Scene
from rossi.expression.scene import call as call_in
from rossi.expression.tree import Leaf, Node, Part
from rossi.fits.structure import ColumnInfo

_MAX_NAME = 68  # as much as a FITS card can hold
_CONSTANTS = {
    "#PI": Operand.constant(math.pi),
    "#E": Operand.constant(math.e),
    "#DEG": Operand.constant(math.pi / 180.0),
    "#NULL": Operand.of(Kind.INTEGER, 0, True),
    "#SNULL": Operand.of(Kind.STRING, "", True),
}


class Evaluator:
    """Walks the tree; one method a rule of the grammar."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.table = scene, scene.table
        self._columns: dict[str, Operand] = {}

    def visit(self, part: Part) -> Operand:
        """Return the value of a part."""
        assert isinstance(part, Node)
        value: Operand = getattr(self, part.data)(part)
        return value

    def visit_children(self, tree: Node) -> list[Operand]:
        """Return the values of the parts of a part."""
        return [self.visit(child) for child in tree.children]

    def _two(self, tree: Node) -> tuple[Operand, str, Operand]:
        left, operator, right = tree.children
        assert isinstance(operator, Leaf)
        return self.visit(left), operator.type, self.visit(right)

    def logical(self, tree: Node) -> Operand:
        left, operator, right = self._two(tree)
        return op.logical(operator == "AND", left, right)

    def compare(self, tree: Node) -> Operand:
        left, operator, right = tree.children
        assert isinstance(operator, Leaf)
        value, inverse = self._left(left)
        result = op.compare(operator.type, value, self.visit(right))
        return op.negated(result) if inverse else result

    def between(self, tree: Node) -> Operand:
        left, low, high = tree.children
        value, inverse = self._left(left)
        result = op.between(value, self.visit(low), self.visit(high))
        return op.negated(result) if inverse else result

    def _left(self, tree: Part) -> tuple[Operand, bool]:
        """Return a comparison's left side; True for ``! NUM`` of ``! NUM > 2``, where NOT means the comparison."""
        assert isinstance(tree, Node)
        if tree.data == "negation":
            value = self.visit(tree.children[1])
            own = value.kind in (Kind.BOOLEAN, Kind.BITS)
            return (op.negated(value), False) if own else (value, True)
        if tree.data in ("arithmetic", "bitwise"):
            left, operator, right = tree.children
            assert isinstance(operator, Leaf)
            value, inverse = self._left(left)
            apply = op.arithmetic if tree.data == "arithmetic" else op.bitwise
            return apply(operator.type, value, self.visit(right)), inverse
        return self.visit(tree), False

    def arithmetic(self, tree: Node) -> Operand:
        left, operator, right = self._two(tree)
        return op.arithmetic(operator, left, right)

    def bitwise(self, tree: Node) -> Operand:
        left, operator, right = self._two(tree)
        return op.bitwise(operator, left, right)

    def conditional(self, tree: Node) -> Operand:
        return op.conditional(*self.visit_children(tree))

    def negation(self, tree: Node) -> Operand:
        return op.negated(self.visit(tree.children[1]))

    def minus(self, tree: Node) -> Operand:
        return op.minus(self.visit(tree.children[1]))

    def plus(self, tree: Node) -> Operand:
        return op.arithmetic("PLUS", Operand.constant(0), self.visit(tree.children[1]))

    def cast(self, tree: Node) -> Operand:
        integer = _text(tree).lower() == "(int)"
        return op.cast(self.visit(tree.children[1]), Kind.INTEGER if integer else Kind.REAL)

    def integer(self, tree: Node) -> Operand:
        return _integer(_text(tree))

    def real(self, tree: Node) -> Operand:
        return _real(_text(tree))

    def boolean(self, tree: Node) -> Operand:
        return Operand.constant(_text(tree) in "tT")

    def string(self, tree: Node) -> Operand:
        return Operand.constant(_text(tree)[1:-1])

    def mask(self, tree: Node) -> Operand:
        return bits.mask(_text(tree))

    def special(self, tree: Node) -> Operand:
        word = _text(tree).upper()
        if word == "#ROW":
            return Operand.of(Kind.INTEGER, np.arange(1, len(self.table) + 1))
        return _CONSTANTS[word] if word in _CONSTANTS else self._keyword(word[1:].strip("$"))

    def name(self, tree: Node) -> Operand:
        return self._value(_text(tree))

    def vector(self, tree: Node) -> Operand:
        return vectors.vector(self.visit_children(tree))

    def function(self, tree: Node) -> Operand:
        name = _text(tree).upper()
        if not (functions.is_known(name) or name in scene_functions):
            known = ", ".join(sorted([*functions.names(), *scene_functions]))
            raise ConfigError(
                f"the filter expression calls {name[:100]}, which is not known; known functions are {known}."
            )
        arguments = [self.visit(child) for child in tree.children[1:] if isinstance(child, Node)]
        return call_in(self.scene, name, arguments) if name in scene_functions else functions.call(name, arguments)

    def shifted(self, tree: Node) -> Operand:
        name, offset = _text(tree), tree.children[1]
        assert isinstance(offset, Node)
        sign, digits = offset.children
        assert isinstance(digits, Leaf)
        backwards = isinstance(sign, Leaf) and sign.text == "-"
        step = min(int(_whole(digits.text)), len(self.table)) * (-1 if backwards else 1)
        value = self._value(name)
        if value.is_constant:
            raise ConfigError(f"the filter expression asks for {name} of another row, but {name} is a keyword.")
        row = np.arange(len(self.table)) + step
        outside = (row < 0) | (row >= len(self.table))
        row = np.where(outside, 0, row)
        outside = outside.reshape(-1, *[1] * len(value.axes))
        if value.kind == Kind.BITS:  # bits are never undefined
            return Operand.of(Kind.BITS, np.where(outside, 0, value.values[row]))
        return Operand(value.kind, value.values[row], value.full_null[row] | outside)

    def element(self, tree: Node) -> Operand:
        vector, *indices = self.visit_children(tree)
        left = tree.children[0]
        name = _text(left) if isinstance(left, Node) and left.data == "name" else "the vector"
        return vectors.element(vector, indices, name)

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


@lru_cache(maxsize=256)
def _integer(text: str) -> Operand:
    return Operand.constant(_whole(text))


@lru_cache(maxsize=256)
def _real(text: str) -> Operand:
    return Operand.constant(float(text.lower().replace("d", "e")))


def _whole(digits: str) -> int | float:
    """Return a whole number; as real number where 64 bits can't hold it, without counting thousands of digits."""
    if digits[:2].lower() in ("0x", "0o", "0b"):
        return int(digits[:250], 0)
    return int(digits) if len(digits) <= 18 else float(digits[:300])


def _text(tree: Node) -> str:
    """Return the first word of a part."""
    word = tree.children[0]
    assert isinstance(word, Leaf)
    return word.text
