"""The archive's filter file and good time, and those that rossi makes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.arrays import Floats
from rossi.facts import some_of
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.met import timezero
from rossi.validate.verdict import ROUNDING, TOUCH, Comparison, Samples, Verdict

#: What no condition on good time would notice, by unit: conditions are on whole degrees (but OFFSET, 0.02 deg), minutes
#: and tenths of the electron ratio; both sides interpolate what is sampled every 8 to 64 s.
RESOLUTION = {"deg": 0.01, "min": 0.05, "s": 1.0, "km": 1.0, "": 0.005}
#: Part of the rows of a flag that may differ: at the moment of switching.
_SWITCHING = 0.01
_TURN = 360.0
#: Step of a filter file [s]: by so much intervals may begin or end elsewhere.
_ROW = 16.0
#: How many names a sentence has room for.
_NAMED = 6


def compare_filter_files(product: str, archive: Table, rossi: Table) -> tuple[Comparison, ...]:
    """Compare column by column; the first result is about all of them.

    Parameters
    ----------
    product : str
        File name.
    archive, rossi : Table
    """
    times = [one.numbers("Time") + timezero(one.header, one.where) for one in (archive, rossi)]
    rows = _same_rows(*times)
    names = [
        name for name, info in archive.infos.items() if name != "TIME" and info.repeat == 1 and info.element in "BIJKED"
    ]
    shared = [name for name in names if name in rossi and rossi.info(name).repeat == 1]
    columns = [_column(product, name, (archive, rossi), (times[0], *rows)) for name in shared]
    only = (len(archive) - len(rows[0]), len(rossi) - len(rows[1]))
    return _whole(product, columns, [name for name in names if name not in shared], (len(rows[0]), *only)), *columns


def _same_rows(archive: Floats, rossi: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of rows of the same time."""
    steps = 0.5 / TOUCH
    _, one, other = np.intersect1d(np.round(archive * steps), np.round(rossi * steps), return_indices=True)
    return one, other


def _column(
    product: str, name: str, tables: tuple[Table, Table], rows: tuple[Floats, NDArray[np.intp], NDArray[np.intp]]
) -> Comparison:
    archive, (time, one, other) = tables[0], rows
    unit, values = archive.info(name).unit, []
    for table, chosen in zip(tables, (one, other), strict=True):
        numbers = table.numbers(name)
        numbers[table.null(name)] = np.nan
        values.append(numbers[chosen])
    (theirs, mine), at = values, time[one]
    undefined = np.isnan(theirs) != np.isnan(mine)
    both = ~(np.isnan(theirs) | np.isnan(mine))
    difference = np.where(both, mine - theirs, 0.0)
    if unit == "deg":  # 359.9 and 0.1 are near
        difference = (difference + _TURN / 2) % _TURN - _TURN / 2
    where = int(np.argmax(np.abs(difference))) if len(at) else 0
    return Comparison(
        product,
        "column",
        _verdict(archive, name, difference, np.maximum(np.abs(theirs), np.abs(mine)), undefined),
        column=name,
        unit=unit,
        compared=int(both.sum()),
        only_archive=int((undefined & np.isnan(mine)).sum()),
        only_rossi=int((undefined & np.isnan(theirs)).sum()),
        largest=float(difference[where]) if len(at) else 0.0,
        at=float(at[where]) if len(at) else float("nan"),
        archive=Samples(at, theirs, np.zeros(len(at))),
        rossi=Samples(at, mine, np.zeros(len(at))),
    )


def _verdict(table: Table, name: str, difference: Floats, scale: Floats, undefined: NDArray[np.bool_]) -> Verdict:
    away = np.abs(difference)
    if not undefined.any() and not (away > ROUNDING * np.nan_to_num(scale)).any():
        return Verdict.SAME
    info = table.info(name)
    if info.element in "BIJK" and not info.unit:
        beyond = (away > 0) | undefined
    else:
        floor = RESOLUTION.get(info.unit, RESOLUTION[""])
        beyond = (away > np.maximum(floor, RESOLUTION[""] * np.nan_to_num(scale) * (info.unit != "deg"))) | undefined
    return Verdict.DIFFERS if beyond.sum() > _SWITCHING * len(away) else Verdict.WITHIN


def _whole(product: str, columns: list[Comparison], missing: list[str], rows: tuple[int, int, int]) -> Comparison:
    """Return what is said of all columns."""
    ranked = (Verdict.DIFFERS, Verdict.WITHIN, Verdict.SAME)
    verdict = next((one for one in ranked if any(c.verdict is one for c in columns)), Verdict.NOT_COMPARED)
    counts = [f"{sum(c.verdict is one for c in columns)} columns {one}" for one in reversed(ranked)]
    said = [f"{', '.join(counts)}."]
    worst = [c for c in columns if c.verdict is Verdict.DIFFERS]
    told = [f"{c.column} by up to {abs(c.largest):.3g} {c.unit}".strip() for c in worst]
    if told:
        said.append(f"Different: {some_of(told, _NAMED)}.")
    if missing:
        said.append(f"rossi makes no {some_of(missing, _NAMED)}.")
    said += [f"{who} has {more} rows more." for who, more in (("The archive", rows[1]), ("rossi", rows[2])) if more]
    shown = max(columns, key=lambda c: (c.verdict is Verdict.DIFFERS, c.column == "ELV"), default=None)
    return Comparison(
        product,
        "filter file",
        verdict,
        unit=shown.unit if shown else "",
        compared=rows[0],
        only_archive=rows[1],
        only_rossi=rows[2],
        largest=shown.largest if shown else 0.0,
        at=shown.at if shown else float("nan"),
        reasons=tuple(said),
    )


def compare_good_time(product: str, archive: Gti, rossi: Gti, expression: str) -> Comparison:
    """Compare the good time of the standard products with that of an expression.

    The filter of the standard products stands in none of their headers, so that a difference is one of the filters
    until somebody shows that it is not: it is told, and counts as explained.

    Parameters
    ----------
    product : str
    archive, rossi : ndarray (n, 2) [s]
    expression : str
        That rossi's is made with.
    """
    both = intervals.total(intervals.intersection(archive, rossi))
    theirs, mine = intervals.total(archive), intervals.total(rossi)
    only = theirs - both, mine - both
    edge = _ROW * (len(archive) + len(rossi))
    same = max(only) < TOUCH
    verdict = Verdict.SAME if same else Verdict.WITHIN if max(only) <= edge else Verdict.DIFFERS
    said = [f"{both:.0f} s are good in both, {only[0]:.0f} s in the archive alone, {only[1]:.0f} s in rossi alone."]
    if verdict is Verdict.DIFFERS:
        said.append(f"Another filter: the archive's is not told in its products, rossi's is {expression}.")
    return Comparison(
        product,
        "good time",
        verdict,
        unit="s",
        largest=mine - theirs,
        exposures=(theirs, mine),
        reasons=() if same else tuple(said),
        explained=True,
    )
