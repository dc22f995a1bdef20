"""Light curves and spectra as OGIP files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.extract.accumulate import Accumulation
from rossi.extract.channels import parse_channels
from rossi.extract.inherited import Inherited
from rossi.extract.lightcurve import BinnedCurve, Mode
from rossi.extract.spectrum import BinnedSpectrum
from rossi.fits import declarations as declared
from rossi.fits.cards import CardTuple, Image, images_of
from rossi.fits.header import Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.gti import Gti
from rossi.met import add_reference
from rossi.timeseries import units
from rossi.timeseries.reading import MET
from rossi.timeseries.series import LightCurve
from rossi.version import __version__

CREATOR = f"rossi {__version__}"
_ORIGIN = images_of(("ORIGIN", "rossi"), ("CREATOR", CREATOR))
_CREATED = images_of(("CREATOR", CREATOR))
_VALUE = {Mode.RATE: declared.RATE, Mode.SUM: declared.COUNTS, Mode.MEAN: declared.MEAN}
_HDUCLAS3 = {Mode.RATE: "RATE", Mode.SUM: "COUNT", Mode.MEAN: "MEAN"}


def _ogip(kind: str, mode: Mode) -> list[CardTuple]:
    return [
        ("HDUCLASS", "OGIP", "format conforms to OGIP/GSFC standards"),
        ("HDUCLAS1", kind),
        ("HDUCLAS2", "TOTAL"),
        ("HDUCLAS3", _HDUCLAS3[mode]),
        ("HDUVERS1", "1.1.0", "version of the format"),
    ]


#: Cards that all products of a kind have.
_CURVE = {
    mode: images_of(*_ogip("LIGHTCURVE", mode), ("TIMVERSN", "OGIP/93-003", "OGIP memo number for file format"))
    for mode in Mode
}
_CURVE_CONTENT = tuple(images_of(("CONTENT", "LIGHT CURVE", "light curve file")))
_SPECTRUM = {
    mode: images_of(
        *_ogip("SPECTRUM", mode),
        ("POISSERR", False, "errors are in STAT_ERR"),
        *(("SYS_ERR", 0), ("GROUPING", 0), ("QUALITY", 0), ("FILTER", "NONE")),
    )
    for mode in Mode
}
_SPECTRUM_COLUMNS = {
    mode: (Column(name, "1D", unit), Column("STAT_ERR", "1D", unit, declared.STAT_ERR.meaning))
    for mode, name, unit in (
        (Mode.RATE, "RATE", "count/s"),
        (Mode.SUM, "COUNTS", "count"),
        (Mode.MEAN, "MEAN", "count"),
    )
}
_NO_FILES = images_of(
    *(("AREASCAL", 1.0), ("BACKSCAL", 1.0), ("CORRSCAL", 0.0)),
    *[(key, "NONE") for key in ("BACKFILE", "CORRFILE", "RESPFILE", "ANCRFILE", "XFLT0001")],
    ("CHANTYPE", "PHA", "channels as the detector's electronics number them"),
)
_CPIX = "absolute channels of the elements"
_SPECTRUM_VERSION = images_of(("PHAVERSN", "1992a", "OGIP memo number for file format"), ("DROLLANG", 0.0))
_SPECTRUM_CONTENT = tuple(images_of(("CONTENT", "SPECTRUM", "spectrum file")))
_INTERVALS = images_of(
    ("HDUCLASS", "OGIP", "format conforms to OGIP/GSFC standards"),
    ("HDUCLAS1", "GTI", "good time intervals"),
    ("HDUCLAS2", "ALL", "good time intervals"),
    ("TIMEZERO", 0.0, "[s] already added"),
)


def _room(*keywords: str) -> list[Image]:
    """Return room for cards that are put there later."""
    return [(keyword, b"") for keyword in keywords]


_SPAN = _room("TSTART", "TSTOP")
_OWN_OF_CURVE = _room(
    *("TSTARTI", "TSTARTF", "TSTOPI", "TSTOPF", "TIMEZERI", "TIMEZERF"),
    *("TIMEDEL", "TIERRELA", "TIERABSO", "ONTIME"),
)
_UNIT = images_of(("TIMEUNIT", "s", "unit of times"), ("TIMEPIXR", 0.0, "times are those of the start of bins"))


def light_curve_tables(
    curve: BinnedCurve,
    extra: Sequence[tuple[Column, NDArray[Any]]] = (),
    applied: Sequence[CardTuple] = (),
    chbin: str | None = None,
) -> tuple[Header, list[TableHDU]]:
    """Lay out a light curve: primary header, RATE (or COUNTS) table, STDGTI table.

    Parameters
    ----------
    curve : BinnedCurve
    extra : sequence of (Column, ndarray (n_bin,))
        Further columns, e.g. LiveTime.
    applied : sequence of CardTuple
        BACKAPP, DEADAPP and their like, where they are not false.
    chbin : str, optional
        Groups of channels that CPIX, MINCHAN and MAXCHAN tell of instead of the elements.
    """
    source = curve.source
    columns = [(declared.TIME, curve.time), (_VALUE[curve.mode], curve.value)]
    error = declared.ERROR if curve.mode == Mode.RATE else declared.COUNTS_ERROR
    columns += [(error, curve.error), (declared.FRACEXP, curve.fracexp), *extra]
    primary, header = _light_curve_headers(curve, applied, chbin)
    add_reference(header)
    name = "RATE" if curve.mode == Mode.RATE else "COUNTS"
    return primary, [table_hdu(name, columns, header), gti_table(source, _good_time(curve), round(curve.ontime, 8))]


def series_of(curve: BinnedCurve, name: str) -> LightCurve:
    """Return a light curve of rates as `rossi.timeseries.reading` reads it from its file.

    Parameters
    ----------
    curve : BinnedCurve
        In the mode RATE.
    name : str
        For messages.
    """
    primary, header = _light_curve_headers(curve)
    header.put(MET)
    return LightCurve(
        name,
        curve.time,
        curve.value,
        curve.error,
        curve.fracexp,
        curve.source.grid.binsz,
        intervals.make(_good_time(curve)),
        header,
        primary,
        unit=units.RATE,
    )


def _good_time(curve: BinnedCurve) -> Gti:
    return np.asarray(np.copysign(np.floor(np.abs(curve.gti * 1e8) + 0.5), curve.gti) / 1e8)


def _light_curve_headers(
    curve: BinnedCurve, applied: Sequence[CardTuple] = (), chbin: str | None = None
) -> tuple[Header, Header]:
    """Return the primary header of a light curve, and the keywords of its table."""
    source = curve.source
    first, told, last = (
        source.grid.files[0].table.header,
        source.grid.files[0].inherited,
        source.grid.files[-1].inherited,
    )
    cpix, bounds = (chbin, parse_channels(chbin)) if chbin else (source.cpix, source.bounds)
    start = float(curve.time[0]) if len(curve.time) else source.grid.start
    end = float(curve.gti[-1, 1]) if len(curve.gti) else source.grid.stop
    own = images_of(
        *_split("TSTART", start),
        *_split("TSTOP", end),
        *_split("TIMEZER", 0.0),
        ("TIMEDEL", source.grid.binsz, "[s] bin size"),
        ("TIERRELA", first.get("TIERRELA", 1e-9), "relative time error"),
        ("TIERABSO", first.get("TIERABSO", 1e-4), "absolute time error"),
        ("ONTIME", round(curve.ontime, 8), "[s] time on source"),
    )
    corrections = tuple(images_of(*applied)), first.is_true("GAINAPP"), first.is_true("CLOCKAPP")
    channels = cpix, int(np.minimum.reduce(bounds[:, 0])), int(np.maximum.reduce(bounds[:, 1]))
    header = _of_curve(told, last, curve.mode, corrections, channels).copy()
    header.put(own)
    header.extend(_source(source))
    return _primary(source, _CURVE_CONTENT, told.pointing), header


@lru_cache(maxsize=64)
def _of_curve(
    first: Inherited,
    last: Inherited,
    mode: Mode,
    corrections: tuple[tuple[Image, ...], bool, bool],
    channels: tuple[str | None, int, int],
) -> Header:
    """Return what the light curves of a file's parts have in common, with room for the times of each."""
    applied, gain, clock = corrections
    names, (cpix, lowest, highest) = {card[0] for card in applied}, channels
    without = images_of(*[(keyword, False) for keyword in ("BACKAPP", "DEADAPP", "VIGNAPP") if keyword not in names])
    told = images_of(
        ("GAINAPP", gain, "gain correction applied"),
        ("CLOCKAPP", clock, "clock correction applied"),
        *([("CPIX", cpix, "channels of the elements")] if cpix else []),
        ("MINCHAN", lowest, "lowest channel of the elements"),
        ("MAXCHAN", highest, "highest channel of the elements"),
    )
    behind = *without, *applied, *told, *first.instrument, *first.plain
    return Header.of([*_CURVE[mode], *_times(first, last), *_OWN_OF_CURVE, *behind])


def light_curve_file(curve: BinnedCurve, **layout: Any) -> bytes:
    """Return a light curve as a FITS file.

    Parameters
    ----------
    curve : BinnedCurve
    **layout : Any
        Further arguments of `light_curve_tables`.
    """
    return fits_bytes(*light_curve_tables(curve, **layout))


def spectrum_file(spectrum: BinnedSpectrum) -> bytes:
    """Return a spectrum as a FITS file.

    Parameters
    ----------
    spectrum : BinnedSpectrum
    """
    return fits_bytes(*spectrum_tables(spectrum))


def spectrum_tables(spectrum: BinnedSpectrum) -> tuple[Header, list[TableHDU]]:
    """Lay out a spectrum: primary header, SPECTRUM table, STDGTI table.

    Parameters
    ----------
    spectrum : BinnedSpectrum
    """
    source = spectrum.source
    n, (value, error) = len(spectrum.value), _SPECTRUM_COLUMNS[spectrum.mode]
    columns = [(declared.CHANNEL, np.arange(n)), (value, spectrum.value), (error, spectrum.error)]
    gain = source.grid.files[0].table.header.is_true("GAINAPP")
    told, last = source.grid.files[0].inherited, source.grid.files[-1].inherited
    exposure = ("EXPOSURE", float(f"{spectrum.exposure:.14e}"), "[s] exposure")
    own = images_of(exposure, ("TIMEDEL", source.grid.binsz), ("GAINAPP", gain, "gain correction applied"))
    header = _of_spectrum(told, last, spectrum.mode, n, spectrum.cpix).copy()
    header.put([*own, *_span(source)])
    header.extend(_source(source))
    primary = _primary(source, _SPECTRUM_CONTENT, told.target)
    tables = [table_hdu("SPECTRUM", columns, header), gti_table(source, source.filled, spectrum.exposure)]
    return primary, tables


@lru_cache(maxsize=64)
def _of_spectrum(first: Inherited, last: Inherited, mode: Mode, n: int, cpix: str) -> Header:
    """Return what the spectra of a file's parts have in common, with room for exposure and times of each."""
    channels = images_of(("DETCHANS", n), ("TLMIN1", 0), ("TLMAX1", n - 1), ("CPIX1", cpix, _CPIX))
    fixed = *_NO_FILES, *channels, *_SPECTRUM_VERSION, *_times(first, last)
    own = *_SPAN, *_room("TIMEDEL", "GAINAPP")
    return Header.of([*_SPECTRUM[mode], *_room("EXPOSURE"), *fixed, *own, *first.instrument, *first.target])


def gti_table(source: Accumulation, gti: Gti, ontime: float) -> TableHDU:
    """Return the STDGTI extension of a product: the filled time.

    Parameters
    ----------
    source : Accumulation
    gti : ndarray (m, 2) [s]
        MET.
    ontime : float [s]
    """
    first, last = source.grid.files[0].inherited, source.grid.files[-1].inherited
    own = images_of(
        *_split("TSTART", source.grid.start),
        *_split("TSTOP", source.grid.stop),
        ("ONTIME", float(f"{ontime:.15e}"), "[s] time on source"),
    )
    header = _of_intervals(first, last).copy()
    header.put(own)
    return table_hdu("STDGTI", list(zip(declared.STDGTI, gti.T, strict=True)), header)


@lru_cache(maxsize=64)
def _of_intervals(first: Inherited, last: Inherited) -> Header:
    """Return what good time of a file's parts has in common, with room for the times of each."""
    own = _room("TSTARTI", "TSTARTF", "TSTOPI", "TSTOPF", "ONTIME")
    return Header.of([*_INTERVALS, *own, *first.intervals, *last.end, *first.pointing, *_CREATED])


def _split(keyword: str, value: float) -> list[CardTuple]:
    stem = keyword[:7]
    whole = math.floor(value)
    return [(stem + "I", whole, "[s] whole part"), (stem + "F", round(value - whole, 8), "[s] fraction")]


def _times(first: Inherited, last: Inherited) -> list[Image]:
    return [*first.begin, *last.end, *_UNIT, *first.clock]


def _primary(source: Accumulation, content: tuple[Image, ...], target: tuple[Image, ...]) -> Header:
    """Return the primary header of a product."""
    header = _of_file(source.grid.files[0].inherited, source.grid.files[-1].inherited, content, target).copy()
    header.put([*_date(), *_span(source)])
    return header


@lru_cache(maxsize=64)
def _of_file(first: Inherited, last: Inherited, content: tuple[Image, ...], target: tuple[Image, ...]) -> Header:
    """Return what the primary headers of products of a file's parts have in common, with room for date and times."""
    header = primary_hdu()
    header.extend([*content, *_ORIGIN, *_room("DATE"), *first.primary, *last.primary_end, *_SPAN, *target])
    return header


def _date() -> list[Image]:
    return images_of(("DATE", now(), "file creation (UTC)"))


def _span(source: Accumulation) -> list[Image]:
    return _span_cards(source.grid.start, source.grid.stop)


@lru_cache(maxsize=64)
def _span_cards(start: float, stop: float) -> list[Image]:
    """Return TSTART and TSTOP with 15 significant digits, as the reference writes numbers that are not split."""
    first, last = (float(f"{value:.14e}") for value in (start, stop))
    return images_of(("TSTART", first, "[s] start"), ("TSTOP", last, "[s] stop"))


def _source(source: Accumulation) -> list[Image]:
    return [*_source_cards(source.columns, tuple([file.name for file in source.grid.files])), *_date()]


@lru_cache(maxsize=64)
def _source_cards(columns: tuple[str, ...], files: tuple[str, ...]) -> list[Image]:
    """Return the cards that say what was extracted."""
    extracted = [(f"ROWID{number}", column, "column extracted") for number, column in enumerate(columns, 1)]
    read = [(f"FILEN{number}", name, "input file") for number, name in enumerate(files, 1)]
    return [*images_of(*extracted, *read), *_ORIGIN]
