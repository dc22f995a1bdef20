"""``ftcopy``, ``fselect``, ``fparkey``, ``fkeyprint``, ``fdump``: any FITS table."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Annotated

from astropy.io import fits

from rossi.errors import ConfigError, DataError
from rossi.expression import compile_expression
from rossi.fits.edit import as_hdu, require_plain, select_columns, select_rows
from rossi.fits.header import Header, Value
from rossi.fits.reader import gunzip, iterate_hdus, read_bytes
from rossi.fits.table import Table
from rossi.fits.text import header_lines, table_lines
from rossi.fits.writer import TableHDU, join_hdus, primary_hdu
from rossi.ftools.parameters import Parameters, Task, extension, write_output
from rossi.ftools.texts import text_or_file

_TRUE, _FALSE = {"T", "TRUE", "Y", "YES"}, {"F", "FALSE", "N", "NO"}


class FtcopyParameters(Parameters):
    """Parameters of ``ftcopy``."""

    infile: Annotated[str, "file, or table with filters: file[1][col TIME;RATE][RATE > 5]"]
    outfile: Annotated[str, "file to be made"]
    copyall: Annotated[bool, "copy the other HDUs, too"] = True
    history: Annotated[bool, "write HISTORY"] = False


class FselectParameters(Parameters):
    """Parameters of ``fselect``."""

    infile: Annotated[str, "table: file+1 or file[NAME]"]
    outfile: Annotated[str, "file to be made"]
    expr: Annotated[str, "condition on the columns, or @file with it"]
    histkw: Annotated[bool, "write HISTORY"] = True
    copyall: Annotated[bool, "copy the other HDUs, too"] = True
    keycopy: Annotated[bool, "copy all keywords; accepted"] = False


class FparkeyParameters(Parameters):
    """Parameters of ``fparkey``."""

    value: Annotated[str, "new value"]
    fitsfile: Annotated[str, "file and HDU, changed in place"]
    keyword: Annotated[str, "name of the keyword; -NAME deletes it"]
    comm: Annotated[str, "comment"] = ""
    add: Annotated[bool, "add the keyword where it is missing"] = False
    insert: Annotated[str, "keyword (or number of the card) behind which a new one stands"] = "0"


class FkeyprintParameters(Parameters):
    """Parameters of ``fkeyprint``."""

    infile: Annotated[str, "file; with an HDU, that one alone"]
    keynam: Annotated[str, "keyword, or its beginning"]
    outfile: Annotated[str, "text to be made; STDOUT prints"] = "STDOUT"
    exact: Annotated[bool, "the name must be equal"] = False


class FdumpParameters(Parameters):
    """Parameters of ``fdump``."""

    infile: Annotated[str, "file; with an HDU, that one alone"]
    outfile: Annotated[str, "text to be made; STDOUT prints"] = "STDOUT"
    columns: Annotated[str, "columns with blanks or commas between them, - for all"] = "-"
    rows: Annotated[str, "rows: 1-10,12, - for all"] = "-"
    pagewidth: Annotated[int, "characters a line"] = 80
    prhead: Annotated[bool, "print headers"] = True
    prdata: Annotated[bool, "print tables"] = True
    showcol: Annotated[bool, "print names of columns"] = True
    showunit: Annotated[bool, "print units"] = True
    showrow: Annotated[bool, "print numbers of rows"] = True
    page: Annotated[bool, "accepted, without effect"] = True


def ftcopy(p: FtcopyParameters) -> list[str]:
    """Copy a file or one of its tables: ``file[1][col TIME;RATE][RATE > 5]``."""
    name, hdu, filters = split_filters(p.infile)
    changes: list[Callable[[Table], Table]] = []
    for text in filters:
        word, _, rest = text.strip().partition(" ")
        changes.append(_columns(rest) if word.lower() == "col" else _rows(text))
    return [write_output(p.outfile, _changed(name, hdu, changes, p.copyall), p.clobber)]


def fselect(p: FselectParameters) -> list[str]:
    """Copy a file with those rows of a table that fulfil an expression."""
    name, hdu = extension(p.infile)
    expression = text_or_file(p.expr, "the expression")
    return [write_output(p.outfile, _changed(name, hdu, [_rows(expression)], p.copyall), p.clobber)]


def fparkey(p: FparkeyParameters) -> list[str]:
    """Change, add or (``keyword=-NAME``) delete a keyword, in place."""
    name, hdu = extension(p.fitsfile)
    data = read_bytes(name)
    require_plain(data, name)
    hdus = _split(data, name)
    at = _position(hdus, hdu, name)
    keyword = p.keyword.strip().upper()
    header = _with_keyword(hdus[at].header, keyword, p, f"{name}[{hdu}]")
    hdus[at] = TableHDU(header, hdus[at].data)
    return [write_output(name, join_hdus(hdus), True)]


def fkeyprint(p: FkeyprintParameters) -> list[str]:
    """Print the cards of a keyword in all HDUs, or in the one named."""
    name, hdu, _ = split_filters(p.infile)
    hdus = _split(read_bytes(name), name)
    chosen = range(len(hdus)) if hdu is None else [_position(hdus, hdu, name)]
    wanted = p.keynam.strip().upper()
    lines = ["", f"# FILE: {name}", f"# KEYNAME: {wanted}"]
    for number in chosen:
        cards = [
            line
            for keyword, image in hdus[number].header.images()
            if (keyword == wanted if p.exact else keyword.startswith(wanted))
            for line in header_lines(_alone(keyword, image))[:-1]
        ]
        lines += ["", f"# EXTENSION: {number:4d}", *cards] if cards else []
    return _printed(lines, p.outfile, p.clobber)


def fdump(p: FdumpParameters) -> list[str]:
    """Print headers and tables."""
    name, hdu, _ = split_filters(p.infile)
    hdus = _split(read_bytes(name), name)
    lines: list[str] = []
    for number in range(len(hdus)) if hdu in (None, "*") else [_position(hdus, hdu, name)]:
        header, data = hdus[number].header, hdus[number].data
        lines += [*header_lines(header), ""] if p.prhead else []
        if p.prdata and str(header.get("XTENSION", "")).strip() == "BINTABLE":
            table = Table(header, data, name)
            wanted = [w.upper() for w in p.columns.replace(",", " ").split() if w != "-"]
            names = [i.name for i in table.infos.values() if _matches(i.name, i.number, wanted)]
            show = [n for n, on in (("names", p.showcol), ("units", p.showunit), ("rows", p.showrow)) if on]
            lines += table_lines(table, names, _row_numbers(p.rows, len(table)), width=p.pagewidth, show=show)
    return _printed(lines, p.outfile, p.clobber)


def split_filters(path: str) -> tuple[str, int | str | None, list[str]]:
    """Split ``file[1][col A;B][A > 5]`` into file, HDU (None where none is named) and filters.

    Raises
    ------
    ConfigError
        If a bracket is not closed.
    """
    start = path.find("[")
    name, rest = (path, "") if start < 0 else (path[:start], path[start:])
    parts, depth, begin = [], 0, 0
    for at, letter in enumerate(rest):
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "[" and depth == 1:
            begin = at + 1
        if letter == "]" and depth == 0:
            parts.append(rest[begin:at])
    if depth:
        raise ConfigError(f"{path!r} has a bracket that is not closed; it should look like file[1][TIME > 5].")
    stem, plus, number = name.rpartition("+")
    if plus and number.isdigit():
        return stem, int(number), parts
    if (
        parts
        and re.fullmatch(r"\d+|\*|[A-Za-z_][\w\- ]*", parts[0].strip())
        and not parts[0].lower().startswith("col ")
    ):
        hdu = parts[0].strip()
        return name, int(hdu) if hdu.isdigit() else hdu, parts[1:]
    return name, None, parts


def _split(data: bytes, name: str) -> list[TableHDU]:
    data = gunzip(data, name)
    if data[:6] != b"SIMPLE":
        raise DataError(f"{name}: not a FITS file (it begins with {data[:8]!r}).")
    return [TableHDU(header, bytes(unit)) for header, unit in iterate_hdus(data, name)]


def _position(hdus: list[TableHDU], hdu: int | str | None, name: str) -> int:
    if hdu is None:
        hdu = 1
    names = [str(h.header.get("EXTNAME", "")).strip().upper() for h in hdus]
    if isinstance(hdu, str) and hdu.upper() in names:
        return names.index(hdu.upper())
    if isinstance(hdu, int) and hdu < len(hdus):
        return hdu
    found = ", ".join(f"{number} {known}".strip() for number, known in enumerate(names))
    raise DataError(f"{name}: HDU {hdu} is missing; found {found}.")


def _changed(name: str, hdu: int | str | None, changes: list[Callable[[Table], Table]], copyall: bool) -> bytes:
    hdus = _split(read_bytes(name), name)
    if hdu is None and not changes:
        return join_hdus(hdus)
    at = _position(hdus, hdu, name)
    if changes:
        if str(hdus[at].header.get("XTENSION", "")).strip() != "BINTABLE":
            raise DataError(f"{name}: HDU {at} is no binary table; rows and columns can only be chosen in one.")
        table = Table(hdus[at].header, hdus[at].data, name)
        for change in changes:
            table = change(table)
        hdus[at] = as_hdu(table)
    if copyall or at == 0:
        return join_hdus(hdus)
    return join_hdus([TableHDU(primary_hdu(), b""), hdus[at]])


def _rows(expression: str) -> Callable[[Table], Table]:
    compiled = compile_expression(expression)
    return lambda table: select_rows(table, compiled.select(table))


def _columns(text: str) -> Callable[[Table], Table]:
    words = [word.strip() for word in text.split(";") if word.strip()]
    dropped = [word[1:].upper() for word in words if word.startswith("-")]
    wrong = [word for word in words if not re.fullmatch(r"-?[\w*?#]+", word)]
    if wrong or (dropped and len(dropped) < len(words)):
        raise ConfigError(
            f"the column filter {text!r} is not understood; columns are chosen (col TIME;RATE) or left out "
            "(col -RATE), not computed or renamed."
        )

    def change(table: Table) -> Table:
        known = [info.name for info in table.infos.values()]
        if dropped:
            return select_columns(table, [n for n in known if not any(fnmatchcase(n.upper(), d) for d in dropped)])
        names = [n for w in words for n in ([k for k in known if fnmatchcase(k.upper(), w.upper())] or [w])]
        return select_columns(table, list(dict.fromkeys(names)))

    return change


def _value(text: str) -> Value:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    if text.upper() in _TRUE | _FALSE:
        return text.upper() in _TRUE
    for kind in (int, float):
        try:
            return kind(re.sub("[dD](?=[+-]?[0-9]+$)", "e", text))
        except ValueError:
            continue
    return text


def _alone(keyword: str, image: bytes) -> Header:
    header = Header()
    header.extend([(keyword, image)])
    return header


def _with_keyword(header: Header, keyword: str, p: FparkeyParameters, where: str) -> Header:
    deleting = keyword.startswith("-")
    keyword = keyword.lstrip("-")
    if keyword not in header and not (p.add and not deleting):
        raise DataError(f"{where}: keyword {keyword} is missing; give add=yes to add it.")
    if deleting:
        return header.without((keyword,))
    if not (p.value.isascii() and p.value.isprintable() and p.comm.isascii() and p.comm.isprintable()):
        raise ConfigError(
            f"value {p.value!r} or comm {p.comm!r} can't stand in a header; printable ASCII was expected."
        )
    old = header.image(keyword)
    comment = p.comm.strip() or (fits.Card.fromstring(old).comment if old else "")
    header = header.copy()
    if keyword in header or p.insert.strip() in {"", "0"}:
        header.set(keyword, _value(p.value), comment)
        return header
    cards = list(header.images())
    after = p.insert.strip().upper()
    at = (
        int(after) - 1 if after.isdigit() else next((n + 1 for n, (k, _) in enumerate(cards) if k == after), len(cards))
    )
    new = Header([(keyword, _value(p.value), comment)])
    moved = Header()
    moved.extend([*cards[:at], *new.images(), *cards[at:]])
    return moved


def _printed(lines: list[str], outfile: str, clobber: bool) -> list[str]:
    if outfile.strip().upper() in {"STDOUT", "-", ""}:
        return lines
    return [write_output(outfile, "".join(f"{line}\n" for line in lines).encode(), clobber)]


def _matches(name: str, number: int, wanted: list[str]) -> bool:
    return not wanted or any(fnmatchcase(name.upper(), w) or w == str(number) for w in wanted)


def _row_numbers(text: str, n_row: int) -> list[int]:
    """Read ``1-10,12`` as row numbers from 0; ``-`` stands for all."""
    words = [word.strip() for word in text.split(",") if word.strip() not in {"", "-"}]
    if not words:
        return list(range(n_row))
    ranges = [re.fullmatch(r"(\d*)(-?)(\d*)", word) for word in words]
    if not all(ranges):
        raise ConfigError(f"rows is {text!r}; it should look like 1-10,12.")
    numbers: list[int] = []
    for found in ranges:
        assert found is not None
        first = int(found[1] or 1)
        numbers += range(first - 1, min(int(found[3] or n_row) if found[2] else first, n_row))
    return numbers


TASKS = {
    "ftcopy": Task(FtcopyParameters, ftcopy, ("infile", "outfile")),
    "fselect": Task(FselectParameters, fselect, ("infile", "outfile", "expr")),
    "fparkey": Task(FparkeyParameters, fparkey, ("value", "fitsfile", "keyword")),
    "fkeyprint": Task(FkeyprintParameters, fkeyprint, ("infile", "keynam"), prints=True),
    "fdump": Task(FdumpParameters, fdump, ("infile", "outfile", "columns", "rows"), prints=True),
}
