"""``ftlist``, ``fstruct``: what is in a FITS file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Annotated

import numpy as np

from rossi.errors import ConfigError, DataError
from rossi.fits.header import Header
from rossi.fits.table import Table
from rossi.fits.text import header_lines, table_lines
from rossi.ftools import samples
from rossi.ftools.fitsfile import Opened, is_table, open_file
from rossi.ftools.parameters import Parameters, Task, printed
from rossi.ftools.rows import row_numbers


class FtlistParameters(Parameters):
    """Parameters of ``ftlist``."""

    infile: Annotated[str, "file; with an HDU, that one alone"]
    option: Annotated[str, "what is listed: H a line an HDU, C columns, K keywords, T tables, I images"] = "HC"
    outfile: Annotated[str, "text to be made; - prints"] = "-"
    include: Annotated[str, "keywords, with wildcards: TSTART,NAXIS#"] = "*"
    exclude: Annotated[str, "keywords that are left out"] = ""
    section: Annotated[str, "part of an image: 1:8,2:4, * for all"] = "*"
    columns: Annotated[str, "columns by name or number, with wildcards: TIME,3,R*"] = "*"
    rows: Annotated[str, "rows: 1-10,12, - for all"] = "-"
    vector: Annotated[str, "elements of vectors: 1-5, - for all"] = "-"
    separator: Annotated[str, "what stands between columns"] = " "
    rownum: Annotated[bool, "print numbers of rows"] = True
    colheader: Annotated[bool, "print names and units of columns"] = True


class FstructParameters(Parameters):
    """Parameters of ``fstruct``."""

    infile: Annotated[str, "file; with an HDU, that one alone"]
    outfile: Annotated[str, "text to be made; STDOUT prints"] = "STDOUT"
    colinfo: Annotated[bool, "list the columns, too"] = True


def ftlist(p: FtlistParameters) -> list[str]:
    """List HDUs, columns, keywords and tables."""
    options = set(p.option.upper())
    if not options or options - set("HCKTI"):
        raise ConfigError(f"option is {p.option!r}; letters out of H, C, K, T and I were expected.")
    opened = open_file(p.infile)
    lines = _HEADING.split("\n") if "H" in options else []
    for number in opened.numbers:
        header = opened.hdus[number].header
        lines += [_summary(number, header)] if "H" in options else []
        lines += _column_lines(opened.table_number(number)) if "C" in options and is_table(header) else []
        lines += _keyword_lines(header, p) if "K" in options else []
        if "T" in options and is_table(header):
            lines += _rows(opened.table_number(number), p)
        if "I" in options and not is_table(header):
            lines += _pixels(opened, number, p.section)
    return printed(lines, p.outfile, p.clobber)


def fstruct(p: FstructParameters) -> list[str]:
    """List HDUs as ``fstruct`` does, a line each, and their columns."""
    opened = open_file(p.infile)
    lines = ["  No. Type     EXTNAME          BITPIX Dimensions(columns)      PCOUNT  GCOUNT", ""]
    for number in opened.numbers:
        header = opened.hdus[number].header
        kind = str(header.get("XTENSION", "PRIMARY")).strip() if number else "PRIMARY"
        sizes = " ".join(str(n) for n in _axes(header))
        if is_table(header):
            sizes = f"{header.get('NAXIS1')}({header.get('TFIELDS')}) {header.get('NAXIS2')}"
        name, counts = str(header.get("EXTNAME", "")), (header.get("PCOUNT", 0), header.get("GCOUNT", 1))
        lines.append(
            f"{number:4d}  {kind:8} {name:16} {header.get('BITPIX', 8)!s:>5}  {sizes:24} {counts[0]:>7} {counts[1]:>7}"
        )
        lines += _column_lines(opened.table_number(number)) if p.colinfo and is_table(header) else []
    return printed(lines, p.outfile, p.clobber)


_HEADING = """        Name               Type       Dimensions
        ----               ----       ----------"""


def _summary(number: int, header: Header) -> str:
    axes = _axes(header)
    if is_table(header):
        kind, size = "BinTable", f"{header.get('TFIELDS')} cols x {header.get('NAXIS2')} rows"
    elif not axes:
        kind, size = "Null Array", ""
    else:
        kind, size = "Image", f"{_PIXELS.get(header.get('BITPIX'), '?')}({'x'.join(map(str, axes))})"
    name = str(header.get("EXTNAME", "")).strip() or ("Primary Array" if number == 0 else "")
    return f"HDU {number + 1:<3d} {name:18} {kind:10} {size}".rstrip()


#: How pixels are stored, by BITPIX.
_KINDS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_PIXELS = {8: "Int1", 16: "Int2", 32: "Int4", 64: "Int8", -32: "Real4", -64: "Real8"}


def _axes(header: Header) -> list[int]:
    return [header.count(f"NAXIS{n}", "") for n in range(1, int(header.get("NAXIS", 0)) + 1)]


def _column_lines(table: Table) -> Iterator[str]:
    yield ""
    yield "   Column Name                Format     Dims       Units     TLMIN  TLMAX"
    for info in table.infos.values():
        header, n = table.header, info.number
        limits = [str(header.get(f"{key}{n}", "")) for key in ("TLMIN", "TLMAX")]
        dims = str(header.get(f"TDIM{n}", "")).strip()
        form = table.structure.forms[n - 1]
        yield f"   {n:4d} {info.name:21} {form:10} {dims:10} {info.unit:9} {limits[0]:6} {limits[1]:6}".rstrip()
    yield ""


def _keyword_lines(header: Header, p: FtlistParameters) -> list[str]:
    wanted, unwanted = (_patterns(text) for text in (p.include, p.exclude))
    cards = [(k, i) for k, i in header.images() if _fits(k, wanted) and not _fits(k, unwanted)]
    chosen = Header()
    chosen.extend(cards)
    return [*header_lines(chosen)[: None if p.include.strip() == "*" else -1], ""]


def _patterns(text: str) -> list[str]:
    """Return wildcards as regular expressions: ``#`` stands for digits."""
    words = [word.strip().upper() for word in text.split(",") if word.strip()]
    wild = {"*": ".*", "?": ".", "#": r"\d+"}
    return ["".join(wild.get(letter, re.escape(letter)) for letter in word) for word in words]


def _fits(name: str, patterns: list[str]) -> bool:
    return any(re.fullmatch(pattern, name.upper()) for pattern in patterns)


def _rows(table: Table, p: FtlistParameters) -> Iterator[str]:
    wanted = _patterns(p.columns.replace("-", "*") if p.columns.strip() == "-" else p.columns)
    names = [i.name for w in wanted for i in table.infos.values() if _fits(i.name, [w]) or w == str(i.number)]
    names = list(dict.fromkeys(names))
    if not names:
        raise DataError(f"{table.where}: no column fits columns={p.columns}.")
    show = ["names", "units"] * p.colheader + ["rows"] * p.rownum
    elements = None if p.vector.strip() in {"", "-"} else row_numbers(p.vector, 1 << 20)
    yield from table_lines(
        table,
        names,
        row_numbers(p.rows, len(table)),
        width=1 << 30,
        show=show,
        separator=p.separator,
        elements=elements,
    )


def _pixels(opened: Opened, number: int, section: str) -> list[str]:
    header = opened.hdus[number].header
    axes = _axes(header)
    if not axes:
        return []
    where = f"{opened.name}[{number}]"
    kind = _KINDS.get(int(header.finite("BITPIX", where)))
    if kind is None:
        raise DataError(f"{where}: BITPIX is {header.get('BITPIX')}; expected one of {', '.join(map(str, _KINDS))}.")
    image = np.frombuffer(opened.hdus[number].data, kind, math.prod(axes)).reshape(axes[::-1])
    image = image * header.finite("BSCALE", where, 1.0) + header.finite("BZERO", where, 0.0)
    found = [re.fullmatch(r"\s*(\*|(\d+):(\d+)|(\d+))\s*", part) for part in section.split(",")]
    if not all(found):
        raise ConfigError(f"section is {section!r}; it should look like 1:8,2:4.")
    for axis, part in enumerate(found):
        if part and part[1] != "*" and axis < len(axes):
            first, last = int(part[2] or part[4]), int(part[3] or part[4])
            if not 1 <= first <= min(last, axes[axis]):
                raise ConfigError(f"section is {section!r}; axis {axis + 1} of {where} has pixels 1 to {axes[axis]}.")
            image = np.take(image, range(first - 1, min(last, axes[axis])), axis=len(axes) - 1 - axis)
    return [" ".join(f"{pixel:g}" for pixel in row) for row in image.reshape(-1, image.shape[-1] or 1)]


TASKS = {
    "ftlist": Task(FtlistParameters, ftlist, ("infile", "option"), prints=True, example=f"{samples.LIGHT_CURVE} HC"),
    "fstruct": Task(FstructParameters, fstruct, ("infile",), prints=True, example=samples.LIGHT_CURVE),
}
