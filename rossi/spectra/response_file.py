"""Redistribution matrices in FITS files (OGIP memo CAL/GEN/92-002a)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError
from rossi.fits import declarations as declared
from rossi.fits.edit import without_columns
from rossi.fits.header import Header
from rossi.fits.heap import Ragged
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.table import Table
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.spectra.response import Integers, Response

_MATRIX = ("MATRIX", "SPECRESP MATRIX")
_OWN = ("CHECKSUM", "DATASUM", "DATE", "DETCHANS", "NUMGRP", "NUMELT", "THEAP")
#: Channel numbers are written in 16 bits.
_LAST_CHANNEL = 32767
#: Energies times channels of a matrix in memory, 256 MB; those of PCA and HEXTE have some 100,000.
MAX_ELEMENTS = 1 << 26


def read_response(data: bytes, name: str, ebounds: bytes | None = None) -> tuple[Response, FitsFile]:
    """Read a response.

    Parameters
    ----------
    data : bytes
        FITS file, gzip-compressed or not.
    name : str
        Its name, for messages.
    ebounds : bytes, optional
        Another file that holds the EBOUNDS extension.

    Returns
    -------
    response : Response
    file : FitsFile
        The file, for its keywords.

    Raises
    ------
    DataError
        If it is damaged, holds no matrix or no EBOUNDS, or a matrix of more than `MAX_ELEMENTS`.
    """
    file = open_fits(data, name)
    table, nominal = matrix_table(file), _ebounds(file if ebounds is None else open_fits(ebounds, name))
    base = table.header.count(f"TLMIN{table.info('F_CHAN').number}", table.where, 1)
    e_min, e_max = (_column(nominal, key).astype(np.float32) for key in ("E_MIN", "E_MAX"))
    _require_size(len(table), len(e_min), base, name)
    n_group = _whole(_column(table, "N_GRP"), table, "N_GRP")
    row = np.repeat(np.arange(len(table)), _within(n_group, np.full(len(table), len(e_min)), table, "N_GRP"))
    first, count = (_whole(_leading(table, key, n_group), table, key) for key in ("F_CHAN", "N_CHAN"))
    first -= base
    _require_channels(first, count, len(e_min), table)
    elements = _leading(table, "MATRIX", np.bincount(row, count, len(table)).astype(np.int64)).astype(np.float32)
    matrix = np.zeros((len(table), len(e_min)), np.float32)
    matrix[np.repeat(row, count), _positions(first, count)] = elements
    energ_lo, energ_hi = (_column(table, key).astype(np.float32) for key in ("ENERG_LO", "ENERG_HI"))
    return Response(name, energ_lo, energ_hi, matrix, row, first, count, e_min, e_max, base), file


def matrix_table(file: FitsFile) -> Table:
    """Return the table of a file that holds the matrix.

    Parameters
    ----------
    file : FitsFile

    Raises
    ------
    DataError
        If there is none.
    """
    return _extension(file, _MATRIX)


def _ebounds(file: FitsFile) -> Table:
    return _extension(file, ("EBOUNDS",))


def _extension(file: FitsFile, names: tuple[str, ...]) -> Table:
    for table in file.tables:
        if table.name.upper() in names:
            return table
    found = ", ".join(t.name or "unnamed" for t in file.tables) or "no extension"
    raise DataError(f"{file.name}: extension {' or '.join(names)} is missing; found {found}.")


def _require_size(n_energy: int, n_channel: int, base: int, name: str) -> None:
    if n_energy * n_channel > MAX_ELEMENTS:
        raise DataError(
            f"{name}: {n_energy} energies and {n_channel} channels make a matrix of {n_energy * n_channel} elements; "
            f"up to {MAX_ELEMENTS} are read. The file may be damaged."
        )
    if base + n_channel - 1 > _LAST_CHANNEL:
        raise DataError(
            f"{name}: its channels are {base} to {base + n_channel - 1}; channels up to {_LAST_CHANNEL} were expected."
        )


def _column(table: Table, name: str) -> NDArray[np.generic]:
    values = table.column(name)
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise DataError(f"{table.where}: column {name} is {table.info(name).code}; one number a row was expected.")
    return values


def _whole(values: NDArray[np.generic], table: Table, name: str) -> Integers:
    """Return numbers as integers."""
    numbers = np.asarray(values, np.float64)
    if not (np.abs(numbers) < 1 << 31).all():
        raise DataError(f"{table.where}: column {name} has numbers that are not finite or too large to count with.")
    return numbers.astype(np.int64)


def _within(number: Integers, limit: Integers, table: Table, name: str) -> Integers:
    wrong = np.flatnonzero((number < 0) | (number > limit))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{table.where}: row {row + 1} asks for {number[row]} in column {name}, where 0 to {limit[row]} are "
            "possible; the file is damaged, fetch it again."
        )
    return number


def _leading(table: Table, name: str, number: Integers) -> NDArray[np.generic]:
    """Return so many elements from the beginning of every row's cell, one behind the other."""
    info = table.info(name)
    if info.element not in "BIJKED":
        raise DataError(f"{table.where}: column {name} is of type {info.element}; numbers were expected.")
    cells = table.cells(name)
    start = np.cumsum(cells.count) - cells.count
    return np.asarray(cells.values[_positions(start, _within(number, cells.count, table, name))])


def _positions(first: Integers, count: Integers) -> Integers:
    """Return ``first[0], first[0] + 1, ...`` (count[0] numbers), then those of the next."""
    return np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())


def _require_channels(first: Integers, count: Integers, n_channel: int, table: Table) -> None:
    wrong = np.flatnonzero((count < 0) | ((count > 0) & ((first < 0) | (first + count > n_channel))))
    if len(wrong):
        at = int(wrong[0])
        raise DataError(
            f"{table.where}: a group of {count[at]} elements begins {first[at]} behind the first channel, in channels "
            f"that EBOUNDS ({n_channel} channels) does not have; the file may be damaged."
        )


def contains_area(file: FitsFile) -> bool:
    """Return whether a response's matrix contains the effective area already (HDUCLAS3 is FULL).

    Parameters
    ----------
    file : FitsFile

    Raises
    ------
    DataError
        If it holds no matrix.
    """
    return str(matrix_table(file).header.get("HDUCLAS3", "")).strip().upper() == "FULL"


def response_file(
    response: Response, source: FitsFile, *, full: bool = False, told: Iterable[str] = (), date: str | None = None
) -> bytes:
    """Return a response as a file with the keywords of the file it was made from.

    Parameters
    ----------
    response : Response
    source : FitsFile
        Of `read_response`.
    full : bool
        The matrix has been multiplied with the effective area since.
    told : iterable of str
        What to say as HISTORY.
    date : str, optional
        DATE of both extensions; by default, now. Empty for none: then equal content gives equal bytes.

    Raises
    ------
    ConfigError
        If channel numbers do not fit 16 bits.
    """
    old = matrix_table(source)
    nominal = next((table for table in source.tables if table.name == "EBOUNDS"), old)
    keywords = without_columns(old.header)
    if full:
        keywords.set("HDUCLAS3", "FULL")
    for text in told:
        keywords.append("HISTORY", text)
    name = "SPECRESP MATRIX" if full else old.name
    return response_bytes(response, keywords, without_columns(nominal.header), name, date=date)


def response_bytes(
    response: Response,
    matrix: Header,
    ebounds: Header,
    name: str = "SPECRESP MATRIX",
    primary: Header | None = None,
    date: str | None = None,
) -> bytes:
    """Return a response as a file.

    Parameters
    ----------
    response : Response
    matrix, ebounds : Header
        Keywords of the two extensions; those that say how many channels, groups and elements there are may be missing.
    name : str
        EXTNAME of the matrix.
    primary : Header, optional
    date : str, optional
        DATE of both extensions: by default now, empty for none.

    Raises
    ------
    ConfigError
        If channel numbers do not fit 16 bits.
    """
    last = response.first_channel + len(response.e_min) - 1
    if not 0 <= response.first_channel <= last <= _LAST_CHANNEL:
        raise ConfigError(
            f"{response.name}: the channels shall be {response.first_channel} to {last}; 0 to {_LAST_CHANNEL} are "
            "possible."
        )
    made = now() if date is None else date
    tables = [_matrix_hdu(response, matrix, name, made), _ebounds_hdu(response, ebounds, made)]
    return fits_bytes(primary_hdu() if primary is None else primary, tables)


def _matrix_hdu(response: Response, header: Header, name: str, date: str) -> TableHDU:
    n_group = np.bincount(response.row, minlength=len(response.energ_lo))
    most = int(n_group.max(initial=1))
    elements = response.matrix[
        np.repeat(response.row, response.count), _positions(response.first, response.count)
    ].astype(np.float32)
    cells = Ragged(elements, np.bincount(response.row, response.count, len(n_group)).astype(np.int64))
    columns: list[tuple[Column, Any]] = [
        (declared.ENERG_LO, response.energ_lo),
        (declared.ENERG_HI, response.energ_hi),
        (Column("N_GRP", "I"), n_group),
        (Column("F_CHAN", f"{most}I"), _table(response.first + response.first_channel, n_group, most)),
        (Column("N_CHAN", f"{most}I"), _table(response.count, n_group, most)),
        (Column("MATRIX", f"PE({cells.count.max(initial=0)})"), cells.rows()),
    ]
    own: dict[str, int | str] = {"DETCHANS": len(response.e_min), "NUMGRP": len(response.row), "NUMELT": len(elements)}
    own |= {"TLMIN4": response.first_channel, "TLMAX4": response.first_channel + len(response.e_min) - 1}
    return table_hdu(name, columns, _header(header, own, date))


def _table(values: Integers, n_group: Integers, most: int) -> NDArray[np.int16]:
    """Return the values of the groups as a table with a row an energy, zero where it has fewer groups."""
    table = np.zeros((len(n_group), most), np.int16)
    table[np.arange(most) < n_group[:, None]] = values
    return table


def _ebounds_hdu(response: Response, header: Header, date: str) -> TableHDU:
    n = len(response.e_min)
    columns: list[tuple[Column, Any]] = [
        (Column("CHANNEL", "J"), response.first_channel + np.arange(n)),
        (Column("E_MIN", "E", "keV"), response.e_min),
        (Column("E_MAX", "E", "keV"), response.e_max),
    ]
    own = {"DETCHANS": n, "TLMIN1": response.first_channel, "TLMAX1": response.first_channel + n - 1}
    return table_hdu("EBOUNDS", columns, _header(header, own, date))


def _header(old: Header, own: Mapping[str, int | str], date: str) -> Header:
    header = old.without(_OWN)
    for keyword, value in own.items():
        header.set(keyword, value)
    if date:
        header.append("DATE", date, "file creation (UTC)")
    return header
