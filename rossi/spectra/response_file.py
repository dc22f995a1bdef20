"""Redistribution matrices in FITS files (OGIP memo CAL/GEN/92-002a)."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits.reader import gunzip
from rossi.fits.writer import now
from rossi.spectra.response import Integers, Response, Singles

_MATRIX = {"MATRIX", "SPECRESP MATRIX"}


def read_response(data: bytes, name: str, ebounds: bytes | None = None) -> tuple[Response, fits.HDUList]:
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
    hdus : HDUList
        The file, for its keywords.

    Raises
    ------
    DataError
        If it is damaged, or holds no matrix or no EBOUNDS.
    """
    hdus = _open(data, name)
    table = _extension(hdus, _MATRIX, name)
    nominal = _extension(hdus if ebounds is None else _open(ebounds, name), {"EBOUNDS"}, name)
    number = [c.upper() for c in table.columns.names].index("F_CHAN") + 1
    base = int(table.header.get(f"TLMIN{number}", 1))
    rows = table.data
    n_group = np.asarray(rows["N_GRP"], np.int64)
    row = np.repeat(np.arange(len(n_group)), n_group)
    first, count = (_flat(rows[key], n_group) for key in ("F_CHAN", "N_CHAN"))
    elements = np.concatenate([np.ravel(r) for r in rows["MATRIX"]] or [np.empty(0)]).astype(np.float32)
    energ_lo, energ_hi = (np.asarray(rows[key], np.float32) for key in ("ENERG_LO", "ENERG_HI"))
    e_min, e_max = (np.asarray(nominal.data[key], np.float32) for key in ("E_MIN", "E_MAX"))
    matrix = _dense(elements, row, first - base, count, (len(n_group), len(e_min)), name)
    response = Response(name, energ_lo, energ_hi, matrix, row, first - base, count, e_min, e_max, base)
    return response, hdus


def _open(data: bytes, name: str) -> fits.HDUList:
    try:
        return fits.open(BytesIO(gunzip(data, name)), memmap=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: not a FITS file that can be read ({error}).") from None


def _extension(hdus: fits.HDUList, names: set[str], name: str) -> fits.BinTableHDU:
    for hdu in hdus[1:]:
        if hdu.name.upper() in names:
            return hdu
    found = ", ".join(h.name for h in hdus[1:]) or "no extension"
    raise DataError(f"{name}: extension {' or '.join(sorted(names))} is missing; found {found}.")


def _flat(column: Any, n_group: Integers) -> Integers:
    """Return the first N_GRP elements of every row, one behind the other."""
    rows = [np.ravel(row)[:n] for row, n in zip(column, n_group, strict=True)]
    return np.concatenate(rows or [np.empty(0)]).astype(np.int64)


def _dense(
    elements: Singles, row: Integers, first: Integers, count: Integers, shape: tuple[int, int], name: str
) -> Singles:
    channel = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    if count.sum() > len(elements) or (count.sum() and not 0 <= channel.min() <= channel.max() < shape[1]):
        raise DataError(
            f"{name}[MATRIX]: the groups hold {count.sum()} elements in channels that EBOUNDS ({shape[1]} channels) or "
            f"MATRIX ({len(elements)} elements) does not have; the file may be damaged."
        )
    matrix = np.zeros(shape, np.float32)
    matrix[np.repeat(row, count), channel] = elements[: count.sum()]
    return matrix


def contains_area(hdus: fits.HDUList, name: str) -> bool:
    """Return whether a response's matrix contains the effective area already (HDUCLAS3 is FULL)."""
    return str(_extension(hdus, _MATRIX, name).header.get("HDUCLAS3", "")).strip().upper() == "FULL"


def response_file(response: Response, hdus: fits.HDUList, *, full: bool = False) -> bytes:
    """Return a response as a file with the keywords of the file it was made from.

    Parameters
    ----------
    response : Response
    hdus : HDUList
        Of `read_response`.
    full : bool
        The matrix has been multiplied with the effective area since.
    """
    made = fits.HDUList([fits.PrimaryHDU(), _matrix_hdu(response, hdus, full=full), _ebounds_hdu(response, hdus)])
    buffer = BytesIO()
    made.writeto(buffer, checksum=True)
    return buffer.getvalue()


def _matrix_hdu(response: Response, hdus: fits.HDUList, *, full: bool) -> fits.BinTableHDU:
    n_group = np.bincount(response.row, minlength=len(response.energ_lo))
    most = int(n_group.max(initial=1))
    column = np.repeat(response.first - np.cumsum(response.count) + response.count, response.count)
    elements = response.matrix[np.repeat(response.row, response.count), column + np.arange(response.count.sum())]
    per_row = np.bincount(response.row, response.count, len(n_group)).astype(np.int64)
    cells = np.empty(len(n_group), object)
    cells[:] = np.split(elements, np.cumsum(per_row)[:-1])
    columns = [
        fits.Column("ENERG_LO", "E", "keV", array=response.energ_lo),
        fits.Column("ENERG_HI", "E", "keV", array=response.energ_hi),
        fits.Column("N_GRP", "I", array=n_group),
        fits.Column("F_CHAN", f"{most}I", array=_table(response.first + response.first_channel, n_group, most)),
        fits.Column("N_CHAN", f"{most}I", array=_table(response.count, n_group, most)),
        fits.Column("MATRIX", "PE()", array=cells),
    ]
    source = _extension(hdus, _MATRIX, response.name)
    hdu = fits.BinTableHDU.from_columns(columns, name="SPECRESP MATRIX" if full else source.name)
    last = response.first_channel + len(response.e_min) - 1
    own = {"DETCHANS": len(response.e_min), "NUMGRP": len(response.row), "NUMELT": int(response.count.sum())}
    limits = {"TLMIN4": response.first_channel, "TLMAX4": last}
    _finish(hdu, source, own | limits | ({"HDUCLAS3": "FULL"} if full else {}))
    return hdu


def _table(values: Integers, n_group: Integers, most: int) -> NDArray[np.int16]:
    """Return the values of the groups as a table with a row an energy, zero where it has fewer groups."""
    table = np.zeros((len(n_group), most), np.int16)
    table[np.arange(most) < n_group[:, None]] = values
    return table


def _ebounds_hdu(response: Response, hdus: fits.HDUList) -> fits.BinTableHDU:
    n = len(response.e_min)
    columns = [
        fits.Column("CHANNEL", "J", array=response.first_channel + np.arange(n)),
        fits.Column("E_MIN", "E", "keV", array=response.e_min),
        fits.Column("E_MAX", "E", "keV", array=response.e_max),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="EBOUNDS")
    source = next((h for h in hdus[1:] if h.name == "EBOUNDS"), hdus[1])
    last = response.first_channel + n - 1
    _finish(hdu, source, {"DETCHANS": n, "TLMIN1": response.first_channel, "TLMAX1": last})
    return hdu


def _finish(hdu: fits.BinTableHDU, source: fits.BinTableHDU, own: Mapping[str, int | str]) -> None:
    kept = source.header.copy(strip=True)
    for keyword in ("CHECKSUM", "DATASUM", "EXTNAME", "DATE"):
        kept.remove(keyword, ignore_missing=True)
    for card in kept.cards:
        if card.keyword not in own and not card.keyword.startswith(("TLMIN", "TLMAX")):
            hdu.header.append(card, end=True)
    hdu.header.update(own)
    hdu.header["DATE"] = now()
