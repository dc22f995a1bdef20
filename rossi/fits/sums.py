"""The check sums of HDUs, CHECKSUM and DATASUM (FITS standard 4.0, appendix J)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def ones_complement_sum(data: bytes | memoryview, start: int = 0) -> int:
    """Return the 32-bit ones' complement sum of big-endian words (FITS standard 4.0, appendix J).

    Parameters
    ----------
    data : bytes-like
        As if zeros followed up to a multiple of 4 bytes.
    start : int
        The sum of what is before it.
    """
    if not len(data):
        return start
    words, rest = divmod(len(data), 4)
    total = start + int(np.add.reduce(np.frombuffer(data, ">u4", words), dtype=np.uint64))
    if rest:
        total += int.from_bytes(bytes(data[-rest:]).ljust(4, b"\0"), "big")
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def encode_checksum(value: int) -> str:
    """Return the 16 letters and digits that encode a 32-bit checksum (FITS standard 4.0, appendix J).

    Parameters
    ----------
    value : int
    """
    text = bytearray(16)
    for at, byte in enumerate(value.to_bytes(4, "big")):
        text[at::4] = _letters(byte)
    return (text[-1:] + text[:-1]).decode()


@lru_cache(maxsize=256)
def _letters(byte: int) -> bytes:
    """Return four letters or digits whose codes, less that of 0, add up to a byte."""
    excluded = {*range(0x3A, 0x41), *range(0x5B, 0x61)}
    quarters = [byte // 4 + 0x30] * 4
    quarters[0] += byte % 4
    while any(q in excluded for q in quarters):
        for first in (0, 2):
            if quarters[first] in excluded or quarters[first + 1] in excluded:
                quarters[first] += 1
                quarters[first + 1] -= 1
    return bytes(quarters)
