"""Vectors: their elements and axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError
from rossi.expression.operand import Kind, Operand, require

#: The most elements a row that ARRAY makes: far above any column of RXTE, far below what fills a memory.
_MAX_ELEMENTS = 1 << 16


def vector(parts: list[Operand]) -> Operand:
    """Return ``{a, b, ...}``: the elements of all parts in one vector.

    Parameters
    ----------
    parts : list of Operand

    Raises
    ------
    ConfigError
        If they are not all numbers, or all logical.
    """
    require(all(p.kind == Kind.BOOLEAN for p in parts) or all(p.is_number for p in parts), _MIXED, *parts)
    (rows,) = np.broadcast_shapes((1,), *(p.values.shape[:1] for p in parts))

    def flat(array: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
        full = np.broadcast_to(array, np.broadcast_shapes(array.shape, like.shape))
        return np.broadcast_to(
            full.reshape(len(full), size(full)) if full.ndim else full[None, None], (rows, size(like))
        )

    values = np.concatenate([flat(p.values, p.values) for p in parts], axis=1)
    null = np.concatenate([flat(p.null, p.values) for p in parts], axis=1)
    kind = max(p.kind for p in parts)
    if values.shape[1] > 1:
        return Operand.of(kind, values, null)
    constant = all(p.values.ndim == 0 for p in parts)
    return Operand.of(kind, values[0, 0] if constant else values[:, 0], null[0, 0] if constant else null[:, 0])


_MIXED = "a vector ({a, b}) is made of numbers, or of logical values"


def size(values: NDArray[Any]) -> int:
    """Return how many elements a row has; 1 of a constant.

    Parameters
    ----------
    values : ndarray () or (n_row, ...)
    """
    return int(np.prod(values.shape[1:])) if values.ndim > 1 else 1


def element(x: Operand, indices: list[Operand], what: str) -> Operand:
    """Return one element of each row's vector, or with one index of several axes, a slice of it: ``COL[1,2]``.

    Parameters
    ----------
    x : Operand
    indices : list of Operand
        From 1 on, the fastest axis first.
    what : str
        What a message calls the vector.

    Raises
    ------
    ConfigError
        If an index is no whole number, or outside.
    """
    if x.is_constant:
        raise ConfigError(f"the filter expression asks for an element of {what}, which is a single value.")
    if x.values.ndim == 1:
        x = Operand(x.kind, x.values[:, None], x.full_null[:, None])
    if len(indices) not in (1, len(x.axes)):
        raise ConfigError(
            f"the filter expression gives {len(indices)} indices of {what}, which has {len(x.axes)} axes; "
            "give one or all."
        )
    values, null = x.values, x.full_null
    for index in indices if len(indices) == 1 else indices[::-1]:
        require(index.kind == Kind.INTEGER, "the index of an element must be a whole number", index)
        known = index.values[~index.full_null]
        if known.size and not (known.min() >= 1 and known.max() <= values.shape[1]):
            wrong = known.max() if known.min() >= 1 else known.min()
            raise ConfigError(
                f"the filter expression asks for {what}[{wrong}], but {what} has {values.shape[1]} element(s)."
            )
        at = np.where(index.null, 1, index.values) - 1
        row = np.arange(len(values)) if at.ndim else slice(None)
        values, null = values[row, at], null[row, at] | _spread(index.full_null, values.ndim - 1)
    if x.kind == Kind.BITS:
        values, null = values[:, None], null[:, None]
    return Operand.of(x.kind, values, null)


def _spread(null: NDArray[np.bool_], ndim: int) -> NDArray[np.bool_]:
    return null.reshape(-1, *(1,) * (ndim - 1)) if null.ndim else null


def _array(x: Operand, axes: Operand) -> Operand:
    """Return a single value as vector of the given axes."""
    require(
        axes.kind == Kind.INTEGER and x.kind <= Kind.REAL, "ARRAY needs a value, and the number of elements", x, axes
    )
    if x.values.ndim > 1 or axes.values.ndim == 1 or (axes.values.ndim and len(axes.values) != 1):
        raise ConfigError("ARRAY in the filter expression takes a single value, and constants: ARRAY(X,{2,3}).")
    lengths = [int(n) for n in axes.values.ravel()[::-1]]
    if min(lengths) < 1 or np.prod([float(n) for n in lengths]) > _MAX_ELEMENTS:
        raise ConfigError(f"ARRAY in the filter expression makes vectors of 1 to {_MAX_ELEMENTS} elements.")

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        rows = values.reshape(-1, *(1,) * len(lengths))
        return np.broadcast_to(rows, (len(rows), *lengths))

    return Operand.of(x.kind, spread(x.values), spread(x.null))


def _naxis(x: Operand) -> Operand:
    return Operand.constant(max(len(x.axes), 1))


def _naxes(x: Operand, axis: Operand) -> Operand:
    number = _axis(axis)
    return _naxis(x) if number == 0 else Operand.constant(dict(enumerate(x.axes[::-1], 1)).get(number, 1))


def _axis(axis: Operand) -> int:
    if axis.kind != Kind.INTEGER or not axis.is_constant:
        raise ConfigError("the number of an axis in the filter expression must be a constant whole number.")
    return int(axis.values)


def _elementnum(x: Operand) -> Operand:
    numbers = np.arange(1, size(x.values) + 1).reshape(x.axes or 1)
    return Operand.of(Kind.INTEGER, numbers[None] if x.axes else 1)


def _axiselem(x: Operand, axis: Operand) -> Operand:
    number = _axis(axis)
    if not 1 <= number <= len(x.axes):
        return Operand.of(Kind.INTEGER, np.ones((1, *x.axes), np.int64) if x.axes else np.asarray(1))
    return Operand.of(Kind.INTEGER, 1 + np.indices(x.axes)[len(x.axes) - number][None])


FUNCTIONS: Mapping[str, tuple[tuple[int, ...], Callable[..., Operand]]] = {
    "ARRAY": ((2,), _array),
    "NAXIS": ((1,), _naxis),
    "NAXES": ((2,), _naxes),
    "ELEMENTNUM": ((1,), _elementnum),
    "AXISELEM": ((2,), _axiselem),
}
