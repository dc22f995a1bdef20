"""Values with NULLs: what an expression is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    values : ndarray () or (n_row,) or (n_row, ..., n_2, n_1)
        A constant, a value a row, or an array a row, whose axes are in C order: the last is the first of TDIM. An
        array for all rows has one row. BITS are uint8, most significant first, (n_row, n_bit): 0, 1, or 2 where a
        mask does not care.
    null : ndarray (...) of bool
        Where the value is undefined; broadcasts against `values`.
    """

    kind: Kind
    values: NDArray[Any]
    null: NDArray[np.bool_]

    @classmethod
    def constant(cls, value: bool | int | float | str) -> Operand:
        """Wrap a literal or a keyword's value.

        Parameters
        ----------
        value : bool, int, float or str
        """
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            value = float(value)
        kind = {bool: Kind.BOOLEAN, int: Kind.INTEGER, str: Kind.STRING}.get(type(value), Kind.REAL)
        return cls(kind, np.asarray(value), np.asarray(False))

    @classmethod
    def of(cls, kind: Kind, values: ArrayLike, null: ArrayLike = False) -> Operand:
        """Wrap arrays, or what numpy made of arrays without axes.

        Parameters
        ----------
        kind : Kind
        values : array_like (...)
        null : array_like (...) of bool
            Where the value is undefined; broadcasts against `values`.
        """
        return cls(kind, np.asarray(values), np.asarray(null, bool))

    @property
    def is_number(self) -> bool:
        """True for integers and reals."""
        return self.kind in (Kind.INTEGER, Kind.REAL)

    @property
    def is_constant(self) -> bool:
        """True for one value for all rows."""
        return self.values.ndim == 0

    @property
    def axes(self) -> tuple[int, ...]:
        """Lengths of a row's axes in C order; none for a single value."""
        return self.values.shape[1:]

    @property
    def full_null(self) -> NDArray[np.bool_]:
        """`null` in the shape of the values."""
        if self.null.shape == self.values.shape:
            return self.null
        return np.broadcast_to(self.null, np.broadcast_shapes(self.null.shape, self.values.shape))

    @property
    def real(self) -> NDArray[np.float64]:
        """A number's values in double precision."""
        return np.asarray(self.values, np.float64)

    def per_row(self, n_row: int) -> Operand:
        """Return the same with values and NULLs of one shape: (), (n_row,) or (n_row, n_element).

        Parameters
        ----------
        n_row : int
        """
        if self.values.shape == self.null.shape in ((), (n_row,)):
            return self
        shape = np.broadcast_shapes(self.values.shape, self.null.shape)
        flat = (n_row, math.prod(shape[1:])) if len(shape) > 1 else (n_row,)
        values, null = (np.broadcast_to(a, (n_row, *shape[1:])).reshape(flat) for a in (self.values, self.null))
        return Operand(self.kind, values, null)


def require(kind_is_right: bool, what: str, *operands: Operand) -> None:
    """Require a condition on the types of operands, which the message names.

    Parameters
    ----------
    kind_is_right : bool
    what : str
        What was needed: the beginning of the message.
    *operands : Operand

    Raises
    ------
    ConfigError
        If it does not hold.
    """
    if not kind_is_right:
        found = " and ".join(o.kind.name.lower() for o in operands)
        raise ConfigError(f"{what}, but found {found}; compare a logical column with T or F, not with a number.")


def aligned(*operands: Operand) -> tuple[Operand, ...]:
    """Let single values meet vectors: a value a row counts for each of the row's elements.

    Parameters
    ----------
    *operands : Operand

    Raises
    ------
    ConfigError
        If two vectors differ in their axes.
    """
    axes = {o.axes for o in operands if o.values.ndim > 1 and o.kind != Kind.BITS}
    if len(axes) > 1:
        widths = " and ".join(sorted("x".join(map(str, a[::-1])) for a in axes))
        raise ConfigError(
            f"the filter expression joins vectors of {widths} elements a row; choose an element of each: NAME[1]."
        )
    if not axes:
        return operands
    (shape,) = axes
    ones = (1,) * len(shape)

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(-1, *ones) if values.ndim == 1 else values

    return tuple(Operand(o.kind, spread(o.values), spread(o.null)) if o.kind != Kind.BITS else o for o in operands)
