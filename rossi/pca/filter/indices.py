"""The master index FMI and the subsystems' indices: what was observed when, and which files hold it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from rossi.archive import parse_data_file
from rossi.errors import DataError, shortened
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.table import Table
from rossi.product import File

#: Files of an observation by their paths relative to its directory: content, opened already, or to be kept open.
Files: TypeAlias = Mapping[str, bytes | FitsFile | File]

#: Subsystems in the order in which their indices are read; what a later one says of an application id wins. CAL's
#: index is not read.
SUBSYSTEMS = "Std_Prod Clock Orbit IFOG PSE SPSDU IPSDU GSACE FDS ACE ACS EDS HEXTE PCA".split()
_INDEX_COLUMNS = {name: f"{name}_INDEX_FILE".upper() for name in SUBSYSTEMS}
TIME_CARDS = ("MJDREFI", "MJDREFF", "TIMESYS", "TIMEZERO", "TIMEUNIT")
POSITION_CARDS = ("RA_OBJ", "DEC_OBJ", "EQUINOX")
_NEEDED = re.compile(
    r"FMI|FI[A-Z]{2}_[0-9a-f]+-[0-9a-f]+|acs/FH(0e|0f|10|11|14|15|18)_.*|pca/(FS4a|FH5[a-e])_.*"
    r"|hexte/FH(53|59|fb|fc)_.*"
)
#: Later than any time of the mission, which ended at 568e6 [s].
_LATEST = 1e9
_COLUMN_APID = re.compile(r"APPID_(\d{3})")


@dataclass(frozen=True, slots=True)
class MasterIndex:
    """The row of FMI, and the time system of the observation.

    Parameters
    ----------
    obsid, user, source : str
    start, stop : int
        Mission elapsed time, spacecraft clock [s].
    begin, end : tuple of (str, str)
        Date (YYYY-MM-DD) and time of start and stop.
    header : Header
        Primary header of FMI.
    indices : dict
        Subsystem to the path of its index.
    folder : str
        Where the paths in the indices begin.
    """

    obsid: str
    user: str
    source: str
    start: int
    stop: int
    begin: tuple[str, str]
    end: tuple[str, str]
    header: Header
    indices: dict[str, str]
    folder: str

    @property
    def filter_file(self) -> str:
        """Name of the filter file that is made of the observation: ``FP_<start>-<stop>.xfl``."""
        return f"FP_{self.start:08x}-{self.stop:08x}.xfl"


@dataclass(frozen=True, slots=True)
class Index:
    """What the subsystems' indices say.

    Parameters
    ----------
    paths : dict of int to tuple of str
        Files of each application id, without ``.gz``; empty where an index has a column for it that names none.
    position : dict
        RA_OBJ, DEC_OBJ and EQUINOX of the first index that has all of them.
    """

    paths: dict[int, tuple[str, ...]]
    position: dict[str, float]


def needed_files(names: Iterable[str]) -> list[str]:
    """Return which files of an observation directory a filter file is made from, sorted.

    Parameters
    ----------
    names : iterable of str
        Paths relative to the directory, with or without ``.gz``. A mapping of paths to content will do.
    """
    return sorted(name for name in names if _NEEDED.fullmatch(name.removesuffix(".gz")))


def open_member(files: Files, path: str) -> FitsFile | None:
    """Open a file of an observation, or the one with ``.gz`` behind its name; None where there is neither.

    Parameters
    ----------
    files : mapping of str to bytes, FitsFile or File
        The observation's files by their paths.
    path : str
    """
    for name in (path, path + ".gz"):
        if name in files:
            content = files[name]
            if isinstance(content, File):
                return content.kept_open()
            return content if isinstance(content, FitsFile) else open_fits(content, name)
    return None


def read_master(files: Files) -> MasterIndex:
    """Read FMI.

    Parameters
    ----------
    files : mapping of str to bytes, FitsFile or File
        The observation's files by their paths.

    Raises
    ------
    DataError
        If it is missing, describes more or less than one observation, or lacks a column or keyword of time.
    """
    file = open_member(files, "FMI")
    if file is None:
        raise DataError("FMI: the master index is missing; an observation directory with its FMI was expected.")
    return _master(file)


@lru_cache(
    maxsize=1
)  # who compares files with the indices reads it, and who makes the filter file, one after the other
def _master(file: FitsFile) -> MasterIndex:
    table = file.table(hdu=1)
    if len(table) != 1:
        raise DataError(
            f"{table.where}: {len(table)} rows; the master index of one single ObsID, not of a whole proposal, "
            "was expected."
        )
    missing = [key for key in TIME_CARDS if key not in file.primary]
    if missing:
        raise DataError(f"FMI[0]: {', '.join(missing)} missing in the primary header; times have no meaning without.")
    (row,) = table.rows.tolist()
    texts = {name: text(row[info.number - 1]) for name, info in table.infos.items() if info.code == "A"}

    def told(name: str) -> str:
        found = texts.get(name.upper())
        return str(table.column(name)[0]) if found is None else found

    paths = {name: texts[column] for name, column in _INDEX_COLUMNS.items() if column in texts}
    return MasterIndex(
        obsid=told("ObsId"),
        user=told("User"),
        source=told("Source"),
        start=_met(table, "StartMET"),
        stop=_met(table, "StopMET"),
        begin=(_date(table, "StartDate", told("StartDate")), told("StartTime")),
        end=(_date(table, "StopDate", told("StopDate")), told("StopTime")),
        header=file.primary,
        indices=paths,
        folder=posixpath.dirname(paths.get("Std_Prod", "")),
    )


@lru_cache(maxsize=1024)  # asked for by all who read an index
def path_in(folder: str, cell: str) -> str:
    """Return the path of a file that a cell of an index names.

    Parameters
    ----------
    folder : str
        Where the paths in the indices begin.
    cell : str
    """
    return posixpath.normpath(posixpath.join(folder, cell))


def text(cell: bytes) -> str:
    """Return a cell's text, as `Table.column` does.

    Parameters
    ----------
    cell : bytes
        As stored.
    """
    return cell.decode("latin-1").strip(" \0")


def _texts(table: Table, name: str) -> list[str]:
    """Return texts as `Table.column` does, as a list: quicker than an array where rows are few."""
    return list(map(text, table.raw(name).tolist()))


def _met(table: Table, name: str) -> int:
    value = table.column(name)[0]
    if table.info(name).code == "A" or isinstance(value, np.ndarray) or not abs(value) < _LATEST:
        raise DataError(f"{table.where}: {name} is {value}; a time of the mission was expected, fetch the file again.")
    return int(value)


def _date(table: Table, name: str, text: str) -> str:
    """Return a date DD/MM/YY as YYYY-MM-DD; years below 30 are 20YY."""
    match = re.fullmatch(r"(\d\d)/(\d\d)/(\d\d)", text)
    if match is None:
        raise DataError(f"{table.where}: {name} is {text!r}; a date as DD/MM/YY was expected.")
    day, month, year = match.groups()
    return f"{'20' if int(year) < 30 else '19'}{year}-{month}-{day}"


def read_indices(files: Files, master: MasterIndex) -> Index:
    """Read the subsystems' indices; those that are not there are left out.

    Blanks and NUL bytes both make an empty cell.

    Parameters
    ----------
    files : mapping of str to bytes, FitsFile or File
        The observation's files by their paths.
    master : MasterIndex

    Raises
    ------
    DataError
        If no index tells a position in numbers, or one names a file outside the observation's directory.
    """
    paths: dict[int, tuple[str, ...]] = {}
    position: dict[str, float] = {}
    wrong: FitsFile | None = None
    for subsystem in SUBSYSTEMS:
        file = open_member(files, master.indices.get(subsystem, "")) if master.indices.get(subsystem) else None
        if file is None:
            continue
        if not position and all(key in file.primary for key in POSITION_CARDS):
            position = _position(file)
            wrong = file if wrong is None and not position else wrong
        for apid, cells in _columns(file.table(hdu=1), subsystem):
            paths[apid] = tuple(_distinct(apid, cells, master.folder))
    if wrong is not None and not position:
        found = ", ".join(f"{key} {shortened(wrong.primary.get(key))}" for key in POSITION_CARDS)
        raise DataError(
            f"{wrong.name}[0]: the position of the target is {found}; numbers were expected, and no other index "
            "has them."
        )
    return Index(paths, position)


def _position(file: FitsFile) -> dict[str, float]:
    """Return the position that an index tells, empty unless it is one."""
    known = {key: file.primary.known(key) for key in POSITION_CARDS}
    found = {key: value for key, value in known.items() if value is not None}
    return found if len(found) == len(POSITION_CARDS) else {}


def _columns(table: Table, subsystem: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the application id of each column of file names, and its cells."""
    hk = {"PCA": "FH", "HEXTE": "FH"}.get(subsystem)
    for upper, info in table.infos.items():
        if info.code != "A":
            continue
        cells = _texts(table, info.name)
        first = next((cell for cell in cells if cell), "")
        if match := _COLUMN_APID.match(upper):
            if first:
                yield int(match[1]), cells
        elif hk and "HK" in upper:
            yield from _by_first(first, hk, cells)
        elif subsystem == "PCA" and re.search(r"EA.DATA", upper):
            yield from _by_first(first, "FS", cells)


def _by_first(first: str, prefix: str, cells: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells under the application id that the first file name in them tells."""
    match = re.search(f"/{prefix}([0-9a-f]+)_", first)
    if match:
        yield int(match[1], 16), cells


def _distinct(apid: int, cells: list[str], folder: str) -> Iterator[str]:
    previous = ""
    for cell in cells:
        name = parse_data_file(cell.rpartition("/")[2])
        if name is not None and name.apid == apid and cell != previous:
            if "\0" in cell or cell.startswith("/") or ".." in cell.split("/"):
                raise DataError(
                    f"An index names {cell[:100]!r}, which leads out of the observation's directory; it is damaged, "
                    "fetch it again."
                )
            yield path_in(folder, cell)
            previous = cell
