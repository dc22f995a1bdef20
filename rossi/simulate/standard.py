"""Standard products of the mission's pipeline, laid out as the archive's; rossi's reduction has no part in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.fits.header import CardTuple
from rossi.fits.writer import Column, TableHDU, fits_bytes, primary_hdu, table_hdu
from rossi.gti import make
from rossi.met import MJDREFF, MJDREFI
from rossi.simulate import clock
from rossi.simulate.keywords import CREATOR, ORIGIN, dates
from rossi.simulate.spec import ROW, ObservationSpec

_CURVE = (
    Column("TIME", "D", "s"),
    Column("RATE", "E", "count/s"),
    Column("ERROR", "E", "count/s"),
    Column("FRACEXP", "E"),
)
_SPECTRUM = (Column("CHANNEL", "I"), Column("COUNTS", "E", "count"), Column("STAT_ERR", "E", "count"))
_GTI = (Column("START", "D", "s"), Column("STOP", "D", "s"))
_ORIGIN: list[CardTuple] = [("ORIGIN", ORIGIN, "simulated, not observed"), ("CREATOR", CREATOR)]
_SYSTEM: list[CardTuple] = [
    ("TIMESYS", "TT"),
    ("MJDREFI", MJDREFI),
    ("MJDREFF", MJDREFF),
    ("TIMEUNIT", "s"),
    ("TIMVERSN", "OGIP/93-003"),
]
_CLASSES = {"s": "TOTAL", "b": "BKG", "n": "NET"}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a product was made of.

    Parameters
    ----------
    path : str
        In the observation's directory, without ``.gz``: ``stdprod/xp..._n2a.lc``.
    instrument : str
        INSTRUME.
    content : str
        s, b or n.
    columns : tuple of str
        ROWIDn.
    cpix : str
    band : (int, int) or None
        Channels; None of a spectrum.
    is_live : bool
        Whether dead time is corrected for.
    scale : float
        By which rates were multiplied.
    """

    path: str
    instrument: str
    content: str
    columns: tuple[str, ...]
    cpix: str
    band: tuple[int, int] | None = None
    is_live: bool = False
    scale: float = 1.0


def curve_file(
    spec: ObservationSpec, origin: Origin, time: Floats, rate: Floats, error: Floats, step: float = ROW
) -> tuple[str, bytes]:
    """Return path and content of a light curve.

    Parameters
    ----------
    spec : ObservationSpec
    origin : Origin
    time : ndarray (n,) [s]
        Starts of the bins, spacecraft clock; at least one.
    rate, error : ndarray (n,) [count / s]
    step : float [s]
        Length of a bin.
    """
    start = time + clock.timezero(spec.start)
    values = (start, rate, error, np.ones(len(start)))
    cards: list[CardTuple] = [
        ("HDUCLASS", "OGIP"),
        ("HDUCLAS1", "LIGHTCURVE"),
        ("HDUCLAS3", "RATE"),
        ("HDUVERS1", "1.1.0"),
        *_times_of(start, step, [("TIMEPIXR", 0.0, "times are starts"), ("TIMEREF", "LOCAL")]),
        ("TIMEDEL", float(step)),
        ("TIERRELA", 1e-9),
        ("TIERABSO", 1e-4),
    ]
    table = table_hdu("RATE", list(zip(_CURVE, values, strict=True)), [*cards, *_cards(spec, origin, start, step)])
    return _file(spec, origin, "LIGHT CURVE", table, start, step)


def spectrum_file(
    spec: ObservationSpec, origin: Origin, time: Floats, counts: Floats, error: Floats, exposure: float
) -> tuple[str, bytes]:
    """Return path and content of a spectrum.

    Parameters
    ----------
    spec : ObservationSpec
    origin : Origin
    time : ndarray (n,) [s]
        Starts of the rows of 16 s that were added up, spacecraft clock; at least one.
    counts, error : ndarray (n_channel,) [count]
    exposure : float [s]
    """
    start, n = time + clock.timezero(spec.start), len(counts)
    cards: list[CardTuple] = [
        ("HDUCLASS", "OGIP"),
        ("HDUCLAS1", "SPECTRUM"),
        ("HDUVERS1", "1.1.0"),
        *_times_of(start, ROW),
        ("POISSERR", False),
        ("EXPOSURE", float(exposure), "[s]"),
        ("BACKSCAL", 1.0),
        ("CORRSCAL", 1.0),
        ("AREASCAL", 1.0),
        ("CHANTYPE", "PHA"),
        ("DETCHANS", n),
        ("TLMIN1", 0),
        ("TLMAX1", n - 1),
    ]
    values = (np.arange(n), counts, error)
    cards += _cards(spec, origin, start, ROW)
    table = table_hdu("SPECTRUM", list(zip(_SPECTRUM, values, strict=True)), cards)
    return _file(spec, origin, "SPECTRUM", table, start, ROW)


def good_time_file(spec: ObservationSpec, time: Floats) -> tuple[str, bytes]:
    """Return path and content of the file of good time.

    Parameters
    ----------
    spec : ObservationSpec
    time : ndarray (n,) [s]
        Starts of good rows of 16 s, spacecraft clock; at least one.
    """
    start = time + clock.timezero(spec.start)
    primary = primary_hdu([*_ORIGIN, *_target(spec, "XTE")])
    content = fits_bytes(primary, [_gti(start, ROW)], compress=spec.compress)
    return f"stdprod/x{spec.obsid.stem}.gti", content


def product_path(spec: ObservationSpec, letter: str, name: str) -> str:
    """Return the path of a product.

    Parameters
    ----------
    spec : ObservationSpec
    letter : str
        The instrument's: p for the PCA, h for HEXTE.
    name : str
        ``n2a.lc``.
    """
    return f"stdprod/x{letter}{spec.obsid.stem}_{name}"


def _file(
    spec: ObservationSpec, origin: Origin, content: str, table: TableHDU, start: Floats, step: float
) -> tuple[str, bytes]:
    first, last = float(start[0]), float(start[-1]) + step
    shared = [*_ORIGIN, *dates(first, last), *_target(spec, origin.instrument), *_SYSTEM]
    primary = primary_hdu([("CONTENT", content), *shared, ("TSTART", first), ("TSTOP", last)])
    return origin.path, fits_bytes(primary, [table, _gti(start, step)], compress=spec.compress)


def _gti(start: Floats, step: float) -> TableHDU:
    gti = make(np.column_stack([start, start + step]))
    names: list[CardTuple] = [("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("HDUCLAS2", "STANDARD")]
    cards = [*names, *_SYSTEM, *_time_cards(float(start[0]), float(start[-1]) + step)]
    return table_hdu("STDGTI", list(zip(_GTI, gti.T, strict=True)), cards)


def _target(spec: ObservationSpec, instrument: str) -> list[CardTuple]:
    return [
        ("TELESCOP", "XTE"),
        ("INSTRUME", instrument),
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


def _times_of(start: NDArray[np.float64], step: float, pixels: Sequence[CardTuple] = ()) -> list[CardTuple]:
    """Return what rows say of their times, in the order of the archive's files."""
    first, last = float(start[0]), float(start[-1]) + step
    system = {card[0]: card for card in _SYSTEM}
    return [
        system["TIMVERSN"],
        system["TIMESYS"],
        *dates(first, last)[1:],
        system["TIMEUNIT"],
        *pixels,
        system["MJDREFI"],
        system["MJDREFF"],
        ("TASSIGN", "SATELLITE"),
        *_time_cards(first, last),
    ]


def _cards(spec: ObservationSpec, origin: Origin, start: NDArray[np.float64], step: float) -> list[CardTuple]:
    """Return what both kinds say of how they were made, as ``saextrct`` and the pipeline write it."""
    comments: Sequence[CardTuple] = ()
    if origin.band is not None:
        first, last = origin.band
        comments = (
            ("COMMENT", f"CHMIN for filtering was {first:20d}"),
            ("COMMENT", f"CHMAX for filtering was {last:20d}"),
        )
    names: list[CardTuple] = [(f"ROWID{number}", name) for number, name in enumerate(origin.columns, 1)]
    scaled: list[CardTuple] = [("HISTORY", f"Expression: {name} * {origin.scale!r}") for name in ("RATE", "ERROR")]
    return [
        ("ONTIME", float(step * len(start)), "[s]"),
        ("GAINAPP", False),
        ("CLOCKAPP", True),
        *comments,
        ("CPIX", origin.cpix),
        ("MINCHAN", 0),
        ("MAXCHAN", 255),
        *_target(spec, origin.instrument),
        *names,
        *_ORIGIN,
        dates(float(start[0]), float(start[-1]) + step)[0],
        *(scaled if origin.scale != 1 else ()),
        ("HDUCLAS2", _CLASSES[origin.content]),
        ("DEADAPP", origin.is_live),
        ("VIGNAPP", False),
        ("BACKAPP", origin.content == "n"),
        ("RXTESP", "simulated, not of the mission's pipeline"),
    ]
