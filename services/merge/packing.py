"""Numbers in a page: small, and fast to read.

A block is JSON followed by the bytes of all arrays, compressed and written in base64. Where an array belongs, the JSON
has ``{"$": [kind, offset, count, low, step]}``; ``page/data.js`` puts typed arrays there.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Types of arrays by kind: floats, differences, quantised values in two widths.
_FORMS = {"f": "<f4", "d": "<i4", "q": "<u2", "b": "u1"}
#: The highest number of quantised values stands for NaN.
_MISSING = {"q": 65535, "b": 255}
#: Bytes that every array begins at a multiple of: typed arrays of a browser need it.
_ALIGNED = 4


class Packer:
    """Collects the arrays of one block."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def floats(self, values: ArrayLike) -> dict[str, Any]:
        """Add numbers as they are, with seven digits."""
        return self._add("f", np.asarray(values, "<f4"))

    def quantised(self, values: ArrayLike, *, coarse: bool = False) -> dict[str, Any]:
        """Add numbers in 65534 steps between the lowest and the highest of them, or in 254: less than a pixel."""
        kind = "b" if coarse else "q"
        missing = _MISSING[kind]
        given = np.asarray(values, np.float64)
        good = np.isfinite(given)
        low = float(given[good].min()) if good.any() else 0.0
        step = (float(given[good].max()) - low) / (missing - 1) if good.any() else 0.0
        steps = np.full(given.shape, missing, _FORMS[kind])
        steps[good] = np.rint((given[good] - low) / (step or 1.0))
        return self._add(kind, steps, low, step)

    def steps(self, values: ArrayLike, unit: float = 1.0) -> dict[str, Any]:
        """Add numbers as multiples of a unit, each as the difference from the one before."""
        whole = np.rint(np.asarray(values, np.float64) / unit).astype(np.int64)
        return self._add("d", np.diff(whole, prepend=0).astype("<i4"), 0.0, unit)

    def block(self, content: Mapping[str, Any]) -> str:
        """Return the block of some content, in which the arrays stand that were added."""
        text = json.dumps(_short(content), separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % _ALIGNED)
        packed = gzip.compress(len(text).to_bytes(4, "little") + text + b"".join(self._parts), 9, mtime=0)
        return base64.b64encode(packed).decode()

    def _add(self, kind: str, array: NDArray[Any], low: float = 0.0, step: float = 1.0) -> dict[str, Any]:
        data = array.tobytes()
        offset = self._size
        data += b"\0" * (-len(data) % _ALIGNED)
        self._parts.append(data)
        self._size += len(data)
        return {"$": [kind, offset, len(array), low, step]}


def _short(value: Any) -> Any:
    """Return JSON with numbers of at most ten digits: a date to the second, and half the bytes."""
    if isinstance(value, Mapping):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_short(one) for one in value]
    return float(f"{value:.10g}") if isinstance(value, float) else value


def unpack(block: str) -> dict[str, Any]:
    """Return the content of a block with its arrays, as ``page/data.js`` does."""
    data = gzip.decompress(base64.b64decode(block))
    start = 4 + int.from_bytes(data[:4], "little")

    def array(found: dict[str, Any]) -> Any:
        if "$" not in found:
            return found
        kind, offset, count, low, step = found["$"]
        values = np.frombuffer(data, _FORMS[kind], count, start + offset).astype(np.float64)
        if kind == "d":
            return np.cumsum(values) * step
        return values if kind == "f" else np.where(values == _MISSING[kind], np.nan, low + step * values)

    content: dict[str, Any] = json.loads(data[4:start], object_hook=array)
    return content
