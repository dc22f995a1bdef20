"""Cells of variable length (TFORM P and Q): descriptors in the rows, elements in the heap behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DamagedFile

#: Descriptors, (number of elements, first byte in the heap), by the type letter of the column.
DESCRIPTORS = {"P": np.dtype(">i4"), "Q": np.dtype(">i8")}
#: How an element of each type is stored.
CODES = {"L": "u1", "X": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "A": "u1"}
CODES |= {"C": ">c8", "M": ">c16"}
#: Cells may share bytes of the heap; up to this size [byte] all of them together may also be longer than it.
_SHARED = 1 << 20

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ragged:
    """Cells of different length, one behind the other.

    Parameters
    ----------
    values : ndarray (n_element,)
    count : ndarray (n_row,) of int
        Elements of each row.
    """

    values: NDArray[Any]
    count: Numbers

    def rows(self) -> list[NDArray[Any]]:
        """Return the cells one by one.

        Returns
        -------
        list of ndarray (n,)
        """
        return np.split(self.values, np.cumsum(self.count)[:-1]) if len(self.count) else []


def regular(values: NDArray[Any]) -> Ragged:
    """Return cells that are all of one length.

    Parameters
    ----------
    values : ndarray (n_row, ...)
    """
    return Ragged(values.ravel(), np.full(len(values), math.prod(values.shape[1:]), np.int64))


def descriptors(field: NDArray[np.integer[Any]]) -> tuple[Numbers, Numbers]:
    """Return number of elements and first byte of each row's cell; zeros for TFORM 0P, which has no cells.

    Parameters
    ----------
    field : ndarray (n_row, 2) of int
        As stored.

    Returns
    -------
    number, start : ndarray (n_row,) of int
    """
    pairs = np.asarray(field, np.int64).reshape(len(field), math.prod(field.shape[1:]))
    return (pairs[:, 0], pairs[:, 1]) if pairs.shape[1] else (np.zeros(len(field), np.int64),) * 2


def gather(
    heap: memoryview, field: NDArray[np.integer[Any]], element: np.dtype[Any], where: str, per_byte: int = 1
) -> Ragged:
    """Return the elements that descriptors point at, as stored.

    Parameters
    ----------
    heap : memoryview
    field : ndarray (n_row, 2) of int
        Descriptors.
    element : dtype
    where : str
        File, HDU and column, for messages.
    per_byte : int
        8 for bits, of which so many make an element.

    Raises
    ------
    DataError
        If a cell lies outside the heap, or the cells together are far longer than it.
    """
    number, start = descriptors(field)
    start = np.where(number != 0, start, 0)
    limit = len(heap) + 1
    stored = -(-np.clip(number, 0, limit * per_byte) // per_byte)
    size = stored * element.itemsize
    wrong = np.flatnonzero((number < 0) | (start < 0) | (start > limit) | (np.minimum(start, limit) + size > len(heap)))
    if len(wrong):
        row = int(wrong[0])
        raise DamagedFile(
            f"{where}: row {row + 1} has {number[row]} elements from byte {start[row]} of the heap on, which has "
            f"{len(heap)} bytes; the file is damaged, fetch it again."
        )
    if size.sum() > max(len(heap), _SHARED):
        raise DamagedFile(
            f"{where}: the cells hold {size.sum()} bytes, but the heap has {len(heap)}; the file is damaged, fetch it "
            "again."
        )
    stop = start + size
    start, stop = start[size > 0], stop[size > 0]
    if len(start) and (start[1:] == stop[:-1]).all():  # row behind row, as everybody writes them
        data: bytes | memoryview = heap[start[0] : stop[-1]]
    else:
        data = b"".join([heap[a:b] for a, b in zip(start.tolist(), stop.tolist(), strict=True)])
    return Ragged(np.frombuffer(data, element), stored)


def lay_out(cells: Sequence[NDArray[Any]], form: str, heap: bytearray) -> NDArray[np.int64]:
    """Put cells of numbers behind each other at the end of a heap; return their descriptors.

    Parameters
    ----------
    cells : sequence of ndarray (n,)
    form : str
        TFORM: ``PE(43)``, ``QD``.
    heap : bytearray
        Grows.

    Returns
    -------
    ndarray (n_row, 2) of int
    """
    element = np.dtype(CODES[form[1]])
    number = np.array([len(cell) for cell in cells], np.int64)
    start = len(heap) + (np.cumsum(number) - number) * element.itemsize
    heap += np.concatenate([np.empty(0, element), *cells]).astype(element).tobytes()
    return np.column_stack((number, start))
