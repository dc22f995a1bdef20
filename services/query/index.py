"""Reading an archive's directories and master indices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from rossi.archive import FILE_PATTERNS, ObsID
from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits
from rossi.fits.table import Table
from rossi.met import met_to_mjd, timezero
from services.contract import Caveat
from services.contract.reasons import one_line
from services.query.worklist import WorkRow, blank
from services.storage import ArchiveSource

MASTER_INDEX = "FMI"
#: Subsystem indices by the order in which the position is looked for.
_SUBSYSTEMS = (
    *("Std_Prod", "Clock", "Orbit", "IFOG", "PSE", "SPSDU", "IPSDU"),
    *("GSACE", "FDS", "ACE", "ACS", "EDS", "HEXTE", "PCA"),
)
_NEARLY = re.compile(r"\d{4,6}-\d")


def find_observations(archive: ArchiveSource) -> tuple[list[ObsID], list[str], list[str]]:
    """Walk ``AO<cycle>/P<proposal>/<obsid>/``.

    Parameters
    ----------
    archive : ArchiveSource

    Returns
    -------
    obsids : list of ObsID
    nearly : list of str
        Paths whose name looks like an ObsID but is none, or that lie where no ObsID of that name belongs.
    unread : list of str
        Why directories above observations can't be looked into; the root's is an error.
    """
    obsids: list[ObsID] = []
    nearly: list[str] = []
    unread: list[str] = []
    for path in _observation_paths(archive, unread):
        name = path.rpartition("/")[2]
        try:
            obsid = ObsID(name)
        except ConfigError:
            nearly += [path] if _NEARLY.match(name) else []
            continue
        if obsid.path == f"{path}/":
            obsids.append(obsid)
        else:
            nearly.append(path)
    return obsids, nearly, unread


def _observation_paths(archive: ArchiveSource, unread: list[str]) -> Iterator[str]:
    def names(path: str) -> tuple[str, ...]:
        try:
            return archive.directories(path)
        except DataError as error:  # its observations can't be found, those of the others can
            unread.append(str(error))
            return ()

    for cycle in archive.directories(""):
        if not re.fullmatch(r"AO\d+", cycle):
            continue
        for proposal in names(cycle):
            if re.fullmatch(r"P\d{5}", proposal):
                for name in names(f"{cycle}/{proposal}"):
                    yield f"{cycle}/{proposal}/{name}"


def describe(archive: ArchiveSource, obsid: ObsID) -> tuple[WorkRow, Caveat | None]:
    """Read an observation's master index, and the position from its subsystem indices.

    Returns
    -------
    row : WorkRow
    caveat : Caveat or None
        Why the row holds nothing but the ObsID.
    """
    name = obsid.path + MASTER_INDEX
    try:
        table = open_fits(archive.fetch(name), name).table("XTE_MI")
        at = _row_number(table, obsid)
        start, stop = float(table.column("StartMET")[at]), float(table.column("StopMET")[at])
        row = replace(
            blank(obsid.text),
            target_name=one_line(str(table.column("Source")[at])),
            time=float(met_to_mjd(start + timezero(table.header, table.where))),
            exposure=stop - start,
        )
        indices = [str(table.column(f"{s}_Index_File")[at]) for s in _SUBSYSTEMS if f"{s}_Index_File" in table]
    except Exception as error:  # whatever is wrong with an index, only its observation suffers
        message = str(error) if isinstance(error, DataError) else f"{name}: {type(error).__name__}: {error}."
        return blank(obsid.text), Caveat(code="index_unreadable", message=message)
    for index in (PurePosixPath(path).name for path in indices):
        if not re.fullmatch(FILE_PATTERNS["index"], index):
            continue
        position = _position(archive, obsid.path + index)
        if position is not None:
            return replace(row, ra=position[0], dec=position[1]), None
    return row, None


def _row_number(table: Table, obsid: ObsID) -> int:
    found = np.flatnonzero(table.column("ObsId") == obsid.text)
    if not len(found):
        raise DataError(
            f"{table.where}: no row has ObsId {obsid.text}; the directory holds another observation's index."
        )
    return int(found[0])


def _position(archive: ArchiveSource, path: str) -> tuple[float, float] | None:
    try:
        header = open_fits(archive.fetch(path), path).primary
        return header.finite("RA_OBJ", path), header.finite("DEC_OBJ", path)
    except DataError:  # absent indices are common; the position is for tables only
        return None
