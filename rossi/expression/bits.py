"""Bit columns and bit masks: ``FLAGS == b0x1``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.expression.operand import Kind, Operand

#: A bit that a mask does not care about.
ANY = 2

_DIGIT_BITS = {"B": 1, "O": 3, "H": 4}


def mask(text: str) -> Operand:
    """Return a mask: ``b01x``, ``o7x`` (three bits a digit) or ``hFx`` (four); x stands for any bits.

    Parameters
    ----------
    text : str
    """
    width = _DIGIT_BITS[text[0].upper()]
    digits = [[ANY] * width if d in "xX" else [int(b) for b in f"{int(d, 16):0{width}b}"] for d in text[1:]]
    return Operand.of(Kind.BITS, np.array([bit for digit in digits for bit in digit], np.uint8)[None])


def column(stored: NDArray[np.uint8], width: int) -> Operand:
    """Return the bits of a column, from its bytes.

    Parameters
    ----------
    stored : ndarray (n_row, n_byte) of uint8
    width : int
        Bits a row.
    """
    return Operand.of(Kind.BITS, np.unpackbits(stored, axis=1, count=width))


def _padded(a: Operand, b: Operand) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Bring two bit fields to one length; the shorter one begins with zeros."""
    width = max(a.values.shape[1], b.values.shape[1])
    x, y = (np.pad(o.values, ((0, 0), (width - o.values.shape[1], 0))) for o in (a, b))
    (rows,) = np.broadcast_shapes(x.shape[:1], y.shape[:1])
    return np.broadcast_to(x, (rows, width)), np.broadcast_to(y, (rows, width))


def compare(operator: str, a: Operand, b: Operand) -> Operand:
    """Compare two bit fields as whole numbers without the bits that a mask does not care about.

    Parameters
    ----------
    operator : {"EQ", "NE", "LT", "GT", "LE", "GE"}
    a, b : Operand
        Of bits.
    """
    x, y = _padded(a, b)
    differ = (x != y) & (x != ANY) & (y != ANY)
    row = np.arange(len(x))
    first = np.argmax(differ, axis=1)
    sign = np.where(differ.any(axis=1), x[row, first].astype(int) - y[row, first], 0)
    results: dict[str, Any] = {
        **{"EQ": sign == 0, "NE": sign != 0, "LT": sign < 0},
        **{"GT": sign > 0, "LE": sign <= 0, "GE": sign >= 0},
    }
    values = results[operator]
    return Operand.of(Kind.BOOLEAN, values[0] if a.values.shape[0] == b.values.shape[0] == 1 else values, _null(a, b))


def _null(a: Operand, b: Operand) -> NDArray[np.bool_]:
    return np.asarray(_row_null(a) | _row_null(b))


def _row_null(a: Operand) -> NDArray[np.bool_]:
    return np.asarray(a.null.any(axis=1)) if a.null.ndim > 1 else a.null


def combined(is_and: bool, a: Operand, b: Operand) -> Operand:
    """AND or OR, bit by bit; a bit that a mask does not care about stays so in AND, and gives way to others in OR.

    Parameters
    ----------
    is_and : bool
    a, b : Operand
        Of bits.
    """
    x, y = _padded(a, b)
    if is_and:
        values = np.where((x == ANY) | (y == ANY), ANY, x & y)
    else:
        values = np.where((x == ANY) & (y == ANY), ANY, (x == 1) | (y == 1))
    return Operand(Kind.BITS, values.astype(np.uint8), _column(_null(a, b)))


def inverted(a: Operand) -> Operand:
    """NOT, bit by bit.

    Parameters
    ----------
    a : Operand
        Of bits.
    """
    return Operand(Kind.BITS, np.array([1, 0, ANY], np.uint8)[a.values], a.null)


def joined(a: Operand, b: Operand) -> Operand:
    """Return the bits of one field followed by those of the other.

    Parameters
    ----------
    a, b : Operand
        Of bits.
    """
    (rows,) = np.broadcast_shapes(a.values.shape[:1], b.values.shape[:1])
    both = [np.broadcast_to(o.values, (rows, o.values.shape[1])) for o in (a, b)]
    return Operand(Kind.BITS, np.concatenate(both, axis=1), _column(_null(a, b)))


def _column(null: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return null[:, None] if null.ndim else null
