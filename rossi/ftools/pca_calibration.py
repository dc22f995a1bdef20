"""Calibration of PCA responses that parameters name: energy-to-channel tables, collimators, gains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath

from rossi.calibration import calendar_mjd
from rossi.energy.built_in import NAME, built_in_table
from rossi.energy.channel_table import ChannelTable, Extension, read_channel_table
from rossi.energy.collimator import CollimatorCube, read_cube
from rossi.energy.gain import ChannelShift, spectrum_shifts, table_shifts
from rossi.errors import ConfigError, DataError
from rossi.fits.reader import read_fits, split_hdu
from rossi.fits.table import Table
from rossi.ftools.caldb import caldb_entry, caldb_entry_at, caldb_places, is_caldb
from rossi.ftools.origin import named_table
from rossi.ftools.parameters import file_list, is_none
from rossi.spectra.algebra import Compat


def moment(date: str, parameter: str) -> float:
    """Return the MJD of ``2000-05-13``, ``2000-05-13T18:33:40`` or ``13/05/00`` that a parameter gives.

    Raises
    ------
    ConfigError
        If it is none.
    """
    day, _, clock = date.strip().partition("T")
    try:
        return calendar_mjd(day, clock or "00:00:00", parameter)
    except DataError as error:
        raise ConfigError(str(error)) from None


def channel_tables(
    parameter: str, text: str, pcus: Sequence[int], mjd: float, *, compat: Compat = None
) -> dict[int, Extension]:
    """Return the extension of the energy-to-channel table that holds for each PCU.

    Parameters
    ----------
    parameter : str
        For messages.
    text : str
        A file, perhaps with its HDU (which then is taken, whatever its date); CALDB; or e05v03, the table that comes
        with rossi.
    pcus : sequence of int
    mjd : float [MJD]
        UTC.
    compat : {"heasoft"}, optional
        Choose by the day alone, see `rossi.energy.channel_table.ChannelTable.extension`.

    Raises
    ------
    DataError, ConfigError
        If there is none.
    """
    if is_caldb(text):
        return {pcu: _caldb_extension(parameter, pcu, math.floor(mjd) if compat else mjd) for pcu in pcus}
    if text.strip().lower() == NAME:
        table = built_in_table()
        return {pcu: table.extension(pcu, mjd, compat=compat) for pcu in pcus}
    path, hdu = split_hdu(text)
    if not isinstance(hdu, int):
        table = read_channel_table(read_fits(path))
        return {pcu: table.extension(pcu, mjd, compat=compat) for pcu in pcus}
    (one,) = read_channel_table(read_fits(path), (hdu,)).extensions
    if other := [pcu for pcu in pcus if pcu != one.pcu]:
        raise ConfigError(f"{parameter}={text} is the table of PCU {one.pcu}, but PCU {other[0]} is asked for.")
    return dict.fromkeys(pcus, one)


def _caldb_extension(parameter: str, pcu: int, mjd: float) -> Extension:
    path, hdu = caldb_entry_at(parameter, "E2C_PARM", mjd, f"PCU{pcu}", "PCA", "METHOD(3)")
    return read_channel_table(read_fits(path), (hdu,)).extensions[0]


def whole_table(parameter: str, text: str) -> ChannelTable:
    """Return the whole energy-to-channel table that a parameter names: a file, CALDB, or e05v03.

    Raises
    ------
    DataError, ConfigError
        If there is none.
    """
    if text.strip().lower() == NAME:
        return built_in_table()
    if not is_caldb(text):
        return read_channel_table(read_fits(text))
    places = caldb_places(parameter, "E2C_PARM", "PCA", "METHOD(3)")
    tables = [read_channel_table(read_fits(path), hdus) for path, hdus in places.items()]
    return ChannelTable(
        ", ".join(PurePath(path).name for path in places), tuple(x for t in tables for x in t.extensions)
    )


def about_table(text: str) -> list[str]:
    """Return what to say of the energy-to-channel table that comes with rossi, where that is taken."""
    if text.strip().lower() != NAME:
        return []
    return [
        f"{NAME} is the table of 2003; that of the present CALDB differs by 0.5 % of an energy, and more at the ends."
    ]


def collimators(parameter: str, text: str, pcus: Sequence[int], spectrum: Table) -> dict[int, CollimatorCube]:
    """Return the collimator cube of each PCU: of CALDB, or of a list of files by their DETNAM; none for NONE.

    Raises
    ------
    DataError, ConfigError
        If one is missing.
    """
    if is_none(text):
        return {}
    if is_caldb(text):
        found = {pcu: caldb_entry(parameter, "COLLRESP", spectrum, f"PCU{pcu}", "PCA") for pcu in pcus}
        return {pcu: read_cube(read_fits(path).table(hdu=hdu)) for pcu, (path, hdu) in found.items()}
    tables = [named_table(name, "COLLRESP") for name in file_list(text)]
    by_detector = {str(table.header.get("DETNAM", "")).strip(): table for table in tables}
    if missing := [pcu for pcu in pcus if f"PCU{pcu}" not in by_detector]:
        raise ConfigError(
            f"{parameter}={text} has no collimator of PCU {missing[0]}, DETNAM is {', '.join(by_detector)}; give one "
            "file for each PCU, CALDB, or NONE to take nothing as in the way."
        )
    return {pcu: read_cube(by_detector[f"PCU{pcu}"]) for pcu in pcus}


def gain_shifts(parameter: str, text: str, spectrum: Table) -> tuple[dict[int, list[ChannelShift]], list[str]]:
    """Return how channels of a spectrum were moved on board (GAINAPP = T), and what to say of it.

    Parameters
    ----------
    parameter : str
    text : str
        The CALDB's table of gains (EDS_GCOR): a file or CALDB, asked for only where the spectrum does not tell.
    spectrum : Table
    """
    if not spectrum.header.is_true("GAINAPP"):
        return {}, []
    told = spectrum_shifts(spectrum.header, spectrum.where)
    if told or is_none(text):
        return told, []
    try:
        if is_caldb(text):
            path, hdu = caldb_entry(parameter, "EDS_GCOR", spectrum, "ALL", "PCA")
            return table_shifts(read_fits(path).table(hdu=hdu)), []
        return table_shifts(named_table(text, "GAIN")), []
    except ConfigError as error:
        return {}, [
            f"GAINAPP is T, so channels may have been moved, but it is unknown how: {error} They are not moved."
        ]
