"""Light curves and spectra as OGIP files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.extract.accumulate import Accumulation
from rossi.extract.channels import parse_channels
from rossi.extract.lightcurve import BinnedCurve, Mode, filled_time
from rossi.extract.spectrum import BinnedSpectrum
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.gti import Gti
from rossi.met import add_reference
from rossi.timeseries import units
from rossi.timeseries.reading import absolute
from rossi.timeseries.series import LightCurve
from rossi.version import __version__

CREATOR = f"rossi {__version__}"
_VALUE = {Mode.RATE: declared.RATE, Mode.SUM: declared.COUNTS, Mode.MEAN: declared.MEAN}
_HDUCLAS3 = {Mode.RATE: "RATE", Mode.SUM: "COUNT", Mode.MEAN: "MEAN"}


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
    return LightCurve(
        name,
        curve.time,
        curve.value,
        curve.error,
        curve.fracexp,
        curve.source.grid.binsz,
        intervals.make(_good_time(curve)),
        absolute(header),
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
    first = source.grid.files[0].table.header
    cpix, bounds = (chbin, parse_channels(chbin)) if chbin else (source.cpix, source.bounds)
    end = curve.gti[-1, 1] if len(curve.gti) else source.grid.stop
    applied_names = {card[0] for card in applied}
    header = Header(
        [
            *_ogip("LIGHTCURVE", "TOTAL", _HDUCLAS3[curve.mode]),
            ("TIMVERSN", "OGIP/93-003", "OGIP memo number for file format"),
        ]
    )
    _add_times(header, source)
    for card in (
        *_split("TSTART", curve.time[0] if len(curve.time) else source.grid.start),
        *_split("TSTOP", end),
        *_split("TIMEZER", 0.0),
        ("TIMEDEL", source.grid.binsz, "[s] bin size"),
        ("TIERRELA", first.get("TIERRELA", 1e-9), "relative time error"),
        ("TIERABSO", first.get("TIERABSO", 1e-4), "absolute time error"),
        ("ONTIME", round(curve.ontime, 8), "[s] time on source"),
        *((keyword, False) for keyword in ("BACKAPP", "DEADAPP", "VIGNAPP") if keyword not in applied_names),
        *applied,
        ("GAINAPP", first.is_true("GAINAPP"), "gain correction applied"),
        ("CLOCKAPP", first.is_true("CLOCKAPP"), "clock correction applied"),
        *((("CPIX", cpix, "channels of the elements"),) if cpix else ()),
        ("MINCHAN", int(bounds.min()), "lowest channel of the elements"),
        ("MAXCHAN", int(bounds.max()), "highest channel of the elements"),
    ):
        header.append(*card)
    _add_source(header, source, "RA", "DEC")
    primary = primary_hdu([("CONTENT", "LIGHT CURVE", "light curve file"), *_primary_times(source)])
    _add_object(primary, source, "RA_PNT", "DEC_PNT")
    return primary, header


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
    n = len(spectrum.value)
    unit = "count/s" if spectrum.mode == Mode.RATE else "count"
    value = Column({Mode.RATE: "RATE", Mode.SUM: "COUNTS", Mode.MEAN: "MEAN"}[spectrum.mode], "1D", unit)
    error = Column("STAT_ERR", "1D", unit, declared.STAT_ERR.meaning)
    columns = [(declared.CHANNEL, np.arange(n)), (value, spectrum.value), (error, spectrum.error)]
    header = Header(
        [
            *_ogip("SPECTRUM", "TOTAL", _HDUCLAS3[spectrum.mode]),
            ("POISSERR", False, "errors are in STAT_ERR"),
            *(("SYS_ERR", 0), ("GROUPING", 0), ("QUALITY", 0), ("FILTER", "NONE")),
            ("EXPOSURE", float(f"{spectrum.exposure:.14e}"), "[s] exposure"),
            *(("AREASCAL", 1.0), ("BACKSCAL", 1.0), ("CORRSCAL", 0.0)),
            *((key, "NONE") for key in ("BACKFILE", "CORRFILE", "RESPFILE", "ANCRFILE", "XFLT0001")),
            ("CHANTYPE", "PHA", "channels as the detector's electronics number them"),
            *(("DETCHANS", n), ("TLMIN1", 0), ("TLMAX1", n - 1)),
            ("CPIX1", spectrum.cpix, "absolute channels of the elements"),
            ("PHAVERSN", "1992a", "OGIP memo number for file format"),
            ("DROLLANG", 0.0),
        ]
    )
    _add_times(header, source)
    for card in (*_span(source), ("TIMEDEL", source.grid.binsz)):
        header.append(*card)
    first = source.grid.files[0].table.header
    header.append("GAINAPP", first.is_true("GAINAPP"), "gain correction applied")
    _add_source(header, source, "RA_OBJ", "DEC_OBJ")
    primary = primary_hdu([("CONTENT", "SPECTRUM", "spectrum file"), *_primary_times(source)])
    _add_object(primary, source, "RA_OBJ", "DEC_OBJ")
    tables = [table_hdu("SPECTRUM", columns, header), gti_table(source, filled_time(source), spectrum.exposure)]
    return primary, tables


def gti_table(source: Accumulation, gti: Gti, ontime: float) -> TableHDU:
    """Return the STDGTI extension of a product: the filled time.

    Parameters
    ----------
    source : Accumulation
    gti : ndarray (m, 2) [s]
        MET.
    ontime : float [s]
    """
    header = Header(
        [
            ("HDUCLASS", "OGIP", "format conforms to OGIP/GSFC standards"),
            ("HDUCLAS1", "GTI", "good time intervals"),
            ("HDUCLAS2", "ALL", "good time intervals"),
            ("TIMEZERO", 0.0, "[s] already added"),
            *_split("TSTART", source.grid.start),
            *_split("TSTOP", source.grid.stop),
            ("ONTIME", float(f"{ontime:.15e}"), "[s] time on source"),
        ]
    )
    first = source.grid.files[0].table.header
    header.copy_from(first, ("INSTRUME", "MJDREFI", "MJDREFF", "TIMESYS", "TIMEUNIT", "DATE-OBS", "TIME-OBS"))
    header.copy_from(source.grid.files[-1].table.header, ("DATE-END", "TIME-END"))
    _add_object(header, source, "RA_PNT", "DEC_PNT")
    header.append("CREATOR", CREATOR)
    return table_hdu("STDGTI", list(zip(declared.STDGTI, gti.T, strict=True)), header)


def _ogip(kind: str, what: str, unit: str) -> list[CardTuple]:
    return [
        ("HDUCLASS", "OGIP", "format conforms to OGIP/GSFC standards"),
        ("HDUCLAS1", kind),
        ("HDUCLAS2", what),
        ("HDUCLAS3", unit),
        ("HDUVERS1", "1.1.0", "version of the format"),
    ]


def _split(keyword: str, value: float) -> list[CardTuple]:
    stem = keyword[:7]
    whole = int(np.floor(value))
    return [(stem + "I", whole, "[s] whole part"), (stem + "F", round(value - whole, 8), "[s] fraction")]


def _add_times(header: Header, source: Accumulation) -> None:
    first, last = source.grid.files[0].table.header, source.grid.files[-1].table.header
    header.copy_from(first, ("TIMESYS", "DATE-OBS", "TIME-OBS"))
    header.copy_from(last, ("DATE-END", "TIME-END"))
    header.append("TIMEUNIT", "s", "unit of times")
    header.append("TIMEPIXR", 0.0, "times are those of the start of bins")
    header.copy_from(first, ("TIMEREF", "MJDREFI", "MJDREFF", "TASSIGN"))


def _primary_times(source: Accumulation) -> list[CardTuple]:
    first, last = source.grid.files[0].table.header, source.grid.files[-1].table.header
    cards: list[CardTuple] = [("ORIGIN", "rossi"), ("CREATOR", CREATOR), ("DATE", now(), "file creation (UTC)")]
    begin = ("TELESCOP", "INSTRUME", "TIMESYS", "MJDREFI", "MJDREFF", "DATE-OBS", "TIME-OBS")
    found = [(key, first.get(key)) for key in begin] + [(key, last.get(key)) for key in ("DATE-END", "TIME-END")]
    return [*cards, *((key, value) for key, value in found if value is not None), *_span(source)]


def _span(source: Accumulation) -> list[CardTuple]:
    """Return TSTART and TSTOP with 15 significant digits, as the reference writes numbers that are not split."""
    start, stop = (float(f"{value:.14e}") for value in (source.grid.start, source.grid.stop))
    return [("TSTART", start, "[s] start"), ("TSTOP", stop, "[s] stop")]


def _add_object(header: Header, source: Accumulation, ra: str, dec: str) -> None:
    first = source.grid.files[0].table.header
    header.copy_from(first, ("OBJECT",))
    direction = source.grid.files[0].direction
    for new, axis in ((ra, "RA"), (dec, "DEC")):
        if axis in direction:
            header.append(new, direction[axis], "[deg] of the first input file")
    header.copy_from(first, ("EQUINOX", "RADECSYS"))


def _add_source(header: Header, source: Accumulation, ra: str, dec: str) -> None:
    header.copy_from(source.grid.files[0].table.header, ("TELESCOP", "INSTRUME"))
    _add_object(header, source, ra, dec)
    for number, column in enumerate(source.columns, 1):
        header.append(f"ROWID{number}", column, "column extracted")
    for number, array in enumerate(source.grid.files, 1):
        header.append(f"FILEN{number}", array.name, "input file")
    for card in (("ORIGIN", "rossi"), ("CREATOR", CREATOR), ("DATE", now(), "file creation (UTC)")):
        header.append(*card)
