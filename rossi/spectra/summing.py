"""The sum of spectra with their good time and the keywords of the first and last (``sumpha``)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rossi import gti, met
from rossi.arrays import Floats
from rossi.errors import ConfigError, DataError
from rossi.fits.edit import as_file
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.writer import TableHDU, fits_bytes, primary_hdu
from rossi.spectra.algebra import Compat
from rossi.spectra.pha import Spectrum, laid_out
from rossi.spectra.product import Derived, gti_table, nearest, spectrum_table

#: All but the keywords that a sum has from the spectrum that begins first, and from the one that ends last.
_NOT_OF_FIRST = re.compile(
    r"(?!(CPIX\d*|DETNAM|OBJECT|ROWID\d+|RA_OBJ|DEC_OBJ|EQUINOX|RADECSYS|DATE-OBS|TIME-OBS|TIMESYS|GAINAPP|TIMEUNIT"
    r"|MJDREF.?|TSTART|TIMEDEL|DEADAPP)\Z).*"
)
_NOT_OF_LAST = re.compile(r"(?!(DATE-END|TIME-END|TSTOP)\Z).*")
#: How many spectra mathpha adds up at a time when sumpha calls it.
_BATCH = 10


def sum_spectra(spectra: Sequence[Spectrum], *, compat: Compat = None) -> Derived:
    """Add up spectra: counts, exposures, and the squares of errors.

    Parameters
    ----------
    spectra : sequence of Spectrum
        At least one, all of the same channels; rates are turned into counts. Where one has no errors, sqrt(N) is taken.
    compat : {"heasoft"}, optional
        Follow sumpha: fractional counts are cut off before they are added, sums are in single precision, by way of
        rates; the sum of ten spectra is rounded before the next ten follow.

    Raises
    ------
    ConfigError
        If there is no spectrum.
    DataError
        If one in rates has no exposure, or channels differ.
    """
    _check(spectra)
    first = spectra[0]
    if not compat:
        spectra = [pha.in_counts() for pha in spectra]
    if compat:
        value, error, exposure = _batched(spectra)
    else:
        value = np.add.reduce([pha.value for pha in spectra])
        error = np.sqrt(np.add.reduce([_error(pha) ** 2 for pha in spectra]))
        exposure = float(np.add.reduce([pha.exposure for pha in spectra]))
    quality = np.where(np.logical_or.reduce([pha.quality for pha in spectra]), 5, 0)
    return Derived(
        first.channel,
        value,
        error,
        quality,
        exposure,
        is_rate=False,
        whole=compat is not None,
        header=_earliest(spectra).header,
        corrscal=0.0,
    )


def given_again(spectra: Sequence[Spectrum]) -> tuple[str, ...]:
    """Tell which spectra hold what an earlier one holds, so that a sum has their counts and exposure twice.

    Parameters
    ----------
    spectra : sequence of Spectrum

    Returns
    -------
    tuple of str
        Sentences that name the files.
    """
    seen: dict[tuple[object, ...], Spectrum] = {}
    remarks = []
    for pha in spectra:
        told = pha.header.get("TSTART"), pha.header.get("TSTARTI"), pha.header.get("TSTARTF")
        first = seen.setdefault((*told, pha.exposure, pha.quantity, pha.value.tobytes()), pha)
        if first is not pha and pha.value.any():
            name = "which is in the list already" if first.name == pha.name else f"the same as {first.name}"
            remarks.append(f"{pha.name}: {name}; its counts and exposure are in the sum twice. Leave it out.")
    return tuple(remarks)


def _check(spectra: Sequence[Spectrum]) -> None:
    if not spectra:
        raise ConfigError("No spectrum is given; there is nothing to sum.")
    first = spectra[0]
    for pha in spectra[1:]:
        if not np.array_equal(pha.channel, first.channel):
            raise DataError(
                f"{pha.name}: has {len(pha)} channels from {pha.channel[:1]}, but {first.name} has {len(first)} from "
                f"{first.channel[:1]}; spectra of the same channels were expected."
            )


def _error(pha: Spectrum) -> Floats:
    error = np.sqrt(np.abs(pha.value)) if pha.error is None else pha.error
    return np.asarray(np.hypot(error, pha.value * pha.systematic))


def _batched(spectra: Sequence[Spectrum]) -> tuple[Floats, Floats, float]:
    """Return counts, errors and exposure as mathpha gives them, called with ten spectra at a time."""
    single = np.float32
    for pha in spectra:
        pha.require_exposure()
    terms = [(*_single(pha), single(pha.exposure)) for pha in spectra]
    while True:
        batch, terms = terms[:_BATCH], terms[_BATCH:]
        value = error = np.zeros(1, single)
        exposure = single(0)
        for counts, sigma, seconds in batch:
            value = value + counts / seconds * seconds
            error = np.sqrt(error * error + (sigma / seconds * seconds) ** 2)
            exposure = exposure + seconds
        if not terms:
            return value.astype(np.float64), error.astype(np.float64), float(exposure)
        rounded = single(float(f"{exposure:.6E}"))
        terms.insert(0, (nearest(value.astype(np.float64)).astype(single), error, rounded))


def _single(pha: Spectrum) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return counts and errors as mathpha reads them: counts without their fractions, rates times exposure."""
    error = _error(pha.in_counts()).astype(np.float32)
    if pha.quantity == "COUNTS":
        return np.trunc(pha.value).astype(np.float32), error
    return pha.value.astype(np.float32) * np.float32(pha.exposure), error


def _moment(pha: Spectrum, keyword: str) -> float:
    return met.split_keyword(pha.header, keyword, pha.name, 0.0) + met.timezero(pha.header, pha.name)


def _earliest(spectra: Sequence[Spectrum]) -> Spectrum:
    return min(spectra, key=lambda pha: _moment(pha, "TSTART"))


def _latest(spectra: Sequence[Spectrum]) -> Spectrum:
    return max(spectra, key=lambda pha: _moment(pha, "TSTOP"))


class RunningSum:
    """The sum of spectra that come one after the other and need not be held together.

    As `sum_file` without `compat` otherwise.

    Attributes
    ----------
    count : int
        How many were added.
    exposure : float [s]
    """

    def __init__(self) -> None:
        self.count = 0
        self.exposure = 0.0
        self._intervals: list[Floats] = []

    def check(self, pha: Spectrum) -> None:
        """Require that a spectrum can be added.

        Parameters
        ----------
        pha : Spectrum

        Raises
        ------
        DataError
            If it is not in counts, of other channels than the sum, or without good time intervals.
        """
        if pha.quantity != "COUNTS":
            raise DataError(f"{pha.name}: the spectrum is in {pha.quantity}; only counts can be added up.")
        _check([self._first, pha] if self.count else [pha])
        _good_time(pha)

    def add(self, pha: Spectrum) -> None:
        """Add a spectrum.

        Parameters
        ----------
        pha : Spectrum

        Raises
        ------
        DataError
            As `check` does.
        """
        self.check(pha)
        if not self.count:
            self._first = self._last = pha
            self._value, self._variance, self._bad = np.zeros(len(pha)), np.zeros(len(pha)), np.zeros(len(pha), bool)
        self.count += 1
        self.exposure += pha.exposure
        self._value += pha.value
        self._variance += _error(pha) ** 2
        self._bad |= pha.quality != 0
        self._intervals.append(_good_time(pha))
        self._first, self._last = _earliest([self._first, pha]), _latest([self._last, pha])

    def file(self, *, backfile: str = "NONE", remarks: Sequence[str] = ()) -> bytes:
        """Return the sum as a file.

        Parameters
        ----------
        backfile : str
            Name of the background's file.
        remarks : sequence of str
            For COMMENT.
        """
        total = Derived(
            self._first.channel,
            self._value,
            np.sqrt(self._variance),
            np.where(self._bad, 5, 0),
            self.exposure,
            is_rate=False,
            whole=False,
            header=self._first.header,
            corrscal=0.0,
            files={"BACKFILE": backfile},
        )
        return fits_bytes(*_tables(total, gti.union(*self._intervals), self._first, self._last, remarks))


def _good_time(pha: Spectrum) -> Floats:
    if pha.intervals is None:
        raise DataError(
            f"{pha.name}: no extension with HDUCLAS1 = GTI has a row; a sum needs the good time of every spectrum."
        )
    return pha.intervals


def sum_file(spectra: Sequence[Spectrum], *, compat: Compat = None) -> bytes:
    """Return the sum of spectra as a file; see `sum_tables`.

    Parameters
    ----------
    spectra : sequence of Spectrum
    compat : {"heasoft"}, optional
    """
    return fits_bytes(*sum_tables(spectra, compat=compat))


def sum_tables(spectra: Sequence[Spectrum], *, compat: Compat = None) -> tuple[Header, list[TableHDU]]:
    """Lay out the sum of spectra, with the union of their good time intervals: primary header, SPECTRUM, STDGTI.

    Parameters
    ----------
    spectra : sequence of Spectrum
        At least one, all of the same channels and with good time.
    compat : {"heasoft"}, optional
        See `sum_spectra`.

    Raises
    ------
    ConfigError
        If there is no spectrum.
    DataError
        As `sum_spectra` does; also if a spectrum has no good time intervals: the sum's would be wrong.
    """
    return _sum_tables(spectra, sum_spectra(spectra, compat=compat), gti.union(*map(_good_time, spectra)))


def summed(spectra: Sequence[Spectrum], name: str) -> tuple[FitsFile, Spectrum]:
    """Return the sum of spectra as an open file, and as it is read from there; see `sum_tables`.

    Parameters
    ----------
    spectra : sequence of Spectrum
    name : str
        What the file is called in messages.
    """
    total, intervals = sum_spectra(spectra), gti.union(*map(_good_time, spectra))
    file = as_file(name, *_sum_tables(spectra, total, intervals))
    return file, laid_out(file, total.channel, total.value, total.error, total.quality, intervals)


def _sum_tables(spectra: Sequence[Spectrum], total: Derived, intervals: Floats) -> tuple[Header, list[TableHDU]]:
    names = [f"Sum of {pha.name}" for pha in spectra]
    return _tables(total, intervals, _earliest(spectra), _latest(spectra), names)


def _tables(
    total: Derived, intervals: Floats, first: Spectrum, last: Spectrum, remarks: Sequence[str]
) -> tuple[Header, list[TableHDU]]:
    kept = first.header.without_matching(_NOT_OF_FIRST)
    kept.add(last.header.without_matching(_NOT_OF_LAST))
    for remark in remarks:
        kept.append("COMMENT", remark.encode("ascii", "replace").decode())
    good_time = Header()
    good_time.copy_from(first.gti_header, ("TSTARTI", "TSTARTF", "INSTRUME", "OBJECT"))
    good_time.copy_from(last.gti_header, ("TSTOPI", "TSTOPF"))
    primary = Header([("CONTENT", "PHA SPECTRUM", "a spectrum")])
    primary.copy_from(kept, ("OBJECT", "TSTART", "TSTOP"))
    primary.copy_from(first.header, ("TELESCOP", "INSTRUME"))
    return primary_hdu(primary), [spectrum_table(total, kept), gti_table(intervals, good_time)]
