"""Tables that parameters name, and whether what belongs together is of one instrument."""

from __future__ import annotations

from collections.abc import Mapping

from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import read_fits
from rossi.fits.table import Table
from rossi.ftools.parameters import extension


def named_table(text: str, column: str) -> Table:
    """Return the table that a file parameter names; where it names none, the first one with the column."""
    path, hdu = extension(text)
    if path != text:
        return hdu_table(path, hdu)
    file = read_fits(path)
    return next((table for table in file.tables if column in table), file.table(hdu=1))


def hdu_table(path: str, hdu: int | str) -> Table:
    """Return the table of a file by the number or the name of its HDU."""
    file = read_fits(path)
    return file.table(hdu) if isinstance(hdu, str) else file.table(hdu=hdu)


def origin_of(header: Header) -> dict[str, str]:
    """Return mission, instrument and detector of a header, empty where it does not tell."""
    return {keyword: str(header.get(keyword, "")).strip() for keyword in ("TELESCOP", "INSTRUME", "DETNAM")}


def compare_origin(where: str, origin: Mapping[str, str], other: str, its_origin: Mapping[str, str]) -> list[str]:
    """Refuse files of different instruments; return what to say of different detectors.

    What one of them does not tell is passed.
    """
    differing = []
    for keyword, value in origin.items():
        found = its_origin[keyword]
        if not value or not found or value == found:
            continue
        message = f"{other}: {keyword} is {found}, but {where} has {value}"
        if keyword != "DETNAM":
            raise DataError(f"{message}; give files of the same instrument.")
        differing.append(f"{message}.")
    return differing
