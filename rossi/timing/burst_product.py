"""Bursts as a product: a row for each candidate with its curve, written and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rossi.arrays import Floats
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.reader import FitsFile
from rossi.fits.writer import fits_bytes, now, primary_hdu, table_hdu
from rossi.met import MJDREFF, MJDREFI
from rossi.timing.bursts import Burst
from rossi.version import __version__

_KEPT = ("TELESCOP", "INSTRUME", "OBJECT", "OBS_ID", "RA_OBJ", "DEC_OBJ", "RA_PNT", "DEC_PNT", "EQUINOX", "RADECSYS")
#: How much of the curve is kept, before and behind the trigger [s].
BEFORE, BEHIND = 20.0, 200.0
#: What of a burst the columns hold, in their order.
_NUMBERS = ("trigger", "start", "peak_time", "rise", "decay", "tau", "peak", "base", "fluence", "significance")


@dataclass(frozen=True, slots=True)
class BurstCurve:
    """A candidate and its curve.

    Parameters
    ----------
    burst : Burst
        MET (TT) [s], count/s/PCU.
    begin : float [s]
        Of the first bin, MET (TT).
    rate : ndarray (n,) [count / s / PCU]
        NaN in bins that do not count.
    """

    burst: Burst
    begin: float
    rate: Floats


@dataclass(frozen=True, slots=True)
class Bursts:
    """The candidates of an observation.

    Parameters
    ----------
    curves : tuple of BurstCurve
        By time.
    dt : float [s]
        Bins of their curves.
    searched : float [s]
        Time with a rate, in which they were looked for.
    header : Header
        Cards that say of what they are.
    """

    curves: tuple[BurstCurve, ...]
    dt: float
    searched: float
    header: Header

    @property
    def accepted(self) -> list[BurstCurve]:
        """Those that are not rejected."""
        return [one for one in self.curves if not one.burst.rejected]

    def to_bytes(self) -> bytes:
        """Return a FITS file with the table BURSTS."""
        bursts = [one.burst for one in self.curves]
        numbers = [np.array([getattr(burst, name) for burst in bursts], np.float64) for name in _NUMBERS]
        reasons = [burst.rejected for burst in bursts]
        columns = list(zip(declared.BURSTS[: len(_NUMBERS)], numbers, strict=True))
        accepted, reason, begin, curve = declared.BURSTS[len(_NUMBERS) :]
        wide = replace(reason, form=f"{max(1, *map(len, reasons), 1)}A")
        cards: list[CardTuple] = [
            *(("HDUCLASS", "ROSSI"), ("HDUCLAS1", "BURSTS")),
            *((key, self.header.get(key)) for key in _KEPT if key in self.header),
            *(("TIMESYS", "TT"), ("TIMEUNIT", "s"), ("MJDREFI", MJDREFI), ("MJDREFF", MJDREFF), ("TIMEZERO", 0.0)),
            ("TIMEDEL", self.dt, "[s] bins of CURVE"),
            ("SEARCHED", self.searched, "[s] in which bursts were looked for"),
            ("NBURST", len(self.accepted), "candidates that are not rejected"),
        ]
        primary = primary_hdu([("CONTENT", "BURSTS"), ("CREATOR", f"rossi {__version__}")])
        primary.append("DATE", now(), "file creation (UTC)")
        hdu = table_hdu(
            "BURSTS",
            [
                *columns,
                (accepted, np.array([not text for text in reasons], bool)),
                (wide, reasons),
                (begin, np.array([one.begin for one in self.curves], np.float64)),
                (curve, [one.rate.astype(np.float32) for one in self.curves]),
            ],
            cards,
        )
        return fits_bytes(primary, [hdu])


def with_curves(bursts: Sequence[Burst], time: Floats, rate: Floats, dt: float, header: Header) -> Bursts:
    """Return candidates with their curves.

    Parameters
    ----------
    bursts : sequence of Burst
    time : ndarray (n,) [s]
        Begin of each bin of the curve in which they were found, MET (TT), ascending.
    rate : ndarray (n,) [count / s / PCU]
    dt : float [s]
    header : Header
    """
    curves = []
    for burst in bursts:
        low, high = np.searchsorted(time, (burst.trigger - BEFORE, burst.trigger + BEHIND))
        number = np.rint((time[low:high] - time[low]) / dt).astype(np.int64)
        filled = np.full(int(number[-1]) + 1, np.nan)
        filled[number] = rate[low:high]
        curves.append(BurstCurve(burst, float(time[low]), filled))
    return Bursts(tuple(curves), dt, float(np.isfinite(rate).sum() * dt), header)


def read_bursts(file: FitsFile) -> Bursts:
    """Read bursts.

    Parameters
    ----------
    file : FitsFile
        As `Bursts.to_bytes` makes them.

    Raises
    ------
    DataError
        If it holds none.
    """
    table = file.table("BURSTS")
    columns = {name: table.numbers(c.name).tolist() for name, c in zip(_NUMBERS, declared.BURSTS, strict=False)}
    reasons, begins = table.column("REASON").tolist(), table.numbers("BEGIN").tolist()
    rates = [np.asarray(cell, np.float64) for cell in table.cells("CURVE").rows()]
    del columns["tau"]
    found = [
        BurstCurve(Burst(**dict(zip(columns, values, strict=True)), rejected=reason), begin, rate)
        for values, reason, begin, rate in zip(zip(*columns.values(), strict=True), reasons, begins, rates, strict=True)
    ]
    kept = Header()
    kept.copy_from(table.header, _KEPT)
    where = table.where
    return Bursts(tuple(found), table.header.finite("TIMEDEL", where), table.header.finite("SEARCHED", where), kept)
