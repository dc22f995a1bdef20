"""``ftcopy``, ``fdump``: copying and printing any FITS file."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

from rossi.fits.table import Table
from rossi.fits.text import header_lines, table_lines
from rossi.ftools import samples
from rossi.ftools.fitsfile import is_table, open_file, with_history
from rossi.ftools.parameters import Parameters, Task, printed, write_output
from rossi.ftools.rows import row_numbers


class FtcopyParameters(Parameters):
    """Parameters of ``ftcopy``."""

    infile: Annotated[str, "file, or table with filters: file[1][col TIME;RATE][RATE > 5]"]
    outfile: Annotated[str, "file to be made"]
    copyall: Annotated[bool, "copy the other HDUs, too"] = True
    history: Annotated[bool, "write HISTORY into the table that is named"] = False


class FdumpParameters(Parameters):
    """Parameters of ``fdump``."""

    infile: Annotated[str, "file; with an HDU, that one alone"]
    outfile: Annotated[str, "text to be made; STDOUT prints"] = "STDOUT"
    columns: Annotated[str, "columns with blanks or commas between them, - for all"] = "-"
    rows: Annotated[str, "rows: 1-10,12, - for all"] = "-"
    fldsep: Annotated[str, "accepted, without effect"] = " "
    pagewidth: Annotated[int, "characters a line"] = 80
    prhead: Annotated[bool, "print headers"] = True
    prdata: Annotated[bool, "print tables"] = True
    showcol: Annotated[bool, "print names of columns"] = True
    showunit: Annotated[bool, "print units"] = True
    showrow: Annotated[bool, "print numbers of rows"] = True
    showscale: Annotated[bool, "accepted, without effect: numbers are scaled"] = True
    align: Annotated[bool, "accepted, without effect"] = True
    skip: Annotated[int, "print every nth row"] = 1
    tdisp: Annotated[bool, "accepted, without effect"] = False
    wrap: Annotated[bool, "print a row in one line, however long"] = False
    page: Annotated[bool, "accepted, without effect"] = True
    sensecase: Annotated[bool, "accepted, without effect"] = False
    xdisp: Annotated[str, "accepted, without effect: bits are 0 and 1"] = ""
    more: Annotated[str, "accepted, without effect"] = "yes"


def ftcopy(p: FtcopyParameters) -> list[str]:
    """Copy a file or one of its tables."""
    opened = open_file(p.infile)
    tables = [hdu for hdu in opened.hdus if is_table(hdu.header)]
    if opened.at is None and not p.copyall and tables:
        opened.at = opened.table_at
    if p.history and opened.at is not None:
        opened.replace(with_history(opened.table, "ftcopy", p))
    return [write_output(p.outfile, opened.to_bytes(p.copyall), p.clobber)]


def fdump(p: FdumpParameters) -> list[str]:
    """Print headers and tables."""
    opened = open_file(p.infile)
    lines: list[str] = []
    for number in opened.numbers:
        header = opened.hdus[number].header
        lines += [*header_lines(header), ""] if p.prhead else []
        if p.prdata and is_table(header):
            table = Table(header, opened.hdus[number].data, opened.name)
            wanted = [w.upper() for w in p.columns.replace(",", " ").split() if w != "-"]
            names = [i.name for i in table.infos.values() if _matches(i.name, i.number, wanted)]
            show = [n for n, on in (("names", p.showcol), ("units", p.showunit), ("rows", p.showrow)) if on]
            width = 1 << 30 if p.wrap else p.pagewidth
            rows = row_numbers(p.rows, len(table))[:: max(p.skip, 1)]
            lines += table_lines(table, names, rows, width=width, show=show)
    return printed(lines, p.outfile, p.clobber)


def _matches(name: str, number: int, wanted: list[str]) -> bool:
    return not wanted or any(fnmatchcase(name.upper(), w) or w == str(number) for w in wanted)


TASKS = {
    "ftcopy": Task(
        FtcopyParameters,
        ftcopy,
        ("infile", "outfile"),
        example=f"'{samples.LIGHT_CURVE}[RATE][col TIME;RATE;ERROR][RATE > 0]' part.lc",
    ),
    "fdump": Task(
        FdumpParameters,
        fdump,
        ("infile", "outfile", "columns", "rows", "more"),
        prints=True,
        example=f"{samples.LIGHT_CURVE}+1 STDOUT 'TIME RATE ERROR' 1-5 prhead=no",
    ),
}
