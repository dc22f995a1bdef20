"""``ftcalc``, ``fcalc``: columns that are calculated."""

from __future__ import annotations

import re
from typing import Annotated

import numpy as np

from rossi.errors import ConfigError
from rossi.expression import compile_expression
from rossi.expression.operand import Kind, Operand
from rossi.fits.edit import select_columns, set_column
from rossi.fits.table import Table, by_row
from rossi.fits.writer import Column
from rossi.ftools import samples
from rossi.ftools.fitsfile import Opened, changed, with_history
from rossi.ftools.parameters import Parameters, Task, write_output
from rossi.ftools.rows import row_numbers
from rossi.ftools.texts import text_or_file

#: TNULL of new columns of whole numbers.
_UNDEFINED = -(1 << 31)
_FORM = re.compile(r"\d*([LXBIJKAED])")


class FtcalcParameters(Parameters):
    """Parameters of ``ftcalc``."""

    infile: Annotated[str, "table: file, file+1 or file[NAME]"]
    outfile: Annotated[str, "file to be made"]
    column: Annotated[str, "column that gets the values; a new one stands behind the others"]
    expression: Annotated[str, "expression in columns and keywords, or @file with it"]
    rows: Annotated[str, "rows: 1-10,12, - for all"] = "-"
    element: Annotated[int, "element of a vector, from 1; 0: the whole column"] = 0
    tform: Annotated[str, "type of a new column: 1E, 1D, 1J, 8A ..."] = ""
    history: Annotated[bool, "write HISTORY"] = False


class FcalcParameters(Parameters):
    """Parameters of ``fcalc``."""

    infile: Annotated[str, "table: file, file+1 or file[NAME]"]
    outfile: Annotated[str, "file to be made"]
    clname: Annotated[str, "column that gets the values; a new one stands behind the others"]
    expr: Annotated[str, "expression in columns and keywords, or @file with it"]
    anull: Annotated[str, "accepted, without effect"] = ""
    inull: Annotated[int, "accepted, without effect"] = 0
    copycol: Annotated[bool, "copy the other columns, too"] = True
    histkw: Annotated[bool, "write HISTORY"] = True
    copyall: Annotated[bool, "copy the other HDUs, too"] = True
    rowrange: Annotated[str, "rows: 1-10,12, - for all"] = "-"
    tform: Annotated[str, "type of a new column: 1E, 1D, 1J, 8A ..."] = ""


def ftcalc(p: FtcalcParameters) -> list[str]:
    """Write a copy of a file with a calculated column."""

    def change(opened: Opened) -> Table:
        table = calculated(opened, p.column, p.expression, p.rows, p.tform, p.element)
        return with_history(table, "ftcalc", p) if p.history else table

    return [write_output(p.outfile, changed(p.infile, change, True), p.clobber)]


def fcalc(p: FcalcParameters) -> list[str]:
    """Write a copy of a file with a calculated column."""

    def change(opened: Opened) -> Table:
        table = calculated(opened, p.clname, p.expr, p.rowrange, p.tform)
        table = table if p.copycol else select_columns(table, [p.clname])
        return with_history(table, "fcalc", p) if p.histkw else table

    return [write_output(p.outfile, changed(p.infile, change, p.copyall), p.clobber)]


def calculated(opened: Opened, name: str, expression: str, rows: str, form: str, element: int = 0) -> Table:
    """Return a file's table with a column that an expression gives.

    Raises
    ------
    ConfigError
        If the name or the type makes no sense.
    """
    table, name = opened.table, name.strip()
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise ConfigError(f"{name!r} is no name of a column; letters, digits and underscores were expected.")
    value = compile_expression(text_or_file(expression, "the expression")).evaluate(opened.scene)
    operand = _per_row(value, len(table))
    form = form.strip().upper() or (f"{value.axes[0]}X" if value.kind == Kind.BITS else _form(operand))
    chosen = None if rows.strip() in {"", "-"} else row_numbers(rows, len(table))
    if element:
        return _element(table, name, operand, element)
    column = Column(name, form, null=_null(operand, form))
    return set_column(table, column, operand.values, operand.null, chosen)


def _per_row(value: Operand, n_row: int) -> Operand:
    """Return a value with its elements in a row for every row, bits packed into bytes."""
    shape = (n_row, *value.axes)
    null = np.broadcast_to(value.null, value.values.shape or (1,))
    values, null = (np.broadcast_to(a, shape) for a in (value.values, null))
    if value.kind == Kind.BITS:
        return Operand(value.kind, np.packbits(values == 1, axis=1), np.zeros((n_row, 1), bool))
    flat = (n_row, -1) if len(shape) > 1 and n_row else (n_row,)
    return Operand(value.kind, values.reshape(flat), null.reshape(flat))


def _form(value: Operand) -> str:
    """Return the type of a new column as ftcalc chooses it; whole numbers beyond 32 bits get 64."""
    repeat = value.values.shape[1] if value.values.ndim > 1 else 1
    match value.kind:
        case Kind.BOOLEAN:
            return f"{repeat}L"
        case Kind.INTEGER:
            known = value.values[~value.null]
            narrow = not known.size or (known.min() > _UNDEFINED and known.max() < -_UNDEFINED)
            return f"{repeat}{'J' if narrow else 'K'}"
        case Kind.REAL:
            return f"{repeat}D"
        case _:
            return f"{max([len(str(text)) for text in np.unique(value.values)], default=1) or 1}A"


def _null(value: Operand, form: str) -> int | None:
    found = _FORM.fullmatch(form)
    if found is None:
        raise ConfigError(f"tform is {form!r}; a type of a FITS column such as 1D, 1E, 1J or 8A was expected.")
    return {"B": 255, "I": -(1 << 15), "J": _UNDEFINED, "K": _UNDEFINED}.get(found[1]) if value.null.any() else None


def _element(table: Table, name: str, value: Operand, element: int) -> Table:
    info = table.info(name)
    if not 1 <= element <= info.repeat or value.values.ndim > 1:
        raise ConfigError(
            f"element is {element}, but {name} has {info.repeat} elements a row, and one value a row fits."
        )
    values, null = table.column(name).copy(), table.null(name).copy()
    values = values.astype(np.result_type(values, value.values))
    by_row(values)[:, element - 1] = value.values
    by_row(null)[:, element - 1] = value.null
    return set_column(table, Column(name, ""), values, null)


TASKS = {
    "ftcalc": Task(
        FtcalcParameters,
        ftcalc,
        ("infile", "outfile", "column", "expression"),
        example=f"{samples.LIGHT_CURVE} snr.lc SNR 'RATE/ERROR' tform=1E",
    ),
    "fcalc": Task(
        FcalcParameters,
        fcalc,
        ("infile", "outfile", "clname", "expr"),
        example=f"{samples.LIGHT_CURVE} counts.lc COUNTS 'RATE*16*FRACEXP'",
    ),
}
