"""A light curve of one observation small enough for a table cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_WIDTH, _HEIGHT, _PAD = 170, 44, 3
#: More points than this do not show at this width, and thousands of observations share one page.
_MOST = 56


def sparkline_svg(time: ArrayLike, rate: ArrayLike, error: ArrayLike) -> str:
    """Draw rate and error bars against time as an inline SVG in the colour of the text around it.

    Parameters
    ----------
    time : array_like (n,) [s]
    rate, error : array_like (n,)
        Rows with NaN are left out.

    Returns
    -------
    str
        An ``svg`` element of some hundred bytes; its title tells the ranges. Empty where there is nothing to draw.
    """
    columns = np.vstack([np.asarray(a, np.float64) for a in (time, rate, error)])
    columns = columns[:, np.isfinite(columns).all(axis=0)]
    if not columns.shape[1]:
        return ""
    t, r, e = _thinned(columns)
    low, high = float((r - e).min()), float((r + e).max())
    x = _scaled(t, t[0], t[-1], _PAD, _WIDTH - _PAD)
    top, bottom = (_scaled(v, low, high, _HEIGHT - _PAD, _PAD) for v in (r + e, r - e))
    middle = _scaled(r, low, high, _HEIGHT - _PAD, _PAD)
    bars = "".join(f"M{a:.0f} {b:.0f}V{c:.0f}" for a, b, c in zip(x, top, bottom, strict=True))
    dots = "".join(f"M{a:.0f} {b:.0f}h0" for a, b in zip(x, middle, strict=True))
    title = f"{t[-1] - t[0]:.0f} s; {r.min():.4g} to {r.max():.4g}"
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img">'
        f'<title>{title}</title><path class="bars" d="{bars}"/><path class="dots" d="{dots}"/></svg>'
    )


def _thinned(columns: Floats) -> Floats:
    """Average neighbours until few enough are left."""
    count = columns.shape[1]
    if count <= _MOST:
        return columns
    edges = np.linspace(0, count, _MOST + 1).astype(int)[:-1]
    size = np.diff([*edges, count])
    t, r = np.add.reduceat(columns[:2], edges, axis=1) / size
    return np.vstack((t, r, np.sqrt(np.add.reduceat(columns[2] ** 2, edges)) / size))


def _scaled(values: Floats, low: float, high: float, start: float, stop: float) -> Floats:
    if high <= low:
        return np.full(len(values), (start + stop) / 2)
    return start + (values - low) / (high - low) * (stop - start)
