"""Writing spectra that were calculated from others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import Column, TableHDU, now, table_hdu
from rossi.met import MJDREFF, MJDREFI
from rossi.spectra.pha import PCU_SECONDS, exposure_unit

#: Counts are written as integers of 32 bits.
_MOST_COUNTS = 2.0**31


@dataclass(frozen=True, slots=True)
class Derived:
    """A spectrum to be written.

    Parameters
    ----------
    channel : ndarray (n,) of int
    value : ndarray (n,)
        Counts, or counts/s.
    error : ndarray (n,) or None
        None: the errors are Poisson's.
    quality : ndarray (n,) of int
    exposure : float [s]
    is_rate : bool
    whole : bool
        Counts are whole numbers: stored as integers, values and exposure in single precision.
    corrscal : float
    header : Header
        Of a spectrum that it was made from: instrument and channel type.
    areascal, backscal : float
    files : mapping of str to str
        BACKFILE, CORRFILE, RESPFILE, ANCRFILE.
    """

    channel: NDArray[np.int64]
    value: Floats
    error: Floats | None
    quality: NDArray[np.int64]
    exposure: float
    is_rate: bool
    whole: bool
    corrscal: float
    header: Header
    areascal: float = 1.0
    backscal: float = 1.0
    files: dict[str, str] = field(default_factory=dict)


def nearest(values: Floats) -> Floats:
    """Round to whole numbers, halves away from zero.

    Parameters
    ----------
    values : ndarray (n,)

    Returns
    -------
    ndarray (n,)
    """
    return np.asarray(np.trunc(values + np.copysign(0.5, values)))


def spectrum_table(pha: Derived, cards: Header | Iterable[CardTuple] = ()) -> TableHDU:
    """Lay out a derived spectrum; further cards follow its own.

    Parameters
    ----------
    pha : Derived
    cards : Header or iterable of CardTuple
        Of keywords that it does not have itself.

    Raises
    ------
    DataError
        If a channel has more counts than fit 32 bits, or a value that is not finite.
    """
    form = "E" if pha.whole else "D"
    unit = "count/s" if pha.is_rate else "count"
    name = "RATE" if pha.is_rate else "COUNTS"
    exact = pha.whole and not pha.is_rate
    largest = np.max(np.abs(pha.value), initial=0.0)
    if not largest < (_MOST_COUNTS if exact else np.inf):
        raise DataError(
            f"The result has {largest:g} {unit} in a channel, more than a spectrum can hold; scale it down."
        )
    channel, value, error, quality = _columns(name, unit, form, exact)
    columns: list[tuple[Column, NDArray[Any]]] = [(channel, pha.channel)]
    columns.append((value, nearest(pha.value) if exact else pha.value))
    if pha.error is not None:
        columns.append((error, pha.error))
    columns.append((quality, pha.quality))
    own = _cards(pha)
    header = Header(own)
    header.add(cards if isinstance(cards, Header) else Header(cards), drop=frozenset([card[0] for card in own]))
    return table_hdu("SPECTRUM", columns, header)


@lru_cache(maxsize=16)
def _columns(name: str, unit: str, form: str, exact: bool) -> tuple[Column, Column, Column, Column]:
    """Return the columns of channels, values, errors and quality."""
    return (
        Column("CHANNEL", "J", "", declared.CHANNEL.meaning),
        Column(name, "J" if exact else form, unit, unit + " of a channel"),
        Column("STAT_ERR", form, unit, declared.STAT_ERR.meaning),
        Column("QUALITY", "I", "", "0 is good"),
    )


def _cards(pha: Derived) -> list[CardTuple]:
    source = pha.header
    first, last = (int(pha.channel[0]), int(pha.channel[-1])) if len(pha.channel) else (0, 0)
    exposure = float(f"{pha.exposure:.6E}") if pha.whole else pha.exposure
    return [
        ("HDUCLASS", "OGIP", "format conforms to OGIP standard"),
        ("HDUCLAS1", "SPECTRUM", "spectrum"),
        ("HDUVERS1", "1.2.0"),
        ("HDUVERS", "1.2.0", "version of the format"),
        ("HDUCLAS2", "DERIVED", "calculated from other spectra"),
        ("HDUCLAS3", "RATE" if pha.is_rate else "COUNT"),
        ("TLMIN1", first, "first channel"),
        ("TLMAX1", last, "last channel"),
        *((key, str(source.get(key, "NONE"))) for key in ("TELESCOP", "INSTRUME", "DETNAM", "FILTER")),
        ("EXPOSURE", exposure, PCU_SECONDS if exposure_unit(source) == "PCU s" else "[s]"),
        ("AREASCAL", pha.areascal, "area scaling factor"),
        ("BACKFILE", pha.files.get("BACKFILE", "NONE"), "background spectrum"),
        ("BACKSCAL", pha.backscal, "background scaling factor"),
        ("CORRFILE", pha.files.get("CORRFILE", "NONE"), "correction spectrum"),
        ("CORRSCAL", pha.corrscal, "correction scaling factor"),
        ("RESPFILE", pha.files.get("RESPFILE", "NONE"), "redistribution matrix"),
        ("ANCRFILE", pha.files.get("ANCRFILE", "NONE"), "ancillary response"),
        ("PHAVERSN", "1992a"),
        ("DETCHANS", int(source.get("DETCHANS", len(pha.channel))), "number of channels"),
        ("CHANTYPE", str(source.get("CHANTYPE", "PHA"))),
        ("POISSERR", pha.error is None, "errors are Poisson's"),
        ("SYS_ERR", 0, "no systematic error"),
        ("GROUPING", 0, "channels are not grouped"),
        ("DATE", now(), "file creation date"),
    ]


def gti_table(intervals: Floats, cards: Header) -> TableHDU:
    """Lay out good time intervals; further cards follow its own.

    Parameters
    ----------
    intervals : ndarray (m, 2) [s]
        MET.
    cards : Header
    """
    header: list[CardTuple] = [
        ("MJDREF", MJDREFI + MJDREFF, "reference date"),
        ("TIMEZERO", 0.0, "is applied"),
        ("HDUCLASS", "OGIP"),
        ("HDUCLAS1", "GTI", "good time intervals"),
        ("HDUCLAS2", "ALL"),
    ]
    joined = Header(header)
    joined.extend(cards.images())
    return table_hdu("STDGTI", list(zip(declared.STDGTI, intervals.T, strict=True)), joined)
