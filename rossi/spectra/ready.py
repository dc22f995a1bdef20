"""Spectra that fit as they come: systematic errors, groups, quality and the files that belong to them (OGIP/92-007).

Each function returns another spectrum. Counts are never changed, so all of it can be taken back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits.columns import append_columns
from rossi.fits.edit import file_bytes, with_values
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.writer import Column
from rossi.spectra.grouping import BAD, GOOD, Grouping
from rossi.spectra.pha import Spectrum, find_spectrum


@dataclass(frozen=True, slots=True)
class FitDefaults:
    """What a fit of an instrument's spectra begins with.

    Parameters
    ----------
    systematic : float
        Systematic error, a fraction of each channel's counts.
    emin, emax : float [keV]
        Range in which the response is calibrated.
    """

    systematic: float
    emin: float
    emax: float


#: PCA: 0.5 % is what fits of the Crab leave between 3 and 25 keV (Shaposhnikov et al. 2012, ApJ 757, 159). HEXTE: none
#: beside its statistics; below 15 keV the windows cut, above 250 keV the channels end.
DEFAULTS = {"PCA": FitDefaults(0.005, 3.0, 25.0), "HEXTE": FitDefaults(0.0, 15.0, 250.0)}


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How spectra are made ready to fit.

    Parameters
    ----------
    systematic : float or None
        Systematic error, a fraction; None: that of `DEFAULTS`.
    group_min : float or None [count]
        Least counts of a group; None: channels stand alone.
    """

    systematic: float | None = None
    group_min: float | None = None

    def leave(self, instrument: str) -> bool:
        """Return whether a spectrum without a response stays as it is.

        Parameters
        ----------
        instrument : str
            INSTRUME.
        """
        default = DEFAULTS[instrument].systematic if instrument in DEFAULTS else 0.0
        return not (default if self.systematic is None else self.systematic) and self.group_min is None


_COLUMN_CARD = re.compile(r"T(TYPE|FORM|UNIT|DISP|NULL|SCAL|ZERO|DIM)\d+")
_COLUMNS = {
    "SYS_ERR": Column("SYS_ERR", "E", "", "systematic error, a fraction"),
    "QUALITY": Column("QUALITY", "I", "", "0 is good"),
    "GROUPING": Column("GROUPING", "I", "", "1 begins a group, -1 goes on"),
}


def with_systematic(spectrum: Spectrum, fraction: float, first: int | None = None, last: int | None = None) -> Spectrum:
    """Return a spectrum with a systematic error (SYS_ERR).

    Parameters
    ----------
    spectrum : Spectrum
    fraction : float
    first, last : int, optional
        Channels, both included; by default all.

    Raises
    ------
    ConfigError
        If there are no such channels, or it is no fraction.
    DataError
        If the spectrum has none at all.
    """
    flags = Grouping.of(spectrum)
    flags.set_systematic(*_span(spectrum, first, last), fraction)
    return with_flags(spectrum, flags)


def with_groups(spectrum: Spectrum, least: float) -> Spectrum:
    """Return a spectrum whose channels are joined to groups of so many counts at least (GROUPING).

    Channels at the end that don't make a group get QUALITY 2; see `rossi.spectra.grouping.Grouping.group_min`.

    Parameters
    ----------
    spectrum : Spectrum
    least : float [count]

    Raises
    ------
    ConfigError
        If the number is not above 0.
    """
    flags = Grouping.of(spectrum)
    flags.group_min(least)
    return with_flags(spectrum, flags)


def with_quality(spectrum: Spectrum, quality: int, first: int | None = None, last: int | None = None) -> Spectrum:
    """Return a spectrum with a quality of channels (QUALITY).

    Parameters
    ----------
    spectrum : Spectrum
    quality : int
        0 good, 5 bad.
    first, last : int, optional
        Channels, both included; by default all.

    Raises
    ------
    ConfigError
        If there are no such channels.
    DataError
        If the spectrum has none at all.
    """
    flags = Grouping.of(spectrum)
    flags.set_quality(*_span(spectrum, first, last), quality)
    return with_flags(spectrum, flags)


def with_range(
    spectrum: Spectrum, e_min: NDArray[np.floating], e_max: NDArray[np.floating], emin: float, emax: float
) -> Spectrum:
    """Return a spectrum whose channels are bad (QUALITY 5) unless they lie within a range of energies as a whole.

    Parameters
    ----------
    spectrum : Spectrum
    e_min, e_max : ndarray (n,) [keV]
        Energies of its channels: EBOUNDS of its response.
    emin, emax : float [keV]

    Raises
    ------
    DataError
        If there are not as many energies as channels.
    """
    if not len(e_min) == len(e_max) == len(spectrum):
        raise DataError(
            f"{spectrum.name}: {len(spectrum)} channels, but its response has {len(e_min)}; give the response that was "
            "made for it."
        )
    outside = (np.asarray(e_min) < emin) | (np.asarray(e_max) > emax)
    quality = np.where(outside & (spectrum.quality == GOOD), BAD, spectrum.quality)
    return replace(spectrum, quality=quality, header=_header(spectrum, ("QUALITY",)))


def with_files(
    spectrum: Spectrum, *, respfile: str | None = None, ancrfile: str | None = None, backfile: str | None = None
) -> Spectrum:
    """Return a spectrum that names its response, effective area and background (RESPFILE, ANCRFILE, BACKFILE).

    Parameters
    ----------
    spectrum : Spectrum
    respfile, ancrfile, backfile : str, optional
        Names as whoever reads it will find them, beside the spectrum best of all; NONE takes a name away. None leaves
        what there is.
    """
    header = spectrum.header.copy()
    named = {"RESPFILE": respfile, "ANCRFILE": ancrfile, "BACKFILE": backfile}
    for keyword, name in named.items():
        if name is not None:
            header.set(keyword, name)
    return replace(spectrum, header=header)


def ready_to_fit(
    spectrum: Spectrum,
    e_min: NDArray[np.floating],
    e_max: NDArray[np.floating],
    *,
    group_min: float | None = None,
    systematic: float | None = None,
) -> Spectrum:
    """Return a spectrum with what its instrument's fits begin with: range of good channels, systematic error, groups.

    Parameters
    ----------
    spectrum : Spectrum
    e_min, e_max : ndarray (n,) [keV]
        EBOUNDS of its response.
    group_min : float, optional
        Least counts of a group; by default channels stand alone.
    systematic : float, optional
        By default that of `DEFAULTS` for INSTRUME.

    Raises
    ------
    DataError
        If INSTRUME is neither PCA nor HEXTE, or the response has other channels.
    """
    defaults = DEFAULTS.get(spectrum.text("INSTRUME"))
    if defaults is None:
        raise DataError(
            f"{spectrum.name}: INSTRUME is {spectrum.text('INSTRUME')!r}; a spectrum of PCA or HEXTE was expected."
        )
    made = with_range(spectrum, e_min, e_max, defaults.emin, defaults.emax)
    fraction = defaults.systematic if systematic is None else systematic
    made = with_systematic(made, fraction) if fraction or made.systematic.any() else made
    return made if group_min is None else with_groups(made, group_min)


def flagged(
    spectrum: Spectrum, settings: FitSettings, energies: tuple[NDArray[np.floating], NDArray[np.floating]] | None
) -> Spectrum:
    """Return a spectrum with what settings ask for; without energies no channel is marked as outside of a range.

    Parameters
    ----------
    spectrum : Spectrum
    settings : FitSettings
    energies : (ndarray (n,), ndarray (n,)) or None [keV]
        EBOUNDS of its response.

    Raises
    ------
    DataError
        As `ready_to_fit` does.
    """
    if energies is not None:
        return ready_to_fit(spectrum, *energies, group_min=settings.group_min, systematic=settings.systematic)
    defaults = DEFAULTS.get(spectrum.text("INSTRUME"), FitDefaults(0.0, 0.0, np.inf))
    fraction = defaults.systematic if settings.systematic is None else settings.systematic
    made = with_systematic(spectrum, fraction) if fraction else spectrum
    return made if settings.group_min is None else with_groups(made, settings.group_min)


def in_file(file: FitsFile, spectrum: Spectrum) -> bytes:
    """Return a spectrum's file with the keywords and flags that the spectrum has since it was read; all else stays.

    Parameters
    ----------
    file : FitsFile
        That it was read from.
    spectrum : Spectrum
        Of the same channels and counts.
    """
    table = find_spectrum(file)
    values = Grouping.of(spectrum).columns()
    there = {name: array for name, array in values.items() if name in table}
    changed = with_values(table, there) if there else table
    header = spectrum.header.without(tuple(values))
    changed = changed.with_rows(changed.rows, header)
    added = [(_COLUMNS[name], array) for name, array in values.items() if name not in there]
    if added:
        changed = append_columns(changed, added)
        changed = changed.with_rows(changed.rows, _columns_first(changed.header))
    return file_bytes(replace(file, tables=tuple(changed if one is table else one for one in file.tables)))


def with_flags(spectrum: Spectrum, flags: Grouping) -> Spectrum:
    """Return a spectrum with flags that were changed, as `Grouping.of` had them of it.

    Parameters
    ----------
    spectrum : Spectrum
    flags : Grouping
        Of as many channels.
    """
    columns = flags.columns()
    grouping = flags.grouping if "GROUPING" in columns else None
    header = _header(spectrum, tuple(columns))
    for keyword in ("SYS_ERR", "QUALITY"):
        if keyword not in columns:  # it may have said something else of all channels
            header.set(keyword, 0)
    return replace(spectrum, systematic=flags.systematic, quality=flags.quality, grouping=grouping, header=header)


def _columns_first(header: Header) -> Header:
    """Return a header in which all cards of columns stand together, behind the mandatory ones."""
    images = list(header.images())
    columns = [card for card in images if _COLUMN_CARD.fullmatch(card[0])]
    at = next(number for number, (keyword, _) in enumerate(images) if keyword == "TFIELDS") + 1
    moved = Header()
    moved.extend([*images[:at], *columns, *(card for card in images[at:] if not _COLUMN_CARD.fullmatch(card[0]))])
    return moved


def _header(spectrum: Spectrum, columns: tuple[str, ...]) -> Header:
    """Return a copy of the header without the keywords that say of all channels what columns say of each."""
    return spectrum.header.without(columns)


def _span(spectrum: Spectrum, first: int | None, last: int | None) -> tuple[int, int]:
    if not len(spectrum):
        raise DataError(f"{spectrum.name}: the spectrum has no channels, so nothing can be said of them.")
    return (
        int(spectrum.channel[0]) if first is None else first,
        int(spectrum.channel[-1]) if last is None else last,
    )
