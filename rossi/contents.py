"""What an observation should hold: the files that its indices name, and the time that each is expected to cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rossi import gti as intervals
from rossi.archive import parse_data_file, stem_of
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.pca.filter.indices import Files, MasterIndex, open_member, path_in, read_master, text

#: The folder of each subsystem whose files are reduced, and which of them an index lists.
FOLDERS = {"PCA": "pca", "HEXTE": "hexte", "ACS": "acs"}


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A file that an index names.

    Parameters
    ----------
    path : str
        Relative to the observation's directory, without ``.gz``.
    index : str
        Where it is named.
    rows : ndarray (m, 2) [s]
        When: start and stop of the index's rows that name it.
    """

    path: str
    index: str
    rows: Gti

    @property
    def span(self) -> Gti:
        """When: the rows that name it, as far as its own name agrees (m, 2) [s]."""
        name = parse_data_file(stem_of(self.path))
        assert name is not None  # it is one of those
        own, rows = intervals.make([[name.start, name.stop]]), intervals.make(self.rows)
        both = intervals.intersection(own, rows)
        return both if len(both) else rows if len(rows) else own

    @property
    def kind(self) -> str:
        """Folder, type and application id: ``pca/FS4a``."""
        return self.path.partition("_")[0]


@dataclass(frozen=True, slots=True)
class Contents:
    """What the indices tell.

    Parameters
    ----------
    files : mapping of str to Listed
        By path.
    unread : mapping of str to str
        Folders whose index is not there or can't be read, and why.
    """

    files: Mapping[str, Listed]
    unread: Mapping[str, str]


def read_contents(files: Files, folders: Iterable[str]) -> Contents:
    """Read from the master index and the subsystems' what there should be in some folders of an observation.

    Damage is no error here: what is not known is told.

    Parameters
    ----------
    files : mapping of str to bytes or FitsFile
        The indices by their path relative to the observation's directory.
    folders : iterable of str
        ``pca``, ``hexte``, ``acs``.
    """
    wanted = {subsystem: folder for subsystem, folder in FOLDERS.items() if folder in set(folders)}
    try:
        master = read_master(files)
    except DataError as error:
        return Contents({}, dict.fromkeys(wanted.values(), str(error)))
    listed: dict[str, Listed] = {}
    unread: dict[str, str] = {}
    for subsystem, folder in wanted.items():
        try:
            listed |= {one.path: one for one in _listed(_index(files, master, subsystem), master)}
        except DataError as error:
            unread[folder] = str(error)
    return Contents(listed, unread)


def _index(files: Files, master: MasterIndex, subsystem: str) -> FitsFile:
    path = master.indices.get(subsystem, "")
    found = open_member(files, path) if path else None
    if found is None:
        named = f"the index {path}, which FMI names, is missing" if path else f"FMI names no index of {subsystem}"
        raise DataError(f"{named}.")
    return found


def _listed(file: FitsFile, master: MasterIndex) -> Iterator[Listed]:
    table = file.table(hdu=1)
    spans = _row_spans(table, master)
    rows: dict[str, list[int]] = {}
    paths: dict[bytes, str] = {}  # cells repeat from row to row
    cells = table.rows.tolist()
    for column in [info.number - 1 for info in table.infos.values() if info.code == "A"]:
        for row, stored in enumerate([cell[column] for cell in cells]):
            if stored not in paths:
                cell = text(stored)
                known = parse_data_file(cell.rpartition("/")[2]) is not None
                paths[stored] = path_in(master.folder, cell.removesuffix(".gz")) if known else ""
            if paths[stored]:
                rows.setdefault(paths[stored], []).append(row)
    every = list(range(len(cells)))
    for path, numbers in rows.items():
        yield Listed(path, file.name, spans if numbers == every else spans[numbers])


def _row_spans(table: Table, master: MasterIndex) -> Gti:
    names = ("StartMET", "StopMET")
    if not all(name in table and table.info(name).code != "A" for name in names):
        return np.array([[master.start, master.stop]] * len(table), np.float64)
    return table.side_by_side(names)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the files of one kind is there.

    Parameters
    ----------
    kind : str
        What their paths begin with: ``pca/FS4a``.
    there, expected : float [s]
    """

    kind: str
    there: float
    expected: float

    @property
    def part(self) -> float:
        """From 0 to 1."""
        return self.there / self.expected if self.expected else 0.0


def least_share(listed: Sequence[Listed], missing: Sequence[Listed]) -> Share:
    """Return how much is there of that kind of files of which least is there.

    Parameters
    ----------
    listed, missing : sequence of Listed
        All files, and those of them that are not there: one at least.
    """
    shares = []
    for kind in sorted({one.kind for one in missing}):
        spans = [(one.span, one in missing) for one in listed if one.kind == kind]
        there = intervals.union(*(span for span, is_missing in spans if not is_missing))
        every = intervals.union(there, *(span for span, is_missing in spans if is_missing))
        shares.append(Share(kind, intervals.total(there), intervals.total(every)))
    return min(shares, key=lambda share: share.part)
