"""What the operators of the row-filter language do to values with NULLs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rossi.errors import ConfigError
from rossi.expression import bits
from rossi.expression.operand import Kind, Operand, aligned, require

_COMPARE: Mapping[str, Callable[..., Any]] = {
    "EQ": np.equal,
    "NE": np.not_equal,
    "LT": np.less,
    "GT": np.greater,
    "LE": np.less_equal,
    "GE": np.greater_equal,
}

_DTYPE: Mapping[Kind, Any] = {Kind.INTEGER: np.int64, Kind.REAL: np.float64}


def logical(is_and: bool, a: Operand, b: Operand) -> Operand:
    """Three-valued AND and OR: F && NULL is F, T || NULL is T, else NULL stays NULL.

    Parameters
    ----------
    is_and : bool
    a, b : Operand

    Raises
    ------
    ConfigError
        If one of them is not logical.
    """
    name = "&&" if is_and else "||"
    require(a.kind == b.kind == Kind.BOOLEAN, f"both sides of {name} must be logical", a, b)
    a, b = aligned(a, b)
    open_a, open_b = (one.null | (one.values == is_and) for one in (a, b))  # the other one can decide
    values = (a.values & b.values) if is_and else (a.values | b.values)
    return Operand.of(Kind.BOOLEAN, values, (a.null | b.null) & open_a & open_b)


def negated(value: Operand) -> Operand:
    """NOT of a logical value or of bits; NULL stays NULL.

    Parameters
    ----------
    value : Operand

    Raises
    ------
    ConfigError
        If it is neither logical nor of bits.
    """
    if value.kind == Kind.BITS:
        return bits.inverted(value)
    require(value.kind == Kind.BOOLEAN, "NOT needs a logical value or bits", value)
    return Operand.of(Kind.BOOLEAN, ~value.values, value.null)


def compare(operator: str, a: Operand, b: Operand) -> Operand:
    """Compare numbers with numbers, strings with strings, bits with bits; logicals only for equality.

    Parameters
    ----------
    operator : {"EQ", "NE", "LT", "GT", "LE", "GE", "NEAR"}
        NEAR is ``~``: closer than 1e-7 (integers: equal).
    a, b : Operand

    Raises
    ------
    ConfigError
        If they are not of one type, or the operator is not for it.
    """
    alike = (a.is_number and b.is_number) or a.kind == b.kind
    require(alike, f"both sides of a comparison ({operator.lower()}) must be of one type", a, b)
    if operator == "NEAR":
        require(a.is_number, "both sides of ~ must be numbers", a, b)
        return near(a, b, Operand.constant(1e-7))
    if a.kind == Kind.BITS:
        return bits.compare(operator, a, b)
    if a.kind == Kind.BOOLEAN:
        require(operator in ("EQ", "NE"), "logical values can only be compared for equality", a, b)
    a, b = aligned(a, b)
    with np.errstate(invalid="ignore"):
        return Operand.of(Kind.BOOLEAN, _COMPARE[operator](a.values, b.values), a.null | b.null)


def minus(value: Operand) -> Operand:
    """Return a number with the other sign.

    Parameters
    ----------
    value : Operand

    Raises
    ------
    ConfigError
        If it is no number.
    """
    require(value.is_number, "arithmetic needs numbers", value)
    return Operand.of(value.kind, np.negative(value.values.astype(_DTYPE[value.kind])), value.null)


def near(x: Operand, y: Operand, tolerance: Operand) -> Operand:
    """Return where two numbers differ by less than a tolerance.

    Parameters
    ----------
    x, y, tolerance : Operand

    Raises
    ------
    ConfigError
        If one of them is no number.
    """
    require(x.is_number and y.is_number and tolerance.is_number, "NEAR needs three numbers", x, y, tolerance)
    x, y, tolerance = aligned(x, y, tolerance)
    with np.errstate(invalid="ignore"):
        close = np.abs(x.real - y.real) < tolerance.real
    return Operand.of(Kind.BOOLEAN, close, x.null | y.null | tolerance.null)


def between(value: Operand, low: Operand, high: Operand) -> Operand:
    """Return ``value = low:high``; both ends belong to it.

    Parameters
    ----------
    value, low, high : Operand

    Raises
    ------
    ConfigError
        If one of them is no number.
    """
    numbers = value.is_number and low.is_number and high.is_number
    require(numbers, "a range (value = low:high) needs numbers", value, low, high)
    return logical(True, compare("GE", value, low), compare("LE", value, high))


def conditional(test: Operand, yes: Operand, no: Operand) -> Operand:
    """Return ``test ? yes : no``; a logical value beside a number counts as 1 or 0.

    Parameters
    ----------
    test, yes, no : Operand

    Raises
    ------
    ConfigError
        If the test is not logical, or the results are not of one type.
    """
    require(test.kind == Kind.BOOLEAN, "the condition of ?: must be logical", test)
    alike = max(yes.kind, no.kind) <= Kind.REAL or yes.kind == no.kind == Kind.STRING
    require(alike, "both results of ?: must be of one type", yes, no)
    test, yes, no = aligned(test, yes, no)
    values = np.where(test.values, yes.values, no.values)
    return Operand.of(max(yes.kind, no.kind), values, test.null | np.where(test.values, yes.null, no.null))


def cast(value: Operand, to: Kind) -> Operand:
    """Return a number or a logical value as whole number (cut off) or in double precision.

    Parameters
    ----------
    value : Operand
    to : Kind
        INTEGER or REAL.

    Raises
    ------
    ConfigError
        If it is neither a number nor logical.
    """
    require(value.kind <= Kind.REAL, "a cast needs a number or a logical value", value)
    with np.errstate(invalid="ignore"):
        return Operand.of(to, np.where(value.null, 0, value.values).astype(_DTYPE[to]), value.null)


def arithmetic(operator: str, a: Operand, b: Operand) -> Operand:
    """Arithmetic as C does it: ``7/2`` is 3, ``%`` takes the sign of the dividend; division by zero is NULL.

    ``+`` also joins strings, and bits.

    Parameters
    ----------
    operator : {"PLUS", "MINUS", "TIMES", "OVER", "PERCENT", "POWER"}
    a, b : Operand

    Raises
    ------
    ConfigError
        If types don't fit, or a constant is divided by zero.
    """
    if operator == "PLUS" and a.kind == b.kind == Kind.BITS:
        return bits.joined(a, b)
    if operator == "PLUS" and a.kind == b.kind == Kind.STRING:
        return Operand.of(Kind.STRING, np.char.add(a.values, b.values), a.null | b.null)
    require(a.is_number and b.is_number, "arithmetic needs numbers", a, b)
    a, b = aligned(a, b)
    kind = max(a.kind, b.kind)
    dtype = _DTYPE[kind]
    x, y, null = a.values.astype(dtype), b.values.astype(dtype), a.null | b.null
    with np.errstate(all="ignore"):
        if operator in ("OVER", "PERCENT"):
            zero = y == 0
            if a.is_constant and b.is_constant and zero.any() and not null.any():
                raise ConfigError("the filter expression divides a constant by zero.")
            y = np.where(zero, np.asarray(1, dtype), y)
            return Operand.of(kind, _divided(operator, x, y, kind), null | zero)
        if operator == "POWER":
            values = np.power(x.astype(np.float64), y.astype(np.float64)).astype(dtype)
        else:
            values = {"PLUS": np.add, "MINUS": np.subtract, "TIMES": np.multiply}[operator](x, y)
    return Operand.of(kind, values, null)


def _divided(operator: str, x: Any, y: Any, kind: Kind) -> Any:
    if kind == Kind.REAL:
        return x / y if operator == "OVER" else x - y * np.trunc(x / y)
    remainder = np.fmod(x, y)
    return remainder if operator == "PERCENT" else (x - remainder) // y


def bitwise(operator: str, a: Operand, b: Operand) -> Operand:
    """AND, OR and XOR of whole numbers; AND and OR of bits.

    Parameters
    ----------
    operator : {"BIT_AND", "BIT_OR", "BIT_XOR"}
    a, b : Operand

    Raises
    ------
    ConfigError
        If they are neither whole numbers nor bits.
    """
    name = {"BIT_AND": "&", "BIT_OR": "|", "BIT_XOR": "^^"}[operator]
    if a.kind == b.kind == Kind.BITS and operator != "BIT_XOR":
        return bits.combined(operator == "BIT_AND", a, b)
    require(a.kind == b.kind == Kind.INTEGER, f"{name} needs two whole numbers, or two bit fields (& and |)", a, b)
    a, b = aligned(a, b)
    function: Any = {"BIT_AND": np.bitwise_and, "BIT_OR": np.bitwise_or, "BIT_XOR": np.bitwise_xor}[operator]
    return Operand.of(Kind.INTEGER, function(a.values.astype(np.int64), b.values.astype(np.int64)), a.null | b.null)
