"""Joining light curves of many observations into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi import gti, met
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.cards import CardTuple, images_of
from rossi.fits.header import Header
from rossi.names import plain_name
from rossi.timeseries.identity import Identity
from rossi.timeseries.kind import clock, require_alike
from rossi.timeseries.once import counted_twice, preference, stack, without_duplicates
from rossi.timeseries.series import LightCurve, moment_cards

#: Keywords that a joined curve does not have from the others: times of its own, commentary.
_LEFT_OUT = frozenset({"TSTART", "TSTOP", "TSTARTI", "TSTARTF", "TSTOPI", "TSTOPF"}) | {
    *("DATE-OBS", "TIME-OBS", "DATE-END", "TIME-END"),
    *("ONTIME", "DATE", "CHECKSUM", "DATASUM", "NAXIS1", "NAXIS2", "HISTORY", "COMMENT", "CONTINUE", ""),
}
#: Of several sources nothing is said.
_LEFT_OUT_OF_SEVERAL = _LEFT_OUT | {"OBJECT", "RA_OBJ", "DEC_OBJ"}
#: Positions that differ less [deg] are of one source that was written down twice.
_CLOSE = 0.01


@dataclass(frozen=True, slots=True)
class Joined:
    """One light curve made of many.

    Parameters
    ----------
    series : LightCurve
        Time-sorted.
    origin : ndarray (n,) of int
        Which of the given curves each row comes from.
    duplicates : int
        Rows that were given more than once and are kept once.
    repeats : int
        Rows of time that another curve has too, with other numbers; those of one curve are left out.
    overlaps : int
        Rows that begin before all rows ahead of them have ended, but hold other time; they are kept.
    nulls : int
        Rows with NaN rates among those given (duplicates and repeats not counted).
    """

    series: LightCurve
    origin: NDArray[np.int64]
    duplicates: int
    repeats: int
    overlaps: int
    nulls: int


def join(series: Sequence[LightCurve], *, name: str = "joined", keep_null: bool = True) -> Joined:
    """Join light curves in time order; the order in which they are given does not matter.

    Parameters
    ----------
    series : sequence of LightCurve
        At least one. A column that only some have is NaN in the rows of the others.
    name : str
        Name of the result, for messages.
    keep_null : bool
        Keep the rows whose rate is NaN.

    Raises
    ------
    DataError
        If there is no curve, or curves are of different instruments, units or time systems.

    Notes
    -----
    Each moment counts once: rows that agree in every column (the same observation given twice) are kept once, and of
    rows that hold the same time with other numbers those of one curve (see `rossi.timeseries.once`). Keywords that all
    curves have alike are kept; source and channels are told (see `rossi.timeseries.identity`); times are those of the
    whole. Good time intervals are united. Where bin widths differ
    (dwells of HEXTE are of 16 or 32 s), the result has them in the column TIMEDEL.
    """
    if not series:
        raise DataError("No light curve was given to join; at least one is needed.")
    require_alike(series)
    columns, origin = stack(series)
    order, duplicates, repeats = _apart(columns["TIME"], columns["TIMEDEL"]), 0, 0
    if order is None:
        ranked = sorted(range(len(series)), key=lambda n: preference(series[n]))
        single, duplicates = without_duplicates([series[n] for n in ranked])
        repeated = counted_twice(single)
        repeats = int(sum(map(np.sum, repeated)))
        columns, origin = stack([one.rows(~drop) for one, drop in zip(single, repeated, strict=True)])
        order = np.lexsort((origin, *list(columns.values())[::-1]))
        origin = np.array(ranked)[origin]
    values = np.array(list(columns.values()))
    null = np.isnan(values[1])
    keep = order if keep_null else order[~null[order]]
    values, origin = values[:, keep], origin[keep]
    by_name = dict(zip(columns, values, strict=True))
    time, rate, error, fracexp = (by_name.pop(c) for c in ("TIME", "RATE", "ERROR", "FRACEXP"))
    widths = by_name["TIMEDEL"]
    timedel = float(widths.min() if len(widths) else min(s.timedel for s in series))
    if (widths == timedel).all():
        del by_name["TIMEDEL"]
    intervals = gti.union(*(s.intervals for s in series if len(s)))
    ends = np.maximum.accumulate(time + widths)
    header, primary = _headers(series, time[:1], ends[-1:], intervals)
    unit = series[0].rate_unit
    result = LightCurve(name, time, rate, error, fracexp, timedel, intervals, header, primary, by_name, unit=unit)
    overlaps = int(np.count_nonzero(time[1:] < ends[:-1] - 1e-6 * timedel))
    return Joined(result, origin, duplicates, repeats, overlaps, int(np.count_nonzero(null)))


def _apart(begin: Floats, width: Floats) -> NDArray[np.intp] | None:
    """Return the time order of bins no two of which share any time, so that no moment can count twice; else None."""
    order = begin.argsort(kind="stable")
    begin, end = begin[order], (begin + width)[order]
    is_apart = (begin[1:] > begin[:-1]).all() and (begin[1:] >= end[:-1]).all()
    return order if is_apart else None


def _headers(series: Sequence[LightCurve], begin: Floats, end: Floats, intervals: Floats) -> tuple[Header, Header]:
    begins = [float(np.minimum.reduce(s.time, initial=np.inf)) for s in series]
    begin_of_all = min(begins)
    earliest = [s for s, at in zip(series, begins, strict=True) if at == begin_of_all] or list(series)
    first = min(earliest, key=lambda s: b"".join(i for _, i in s.header.images())) if earliest[1:] else earliest[0]
    identity = Identity.of(series, begins)
    left_out = _LEFT_OUT if identity.is_one else _LEFT_OUT_OF_SEVERAL
    header = _common(first.header, [s.header for s in series], left_out)
    primary = _common(first.primary, [s.primary for s in series], left_out)
    system, place = clock(first).split()
    barycentred = any("BARYTIME" in s.extra for s in series)
    told = "of TIME; BARYTIME is TDB at the barycentre" if barycentred else ""
    of_table = [*identity.told(), ("TIMESYS", system, told), ("TIMEREF", place)]
    of_file: list[CardTuple] = [*identity.cards, ("TIMESYS", system)]
    if len(begin):
        start, stop = float(begin[0]), float(end[0])
        moments, says = (("TSTART", start), ("TSTOP", stop)), f"MET ({system}) [s]"
        dates: list[CardTuple] = [("DATE-OBS", met.isot(start), f"start, {system}")]
        dates.append(("DATE-END", met.isot(stop), f"end, {system}"))
        of_table += [card for keyword, moment in moments for card in moment_cards(keyword, moment)] + dates
        of_file += [(keyword, moment, says) for keyword, moment in moments] + dates
    of_table.append(("ONTIME", round(gti.total(intervals), 8), "sum of the good time intervals [s]"))
    header.put(images_of(*of_table))
    primary.put(images_of(*of_file))
    return header, primary


def _common(first: Header, headers: Sequence[Header], left_out: frozenset[str]) -> Header:
    """Return the cards of the first header whose values all headers share, but for some keywords."""
    common, differing = first.without(left_out), set[str]()
    for other in headers:
        if other is first:
            continue
        alone = set(common.images()).difference(other.images())
        differing.update([keyword for keyword, _ in alone if not _same(keyword, first, other)])
    return common.without(differing) if differing else common


def _same(keyword: str, first: Header, second: Header) -> bool:
    """Return whether two values mean the same: names are spelled in many ways, and positions rounded."""
    if keyword not in second:
        return False
    one, other = first.get(keyword), second.get(keyword)
    if keyword == "OBJECT":
        return plain_name(str(one)) == plain_name(str(other))
    if keyword.startswith(("RA", "DEC")) and isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < _CLOSE
    return bool(one == other)
