"""Values with NULLs, and what the operators of the row-filter language do to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError


class Kind(IntEnum):
    """Types of the language; numbers of two kinds meet in the higher one, nothing else mixes."""

    BOOLEAN = 0
    INTEGER = 1
    REAL = 2
    STRING = 3
    BITS = 4


@dataclass(frozen=True, slots=True)
class Operand:
    """A value a row, or one for all rows.

    Parameters
    ----------
    kind : Kind
    values : ndarray (n_row,), (n_row, n_element) or ()
    null : ndarray of bool
        Where the value is undefined; broadcasts against `values`.
    """

    kind: Kind
    values: NDArray[Any]
    null: NDArray[np.bool_]

    @classmethod
    def constant(cls, value: bool | int | float | str | None) -> Operand:
        """Wrap a literal or a keyword's value; None is NULL."""
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            value = float(value)
        kind = {bool: Kind.BOOLEAN, int: Kind.INTEGER, str: Kind.STRING}.get(type(value), Kind.REAL)
        return cls(kind, np.asarray(np.nan if value is None else value), np.asarray(value is None))

    @property
    def is_number(self) -> bool:
        """True for integers and reals."""
        return self.kind in (Kind.INTEGER, Kind.REAL)


def require(kind_is_right: bool, what: str, *operands: Operand) -> None:
    """Raise a `ConfigError` that names the operand types unless the condition holds."""
    if not kind_is_right:
        found = " and ".join(o.kind.name.lower() for o in operands)
        raise ConfigError(f"{what}, but found {found}; compare a logical column with T or F, not with a number.")


def aligned(*operands: Operand) -> tuple[Operand, ...]:
    """Let single values meet vectors: a value a row counts for each of the row's elements.

    Raises
    ------
    ConfigError
        If two vectors differ in length.
    """
    widths = {o.values.shape[1] for o in operands if o.values.ndim == 2 and o.kind != Kind.BITS}
    if len(widths) > 1:
        raise ConfigError(
            f"the filter expression joins vectors of {' and '.join(map(str, sorted(widths)))} elements a row; "
            "choose an element of each: NAME[1]."
        )
    if not widths:
        return operands
    return tuple(
        Operand(o.kind, o.values[:, None], o.null[:, None] if o.null.ndim else o.null) if o.values.ndim == 1 else o
        for o in operands
    )


def logical(is_and: bool, a: Operand, b: Operand) -> Operand:
    """Three-valued AND and OR: F && NULL is F, T || NULL is T, else NULL stays NULL."""
    name = "&&" if is_and else "||"
    require(a.kind == b.kind == Kind.BOOLEAN, f"both sides of {name} must be logical", a, b)
    decided_a = ~a.null & (a.values != is_and)
    decided_b = ~b.null & (b.values != is_and)
    decided = decided_a | decided_b
    values = (a.values & b.values) if is_and else (a.values | b.values)
    return Operand(Kind.BOOLEAN, np.where(decided, not is_and, values), (a.null | b.null) & ~decided)


_COMPARE: Mapping[str, Callable[..., Any]] = {
    "EQ": np.equal,
    "NE": np.not_equal,
    "LT": np.less,
    "GT": np.greater,
    "LE": np.less_equal,
    "GE": np.greater_equal,
}


def compare(operator: str, a: Operand, b: Operand) -> Operand:
    """Compare numbers with numbers, strings with strings; logicals only for equality.

    Parameters
    ----------
    operator : {"EQ", "NE", "LT", "GT", "LE", "GE", "NEAR"}
        NEAR is ``~``: closer than 1e-7 (integers: equal).
    """
    alike = (a.is_number and b.is_number) or a.kind == b.kind
    require(alike, f"both sides of a comparison ({operator.lower()}) must be of one type", a, b)
    if a.kind == Kind.BOOLEAN:
        require(operator in ("EQ", "NE"), "logical values can only be compared for equality", a, b)
    null = a.null | b.null
    with np.errstate(invalid="ignore"):
        if operator != "NEAR":
            return Operand(Kind.BOOLEAN, np.asarray(_COMPARE[operator](a.values, b.values)), null)
        require(a.is_number, "both sides of ~ must be numbers", a, b)
        if a.kind == b.kind == Kind.INTEGER:
            return Operand(Kind.BOOLEAN, np.asarray(a.values == b.values), null)
        return Operand(Kind.BOOLEAN, np.asarray(np.abs(a.values - b.values) < 1e-7), null)


def match_bits(column: Operand, mask: str) -> NDArray[np.bool_]:
    """Return which rows of a bit column fit a mask, ``01x`` from the most significant bit on.

    Raises
    ------
    ConfigError
        If the operand is no bit column, or the mask is not as long as it.
    """
    require(column.kind == Kind.BITS, "a mask (b01x...) needs a bit column", column)
    width = column.values.shape[1]
    if len(mask) != width:
        raise ConfigError(
            f"the mask b{mask[:100]} in the filter expression has {len(mask)} bits, but the column has {width}."
        )
    matters = [at for at, bit in enumerate(mask) if bit in "01"]
    wanted = np.array([mask[at] == "1" for at in matters], np.uint8)
    return np.asarray((column.values[:, matters] == wanted).all(axis=1))


def arithmetic(operator: str, a: Operand, b: Operand) -> Operand:
    """Arithmetic as C does it: ``7/2`` is 3, ``%`` takes the sign of the dividend; division by zero is NULL.

    Parameters
    ----------
    operator : {"PLUS", "MINUS", "TIMES", "OVER", "PERCENT", "POWER"}
    """
    require(a.is_number and b.is_number, "arithmetic needs numbers", a, b)
    kind = max(a.kind, b.kind)
    dtype: Any = np.int64 if kind == Kind.INTEGER else np.float64
    x, y = a.values.astype(dtype), b.values.astype(dtype)
    null = a.null | b.null
    with np.errstate(all="ignore"):
        if operator in ("OVER", "PERCENT"):
            zero = y == 0
            null, y = null | zero, np.where(zero, np.asarray(1, dtype), y)
            remainder = np.fmod(x, y)
            quotient = (x - remainder) // y if kind == Kind.INTEGER else x / y
            values = remainder if operator == "PERCENT" else quotient
        elif operator == "POWER":
            real = np.power(x.astype(np.float64), y.astype(np.float64))
            null = null | ~np.isfinite(real)
            values = np.where(np.isfinite(real), real, 0.0).astype(dtype)
        else:
            values = {"PLUS": np.add, "MINUS": np.subtract, "TIMES": np.multiply}[operator](x, y)
    return Operand(kind, np.asarray(values), np.asarray(null))
