"""Functions over the elements of a row's vector (SUM ... NVALID), and over the rows (ACCUM, SEQDIFF)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.expression.operand import Kind, Operand, aligned, require
from rossi.expression.vectors import size


def _rows(x: Operand) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the values and NULLs of a row's elements in FITS order: (n_row, n_element), or (1, 1) of a constant."""
    count = len(x.values) if x.values.ndim else 1
    return x.values.reshape(count, size(x.values)), x.full_null.reshape(count, size(x.values))


def _per_row(x: Operand, kind: Kind, values: Any, null: Any = False) -> Operand:
    """Return a value a row; of a constant, a constant."""
    values, null = np.asarray(values), np.broadcast_to(null, np.shape(values))
    return Operand.of(kind, values[0], null[0]) if x.is_constant else Operand.of(kind, values, null)


def _sum(x: Operand) -> Operand:
    require(x.kind != Kind.STRING, "SUM needs numbers, logical values or bits", x)
    values, null = _rows(x)
    if x.kind == Kind.BITS:
        values = values == 1
    total = np.add.accumulate(np.where(null, 0, values), axis=1, dtype=_dtype(x))[:, -1]
    return _per_row(x, Kind.REAL if x.kind == Kind.REAL else Kind.INTEGER, total, null.all(axis=1))


def _dtype(x: Operand) -> Any:
    return np.float64 if x.kind == Kind.REAL else np.int64


def _mean(x: Operand) -> tuple[Any, Any, Any, Any]:
    values, null = _rows(x)
    count = (~null).sum(axis=1)
    total = np.add.accumulate(np.where(null, 0.0, values), axis=1)[:, -1]
    return values, null, count, total / np.maximum(count, 1)


def _average(x: Operand) -> Operand:
    require(x.is_number, "AVERAGE needs numbers", x)
    _, _, count, mean = _mean(x)
    return _per_row(x, Kind.REAL, mean, count == 0)


def _stddev(x: Operand) -> Operand:
    """Sample standard deviation; 0 of fewer than two elements."""
    require(x.is_number, "STDDEV needs numbers", x)
    values, null, count, mean = _mean(x)
    with np.errstate(invalid="ignore", over="ignore"):
        squares = np.add.accumulate(np.where(null, 0.0, (values - mean[:, None]) ** 2), axis=1)[:, -1]
        return _per_row(x, Kind.REAL, np.sqrt(squares / np.maximum(count - 1, 1)))


def _median(x: Operand) -> Operand:
    """Middle element; of an even number, the lower of two."""
    require(x.is_number, "MEDIAN needs numbers", x)
    values, null = _rows(x)
    in_order = np.take_along_axis(values, np.lexsort((values, null), axis=1), axis=1)
    count = (~null).sum(axis=1)
    middle = np.maximum(count - 1, 0) // 2
    return _per_row(x, x.kind, in_order[np.arange(len(values)), middle], count == 0)


def _extreme(name: str) -> Callable[..., Operand]:
    pick: Any = np.fmin if name == "MIN" else np.fmax

    def over_elements(x: Operand) -> Operand:
        values, null = _rows(x)
        worst: Any = (np.inf if name == "MIN" else -np.inf) if x.kind == Kind.REAL else _WORST[name]
        best = pick.reduce(np.where(null, worst, values), axis=1)
        return _per_row(x, x.kind, best, null.all(axis=1))

    def apply(x: Operand, *second: Operand) -> Operand:
        if x.kind == Kind.BITS and not second:
            return Operand.of(Kind.BITS, pick.reduce((x.values == 1).astype(np.uint8), axis=1)[:, None])
        require(all(o.is_number for o in (x, *second)), f"{name} needs numbers", x, *second)
        if not second:
            return over_elements(x)
        return reduce(better, second, x)

    def better(a: Operand, b: Operand) -> Operand:
        a, b = aligned(a, b)
        chosen = np.where(a.null, b.values, np.where(b.null, a.values, pick(a.values, b.values)))
        return Operand.of(max(a.kind, b.kind), chosen, a.null & b.null)

    return apply


_ANY_NUMBER = tuple(range(1, 9))
_WORST = {"MIN": np.iinfo(np.int64).max, "MAX": np.iinfo(np.int64).min}


def _nelem(x: Operand) -> Operand:
    if x.kind == Kind.STRING:
        return Operand.constant(max(x.values.dtype.itemsize // 4, 1))
    return Operand.constant(x.values.shape[1] if x.kind == Kind.BITS else size(x.values))


def _nvalid(x: Operand) -> Operand:
    require(x.is_number or x.kind == Kind.STRING, "NVALID needs numbers or strings", x)
    return _per_row(x, Kind.INTEGER, (~_rows(x)[1]).sum(axis=1))


def _accum(x: Operand) -> Operand:
    """Sum from the first row on, element by element; NULL counts as 0. A constant is its own sum."""
    require(x.kind != Kind.STRING, "ACCUM needs numbers, logical values or bits", x)
    kind = Kind.REAL if x.kind == Kind.REAL else Kind.INTEGER
    if x.kind == Kind.BITS:
        return Operand.of(kind, np.add.accumulate((x.values == 1).sum(axis=1)))
    if x.is_constant:
        return Operand.of(kind, np.where(x.null, 0, x.values).astype(_dtype(x)))
    running = np.add.accumulate(np.where(x.null, 0, x.values).ravel(), dtype=_dtype(x))
    return Operand.of(kind, running.reshape(x.values.shape))


def _seqdiff(x: Operand) -> Operand:
    """Difference from the element before; the first element stays. A constant has no differences."""
    require(x.is_number, "SEQDIFF needs numbers", x)
    if x.is_constant:
        return Operand.of(x.kind, np.zeros_like(x.values), x.null)
    values, null = x.values.astype(_dtype(x)).ravel(), x.full_null.ravel()
    before = np.concatenate((np.zeros(1, values.dtype), values[:-1]))
    undefined = null | np.concatenate(([False], null[:-1]))
    with np.errstate(invalid="ignore"):
        return Operand.of(x.kind, (values - before).reshape(x.values.shape), undefined.reshape(x.values.shape))


FUNCTIONS: Mapping[str, tuple[tuple[int, ...], Callable[..., Operand]]] = {
    "SUM": ((1,), _sum),
    "AVERAGE": ((1,), _average),
    "MEDIAN": ((1,), _median),
    "STDDEV": ((1,), _stddev),
    "MIN": (_ANY_NUMBER, _extreme("MIN")),
    "MAX": (_ANY_NUMBER, _extreme("MAX")),
    "NELEM": ((1,), _nelem),
    "NVALID": ((1,), _nvalid),
    "ACCUM": ((1,), _accum),
    "SEQDIFF": ((1,), _seqdiff),
}
