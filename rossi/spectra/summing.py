"""The sum of spectra with their good time and the keywords of the first and last (``sumpha``)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rossi import gti, met
from rossi.errors import ConfigError, DataError
from rossi.fits.header import Header
from rossi.fits.writer import fits_bytes, primary_hdu
from rossi.spectra.algebra import Compat
from rossi.spectra.pha import Floats, Pha
from rossi.spectra.product import Derived, gti_table, nearest, spectrum_table

#: Keywords that a sum has from the spectrum that begins first, and from the one that ends last.
_FIRST = re.compile(
    r"CPIX\d*|DETNAM|OBJECT|ROWID\d+|RA_OBJ|DEC_OBJ|EQUINOX|RADECSYS|DATE-OBS|TIME-OBS|TIMESYS|GAINAPP|TIMEUNIT|MJDREF.?"
    r"|TSTART|TIMEDEL|DEADAPP"
)
_LAST = re.compile(r"DATE-END|TIME-END|TSTOP")
#: How many spectra mathpha adds up at a time when sumpha calls it.
_BATCH = 10


def sum_spectra(spectra: Sequence[Pha], *, compat: Compat = None) -> Derived:
    """Add up spectra: counts, exposures, and the squares of errors.

    Parameters
    ----------
    spectra : sequence of Pha
        At least one, in counts, all of the same channels. Where one has no errors, sqrt(N) is taken.
    compat : {"heasoft"}, optional
        Follow sumpha: fractional counts are cut off before they are added, sums are in single precision, by way of
        rates; the sum of ten spectra is rounded before the next ten follow.

    Raises
    ------
    DataError
        If there is no spectrum, one is in rates, or channels differ.
    """
    _check(spectra)
    first = spectra[0]
    if compat:
        value, error, exposure = _batched(spectra)
    else:
        value = np.sum([pha.value for pha in spectra], axis=0)
        error = np.sqrt(np.sum([_error(pha) ** 2 for pha in spectra], axis=0))
        exposure = float(np.sum([pha.exposure for pha in spectra]))
    quality = np.where(np.any([pha.quality != 0 for pha in spectra], axis=0), 5, 0)
    return Derived(
        *(first.channel, value, error, quality, exposure),
        is_rate=False,
        whole=compat is not None,
        header=_earliest(spectra).header,
        corrscal=0.0,
    )


def _check(spectra: Sequence[Pha]) -> None:
    if not spectra:
        raise ConfigError("No spectrum is given; there is nothing to sum.")
    first = spectra[0]
    for pha in spectra:
        if pha.quantity != "COUNTS":
            raise DataError(f"{pha.name}: the spectrum is in {pha.quantity}; only counts can be added up.")
        if not np.array_equal(pha.channel, first.channel):
            raise DataError(
                f"{pha.name}: has {len(pha)} channels from {pha.channel[:1]}, but {first.name} has {len(first)} from "
                f"{first.channel[:1]}; spectra of the same channels were expected."
            )


def _error(pha: Pha) -> Floats:
    error = np.sqrt(np.abs(pha.value)) if pha.error is None else pha.error
    return np.asarray(np.hypot(error, pha.value * pha.systematic))


def _batched(spectra: Sequence[Pha]) -> tuple[Floats, Floats, float]:
    """Return counts, errors and exposure as mathpha gives them, called with ten spectra at a time."""
    single = np.float32
    for pha in spectra:
        pha.require_exposure()
    terms = [(np.trunc(p.value).astype(single), _error(p).astype(single), single(p.exposure)) for p in spectra]
    while True:
        batch, terms = terms[:_BATCH], terms[_BATCH:]
        value, error = (np.zeros(len(spectra[0]), single) for _ in range(2))
        exposure = single(0)
        for counts, sigma, seconds in batch:
            value = value + counts / seconds * seconds
            error = np.sqrt(error * error + (sigma / seconds * seconds) ** 2)
            exposure = exposure + seconds
        if not terms:
            return value.astype(np.float64), error.astype(np.float64), float(exposure)
        rounded = single(float(f"{exposure:.6E}"))
        terms.insert(0, (nearest(value.astype(np.float64)).astype(single), error, rounded))


def _moment(pha: Pha, keyword: str) -> float:
    return met.split_keyword(pha.header, keyword, pha.name, 0.0) + met.timezero(pha.header, pha.name)


def _earliest(spectra: Sequence[Pha]) -> Pha:
    return min(spectra, key=lambda pha: _moment(pha, "TSTART"))


def _latest(spectra: Sequence[Pha]) -> Pha:
    return max(spectra, key=lambda pha: _moment(pha, "TSTOP"))


def sum_file(spectra: Sequence[Pha], *, compat: Compat = None) -> bytes:
    """Return the sum of spectra as a file, with the union of their good time intervals.

    Raises
    ------
    DataError
        Also if a spectrum has no good time intervals: the sum's would be wrong.
    """
    total = sum_spectra(spectra, compat=compat)
    for pha in spectra:
        if pha.intervals is None:
            raise DataError(
                f"{pha.name}: no extension with HDUCLAS1 = GTI has a row; a sum needs the good time of every spectrum."
            )
    intervals = gti.union(*(pha.intervals for pha in spectra if pha.intervals is not None))
    first, last = _earliest(spectra).header, _latest(spectra).header
    kept = Header()
    kept.extend(card for card in first.images() if _FIRST.fullmatch(card[0]))
    kept.extend(card for card in last.images() if _LAST.fullmatch(card[0]))
    for pha in spectra:
        kept.append("COMMENT", f"Sum of {pha.name}".encode("ascii", "replace").decode())
    good_time = Header()
    good_time.copy_from(_earliest(spectra).gti_header, ("TSTARTI", "TSTARTF", "INSTRUME", "OBJECT"))
    good_time.copy_from(_latest(spectra).gti_header, ("TSTOPI", "TSTOPF"))
    primary = Header([("CONTENT", "PHA SPECTRUM", "a spectrum")])
    primary.copy_from(kept, ("OBJECT", "TSTART", "TSTOP"))
    primary.copy_from(first, ("TELESCOP", "INSTRUME"))
    tables = [spectrum_table(total, kept), gti_table(intervals, good_time)]
    return fits_bytes(primary_hdu(primary), tables)
