"""A light curve as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.errors import DataError
from rossi.fits import declarations as declared
from rossi.fits.header import Header
from rossi.timeseries import units

Floats = NDArray[np.float64]

#: Most bins of a light curve: 4096 s in steps of 1/8192 s. Extracting events into so many takes some 5 GB.
MAX_BINS = 1 << 25
#: Columns beside TIME RATE ERROR FRACEXP that are carried along, in the order in which they are written.
EXTRA = {c.name: c for c in (declared.TIMEDEL, declared.LIVE_TIME, declared.ON_TIME, declared.BACKV, declared.BACKE)}
#: Of these, which add up when bins are joined; background columns are averaged.
EXPOSURES = ("LiveTime", "OnTime")


@dataclass(frozen=True, slots=True)
class Series:
    """A light curve in rates.

    Parameters
    ----------
    name : str
        File name, for messages.
    time : ndarray (n,) [s]
        Bin starts, MET (TT), TIMEZERO applied.
    rate, error : ndarray (n,) [count / s] or [count / s / PCU]
        NaN where undefined; counts a bin where `quantity` says so.
    fracexp : ndarray (n,)
        Part of the bin that was observed.
    timedel : float [s]
        Bin width; the smallest one where `extra` has TIMEDEL, as joined curves of several widths do.
    intervals : ndarray (m, 2) [s]
        Good time intervals.
    header, primary : Header
        Of the RATE extension (time keywords absolute) and of the file.
    extra : dict of str to ndarray (n,)
        The columns named in `EXTRA` that the file has.
    quantity : str
        RATE or COUNTS, as the column and the extension are called.
    unit : str
        Of `rate` and `error`: see `rossi.timeseries.units`; what the columns say where empty (see `rate_unit`).
    remarks : tuple of str
        What there is to say of the reading: sentences.
    """

    name: str
    time: Floats
    rate: Floats
    error: Floats
    fracexp: Floats
    timedel: float
    intervals: Floats
    header: Header
    primary: Header
    extra: dict[str, Floats] = field(default_factory=dict)
    quantity: str = "RATE"
    unit: str = ""
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    @property
    def rate_unit(self) -> str:
        """Unit of `rate`: per PCU where there is an exposure in PCU seconds."""
        if self.unit:
            return self.unit
        per_pcu = any(name in self.extra for name in EXPOSURES)
        return units.COUNT if self.quantity == "COUNTS" else units.PER_PCU if per_pcu else units.RATE

    def rows(self, which: NDArray[Any]) -> Series:
        """Return the rows that an index or a mask chooses, with good time and keywords of the whole."""
        basic = {name: getattr(self, name)[which] for name in ("time", "rate", "error", "fracexp")}
        return replace(self, **basic, extra={name: values[which] for name, values in self.extra.items()})

    @property
    def mixed(self) -> bool:
        """Whether each row has a width of its own, in the column TIMEDEL."""
        return declared.TIMEDEL.name in self.extra

    @property
    def widths(self) -> Floats:
        """Width of each bin [s]."""
        return self.extra.get(declared.TIMEDEL.name, np.full(len(self), self.timedel))

    @property
    def middles(self) -> Floats:
        """Middle of each bin [s], MET."""
        return self.time + self.widths / 2

    @property
    def exposure(self) -> Floats:
        """Exposure of each bin: LiveTime or OnTime [PCU s] where the curve has them, else TIMEDEL * FRACEXP [s]."""
        for name in EXPOSURES:
            if name in self.extra:
                return self.extra[name]
        return self.widths * self.fracexp

    @property
    def columns(self) -> dict[str, Floats]:
        """All columns by name, in file order."""
        basic = {"TIME": self.time, self.quantity: self.rate, "ERROR": self.error, "FRACEXP": self.fracexp}
        return basic | {name: self.extra[name] for name in EXTRA if name in self.extra}


def split(series: Series) -> list[Series]:
    """Return the rows of each width as a light curve of its own, with good time and keywords of the whole."""
    if not series.mixed:
        return [series]
    parts = []
    for width in np.unique(series.widths):
        part = series.rows(series.widths == width)
        extra = {name: values for name, values in part.extra.items() if name != declared.TIMEDEL.name}
        parts.append(replace(part, timedel=float(width), extra=extra))
    return parts


def require_one_width(series: Series) -> None:
    """Raise a `DataError` if rows differ in width."""
    if series.mixed:
        raise DataError(
            f"{series.name}: TIMEDEL is {series.widths.min():g} to {series.widths.max():g} s, as in curves that were "
            "joined; bins of one width were expected. Use the curves that it was joined from."
        )


def filled_intervals(time: Floats, widths: Floats | float) -> Floats:
    """Return the intervals that rows cover: each run of adjacent bins gives one.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Bin starts.
    widths : ndarray (n,) or float [s]
    """
    if not len(time):
        return np.empty((0, 2))
    order = np.argsort(time, kind="stable")
    start, width = time[order], np.broadcast_to(widths, time.shape)[order]
    stop = np.maximum.accumulate(start + width)
    gap = start[1:] - stop[:-1] > 1e-6 * width[:-1]
    first = np.concatenate(([True], gap))
    last = np.concatenate((gap, [True]))
    return gti.make(np.column_stack((start[first], stop[last])))


def set_moment(header: Header, keyword: str, moment: float) -> None:
    """Set TSTARTI and TSTARTF (TSTOPI, TSTOPF) to a MET [s]; the fraction is rounded to 1e-8 s."""
    whole = int(np.floor(moment))
    header.set(f"{keyword}I", whole, "integer part of the time, MET")
    header.set(f"{keyword}F", round(float(moment - whole), 8), "fractional part")
