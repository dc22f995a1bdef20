"""``grppha``: groups of channels, bad channels, systematic errors and keywords of a spectrum."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError
from rossi.fits.cards import Value
from rossi.fits.edit import set_column
from rossi.fits.header import Header
from rossi.fits.reader import open_fits, read_bytes
from rossi.fits.table import Table
from rossi.fits.writer import Column, TableHDU
from rossi.ftools.fitsfile import Opened, is_table, open_file
from rossi.ftools.parameters import Made, Parameters, Task, write_output
from rossi.ftools.prompt import may_ask
from rossi.ftools.texts import read_text
from rossi.spectra.grouping import BAD, GOOD, Grouping
from rossi.spectra.pha import find_spectrum, read_pha

#: Keywords that ``chkey`` does not touch: how the table is stored.
_STORED = re.compile(r"XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|T(TYPE|FORM|UNIT)\d+|CHECKSUM|DATASUM")
_FORMS = {"SYS_ERR": "E", "QUALITY": "I", "GROUPING": "I"}
_TEXTS = {"BACKFILE", "CORRFILE", "RESPFILE", "ANCRFILE", "TELESCOP", "INSTRUME", "DETNAM", "FILTER", "CHANTYPE"}


class GrpphaParameters(Parameters):
    """Parameters of ``grppha``; ``compat=no`` keeps STAT_ERR in double precision."""

    infile: Annotated[str, "spectrum"]
    outfile: Annotated[str, "spectrum to be made"]
    comm: Annotated[str, "commands, with & between them: bad 0-4 & group min 20 & exit"]
    tempc: Annotated[str, "further commands"] = ""
    compat: Annotated[bool, "round STAT_ERR to single precision as the original does"] = True


@dataclass(slots=True)
class _Session:
    """A spectrum on which commands work."""

    opened: Opened
    at: int
    flags: Grouping
    outfile: str
    clobber: bool
    single: bool = False
    ended: bool = False
    made: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def header(self) -> Header:
        return self.opened.hdus[self.at].header

    def execute(self, text: str) -> None:
        """Carry out a command."""
        word, _, rest = text.strip().partition(" ")
        known = [name for name in _COMMANDS if name.startswith(word.upper())] if len(word) > 2 else []
        if len(known) != 1:
            wanted = ", ".join(_COMMANDS).lower()
            raise ConfigError(f"grppha has no command {text.strip()!r}; one of {wanted} was expected.")
        _COMMANDS[known[0]](self, rest.strip())

    def write(self, path: str) -> None:
        """Write the spectrum with its flags."""
        table = self.opened.table
        columns = self.flags.columns(table)
        for name, values in columns.items():
            table = _with_flags(table, Column(name, _FORMS[name]), values)
        for keyword in ("SYS_ERR", "QUALITY"):
            if keyword not in columns and table.header.known(keyword):  # what it says of all channels was taken back
                header = table.header.copy()
                header.set(keyword, 0)
                table = table.with_rows(table.rows, header)
        if self.single and "STAT_ERR" in table:
            table = _with_flags(table, Column("STAT_ERR", "E"), table.numbers("STAT_ERR").astype(np.float32))
        kept, self.opened.hdus = self.opened.hdus, list(self.opened.hdus)
        self.opened.replace(table)
        self.made.append(write_output(path, self.opened.to_bytes(), self.clobber))
        self.opened.hdus = kept


def _with_flags(table: Table, column: Column, values: NDArray[Any]) -> Table:
    """Put flags into a column; a keyword of its name, which would say the same of all channels, goes."""
    changed = set_column(table, column, values, np.zeros(values.shape, bool))
    return changed.with_rows(changed.rows, changed.header.without((column.name,)))


def grppha(p: GrpphaParameters) -> Made:
    """Carry out commands on a spectrum."""
    session = _session(p)
    for command in _commands(p):
        session.execute(command)
        if session.ended:
            break
    else:
        session.write(p.outfile)
        session.remarks.append("there was no exit among the commands; the spectrum is written all the same.")
    return Made(session.made, session.remarks)


def _session(p: GrpphaParameters) -> _Session:
    opened = open_file(p.infile)
    file = open_fits(read_bytes(opened.name), opened.name)
    table = find_spectrum(file)
    tables = [number for number, hdu in enumerate(opened.hdus) if is_table(hdu.header)]
    opened.at = at = tables[file.tables.index(table)]
    return _Session(opened, at, Grouping.of(read_pha(file)), p.outfile, p.clobber, p.compat)


def _commands(p: GrpphaParameters) -> Iterator[str]:
    """Yield the commands that are given, then those that are typed on a terminal."""
    for text in (p.comm, p.tempc):
        given = read_text(text[1:], "the list of commands") if text.startswith("@") else text
        yield from (part for part in given.replace("\n", "&").split("&") if part.strip())
    while not re.search(r"\b(exit|quit)\b", f"{p.comm}&{p.tempc}", re.IGNORECASE) and may_ask(p.mode):
        try:
            yield input("GRPPHA[] ") or "show all"
        except EOFError:
            return


def _numbers(rest: str, columns: int) -> list[list[float]]:
    """Read ``0-4 7 10-20`` (columns=2) or ``0-4 2 10 20 4`` (columns=3), or a file with so many numbers a line.

    A single channel stands for a range in lists of ranges.
    """
    words = rest.replace(",", " ").split()
    if not words:
        raise ConfigError("channels are missing; the command should look like bad 0-4, group 0 63 4, group min 20.")
    if len(words) == 1 and not re.fullmatch(r"[\d.]+(-\d+)?", words[0]):
        lines = [line.split() for line in read_text(words[0], "the list of channels").split("\n") if line.strip()]
        return [_row(line, columns) for line in lines]
    rows: list[list[str]] = []
    while words:
        ends = words[0].split("-")
        take = columns - len(ends) if len(ends) == 2 else columns - 1
        if len(ends) == 1 and columns == 2:
            ends, take = [words[0], words[0]], 0
        elif len(ends) == 1 and columns == 3 and len(words) >= 2 and not words[1].isdecimal():
            ends, take = [words[0], words[0]], 1
        rows.append([*ends, *words[1 : 1 + take]])
        words = words[1 + take :]
    return [_row(row, columns) for row in rows]


def _row(words: list[str], columns: int) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    whole = all(number.is_integer() for number in numbers[:2])
    if len(numbers) != columns or not whole or not all(map(math.isfinite, numbers)):
        wanted = ("first and last channel", "first channel, last channel and a number")[columns - 2]
        raise ConfigError(f"{' '.join(words)!r} can't be read; {wanted} were expected.")
    return numbers


def _group(session: _Session, rest: str) -> None:
    words = rest.split()
    if words and words[0].upper().startswith("MIN"):
        session.remarks += session.flags.group_min(_row(["0", "0", *words[1:2]], 3)[2])
        return
    for first, last, size in _numbers(rest, 3):
        session.remarks += session.flags.group(int(first), int(last), int(size))


def _quality(value: int) -> Callable[[_Session, str], None]:
    def command(session: _Session, rest: str) -> None:
        for first, last in _numbers(rest, 2):
            session.flags.set_quality(int(first), int(last), value)

    return command


def _systematics(session: _Session, rest: str) -> None:
    for first, last, fraction in _numbers(rest, 3):
        session.flags.set_systematic(int(first), int(last), fraction)


def _reset(session: _Session, rest: str) -> None:
    names = ("GROUPING", "QUALITY", "SYSTEMATICS", "ALL")
    kinds = [name for name in names if rest and name.startswith(rest.upper()[:5])]
    if len(kinds) != 1:
        raise ConfigError(f"reset {rest}: grouping, quality, systematics or all was expected.")
    session.flags.reset(kinds[0])


def _chkey(session: _Session, rest: str) -> None:
    keyword, _, text = rest.partition(" ")
    keyword, text = keyword.upper(), text.strip().strip("'\"")
    if not text or not re.fullmatch(r"[A-Z0-9_-]{1,8}", keyword) or _STORED.fullmatch(keyword):
        raise ConfigError(f"chkey {rest}: a keyword of the spectrum and its new value were expected.")
    header = session.header.copy()
    header.set(keyword, _value(keyword, text, session.header), session.header.comment(keyword))
    session.opened.hdus[session.at] = TableHDU(header, session.opened.hdus[session.at].data)
    if keyword == "SYS_ERR":
        session.flags.systematic[:] = float(header.number("SYS_ERR", session.opened.name))


def _value(keyword: str, text: str, header: Header) -> Value:
    old = header.get(keyword)
    if keyword in _TEXTS or isinstance(old, str):
        return text
    if text.upper() in {"T", "F", "TRUE", "FALSE"}:
        return text.upper().startswith("T")
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    if isinstance(old, bool | int | float):
        raise ConfigError(f"chkey {keyword} {text}: {keyword} is {old!r}; a value of that kind was expected.")
    return text


def _show(session: _Session, rest: str) -> None:
    what, flags = rest.upper() or "ALL", session.flags
    lines: list[str] = []
    if what[:3] in {"GRO", "ALL"}:
        lines += [f"channels {a} to {b}: {size} a group" for a, b, size in flags.groups()]
    if what[:4] in {"QUAL", "ALL"}:
        lines += [f"channel {c}: quality {q}" for c, q in zip(flags.channel, flags.quality, strict=True) if q]
    if what[:3] in {"SYS", "ALL"}:
        marked = zip(flags.channel, flags.systematic, strict=True)
        lines += [f"channel {c}: systematic error {fraction:g}" for c, fraction in marked if fraction]
    if what[:3] in {"KEY", "CHK"}:
        lines += [f"{key} = {session.header.get(key)}" for key in (*sorted(_TEXTS), "EXPOSURE", "AREASCAL", "BACKSCAL")]
    if what[:3] == "INF":
        lines.append(session.opened.name)
    if what in session.header:
        lines.append(f"{what} = {session.header.get(what)}")
    session.remarks += lines or [f"show {rest}: nothing is set."]


def _dump(session: _Session, rest: str) -> None:
    what, _, path = rest.partition(" ")
    flags = session.flags
    kinds = {
        "GROUP": [f"{a} {b} {size}" for a, b, size in flags.groups()],
        "QUALITY": [f"{c} {c}" for c in flags.channel[flags.quality != GOOD]],
        "SYSTEMATICS": [f"{c} {c} {x:g}" for c, x in zip(flags.channel, flags.systematic, strict=True) if x],
    }
    kind = next((kind for kind in kinds if what and kind.startswith(what.upper()[:5])), None)
    if kind is None or not path.strip():
        raise ConfigError(f"dump {rest}: group, quality or systematics and the name of a file were expected.")
    text = "".join(f"{line}\n" for line in kinds[kind])
    session.made.append(write_output(path.strip(), text.encode(), session.clobber))


def _write(session: _Session, rest: str) -> None:
    session.write(rest or session.outfile)


def _exit(session: _Session, rest: str) -> None:
    session.write(rest or session.outfile)
    session.ended = True


def _quit(session: _Session, rest: str) -> None:  # noqa: ARG001
    session.ended = True


def _help(session: _Session, rest: str) -> None:  # noqa: ARG001
    session.remarks.append(f"commands are {', '.join(_COMMANDS).lower()}.")


_COMMANDS: dict[str, Callable[[_Session, str], None]] = {
    "GROUP": _group,
    "BAD": _quality(BAD),
    "GOOD": _quality(GOOD),
    "SYSTEMATICS": _systematics,
    "SHOW": _show,
    "RESET": _reset,
    "CHKEY": _chkey,
    "DUMP": _dump,
    "WRITE": _write,
    "EXIT": _exit,
    "QUIT": _quit,
    "HELP": _help,
}

TASKS = {
    "grppha": Task(
        GrpphaParameters,
        grppha,
        ("infile", "outfile", "comm", "tempc"),
        example="x.pha x.grp 'bad 0-4 & group min 20 & systematics 0-128 0.005 & chkey RESPFILE x.rsp & exit'",
        after=("saextrct",),
    )
}
