"""Functions of the row-filter language that work on values alone: numbers, NULLs, strings, positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rossi.errors import ConfigError
from rossi.expression import reductions, vectors
from rossi.expression.operand import Kind, Operand, aligned, require
from rossi.expression.operators import near
from rossi.expression.shapes import box, circle, ellipse
from rossi.sky import separation

#: One real argument, real result.
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

#: Where these are undefined, the result is NULL.
_UNDEFINED: Mapping[str, Callable[..., Any]] = {
    "SQRT": lambda x: x < 0,
    **dict.fromkeys(("LOG", "LOG10"), lambda x: x <= 0),
    **dict.fromkeys(("ARCSIN", "ASIN", "ARCCOS", "ACOS"), lambda x: np.abs(x) > 1),
}


def is_known(name: str) -> bool:
    """Return whether `call` has a function of this name.

    Parameters
    ----------
    name : str
    """
    return name in _REAL or name in _SPECIAL


def names() -> list[str]:
    """Return the names of the functions."""
    return [*_REAL, *_SPECIAL]


def call(name: str, arguments: list[Operand]) -> Operand:
    """Apply a function.

    Parameters
    ----------
    name : str
        In capital letters.
    arguments : list of Operand

    Raises
    ------
    ConfigError
        For wrong arguments.
    """
    if name in _REAL:
        require_count(name, arguments, (1,))
        return _real(name, arguments[0])
    counts, function = _SPECIAL[name]
    require_count(name, arguments, counts)
    return function(*arguments)


def require_count(name: str, arguments: list[Operand], counts: tuple[int, ...]) -> None:
    """Require that a function has one of the numbers of arguments that it takes.

    Parameters
    ----------
    name : str
        In capital letters.
    arguments : list of Operand
    counts : tuple of int

    Raises
    ------
    ConfigError
        If it has not.
    """
    if len(arguments) not in counts:
        wanted = " or ".join(map(str, counts))
        raise ConfigError(
            f"{name} in the filter expression takes {wanted} argument(s), but {len(arguments)} are given."
        )


def _real(name: str, x: Operand) -> Operand:
    require(x.is_number, f"{name} needs a number", x)
    with np.errstate(all="ignore"):
        undefined = np.asarray(_UNDEFINED[name](x.real)) if name in _UNDEFINED else np.asarray(False)
        if x.is_constant and (undefined & ~x.null).any():
            raise ConfigError(f"{name} in the filter expression is not defined for {x.values}.")
        return Operand.of(Kind.REAL, _REAL[name](x.real), x.null | undefined)


def _isnull(x: Operand) -> Operand:
    require(x.kind != Kind.BITS, "ISNULL needs a value that can be undefined", x)
    return Operand.of(Kind.BOOLEAN, x.full_null)


def _defnull(x: Operand, default: Operand) -> Operand:
    alike = (x.is_number and default.is_number) or (x.kind == default.kind != Kind.BITS)
    require(alike, "both arguments of DEFNULL must be of one type", x, default)
    x, default = aligned(x, default)
    return Operand.of(max(x.kind, default.kind), np.where(x.null, default.values, x.values), x.null & default.null)


def _setnull(undefined: Operand, x: Operand) -> Operand:
    require(undefined.is_number and x.is_number, "SETNULL needs two numbers", undefined, x)
    if not undefined.is_constant:
        raise ConfigError("SETNULL in the filter expression takes a constant, and the numbers where it means NULL.")
    return Operand.of(x.kind, x.values, x.null | (x.values == undefined.values))


def _abs(x: Operand) -> Operand:
    require(x.is_number, "ABS needs a number", x)
    return Operand.of(x.kind, np.abs(x.values), x.null)


def _of_reals(name: str, kind: Kind, function: Callable[..., Any], count: int) -> tuple[tuple[int], Any]:
    """Return a function of several numbers, element by element."""

    def apply(*arguments: Operand) -> Operand:
        require(all(a.is_number for a in arguments), f"{name} needs {count} numbers", *arguments)
        numbers = aligned(*arguments)
        with np.errstate(all="ignore"):
            values = function(*(n.real for n in numbers))
        return Operand.of(kind, values, np.logical_or.reduce(np.broadcast_arrays(*(n.null for n in numbers))))

    return (count,), apply


def _strstr(text: Operand, part: Operand) -> Operand:
    require(text.kind == part.kind == Kind.STRING, "STRSTR needs two strings", text, part)
    found = np.char.find(text.values, part.values) + 1
    return Operand.of(Kind.INTEGER, found, text.null | part.null | (found == 0))


def _strmid(text: Operand, start: Operand, length: Operand) -> Operand:
    whole = text.kind == Kind.STRING and start.kind == length.kind == Kind.INTEGER
    require(whole, "STRMID needs a string and two whole numbers", text, start, length)
    cut = np.vectorize(lambda s, p, n: s[p - 1 : p - 1 + max(n, 0)] if p > 0 else "", otypes=[str])
    null = text.null | start.null | length.null | (start.values < 1)
    return Operand.of(Kind.STRING, cut(text.values, start.values, length.values), null)


_SPECIAL: Mapping[str, tuple[tuple[int, ...], Callable[..., Operand]]] = {
    "ISNULL": ((1,), _isnull),
    "DEFNULL": ((2,), _defnull),
    "SETNULL": ((2,), _setnull),
    "NEAR": ((3,), near),
    "ABS": ((1,), _abs),
    "ARCTAN2": _of_reals("ARCTAN2", Kind.REAL, np.arctan2, 2),
    "ATAN2": _of_reals("ATAN2", Kind.REAL, np.arctan2, 2),
    "ANGSEP": _of_reals("ANGSEP", Kind.REAL, separation, 4),
    "CIRCLE": _of_reals("CIRCLE", Kind.BOOLEAN, circle, 5),
    "BOX": _of_reals("BOX", Kind.BOOLEAN, box, 7),
    "ELLIPSE": _of_reals("ELLIPSE", Kind.BOOLEAN, ellipse, 7),
    "STRSTR": ((2,), _strstr),
    "STRMID": ((3,), _strmid),
    **reductions.FUNCTIONS,
    **vectors.FUNCTIONS,
}
