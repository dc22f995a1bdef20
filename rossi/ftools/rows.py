"""``ftselect``, ``fselect``, ``ftmerge``, ``fmerge``, ``ftsort``, ``fsort``: rows of tables."""

from __future__ import annotations

import re
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError, RossiError
from rossi.fits.edit import as_hdu, require_plain, select_columns, select_rows, stack_rows
from rossi.fits.reader import read_bytes
from rossi.fits.table import Table
from rossi.fits.writer import TableHDU, join_hdus, primary_hdu
from rossi.ftools import samples
from rossi.ftools.fitsfile import (
    Opened,
    changed,
    choose_columns,
    choose_rows,
    matching,
    open_file,
    split_list,
    with_history,
)
from rossi.ftools.parameters import Made, Parameters, Task, is_none, write_output
from rossi.ftools.texts import read_text, text_or_file


class FtselectParameters(Parameters):
    """Parameters of ``ftselect``."""

    infile: Annotated[str, "table: file, file+1 or file[NAME]"]
    outfile: Annotated[str, "file to be made"]
    expression: Annotated[str, "condition on the columns, or @file with it"]
    copyall: Annotated[bool, "copy the other HDUs, too"] = True
    history: Annotated[bool, "write HISTORY"] = False


class FselectParameters(Parameters):
    """Parameters of ``fselect``."""

    infile: Annotated[str, "table: file+1 or file[NAME]"]
    outfile: Annotated[str, "file to be made"]
    expr: Annotated[str, "condition on the columns, or @file with it"]
    index: Annotated[str, "accepted, without effect"] = " "
    histkw: Annotated[bool, "accepted, without effect"] = True
    copyall: Annotated[bool, "copy the other HDUs, too"] = True
    keycopy: Annotated[bool, "accepted, without effect: all keywords are copied"] = True
    nrows: Annotated[int, "accepted, without effect"] = 128


class FtmergeParameters(Parameters):
    """Parameters of ``ftmerge``."""

    infile: Annotated[str, "tables with the same columns: file,file[NAME] or @list"]
    outfile: Annotated[str, "file to be made"]
    columns: Annotated[str, "columns: TIME,RATE, or -RATE for all but one, * for all"] = "*"
    insertrow: Annotated[int, "row of the first table behind which the others come; 0: its last one"] = 0
    lastkey: Annotated[str, "keywords that are taken from the last file: A,B or @list"] = ""
    copyall: Annotated[bool, "copy the other HDUs of the first file, too"] = True
    skipbadfiles: Annotated[bool, "leave out files that can't be read"] = False
    history: Annotated[bool, "write HISTORY"] = False


class FmergeParameters(Parameters):
    """Parameters of ``fmerge``."""

    infiles: Annotated[str, "tables: file+1 file+1, or @list"]
    outfile: Annotated[str, "file to be made"]
    columns: Annotated[str, "columns that all tables have: TIME RATE, or - for all of the first"] = "-"
    mextname: Annotated[str, "EXTNAME of the result; blank: that of the first"] = " "
    copyprime: Annotated[bool, "copy the first file's primary HDU"] = True
    lastkey: Annotated[str, "keywords that are taken from the last file: A B or @list"] = ""
    history: Annotated[bool, "write HISTORY"] = True


class FtsortParameters(Parameters):
    """Parameters of ``ftsort``."""

    infile: Annotated[str, "table: file, file+1 or file[NAME]"]
    outfile: Annotated[str, "file to be made"]
    columns: Annotated[str, "columns that tell the order: TIME,RATE; -TIME sorts from high to low"]
    method: Annotated[str, "accepted, without effect"] = "heap"
    memory: Annotated[bool, "accepted, without effect"] = True
    unique: Annotated[bool, "keep one of the rows that are equal in these columns"] = False
    copyall: Annotated[bool, "copy the other HDUs, too"] = True
    history: Annotated[bool, "write HISTORY"] = False


class FsortParameters(Parameters):
    """Parameters of ``fsort``."""

    infile: Annotated[str, "table, changed in place: file+1 or file[NAME]"]
    columns: Annotated[str, "columns that tell the order: TIME RATE"]
    method: Annotated[str, "accepted, without effect"] = "heap"
    ascend: Annotated[bool, "sort from low to high"] = True
    unique: Annotated[bool, "keep one of the rows that are equal in these columns"] = False


def ftselect(p: FtselectParameters) -> list[str]:
    """Copy a file with those rows of a table that fulfil a condition."""

    def change(opened: Opened) -> Table:
        table = choose_rows(opened, text_or_file(p.expression, "the expression"))
        return with_history(table, "ftselect", p) if p.history else table

    return [write_output(p.outfile, changed(p.infile, change, p.copyall), p.clobber)]


def fselect(p: FselectParameters) -> list[str]:
    """Copy a file with those rows of a table that fulfil a condition."""
    data = changed(p.infile, lambda opened: choose_rows(opened, text_or_file(p.expr, "the expression")), p.copyall)
    return [write_output(p.outfile, data, p.clobber)]


def ftmerge(p: FtmergeParameters) -> Made:
    """Append the rows of tables to those of the first."""
    opened, remarks = _opened(_names(p.infile, ","), p.skipbadfiles)
    tables = [file.table for file in opened]
    if p.columns.strip() not in {"", "*"}:
        columns = ";".join(_names(p.columns, ","))
        tables = [choose_columns(table, columns) for table in tables]
    after = p.insertrow if 0 < p.insertrow <= len(tables[0]) else None
    merged = _with_keys(stack_rows(tables[0], tables[1:], after), tables[-1], _names(p.lastkey, ","))
    opened[0].replace(with_history(merged, "ftmerge", p) if p.history else merged)
    return Made([write_output(p.outfile, opened[0].to_bytes(p.copyall), p.clobber)], remarks)


def fmerge(p: FmergeParameters) -> list[str]:
    """Append rows of tables, the columns that all have."""
    opened, _ = _opened(_names(p.infiles, " "), skip=False)
    tables = [file.table for file in opened]
    known = [info.name for info in tables[0].infos.values()]
    wanted = [] if is_none(p.columns) else _names(p.columns, " ")
    names = matching(known, wanted) if wanted else known
    tables = [select_columns(table, names) for table in tables]
    merged = _with_keys(stack_rows(tables[0], tables[1:]), tables[-1], _names(p.lastkey, " "))
    if p.mextname.strip():
        merged.header.set("EXTNAME", p.mextname.strip(), "name of this table")
    merged = with_history(merged, "fmerge", p) if p.history else merged
    primary = opened[0].hdus[0] if p.copyprime else TableHDU(primary_hdu(), b"")
    return [write_output(p.outfile, join_hdus([primary, as_hdu(merged)]), p.clobber)]


def ftsort(p: FtsortParameters) -> list[str]:
    """Copy a file with a table's rows in order."""

    def change(opened: Opened) -> Table:
        table = sort_rows(opened.table, _names(p.columns, ","), unique=p.unique)
        return with_history(table, "ftsort", p) if p.history else table

    return [write_output(p.outfile, changed(p.infile, change, p.copyall), p.clobber)]


def fsort(p: FsortParameters) -> list[str]:
    """Bring a table's rows into order, in place."""
    opened = open_file(p.infile)
    require_plain(read_bytes(opened.name), opened.name)
    names = [name if p.ascend else f"-{name}" for name in _names(p.columns, " ")]
    opened.replace(sort_rows(opened.table, names, unique=p.unique))
    return [write_output(opened.name, opened.to_bytes(), True)]


def sort_rows(table: Table, names: list[str], *, unique: bool = False) -> Table:
    """Return a table whose rows are in the order of some columns; undefined values come last.

    Parameters
    ----------
    table : Table
    names : list of str
        Columns, the most important one first; ``-NAME`` sorts from high to low.
    unique : bool
        Keep the first of rows that are equal in all of these columns.

    Raises
    ------
    ConfigError
        If no column is named.
    DataError
        If a column is missing or a vector.
    """
    if not names:
        raise ConfigError("columns is empty; name the columns that tell the order.")
    keys: list[NDArray[Any]] = []
    for name in names:
        values, null = table.column(name.lstrip("-+")), table.null(name.lstrip("-+"))
        if values.ndim > 1:
            raise DataError(f"{table.where}: column {name.lstrip('-+')} is a vector; rows are sorted by single values.")
        ranks = np.unique(values, return_inverse=True)[1]
        ranks = -ranks if name.startswith("-") else ranks
        keys.append(np.where(null, np.iinfo(np.int64).max, ranks))
    order = np.lexsort(keys[::-1])
    if unique and len(order):
        ordered = np.column_stack([key[order] for key in keys])
        order = order[np.r_[True, (np.diff(ordered, axis=0) != 0).any(axis=1)]]
    return select_rows(table, order)


def row_numbers(text: str, n_row: int) -> list[int]:
    """Read ``1-10,12`` as row numbers from 0; ``-`` stands for all.

    Raises
    ------
    ConfigError
        If it is no list of rows.
    """
    words = [word.strip() for word in text.split(",") if word.strip() not in {"", "-"}]
    if not words:
        return list(range(n_row))
    numbers: list[int] = []
    for word in words:
        found = re.fullmatch(r"(\d*)(-?)(\d*)", word)
        if found is None or found[1] == "0":
            raise ConfigError(f"rows is {text!r}; it should look like 1-10,12.")
        first = int(found[1] or 1)
        numbers += range(first - 1, min(int(found[3] or n_row) if found[2] else first, n_row))
    return numbers


def _names(text: str, separator: str) -> list[str]:
    """Return names in a parameter, or in ``@list``, one a line."""
    if text.startswith("@"):
        return [line.strip() for line in read_text(text[1:], "the list").split("\n") if line.strip()]
    found = split_list(text, separator)
    return found if separator == "," else [name for part in found for name in split_list(part, ",")]


def _opened(names: list[str], skip: bool) -> tuple[list[Opened], list[str]]:
    opened, remarks = [], []
    for name in names:
        try:
            file = open_file(name)
            file.at = file.table_at
            opened.append(file)
        except RossiError as error:
            if not skip:
                raise
            remarks.append(f"left out: {error}")
    if not opened:
        raise ConfigError("no table is named that can be read; give at least one.")
    return opened, remarks


def _with_keys(table: Table, last: Table, keywords: list[str]) -> Table:
    """Return a table with keywords of another one."""
    header = table.header.copy()
    for keyword in map(str.upper, keywords):
        if keyword not in last.header:
            raise DataError(f"{last.where}: keyword {keyword} is missing; lastkey asks for it.")
        header.set(keyword, last.header.get(keyword), last.header.comment(keyword))
    return table.with_rows(table.rows, header)


TASKS = {
    "ftselect": Task(
        FtselectParameters,
        ftselect,
        ("infile", "outfile", "expression"),
        example=f"{samples.LIGHT_CURVE} selected.lc 'RATE > 0'",
    ),
    "fselect": Task(
        FselectParameters,
        fselect,
        ("infile", "outfile", "expr"),
        example=f"{samples.LIGHT_CURVE}+1 rows.lc 'ERROR < 1'",
    ),
    "ftmerge": Task(
        FtmergeParameters,
        ftmerge,
        ("infile", "outfile"),
        example=f"{samples.EARLIER_LIGHT_CURVE},{samples.LIGHT_CURVE} merged.lc",
    ),
    "fmerge": Task(
        FmergeParameters,
        fmerge,
        ("infiles", "outfile", "columns"),
        example=f"'{samples.EARLIER_LIGHT_CURVE}+1 {samples.LIGHT_CURVE}+1' joined.lc 'TIME RATE ERROR'",
    ),
    "ftsort": Task(
        FtsortParameters,
        ftsort,
        ("infile", "outfile", "columns"),
        example=f"{samples.LIGHT_CURVE} sorted.lc -RATE",
    ),
    "fsort": Task(
        FsortParameters,
        fsort,
        ("infile", "columns", "method"),
        example="merged.lc+1 TIME",
        after=("ftmerge",),
    ),
}
