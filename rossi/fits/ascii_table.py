"""ASCII tables, turned into binary ones."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.table import Table

_TFORM = re.compile(r"([AIFED])(\d+)(?:\.\d+)?")
#: Characters of a row, far above what any table of RXTE has.
_MAX_WIDTH = 1 << 20
_LAYOUT = ("XTENSION", "BITPIX", "NAXIS1", "TFIELDS")


def binary_table(header: Header, data: bytes | memoryview, source: str) -> Table:
    """Return an ASCII table as a binary one: numbers with a point as D, whole ones as K, texts as A.

    Cells that are blank or hold TNULL are NaN.

    Parameters
    ----------
    header : Header
        Of the extension TABLE.
    data : bytes-like
        Its data unit.
    source : str
        File name, for messages.

    Raises
    ------
    DataError
        If a column lies outside of the rows, or a cell is no number.
    """
    where = f"{source}[{header.get('EXTNAME', 'table')}]"
    width, n_row, n_field = (header.count(key, where) for key in ("NAXIS1", "NAXIS2", "TFIELDS"))
    if not 0 < width <= _MAX_WIDTH or n_field > 999:
        raise DataError(f"{where}: rows of {width} characters in {n_field} columns; the header is damaged.")
    text = np.frombuffer(bytes(data[: width * n_row]), "S1").reshape(n_row, width)
    columns = [_column(header, number, text, where) for number in range(1, n_field + 1)]
    dtype = np.dtype([(f"f{n}", values.dtype) for n, values in enumerate(columns, 1)])
    rows = np.empty(n_row, dtype)
    for number, values in enumerate(columns, 1):
        rows[f"f{number}"] = values
    return Table(_binary_header(header, columns, dtype.itemsize), rows.tobytes(), source)


def _column(header: Header, number: int, text: NDArray[np.bytes_], where: str) -> NDArray[Any]:
    form = str(header.get(f"TFORM{number}", "")).strip().upper()
    match = _TFORM.fullmatch(form)
    if match is None:
        raise DataError(f"{where}: TFORM{number} is {form!r}; A, I, F, E or D with a width was expected.")
    first, length = header.count(f"TBCOL{number}", where), int(match[2])
    if first < 1 or length < 1 or first - 1 + length > text.shape[1]:
        raise DataError(f"{where}: column {number} lies outside of the rows (TBCOL{number} {first}, TFORM {form}).")
    cells = np.ascontiguousarray(text[:, first - 1 : first - 1 + length]).view(f"S{length}").reshape(-1)
    if match[1] == "A":
        return cells
    if not len(cells):
        return np.empty(0, ">f8")
    cells = np.char.strip(cells)
    undefined = (cells == b"") | (cells == str(header.get(f"TNULL{number}", "")).strip().encode("latin-1", "replace"))
    try:
        filled = np.where(undefined, np.bytes_(b"nan"), cells).astype(np.bytes_)
        numbers = np.char.replace(np.char.upper(filled), b"D", b"E").astype(np.float64)
    except ValueError as error:
        raise DataError(f"{where}: column {number} holds a cell that is no number ({error}).") from None
    whole = match[1] == "I" and not undefined.any() and bool((np.abs(numbers) < 1 << 53).all())
    return numbers.astype(">i8" if whole else ">f8")


def _binary_header(header: Header, columns: list[NDArray[Any]], width: int) -> Header:
    forms = [f"{c.dtype.itemsize}A" if c.dtype.kind == "S" else {"i": "K", "f": "D"}[c.dtype.kind] for c in columns]
    kept = header.without(_LAYOUT, ("TFORM", "TBCOL", "TNULL", "TDISP"))
    made = Header([("XTENSION", "BINTABLE", "binary table extension"), ("BITPIX", 8)])
    made.append("NAXIS", 2)
    made.append("NAXIS1", width, "width of table in bytes")
    made.copy_from(kept, ("NAXIS2",))
    made.append("PCOUNT", 0)
    made.append("GCOUNT", 1)
    made.append("TFIELDS", len(columns), "number of fields in each row")
    for number, form in enumerate(forms, 1):
        made.append(f"TFORM{number}", form)
    there = set(made)
    made.extend(card for card in kept.images() if card[0] not in there)
    return made
