"""Light curves on a common grid of new bins, as the xronos task ``lcurve`` makes them, and times read off its plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi import met
from rossi.arrays import Floats
from rossi.errors import ConfigError, DataError
from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.timeseries.series import MAX_BINS, LightCurve

#: Most new bins of an interval where nothing else is asked for, and what xronos divides a long span by to get there.
_MOST = 512
_DEFAULT_BINS = 511.4
#: No time of the mission is later [s].
_LATEST = 1e10
#: TJD is MJD - 40000.
_TJD = 40000


@dataclass(frozen=True, slots=True)
class Interval:
    """New bins side by side, those without data included.

    Parameters
    ----------
    start : float [s]
        Left edge of the first one, MET (TT).
    width : float [s]
    rate, error, fracexp : ndarray (n,)
        NaN where there is no data.
    """

    start: float
    width: float
    rate: Floats
    error: Floats
    fracexp: Floats


def newbins(series: Sequence[LightCurve], width: float | None = None, most: int | None = None) -> list[Interval]:
    """Put light curves on one grid of new bins.

    A bin belongs as a whole to the new bin that holds its centre; rates are weighted with exposure. The grid begins at
    the left edge of the first bin. Source: FTOOLS lcurve.

    Parameters
    ----------
    series : sequence of LightCurve
        In rates.
    width : float, optional
        Of a new bin [s], at least the longest TIMEDEL; negative for a multiple of the longest TIMEDEL. By default the
        longest TIMEDEL, or what gives 512 new bins if that is longer.
    most : int, optional
        New bins of an interval; data that take more are split in several intervals, each with its own grid. By
        default up to the last one with data, but not more than 512.

    Raises
    ------
    DataError
        If there is no bin with a rate.
    ConfigError
        If the new bins are narrower than the old ones, or too many.
    """
    if most is not None and not 1 <= most <= MAX_BINS:
        raise ConfigError(f"nbint is {most}; 1 to {MAX_BINS} new bins in an interval are possible.")
    bins = _collected(series)
    longest = max(float(s.widths.max(initial=s.timedel)) for s in series)
    step = _width(width, longest, bins)
    count = most or int(min(_numbers(bins, step).max() + 1, _MOST))
    intervals: list[Interval] = []
    while len(bins):
        if count * (len(intervals) + 1) > MAX_BINS:
            raise ConfigError(
                f"New bins of {step:g} s, {count} in an interval (nbint), make more than {MAX_BINS} bins; give wider "
                "bins (dtnb) or fewer of them."
            )
        start, number = bins[0, 0], _numbers(bins, step)
        here = ~(number >= count)
        intervals.append(_interval(start, step, count, number[here].astype(np.int64), bins[here]))
        bins = bins[~here]
    return intervals


def _numbers(bins: Floats, step: float) -> Floats:
    """Return in which new bin each bin's centre lies; the grid begins at the first bin's left edge."""
    centre = bins[:, :2].mean(axis=1)
    return np.asarray(np.maximum(np.rint((centre - (bins[0, 0] + step / 2)) / step), 0))


def _collected(series: Sequence[LightCurve]) -> Floats:
    """Return all bins with a rate as rows of start, stop, rate, error, exposure [s], in time order."""
    parts = [
        np.column_stack((s.time, s.time + s.widths, s.rate, s.error, s.widths * s.fracexp))[
            np.isfinite(s.rate) & (np.abs(s.time + s.widths * s.fracexp) < _LATEST)
        ]
        for s in series
    ]
    bins = np.concatenate(parts or [np.empty((0, 5))])
    bins = bins[bins[:, 4] > 0]
    if not len(bins):
        names = ", ".join(s.name for s in series)
        raise DataError(f"{names}: no bin has a rate and an exposure; there is nothing to join.")
    return np.asarray(bins[np.argsort(bins[:, 0], kind="stable")])


def _width(width: float | None, longest: float, bins: Floats) -> float:
    if width is None:
        span = bins[-1, 1] - bins[0, 0]
        return longest if span / longest < _MOST else float(span / _DEFAULT_BINS)
    step = -width * longest if width < 0 else width
    if not step < _LATEST:
        raise ConfigError(f"New bins of {step:g} s (dtnb) are endless; give less than {_LATEST:g} s.")
    if step < longest * (1 - 1e-9):
        raise ConfigError(
            f"New bins of {step:g} s are narrower than the curves' bins of {longest:g} s; make them wider."
        )
    return step


def _interval(start: float, step: float, count: int, number: NDArray[np.int64], bins: Floats) -> Interval:
    _, _, rate, error, exposure = bins.T
    total, rates, variances = (
        np.bincount(number, values, count) for values in (exposure, rate * exposure, (error * exposure) ** 2)
    )
    total[total == 0] = np.nan
    return Interval(float(start), step, rates / total, np.sqrt(variances) / total, total / step)


def statistics(rate: NDArray[np.float32], error: NDArray[np.float32]) -> dict[str, float]:
    """Return what the header of an interval tells of it, by keyword.

    Parameters
    ----------
    rate, error : ndarray (n,) of float32 [count / s]
        As stored; NaN where there is no data.
    """
    good = np.isfinite(rate)
    r, e = rate[good].astype(np.float64), error[good].astype(np.float64)
    n = len(r)
    if not n:
        return {"FREXP_1": 0.0}
    mean, observed, expected = r.mean(), r.var(), (e**2).mean()
    excess = observed - expected
    found = {
        "AVRGE_1": mean,
        "FREXP_1": n / len(rate),
        "VAROB_1": observed,
        "VAREX_1": expected,
        "THRDM_1": ((r - mean) ** 3).mean(),
        "MININ_1": r.min(),
        "MAXIN_1": r.max(),
        "EXVAR_1": excess,
    }
    if mean:
        found["RMS_1"] = np.copysign(np.sqrt(abs(excess)), excess) / mean
    if n > 1:
        spread = np.sqrt(2 / (n - 1))
        found |= {"AVRGE_E1": np.sqrt(expected / (n - 1)), "VAROB_E1": observed * spread, "VAREX_E1": expected * spread}
        if mean and excess:
            found["RMS_E1"] = observed * spread / (2 * np.sqrt(abs(excess)) * abs(mean))
    return {keyword: float(value) for keyword, value in found.items()}


_MEANINGS = {
    "AVRGE_1": "mean of RATE1 [count/s]",
    "FREXP_1": "part of the new bins that hold data",
    "VAROB_1": "observed variance",
    "VAREX_1": "variance expected from ERROR1",
    "THRDM_1": "third moment",
    "MININ_1": "smallest RATE1",
    "MAXIN_1": "largest RATE1",
    "EXVAR_1": "observed minus expected variance",
    "RMS_1": "square root of EXVAR_1 over AVRGE_1",
    "AVRGE_E1": "error of AVRGE_1",
    "VAROB_E1": "error of VAROB_1",
    "VAREX_E1": "error of VAREX_1",
    "RMS_E1": "error of RMS_1",
}


def xronos_file(intervals: Sequence[Interval], first: Header) -> bytes:
    """Return intervals as a file like that of ``lcurve``: one extension each, times in seconds from its TIMEZERI+F.

    Parameters
    ----------
    intervals : sequence of Interval
    first : Header
        Of the first curve; names the object.
    """
    return fits_bytes(primary_hdu(), [_xronos_table(interval, first) for interval in intervals])


def _xronos_table(interval: Interval, first: Header) -> TableHDU:
    n, width = len(interval.rate), interval.width
    rate, error, fracexp = (a.astype(np.float32) for a in (interval.rate, interval.error, interval.fracexp))
    columns = [
        (Column("TIME", "D", "s", "centre of the new bin, from TIMEZERI+TIMEZERF"), width * np.arange(n)),
        (Column("XAX_E", "D", "", "half its width"), np.full(n, width / 2)),
        (Column("RATE1", "E", "count/s", "mean rate"), rate),
        (Column("ERROR1", "E", "count/s", "1 sigma error"), error),
        (Column("FRACEXP", "E", "", "exposure over width"), fracexp),
    ]
    cards: list[CardTuple] = [
        ("DATE", now(), "file creation date"),
        ("HDUCLASS", "OGIP"),
        ("HDUCLAS1", "LIGHT CURVE"),
        ("HDUCLAS2", "TOTAL"),
        ("HDUCLAS3", "RATE"),
        ("CONTENT", "XRONOS OUTPUT"),
        ("OBJECT", str(first.get("OBJECT", ""))),
        ("TIMVERSN", "OGIP/93-003"),
        *_day("TSTART", interval.start, "left edge of the first new bin, TJD"),
        *_day("TSTOP", interval.start + n * width, "right edge of the last new bin, TJD"),
        ("TIMEUNIT", "d", "of the times in this header"),
        *_day("TIMEZER", interval.start + width / 2, "what TIME counts from, TJD"),
        ("TIMEDEL", width / met.DAY, "width of a new bin [d]"),
    ]
    cards += [(key, value, _MEANINGS[key]) for key, value in statistics(rate, error).items()]
    return table_hdu("RATE", columns, cards)


def _day(stem: str, moment: float, comment: str) -> list[CardTuple]:
    days = met.MJDREFF + moment / met.DAY
    whole = int(np.floor(days))
    return [(f"{stem}I", whole + met.MJDREFI - _TJD, comment), (f"{stem}F", float(days - whole), comment)]


def absolute(pairs: Sequence[tuple[float, float]], header: Header, where: str) -> Floats:
    """Turn times read off a plot, relative to the start of a file's data, into mission elapsed time.

    Source: FTOOLS timetrans. The end is that of its bin where the file is a light curve.

    Parameters
    ----------
    pairs : sequence of (start, stop) [s]
    header : Header
        Of the extension that was plotted.
    where : str
        File and extension, for messages.

    Returns
    -------
    ndarray (n, 2) [s]
        MET (TT), TIMEZERO applied.
    """
    base = met.timezero(header, where) + met.split_keyword(header, "TSTART", where)
    curve = str(header.get("HDUCLAS1", "")).strip() == "LIGHTCURVE"
    last = header.number("TIMEDEL", where) if curve else 0.0
    return np.asarray([(base + start, base + stop + last) for start, stop in pairs], np.float64)
