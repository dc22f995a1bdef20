"""Functions of the row-filter language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rossi.errors import ConfigError
from rossi.expression.operand import Kind, Operand, require

#: One real argument, real result; out of the domain is NULL.
_REAL: Mapping[str, Callable[..., Any]] = {
    "SQRT": np.sqrt,
    "EXP": np.exp,
    "LOG": np.log,
    "LOG10": np.log10,
    "SIN": np.sin,
    "COS": np.cos,
    "TAN": np.tan,
    "ARCSIN": np.arcsin,
    "ASIN": np.arcsin,
    "ARCCOS": np.arccos,
    "ACOS": np.arccos,
    "ARCTAN": np.arctan,
    "ATAN": np.arctan,
    "SINH": np.sinh,
    "COSH": np.cosh,
    "TANH": np.tanh,
    "FLOOR": np.floor,
    "CEIL": np.ceil,
    "ROUND": lambda x: np.floor(x + 0.5),
}


def call(name: str, arguments: list[Operand]) -> Operand:
    """Apply a function by its name (any case).

    Raises
    ------
    ConfigError
        For an unknown name or wrong arguments.
    """
    name = name.upper()
    if name in _REAL:
        (x,) = _arguments(name, arguments, 1)
        require(x.is_number, f"{name} needs a number", x)
        with np.errstate(all="ignore"):
            values = np.asarray(_REAL[name](x.values.astype(np.float64)))
        return Operand(Kind.REAL, values, x.null | ~np.isfinite(values))
    if name in _SPECIAL:
        count, function = _SPECIAL[name]
        return function(*_arguments(name, arguments, count))
    if name in ("MIN", "MAX"):
        return _extreme(name, arguments)
    known = ", ".join(sorted([*_REAL, *_SPECIAL, "MIN", "MAX"]))
    raise ConfigError(f"the filter expression calls {name[:100]}, which is not known; known functions are {known}.")


def _arguments(name: str, arguments: list[Operand], count: int) -> list[Operand]:
    if len(arguments) != count:
        raise ConfigError(f"{name} in the filter expression takes {count} argument(s), but {len(arguments)} are given.")
    return arguments


def _isnull(x: Operand) -> Operand:
    return Operand(
        Kind.BOOLEAN, np.broadcast_to(x.null, np.broadcast_shapes(x.null.shape, x.values.shape)), np.asarray(False)
    )


def _defnull(x: Operand, default: Operand) -> Operand:
    alike = (x.is_number and default.is_number) or x.kind == default.kind
    require(alike, "both arguments of DEFNULL must be of one type", x, default)
    return Operand(max(x.kind, default.kind), np.where(x.null, default.values, x.values), x.null & default.null)


def _near(x: Operand, y: Operand, tolerance: Operand) -> Operand:
    require(x.is_number and y.is_number and tolerance.is_number, "NEAR needs three numbers", x, y, tolerance)
    with np.errstate(invalid="ignore"):
        close = np.abs(x.values.astype(np.float64) - y.values) < tolerance.values
    return Operand(Kind.BOOLEAN, np.asarray(close), x.null | y.null | tolerance.null)


def _abs(x: Operand) -> Operand:
    require(x.is_number, "ABS needs a number", x)
    return Operand(x.kind, np.abs(x.values), x.null)


def _arctan2(y: Operand, x: Operand) -> Operand:
    require(x.is_number and y.is_number, "ARCTAN2 needs two numbers", y, x)
    return Operand(Kind.REAL, np.asarray(np.arctan2(y.values, x.values)), x.null | y.null)


def _extreme(name: str, arguments: list[Operand]) -> Operand:
    require(all(a.is_number for a in arguments), f"{name} needs numbers", *arguments)
    kind = max(a.kind for a in arguments)
    worst = np.inf if name == "MIN" else -np.inf
    if len(arguments) == 1:  # over the elements of a vector column
        x = arguments[0]
        if x.values.ndim < 2:
            return x
        columns = [Operand(x.kind, x.values[:, i], x.null[:, i]) for i in range(x.values.shape[1])]
        return _extreme(name, columns)
    shape = np.broadcast_shapes(*(a.values.shape for a in arguments))
    stack = np.stack([np.broadcast_to(np.where(a.null, worst, a.values), shape) for a in arguments])
    null = np.all(np.stack([np.broadcast_to(a.null, shape) for a in arguments]), axis=0)
    best = stack.min(axis=0) if name == "MIN" else stack.max(axis=0)
    dtype = np.int64 if kind == Kind.INTEGER else np.float64
    return Operand(kind, np.where(null, 0, best).astype(dtype), null)


_SPECIAL: Mapping[str, tuple[int, Callable[..., Operand]]] = {
    "ISNULL": (1, _isnull),
    "DEFNULL": (2, _defnull),
    "NEAR": (3, _near),
    "ABS": (1, _abs),
    "ARCTAN2": (2, _arctan2),
    "ATAN2": (2, _arctan2),
}
