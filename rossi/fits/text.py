"""Headers and tables as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

import numpy as np

from rossi.fits.cards import CARD
from rossi.fits.header import Header
from rossi.fits.table import Table


def header_lines(header: Header) -> list[str]:
    """Return the cards of a header as lines of up to 80 characters, CONTINUE records on their own, END at last.

    Parameters
    ----------
    header : Header
    """
    lines = []
    for _, image in header.images():
        text = image.decode("latin-1")
        lines += [text[at : at + CARD].rstrip() for at in range(0, len(text), CARD)]
    return [*lines, "END"]


def column_text(table: Table, name: str, rows: Sequence[int], elements: Sequence[int] | None = None) -> list[list[str]]:
    """Return a column's elements as text, a list a row; undefined ones are INDEF, bits a run of 0 and 1.

    Numbers have as few digits as give the same number again.

    Parameters
    ----------
    table : Table
    name : str
    rows : sequence of int
        From 0.
    elements : sequence of int, optional
        Of vectors, from 0; those beyond the end are left out. All by default.
    """
    info, chosen = table.info(name), table.with_rows(table.rows[np.asarray(rows, np.intp)])
    cells = chosen.cells(name).rows()
    if info.element == "X":
        return [["".join(map(str, row))] for row in cells]
    if info.element == "A":
        return [list(row) for row in cells]
    if info.element == "L":
        cells = [np.where(row, "T", "F") for row in cells]
    undefined = chosen.null_cells(name).rows()
    if elements is not None and info.repeat > 1:
        cells, undefined = ([row[[n for n in elements if n < len(row)]] for row in side] for side in (cells, undefined))
    return [
        ["INDEF" if n else str(x) for x, n in zip(row, gone, strict=True)]
        for row, gone in zip(cells, undefined, strict=True)
    ]


def table_lines(
    table: Table,
    names: Sequence[str],
    rows: Sequence[int],
    *,
    width: int = 80,
    show: Iterable[str] = ("names", "units", "rows"),
    separator: str = " ",
    elements: Sequence[int] | None = None,
) -> Iterator[str]:
    """Lay out a table as text; columns that don't fit on a page follow on the next one.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Columns.
    rows : sequence of int
        From 0. The elements of a vector are written one below the other.
    width : int
        Of a page, in characters.
    show : iterable of str
        What stands at the edges: column names, their units, row numbers.
    separator : str
        Between columns.
    elements : sequence of int, optional
        Of vectors, from 0; all by default.
    """
    shown = set(show)
    number = max([len(str(row + 1)) for row in rows], default=1) if "rows" in shown else 0
    for page in _pages(table, names, rows, width - number, elements):
        if "names" in shown:
            yield " " * number + "".join(f"{separator}{name:>{size}}" for name, _, size in page)
        if "units" in shown:
            yield " " * number + "".join(f"{separator}{table.info(name).unit:>{size}}" for name, _, size in page)
        for at, row in enumerate(rows):
            for line, cells in enumerate(zip_longest(*(text[at] for _, text, _ in page), fillvalue="")):
                label = str(row + 1) if number and not line else ""
                sizes = [size for *_, size in page]
                text = separator.join(f"{c:>{s}}" for c, s in zip(cells, sizes, strict=True))
                yield f"{label:>{number}}{separator if number or separator == ' ' else ''}{text}"
        yield ""


_Page = list[tuple[str, list[list[str]], int]]


def _pages(
    table: Table, names: Sequence[str], rows: Sequence[int], width: int, elements: Sequence[int] | None
) -> Iterator[_Page]:
    page: _Page = []
    room = width
    for name in names:
        text = column_text(table, name, rows, elements)
        size = max([len(name), len(table.info(name).unit), *(len(cell) for row in text for cell in row)])
        if page and size + 1 > room:
            yield page
            page, room = [], width
        page.append((name, text, size))
        room -= size + 1
    if page:
        yield page
