"""A light curve as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.fits import declarations as declared
from rossi.fits.header import Header

Floats = NDArray[np.float64]

#: Columns beside TIME RATE ERROR FRACEXP that are carried along, in the order in which they are written.
EXTRA = {c.name: c for c in (declared.LIVE_TIME, declared.ON_TIME, declared.BACKV, declared.BACKE)}
#: Of these, which add up when bins are joined; the others are rates.
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
        Bin width.
    intervals : ndarray (m, 2) [s]
        Good time intervals.
    header, primary : Header
        Of the RATE extension (time keywords absolute) and of the file.
    extra : dict of str to ndarray (n,)
        The columns named in `EXTRA` that the file has.
    quantity : str
        RATE or COUNTS, as the column and the extension are called.
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

    def __len__(self) -> int:
        return len(self.time)

    @property
    def exposure(self) -> Floats:
        """Exposure of each bin: LiveTime or OnTime [PCU s] where the curve has them, else TIMEDEL * FRACEXP [s]."""
        for name in EXPOSURES:
            if name in self.extra:
                return self.extra[name]
        return self.timedel * self.fracexp

    @property
    def columns(self) -> dict[str, Floats]:
        """All columns by name, in file order."""
        basic = {"TIME": self.time, self.quantity: self.rate, "ERROR": self.error, "FRACEXP": self.fracexp}
        return basic | {name: self.extra[name] for name in EXTRA if name in self.extra}


def filled_intervals(time: Floats, timedel: float) -> Floats:
    """Return the intervals that rows cover: each run of adjacent bins gives one.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Bin starts.
    timedel : float [s]
    """
    ordered = np.sort(time)
    if not len(ordered):
        return np.empty((0, 2))
    gap = np.diff(ordered) > timedel * (1 + 1e-6)
    first = np.concatenate(([True], gap))
    last = np.concatenate((gap, [True]))
    return gti.make(np.column_stack((ordered[first], ordered[last] + timedel)))


def set_moment(header: Header, keyword: str, moment: float) -> None:
    """Set TSTARTI and TSTARTF (TSTOPI, TSTOPF) to a MET [s]; the fraction is rounded to 1e-8 s."""
    whole = int(np.floor(moment))
    header.set(f"{keyword}I", whole, "integer part of the time, MET")
    header.set(f"{keyword}F", round(float(moment - whole), 8), "fractional part")
