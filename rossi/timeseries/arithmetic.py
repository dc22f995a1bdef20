"""Subtracting a background light curve from a source's, or adding two (lcmath)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.cards import images_of
from rossi.timeseries.series import LightCurve, require_one_width

Compat = Literal["heasoft"] | None

#: Overlaps shorter than this [s] are rounding of the double-precision times (3e-8 s at the end of the mission).
_TOUCH = 1e-6


@dataclass(frozen=True, slots=True)
class Terms:
    """How two curves are combined: parameters of lcmath under plain names.

    Parameters
    ----------
    source, background : float
        Factors (``multi``, ``multb``).
    source_offset, background_offset : float
        Counts a bin (``addi``, ``addb``).
    error_mode : int
        ``err_mode``: 1 and 3 multiply variances by the factors, 2 and 4 by their squares (1 and 4
        count the offsets as Poisson noise), 5 takes Poisson errors of the scaled counts, 6 keeps the source's error,
        any other one ignores the factors.
    """

    source: float = 1.0
    background: float = 1.0
    source_offset: float = 0.0
    background_offset: float = 0.0
    error_mode: int = 1


def subtract(
    source: LightCurve, background: LightCurve, terms: Terms = Terms(), *, compat: Compat = None
) -> LightCurve:
    """Subtract a background curve from a source curve; source: FTOOLS lcmath.

    The background of a source bin is the mean of the background bins that overlap it, weighted with the length of the
    overlap and FRACEXP. Source bins without background get NaN. FRACEXP, exposures and good times are the source's.

    Parameters
    ----------
    source, background : LightCurve
    terms : Terms
    compat : {"heasoft"}, optional
        Reproduce lcmath: bins are centred on TIME (which shifts backgrounds of another bin width), values are float32,
        a NaN in the source repeats the row ahead of it, and background bins must not be narrower than the source's.

    Raises
    ------
    DataError
        If the curves have no time in common; with `compat`, also if bins of a curve differ in width.
    """
    rate, error = _combined(source, background, terms, -1, compat)
    return _result(source, rate, error, "NET", background_applied=True)


def add(first: LightCurve, second: LightCurve, terms: Terms = Terms(), *, compat: Compat = None) -> LightCurve:
    """Add the second curve to the first; as `subtract` otherwise.

    Parameters
    ----------
    first, second : LightCurve
    terms : Terms
        `second` takes the background's place.
    compat : {"heasoft"}, optional

    Raises
    ------
    DataError
        As `subtract` does.
    """
    rate, error = _combined(first, second, terms, 1, compat)
    return _result(first, rate, error, "TOTAL", background_applied=False)


def _combined(
    source: LightCurve, background: LightCurve, terms: Terms, sign: int, compat: Compat
) -> tuple[Floats, Floats]:
    if compat:
        require_one_width(source)
        require_one_width(background)
        source, background = _repeat_last(_single(source)), _single(background)
        if source.timedel > background.timedel:
            raise DataError(
                f"{background.name}: TIMEDEL is {background.timedel:g} s, less than the {source.timedel:g} s of "
                f"{source.name}; lcmath refuses that, leave compat out."
            )
    shift = (source.timedel - background.timedel) / 2 if compat else 0.0
    width = source.widths
    rate, error, fracexp = _matched(source, background, shift, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = terms.source * source.rate + sign * terms.background * rate
        value += (terms.source_offset + sign * terms.background_offset) / width
        sigma = _error(source, rate, error, fracexp, terms, width)
    sigma[np.isnan(value)] = np.nan
    return value, sigma


def _single(series: LightCurve) -> LightCurve:
    names = ("rate", "error", "fracexp")
    return replace(series, **{n: getattr(series, n).astype(np.float32).astype(np.float64) for n in names})


def _matched(source: LightCurve, background: LightCurve, shift: float, width: Floats) -> tuple[Floats, Floats, Floats]:
    """Return rate, error and FRACEXP of the background in each source bin, NaN where there is none."""
    (valid,) = (np.isfinite(background.rate) & (background.fracexp > 0)).nonzero()
    valid = valid[background.time[valid].argsort(kind="stable")]
    rate, error, fracexp = background.rate[valid], background.error[valid], background.fracexp[valid]
    start = background.time[valid] + shift
    stop = start + background.widths[valid]
    begin, end = source.time, source.time + width
    lower = np.maximum.accumulate(stop).searchsorted(begin, "right")
    count = np.maximum(start.searchsorted(end, "left") - lower, 0)
    row = np.arange(len(source)).repeat(count)
    at = np.arange(len(row)) + (lower - (count.cumsum() - count))[row]
    overlap = np.minimum(end[row], stop[at]) - np.maximum(begin[row], start[at])
    overlap[overlap < _TOUCH] = 0.0
    if not overlap.any():
        raise DataError(
            f"{background.name}: no bin overlaps the bins of {source.name}; curves of the same time were expected."
        )
    weight = overlap * fracexp[at]
    length, total = (np.bincount(row, w, len(source)) for w in (overlap, weight))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(row, weight * rate[at], len(source)) / total
        sigma = np.sqrt(np.bincount(row, (weight * error[at]) ** 2, len(source))) / total
        return mean, sigma, total / length


def _error(
    source: LightCurve, background: Floats, sigma: Floats, fracexp: Floats, terms: Terms, width: Floats
) -> Floats:
    a, b = terms.source, terms.background
    first, second = source.error**2, sigma**2
    counted = (abs(terms.source_offset) / source.fracexp + abs(terms.background_offset) / fracexp) / width**2
    match terms.error_mode:
        case 1:
            variance = a * first + b * second + counted
        case 2:
            variance = a**2 * first + b**2 * second
        case 3:
            variance = a * first + b * second
        case 4:
            variance = a**2 * first + b**2 * second + counted
        case 5:
            variance = a * source.rate / (width * source.fracexp) + b * background / (width * fracexp)
        case 6:
            variance = first.copy()
        case _:
            variance = first + second + counted
    return np.sqrt(variance)


def _repeat_last(series: LightCurve) -> LightCurve:
    """Put the last valid rate and error in place of NaN ones."""
    last = np.maximum.accumulate(np.where(np.isnan(series.rate), 0, np.arange(len(series))))
    return replace(series, rate=series.rate[last], error=series.error[last])


def _result(source: LightCurve, rate: Floats, error: Floats, kind: str, *, background_applied: bool) -> LightCurve:
    header = source.header.copy()
    applied = [(keyword, bool(header.get(keyword, False))) for keyword in ("DEADAPP", "VIGNAPP")]
    told = (
        ("HDUCLAS2", kind, "net: the background is subtracted"),
        ("BACKAPP", background_applied, "background is subtracted"),
    )
    header.put(images_of(*told, *applied))
    return replace(source, rate=rate, error=error, header=header)
