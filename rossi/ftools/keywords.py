"""``fkeypar``, ``ftkeypar``, ``fkeyprint``, ``fparkey``, ``fthedit``, ``fmodhead``: keywords of FITS files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from rossi.errors import ConfigError, DataError
from rossi.fits.cards import Value
from rossi.fits.edit import require_plain
from rossi.fits.header import Header
from rossi.fits.reader import read_bytes
from rossi.fits.text import header_lines
from rossi.fits.writer import TableHDU
from rossi.ftools import samples
from rossi.ftools.fitsfile import Opened, open_file, position
from rossi.ftools.parameters import Made, Parameters, Task, printed, write_output
from rossi.ftools.texts import read_text

_TRUE, _FALSE = {"T", "TRUE", "Y", "YES"}, {"F", "FALSE", "N", "NO"}
#: Keywords that tell how an HDU is stored; ``protect=yes`` keeps them.
_PROTECTED = re.compile(r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|TFORM\d+|TBCOL\d+")


class FkeyparParameters(Parameters):
    """Parameters of ``fkeypar``."""

    fitsfile: Annotated[str, "file and HDU: file+1 or file[NAME]"]
    keyword: Annotated[str, "name of the keyword"]


class FtkeyparParameters(Parameters):
    """Parameters of ``ftkeypar``."""

    infile: Annotated[str, "file and HDU: file+1 or file[NAME]"]
    keyword: Annotated[str, "name of the keyword"]


class FkeyprintParameters(Parameters):
    """Parameters of ``fkeyprint``."""

    infile: Annotated[str, "file; with an HDU, that one alone"]
    keynam: Annotated[str, "keyword, or its beginning"]
    outfile: Annotated[str, "text to be made; STDOUT prints"] = "STDOUT"
    exact: Annotated[bool, "the name must be equal"] = False


class FparkeyParameters(Parameters):
    """Parameters of ``fparkey``."""

    value: Annotated[str, "new value"]
    fitsfile: Annotated[str, "file and HDU, changed in place"]
    keyword: Annotated[str, "name of the keyword; -NAME deletes it"]
    comm: Annotated[str, "comment"] = " "
    add: Annotated[bool, "add the keyword where it is missing"] = False
    insert: Annotated[str, "keyword (or number of the card) behind which a new one stands"] = " "


class FtheditParameters(Parameters):
    """Parameters of ``fthedit``."""

    infile: Annotated[str, "file and HDU, changed in place"]
    keyword: Annotated[str, "name of the keyword, or @file with lines: KEY = value / comment, -KEY, -OLD NEW"]
    operation: Annotated[str, "add (or change), delete, or deleteall (with wildcards)"] = "add"
    value: Annotated[str, "new value; a comment may stand behind a /"] = ""
    unit: Annotated[str, "unit, written into the comment"] = ""
    comment: Annotated[str, "comment"] = ""
    insert: Annotated[str, "keyword (or number of the card) behind which a new one stands"] = ""
    protect: Annotated[bool, "keep the keywords that tell how the HDU is stored"] = True
    longstring: Annotated[bool, "accepted, without effect: long texts are continued"] = False
    history: Annotated[bool, "accepted, without effect"] = False


class FmodheadParameters(Parameters):
    """Parameters of ``fmodhead``."""

    infile: Annotated[str, "file and HDU, changed in place"]
    tmpfil: Annotated[str, "text with lines: KEY value / comment, -KEY, -OLD NEW"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a header.

    Parameters
    ----------
    keyword : str
    value : str or None
        None deletes the keyword.
    comment : str or None
        None keeps the one there is.
    insert : str
        Keyword, or number of the card, behind which a new one stands.
    renamed : str
        The new name, where the keyword is renamed.
    """

    keyword: str
    value: str | None = None
    comment: str | None = None
    insert: str = ""
    renamed: str = ""


def fkeypar(p: FkeyparParameters) -> Made:
    """Print the value of a keyword; texts stand in quotes."""
    header, keyword, where = _keyword(p.fitsfile, p.keyword)
    value = header.get(keyword)
    if value is None:
        raise DataError(f"{where}: keyword {keyword} is missing.")
    text = f"'{value:<8}'" if isinstance(value, str) else _shown(value)
    return Made([text], values={"exist": True, "value": text, "comm": header.comment(keyword)})


def ftkeypar(p: FtkeyparParameters) -> Made:
    """Print the value of a keyword; nothing where it is missing."""
    header, keyword, _ = _keyword(p.infile, p.keyword)
    value = header.get(keyword)
    kind = next((name for name, types in _DATATYPES.items() if isinstance(value, types)), "")
    text = f"'{value:<8}'" if isinstance(value, str) else _shown(value)
    found = {"exist": keyword in header, "value": text, "datatype": kind, "comment": header.comment(keyword)}
    return Made(
        [str(value) if isinstance(value, str) else text], values=found | ({f"{kind[:1]}value": value} if kind else {})
    )


_DATATYPES = {"bool": bool, "int": int, "real": float, "string": str}


def _shown(value: object) -> str:
    if value is None:
        return ""
    return {True: "T", False: "F"}[value] if isinstance(value, bool) else str(value)


def _keyword(path: str, name: str) -> tuple[Header, str, str]:
    opened = open_file(path)
    at = opened.at if opened.at is not None else _first(opened)
    return opened.hdus[at].header, name.strip().upper(), f"{opened.name}[{at}]"


def _first(opened: Opened) -> int:
    """Return the first HDU that holds something: a table that is no good time, or else the first one."""
    try:
        return opened.table_at
    except DataError:
        return 0


def fkeyprint(p: FkeyprintParameters) -> list[str]:
    """Print the cards of a keyword in all HDUs, or in the one named."""
    opened = open_file(p.infile)
    wanted = p.keynam.strip().upper()
    lines = [f"# FILE: {opened.name}", f"# KEYNAME: {wanted}"]
    for number in range(len(opened.hdus)) if opened.at is None else [opened.at]:
        cards = [
            line
            for keyword, image in opened.hdus[number].header.images()
            if (keyword == wanted if p.exact else keyword.startswith(wanted))
            for line in header_lines(_alone(keyword, image))[:-1]
        ]
        lines += ["", f"# EXTENSION: {number:4d}", *cards] if cards else []
    return printed(lines, p.outfile, p.clobber)


def fparkey(p: FparkeyParameters) -> list[str]:
    """Change, add or (``keyword=-NAME``) delete a keyword, in place."""
    keyword = p.keyword.strip().upper()
    deleting = keyword.startswith("-")
    edit = Edit(keyword.lstrip("-"), None if deleting else p.value, p.comm.strip() or None, p.insert)
    return _edited(p.fitsfile, [edit], add=p.add and not deleting, default=1)


def fthedit(p: FtheditParameters) -> list[str]:
    """Change keywords, in place."""
    edits = _template(read_text(p.keyword[1:], "the list of keywords")) if p.keyword.startswith("@") else _single(p)
    if p.protect:
        for edit in edits:
            if _PROTECTED.fullmatch(edit.keyword):
                raise ConfigError(
                    f"{edit.keyword} tells how the HDU is stored; protect=no would change it all the same."
                )
    return _edited(p.infile, edits, add=True)


def _single(p: FtheditParameters) -> list[Edit]:
    keyword, operation = p.keyword.strip().upper(), p.operation.strip().lower()
    if operation in {"delete", "d"}:
        _require(p.infile, keyword)
        return [Edit(keyword)]
    if operation == "deleteall":
        opened = open_file(p.infile)
        at = _first(opened) if opened.at is None else opened.at
        pattern = re.escape(keyword).replace(r"\*", ".*").replace(r"\?", ".").replace(r"\#", r"\d+")
        return [Edit(key) for key, _ in opened.hdus[at].header.images() if re.fullmatch(pattern, key)]
    if operation not in {"add", "a"}:
        raise ConfigError(f"operation is {p.operation!r}; add, delete or deleteall was expected.")
    value, comment = _value_and_comment(p.value)
    words = [f"[{p.unit.strip()}]" if p.unit.strip() else "", p.comment.strip() or comment or ""]
    return [Edit(keyword, value, " ".join(word for word in words if word) or None, p.insert)]


def _require(path: str, keyword: str) -> None:
    header, keyword, where = _keyword(path, keyword)
    if keyword not in header:
        raise DataError(f"{where}: keyword {keyword} is missing, so it can't be deleted.")


def fmodhead(p: FmodheadParameters) -> list[str]:
    """Change keywords as a text says, in place."""
    edits = _template(read_text(p.tmpfil.removeprefix("@"), "the list of keywords"))
    return _edited(p.infile, edits, add=True, default=0)


def _template(text: str) -> list[Edit]:
    """Read lines such as ``KEY = value / comment``, ``-KEY`` and ``-OLD NEW``."""
    edits = []
    for line in text.split("\n"):
        if not line.strip() or line.startswith("#") or line.startswith(" " * 8):
            continue
        if line.strip().upper() == "END":
            break
        found = re.match(r"\s*(-?)\s*([A-Za-z0-9_-]+)\s*=?\s*(.*?)\s*$", line)
        if found is None:
            raise ConfigError(f"the line {line!r} can't be read; it should look like KEY = value / comment, or -KEY.")
        keyword, rest = found[2].upper(), found[3]
        if found[1]:
            edits.append(Edit(keyword, renamed=rest.split()[0].upper() if rest else ""))
        elif keyword in {"COMMENT", "HISTORY"}:
            edits.append(Edit(keyword, rest))
        else:
            edits.append(Edit(keyword, *_value_and_comment(rest)))
    return edits


def _value_and_comment(text: str) -> tuple[str, str | None]:
    """Split ``'a text' / comment``, ``3.5 / [s] time`` and ``T logical``."""
    found = re.match(r"\s*('(?:[^']|'')*'|[^\s/'][^/]*?|)\s*(?:/\s*(.*))?$", text)
    if found is None:
        return text.strip(), None
    return found[1].strip(), found[2] or None


def _edited(path: str, edits: list[Edit], *, add: bool, default: int | None = None) -> list[str]:
    """Change a file's header, in place; without an HDU the first one with something in it, or the default one."""
    opened = open_file(path)
    require_plain(read_bytes(opened.name), opened.name)
    at = opened.at
    if at is None:
        at = _first(opened) if default is None else position(opened, default)
    header = opened.hdus[at].header
    for edit in edits:
        header = _with_edit(header, edit, add, f"{opened.name}[{at}]")
    opened.hdus[at] = TableHDU(header, opened.hdus[at].data)
    return [write_output(opened.name, opened.to_bytes(), True)]


def _with_edit(header: Header, edit: Edit, add: bool, where: str) -> Header:
    keyword = edit.keyword
    if keyword not in header and edit.value is None and add:
        return header
    if keyword not in header and (edit.value is None or not add):
        raise DataError(f"{where}: keyword {keyword} is missing; give add=yes to add it.")
    if edit.value is None and not edit.renamed:
        return header.without((keyword,))
    if edit.renamed:
        return _renamed(header, keyword, edit.renamed)
    text, comment = edit.value or "", edit.comment
    if not all(part.isascii() and part.isprintable() for part in (text, comment or "")):
        raise ConfigError(f"value {text!r} or comm {comment!r} can't stand in a header; printable ASCII was expected.")
    comment = header.comment(keyword) if comment is None and keyword in header else comment or ""
    header = header.copy()
    if keyword in {"COMMENT", "HISTORY"}:
        header.append(keyword, text)
        return header
    if keyword in header or edit.insert.strip() in {"", "0"}:
        header.set(keyword, _value(text), comment)
        return header
    cards = list(header.images())
    after = edit.insert.strip().upper()
    at = (
        int(after) - 1
        if after.isdecimal()
        else next((n + 1 for n, (k, _) in enumerate(cards) if k == after), len(cards))
    )
    moved = Header()
    moved.extend([*cards[:at], *Header([(keyword, _value(text), comment)]).images(), *cards[at:]])
    return moved


def _renamed(header: Header, old: str, new: str) -> Header:
    if not re.fullmatch(r"[A-Z0-9_-]{1,8}", new):
        raise ConfigError(f"{new} is no keyword; up to eight capital letters, digits, - and _ were expected.")
    changed = Header()
    changed.extend(
        (new, new.ljust(8).encode() + image[8:]) if key == old else (key, image) for key, image in header.images()
    )
    return changed


def _value(text: str) -> Value:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'").rstrip()
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


TASKS = {
    "fkeypar": Task(
        FkeyparParameters, fkeypar, ("fitsfile", "keyword"), prints=True, example=f"{samples.LIGHT_CURVE}+1 TIMEDEL"
    ),
    "ftkeypar": Task(
        FtkeyparParameters, ftkeypar, ("infile", "keyword"), prints=True, example=f"{samples.LIGHT_CURVE}+1 OBJECT"
    ),
    "fkeyprint": Task(
        FkeyprintParameters, fkeyprint, ("infile", "keynam"), prints=True, example=f"{samples.LIGHT_CURVE} TIME"
    ),
    "fparkey": Task(
        FparkeyParameters,
        fparkey,
        ("value", "fitsfile", "keyword"),
        example="'SIM B' part.lc+1 OBJECT",
        after=("ftcopy",),
    ),
    "fthedit": Task(
        FtheditParameters,
        fthedit,
        ("infile", "keyword", "operation", "value"),
        example="part.lc+1 OBSERVER add 'A. Stronomer / who asked for it'",
        after=("ftcopy",),
    ),
    "fmodhead": Task(
        FmodheadParameters,
        fmodhead,
        ("infile", "tmpfil"),
        example="printf 'OBSERVER = Stronomer / who asked\\n-OBJECT TARGET\\n' > edits.txt\npart.lc+1 edits.txt",
        after=("ftcopy",),
    ),
}
