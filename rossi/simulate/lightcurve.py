"""The standard product: the net light curve of PCU 2, layer 1, 2 to 9 keV, 16 s."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import CardTuple
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.gti import make
from rossi.met import MJDREFF, MJDREFI
from rossi.simulate import clock
from rossi.simulate.detector import Rows
from rossi.simulate.keywords import CREATOR, ORIGIN, dates
from rossi.simulate.source import CPIX, elements
from rossi.simulate.spec import ROW, ObservationSpec

_COLUMNS = (
    Column("TIME", "D", "s"),
    Column("RATE", "E", "count/s"),
    Column("ERROR", "E", "count/s"),
    Column("FRACEXP", "E"),
)
_GTI = (Column("START", "D", "s"), Column("STOP", "D", "s"))
_PCU = 2
_ORIGIN: list[CardTuple] = [("ORIGIN", ORIGIN, "simulated, not observed"), ("CREATOR", CREATOR)]
_SYSTEM: list[CardTuple] = [
    ("TIMESYS", "TT"),
    ("MJDREFI", MJDREFI),
    ("MJDREFF", MJDREFF),
    ("TIMEUNIT", "s"),
    ("TIMVERSN", "OGIP/93-003"),
]


def net_light_curve(spec: ObservationSpec, rows: Rows, good: NDArray[np.bool_]) -> tuple[str, bytes] | None:
    """Return path and content of the light curve of the good rows, not corrected for dead time; None without any.

    Parameters
    ----------
    spec : ObservationSpec
    rows : Rows
    good : ndarray (n,) of bool
        Which of the rows.
    """
    if not good.any():
        return None
    low, high = int(2 * clock.gain(spec.start, _PCU) + 0.5), int(9 * clock.gain(spec.start, _PCU))
    layer = np.s_[good, _PCU, :2, elements(low, high)]
    counts, background = rows.xenon[layer].sum((1, 2)), rows.background[layer].sum((1, 2))
    time = rows.time[good] + clock.timezero(spec.start)
    values = (time, (counts - background) / ROW, np.sqrt(np.maximum(counts, 1)) / ROW, np.ones(len(time)))
    start, stop = float(time[0]), float(time[-1]) + ROW
    cards = _rate_cards(spec, dates(start, stop), time, (low, high))
    table = table_hdu("RATE", list(zip(_COLUMNS, values, strict=True)), cards)
    gti = make(np.column_stack([time, time + ROW]))
    names: list[CardTuple] = [("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("HDUCLAS2", "STANDARD")]
    gtis = table_hdu("STDGTI", list(zip(_GTI, gti.T, strict=True)), [*names, *_time_cards(start, stop)])
    shared = [*_ORIGIN, *dates(start, stop), *_target(spec), *_SYSTEM]
    primary = primary_hdu([("CONTENT", "LIGHT CURVE"), *shared, ("TSTART", start), ("TSTOP", stop)])
    path = f"stdprod/xp{spec.obsid.stem}_n2a.lc"
    return path, fits_bytes(primary, [table, gtis], compress=spec.compress)


def _target(spec: ObservationSpec) -> list[CardTuple]:
    return [
        ("TELESCOP", "XTE"),
        ("INSTRUME", "PCA"),
        ("OBJECT", spec.target),
        ("OBS_ID", str(spec.obsid)),
        ("RA", spec.ra, "[deg]"),
        ("DEC", spec.dec, "[deg]"),
        ("EQUINOX", 2000.0),
        ("RADECSYS", "FK5"),
    ]


def _time_cards(start: float, stop: float) -> list[CardTuple]:
    return [
        ("TSTARTI", int(start), "start, clock correction applied"),
        ("TSTARTF", round(start % 1, 8)),
        ("TSTOPI", int(stop), "end, clock correction applied"),
        ("TSTOPF", round(stop % 1, 8)),
        ("TIMEZERI", 0),
        ("TIMEZERF", 0.0),
    ]


def _rate_cards(
    spec: ObservationSpec, when: list[CardTuple], time: NDArray[np.float64], band: tuple[int, int]
) -> list[CardTuple]:
    """Return the cards of the light curve, in the order of the archive's."""
    low, high = band
    return [
        ("HDUCLASS", "OGIP"),
        ("HDUCLAS1", "LIGHTCURVE"),
        ("HDUCLAS3", "RATE"),
        ("HDUVERS1", "1.1.0"),
        ("TIMVERSN", "OGIP/93-003"),
        ("TIMESYS", "TT"),
        *when[1:],
        ("TIMEUNIT", "s"),
        ("TIMEPIXR", 0.0, "times are starts"),
        ("TIMEREF", "LOCAL"),
        ("MJDREFI", MJDREFI),
        ("MJDREFF", MJDREFF),
        ("TASSIGN", "SATELLITE"),
        *_time_cards(float(time[0]), float(time[-1]) + ROW),
        ("TIMEDEL", float(ROW)),
        ("TIERRELA", 1e-9),
        ("TIERABSO", 1e-4),
        ("ONTIME", float(ROW * len(time)), "[s]"),
        ("GAINAPP", False),
        ("CLOCKAPP", True),
        ("COMMENT", f"CHMIN for filtering was {low:20d}"),
        ("COMMENT", f"CHMAX for filtering was {high:20d}"),
        ("CPIX", CPIX),
        ("MINCHAN", 0),
        ("MAXCHAN", 255),
        *_target(spec),
        ("ROWID1", f"X1LSpecPcu{_PCU}"),
        ("ROWID2", f"X1RSpecPcu{_PCU}"),
        *_ORIGIN,
        when[0],
        ("HDUCLAS2", "NET", "background subtracted"),
        ("DEADAPP", False),
        ("VIGNAPP", False),
        ("BACKAPP", True),
    ]
